#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "hotline/frame.h"

/* A run of entries read out of a log with their documents: what a PUSH and a MIRROR carry. */

/* A run of entries of a log with their documents, up to a note; count 0 if no note is in reach. */
struct run {
    uint64_t first, size;
    struct buf note;
    struct buf entry[DESK_GROUP], document[DESK_GROUP];
};

static void run_done(struct run *r)
{
    buf_done(&r->note);
    for (size_t i = 0; i < DESK_GROUP; i++) {
        buf_done(&r->entry[i]);
        buf_done(&r->document[i]);
    }
    free(r);
}

static struct fault run_read(struct desk_pact *p, const struct ledger *log, const char *party,
                             struct run *r)
{
    size_t bytes = frame_push_size(buf_view(&r->note));

    for (uint64_t i = r->first; i < r->size; i++) {
        size_t k = (size_t)(i - r->first);
        struct frame_item item;
        struct rows rows;
        struct fault f = ledger_read(log, i, &r->entry[k]);

        if (fault_is(f))
            return f;
        rows = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                         STORE_WITH(value_text(p->now->id), value_text(party),
                                    value_blob(bytes_of(ledger_leaf(log, i)->byte, 32))));
        if (rows_next(&rows))
            buf_bytes(&r->document[k], row_bytes(&rows, 11));
        f = rows_done(&rows);
        if (fault_is(f))
            return f;
        item = (struct frame_item){buf_view(&r->entry[k]), buf_view(&r->document[k])};
        bytes += frame_item_size(&item);
        if (bytes > FRAME_MAX)
            return fault_make(FAULT_LIMIT, 0, "PROTOCOL.hotline section 2: 4 MiB");
    }
    return fault_none();
}

/* The newest head, where it is in reach: the common case, and it may not be in the store yet. */
static bool run_newest(struct desk_pact *p, const struct conversation_action *a, struct run *r)
{
    if (p->head.stored != a->size || a->size > a->first + DESK_GROUP)
        return false;
    r->first = a->first;
    r->size = a->size;
    buf_clear(&r->note);
    buf_bytes(&r->note, head_stored_note(&p->head));
    return !fault_is(run_read(p, p->log, p->own->id, r));
}

/* Heads of a log, the largest first, with size in (from, to]: `notes`, ours that are not binding
 * yet, or those that are. Column 0 is the size, the last one the note. */
static struct rows heads_between(struct desk_pact *p, const char *party, bool notes, uint64_t from,
                                 uint64_t to)
{
    if (notes)
        return store_ask(p->desk->store, QUERY_NOTE_LIST,
                         STORE_WITH(value_text(p->now->id), value_integer((int64_t)from),
                                    value_integer((int64_t)to)));
    return store_ask(p->desk->store, QUERY_HEAD_UP_TO,
                     STORE_WITH(value_text(p->now->id), value_text(party),
                                value_integer((int64_t)from), value_integer((int64_t)to)));
}

static bool run_with_head(struct desk_pact *p, bool ours, bool notes, uint64_t first, uint64_t size,
                          struct run *r)
{
    const char *party = ours ? p->own->id : p->peer->id;
    struct rows rows = heads_between(p, party, notes, size - 1, size);

    buf_clear(&r->note);
    if (rows_next(&rows))
        buf_bytes(&r->note, row_bytes(&rows, notes ? 1 : 2));
    if (fault_is(rows_done(&rows)) || r->note.len == 0)
        return false;
    r->first = first;
    r->size = size;
    for (size_t k = 0; k < DESK_GROUP; k++) {
        buf_clear(&r->entry[k]);
        buf_clear(&r->document[k]);
    }
    return !fault_is(run_read(p, ours ? p->log : p->mirror.log, party, r));
}

static bool run_listed(struct desk_pact *p, const struct conversation_action *a, bool ours,
                       bool notes, struct run *r)
{
    uint64_t most = a->first + DESK_GROUP < a->size ? a->first + DESK_GROUP : a->size;
    int64_t sizes[DESK_GROUP];
    size_t count = 0;
    struct rows rows = heads_between(p, ours ? p->own->id : p->peer->id, notes, a->first, most);

    while (count < DESK_GROUP && rows_next(&rows))
        sizes[count++] = row_integer(&rows, 0);
    if (fault_is(rows_done(&rows)))
        return false;
    for (size_t i = 0; i < count; i++)
        if (run_with_head(p, ours, notes, a->first, (uint64_t)sizes[i], r))
            return true;
    return false;
}

/* The largest head within reach of `first` whose entries fit into a frame. A partner that was
 * restored from a backup asks for what is binding already, too. */
static bool run_choose(struct desk_pact *p, const struct conversation_action *a, bool ours,
                       struct run *r)
{
    if (ours && (run_newest(p, a, r) || run_listed(p, a, true, true, r)))
        return true;
    return run_listed(p, a, ours, false, r);
}

uint64_t run_send(struct desk_pact *p, const struct conversation_action *a, bool ours)
{
    struct run *r = memory_zeroed(1, sizeof *r);
    struct buf payload = {0};
    uint64_t size = a->first;

    if (run_choose(p, a, ours, r)) {
        size = r->size;
        frame_push_write(r->first, buf_view(&r->note), (uint32_t)(r->size - r->first), &payload);
        for (uint64_t i = r->first; i < r->size; i++) {
            struct frame_item item = {buf_view(&r->entry[i - r->first]),
                                      buf_view(&r->document[i - r->first])};

            frame_item_write(&item, &payload);
        }
        talk_send_frame(p, a->link, ours ? FRAME_PUSH : FRAME_MIRROR, &payload);
    }
    buf_done(&payload);
    run_done(r);
    return size;
}

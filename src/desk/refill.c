#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "desk/state.h"
#include "keeper/order.h"
#include "statement/type.h"

/*
 * Restored from a backup: our log is behind a head that we signed, and comes back from the
 * partner's mirror; then keeper, restored too, is brought forward by the same entries. Until both
 * are done nothing is signed, and what the partner says is held but not answered: the answers may
 * be among what comes back.
 */

static const char noted[] = "behind"; /* a state's name */

struct fault refill_note(struct desk_pact *p, uint64_t size)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)size);
    return state_put(p, noted, text);
}

uint64_t refill_noted(struct desk_pact *p)
{
    struct buf text = {0};
    uint64_t size = 0;

    state_get(p, noted, &text);
    if (text.len == 0 || !decimal_read(buf_view(&text), INT64_MAX, &size))
        size = 0;
    buf_done(&text);
    return size > p->head.stored ? size : 0;
}

bool refill_is_due(const struct desk_pact *p)
{
    return p->fence[0] != '\0' || conversation_is_behind(&p->talk) || p->kept_own < p->head.stored;
}

/* --- our log -------------------------------------------------------------------------------- */

static struct fault restore_item(struct desk_pact *p, const struct frame_item *item)
{
    struct digest leaf = tree_leaf(item->entry);
    struct entry e;
    struct fault f = entry_parse(item->entry, &e);

    if (fault_is(f))
        return f;
    return store_do(
        p->desk->store, QUERY_STATEMENT_PUT, NULL,
        STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                   value_blob(bytes_of(leaf.byte, 32)), value_text("released"),
                   value_text(kind_name(e.kind)), value_text(class_name(e.class)),
                   value_text_if(e.case_id), value_integer((int64_t)e.number),
                   e.has_answers ? value_blob(bytes_of(e.answers.byte, 32)) : value_null(),
                   (struct value){VALUE_TEXT, 0, item->entry},
                   (struct value){VALUE_TEXT, 0, item->document}, value_null(), value_null(),
                   value_null(), value_null(), value_null(), value_integer(instant_seconds(e.time)),
                   value_integer(instant_seconds(p->desk->now))));
}

/* The case's row, if it was lost too. */
static struct fault restore_case(struct desk_pact *p, const struct frame_item *item)
{
    struct digest leaf = tree_leaf(item->entry);
    struct disclosed *d;
    struct entry e;
    struct fault f = entry_parse(item->entry, &e);

    if (fault_is(f) || e.case_id[0] == '\0' || fault_is(disclosed_parse(item->document, &d)))
        return f;
    f = life_note(p, &e, &leaf, d, "");
    disclosed_free(d);
    return f;
}

static struct fault restore_rows(struct desk_pact *p, const struct frame_push *m)
{
    struct fault f = store_begin(p->desk->store);

    for (uint32_t i = 0; i < m->count && !fault_is(f); i++) {
        f = restore_item(p, &m->item[i]);
        if (!fault_is(f))
            f = restore_case(p, &m->item[i]);
    }
    if (!fault_is(f))
        return store_commit(p->desk->store);
    store_rollback(p->desk->store);
    return f;
}

/* Do these entries lead from our log to a head that we signed? Asked before a byte of them is kept:
 * others would stand in our own log, and no true mirror could be put behind them any more. */
static struct fault are_ours(struct desk_pact *p, const struct frame_push *m,
                             const struct bytes *entries)
{
    uint64_t size = ledger_size(p->log);
    struct checkpoint c;
    struct digest root;
    struct fault f = note_verify_checkpoint(m->note, bytes_text(p->origin),
                                            &p->own_keys.tenure.author, &c, NULL);

    if (fault_is(f))
        return f;
    if (m->first > size || c.size != m->first + m->count)
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.hotline 5: not what follows our log");
    if (c.size <= size) /* an own tail that was never signed reaches further */
        f = ledger_root_at(p->log, c.size, &root);
    else
        f = ledger_root_with(p->log, entries + (size - m->first), (size_t)(c.size - size), &root);
    if (!fault_is(f) && !digest_equal(&root, &c.root))
        f = fault_make(FAULT_MISMATCH, 0, "PROTOCOL.hotline 5: these are not our entries");
    return f;
}

static struct fault restore(struct desk_pact *p, const struct frame_push *m)
{
    struct bytes entries[DESK_GROUP];
    uint64_t index[DESK_GROUP];
    struct fault f;

    for (uint32_t i = 0; i < m->count; i++)
        entries[i] = m->item[i].entry;
    f = keys_expect_own(p, m);
    if (!fault_is(f))
        f = are_ours(p, m, entries);
    if (!fault_is(f))
        f = restore_rows(p, m);
    if (!fault_is(f))
        f = ledger_append(p->log, entries, m->count, index);
    if (!fault_is(f) && keys_are_among(entries, m->count))
        f = keys_load(p);
    return fault_is(f) ? f : commit_restored(p, m->note);
}

void refill_do(struct desk_pact *p)
{
    struct conversation_actions actions = {.count = 0};
    struct frame_push *m = memory_zeroed(1, sizeof *m);
    struct fault f = frame_push_parse(buf_view(&p->mirror_frame), m);

    if (!fault_is(f))
        f = restore(p, m);
    if (fault_is(f))
        p->desk->host.say(p->desk->host.context, "refill", f);
    else if (ledger_size(p->log) >= p->kept_own)
        pact_fence(p);
    free(m);
    conversation_restored(&p->talk, ledger_size(p->log), p->desk->tick, &actions);
    talk_act(p, &actions);
    refill_keeper(p);
}

/* --- keeper --------------------------------------------------------------------------------- */

struct behind {
    struct order_sign order;
    struct buf note, text[DESK_GROUP], document[DESK_GROUP];
};

static void behind_free(struct behind *b)
{
    buf_done(&b->note);
    for (size_t i = 0; i < DESK_GROUP; i++) {
        buf_done(&b->text[i]);
        buf_done(&b->document[i]);
    }
    free(b);
}

/* A head of ours that keeper can reach in one step: the newest, or one that is binding. */
static struct fault choose_head(struct desk_pact *p, struct behind *b, uint64_t *size)
{
    uint64_t most = p->kept_own + DESK_GROUP;
    struct rows r;

    *size = p->head.stored;
    if (p->head.stored <= most) {
        buf_bytes(&b->note, head_stored_note(&p->head));
        return fault_none();
    }
    r = store_ask(p->desk->store, QUERY_HEAD_UP_TO,
                  STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                             value_integer((int64_t)p->kept_own), value_integer((int64_t)most)));
    if (rows_next(&r)) {
        *size = (uint64_t)row_integer(&r, 0);
        buf_bytes(&b->note, row_bytes(&r, 2));
    }
    return rows_done(&r);
}

static struct fault take_entry(struct desk_pact *p, struct behind *b, uint64_t index)
{
    size_t i = b->order.count++;
    struct rows r =
        store_ask(p->desk->store, QUERY_STATEMENT_GET,
                  STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                             value_blob(bytes_of(ledger_leaf(p->log, index)->byte, 32))));
    char kind[16] = "";
    struct fault f;

    if (rows_next(&r)) {
        row_text(&r, 5, kind, sizeof kind);
        if (type_is_rooted(kind_parse(bytes_text(kind))))
            buf_bytes(&b->document[i], row_bytes(&r, 11));
    }
    f = rows_done(&r);
    if (!fault_is(f))
        f = ledger_read(p->log, index, &b->text[i]);
    b->order.entry[i] =
        (struct order_entry){.text = buf_view(&b->text[i]), .disclosed = buf_view(&b->document[i])};
    return f;
}

static struct fault ask_keeper(struct desk_pact *p, struct behind *b)
{
    struct buf body = {0};
    uint64_t size;
    struct fault f = choose_head(p, b, &size);

    if (!fault_is(f) && (b->note.len == 0 || size > p->kept_own + DESK_GROUP))
        f = fault_make(FAULT_LIMIT, 0, "no head of ours within what keeper can take in one step");
    b->order.agreement = bytes_text(p->now->id);
    b->order.note = buf_view(&b->note);
    b->order.first = p->kept_own;
    for (uint64_t i = p->kept_own; i < size && !fault_is(f); i++)
        f = take_entry(p, b, i);
    if (fault_is(f))
        return f;
    order_catch_up_write(&b->order, &body);
    p->catching = true;
    p->desk->host.send(p->desk->host.context, PROCESS_KEEPER, MESSAGE_CATCH_UP, buf_view(&body));
    buf_done(&body);
    return f;
}

void refill_keeper(struct desk_pact *p)
{
    struct behind *b;
    struct fault f;

    if (p->log != NULL && p->kept_own >= p->head.stored)
        alarm_clear(p, "keeper");
    if (p->catching || p->log == NULL || p->kept_own >= p->head.stored)
        return;
    b = memory_zeroed(1, sizeof *b);
    f = ask_keeper(p, b);
    behind_free(b);
    if (!fault_is(f))
        return;
    p->desk->host.say(p->desk->host.context, "keeper cannot catch up", f);
    alarm_raise(p, "keeper", "keeper's record is too far behind our log to be brought forward");
}

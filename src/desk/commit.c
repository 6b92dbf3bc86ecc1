#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "release/release.h"
#include "statement/type.h"

/*
 * From "released" to "stored": append what waits with one sync, while keeper makes the head over
 * it, and, when both are done, note it, post it, and answer whoever waits. One group at a time;
 * what comes meanwhile is the next group.
 */

static void report(struct desk_pact *p, const char *what, struct fault f)
{
    if (fault_is(f))
        p->desk->host.say(p->desk->host.context, what, f);
}

/* Entries out of the store, which the log is to have. */
struct released {
    struct buf text[DESK_GROUP];
    struct bytes entry[DESK_GROUP];
    size_t count;
};

static void released_free(struct released *r)
{
    for (size_t i = 0; i < r->count; i++)
        buf_done(&r->text[i]);
    free(r);
}

/* The first `most` that are released and not in the log yet, in the order in which they were
 * released, which is that of the log. */
static struct fault released_read(struct desk_pact *p, size_t most, struct released **out)
{
    struct released *to = memory_zeroed(1, sizeof *to);
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_STATE,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                         value_text("released"), value_integer(2 * DESK_GROUP)));

    while (to->count < most && rows_next(&r)) {
        struct digest leaf;
        uint64_t index;

        memcpy(leaf.byte, row_bytes(&r, 2).data, sizeof leaf.byte);
        if (ledger_find(p->log, &leaf, &index))
            continue;
        buf_bytes(&to->text[to->count], row_bytes(&r, 10));
        to->entry[to->count] = buf_view(&to->text[to->count]);
        to->count++;
    }
    *out = to;
    return rows_done(&r);
}

/* Appends everything released that is not in the log yet, without a sync. */
static struct fault append_released(struct desk_pact *p)
{
    uint64_t index[DESK_GROUP], waits = ledger_size(p->log) - p->head.stored;
    struct released *new;
    struct fault f;

    if (waits >= DESK_GROUP)
        return fault_none();
    f = released_read(p, DESK_GROUP - (size_t)waits, &new);
    if (!fault_is(f) && new->count != 0)
        f = ledger_append_unsynced(p->log, new->entry, new->count, index);
    if (!fault_is(f) && keys_are_among(new->entry, new->count))
        f = keys_load(p);
    released_free(new);
    return f;
}

/*
 * At start: keeper may have recorded a head over entries that a power cut took from our log, since
 * it works while the log is synced. They were in the store before it was asked, in the same order.
 * The root proves that it is they: then they are laid again, and keeper, who signs nothing else at
 * that size, signs the head that nobody has seen. If it is not they, the fence stays.
 */
struct fault commit_lay_again(struct desk_pact *p)
{
    uint64_t size = ledger_size(p->log), index[DESK_GROUP];
    struct released *lost;
    struct digest root;
    struct fault f;

    if (size >= p->kept_own || p->kept_own - size > DESK_GROUP)
        return fault_none();
    f = released_read(p, (size_t)(p->kept_own - size), &lost);
    if (!fault_is(f))
        f = ledger_root_with(p->log, lost->entry, lost->count, &root);
    if (!fault_is(f) && size + lost->count == p->kept_own && digest_equal(&root, &p->kept_root))
        f = ledger_append(p->log, lost->entry, lost->count, index);
    released_free(lost);
    return f;
}

/* One entry, with all that keeper needs to see of it. */
struct order_part {
    struct buf text, permit, document;
    struct buf decision[PERMIT_OFFICERS], signature[PERMIT_OFFICERS];
    char suite[PERMIT_OFFICERS][SEVERAL_NAMES];
};

static struct fault take_decisions(struct desk_pact *p, struct order_part *o,
                                   const struct digest *permit, struct order_entry *e)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_DECISION_LIST,
                  STORE_WITH(value_text(p->now->id), value_blob(bytes_of(permit->byte, 32))));

    while (e->decision_count < PERMIT_OFFICERS && rows_next(&r)) {
        size_t k = e->decision_count++;

        buf_bytes(&o->decision[k], row_bytes(&r, 2));
        row_text(&r, 3, o->suite[k], SEVERAL_NAMES);
        buf_bytes(&o->signature[k], row_bytes(&r, 4));
        e->decision[k] = (struct decision_given){buf_view(&o->decision[k]), bytes_text(o->suite[k]),
                                                 buf_view(&o->signature[k])};
    }
    return rows_done(&r);
}

/* What keeper needs to see of entry `index`. */
static struct fault take_entry(struct desk_pact *p, struct order_part *o, uint64_t index,
                               struct order_entry *out)
{
    const struct digest *leaf = ledger_leaf(p->log, index);
    struct entry e;
    struct rows r;
    struct fault f = ledger_read(p->log, index, &o->text);

    if (!fault_is(f))
        f = entry_parse(buf_view(&o->text), &e);
    if (fault_is(f))
        return f;
    r = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                  STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                             value_blob(bytes_of(leaf->byte, 32))));
    if (rows_next(&r)) {
        buf_bytes(&o->permit, row_bytes(&r, 14));
        if (e.permit_kind != PERMIT_AUTOMATIC)
            buf_bytes(&o->document, row_bytes(&r, 11));
    }
    f = rows_done(&r);
    *out = (struct order_entry){.text = buf_view(&o->text),
                                .permit = buf_view(&o->permit),
                                .disclosed = buf_view(&o->document)};
    if (!fault_is(f) && e.permit_kind == PERMIT_DIGEST)
        f = take_decisions(p, o, &e.permit, out);
    return f;
}

static void order_part_done(struct order_part *o)
{
    buf_done(&o->text);
    buf_done(&o->permit);
    buf_done(&o->document);
    for (size_t k = 0; k < PERMIT_OFFICERS; k++) {
        buf_done(&o->decision[k]);
        buf_done(&o->signature[k]);
    }
}

static struct fault ask_keeper(struct desk_pact *p)
{
    uint64_t from = p->kept_own, to = ledger_size(p->log);
    struct order_sign *order = &p->desk->order;
    struct order_part *part;
    struct buf body = {0};
    struct fault f = fault_none();

    order->agreement = bytes_text(p->now->id);
    order->first = from;
    order->count = to > from + DESK_GROUP ? DESK_GROUP : (size_t)(to - from);
    part = memory_zeroed(order->count, sizeof *part);
    for (size_t i = 0; i < order->count && !fault_is(f); i++)
        f = take_entry(p, &part[i], from + i, &order->entry[i]);
    if (!fault_is(f)) {
        order_sign_write(order, &body);
        p->signing = true;
        p->desk->host.send(p->desk->host.context, PROCESS_KEEPER, MESSAGE_SIGN, buf_view(&body));
    }
    buf_done(&body);
    for (size_t i = 0; i < order->count; i++)
        order_part_done(&part[i]);
    free(part);
    return f;
}

void commit_go(struct desk_pact *p)
{
    const char *why;
    uint64_t before;
    struct fault f;

    if (p->signing || p->log == NULL || !pact_may_sign(p, &why))
        return;
    before = ledger_size(p->log);
    f = append_released(p);
    if (fault_is(f)) {
        report(p, "append", f);
        alarm_raise(p, "log",
                    f.kind == FAULT_IO ? "the log could not be written: is the disk full?"
                                       : f.rule);
        return;
    }
    alarm_clear(p, "log");
    if (ledger_size(p->log) > p->head.stored)
        report(p, "sign", ask_keeper(p));
    /* Keeper is at work. What it answers is heard after this; if this fails, nowhere: a log that is
     * stopped takes no note. */
    if (ledger_size(p->log) > before)
        report(p, "log", ledger_sync(p->log));
}

/* The permit again, from what is stored; only then the door opens. */
static struct fault post(struct desk_pact *p, uint64_t index)
{
    struct buf entry = {0}, document = {0}, text = {0};
    const struct digest *leaf = ledger_leaf(p->log, index);
    struct stored *stored = NULL;
    struct permit *permit = NULL;
    struct entry e;
    struct rows r;
    struct fault f = ledger_read(p->log, index, &entry);

    if (!fault_is(f))
        f = entry_parse(buf_view(&entry), &e);
    if (!fault_is(f)) {
        r = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                      STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                 value_blob(bytes_of(leaf->byte, 32))));
        if (rows_next(&r)) {
            buf_bytes(&document, row_bytes(&r, 11));
            buf_bytes(&text, row_bytes(&r, 14));
        }
        f = rows_done(&r);
    }
    if (!fault_is(f))
        f = head_stored(&p->head, index, &stored);
    if (!fault_is(f))
        f = release_permit_again(stored, &e, buf_view(&text), buf_view(&document), p->peer->id,
                                 &permit);
    if (!fault_is(f))
        f = hotline_post(&p->talk, buf_view(&entry), buf_view(&document), permit, stored);
    permit_free(permit);
    stored_free(stored);
    buf_done(&entry);
    buf_done(&document);
    buf_done(&text);
    return f;
}

/* The conversation begins anew: what is not binding passes the doors again. */
static struct fault commit_repost(struct desk_pact *p)
{
    struct fault f = fault_none();

    for (uint64_t i = p->head.binding; i < p->head.stored && !fault_is(f); i++)
        f = post(p, i);
    return f;
}

/* In a transaction: entry `index` is under a signed head. */
static struct fault note_stored(struct desk_pact *p, uint64_t index)
{
    const struct digest *leaf = ledger_leaf(p->log, index);

    return store_do(p->desk->store, QUERY_STATEMENT_STORED, NULL,
                    STORE_WITH(value_integer((int64_t)index),
                               value_integer(instant_seconds(p->desk->now)), value_text(p->now->id),
                               value_text(p->own->id), value_blob(bytes_of(leaf->byte, 32))));
}

/* A CONTACT under a signed head counts from now on, and so does what a SHARE releases. */
static struct fault note_effect(struct desk_pact *p, uint64_t index)
{
    const struct digest *leaf = ledger_leaf(p->log, index);
    struct disclosed *d = NULL;
    enum kind said = KIND_NONE;
    struct fault f = fault_none();
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                         value_blob(bytes_of(leaf->byte, 32))));

    if (rows_next(&r)) {
        char kind[16];

        row_text(&r, 5, kind, sizeof kind);
        said = kind_parse(bytes_text(kind));
        if (said == KIND_CONTACT || said == KIND_SHARE || said == KIND_RETRACT)
            f = disclosed_parse(row_bytes(&r, 11), &d);
    }
    if (!fault_is(f))
        f = rows_done(&r);
    else
        (void)!fault_is(rows_done(&r));
    if (said == KIND_CONTACT && !fault_is(f))
        f = registry_apply(p->registry, p->now, p->own, d);
    if ((said == KIND_SHARE || said == KIND_RETRACT) && !fault_is(f))
        share_tell(p, said, d, false);
    disclosed_free(d);
    return f;
}

static void answer_waiting(struct desk *d, const struct digest *leaf, uint64_t index)
{
    for (size_t i = 0; i < d->waiting_count;) {
        struct desk_waiting w = d->waiting[i];

        if (!digest_equal(&w.leaf, leaf)) {
            i++;
            continue;
        }
        d->waiting[i] = d->waiting[--d->waiting_count];
        json_object_set_new(w.answer, "index", json_integer((json_int_t)index));
        w.say(w.client, w.answer);
    }
}

void wait_for(struct desk *d, const struct digest *leaf, json_t *answer, desk_answer say,
              void *client)
{
    if (d->waiting_count == DESK_WAITING) {
        json_decref(answer);
        say(client, answer_error("busy", 1, "too many commands wait",
                                 "keeper has not signed what was said before",
                                 "the statement is kept; ask again: it is not said twice"));
        return;
    }
    d->waiting[d->waiting_count++] = (struct desk_waiting){*leaf, answer, say, client};
}

static struct fault store_stored(struct desk_pact *p, uint64_t from, uint64_t to, struct bytes note)
{
    struct store *s = p->desk->store;
    struct fault f = store_begin_lazy(s);

    for (uint64_t i = from; i < to && !fault_is(f); i++)
        f = note_stored(p, i);
    if (!fault_is(f))
        f = store_do(s, QUERY_NOTE_PUT, NULL,
                     STORE_WITH(value_text(p->now->id), value_integer((int64_t)to),
                                (struct value){VALUE_TEXT, 0, note}));
    if (!fault_is(f))
        f = store_commit(s);
    else
        store_rollback(s);
    return f;
}

/*
 * Stored is what log and keeper have synced: so whoever waits is answered, and the partner gets it,
 * before the store notes it. A crash in between is made good by commit_catch_up.
 */
struct fault commit_signed(struct desk_pact *p, struct bytes note)
{
    uint64_t from = p->head.stored;
    struct fault f = head_take_stored(&p->head, note);

    p->signing = false;
    if (fault_is(f))
        return f;
    p->kept_own = p->head.stored;
    f = ledger_root_at(p->log, p->kept_own, &p->kept_root);
    for (uint64_t i = from; i < p->head.stored && !fault_is(f); i++)
        f = post(p, i);
    if (fault_is(f))
        return f;
    talk_own(p);
    for (uint64_t i = from; i < p->head.stored; i++)
        answer_waiting(p->desk, ledger_leaf(p->log, i), i);
    f = store_stored(p, from, p->head.stored, note);
    for (uint64_t i = from; i < p->head.stored && !fault_is(f); i++) {
        f = note_effect(p, i);
        if (f.kind == FAULT_ORDER) /* an older CONTACT again */
            f = fault_none();
    }
    if (!fault_is(f))
        commit_go(p);
    return f;
}

/* What is in the log under a signed head, and the store calls released still. */
static struct fault commit_settle(struct desk_pact *p)
{
    struct digest leaf[DESK_GROUP];
    size_t count = 0;
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_STATE,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                         value_text("released"), value_integer(DESK_GROUP)));
    struct fault f;

    while (count < DESK_GROUP && rows_next(&r))
        memcpy(leaf[count++].byte, row_bytes(&r, 2).data, 32);
    f = rows_done(&r);
    if (!fault_is(f))
        f = store_begin(p->desk->store);
    for (size_t i = 0; i < count && !fault_is(f); i++) {
        uint64_t index;

        if (ledger_find(p->log, &leaf[i], &index) && index < p->head.stored)
            f = note_stored(p, index);
    }
    if (!fault_is(f) && head_stored_note(&p->head).len != 0)
        f = store_do(p->desk->store, QUERY_NOTE_PUT, NULL,
                     STORE_WITH(value_text(p->now->id), value_integer((int64_t)p->head.stored),
                                (struct value){VALUE_TEXT, 0, head_stored_note(&p->head)}));
    if (!fault_is(f))
        return store_commit(p->desk->store);
    store_rollback(p->desk->store);
    return f;
}

/*
 * When our clocks run from: the partner's cosignature says when it was, and it cannot have been
 * later than now. Else he would give himself time by a clock that runs ahead, and owe nothing.
 */
static int64_t bound_at(struct desk_pact *p)
{
    int64_t time = instant_seconds(p->head.binding_time), now = instant_seconds(p->desk->now);

    if (time <= now)
        return time;
    if (time - now > p->now->skew)
        alarm_raise(
            p, "the partner's clock",
            "it cosigned with a time ahead of our clock, by more than the agreement allows; "
            "deadlines run from when its cosignature came. One of the two clocks is wrong");
    return now;
}

/* One transaction: own entries [from, head.binding) are binding under this note. Lazy, because the
 * note is in the log, synced. */
static struct fault store_bound(struct desk_pact *p, uint64_t from, struct bytes note)
{
    struct store *s = p->desk->store;
    int64_t time = instant_seconds(p->head.binding_time), bound = bound_at(p);
    struct fault f = store_begin_lazy(s);

    for (uint64_t i = from; i < p->head.binding && !fault_is(f); i++) {
        const struct digest *leaf = ledger_leaf(p->log, i);

        f = store_do(s, QUERY_STATEMENT_BOUND, NULL,
                     STORE_WITH(value_integer((int64_t)i), value_integer(bound),
                                value_text(p->now->id), value_text(p->own->id),
                                value_blob(bytes_of(leaf->byte, 32))));
    }
    if (!fault_is(f))
        f = store_do(s, QUERY_HEAD_PUT, NULL,
                     STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                value_integer((int64_t)p->head.binding), value_integer(time),
                                (struct value){VALUE_TEXT, 0, note}));
    if (!fault_is(f))
        f = store_do(s, QUERY_NOTE_DROP, NULL,
                     STORE_WITH(value_text(p->now->id), value_integer((int64_t)p->head.binding)));
    if (!fault_is(f))
        return store_commit(s);
    store_rollback(s);
    return f;
}

/* The cases of a log's entries [from, to): their clocks start and stop. */
static struct fault tell_cases(struct desk_pact *p, const struct ledger *log, uint64_t from,
                               uint64_t to)
{
    struct fault f = fault_none();

    for (uint64_t i = from; i < to && !fault_is(f); i++) {
        struct buf text = {0};
        struct entry e;

        f = ledger_read(log, i, &text);
        if (!fault_is(f))
            f = entry_parse(buf_view(&text), &e);
        if (!fault_is(f) && e.case_id[0] != '\0')
            f = life_reload(p, e.case_id);
        p->terms_due |= !fault_is(f) && e.kind == KIND_AGREEMENT;
        buf_done(&text);
    }
    return f;
}

/* The partner's COSIGN: everything below its size is binding. */
struct fault commit_bound(struct desk_pact *p, struct bytes note)
{
    uint64_t from = p->head.binding;
    struct fault f = head_take_binding(&p->head, note);

    if (fault_is(f) || p->head.binding <= from)
        return f;
    f = ledger_sync(p->log); /* binding is said to commands from here on, so the note is kept */
    if (fault_is(f))
        return f;
    await_bound(p);
    f = store_bound(p, from, head_binding_note(&p->head));
    if (!fault_is(f))
        f = tell_cases(p, p->log, from, p->head.binding);
    if (!fault_is(f) && p->terms_due)
        terms_look(p);
    return f;
}

/* The size of our newest head that the store has as binding. */
static struct fault bound_in_store(struct desk_pact *p, uint64_t *out)
{
    struct rows r = store_ask(p->desk->store, QUERY_HEAD_LIST,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id)));

    *out = 0;
    while (rows_next(&r))
        *out = (uint64_t)row_integer(&r, 0);
    return rows_done(&r);
}

/* D5: whatever of the newest entries' cases a power cut took out of the store. No more than a
 * turn's worth can be missing, and a group is more than a turn brings. */
static struct fault tell_newest(struct desk_pact *p, const struct ledger *log)
{
    uint64_t size = ledger_size(log), from = size > DESK_GROUP ? size - DESK_GROUP : 0;

    return tell_cases(p, log, from, size);
}

/*
 * At start: heads are in the journal before they are in the store; what a crash left between the
 * two is noted now. Without this an entry that is binding would never be seen to be.
 */
struct fault commit_catch_up(struct desk_pact *p)
{
    uint64_t from;
    struct fault f = bound_in_store(p, &from);

    if (!fault_is(f))
        f = commit_settle(p); /* first: what is binding is not found as released any more */
    if (!fault_is(f) && from < p->head.binding)
        f = store_bound(p, from, head_binding_note(&p->head));
    if (!fault_is(f))
        f = tell_newest(p, p->log);
    if (!fault_is(f) && p->mirror_open)
        f = tell_newest(p, p->mirror.log);
    return fault_is(f) ? f : commit_repost(p);
}

struct fault commit_restored(struct desk_pact *p, struct bytes note)
{
    struct fault f = head_take_stored(&p->head, note);

    if (!fault_is(f))
        f = commit_settle(p);
    if (!fault_is(f))
        f = commit_bound(p, note);
    return f;
}

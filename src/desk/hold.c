#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "hotline/frame.h"
#include "keeper/order.h"
#include "statement/type.h"

/* What the partner says is held, cosigned by keeper, and answered: PUSH to binding. */

static const char slow_alarm[] = "quota";

/*
 * In a transaction: the partner's entry and its document, or only "GROUND: RULE" where it is
 * refused. *fresh: it was not here already.
 */
static struct fault hold_item(struct desk_pact *p, const struct frame_item *item,
                              const struct desk_verdict *j, int64_t *fresh)
{
    struct digest leaf = tree_leaf(item->entry);
    struct entry e;
    struct fault f = entry_parse(item->entry, &e);
    bool refused = j->ground != GROUND_NONE;
    char verdict[2 * DESK_WHY];

    if (fault_is(f))
        return f;
    snprintf(verdict, sizeof verdict, "%s: %s", ground_name(j->ground), j->rule);
    return store_do(
        p->desk->store, QUERY_STATEMENT_PUT, fresh,
        STORE_WITH(
            value_text(p->now->id), value_text(p->peer->id), value_blob(bytes_of(leaf.byte, 32)),
            value_text("pushed"), value_text(kind_name(e.kind)), value_text(class_name(e.class)),
            value_text_if(e.case_id), value_integer((int64_t)e.number),
            e.has_answers ? value_blob(bytes_of(e.answers.byte, 32)) : value_null(),
            (struct value){VALUE_TEXT, 0, item->entry},
            refused ? value_text("") : (struct value){VALUE_TEXT, 0, item->document}, value_null(),
            value_null(), value_null(), value_null(), refused ? value_text(verdict) : value_null(),
            value_integer(instant_seconds(e.time)), value_integer(instant_seconds(p->desk->now))));
}

static struct fault hold_documents(struct desk_pact *p, const struct frame_push *push)
{
    struct fault f = store_begin(p->desk->store);

    for (uint32_t i = 0; i < push->count && !fault_is(f); i++) {
        int64_t fresh = 0;

        f = hold_item(p, &push->item[i], &p->verdict[i], &fresh);
        if (!fault_is(f) && fresh != 0 && p->verdict[i].ground != GROUND_NONE)
            f = store_do(p->desk->store, QUERY_REFUSAL_COUNT, NULL,
                         STORE_WITH(value_text(p->now->id), value_text("in"),
                                    value_text(ground_name(p->verdict[i].ground))));
    }
    if (!fault_is(f))
        return store_commit(p->desk->store);
    store_rollback(p->desk->store);
    return f;
}

static struct fault ask_cosign(struct desk_pact *p)
{
    struct order_cosign order;
    uint64_t size = ledger_size(p->mirror.log);
    struct buf body = {0};

    order.agreement = bytes_text(p->now->id);
    order.note = mirror_note(&p->mirror);
    order.first = p->kept_peer;
    order.count = 0;
    if (size < p->kept_peer || size - p->kept_peer > ORDER_ENTRIES)
        return fault_make(FAULT_LIMIT, 0, "more entries than one cosignature can take");
    for (uint64_t i = p->kept_peer; i < size; i++)
        order.leaf[order.count++] = *ledger_leaf(p->mirror.log, i);
    order.key_count = 0;
    keys_order(p, &order);
    order_cosign_write(&order, &body);
    p->cosigning = true;
    talk_send(p, PROCESS_KEEPER, MESSAGE_COSIGN, &body);
    buf_done(&body);
    return fault_none();
}

void hold_failed(struct desk_pact *p, bool contradicts, const char *rule)
{
    struct conversation_actions actions = {.count = 0};

    conversation_not_held(&p->talk, contradicts, rule, p->desk->tick, &actions);
    talk_act(p, &actions);
}

/* Does judge know every version that we have? It is started anew when one takes over; what it
 * refused before that, for a version that is in force, comes again on the next link. */
static struct fault judge_is_told(struct desk_pact *p, const struct frame_push *push)
{
    for (uint32_t i = 0; i < push->count; i++) {
        const struct agreement *a;
        struct entry e;

        if (p->verdict[i].ground != GROUND_AGREEMENT ||
            fault_is(entry_parse(push->item[i].entry, &e)))
            continue;
        a = pact_version(p, e.version);
        if (a != NULL && memcmp(a->digest, e.agreement_digest.byte, 32) == 0)
            return fault_make(FAULT_ORDER, 0, "judge is being told of a later version");
    }
    return fault_none();
}

/*
 * The mirror is synced before keeper is asked, so that what it records as held is held. Documents
 * are stored while it works: D3 wants them before COSIGN alone, and a PUSH that was not cosigned
 * comes again with them. KEYS come first: by what their documents say the next PUSH is read.
 */
static struct fault keep_all(struct desk_pact *p, const struct frame_push *push,
                             const struct bytes *entries)
{
    struct mirror_answer answer = {.fresh = false};
    bool first = keys_are_among(entries, push->count);
    struct fault f = first ? hold_documents(p, push) : fault_none();

    if (!fault_is(f))
        f = mirror_take(&p->mirror, push->first, entries, push->count, push->note, &answer);
    buf_done(&answer.held);
    if (!fault_is(f))
        f = ask_cosign(p);
    if (fault_is(f) || first)
        return f;
    p->unheld = hold_documents(p, push);
    if (fault_is(p->unheld)) /* hold_cosigned gives the PUSH back */
        p->desk->host.say(p->desk->host.context, "documents", p->unheld);
    return f;
}

/* What the partner erased comes without its document, to who held it before and lost it. Of what is
 * new here that would be a statement which nobody can read, cosigned all the same. */
static struct fault were_held(struct desk_pact *p, const struct frame_push *push)
{
    if (refill_is_due(p)) /* what we answered then comes back first */
        return fault_none();
    for (uint32_t i = 0; i < push->count; i++) {
        struct digest leaf = tree_leaf(push->item[i].entry);

        if (push->item[i].document.len == 0 && !respond_has_receipt(p, &leaf))
            return fault_make(FAULT_MISSING, i, "PROTOCOL.hotline 4: its document did not come");
    }
    return fault_none();
}

static void hold_now(struct desk_pact *p)
{
    struct frame_push push = {.count = 0};
    struct bytes entries[DESK_GROUP];
    struct fault f = frame_push_parse(buf_view(&p->push), &push);

    p->unheld = fault_none();

    /* By a wrong clock we would call well-timed statements badly timed, and sign when that was. */
    if (!fault_is(f) && p->desk->clock[0] != '\0')
        f = fault_make(FAULT_ORDER, 0, "our clock is off: nothing is taken until it is right");
    if (!fault_is(f) && !p->kept)
        f = fault_make(FAULT_ORDER, 0, "keeper has not said what it remembers");
    for (uint32_t i = 0; i < push.count && !fault_is(f); i++)
        entries[i] = push.item[i].entry;
    if (!fault_is(f))
        f = judge_is_told(p, &push);
    if (!fault_is(f))
        f = were_held(p, &push);
    if (!fault_is(f))
        f = keys_expect(p, &push);
    if (!fault_is(f))
        f = keep_all(p, &push, entries);
    p->held = p->desk->tick;
    if (!fault_is(f))
        return;
    p->desk->host.say(p->desk->host.context, "a PUSH could not be held", f);
    hold_failed(p, f.kind == FAULT_MISMATCH, f.rule);
}

/*
 * A partner who pushes and does not cosign has us answer RECEIPT after RECEIPT into a log that he
 * never binds. Where the quota of that is reached he gets one PUSH held in each pause, not one
 * after the other; never none, since two nodes that both waited for the other would wait for ever.
 */
static bool must_wait(struct desk_pact *p)
{
    if (keys_are_behind(p))
        return true;
    return p->held.us != 0 && p->desk->tick.us - p->held.us < DESK_PAUSE && pact_over_quota(p);
}

void hold_push(struct desk_pact *p)
{
    p->push_waits = must_wait(p);
    if (!p->push_waits) {
        hold_now(p);
        return;
    }
    if (keys_are_behind(p))
        return;
    alarm_raise(p, slow_alarm,
                "the partner goes on speaking and does not cosign what we answer: what it says is "
                "taken once in thirty seconds until it does");
}

void hold_turn(struct desk_pact *p)
{
    if (!p->push_waits || must_wait(p))
        return;
    p->push_waits = false;
    hold_now(p);
}

void hold_look(struct desk_pact *p)
{
    if (!pact_over_quota(p))
        alarm_clear(p, slow_alarm);
}

static struct fault bind(struct desk_pact *p, uint64_t index, const struct digest *leaf,
                         int64_t time)
{
    return store_do(p->desk->store, QUERY_STATEMENT_BOUND, NULL,
                    STORE_WITH(value_integer((int64_t)index), value_integer(time),
                               value_text(p->now->id), value_text(p->peer->id),
                               value_blob(bytes_of(leaf->byte, 32))));
}

/* Entry `index` of the mirror is cosigned: binding on them. */
static struct fault take_theirs(struct desk_pact *p, uint64_t index, int64_t time,
                                char (*cases)[CASE_TEXT], size_t *case_count)
{
    const struct digest *leaf = ledger_leaf(p->mirror.log, index);
    struct disclosed *d = NULL;
    char verdict[2 * DESK_WHY] = "";
    bool seen = false;
    struct entry e;
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(p->peer->id),
                                         value_blob(bytes_of(leaf->byte, 32))));
    struct fault f = fault_make(FAULT_DAMAGED, 0, "an entry of the mirror is not in the store");

    if (rows_next(&r)) {
        f = entry_parse(row_bytes(&r, 10), &e);
        seen = row_has(&r, 19);
        row_text(&r, 16, verdict, sizeof verdict);
        if (!fault_is(f) && row_bytes(&r, 11).len != 0 &&
            fault_is(shelf_read(&p->desk->shelf, row_bytes(&r, 11), &d)))
            d = NULL;
    }
    if (fault_is(rows_done(&r)) || fault_is(f) || seen) {
        disclosed_free(d);
        return f;
    }
    if (e.case_id[0] != '\0') {
        char *rule = strstr(verdict, ": "); /* as hold_item wrote it */

        if (rule != NULL)
            *rule = '\0';
        f = respond_to(p, &e, leaf, d, rule == NULL ? "" : rule + 2, verdict);
        memcpy(cases[(*case_count)++], e.case_id, CASE_TEXT);
    }
    if (!fault_is(f))
        f = bind(p, index, leaf, time);
    disclosed_free(d);
    return f;
}

static struct fault take_cosigned(struct desk_pact *p, uint64_t from, uint64_t size, int64_t time,
                                  struct bytes note)
{
    char(*cases)[CASE_TEXT] = memory_zeroed((size_t)(size - from) + 1, sizeof *cases);
    size_t count = 0;
    struct store *s = p->desk->store;
    struct fault f = store_begin(s);

    for (uint64_t i = from; i < size && !fault_is(f); i++)
        f = take_theirs(p, i, time, cases, &count);
    if (!fault_is(f))
        f = store_do(s, QUERY_HEAD_PUT, NULL,
                     STORE_WITH(value_text(p->now->id), value_text(p->peer->id),
                                value_integer((int64_t)size), value_integer(time),
                                (struct value){VALUE_TEXT, 0, note}));
    if (!fault_is(f))
        f = store_commit(s);
    else
        store_rollback(s);
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = life_reload(p, cases[i]);
    free(cases);
    if (!fault_is(f) && p->terms_due)
        terms_look(p);
    return f;
}

struct fault hold_cosigned(struct desk_pact *p, struct bytes note)
{
    struct conversation_actions actions = {.count = 0};
    struct checkpoint c;
    struct instant time;
    struct note parsed;
    uint64_t from = p->kept_peer;
    struct fault f = note_verify_checkpoint(note, bytes_text(p->peer_origin),
                                            &p->peer_keys.tenure.author, &c, &parsed);

    p->cosigning = false;
    if (!fault_is(f))
        f = note_verify(&parsed, &p->own_keys.tenure.cosigner, &time);
    if (!fault_is(f) && fault_is(p->unheld)) { /* nobody sees this cosignature */
        p->kept_peer = c.size;
        p->cosigned = time;
        hold_failed(p, false, p->unheld.rule);
        return f;
    }
    if (!fault_is(f))
        f = mirror_take_cosigned(&p->mirror, note);
    if (fault_is(f))
        return f;
    /* What the store had not yet seen bound goes back to the last head it knows. */
    alarm_clear(p, "keeper refused to cosign");
    from = from < p->talk.mirror ? from : p->talk.mirror;
    p->kept_peer = c.size;
    /* Everything is synced that COSIGN promises: it goes first, and what follows from it (binding
     * noted, receipts said) after it. A crash in between is made good by hold_catch_up. */
    conversation_held(&p->talk, c.size, &c.root, p->desk->tick, &actions);
    talk_act(p, &actions);
    await_bound(p);
    if (!refill_is_due(p)) /* else hold_catch_up does it when our log is whole again */
        f = take_cosigned(p, from, c.size, instant_seconds(time), note);
    p->cosigned = time;
    if (!fault_is(f))
        commit_go(p);
    return f;
}

/* Keeper died while it was to cosign: the PUSH is given back, the partner sends it again. */
void hold_keeper_lost(struct desk_pact *p)
{
    hold_failed(p, false, "keeper is being started anew");
}

/*
 * At start: what was cosigned and perhaps sent, but not yet noted as binding here, is noted now;
 * its receipts are said now. Sets the size from which the conversation goes on.
 */
struct fault hold_catch_up(struct desk_pact *p)
{
    struct bytes note = mirror_cosigned_note(&p->mirror);
    struct rows r;
    struct checkpoint c;
    struct instant time;
    struct note parsed;
    uint64_t from = 0;
    struct fault f;

    if (note.len == 0)
        return fault_none();
    f = note_verify_checkpoint(note, bytes_text(p->peer_origin), &p->peer_keys.tenure.author, &c,
                               &parsed);
    if (!fault_is(f))
        f = note_verify(&parsed, &p->own_keys.tenure.cosigner, &time);
    if (fault_is(f))
        return f;
    r = store_ask(p->desk->store, QUERY_HEAD_LIST,
                  STORE_WITH(value_text(p->now->id), value_text(p->peer->id)));
    while (rows_next(&r))
        from = (uint64_t)row_integer(&r, 0);
    f = rows_done(&r);
    if (fault_is(f) || from >= c.size)
        return f;
    return take_cosigned(p, from, c.size, instant_seconds(time), note);
}

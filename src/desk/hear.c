#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "hotline/hello.h"
#include "ipc/link.h"
#include "keeper/order.h"
#include "statement/type.h"

/* What comes from gate, judge and keeper about the hotline, and what the conversation wants. */

static void send(struct desk_pact *p, enum process to, uint16_t type, const struct buf *body)
{
    p->desk->host.send(p->desk->host.context, to, type, buf_view(body));
}

static void send_frame(struct desk_pact *p, uint32_t link, enum frame_type type,
                       const struct buf *payload)
{
    struct link_frame frame = {link, (uint8_t)type, buf_view(payload)};
    struct buf body = {0};

    link_frame_write(&frame, &body);
    send(p, PROCESS_GATE, MESSAGE_SEND, &body);
    buf_done(&body);
}

static void close_link(struct desk_pact *p, uint32_t link, const char *rule)
{
    struct link_end end = {link, bytes_text(rule), bytes_text("")};
    struct buf body = {0};

    snprintf(p->link_why, sizeof p->link_why, "we ended it: %s", rule);
    link_close_write(&end, &body);
    send(p, PROCESS_GATE, MESSAGE_CLOSE, &body);
    buf_done(&body);
}

/* --- what the conversation wants ------------------------------------------------------------ */

static void do_hello(struct desk_pact *p, const struct conversation_action *a)
{
    struct buf entry = {0}, bytes = {0}, body = {0};
    struct frame_hello hello = {.agreement = bytes_text(p->now->id),
                                .version = p->now->version,
                                .agreement_digest = bytes_of(p->now->digest, 32),
                                .party = bytes_text(p->own->id),
                                .time = (uint64_t)instant_seconds(p->desk->now),
                                .genesis_document = buf_view(&p->genesis),
                                .head = p->mirror_open ? mirror_cosigned_note(&p->mirror)
                                                       : bytes_text("")};
    struct order_hello order = {.agreement = bytes_text(p->now->id), .link = a->link};

    if (fault_is(ledger_read(p->log, 0, &entry))) {
        close_link(p, a->link, "our genesis is not signed yet");
        buf_done(&entry);
        return;
    }
    hello.genesis_entry = buf_view(&entry);
    buf_clear(&p->hello);
    frame_hello_say(&hello, &p->hello);
    p->hello_link = a->link;
    hello_bytes(p->exporter, p->link_dialled ? HELLO_DIALLER : HELLO_LISTENER, buf_view(&p->hello),
                &bytes);
    order.bytes = buf_view(&bytes);
    order_hello_write(&order, &body);
    send(p, PROCESS_KEEPER, MESSAGE_HELLO_SIGN, &body);
    buf_done(&entry);
    buf_done(&bytes);
    buf_done(&body);
}

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

static uint64_t do_run(struct desk_pact *p, const struct conversation_action *a, bool ours)
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
        send_frame(p, a->link, ours ? FRAME_PUSH : FRAME_MIRROR, &payload);
    }
    buf_done(&payload);
    run_done(r);
    return size;
}

static void do_cosign(struct desk_pact *p, const struct conversation_action *a)
{
    struct buf payload = {0};

    frame_cosign_write(mirror_cosigned_note(&p->mirror), &payload);
    send_frame(p, a->link, FRAME_COSIGN, &payload);
    buf_done(&payload);
}

static void do_refill(struct desk_pact *p, const struct conversation_action *a)
{
    struct buf payload = {0};

    snprintf(p->fence, sizeof p->fence,
             "the log is behind a head that we signed: it is being filled from the partner's "
             "mirror");
    frame_refill_write(a->first, &payload);
    send_frame(p, a->link, FRAME_REFILL, &payload);
    buf_done(&payload);
}

static void do_hold(struct desk_pact *p);

/* Two heads of one size stand alone as proof. A longer head that the entries sent with it do not
 * lead to is no proof yet: a spoilt message looks the same, and then the next link mends it. */
static void keep_evidence(struct desk_pact *p, struct bytes note)
{
    struct bytes held = mirror_note(&p->mirror);
    enum evidence kind = EVIDENCE_NONE;
    struct fault f = evidence_decide(note, held, p->mirror.author, NULL, &kind);
    bool split = !fault_is(f) && kind == EVIDENCE_SPLIT;

    kind = split ? EVIDENCE_SPLIT : EVIDENCE_NO_EXTENSION;
    f = store_do(p->desk->store, QUERY_CONTRADICTION_PUT, NULL,
                 STORE_WITH(value_text(p->now->id), value_text(p->peer->id),
                            (struct value){VALUE_TEXT, 0, note},
                            (struct value){VALUE_TEXT, 0, held}, value_text(evidence_name(kind)),
                            value_integer(instant_seconds(p->desk->now))));
    if (fault_is(f))
        p->desk->host.say(p->desk->host.context, "evidence", f);
    if (split)
        alarm_raise(p, "contradictory heads",
                    "the partner showed two heads of its log that cannot both be; both are kept");
    else
        alarm_raise(p, "not an extension",
                    "what the partner sent does not lead from what we hold to the head that it "
                    "signed; both heads are kept. If the ledgers converge later, a message was "
                    "spoilt; if not, it rewrote its log");
}

static void act(struct desk_pact *p, const struct conversation_action *a,
                struct conversation_actions *more)
{
    struct frame_push *push;

    switch (a->what) {
    case CONVERSATION_HELLO:
        do_hello(p, a);
        break;
    case CONVERSATION_PUSH:
        conversation_pushed(&p->talk, a->link, do_run(p, a, true), p->desk->tick, more);
        break;
    case CONVERSATION_MIRROR:
        (void)do_run(p, a, false);
        break;
    case CONVERSATION_HOLD:
        do_hold(p);
        break;
    case CONVERSATION_COSIGN:
        do_cosign(p, a);
        break;
    case CONVERSATION_REFILL:
        do_refill(p, a);
        break;
    case CONVERSATION_RESTORE:
        refill_do(p);
        break;
    case CONVERSATION_EVIDENCE:
        push = memory_zeroed(1, sizeof *push);
        if (!fault_is(frame_push_parse(buf_view(&p->push), push)))
            keep_evidence(p, push->note);
        free(push);
        break;
    case CONVERSATION_ALARM:
        snprintf(p->fence, sizeof p->fence, "%s", a->rule);
        alarm_raise(p, "our own log", a->rule);
        break;
    case CONVERSATION_CLOSE:
        close_link(p, a->link, a->rule);
        break;
    default:
        break;
    }
}

void hear_act(struct desk_pact *p, struct conversation_actions *actions)
{
    while (actions->count != 0) {
        struct conversation_actions now = *actions, more = {.count = 0};

        for (size_t i = 0; i < now.count; i++) {
            struct conversation_actions next = {.count = 0};

            act(p, &now.item[i], &next);
            for (size_t k = 0; k < next.count && more.count < CONVERSATION_ACTIONS; k++)
                more.item[more.count++] = next.item[k];
        }
        *actions = more;
    }
}

void hear_own(struct desk_pact *p)
{
    struct conversation_actions actions = {.count = 0};

    conversation_own(&p->talk, p->head.stored, p->desk->tick, &actions);
    hear_act(p, &actions);
}

/* --- holding what the partner says ---------------------------------------------------------- */

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
    struct order_cosign *order = memory_zeroed(1, sizeof *order);
    uint64_t size = ledger_size(p->mirror.log);
    struct buf body = {0};

    order->agreement = bytes_text(p->now->id);
    order->note = mirror_note(&p->mirror);
    order->first = p->kept_peer;
    if (size < p->kept_peer || size - p->kept_peer > ORDER_ENTRIES) {
        free(order);
        return fault_make(FAULT_LIMIT, 0, "more entries than one cosignature can take");
    }
    for (uint64_t i = p->kept_peer; i < size; i++)
        order->leaf[order->count++] = *ledger_leaf(p->mirror.log, i);
    order_cosign_write(order, &body);
    p->cosigning = true;
    send(p, PROCESS_KEEPER, MESSAGE_COSIGN, &body);
    buf_done(&body);
    free(order);
    return fault_none();
}

static void not_held(struct desk_pact *p, bool contradicts, const char *rule)
{
    struct conversation_actions actions = {.count = 0};

    conversation_not_held(&p->talk, contradicts, rule, p->desk->tick, &actions);
    hear_act(p, &actions);
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

static void do_hold(struct desk_pact *p)
{
    struct frame_push *push = memory_zeroed(1, sizeof *push);
    struct mirror_answer answer = {.fresh = false};
    struct bytes entries[DESK_GROUP];
    struct fault f = frame_push_parse(buf_view(&p->push), push);

    /* By a wrong clock we would call well-timed statements badly timed, and sign when that was. */
    if (!fault_is(f) && p->desk->clock[0] != '\0')
        f = fault_make(FAULT_ORDER, 0, "our clock is off: nothing is taken until it is right");
    for (uint32_t i = 0; i < push->count && !fault_is(f); i++)
        entries[i] = push->item[i].entry;
    if (!fault_is(f))
        f = judge_is_told(p, push);
    if (!fault_is(f))
        f = hold_documents(p, push);
    if (!fault_is(f))
        f = mirror_take(&p->mirror, push->first, entries, push->count, push->note, &answer);
    if (!fault_is(f))
        f = ask_cosign(p);
    buf_done(&answer.held);
    free(push);
    if (!fault_is(f))
        return;
    p->desk->host.say(p->desk->host.context, "a PUSH could not be held", f);
    not_held(p, f.kind == FAULT_MISMATCH, f.rule);
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
            fault_is(disclosed_parse(row_bytes(&r, 11), &d)))
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

static struct fault keeper_cosigned(struct desk_pact *p, struct bytes note)
{
    struct conversation_actions actions = {.count = 0};
    struct checkpoint c;
    struct instant time;
    struct note parsed;
    uint64_t from = p->kept_peer;
    struct fault f =
        note_verify_checkpoint(note, bytes_text(p->peer_origin), &p->peer_author, &c, &parsed);

    p->cosigning = false;
    if (!fault_is(f))
        f = note_verify(&parsed, &p->own_cosigner, &time);
    if (!fault_is(f))
        f = mirror_take_cosigned(&p->mirror, note);
    if (fault_is(f))
        return f;
    /* What the store had not yet seen bound goes back to the last head it knows. */
    alarm_clear(p, "keeper refused to cosign");
    from = from < p->talk.mirror ? from : p->talk.mirror;
    p->kept_peer = c.size;
    /* Everything is synced that COSIGN promises: it goes first, and what follows from it (binding
     * noted, receipts said) after it. A crash in between is made good by hear_catch_up. */
    conversation_held(&p->talk, c.size, &c.root, p->desk->tick, &actions);
    hear_act(p, &actions);
    if (!refill_is_due(p)) /* else hear_catch_up does it when our log is whole again */
        f = take_cosigned(p, from, c.size, instant_seconds(time), note);
    p->cosigned = time;
    if (!fault_is(f))
        commit_go(p);
    return f;
}

/* Keeper was started anew while it was to sign our HELLO: it is asked again. */
void hear_keeper_back(struct desk_pact *p)
{
    struct conversation_action hello = {.what = CONVERSATION_HELLO, .link = p->talk.link};

    if (p->log != NULL && p->link_up && p->talk.up && p->talk.hello_asked && !p->talk.hello_sent)
        do_hello(p, &hello);
}

/* Keeper died while it was to cosign: the PUSH is given back, the partner sends it again. */
void hear_keeper_lost(struct desk_pact *p)
{
    not_held(p, false, "keeper is being started anew");
}

/*
 * At start: what was cosigned and perhaps sent, but not yet noted as binding here, is noted now;
 * its receipts are said now. Sets the size from which the conversation goes on.
 */
struct fault hear_catch_up(struct desk_pact *p)
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
    f = note_verify_checkpoint(note, bytes_text(p->peer_origin), &p->peer_author, &c, &parsed);
    if (!fault_is(f))
        f = note_verify(&parsed, &p->own_cosigner, &time);
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

/* --- frames --------------------------------------------------------------------------------- */

/* A head of our own log that the partner shows: what does it prove? */
static enum head_relation relation_of(struct desk_pact *p, struct bytes note, uint64_t *size)
{
    struct checkpoint c;
    struct digest root;

    *size = 0;
    if (note.len == 0 ||
        fault_is(note_verify_checkpoint(note, bytes_text(p->origin), &p->own_author, &c, NULL)))
        return HEAD_NONE;
    *size = c.size;
    if (c.size > ledger_size(p->log))
        return HEAD_AHEAD;
    if (fault_is(ledger_root_at(p->log, c.size, &root)) || !digest_equal(&root, &c.root))
        return HEAD_CONTRADICTS;
    return HEAD_PREFIX;
}

static struct fault judged_hello(struct desk_pact *p, uint32_t link, struct bytes payload,
                                 struct conversation_actions *out)
{
    struct frame_hello hello;
    uint64_t size;
    enum head_relation relation;
    struct fault f = frame_hello_parse(payload, &hello);

    if (!fault_is(f))
        f = pact_take_peer(p, hello.genesis_entry, hello.genesis_document);
    if (fault_is(f))
        return f;
    p->greeted = true;
    alarm_clear(p, "the partner broke a rule");
    relation = relation_of(p, hello.head, &size);
    if (relation == HEAD_PREFIX && size > p->head.binding)
        f = commit_bound(p, hello.head);
    if (!fault_is(f))
        conversation_hello(&p->talk, link, relation, size, p->desk->tick, out);
    return f;
}

static struct fault judged_cosign(struct desk_pact *p, uint32_t link, struct bytes payload,
                                  struct conversation_actions *out)
{
    struct bytes note;
    uint64_t size;
    enum head_relation relation;
    struct fault f = frame_cosign_parse(payload, &note);

    if (fault_is(f))
        return f;
    relation = relation_of(p, note, &size);
    if (relation == HEAD_PREFIX)
        f = commit_bound(p, note);
    if (!fault_is(f))
        conversation_cosign(&p->talk, link, relation, size, p->desk->tick, out);
    return f;
}

static struct fault judged_push(struct desk_pact *p, uint32_t link, struct bytes payload,
                                struct cursor *verdicts, struct conversation_actions *out)
{
    struct frame_push *push = memory_zeroed(1, sizeof *push);
    struct checkpoint c;
    struct fault f = frame_push_parse(payload, push);
    uint32_t count = cursor_u32(verdicts);

    for (uint32_t i = 0; i < count && i < FRAME_ENTRIES; i++) {
        struct bytes rule;

        p->verdict[i].ground = (enum ground)cursor_u8(verdicts);
        rule = cursor_part(verdicts, 400);
        p->verdict[i].rule[0] = '\0';
        if (p->verdict[i].ground != GROUND_NONE &&
            (rule.len == 0 || !bytes_to_text(rule, p->verdict[i].rule, DESK_WHY)))
            snprintf(p->verdict[i].rule, DESK_WHY, "refused by rule");
    }
    cursor_end(verdicts);
    if (!fault_is(f))
        f = verdicts->fault;
    if (!fault_is(f) && p->mirror_open)
        f = note_verify_checkpoint(push->note, bytes_text(p->peer_origin), &p->peer_author, &c,
                                   NULL);
    else if (!fault_is(f))
        f = fault_make(FAULT_ORDER, 0, "PROTOCOL.hotline section 3: PUSH before HELLO");
    if (!fault_is(f)) {
        buf_clear(&p->push);
        buf_bytes(&p->push, payload);
        conversation_push(&p->talk, link, push->first, c.size, &c.root, p->desk->tick, out);
    }
    free(push);
    return f;
}

static struct fault judged_mirror(struct desk_pact *p, uint32_t link, struct bytes payload,
                                  struct conversation_actions *out)
{
    struct frame_push *m = memory_zeroed(1, sizeof *m);
    struct fault f = frame_push_parse(payload, m);

    if (!fault_is(f)) {
        buf_clear(&p->mirror_frame);
        buf_bytes(&p->mirror_frame, payload);
        conversation_mirror(&p->talk, link, m->first, m->first + m->count, p->desk->tick, out);
    }
    free(m);
    return f;
}

static struct fault judged(struct desk_pact *p, uint32_t link, uint8_t type, struct bytes payload,
                           struct cursor *in)
{
    struct conversation_actions actions = {.count = 0};
    struct frame_bye bye;
    uint64_t from;
    struct fault f = fault_none();

    switch (type) {
    case FRAME_HELLO:
        f = judged_hello(p, link, payload, &actions);
        break;
    case FRAME_PUSH:
        f = judged_push(p, link, payload, in, &actions);
        break;
    case FRAME_COSIGN:
        f = judged_cosign(p, link, payload, &actions);
        break;
    case FRAME_REFILL:
        f = frame_refill_parse(payload, &from);
        if (!fault_is(f))
            conversation_refill(&p->talk, link, from, p->desk->tick, &actions);
        break;
    case FRAME_MIRROR:
        f = judged_mirror(p, link, payload, &actions);
        break;
    case FRAME_BYE:
        f = frame_bye_parse(payload, &bye);
        if (!fault_is(f))
            snprintf(p->link_why, sizeof p->link_why, "they ended it: %.*s",
                     (int)(bye.rule.len < 120 ? bye.rule.len : 120), (const char *)bye.rule.data);
        break;
    default:
        f = fault_make(FAULT_UNKNOWN, 0, "a frame that desk does not know");
    }
    if (fault_is(f)) {
        p->desk->host.say(p->desk->host.context, frame_name((enum frame_type)type), f);
        conversation_end(&p->talk, link, f.rule, &actions);
    }
    hear_act(p, &actions);
    if (type == FRAME_HELLO)
        evidence_due(p); /* it may have waited for this */
    return fault_none();
}

static struct desk_pact *pact_of_link(struct desk *d, uint32_t link)
{
    for (size_t i = 0; i < d->pact_count; i++)
        if (d->pact[i].link_up && d->pact[i].link == link)
            return &d->pact[i];
    return NULL;
}

void hear_early_forget(struct desk *d)
{
    for (size_t i = 0; i < DESK_EARLY; i++)
        buf_done(&d->early[i].body);
}

/* judge's word about a link may come before gate's that it is up: two channels. A HELLO waits. */
static struct fault wait_for_link(struct desk *d, uint32_t link, struct bytes body)
{
    for (size_t i = 0; i < DESK_EARLY; i++)
        if (d->early[i].body.len == 0) {
            d->early[i].link = link;
            buf_bytes(&d->early[i].body, body);
            return fault_none();
        }
    /* The others are of links that are gone; what they said is said again on the next. */
    hear_early_forget(d);
    d->early[0].link = link;
    buf_bytes(&d->early[0].body, body);
    return fault_none();
}

static struct fault hear_early(struct desk *d, uint32_t link)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < DESK_EARLY && !fault_is(f); i++) {
        struct buf body = d->early[i].body;

        if (body.len == 0 || d->early[i].link != link)
            continue;
        d->early[i].body = (struct buf){0};
        f = hear_judge(d, MESSAGE_JUDGED, buf_view(&body));
        buf_done(&body);
    }
    return f;
}

struct fault hear_judge(struct desk *d, uint16_t type, struct bytes body)
{
    struct cursor in = cursor_over(body, "ipc: from judge");
    uint32_t link = cursor_u32(&in);
    struct desk_pact *p = pact_of_link(d, link);
    struct conversation_actions actions = {.count = 0};

    if (type == MESSAGE_BAD) {
        char rule[DESK_WHY];

        if (!bytes_to_text(cursor_part(&in, 1000), rule, sizeof rule))
            snprintf(rule, sizeof rule, "a frame broke a rule");
        if (p != NULL) {
            snprintf(p->link_why, sizeof p->link_why, "%s", rule);
            alarm_raise(p, "the partner broke a rule", rule);
            conversation_end(&p->talk, link, "a frame broke a rule", &actions);
            hear_act(p, &actions);
        }
        return in.fault;
    }
    if (type != MESSAGE_JUDGED)
        return fault_make(FAULT_UNKNOWN, 0, "ipc: judge says what desk does not hear");
    {
        uint8_t frame = cursor_u8(&in);
        struct bytes payload = cursor_part(&in, LINK_PAYLOAD);

        if (!cursor_ok(&in))
            return in.fault;
        if (p == NULL)
            return wait_for_link(d, link, body);
        return p->log == NULL ? fault_none() : judged(p, link, frame, payload, &in);
    }
}

static void link_is_up(struct desk_pact *p, const struct link_up *up)
{
    struct conversation_actions actions = {.count = 0};

    p->link_up = true;
    p->link = up->link;
    p->link_dialled = up->dialled;
    p->link_since = p->desk->now;
    memcpy(p->exporter, up->exporter, sizeof p->exporter);
    snprintf(p->link_why, sizeof p->link_why, "%.*s",
             (int)(up->address.len < 80 ? up->address.len : 80), (const char *)up->address.data);
    if (p->log == NULL || p->head.stored == 0) {
        close_link(p, up->link, "the node is not ready yet");
        return;
    }
    conversation_link_up(&p->talk, up->link, up->dialled == p->own_is_first, p->desk->tick,
                         &actions);
    hear_act(p, &actions);
}

void hear_lost(struct desk_pact *p, const char *why)
{
    if (!p->link_up)
        return;
    p->link_up = false;
    p->link_since = p->desk->now;
    if (why[0] != '\0')
        snprintf(p->link_why, sizeof p->link_why, "%s", why);
    conversation_link_down(&p->talk, p->link);
}

struct fault hear_gate(struct desk *d, uint16_t type, struct bytes body)
{
    struct link_end down;
    struct link_up up;
    struct desk_pact *p;
    struct fault f;

    if (type == MESSAGE_LINK_UP) {
        f = link_up_parse(body, &up);
        p = fault_is(f) ? NULL : pact_find(d, up.agreement);
        if (p != NULL) {
            link_is_up(p, &up);
            f = hear_early(d, up.link);
        }
        return f;
    }
    if (type != MESSAGE_LINK_DOWN)
        return fault_make(FAULT_UNKNOWN, 0, "ipc: gate says what desk does not hear");
    f = link_down_parse(body, &down);
    p = fault_is(f) ? NULL : pact_of_link(d, down.link);
    if (p != NULL) {
        char why[DESK_WHY];

        if (!bytes_to_text(down.rule, why, sizeof why))
            why[0] = '\0';
        hear_lost(p, why);
    }
    return f;
}

/* --- keeper --------------------------------------------------------------------------------- */

static struct fault keeper_state(struct desk *d, struct cursor *in)
{
    uint32_t count = cursor_u32(in);
    struct fault f = fault_none();

    for (uint32_t i = 0; i < count && cursor_ok(in); i++) {
        struct desk_pact *p = pact_find(d, cursor_part(in, 64));
        struct bytes origin = cursor_part(in, ROLES_ORIGIN);
        uint64_t size = cursor_u64(in);
        int64_t time;

        struct bytes root = cursor_take(in, 32);

        time = (int64_t)cursor_u64(in);
        if (p == NULL || !cursor_ok(in))
            continue;
        if (bytes_is(origin, p->origin)) {
            p->kept_own = size;
            memcpy(p->kept_root.byte, root.data, sizeof p->kept_root.byte);
        } else if (bytes_is(origin, p->peer_origin)) {
            p->kept_peer = size;
            p->cosigned = instant_of_seconds(time);
        }
    }
    cursor_end(in);
    for (size_t i = 0; i < d->pact_count && cursor_ok(in); i++) {
        struct desk_pact *p = &d->pact[i];

        p->kept = true;
        p->catching = false;
        if (p->log == NULL)
            f = pact_open(p);
        if (fault_is(f))
            return f;
        refill_keeper(p);
        if (!refill_is_due(p) && p->mirror_open)
            f = hear_catch_up(p);
        if (fault_is(f))
            return f;
        commit_go(p);
    }
    return in->fault;
}

static struct fault hello_signed(struct desk_pact *p, struct cursor *in)
{
    struct conversation_actions actions = {.count = 0};
    uint32_t link = cursor_u32(in);
    struct bytes suite = cursor_part(in, FRAME_SUITES),
                 signature = cursor_part(in, FRAME_SIGNATURES);

    cursor_end(in);
    if (!cursor_ok(in) || link != p->hello_link || !p->link_up || p->link != link)
        return in->fault;
    frame_hello_sign(suite, signature, &p->hello);
    send_frame(p, link, FRAME_HELLO, &p->hello);
    conversation_hello_sent(&p->talk, link, p->desk->tick, &actions);
    hear_act(p, &actions);
    return fault_none();
}

static struct fault cosign_refused(struct desk_pact *p, struct cursor *in)
{
    char rule[DESK_WHY];

    if (!bytes_to_text(cursor_part(in, 1000), rule, sizeof rule))
        snprintf(rule, sizeof rule, "keeper refused to cosign");
    cursor_end(in);
    p->cosigning = false;
    alarm_raise(p, "keeper refused to cosign", rule);
    not_held(p, false, "keeper refused to cosign");
    return in->fault;
}

struct fault hear_keeper(struct desk *d, uint16_t type, struct bytes body)
{
    struct cursor in = cursor_over(body, "ipc: from keeper");
    struct desk_pact *p;

    if (type == MESSAGE_KEEPER_STATE)
        return keeper_state(d, &in);
    p = pact_find(d, cursor_part(&in, 64));
    if (p == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "ipc: keeper speaks of another agreement");
    switch (type) {
    case MESSAGE_SIGNED:
        return commit_signed(p, cursor_part(&in, NOTE_MAX));
    case MESSAGE_SIGN_REFUSED: {
        uint64_t index = cursor_u64(&in);

        return commit_refused(p, index, cursor_part(&in, 1000));
    }
    case MESSAGE_COSIGNED:
        return keeper_cosigned(p, cursor_part(&in, NOTE_MAX));
    case MESSAGE_COSIGN_REFUSED:
        return cosign_refused(p, &in);
    case MESSAGE_HELLO_SIGNED:
        return hello_signed(p, &in);
    case MESSAGE_KEEPER_REFUSED:
        if (cursor_u16(&in) == MESSAGE_CATCH_UP)
            alarm_raise(p, "keeper", "keeper refuses what came back from the partner's mirror");
        p->desk->host.say(p->desk->host.context, "keeper refused",
                          fault_make(FAULT_REFUSED, 0, "see keeper's own log line"));
        return fault_none();
    default:
        return fault_make(FAULT_UNKNOWN, 0, "ipc: keeper says what desk does not hear");
    }
}

#include <stdio.h>
#include <stdlib.h>

#include "desk/state.h"
#include "hotline/frame.h"
#include "ipc/link.h"

/* What gate says of links, and what judge hands on of their frames. */

/* A head of our own log that the partner shows: what does it prove? */
static enum head_relation relation_of(struct desk_pact *p, struct bytes note, uint64_t *size)
{
    struct checkpoint c;
    struct digest root;

    *size = 0;
    if (note.len == 0 || fault_is(note_verify_checkpoint(note, bytes_text(p->origin),
                                                         &p->own_keys.tenure.author, &c, NULL)))
        return HEAD_NONE;
    *size = c.size;
    if (c.size > ledger_size(p->log))
        return HEAD_AHEAD;
    if (fault_is(ledger_root_at(p->log, c.size, &root)) || !digest_equal(&root, &c.root))
        return HEAD_CONTRADICTS;
    return HEAD_PREFIX;
}

/* Nobody's clock decides over the other's; but before a node with a wrong one has signed with it is
 * the time to say so. */
static void compare_clocks(struct desk_pact *p, uint64_t theirs)
{
    static const char name[] = "clocks differ";
    int64_t now = instant_seconds(p->desk->now), ahead;
    char detail[DESK_WHY];

    if (theirs > INT64_MAX / 1000000)
        return;
    ahead = now - (int64_t)theirs;
    alarm_clear(p, name);
    if (ahead <= p->now->skew && -ahead <= p->now->skew)
        return;
    snprintf(
        detail, sizeof detail,
        "our clock is %lld s %s the partner's: look at ours (NTP) before anything is released; "
        "what a clock that runs ahead signs is rejected, and cannot be taken back",
        (long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of");
    alarm_raise(p, name, detail);
}

/* The partner shows a head of our log, larger than it is here, that none of our keys signed, and no
 * KEYS entry of ours that would say whose they are: it is his word alone, so nothing is done by it;
 * but what we said now might contradict what we said then. */
static void compare_keys(struct desk_pact *p, struct bytes head)
{
    static const char name[] = "older than our keys";
    struct checkpoint c;
    struct note n;
    char detail[DESK_WHY];

    alarm_clear(p, name);
    if (head.len == 0 || fault_is(note_parse(head, &n)) || fault_is(checkpoint_parse(n.text, &c)) ||
        !bytes_is(c.origin, p->origin) || c.size <= ledger_size(p->log) ||
        !fault_is(note_verify_checkpoint(head, bytes_text(p->origin), &p->own_keys.tenure.author,
                                         &c, NULL)))
        return;
    snprintf(
        detail, sizeof detail,
        "the partner cosigned a head of ours at %llu, by keys that it does not show and that are "
        "not here: was this node restored from before a change of keys? Say nothing before you "
        "know",
        (unsigned long long)c.size);
    alarm_raise(p, name, detail);
}

/* A head of ours that our log does not reach: noted, so that it is known after a restart too. */
static struct fault fall_behind(struct desk_pact *p, enum head_relation relation, uint64_t size)
{
    if (relation != HEAD_AHEAD || size <= p->talk.target)
        return fault_none();
    return refill_note(p, size);
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
    if (!fault_is(f))
        f = keys_greeted(p, &hello);
    if (f.kind == FAULT_REFUSED)
        alarm_raise(p, "a revoked key was used",
                    "somebody greeted us as the partner with keys that he revoked");
    if (fault_is(f))
        return f;
    p->greeted = true;
    compare_clocks(p, hello.time);
    keys_shown(p, &hello);
    compare_keys(p, hello.head);
    alarm_clear(p, "the partner broke a rule");
    relation = relation_of(p, hello.head, &size);
    f = fall_behind(p, relation, size);
    if (!fault_is(f) && relation == HEAD_PREFIX && size >= p->head.binding)
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
    struct frame_push push;
    struct checkpoint c;
    struct fault f = frame_push_parse(payload, &push);
    uint32_t count = cursor_u32(verdicts);

    if (p->push_waits) /* payload and verdicts of the one before are still to be used */
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.hotline section 3: one PUSH at a time");
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
        f = keys_expect(p, &push);
    if (!fault_is(f) && p->mirror_open)
        f = note_verify_checkpoint(push.note, bytes_text(p->peer_origin),
                                   &p->peer_keys.tenure.author, &c, NULL);
    else if (!fault_is(f))
        f = fault_make(FAULT_ORDER, 0, "PROTOCOL.hotline section 3: PUSH before HELLO");
    if (!fault_is(f)) {
        buf_clear(&p->push);
        buf_bytes(&p->push, payload);
        conversation_push(&p->talk, link, push.first, c.size, &c.root, p->desk->tick, out);
    }
    return f;
}

static struct fault judged_mirror(struct desk_pact *p, uint32_t link, struct bytes payload,
                                  struct conversation_actions *out)
{
    struct frame_push m;
    struct fault f = frame_push_parse(payload, &m);

    if (!fault_is(f)) {
        buf_clear(&p->mirror_frame);
        buf_bytes(&p->mirror_frame, payload);
        conversation_mirror(&p->talk, link, m.first, m.first + m.count, p->desk->tick, out);
    }
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
        if (type == FRAME_HELLO)
            conversation_hello_refused(&p->talk, link, f.rule, &actions);
        else
            conversation_end(&p->talk, link, f.rule, &actions);
    }
    talk_act(p, &actions);
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

/* A HELLO whose link is not up. What it shows of ours, keys and head, proves itself, and a partner
 * who refuses us ends the link with it: gate's word of that may be here before judge's. */
static void hear_without_link(struct desk *d, struct bytes payload)
{
    struct frame_hello hello;
    struct desk_pact *p;
    uint64_t size;
    enum head_relation relation;
    struct fault f;

    if (fault_is(frame_hello_parse(payload, &hello)))
        return;
    p = pact_find(d, hello.agreement);
    if (p == NULL || p->log == NULL)
        return;
    keys_shown(p, &hello);
    relation = relation_of(p, hello.head, &size);
    f = fall_behind(p, relation, size);
    if (fault_is(f))
        d->host.say(d->host.context, "behind", f);
    else if (relation == HEAD_AHEAD)
        conversation_behind(&p->talk, size);
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
            talk_act(p, &actions);
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
        if (p == NULL && frame == FRAME_HELLO)
            hear_without_link(d, payload);
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
        talk_close(p, up->link, "the node is not ready yet");
        return;
    }
    conversation_link_up(&p->talk, up->link, up->dialled == p->own_is_first, p->desk->tick,
                         &actions);
    talk_act(p, &actions);
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
    if (p->push_waits && keys_are_behind(p)) { /* or no HELLO would be said on the next link */
        p->push_waits = false;
        hold_failed(p, false, "PROTOCOL.hotline 5: our keys are not all here");
    }
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

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "hotline/frame.h"
#include "ipc/link.h"

/* What the conversation (hotline/conversation.h) wants is done: frames, closing, evidence. */

void talk_send(struct desk_pact *p, enum process to, uint16_t type, const struct buf *body)
{
    p->desk->host.send(p->desk->host.context, to, type, buf_view(body));
}

void talk_send_frame(struct desk_pact *p, uint32_t link, enum frame_type type,
                     const struct buf *payload)
{
    struct link_frame frame = {link, (uint8_t)type, buf_view(payload)};
    struct buf body = {0};

    link_frame_write(&frame, &body);
    talk_send(p, PROCESS_GATE, MESSAGE_SEND, &body);
    buf_done(&body);
}

void talk_close(struct desk_pact *p, uint32_t link, const char *rule)
{
    struct link_end end = {link, bytes_text(rule), bytes_text("")};
    struct buf body = {0};

    snprintf(p->link_why, sizeof p->link_why, "we ended it: %s", rule);
    link_close_write(&end, &body);
    talk_send(p, PROCESS_GATE, MESSAGE_CLOSE, &body);
    buf_done(&body);
}

static void send_cosign(struct desk_pact *p, const struct conversation_action *a)
{
    struct buf payload = {0};

    frame_cosign_write(mirror_cosigned_note(&p->mirror), &payload);
    talk_send_frame(p, a->link, FRAME_COSIGN, &payload);
    buf_done(&payload);
}

static void ask_refill(struct desk_pact *p, const struct conversation_action *a)
{
    struct buf payload = {0};

    snprintf(p->fence, sizeof p->fence,
             "the log is behind a head that we signed: it is being filled from the partner's "
             "mirror");
    frame_refill_write(a->first, &payload);
    talk_send_frame(p, a->link, FRAME_REFILL, &payload);
    buf_done(&payload);
}

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
        greet_say(p, a);
        break;
    case CONVERSATION_PUSH:
        conversation_pushed(&p->talk, a->link, run_send(p, a, true), p->desk->tick, more);
        break;
    case CONVERSATION_MIRROR:
        (void)run_send(p, a, false);
        break;
    case CONVERSATION_HOLD:
        hold_push(p);
        break;
    case CONVERSATION_COSIGN:
        send_cosign(p, a);
        break;
    case CONVERSATION_REFILL:
        ask_refill(p, a);
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
        talk_close(p, a->link, a->rule);
        break;
    default:
        break;
    }
}

void talk_act(struct desk_pact *p, struct conversation_actions *actions)
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

void talk_own(struct desk_pact *p)
{
    struct conversation_actions actions = {.count = 0};

    conversation_own(&p->talk, p->head.stored, p->desk->tick, &actions);
    talk_act(p, &actions);
}

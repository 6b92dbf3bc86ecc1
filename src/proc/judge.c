/*
 * proc/judge.c - hosts judge/
 *
 * hears: SETUP; from gate LINK_UP, LINK_DOWN, FRAME (the partner's bytes, untrusted), POSTED (those
 *        of a TAXII client)
 * says:  to desk JUDGED, BAD; to exchange ENVELOPE
 * may:   nothing but use its channels      may not: open a file or a socket, see a key
 *
 * While desk's channel is full or desk is away, gate is not heard: the partner's bytes then wait
 * in his own socket and not in our memory. Gate has few bodies with us and exchange at a time
 * (door.h), so exchange's channel needs no such pause.
 */
#include "base/memory.h"
#include "io/log.h"
#include "ipc/asking.h"
#include "ipc/link.h"
#include "judge/judging.h"
#include "proc/children.h"
#include "proc/pacts.h"
#include "proc/process.h"
#include "stix/judged.h"

struct judge {
    struct self *self;
    struct pacts pacts;
    struct judging *judging;
    bool stopping;                  /* a posted body may still come: gate goes first */
    struct judging_verdict verdict; /* of the frame in hand */
    struct buf body, list;          /* of the message in hand */
};

/* Once it stops, it waits for nothing but gate's end, which who is paused does not hear. */
static void judge_pace(struct judge *j)
{
    process_pause(j->self, PROCESS_GATE, !j->stopping && !process_may_send(j->self, PROCESS_DESK));
}

static void renew(struct judge *j)
{
    judging_free(j->judging);
    j->judging = judging_new((const struct agreement *const *)j->pacts.agreement, j->pacts.count,
                             j->pacts.party);
}

static struct fault judge_begin(void *context, struct self *self)
{
    struct judge *j = context;
    struct fault f;

    j->self = self;
    f = pacts_read(process_setup(self), &j->pacts);
    if (fault_is(f))
        return f;
    process_forget(self);
    renew(j);
    judge_pace(j);
    return f;
}

static void say_bad(struct judge *j, uint32_t link, struct fault why)
{
    log_fault(LOG_LEVEL_WARN, "frame refused", why);
    buf_clear(&j->body);
    buf_u32(&j->body, link);
    buf_part(&j->body, bytes_text(why.rule));
    process_send(j->self, PROCESS_DESK, MESSAGE_BAD, buf_view(&j->body));
}

static void say_judged(struct judge *j, const struct link_frame *frame)
{
    const struct judging_verdict *v = &j->verdict;

    buf_clear(&j->body);
    buf_u32(&j->body, frame->link);
    buf_byte(&j->body, frame->type);
    buf_part(&j->body, frame->payload);
    if (frame->type == FRAME_PUSH || frame->type == FRAME_MIRROR)
        buf_u32(&j->body, v->count);
    for (uint32_t i = 0; i < v->count; i++) {
        buf_byte(&j->body, (uint8_t)v->entry[i].ground);
        buf_part(&j->body, bytes_text(v->entry[i].rule));
    }
    process_send(j->self, PROCESS_DESK, MESSAGE_JUDGED, buf_view(&j->body));
}

static struct fault hear_up(struct judge *j, struct bytes body)
{
    struct link_up up;
    struct fault f = link_up_parse(body, &up);

    if (fault_is(f))
        return f;
    f = judging_link_up(j->judging, up.link, up.agreement, up.party, up.dialled, up.exporter);
    if (fault_is(f))
        say_bad(j, up.link, f);
    return fault_none();
}

static struct fault hear_down(struct judge *j, struct bytes body)
{
    struct link_end down;
    struct fault f = link_down_parse(body, &down);

    if (!fault_is(f))
        judging_link_down(j->judging, down.link);
    return f;
}

static struct fault hear_frame(struct judge *j, struct bytes body)
{
    struct link_frame frame;
    struct fault f = link_frame_parse(body, &frame);

    if (fault_is(f))
        return f;
    f = judging_frame(j->judging, frame.link, frame.type, frame.payload, &j->verdict);
    if (fault_is(f))
        say_bad(j, frame.link, f);
    else
        say_judged(j, &frame);
    return fault_none();
}

/* What was posted: where each object begins, what it is, or why it is refused. */
static struct fault hear_posted(struct judge *j, struct bytes body)
{
    struct posting p;
    struct judged judged;
    struct fault f = posting_parse(body, &p);

    if (fault_is(f))
        return f;
    judged_read(p.body, &judged);
    buf_clear(&j->list);
    judged_write(&judged, p.body, &j->list);
    judged_done(&judged);
    p.judged = buf_view(&j->list);
    buf_clear(&j->body);
    posting_write(&p, &j->body);
    process_send(j->self, PROCESS_EXCHANGE, MESSAGE_ENVELOPE, buf_view(&j->body));
    return f;
}

static void judge_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    static const struct {
        uint16_t type;
        struct fault (*hear)(struct judge *j, struct bytes body);
    } messages[] = {{MESSAGE_LINK_UP, hear_up},
                    {MESSAGE_LINK_DOWN, hear_down},
                    {MESSAGE_FRAME, hear_frame},
                    {MESSAGE_POSTED, hear_posted}};
    struct judge *j = context;
    struct fault f = fault_make(FAULT_UNKNOWN, 0, "judge: a message that it does not hear");

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (from == PROCESS_GATE && messages[i].type == type)
            f = messages[i].hear(j, body);
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, process_name(from), f);
        process_stop(j->self, 1);
        return;
    }
    judge_pace(j);
}

static void judge_drained(void *context, enum process to)
{
    (void)to;
    judge_pace(context);
}

/* A new gate has new links; a new desk has heard of none: gate ends them and dials again. */
static void judge_neighbour(void *context, enum process other, bool here)
{
    struct judge *j = context;

    if (j->stopping && other == PROCESS_GATE) {
        process_stop(j->self, 0);
        return;
    }
    if (other == PROCESS_GATE && here)
        renew(j);
    judge_pace(j);
}

static void judge_stop(void *context)
{
    struct judge *j = context;

    j->stopping = true;
    judge_pace(j);
    if (!process_has(j->self, PROCESS_GATE))
        process_stop(j->self, 0);
}

int judge_main(void)
{
    static const struct process_use use = {
        .process = PROCESS_JUDGE,
        .brief = true,
        .suites = true,
        .rights = {.files = 16},
        .begin = judge_begin,
        .message = judge_message,
        .drained = judge_drained,
        .neighbour = judge_neighbour,
        .stop = judge_stop,
    };
    struct judge j = {0};
    int status = process_run(&use, &j);

    judging_free(j.judging);
    pacts_done(&j.pacts);
    buf_done(&j.body);
    buf_done(&j.list);
    return status;
}

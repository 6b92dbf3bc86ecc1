#include "watch/flows.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct flow {
    struct addr from, to; /* `from` began it */
    uint16_t from_port, to_port;
};

/* A ring: nearly all records ask nothing here, and those that do look at every id. */
struct flows {
    uint64_t id[FLOWS]; /* 0: none */
    struct flow flow[FLOWS];
    size_t next, count;
};

struct flows *flows_new(void)
{
    return memory_zeroed(1, sizeof(struct flows));
}

void flows_free(struct flows *f)
{
    free(f);
}

/* The record's flow, if `by` began it. */
static struct flow flow_of(const struct event *e, enum began by)
{
    if (by == BEGAN_SRC)
        return (struct flow){e->src, e->dest, e->src_port, e->dest_port};
    return (struct flow){e->dest, e->src, e->dest_port, e->src_port};
}

/* What tells of both ends, or of neither, tells nothing. */
static enum began one_of(bool src, bool dest)
{
    return src == dest ? BEGAN_UNSAID : src ? BEGAN_SRC : BEGAN_DEST;
}

static bool is_same(const struct flow *a, const struct flow *b)
{
    return a->from_port == b->from_port && a->to_port == b->to_port &&
           addr_compare(a->from, b->from) == 0 && addr_compare(a->to, b->to) == 0;
}

static void keep(struct flows *f, uint64_t id, const struct flow *flow)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->id[i] == id && is_same(&f->flow[i], flow))
            return;
    f->id[f->next] = id;
    f->flow[f->next] = *flow;
    f->next = (f->next + 1) % FLOWS;
    f->count += f->count < FLOWS;
}

/* Which end of this record began the flow, if a record before said so. An id with other ends is
 * another flow's. */
static enum began find(const struct flows *f, const struct event *e)
{
    const struct flow by_src = flow_of(e, BEGAN_SRC), by_dest = flow_of(e, BEGAN_DEST);
    bool src = false, dest = false;

    for (size_t i = 0; i < f->count; i++) {
        if (f->id[i] != e->flow)
            continue;
        src |= is_same(&f->flow[i], &by_src);
        dest |= is_same(&f->flow[i], &by_dest);
    }
    return one_of(src, dest);
}

/* The end that the record itself names; an address that is neither's, or both's, tells nothing. */
static enum began own_word(const struct event *e)
{
    struct addr a;

    if (fault_is(addr_parse(e->text[EVENT_TEXT_BEGAN], &a)))
        return BEGAN_UNSAID;
    return one_of(addr_compare(a, e->src) == 0, addr_compare(a, e->dest) == 0);
}

/* Is neither port a service's, or both? Else the port itself decides. */
static bool is_open(const struct event *e)
{
    return (service_by_port(e->src_port) == SERVICE_NONE) ==
           (service_by_port(e->dest_port) == SERVICE_NONE);
}

void flows_meet(struct flows *f, struct event *e)
{
    struct flow flow;

    if (e->family != FAMILY_EVE || e->has != EVENT_HAS_ENDS)
        return;
    if (e->text[EVENT_TEXT_BEGAN].len != 0) {
        e->began = own_word(e);
        if (e->began == BEGAN_UNSAID || e->flow == 0 || !is_open(e))
            return;
        flow = flow_of(e, e->began);
        keep(f, e->flow, &flow);
    } else if (f->count != 0 && e->service != SERVICE_NONE && e->flow != 0 && is_open(e)) {
        e->began = find(f, e);
        e->began_before = e->began != BEGAN_UNSAID;
    }
}

void flows_save(const struct flows *f, struct buf *out)
{
    buf_u32(out, (uint32_t)f->count);
    for (size_t i = 0; i < f->count; i++) {
        size_t at = (f->next + FLOWS - f->count + i) % FLOWS; /* the oldest first */

        buf_u64(out, f->id[at]);
        buf_add(out, f->flow[at].from.byte, sizeof f->flow[at].from.byte);
        buf_u16(out, f->flow[at].from_port);
        buf_add(out, f->flow[at].to.byte, sizeof f->flow[at].to.byte);
        buf_u16(out, f->flow[at].to_port);
    }
}

static void load_end(struct cursor *in, struct addr *addr, uint16_t *port)
{
    struct bytes b = cursor_take(in, sizeof addr->byte);

    if (b.len == sizeof addr->byte)
        memcpy(addr->byte, b.data, b.len);
    *port = cursor_u16(in);
}

void flows_load(struct flows *f, struct cursor *in)
{
    uint32_t n = cursor_u32(in);

    if (cursor_ok(in) && n > FLOWS)
        cursor_fail(in, FAULT_RANGE, in->at);
    for (uint32_t i = 0; i < n && cursor_ok(in); i++) {
        struct flow flow = {.from_port = 0};
        uint64_t id = cursor_u64(in);

        load_end(in, &flow.from, &flow.from_port);
        load_end(in, &flow.to, &flow.to_port);
        if (cursor_ok(in) && id == 0)
            cursor_fail(in, FAULT_RANGE, in->at);
        if (cursor_ok(in))
            keep(f, id, &flow);
    }
}

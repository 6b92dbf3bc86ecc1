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

static struct flow flow_of(const struct event *e)
{
    struct flow f = {e->src, e->dest, e->src_port, e->dest_port};

    return e->began == BEGAN_SRC ? f : (struct flow){f.to, f.from, f.to_port, f.from_port};
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
 * another flow's; one that was said to begin at both ends tells nothing. */
static enum began find(const struct flows *f, const struct event *e)
{
    const struct flow by_src = {e->src, e->dest, e->src_port, e->dest_port},
                      by_dest = {e->dest, e->src, e->dest_port, e->src_port};
    bool src = false, dest = false;

    for (size_t i = 0; i < f->count; i++) {
        if (f->id[i] != e->flow)
            continue;
        src |= is_same(&f->flow[i], &by_src);
        dest |= is_same(&f->flow[i], &by_dest);
    }
    return src == dest ? BEGAN_UNSAID : src ? BEGAN_SRC : BEGAN_DEST;
}

/* The end that the record itself names; an address that is neither's, or both's, tells nothing. */
static enum began own_word(const struct event *e)
{
    struct addr a;
    bool src, dest;

    if (fault_is(addr_parse(e->text[EVENT_TEXT_BEGAN], &a)))
        return BEGAN_UNSAID;
    src = addr_compare(a, e->src) == 0;
    dest = addr_compare(a, e->dest) == 0;
    return src == dest ? BEGAN_UNSAID : src ? BEGAN_SRC : BEGAN_DEST;
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
        flow = flow_of(e);
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

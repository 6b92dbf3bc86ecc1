#include <stdio.h>
#include <string.h>

#include "desk/state.h"
#include "ipc/sample.h"
#include "json/profile.h"

/* What watch sees becomes rows: state, incidents and samples in one transaction. */

void watch_start(struct desk *d)
{
    for (size_t i = 0; i < d->pact_count; i++) {
        struct desk_pact *p = &d->pact[i];
        struct buf body = {0}, state = {0};
        struct rows r = store_ask(d->store, QUERY_WATCH_GET, STORE_WITH(value_text(p->now->id)));

        if (rows_next(&r))
            buf_bytes(&state, row_bytes(&r, 1));
        if (fault_is(rows_done(&r)))
            alarm_raise(p, "store", "the state of watch cannot be read");
        buf_part(&body, bytes_text(p->now->id));
        buf_part(&body, buf_view(&state));
        d->host.send(d->host.context, PROCESS_WATCH, MESSAGE_WATCH_START, buf_view(&body));
        buf_done(&body);
        buf_done(&state);
    }
    d->watching = true;
}

static struct fault commit(struct desk_pact *p, struct cursor *in, uint64_t *sequence)
{
    struct store *s = p->desk->store;
    struct bytes state, sources;
    struct fault f = store_begin(s);
    uint32_t count;

    *sequence = cursor_u64(in);
    state = cursor_part(in, MESSAGE_MAX);
    count = cursor_u32(in);
    for (uint32_t i = 0; i < count && cursor_ok(in) && !fault_is(f); i++)
        f = incident_put(p, cursor_part(in, 1 << 20));
    count = cursor_u32(in);
    for (uint32_t i = 0; i < count && cursor_ok(in) && !fault_is(f); i++) {
        struct sample sample;

        sample_take(in, &sample);
        if (cursor_ok(in))
            f = incident_sample(p, &sample);
    }
    sources = cursor_part(in, 1 << 20);
    count = cursor_u32(in);
    for (uint32_t i = 0; i < count && cursor_ok(in) && !fault_is(f); i++)
        f = hit_put(p, cursor_part(in, 1 << 16));
    cursor_end(in);
    if (!fault_is(f))
        f = in->fault;
    if (!fault_is(f))
        f = store_do(s, QUERY_WATCH_PUT, NULL,
                     STORE_WITH(value_text(p->now->id), value_integer((int64_t)*sequence),
                                value_blob(state), (struct value){VALUE_TEXT, 0, sources}));
    if (!fault_is(f))
        return store_commit(s);
    store_rollback(s);
    record_forget(p);
    return f;
}

struct fault watch_heard(struct desk *d, uint16_t type, struct bytes body)
{
    struct cursor in = cursor_over(body, "ipc: WATCH_COMMIT");
    struct bytes id = cursor_part(&in, AGREEMENT_ID);
    struct desk_pact *p = pact_find(d, id);
    struct buf done = {0};
    uint64_t sequence;
    struct fault f;

    if (type != MESSAGE_WATCH_COMMIT)
        return fault_make(FAULT_UNKNOWN, 0, "ipc: watch says what desk does not hear");
    if (p == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "ipc: watch names an agreement that is not here");
    f = commit(p, &in, &sequence);
    if (fault_is(f)) /* also a full disk: desk and watch begin anew from what is durable */
        return f;
    buf_part(&done, bytes_text(p->now->id));
    buf_u64(&done, sequence);
    d->host.send(d->host.context, PROCESS_WATCH, MESSAGE_WATCH_COMMITTED, buf_view(&done));
    buf_done(&done);
    return fault_none();
}

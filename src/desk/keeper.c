#include <string.h>

#include "desk/state.h"

/* What keeper answers, and what it remembers. */

enum { KEEPER_LACKING = 4096 /* bytes: 24 keys, a line each */ };

static struct fault keeper_state(struct desk *d, struct cursor *in)
{
    uint32_t count = cursor_u32(in);
    struct fault f = fault_none();

    for (uint32_t i = 0; i < count && cursor_ok(in); i++) {
        struct desk_pact *p = pact_find(d, cursor_part(in, 64));
        struct bytes origin = cursor_part(in, ROLES_ORIGIN);
        uint64_t size = cursor_u64(in);
        struct bytes root = cursor_take(in, 32);
        int64_t time = (int64_t)cursor_u64(in);
        struct bytes lacking = cursor_part(in, KEEPER_LACKING);

        if (p == NULL || !cursor_ok(in))
            continue;
        if (bytes_is(origin, p->origin)) {
            p->kept_own = size;
            memcpy(p->kept_root.byte, root.data, sizeof p->kept_root.byte);
            buf_clear(&p->lacking);
            buf_bytes(&p->lacking, lacking);
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
        p->unnamed = 0;
        if (p->log == NULL)
            f = pact_open(p);
        if (fault_is(f))
            return f;
        keys_lacking(p, buf_view(&p->lacking));
        refill_keeper(p);
        if (!refill_is_due(p) && p->mirror_open)
            f = hold_catch_up(p);
        if (fault_is(f))
            return f;
        commit_go(p);
    }
    return in->fault;
}

static struct fault cosign_refused(struct desk_pact *p, struct cursor *in)
{
    char rule[DESK_WHY];

    if (!bytes_to_text(cursor_part(in, 1000), rule, sizeof rule))
        snprintf(rule, sizeof rule, "keeper refused to cosign");
    cursor_end(in);
    p->cosigning = false;
    alarm_raise(p, "keeper refused to cosign", rule);
    hold_failed(p, false, "keeper refused to cosign");
    return in->fault;
}

/* A HELLO that names KEYS whose hello keys keeper has not is said again without the last of them: a
 * partner lets us in by the keys before, unless they were revoked. */
static void hello_refused(struct desk_pact *p, struct bytes lacking)
{
    if (lacking.len == 0 || p->unnamed >= p->own_keys.said_count)
        return;
    if (p->unnamed++ == 0)
        keys_lacking(p, lacking);
    greet_again(p);
}

static struct fault refused(struct desk_pact *p, struct cursor *in)
{
    uint16_t what = cursor_u16(in);
    struct bytes rule = cursor_part(in, 1000), lacking = cursor_part(in, KEEPER_LACKING);

    (void)rule; /* keeper has logged it */
    cursor_end(in);
    if (!cursor_ok(in))
        return in->fault;
    p->desk->host.say(p->desk->host.context, "keeper refused",
                      fault_make(FAULT_REFUSED, 0, "see keeper's own log line"));
    if (what == MESSAGE_CATCH_UP)
        alarm_raise(p, "keeper", "keeper refuses what came back from the partner's mirror");
    if (what == MESSAGE_HELLO_SIGN)
        hello_refused(p, lacking);
    return fault_none();
}

struct fault keeper_heard(struct desk *d, uint16_t type, struct bytes body)
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
        return hold_cosigned(p, cursor_part(&in, NOTE_MAX));
    case MESSAGE_COSIGN_REFUSED:
        return cosign_refused(p, &in);
    case MESSAGE_HELLO_SIGNED:
        return greet_signed(p, &in);
    case MESSAGE_KEEPER_REFUSED:
        return refused(p, &in);
    default:
        return fault_make(FAULT_UNKNOWN, 0, "ipc: keeper says what desk does not hear");
    }
}

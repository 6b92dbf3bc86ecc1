#include "hotline/conversation.h"

#include <assert.h>

/* Adds one thing to do on the present link. */
static void ask(struct conversation *c, struct conversation_actions *out, enum conversation_do what,
                uint64_t first, uint64_t size, const char *rule)
{
    assert(out->count < CONVERSATION_ACTIONS);
    out->item[out->count++] = (struct conversation_action){what, c->link, first, size, rule};
}

/* Forgets the link and all that was soft about it. */
static void leave(struct conversation *c)
{
    c->up = c->hello_asked = c->hello_sent = c->hello_heard = c->refilling = false;
    c->theirs = c->flying = 0;
    c->refused = NULL;
}

static void end(struct conversation *c, const char *rule, struct conversation_actions *out)
{
    ask(c, out, CONVERSATION_CLOSE, 0, 0, rule);
    leave(c);
}

/* Is this from the link that we talk on? Then it was heard. */
static bool hear(struct conversation *c, uint32_t link, struct tick now)
{
    if (!c->up || link != c->link)
        return false;
    c->heard = now;
    return true;
}

static bool is_greeted(const struct conversation *c)
{
    return c->up && c->hello_sent && c->hello_heard;
}

/* Both HELLO are through? If not, the partner is out of turn and the link ends. */
static bool in_turn(struct conversation *c, const char *rule, struct conversation_actions *out)
{
    if (is_greeted(c))
        return true;
    end(c, rule, out);
    return false;
}

/* HELLO waits until what an earlier link brought is held: it tells the partner where to go on, and
 * must not be overtaken by a cosignature that comes later. */
static void greet(struct conversation *c, struct conversation_actions *out)
{
    if (!c->up || c->hello_asked || c->holding)
        return;
    c->hello_asked = true;
    ask(c, out, CONVERSATION_HELLO, 0, 0, NULL);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Says what is to be said next, if anything (C1, C2, C4). */
static void go_on(struct conversation *c, struct tick now, struct conversation_actions *out)
{
    uint64_t ready = least(c->own, c->posted);

    if (!is_greeted(c))
        return;
    if (c->target != 0 && !c->refilling) {
        c->refilling = true;
        c->heard = now;
        ask(c, out, CONVERSATION_REFILL, c->own, 0, NULL);
    }
    if (c->target != 0 || c->flying != 0 || ready <= c->theirs)
        return;
    ask(c, out, CONVERSATION_PUSH, c->theirs, least(ready, c->theirs + FRAME_ENTRIES), NULL);
}

void conversation_init(struct conversation *c, const struct conversation_start *start)
{
    size_t len = strlen(start->partner);

    assert(len < sizeof c->partner);
    *c = (struct conversation){0};
    memcpy(c->partner, start->partner, len);
    c->own = start->own;
    c->bound = start->bound;
    c->posted = start->bound;
    c->mirror = start->mirror;
    c->mirror_root = start->mirror_root;
    c->barred = start->barred;
    c->target = start->behind > start->own ? start->behind : 0;
}

void conversation_link_up(struct conversation *c, uint32_t link, bool dialled_by_first,
                          struct tick now, struct conversation_actions *out)
{
    if (c->up && c->dialled_by_first && !dialled_by_first) {
        ask(c, out, CONVERSATION_CLOSE, 0, 0, "PROTOCOL.hotline 1: another link stays");
        out->item[out->count - 1].link = link;
        return;
    }
    if (c->up)
        end(c, "PROTOCOL.hotline 1: another link stays", out);
    c->up = true;
    c->link = link;
    c->dialled_by_first = dialled_by_first;
    c->heard = now;
    if (c->barred)
        end(c, "DESIGN 5, rule 1: no entry at all was sent; a new genesis is needed", out);
    greet(c, out);
}

void conversation_link_down(struct conversation *c, uint32_t link)
{
    if (c->up && c->link == link)
        leave(c);
}

void conversation_own(struct conversation *c, uint64_t size, struct tick now,
                      struct conversation_actions *out)
{
    if (size > c->own)
        c->own = size;
    go_on(c, now, out);
}

void conversation_hello_sent(struct conversation *c, uint32_t link, struct tick now,
                             struct conversation_actions *out)
{
    if (!c->up || link != c->link)
        return;
    c->hello_sent = true;
    if (c->refused != NULL)
        end(c, c->refused, out);
    else
        go_on(c, now, out);
}

void conversation_hello_refused(struct conversation *c, uint32_t link, const char *rule,
                                struct conversation_actions *out)
{
    if (!c->up || link != c->link)
        return;
    if (c->hello_sent)
        end(c, rule, out);
    else
        c->refused = rule;
}

/* Our log is binding up to here. */
static void bind_to(struct conversation *c, uint64_t size, struct conversation_actions *out)
{
    if (size > c->theirs)
        c->theirs = size;
    if (size <= c->bound)
        return;
    c->bound = size;
    if (c->posted < size)
        c->posted = size; /* the partner has them: nothing is left to post */
    ask(c, out, CONVERSATION_BOUND, 0, size, NULL);
}

static void fork_found(struct conversation *c, struct conversation_actions *out)
{
    static const char rule[] = "PROTOCOL.hotline 5: our own log contradicts a head that we signed";

    ask(c, out, CONVERSATION_ALARM, 0, 0, rule);
    end(c, rule, out);
}

void conversation_behind(struct conversation *c, uint64_t size)
{
    if (size > c->own && size > c->target)
        c->target = size;
}

/* Takes in a head of our own log. False if the link ended over it. */
static bool own_head(struct conversation *c, enum head_relation relation, uint64_t size,
                     struct conversation_actions *out)
{
    switch (relation) {
    case HEAD_PREFIX:
        bind_to(c, size, out);
        return true;
    case HEAD_AHEAD:
        conversation_behind(c, size);
        return true;
    case HEAD_CONTRADICTS:
        fork_found(c, out);
        return false;
    case HEAD_NONE:
        break;
    }
    return true;
}

void conversation_hello(struct conversation *c, uint32_t link, enum head_relation relation,
                        uint64_t size, struct tick now, struct conversation_actions *out)
{
    if (!hear(c, link, now))
        return;
    if (c->hello_heard) {
        end(c, "PROTOCOL.hotline 2: HELLO once", out);
        return;
    }
    c->hello_heard = true;
    if (own_head(c, relation, size, out))
        go_on(c, now, out);
}

void conversation_pushed(struct conversation *c, uint32_t link, uint64_t size, struct tick now,
                         struct conversation_actions *out)
{
    if (!c->up || link != c->link)
        return;
    if (size <= c->theirs) {
        end(c, "PROTOCOL.hotline 2: no signed head within 256 entries and 4 MiB", out);
        return;
    }
    c->flying = size;
    c->heard = now;
}

void conversation_cosign(struct conversation *c, uint32_t link, enum head_relation relation,
                         uint64_t size, struct tick now, struct conversation_actions *out)
{
    if (!hear(c, link, now) || !in_turn(c, "PROTOCOL.hotline 3: COSIGN before HELLO", out))
        return;
    if (relation == HEAD_NONE) {
        end(c, "PROTOCOL.hotline 2: COSIGN of a head that is not ours", out);
        return;
    }
    if (!own_head(c, relation, size, out))
        return;
    if (size >= c->flying)
        c->flying = 0;
    go_on(c, now, out);
}

static void contradicted(struct conversation *c, const char *rule, struct conversation_actions *out)
{
    ask(c, out, CONVERSATION_EVIDENCE, 0, 0, rule);
    end(c, rule, out);
}

void conversation_push(struct conversation *c, uint32_t link, uint64_t first, uint64_t size,
                       const struct digest *root, struct tick now, struct conversation_actions *out)
{
    if (!hear(c, link, now) || !in_turn(c, "PROTOCOL.hotline 3: PUSH before HELLO", out))
        return;
    if (c->holding) {
        end(c, "PROTOCOL.hotline 3: one PUSH without COSIGN at a time", out);
    } else if (size < c->mirror) {
        contradicted(c, "PROTOCOL.hotline 4: the head is smaller than one already cosigned", out);
    } else if (first > c->mirror) {
        end(c, "PROTOCOL.hotline 3: PUSH with a gap", out);
    } else if (size == c->mirror) {
        if (memcmp(root, &c->mirror_root, sizeof *root) != 0 && size != 0)
            contradicted(c, "PROTOCOL.hotline 4: another root at a size already cosigned", out);
        else
            ask(c, out, CONVERSATION_COSIGN, 0, size, NULL);
    } else {
        c->holding = true;
        c->holding_link = link;
        ask(c, out, CONVERSATION_HOLD, c->mirror, size, NULL);
    }
}

void conversation_held(struct conversation *c, uint64_t size, const struct digest *root,
                       struct tick now, struct conversation_actions *out)
{
    assert(c->holding && size > c->mirror);
    c->holding = false;
    c->mirror = size;
    c->mirror_root = *root;
    if (is_greeted(c) && c->holding_link == c->link)
        ask(c, out, CONVERSATION_COSIGN, 0, size, NULL);
    greet(c, out);
    go_on(c, now, out);
}

void conversation_not_held(struct conversation *c, bool contradicts, const char *rule,
                           struct tick now, struct conversation_actions *out)
{
    bool same_link = c->up && c->holding_link == c->link;

    assert(c->holding);
    c->holding = false;
    if (contradicts)
        ask(c, out, CONVERSATION_EVIDENCE, 0, 0, rule);
    if (same_link)
        end(c, rule, out);
    greet(c, out);
    go_on(c, now, out);
}

void conversation_refill(struct conversation *c, uint32_t link, uint64_t from, struct tick now,
                         struct conversation_actions *out)
{
    if (!hear(c, link, now) || !in_turn(c, "PROTOCOL.hotline 3: REFILL before HELLO", out))
        return;
    if (from >= c->mirror)
        end(c, "PROTOCOL.hotline 5: nothing to refill from there", out);
    else
        ask(c, out, CONVERSATION_MIRROR, from, least(c->mirror, from + FRAME_ENTRIES), NULL);
}

void conversation_mirror(struct conversation *c, uint32_t link, uint64_t first, uint64_t size,
                         struct tick now, struct conversation_actions *out)
{
    if (!hear(c, link, now) || !in_turn(c, "PROTOCOL.hotline 3: MIRROR before HELLO", out))
        return;
    if (!c->refilling)
        end(c, "PROTOCOL.hotline 5: MIRROR that nobody asked for", out);
    else if (first > c->own || size <= c->own)
        end(c, "PROTOCOL.hotline 5: MIRROR of another range", out);
    else
        ask(c, out, CONVERSATION_RESTORE, c->own, size, NULL);
}

void conversation_restored(struct conversation *c, uint64_t size, struct tick now,
                           struct conversation_actions *out)
{
    bool went_on = size > c->own;

    c->refilling = false;
    if (!went_on) {
        if (c->up)
            end(c, "PROTOCOL.hotline 5: the MIRROR does not make our signed head", out);
        return;
    }
    c->own = size;
    if (c->own >= c->target)
        c->target = 0;
    bind_to(c, size, out); /* it lies under a head that the partner cosigned */
    go_on(c, now, out);
}

void conversation_end(struct conversation *c, uint32_t link, const char *rule,
                      struct conversation_actions *out)
{
    if (c->up && link == c->link)
        end(c, rule, out);
}

bool conversation_due(const struct conversation *c, struct tick *out)
{
    if (!c->up || (c->flying == 0 && !c->refilling && is_greeted(c)))
        return false;
    out->us = c->heard.us + (int64_t)CONVERSATION_SILENCE * 1000000;
    return true;
}

void conversation_tick(struct conversation *c, struct tick now, struct conversation_actions *out)
{
    struct tick due;

    if (conversation_due(c, &due) && now.us >= due.us)
        end(c, "PROTOCOL.hotline 6: 60 seconds of silence", out);
}

bool conversation_is_at_rest(const struct conversation *c)
{
    return is_greeted(c) && c->flying == 0 && !c->holding && c->target == 0 &&
           c->theirs >= least(c->own, c->posted);
}

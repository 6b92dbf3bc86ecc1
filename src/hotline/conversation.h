/*
 * conversation.h - the conversation with one partner under one agreement: docs/PROTOCOL.hotline
 * sections 3 to 6 as a machine without socket, file or clock.
 *
 * Its host (desk) brings what happened, and does what comes back, in that order. The machine knows
 * sizes and roots; the bytes, the notes and their signatures are the host's and judge's. Whatever
 * it holds is soft: what survives a kill is what the ledger holds, and conversation_init takes it
 * from there. What a link that is no longer ours still brings is ignored by its number.
 *
 * Invariants (tests/hotline/conversation.c wires two together over a bad line):
 *  C1 at most one PUSH of ours is unanswered, and we hold at most one PUSH of theirs unanswered;
 *  C2 only what hotline_post took is ever in a PUSH;
 *  C3 nothing of theirs is answered by COSIGN before the host said that it is held;
 *  C4 while we are behind our own signed head, nothing of ours is pushed;
 *  C5 without news on either side the link carries nothing.
 */
#ifndef PARLEY_HOTLINE_CONVERSATION_H
#define PARLEY_HOTLINE_CONVERSATION_H

#include "base/clock.h"
#include "hotline/frame.h"
#include "model/entry.h"

enum {
    CONVERSATION_ACTIONS = 8,  /* one input never asks for more; asserted */
    CONVERSATION_SILENCE = 60, /* seconds; PROTOCOL.hotline section 6 */
    CONVERSATION_PARTY = ENTRY_NAME,
};

/* How a head of OUR log that the partner shows stands to the log that we have. The host finds out:
 * judge checked the cosignature, the host checks our own signature and the root at that size. */
enum head_relation {
    HEAD_NONE = 0,    /* none shown, or without a valid signature of ours: it proves nothing */
    HEAD_PREFIX,      /* the root of our log at that size */
    HEAD_AHEAD,       /* larger than our log, and ours: we are behind */
    HEAD_CONTRADICTS, /* ours, but not the root of our log at that size: our log was forked */
};

enum conversation_do {
    CONVERSATION_NOTHING = 0,
    CONVERSATION_HELLO, /* build HELLO (with the mirror's newest cosigned note), have keeper sign
                           it, send it, then conversation_hello_sent */
    CONVERSATION_PUSH,  /* send own entries from `first` on, at most to `size`, up to a size for
                           which there is a signed note (count 0 never); then at once
                           conversation_pushed with the size chosen */
    CONVERSATION_HOLD,  /* append the entries [first, size) of the PUSH in hand to the mirror, check
                           the root, sync, have keeper cosign; then conversation_held or
                           conversation_not_held */
    CONVERSATION_COSIGN,   /* send the newest cosigned note of the mirror again or for the first
                              time; its size is `size` */
    CONVERSATION_BOUND,    /* our log is binding up to `size`: keep the note in hand */
    CONVERSATION_REFILL,   /* send REFILL from `first`; do not let keeper sign */
    CONVERSATION_RESTORE,  /* verify the MIRROR in hand against its note (signed by us), append
                              [first, size) to our own log, sync; then conversation_restored */
    CONVERSATION_MIRROR,   /* send the partner's own entries from `first` on, at most to `size`, up
                              to a size for which there is a note */
    CONVERSATION_EVIDENCE, /* keep the partner's note in hand and the one that it contradicts */
    CONVERSATION_ALARM,    /* our own log contradicts a head that we signed: stop signing, tell the
                              officer; `rule` */
    CONVERSATION_CLOSE,    /* BYE with `rule`, then close the link `link` */
};

struct conversation_action {
    enum conversation_do what;
    uint32_t link;
    uint64_t first, size;
    const char *rule; /* static */
};

struct conversation_actions {
    struct conversation_action item[CONVERSATION_ACTIONS];
    size_t count;
};

/* What the ledger holds when the process starts. */
struct conversation_start {
    const char *partner; /* party id */
    uint64_t own;        /* size of our log: synced and signed */
    uint64_t bound;      /* of it the partner cosigned this much */
    uint64_t mirror;     /* size of the partner's log as we cosigned it */
    struct digest mirror_root;
    bool barred;     /* the partner sent what is no entry at all, and no new genesis yet */
    uint64_t behind; /* the size of a head that we signed and were shown; 0 if our log reaches it */
};

struct conversation {
    char partner[CONVERSATION_PARTY];
    /* from the ledger */
    uint64_t own, bound, mirror;
    struct digest mirror_root;
    bool barred;
    uint64_t posted; /* entries [0, posted) have passed the doors */
    /* of the link */
    bool up, dialled_by_first;
    uint32_t link;
    bool hello_asked, hello_sent, hello_heard;
    const char *refused; /* the rule by which the partner's HELLO was; NULL: it was not */
    uint64_t theirs;     /* the partner holds this much of our log, as far as this link told */
    uint64_t flying;     /* size of the PUSH not answered; 0: none */
    uint64_t target;     /* we are behind: size of the head to reach; 0: we are not */
    bool refilling;
    struct tick heard; /* when the link last said something */
    /* of what we are holding; outlives a link */
    bool holding;
    uint32_t holding_link;
};

void conversation_init(struct conversation *c, const struct conversation_start *start);

/* Every input appends to *out what is to be done. `link` is gate's number of the link. */

/* A link is up. `dialled_by_first`: the party first in the agreement dialled it; of two links
 * that one stays, and of two such the younger one. */
void conversation_link_up(struct conversation *c, uint32_t link, bool dialled_by_first,
                          struct tick now, struct conversation_actions *out);
void conversation_link_down(struct conversation *c, uint32_t link);

/* Our log grew: `size` is synced and signed. Call it after hotline_post. */
void conversation_own(struct conversation *c, uint64_t size, struct tick now,
                      struct conversation_actions *out);

/* The partner's HELLO, judged and refused by `rule`, a static text. The link ends by it as soon as
 * ours is sent (PROTOCOL.hotline section 5: he may have lost the KEYS that it shows). */
void conversation_hello_refused(struct conversation *c, uint32_t link, const char *rule,
                                struct conversation_actions *out);

/* HELLO was handed to gate. */
void conversation_hello_sent(struct conversation *c, uint32_t link, struct tick now,
                             struct conversation_actions *out);

/* The partner's HELLO, judged. `size` is its head's, 0 for HEAD_NONE. */
void conversation_hello(struct conversation *c, uint32_t link, enum head_relation relation,
                        uint64_t size, struct tick now, struct conversation_actions *out);

/* A head of ours of this size was shown on a link that is gone: HEAD_AHEAD, as a HELLO would say.
 */
void conversation_behind(struct conversation *c, uint64_t size);

/* The PUSH asked for was sent, up to `size`. A size not above the PUSH's first says that no head is
 * in reach (256 entries or 4 MiB without a note): the link is closed with that rule. */
void conversation_pushed(struct conversation *c, uint32_t link, uint64_t size, struct tick now,
                         struct conversation_actions *out);

/* A COSIGN, judged. */
void conversation_cosign(struct conversation *c, uint32_t link, enum head_relation relation,
                         uint64_t size, struct tick now, struct conversation_actions *out);

/* A PUSH, judged: entries [first, size) under a note of this size and root. */
void conversation_push(struct conversation *c, uint32_t link, uint64_t first, uint64_t size,
                       const struct digest *root, struct tick now,
                       struct conversation_actions *out);

/* What CONVERSATION_HOLD asked for is done: held and cosigned up to `size`. */
void conversation_held(struct conversation *c, uint64_t size, const struct digest *root,
                       struct tick now, struct conversation_actions *out);

/* It could not be done. `contradicts`: the note's root does not extend the mirror. */
void conversation_not_held(struct conversation *c, bool contradicts, const char *rule,
                           struct tick now, struct conversation_actions *out);

void conversation_refill(struct conversation *c, uint32_t link, uint64_t from, struct tick now,
                         struct conversation_actions *out);

/* A MIRROR: our own entries [first, size), judged as far as judge can. */
void conversation_mirror(struct conversation *c, uint32_t link, uint64_t first, uint64_t size,
                         struct tick now, struct conversation_actions *out);

/* What CONVERSATION_RESTORE asked for is done, or `size` is where our log still stands. */
void conversation_restored(struct conversation *c, uint64_t size, struct tick now,
                           struct conversation_actions *out);

/* The partner broke a rule (judge's MESSAGE_BAD, or a BYE): the link ends. */
void conversation_end(struct conversation *c, uint32_t link, const char *rule,
                      struct conversation_actions *out);

/* Time passed: closes a link that is silent while a PUSH or REFILL waits. */
void conversation_tick(struct conversation *c, struct tick now, struct conversation_actions *out);

/* When conversation_tick is due; false if nothing waits. */
bool conversation_due(const struct conversation *c, struct tick *out);

/* Are we behind our own signed head? Then nothing may be signed (the start-up fence). */
static inline bool conversation_is_behind(const struct conversation *c)
{
    return c->target != 0;
}

/* Has everything been said and answered on a link that is up? */
bool conversation_is_at_rest(const struct conversation *c);

#endif

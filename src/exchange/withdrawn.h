/*
 * withdrawn.h - objects that a RETRACT took back, on their way out of the store.
 *
 * What we took back leaves the collections of the partner's root that we fill, what the partner
 * took back what he brought us or we pulled: each with a tombstone that says "withdrawn". Known by
 * the digest of an object's bytes, which no index has, so the collections are walked in steps.
 * Collections of our own are let be: that we do not share a thing does not make it untrue.
 */
#ifndef PARLEY_EXCHANGE_WITHDRAWN_H
#define PARLEY_EXCHANGE_WITHDRAWN_H

#include "crypto/digest.h"
#include "exchange/config.h"
#include "exchange/shelf.h"

enum { WITHDRAWN_STEP = 200 }; /* objects looked at in one step */

struct withdrawn_object {
    struct digest digest;
    char agreement[CONFIG_NAME];
    bool theirs;
};

struct withdrawn {
    struct withdrawn_object *list; /* what is looked for, ascending by digest while `walking` */
    size_t count, room;
    bool walking;
    int64_t collection; /* being walked; 0 before the first */
    struct instant after;
    unsigned whose; /* of that collection: bit 0 ours, bit 1 theirs */
    char agreement[CONFIG_NAME];
};

/* One more; the walk begins anew. */
void withdrawn_add(struct withdrawn *w, struct bytes agreement, bool theirs, struct bytes digest);

/* A step of the walk, in a transaction of its own. *dropped: how many objects went. `w` has nothing
 * left (count 0) behind the last. */
MUST_CHECK struct fault withdrawn_step(struct withdrawn *w, const struct config *c, struct store *s,
                                       struct instant now, size_t *dropped);

void withdrawn_done(struct withdrawn *w);

#endif

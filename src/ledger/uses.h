/*
 * uses.h - the permits that were used up, each with the moment at which it expires.
 *
 * An exact set, found by the permit's digest in constant time: a group of statements asks it once
 * for each of them, and it holds a week's. Knows no file and no rule: keeping.h does.
 */
#ifndef PARLEY_LEDGER_USES_H
#define PARLEY_LEDGER_USES_H

#include "base/clock.h"
#include "crypto/digest.h"

struct use {
    struct digest permit;
    struct instant expires;
};

/* A zeroed one is empty. In the order in which they were put. */
struct uses {
    struct use *use; /* owned */
    size_t count, room;
    uint64_t *slot; /* open addressing: 32 bits of the digest, position + 1; 0 is free; owned */
    size_t slots;   /* a power of two, at least twice the count */
};

void uses_done(struct uses *u);
void uses_clear(struct uses *u); /* empty again, its room is kept */

bool uses_has(const struct uses *u, const struct digest *permit);

/* Puts one; false where its permit is there already, and then nothing changes. */
bool uses_put(struct uses *u, const struct use *use);

/* Forgets what expires up to `now`; answers the latest such moment in seconds, INT64_MIN if
 * nothing was forgotten. */
int64_t uses_forget(struct uses *u, struct instant now);

#endif

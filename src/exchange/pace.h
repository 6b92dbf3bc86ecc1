/*
 * pace.h - how often somebody may ask: each visitor, and who guesses at passwords.
 *
 * Buckets that fill with time. A visitor who asks too fast is told when to come again, and the
 * others do not notice him. A password that is met for the first time costs a slow hash: how many
 * of those an address may cost us, and all together, is bounded before it is computed. Time is an
 * argument.
 */
#ifndef PARLEY_EXCHANGE_PACE_H
#define PARLEY_EXCHANGE_PACE_H

#include "base/bytes.h"
#include "base/clock.h"
#include "exchange/config.h"

enum {
    PACE_BURST = 5,        /* seconds' worth that a visitor may ask at once */
    PACE_GUESSES = 5,      /* of one address at once .. */
    PACE_GUESS_EVERY = 2,  /* .. and then one in so many seconds */
    PACE_HASHES = 30,      /* of all addresses at once: two seconds of a core .. */
    PACE_HASHES_RATE = 10, /* .. and then so many a second */
    PACE_SOURCES =
        1024, /* addresses told apart; two may share a bucket, and nobody can choose to */
};

struct pace; /* opaque, owned */

struct pace *pace_new(void);
void pace_free(struct pace *p); /* NULL is fine */

/* May this visitor ask now? `rate` requests a second. If not, *wait is in how many seconds. */
bool pace_visit(struct pace *p, size_t visitor, unsigned rate, struct instant now, uint16_t *wait);

/* May a slow hash be computed for whoever asks from there? */
bool pace_guess(struct pace *p, struct bytes from, struct instant now, uint16_t *wait);

#endif

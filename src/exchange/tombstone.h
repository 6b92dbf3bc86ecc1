/*
 * tombstone.h - what was taken away, signed: so that a reader can show that it was withdrawn.
 *
 * The exchange's own ed25519 key, made once and kept in its store, signs
 *
 *     parley-tombstone/v1
 *     collection UUID
 *     id ID
 *     spec VERSION
 *     version TIME
 *     what deleted|expired|withdrawn
 *     time TIME
 *
 * each line with a newline. Its public half stands in every API root's resource. It says nothing
 * about a statement: the ledger's keys are keeper's, and elsewhere.
 */
#ifndef PARLEY_EXCHANGE_TOMBSTONE_H
#define PARLEY_EXCHANGE_TOMBSTONE_H

#include "exchange/shelf.h"

enum {
    TOMBSTONE_SEED = 32,
    TOMBSTONE_KEY = 44 + 1,       /* base64 of the public half, and a NUL */
    TOMBSTONE_SIGNATURE = 88 + 1, /* base64, and a NUL */
};

struct tombstone_key; /* opaque, owned; wiped when freed */

struct tombstone_key *tombstone_key_new(const uint8_t *seed);
void tombstone_key_free(struct tombstone_key *k); /* NULL is fine */
void tombstone_key_public(const struct tombstone_key *k, char *out);

/* `out` has TOMBSTONE_SIGNATURE bytes. */
void tombstone_sign(const struct tombstone_key *k, const char *collection,
                    const struct shelf_change *gone, char *out);

#endif

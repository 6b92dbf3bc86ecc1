/*
 * several.h - one thing signed by several suites at once: "all of", never "any of".
 *
 * Spelled as two strings: the suites' names with "," between them, and the signatures in the same
 * order. One signature stands bare; of more each is u32 length (big-endian) and its bytes
 * (docs/PROTOCOL.ledger section 2). Who checks brings the keys that must have signed: a name
 * that is missing, stands twice or was not asked for is a fault, and the rule names the suite.
 */
#ifndef PARLEY_CRYPTO_SEVERAL_H
#define PARLEY_CRYPTO_SEVERAL_H

#include "crypto/domain.h"

enum {
    SEVERAL_MAX = 8,                          /* suites of an agreement */
    SEVERAL_NAMES = SEVERAL_MAX * SUITE_NAME, /* their names, the commas and a NUL */
    SEVERAL_BYTES = SEVERAL_MAX * (4 + SUITE_SIGNATURE_MAX),
};

/* A key that must have signed; borrowed. */
struct several_key {
    const struct suite *suite;
    struct bytes key;
};

/* Appends names and signatures, in the order of the keys: 1 to SEVERAL_MAX, each of another
 * suite. */
void several_sign(struct secret *const *keys, size_t count, enum domain purpose,
                  struct bytes agreement, struct bytes bytes, struct buf *names,
                  struct buf *signatures);

/*
 * Did every one of these keys sign, and nobody else? Keys are each of another suite. Faults:
 * MISSING (a suite, also where another stands in its place), EXTRA (more signatures than keys, or
 * bytes behind them), SHORT, LIMIT; UNKNOWN, RANGE and FORGED as suite_verify.
 */
MUST_CHECK struct fault several_verify(const struct several_key *keys, size_t count,
                                       enum domain purpose, struct bytes agreement,
                                       struct bytes bytes, struct bytes names,
                                       struct bytes signatures);

/* The next of the names in *rest, which moves behind it. Empty where a name is. */
struct bytes several_next(struct bytes *rest);

#endif

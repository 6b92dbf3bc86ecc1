/*
 * decision.h - an officer's word on a permit: docs/PROTOCOL.ledger section 5.
 *
 * Text form, signing and checking. The officer's key never lies on the node: `parley` signs, the
 * node and keeper verify. Whether enough officers have decided is release/holds.h's.
 */
#ifndef PARLEY_STATEMENT_DECISION_H
#define PARLEY_STATEMENT_DECISION_H

#include "crypto/several.h"
#include "model/entry.h"

enum { DECISION_MAX = 256 /* bytes; a full one has about 170 */ };

/* As bits: an officer may have both. */
enum officer_role {
    OFFICER_NONE = 0,
    OFFICER_DRAFTER = 1,
    OFFICER_RELEASER = 2,
};

const char *officer_role_name(enum officer_role role);   /* "drafter", "releaser"; "none" else */
enum officer_role officer_role_parse(struct bytes name); /* OFFICER_NONE if it is neither */

struct decision {
    struct digest permit; /* SHA-256 of the permit text */
    char officer[ENTRY_NAME];
    enum officer_role role;
    struct instant time;
};

/* Reads exactly what decision_write would write. LIMIT, SHORT, SYNTAX, RANGE, UNKNOWN (role),
 * EXTRA. */
MUST_CHECK struct fault decision_parse(struct bytes text, struct decision *out);
void decision_write(const struct decision *d, struct buf *out);

/* Appends the officer's signatures over the decision text, under this agreement, by each of his
 * keys, and the suites' names: crypto/several.h. */
void decision_sign(struct bytes text, struct bytes agreement, struct secret *const *keys,
                   size_t count, struct buf *suites, struct buf *out);

/* Does it hold, by all the officer's keys? As several_verify. */
MUST_CHECK struct fault decision_verify(struct bytes text, struct bytes agreement,
                                        const struct several_key *keys, size_t count,
                                        struct bytes suites, struct bytes signatures);

#endif

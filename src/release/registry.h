/*
 * registry.h - the officers of the own party, as the root keys enrolled them: docs/PROTOCOL.ledger
 * section 5.
 *
 * Built from root-signed CONTACT documents and from nothing else: whoever holds desk can show them
 * in any order, again, or not at all, but cannot make one. So a document that is not newer than
 * the one already applied for its officer changes nothing (a withdrawn officer cannot come back by
 * an old appointment), and keeper keeps the registry itself over restarts (registry_write).
 */
#ifndef PARLEY_RELEASE_REGISTRY_H
#define PARLEY_RELEASE_REGISTRY_H

#include "pact/agreement.h"
#include "statement/rooted.h"

enum {
    REGISTRY_OFFICERS = 256, /* withdrawn ones count: they are remembered */
    REGISTRY_MAX = 6 << 20,  /* bytes of the text form; eight of the largest keys each: 5.4 MiB */
};

struct registry; /* opaque, owned */

struct registry *registry_new(void);
struct registry *registry_copy(const struct registry *r); /* the caller owns it */
void registry_free(struct registry *r);                   /* NULL is fine */

/*
 * Applies a CONTACT of this party. The very document that was applied last for its officer is no
 * fault and changes nothing. Faults: those of rooted_verify and contact_read; MISMATCH (another
 * agreement or party, other suites than the agreement's), ORDER (not newer than what is known of
 * the officer), DUPLICATE (the key is another officer's or a root key), LIMIT (REGISTRY_OFFICERS).
 * *r is changed on success alone.
 */
MUST_CHECK struct fault registry_apply(struct registry *r, const struct agreement *a,
                                       const struct party *party, const struct disclosed *d);

/* An officer by name, NULL if he was never enrolled; number i in order of first enrolment, NULL
 * behind the last. Withdrawn ones are there too. */
const struct contact *registry_find(const struct registry *r, const char *officer);
const struct contact *registry_at(const struct registry *r, size_t i);

/*
 * The text form for keeper's own record: "parley-registry/v1", then a line an officer:
 * "officer NAME AGREEMENT PARTY ROLES SUITES KEYS STATE ISSUED", "," between suites and keys. It
 * bears no signature: it is to be read back from a place that keeper alone writes. Faults: LIMIT,
 * SHORT, SYNTAX, UNKNOWN, ...
 */
void registry_write(const struct registry *r, struct buf *out);
MUST_CHECK struct fault registry_parse(struct bytes text, struct registry **out);

/* Did all the party's root keys sign the document, and nobody else? As rooted_verify. */
MUST_CHECK struct fault roots_signed(const struct agreement *a, const struct party *party,
                                     const struct disclosed *d);

#endif

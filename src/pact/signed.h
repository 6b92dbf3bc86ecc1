/*
 * signed.h - the signatures under an agreement: docs/PROTOCOL.agreement sections 3 and 4.
 *
 * Knows the form of FILE.sig, who must have signed, and when one version follows another. Knows
 * no files and keeps no keys: the root key comes in as a struct secret.
 */
#ifndef PARLEY_PACT_SIGNED_H
#define PARLEY_PACT_SIGNED_H

#include "base/buf.h"
#include "crypto/secret.h"
#include "pact/agreement.h"

enum {
    SIGNATURES_MAX = 1 << 17, /* bytes on disk; sixteen of the largest suite take half */
    SIGNATURES_COUNT = AGREEMENT_PARTIES * AGREEMENT_SUITES,
};

struct signature {
    char party[AGREEMENT_ID + 1];
    char suite[SUITE_NAME];
    uint8_t byte[SUITE_SIGNATURE_MAX];
    size_t len;
};

struct signatures {
    uint8_t digest[32]; /* of the agreement they are for */
    struct signature item[SIGNATURES_COUNT];
    size_t count; /* sorted by party, then suite; no pair twice */
};

/* None yet, for this agreement. Owned by the caller; freed with signatures_free. */
struct signatures *signatures_new(const struct agreement *a);
void signatures_free(struct signatures *s); /* NULL is fine */

/*
 * Reads the bytes of FILE.sig. *out is written on success alone. Checks the form only. Faults:
 * LIMIT, SHORT, SYNTAX, RANGE, DUPLICATE, EXTRA, MISSING, UNKNOWN (version of the format),
 * ORDER (not sorted), MISMATCH (the re-dump differs). `error` may be NULL.
 */
MUST_CHECK struct fault signatures_parse(struct bytes text, struct signatures **out,
                                         struct agreement_error *error);

/* Appends the bytes of FILE.sig. */
void signatures_write(const struct signatures *s, struct buf *out);

/*
 * Signs as this party and puts the signature in, in place of an older one of that party and
 * suite. Faults: UNKNOWN (no such party), REFUSED (the key is not the root key that the agreement
 * names for it), MISMATCH (the signatures are for another agreement).
 */
MUST_CHECK struct fault agreement_sign(const struct agreement *a, const char *party,
                                       struct secret *root, struct signatures *s);

/* Does this party's signature by this suite hold? MISMATCH (they are for another agreement),
 * MISSING, UNKNOWN (suite not available here), FORGED. */
MUST_CHECK struct fault agreement_signature_check(const struct agreement *a,
                                                  const struct signatures *s,
                                                  const struct party *party, const char *suite);

/*
 * Is the agreement in force between the parties: every suite of every party has signed it, and
 * there is nothing else? Faults as agreement_signature_check, EXTRA (a signature by somebody the
 * agreement does not name). `error` may be NULL; its member is "PARTY SUITE".
 */
MUST_CHECK struct fault agreement_signatures_verify(const struct agreement *a,
                                                    const struct signatures *s,
                                                    struct agreement_error *error);

/*
 * May `next` take over from `now`: the same id, parties, suites and root keys, and the version
 * that comes next? Both are taken as verified. Faults: MISMATCH (another id, party, suite or
 * key), ORDER (another version than the next).
 */
MUST_CHECK struct fault agreement_follows(const struct agreement *now,
                                          const struct agreement *next);

#endif

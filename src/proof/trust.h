/*
 * trust.h - whose keys: both parties' role keys, out of any case bundle between them.
 *
 * A bundle has the agreement, signed by both root keys, and both genesis documents, signed by
 * them too. So whoever has one bundle, or a copy of its first part, has what it takes to check a
 * head or a proof that comes alone.
 */
#ifndef PARLEY_PROOF_TRUST_H
#define PARLEY_PROOF_TRUST_H

#include "ledger/evidence.h"
#include "ledger/tenure.h"
#include "proof/bundle.h"
#include "proof/findings.h"

struct trust {
    char agreement[ENTRY_NAME];
    struct report_party parties[BUNDLE_LOGS];
    struct note_signer author[BUNDLE_LOGS];   /* its name is the log's origin */
    struct note_signer cosigner[BUNDLE_LOGS]; /* the party's own key for the other's log */
    struct tenure keys[BUNDLE_LOGS];          /* owned; the two above stand for their newest */
};

/* Checks form, agreement and genesis of the bundle and takes the keys, with what changed them. Adds
 * a row `keys`. *out is written on success alone, then trust_done; the fault is the check's. */
MUST_CHECK struct fault trust_read(struct bytes bundle, struct trust *out, struct findings *f);

/*
 * Two bundles of one agreement: do the same root keys name the same role keys in both? A row
 * `keys` for each that does not hold, then a row `genesis`: CONTRADICTION where a party's root
 * keys signed two sets of keys, as one does who wants to be rid of what he said under the first.
 */
void trust_compare(struct bytes one, struct bytes two, struct findings *out,
                   enum evidence *evidence);

void trust_done(struct trust *t); /* NULL is fine; zeroed too */

/*
 * Does this note, whose author's signature holds, count against its author? Not where his keys for
 * it were revoked and the other party's cosignature is not on it: whoever stole the keys can have
 * made it since (PROTOCOL.ledger section 11).
 */
bool trust_counts(const struct trust *t, size_t side, const struct note *n);

/* Which party's log has this origin? False if neither's. */
bool trust_side(const struct trust *t, struct bytes origin, size_t *out);

#endif

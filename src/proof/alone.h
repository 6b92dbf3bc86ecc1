/*
 * alone.h - one statement with its tlog-proof and nothing else; or two, that contradict.
 *
 * The proof says where the entry lies under a head; the entry's exact bytes lie beside it, and so
 * may its document as disclosed. Two proofs of one place with two entries convict the author,
 * whatever sizes the heads have: he signed both. Knows keys only by trust.h.
 */
#ifndef PARLEY_PROOF_ALONE_H
#define PARLEY_PROOF_ALONE_H

#include "ledger/evidence.h"
#include "ledger/proof.h"
#include "proof/trust.h"

struct alone {
    struct bytes proof;    /* a tlog-proof */
    struct bytes entry;    /* the exact bytes; empty: not at hand, only the head can be checked */
    struct bytes document; /* the disclosed form; empty: not at hand, or erased */
};

/* Rows: form, signatures, cosignatures, inclusion, entry, document. `t` may be NULL. */
void alone_verify(const struct alone *a, const struct trust *t, struct findings *out);

/* Both of them, then a row `place`: CONTRADICTION if they are two entries of one log in one place.
 * The rows of the second are left out where they hold. */
void alone_compare(const struct alone *a, const struct alone *b, const struct trust *t,
                   struct findings *out, enum evidence *evidence);

#endif

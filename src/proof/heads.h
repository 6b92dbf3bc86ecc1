/*
 * heads.h - two heads of one log: one history, or two?
 *
 * The same size with another root is a split view and stands alone. Of two sizes the larger must
 * extend the smaller; that is for its author to show (growth.h). A proof that fails convicts
 * nobody, since nobody signed it: then a copy of the log (directory.h) or two proofs of one place
 * (alone.h) decide. Knows keys only by trust.h.
 */
#ifndef PARLEY_PROOF_HEADS_H
#define PARLEY_PROOF_HEADS_H

#include "ledger/evidence.h"
#include "proof/trust.h"

/*
 * `a` and `b` are notes, or texts of growth.h, whose note is then the head and whose proof is
 * tried if it begins at the other's size. `t` may be NULL: then nobody's signature is known and
 * nothing is convicted. Rows: form, signatures, cosignatures, history. A contradiction makes the
 * verdict CONTRADICTION and *evidence says which.
 */
void heads_verify(struct bytes a, struct bytes b, const struct trust *t, struct findings *out,
                  enum evidence *evidence);

#endif

/*
 * evidence.h - two heads of one log that cannot both be true.
 *
 * What a stranger needs to be convinced: two notes with all the author's valid signatures. The
 * same size with another root stands alone. Of different sizes, the author owes a consistency
 * proof; his entries or his failing to give one are the rest of the case.
 */
#ifndef PARLEY_LEDGER_EVIDENCE_H
#define PARLEY_LEDGER_EVIDENCE_H

#include "ledger/note.h"
#include "ledger/tree.h"

enum evidence {
    EVIDENCE_NONE = 0,     /* they agree, or nothing is shown */
    EVIDENCE_SPLIT,        /* same size, other root: stands alone */
    EVIDENCE_NO_EXTENSION, /* the larger does not extend the smaller, by the proof or the leaves
                              that the author himself gave */
    EVIDENCE_REPLACED,     /* two entries in one place, each shown to lie under a head that the
                              author signed: stands alone */
    EVIDENCE_TWO_GENESES,  /* two sets of role keys, each signed by the same root keys for the same
                              agreement: stands alone */
};

/* "none", "split view", "not an extension", "an entry replaced",
 * "two geneses". */
const char *evidence_name(enum evidence e);

/* Judges two notes of `author`'s log; `proof` is the consistency proof given for them, NULL if
 * none was. As note_verify_checkpoint: a note that does not hold is evidence of nothing. */
MUST_CHECK struct fault evidence_decide(struct bytes a, struct bytes b,
                                        const struct note_signer *author,
                                        const struct tree_path *proof, enum evidence *out);

#endif

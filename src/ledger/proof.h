/*
 * proof.h - that an entry is in a log, as one text that stands alone: C2SP tlog-proof.
 *
 * Holds the entry's index, the audit path and the note whose root it leads to. Knows no files.
 * The bare hash lists of a case bundle are struct tree_path, made by tree_prove_*.
 */
#ifndef PARLEY_LEDGER_PROOF_H
#define PARLEY_LEDGER_PROOF_H

#include "ledger/ledger.h"
#include "ledger/note.h"

enum { PROOF_MAX = NOTE_MAX + 4096 /* bytes: a note, and 64 hashes of 45 bytes */ };

struct proof {
    uint64_t index;
    struct tree_path path;
    struct bytes note; /* borrowed from the text, or from whoever made the proof */
};

/* Reads the text; its note's form too. We write no `extra` line and take none: nothing in a
 * proof goes unproved. SHORT, SYNTAX, RANGE, LIMIT, EXTRA. */
MUST_CHECK struct fault proof_parse(struct bytes text, struct proof *out);
void proof_write(const struct proof *p, struct buf *out);

/* The proof of entry `index` under a note of the log, which is borrowed. RANGE; note's faults. */
MUST_CHECK struct fault proof_make(const struct ledger *log, uint64_t index, struct bytes note,
                                   struct proof *out);

/* Does the note hold by all the author's keys, and by all the cosigner's where he is not NULL;
 * and is the entry, by its exact bytes, in its tree? As note_verify_checkpoint; FORGED. */
MUST_CHECK struct fault proof_verify(const struct proof *p, struct bytes entry,
                                     const struct note_signer *author,
                                     const struct note_signer *cosigner);

#endif

/*
 * growth.h - that a log only grew, as one text that stands alone: the body of C2SP tlog-witness's
 * add-checkpoint ("old SIZE", a consistency proof, an empty line, a checkpoint).
 *
 * The same text is what an outside witness is asked to sign and what a stranger checks beside an
 * older head. Knows no files and no network.
 */
#ifndef PARLEY_LEDGER_GROWTH_H
#define PARLEY_LEDGER_GROWTH_H

#include "ledger/ledger.h"
#include "ledger/note.h"

enum {
    GROWTH_HASHES = 63, /* tlog-witness: "MUST NOT send more than 63 consistency proof lines" */
    GROWTH_MAX = NOTE_MAX + 4096, /* bytes: a note, and 63 hashes of 45 bytes */
};

struct growth {
    uint64_t old; /* size of the older head */
    struct tree_path path;
    struct bytes note; /* the newer head; borrowed from the text, or from whoever made it */
};

/* Reads the text; its note's form too. SHORT, SYNTAX, RANGE (a decimal), LIMIT. */
MUST_CHECK struct fault growth_parse(struct bytes text, struct growth *out);
void growth_write(const struct growth *g, struct buf *out);

/* From size `old` to that of a note of the log, which is borrowed. RANGE: old is above it, or
 * it is beyond the log; note's faults. */
MUST_CHECK struct fault growth_make(const struct ledger *log, uint64_t old, struct bytes note,
                                    struct growth *out);

/* Does the newer head, by all the author's keys, extend the tree of size `old` and this root? As
 * note_verify_checkpoint; RANGE `old` is above the note's size; FORGED. */
MUST_CHECK struct fault growth_verify(const struct growth *g, const struct digest *old_root,
                                      const struct note_signer *author, struct checkpoint *out);

#endif

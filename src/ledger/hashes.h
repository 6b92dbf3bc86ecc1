/*
 * hashes.h - the hashes of a proof as C2SP spells them: one in base64 a line, an empty line, and
 * the checkpoint that they lead to. What tlog-proof and tlog-witness have in common.
 */
#ifndef PARLEY_LEDGER_HASHES_H
#define PARLEY_LEDGER_HASHES_H

#include "base/cursor.h"
#include "ledger/note.h"
#include "ledger/tree.h"

/*
 * Reads from the cursor's place to the end of its text: at most `most` hashes, and a note, whose
 * form is looked at and whose bytes are borrowed. The fault is also the cursor's, if the cursor had
 * one before. SHORT, SYNTAX, LIMIT; note's, by their offset in the whole text.
 */
MUST_CHECK struct fault hashes_read(struct cursor *in, size_t most, struct tree_path *path,
                                    struct bytes *note);
void hashes_write(const struct tree_path *path, struct bytes note, struct buf *out);

#endif

/*
 * tiled.h - proofs from a log's directory, as a node or a web server shows it, without a node.
 *
 * Answers what the node would (ledger.prove, ledger.growth), so that it is checked and written by
 * the same hands. Reads checkpoint, the tiles on the proof's way and one entry bundle.
 */
#ifndef PARLEY_CMD_TILED_H
#define PARLEY_CMD_TILED_H

#include <jansson.h>
#include <stdint.h>

#include "cmd/say.h"

/* That entry `index` is under the directory's checkpoint: entry, leaf, proof, note. NULL: it was
 * said why, *code is the exit status. */
json_t *tiled_prove(struct say *s, const char *path, uint64_t index, enum exit_code *code);

/* That the checkpoint extends the tree of the first `old` entries: growth. */
json_t *tiled_growth(struct say *s, const char *path, uint64_t old, enum exit_code *code);

#endif

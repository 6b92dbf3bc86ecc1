/*
 * tiles.h - the tree of a log as its published tiles say it: proofs without the log.
 *
 * docs/PROTOCOL.ledger section 7; the directory may be a node's own, a mirror or a copy. Reads what
 * a proof needs and nothing else, and holds a bounded number of tiles with the nodes inside them.
 * Believes nothing: a proof made from tiles is worth what its check against a signed head's root
 * says (tree_check_*). Of the tiles only the length is looked at here.
 */
#ifndef PARLEY_LEDGER_TILES_H
#define PARLEY_LEDGER_TILES_H

#include "base/buf.h"
#include "ledger/files.h"
#include "ledger/tree.h"

enum {
    TILES_HELD = 2048,          /* 16 KiB each: 32 MiB, all tiles of 520,000 leaves */
    TILES_ENTRY = 65535,        /* bytes of an entry, as tlog-tiles allows */
    TILES_BUNDLE = 256 * 65537, /* bytes of an entry bundle */
};

struct tiles; /* opaque, owned */

/* The tiles in `dir`, which is borrowed, of a tree of `size` leaves; at most `held` of them are
 * kept, a power of two, 4 at least. Opens no file. */
struct tiles *tiles_new(const struct files *files, int dir, uint64_t size, size_t held);
void tiles_free(struct tiles *t); /* NULL is fine */

/* For tree_prove_* and tree_read_root over at most `size` leaves; borrows t. Its faults: MISSING a
 * tile that should be there; SHORT one that holds less; IO. `at` is the tile's number. */
struct tree_reader tiles_reader(const struct tiles *t);

/* Appends the bytes of entry `index` from its bundle. RANGE, and as the reader's. */
MUST_CHECK struct fault tiles_entry(const struct tiles *t, uint64_t index, struct buf *out);

uint64_t tiles_read(const struct tiles *t); /* how many tiles were read from files */

#endif

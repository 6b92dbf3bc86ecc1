/*
 * tree.h - the Merkle tree of RFC 6962 section 2.1, SHA-256: roots, proofs, and their checks.
 *
 * Knows hashes only: no entries, no files, no signatures. A tree is either a frontier (struct
 * tree: what is needed to append and to say the root) or something that can be asked for the
 * hash of any whole subtree (struct tree_reader: what is needed to prove).
 */
#ifndef PARLEY_LEDGER_TREE_H
#define PARLEY_LEDGER_TREE_H

#include "base/fault.h"
#include "crypto/digest.h"

enum {
    TREE_LEVELS = 63,   /* sizes go to INT64_MAX, as C2SP tlog-checkpoint's */
    TREE_PATH_MAX = 64, /* hashes: a consistency proof has one more than the levels */
};

/* The frontier: for each bit of `size`, the root of the whole subtree of that many leaves, the
 * largest leftmost. A zeroed one is the empty tree. */
struct tree {
    uint64_t size;
    struct digest node[TREE_LEVELS]; /* node[k] is there where size has bit k */
};

/* A hash list: an inclusion or a consistency proof. */
struct tree_path {
    size_t count;
    struct digest hash[TREE_PATH_MAX];
};

/* Says the hash of the whole subtree number `index` of 2^level leaves. Never asked for one that
 * does not lie whole in the tree it is a reader of. */
struct tree_reader {
    struct fault (*read)(const void *from, unsigned level, uint64_t index, struct digest *out);
    const void *from;
};

/* SHA-256(0x00 || entry), SHA-256(0x01 || left || right), SHA-256(""). */
struct digest tree_leaf(struct bytes entry);
struct digest tree_node(const struct digest *left, const struct digest *right);
struct digest tree_empty_root(void);

void tree_append(struct tree *t, const struct digest *leaf);
struct digest tree_root(const struct tree *t);

/* The hashes of the frontier, largest subtree first, and back. *count goes to 63. tree_restore
 * answers MISMATCH where the count is not that of the bits of `size`, RANGE for a size above
 * INT64_MAX. */
void tree_frontier(const struct tree *t, struct digest *out, size_t *count);
MUST_CHECK struct fault tree_restore(uint64_t size, const struct digest *hashes, size_t count,
                                     struct tree *out);

/* The root of the first `size` leaves, the frontier of them, the audit path of leaf `index` in
 * them, the proof that the first `old` of them are a prefix. RANGE: index >= size or old > size;
 * else the reader's faults. The path of old 0 or old == size is empty. */
MUST_CHECK struct fault tree_read_root(struct tree_reader reader, uint64_t size,
                                       struct digest *out);
MUST_CHECK struct fault tree_read_frontier(struct tree_reader reader, uint64_t size,
                                           struct tree *out);
MUST_CHECK struct fault tree_prove_inclusion(struct tree_reader reader, uint64_t index,
                                             uint64_t size, struct tree_path *out);
MUST_CHECK struct fault tree_prove_consistency(struct tree_reader reader, uint64_t old,
                                               uint64_t size, struct tree_path *out);

/* Do they hold (RFC 9162 sections 2.1.3.2 and 2.1.4.2)? RANGE, FORGED. */
MUST_CHECK struct fault tree_check_inclusion(const struct digest *leaf, uint64_t index,
                                             uint64_t size, const struct digest *root,
                                             const struct tree_path *path);
MUST_CHECK struct fault tree_check_consistency(uint64_t old, const struct digest *old_root,
                                               uint64_t size, const struct digest *root,
                                               const struct tree_path *path);

#endif

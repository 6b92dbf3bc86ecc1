/*
 * forest.h - all whole subtrees' hashes of a growing log, in memory: 64 bytes a leaf, so that
 * any root and any proof costs no reading and hardly a hash.
 */
#ifndef PARLEY_LEDGER_FOREST_H
#define PARLEY_LEDGER_FOREST_H

#include "ledger/tree.h"

struct forest {
    uint64_t size;
    struct {
        struct digest *hash; /* owned; size >> level of them */
        size_t room;
    } level[TREE_LEVELS];
};

void forest_done(struct forest *f);
void forest_append(struct forest *f, const struct digest *leaf);
void forest_cut(struct forest *f, uint64_t size); /* forgets the leaves from `size` on */
const struct digest *forest_leaf(const struct forest *f, uint64_t index);

/* Borrows f. */
struct tree_reader forest_reader(const struct forest *f);

#endif

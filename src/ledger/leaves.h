/*
 * leaves.h - the exact index of a log's leaf hashes: is this entry there already, and where?
 *
 * Open addressing over the hashes themselves, which lie in the forest; a slot has 32 bits of its
 * hash and the place. Of two leaves with one hash the first stays.
 */
#ifndef PARLEY_LEDGER_LEAVES_H
#define PARLEY_LEDGER_LEAVES_H

#include "ledger/forest.h"

/* Begins with the forest set and the rest zero. */
struct leaves {
    const struct forest *forest; /* borrowed; holds every leaf that was put */
    uint64_t *slot;              /* owned: a hash's bits and its index + 1; 0 is free */
    size_t slots, used;
};

void leaves_done(struct leaves *l);

/* Makes room for so many more; before the first one, too. */
void leaves_room(struct leaves *l, size_t more);
/* Takes the forest's leaf of this index, for which there is room. */
void leaves_put(struct leaves *l, uint64_t index);
/* After the forest was cut. */
void leaves_again(struct leaves *l);

bool leaves_find(const struct leaves *l, const struct digest *leaf, uint64_t *index);
/* The leaf will be looked for soon: its slot is on its way while the next hash is made. */
void leaves_fetch(const struct leaves *l, const struct digest *leaf);

#endif

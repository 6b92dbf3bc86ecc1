/*
 * ends.h - does any listed name end in these two labels? A filter before the names' own.
 *
 * A name is asked for with each of its parents, and nearly always none of them is listed: one look
 * into this filter says so. It begins wide enough for a million ends (4 MiB) and is folded to what
 * it holds (at most a third of its bits are set, so one stranger in 700 passes); beyond that it
 * lets more pass, and says nothing wrong.
 */
#ifndef PARLEY_INDICATOR_ENDS_H
#define PARLEY_INDICATOR_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct ends {
    uint64_t *block; /* of 8 words in one cache line */
    void *memory;
    uint32_t blocks; /* 2^n */
};

void ends_init(struct ends *e);
void ends_done(struct ends *e);
void ends_add(struct ends *e, uint64_t hash);
void ends_fit(struct ends *e); /* after the last one was added */
size_t ends_size(const struct ends *e);

/* The last two labels of a name in lower case, or all of it. */
struct bytes ends_of(struct bytes name);

static inline bool ends_may(const struct ends *e, uint64_t hash)
{
    const uint64_t *block = e->block + 8 * (size_t)(hash & (e->blocks - 1));
    uint64_t bits = hash * 0xc2b2ae3d27d4eb4fu;

    for (int i = 0; i < 6; i++) {
        unsigned bit = bits >> (55 - 9 * i) & 511;

        if ((block[bit >> 6] >> (bit & 63) & 1) == 0)
            return false;
    }
    return true;
}

#endif

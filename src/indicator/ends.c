#include "indicator/ends.h"

#include <stdlib.h>

#include "base/memory.h"

enum { BLOCKS = 1 << 16, WORDS = 8 };

void ends_init(struct ends *e)
{
    e->memory = memory_zeroed(BLOCKS + 1, 64);
    e->block = (uint64_t *)(((uintptr_t)e->memory + 63) & ~(uintptr_t)63);
    e->blocks = BLOCKS;
}

void ends_done(struct ends *e)
{
    free(e->memory);
    *e = (struct ends){NULL, NULL, 0};
}

void ends_add(struct ends *e, uint64_t hash)
{
    uint64_t *block = e->block + WORDS * (size_t)(hash & (e->blocks - 1));
    uint64_t bits = hash * 0xc2b2ae3d27d4eb4fu;

    for (int i = 0; i < 6; i++) {
        unsigned bit = bits >> (55 - 9 * i) & 511;

        block[bit >> 6] |= (uint64_t)1 << (bit & 63);
    }
}

/* Bits set if the upper half lay on the lower one. */
static size_t folded_bits(const struct ends *e)
{
    size_t words = (size_t)e->blocks / 2 * WORDS, n = 0;

    for (size_t i = 0; i < words; i++)
        n += (size_t)__builtin_popcountll(e->block[i] | e->block[words + i]);
    return n;
}

void ends_fit(struct ends *e)
{
    struct ends small = {NULL, NULL, 0};

    while (e->blocks > 1 && folded_bits(e) * 3 <= (size_t)e->blocks / 2 * 512) {
        size_t words = (size_t)e->blocks / 2 * WORDS;

        for (size_t i = 0; i < words; i++)
            e->block[i] |= e->block[words + i];
        e->blocks /= 2;
    }
    small.memory = memory_new(((size_t)e->blocks + 1) * 64);
    small.block = (uint64_t *)(((uintptr_t)small.memory + 63) & ~(uintptr_t)63);
    small.blocks = e->blocks;
    memcpy(small.block, e->block, (size_t)e->blocks * 64);
    free(e->memory);
    *e = small;
}

size_t ends_size(const struct ends *e)
{
    return e->blocks == 0 ? 0 : ((size_t)e->blocks + 1) * 64;
}

struct bytes ends_of(struct bytes name)
{
    size_t i = name.len;

    for (unsigned dots = 0; i > 0; i--)
        if (name.data[i - 1] == '.' && ++dots == 2)
            break;
    return bytes_of(name.data + i, name.len - i);
}

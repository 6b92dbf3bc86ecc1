/*
 * set.h - keys of one kind and the number that belongs to each: is this key there?
 *
 * A blocked Bloom filter (12 bits a key in one cache line: 0.5 % of strangers pass) stands before
 * an exact table, because nearly everything that is asked is not there. The table is open
 * addressing over 8-byte slots: a tag, and where the key lies in one block of bytes. An IPv4
 * address is its own tag and lies nowhere. A key may be there several times, with other numbers.
 * Built once: add, seal, then ask. Asking has three steps, so that a caller can have sixteen
 * questions' memory on its way at once: hash, prefetch, answer.
 */
#ifndef PARLEY_INDICATOR_SET_H
#define PARLEY_INDICATOR_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    SET_SAME = 16, /* times that one key may be there: what is asked costs at most that much */
};

struct set_slot {
    uint32_t tag, ref; /* ref UINT32_MAX: empty */
};

struct set {
    uint64_t seed;
    bool inline_key; /* keys of 4 bytes */
    size_t fixed;    /* length of every key; 0: each has its own */
    uint8_t *keys;   /* number (LEB128), [length (LEB128)], key; each after the other */
    size_t bytes, room;
    struct set_slot *slot;
    uint32_t slots;   /* after set_seal; before, of an inline set: the number added */
    uint64_t *filter; /* blocks of 8 words, aligned to 64 bytes */
    void *filter_block;
    uint32_t blocks;
    size_t count; /* keys in the table */
    size_t added; /* before duplicates went */
    /* While it is being sealed: what is not placed yet. */
    struct set_slot *from; /* of an inline set */
    size_t placed;         /* of these, else bytes of `keys` */
};

/* `fixed`: the length that all keys have, or 0; 4 makes it an inline set. */
void set_init(struct set *s, size_t fixed, uint64_t seed);
void set_done(struct set *s);

/* False, and nothing is added, if the block of keys would pass 4 GiB or the slots 2^31. */
bool set_add(struct set *s, struct bytes key, uint32_t number);

/* What building asks: is the second of two numbers with one key to go? And tells: it went. */
struct set_asks {
    bool (*same)(void *with, uint32_t a, uint32_t b);
    void (*gone)(void *with, uint32_t number);
    void *with;
};

/* Builds filter and table; in parts, so that ten million keys stop nobody: begin, then step until
 * it answers that no key is left. */
void set_seal_begin(struct set *s);
bool set_seal_step(struct set *s, size_t keys, const struct set_asks *asks);

uint64_t set_hash(const struct set *s, struct bytes key);

static inline uint32_t set_reduce(uint64_t hash, uint32_t n)
{
    return (uint32_t)((hash >> 32) * n >> 32);
}

/* The filter's hash is another view of the same, so that the two do not fail together. */
static inline uint64_t set_filter_hash(uint64_t hash)
{
    return hash * 0x9e3779b97f4a7c15u;
}

static inline void set_prefetch_filter(const struct set *s, uint64_t hash)
{
    if (s->blocks != 0)
        __builtin_prefetch(s->filter + 8 * (size_t)set_reduce(set_filter_hash(hash), s->blocks));
}

/* May the key be there? */
static inline bool set_may(const struct set *s, uint64_t hash)
{
    uint64_t f = set_filter_hash(hash);
    const uint64_t *block;
    uint64_t bits = hash * 0xc2b2ae3d27d4eb4fu;

    if (s->blocks == 0)
        return false;
    block = s->filter + 8 * (size_t)set_reduce(f, s->blocks);
    for (int i = 0; i < 6; i++) {
        unsigned bit = bits >> (55 - 9 * i) & 511;

        if ((block[bit >> 6] >> (bit & 63) & 1) == 0)
            return false;
    }
    return true;
}

static inline void set_prefetch_slot(const struct set *s, uint64_t hash)
{
    __builtin_prefetch(s->slot + set_reduce(hash, s->slots));
}

/* Calls `each` for each number of the key. Only after set_may said so. */
void set_find(const struct set *s, uint64_t hash, struct bytes key,
              void (*each)(void *with, uint32_t number), void *with);

size_t set_size(const struct set *s); /* bytes of memory */

/* Bytes of memory that one more key of this length takes. */
size_t set_cost(const struct set *s, size_t key);

#endif

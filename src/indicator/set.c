#include "indicator/set.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    EMPTY = UINT32_MAX,
    FILTER_BITS = 12, /* a key */
    LOAD = 85,        /* percent of the slots that are full */
    BATCH = 16,       /* keys whose slots are fetched at once while building */
    NUMBER_ROOM = 5,  /* of a LEB128 u32 */
};

void set_init(struct set *s, size_t fixed, uint64_t seed)
{
    *s = (struct set){.seed = seed, .fixed = fixed, .inline_key = fixed == 4};
}

void set_done(struct set *s)
{
    free(s->keys);
    free(s->slot);
    free(s->from);
    free(s->filter_block);
    *s = (struct set){0};
}

/* ---- hash: 16 bytes a step, two 64-bit products folded (the idea is wyhash's) ---- */

static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)a * b;

    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t load8(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return v;
}

/* The last one to eight bytes. */
static uint64_t load_tail(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    if (n >= 4) {
        uint32_t a, b;

        memcpy(&a, p, 4);
        memcpy(&b, p + n - 4, 4);
        return (uint64_t)a << 32 | b;
    }
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

uint64_t set_hash(const struct set *s, struct bytes key)
{
    const uint64_t k0 = 0xa0761d6478bd642fu, k1 = 0xe7037ed1a0b428dbu;
    uint64_t h = s->seed ^ fold(key.len ^ k0, k1);
    const uint8_t *p = key.data;
    size_t n = key.len;

    for (; n > 16; n -= 16, p += 16)
        h = fold(load8(p) ^ k0, load8(p + 8) ^ h);
    if (n >= 8)
        h = fold(load8(p) ^ k0, load8(p + n - 8) ^ h);
    else
        h = fold(load_tail(p, n) ^ k0, h ^ k1);
    return fold(h ^ k1, s->seed ^ k0);
}

/* ---- the block of keys ---- */

static size_t leb_write(uint8_t *out, uint32_t v)
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

static uint32_t leb_read(const uint8_t **at)
{
    uint32_t v = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t b = *(*at)++;

        v |= (uint32_t)(b & 0x7f) << shift;
        if (b < 0x80)
            return v;
    }
}

/* Number and key at *at, which moves behind them. */
static struct bytes key_read(const struct set *s, const uint8_t **at, uint32_t *number_out)
{
    struct bytes key;

    *number_out = leb_read(at);
    key.len = s->fixed != 0 ? s->fixed : leb_read(at);
    key.data = *at;
    *at += key.len;
    return key;
}

static void keys_need(struct set *s, size_t n)
{
    if (s->room - s->bytes >= n)
        return;
    s->room = s->room < 4096 ? 8192 : s->room + s->room / 2;
    if (s->room - s->bytes < n)
        s->room = s->bytes + n;
    s->keys = memory_resize(s->keys, s->room, 1);
}

static bool add_inline(struct set *s, struct bytes key, uint32_t number)
{
    struct set_slot slot = {.ref = number};

    memcpy(&slot.tag, key.data, 4);
    if (s->slots >= 1u << 31 || number == EMPTY)
        return false;
    if (s->slots == s->room) {
        s->room = s->room == 0 ? 256 : s->room + s->room / 2;
        s->slot = memory_resize(s->slot, s->room, sizeof *s->slot);
    }
    s->slot[s->slots++] = slot;
    s->added++;
    return true;
}

bool set_add(struct set *s, struct bytes key, uint32_t number)
{
    size_t most = 2 * NUMBER_ROOM + key.len;

    if (s->inline_key)
        return add_inline(s, key, number);
    if (s->bytes + most >= EMPTY || s->added >= 1u << 31)
        return false;
    keys_need(s, most);
    s->bytes += leb_write(s->keys + s->bytes, number);
    if (s->fixed == 0)
        s->bytes += leb_write(s->keys + s->bytes, (uint32_t)key.len);
    memcpy(s->keys + s->bytes, key.data, key.len);
    s->bytes += key.len;
    s->added++;
    return true;
}

/* ---- building ---- */

static void filter_add(struct set *s, uint64_t hash)
{
    uint64_t *block = s->filter + 8 * (size_t)set_reduce(set_filter_hash(hash), s->blocks);
    uint64_t bits = hash * 0xc2b2ae3d27d4eb4fu;

    for (int i = 0; i < 6; i++) {
        unsigned bit = bits >> (55 - 9 * i) & 511;

        block[bit >> 6] |= (uint64_t)1 << (bit & 63);
    }
}

struct building {
    struct set *set;
    const struct set_asks *asks;
};

/* A key that waits for its slot to arrive. */
struct waiting {
    uint64_t hash;
    struct bytes key;
    uint32_t number, ref;
};

static bool slot_is(const struct set *s, struct set_slot slot, uint32_t tag, struct bytes key,
                    uint32_t *number_out)
{
    const uint8_t *at;
    struct bytes there;

    if (slot.tag != tag)
        return false;
    if (s->inline_key) {
        *number_out = slot.ref;
        return true;
    }
    at = s->keys + slot.ref;
    there = key_read(s, &at, number_out);
    return bytes_equal(there, key);
}

static uint32_t tag_of(const struct set *s, uint64_t hash, struct bytes key)
{
    uint32_t tag = (uint32_t)hash;

    if (s->inline_key)
        memcpy(&tag, key.data, 4);
    return tag;
}

static void place(const struct building *b, const struct waiting *w)
{
    struct set *s = b->set;
    uint32_t tag = tag_of(s, w->hash, w->key), i = set_reduce(w->hash, s->slots), number;
    unsigned times = 0;

    while (s->slot[i].ref != EMPTY) {
        if (slot_is(s, s->slot[i], tag, w->key, &number) &&
            (++times == SET_SAME || b->asks->same(b->asks->with, number, w->number))) {
            b->asks->gone(b->asks->with, w->number);
            return;
        }
        i = i + 1 == s->slots ? 0 : i + 1;
    }
    s->slot[i] = (struct set_slot){tag, w->ref};
    s->count++;
    filter_add(s, w->hash);
}

static void fetch(struct set *s, struct waiting *w)
{
    w->hash = set_hash(s, w->key);
    __builtin_prefetch(s->slot + set_reduce(w->hash, s->slots), 1);
    __builtin_prefetch(s->filter + 8 * (size_t)set_reduce(set_filter_hash(w->hash), s->blocks), 1);
}

static void place_all(const struct building *b, const struct waiting *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        place(b, &w[i]);
}

/* The next key that is not placed; false: there is none. */
static bool next_key(struct set *s, struct waiting *out)
{
    const uint8_t *at;

    if (s->inline_key) {
        const struct set_slot *slot = &s->from[s->placed];

        if (s->placed == s->added)
            return false;
        *out =
            (struct waiting){.key = bytes_of(&slot->tag, 4), .number = slot->ref, .ref = slot->ref};
        s->placed++;
        return true;
    }
    if (s->placed == s->bytes)
        return false;
    at = s->keys + s->placed;
    out->ref = (uint32_t)s->placed;
    out->key = key_read(s, &at, &out->number);
    s->placed = (size_t)(at - s->keys);
    return true;
}

/* Slots for `added` keys, all empty, and a filter that lets nothing pass. */
static void tables_make(struct set *s)
{
    s->slots = (uint32_t)(s->added * 100 / LOAD + 2);
    s->slot = memory_resize(NULL, s->slots, sizeof *s->slot);
    memset(s->slot, 0xff, s->slots * sizeof *s->slot);
    s->blocks = (uint32_t)(s->added * FILTER_BITS / 512 + 1);
    s->filter_block = memory_zeroed(s->blocks + 1, 64);
    s->filter = (uint64_t *)(((uintptr_t)s->filter_block + 63) & ~(uintptr_t)63);
}

void set_seal_begin(struct set *s)
{
    if (s->added == 0)
        return;
    if (s->inline_key) {
        s->from = s->slot; /* transferred */
        s->slot = NULL;
    } else {
        s->keys = memory_resize(s->keys, s->bytes, 1);
        s->room = s->bytes;
    }
    tables_make(s);
}

bool set_seal_step(struct set *s, size_t keys, const struct set_asks *asks)
{
    const struct building b = {s, asks};
    struct waiting w[BATCH];
    bool more = s->added != 0;

    for (size_t done = 0; more && done < keys; done += BATCH) {
        size_t n = 0;

        while (n < BATCH && (more = next_key(s, &w[n])))
            fetch(s, &w[n++]);
        place_all(&b, w, n);
    }
    if (!more) {
        free(s->from);
        s->from = NULL;
    }
    return more;
}

void set_find(const struct set *s, uint64_t hash, struct bytes key,
              void (*each)(void *with, uint32_t number), void *with)
{
    uint32_t tag = tag_of(s, hash, key), i = set_reduce(hash, s->slots), number;

    for (; s->slot[i].ref != EMPTY; i = i + 1 == s->slots ? 0 : i + 1)
        if (slot_is(s, s->slot[i], tag, key, &number))
            each(with, number);
}

size_t set_size(const struct set *s)
{
    return s->slots * sizeof *s->slot + (s->blocks == 0 ? 0 : 64 * ((size_t)s->blocks + 1)) +
           (s->inline_key ? 0 : s->room);
}

size_t set_cost(const struct set *s, size_t key)
{
    return sizeof(struct set_slot) * 100 / LOAD + 2 + (s->inline_key ? 0 : key + 2);
}

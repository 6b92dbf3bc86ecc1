#include <stdlib.h>

#include "base/memory.h"
#include "net/six.h"
#include "net/slots.h"
#include "net/spans.h"

/* The packed form of spans.h. */

enum { BUCKETS = 1 << 16 };

struct lookup {
    uint32_t bucket[BUCKETS + 1]; /* the first IPv4 span that begins in it */
    uint16_t *tail;               /* lower half of each IPv4 span's first address */
    struct slots four;
    size_t four_count;
    struct six *six;
    uint32_t *value; /* by slot */
    size_t value_count, value_room;
};

/* ---- the distinct values, by a table of open addresses while building ---- */

struct distinct {
    uint32_t *slot; /* + 1; 0 is free */
    size_t room;    /* a power of two */
};

static size_t place_of(const struct lookup *l, const struct distinct *d, uint32_t value)
{
    size_t at = (value * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (d->room - 1);

    while (d->slot[at] != 0 && l->value[d->slot[at] - 1] != value)
        at = (at + 1) & (d->room - 1);
    return at;
}

static void distinct_grow(const struct lookup *l, struct distinct *d)
{
    free(d->slot);
    d->room = d->room == 0 ? 256 : 2 * d->room;
    d->slot = memory_zeroed(d->room, sizeof *d->slot);
    for (size_t i = 0; i < l->value_count; i++)
        d->slot[place_of(l, d, l->value[i])] = (uint32_t)i + 1;
}

static uint32_t slot_of(struct lookup *l, struct distinct *d, uint32_t value)
{
    size_t at;

    if (2 * l->value_count >= d->room)
        distinct_grow(l, d);
    at = place_of(l, d, value);
    if (d->slot[at] != 0)
        return d->slot[at] - 1;
    if (l->value_count == l->value_room) {
        l->value_room = l->value_room == 0 ? 64 : 2 * l->value_room;
        l->value = memory_resize(l->value, l->value_room, sizeof *l->value);
    }
    l->value[l->value_count++] = value;
    d->slot[at] = (uint32_t)l->value_count;
    return (uint32_t)l->value_count - 1;
}

/* ---- building ---- */

/* The next span begins at IPv4 address `first`. */
static void add_four(struct lookup *l, uint32_t first)
{
    uint32_t *bucket = &l->bucket[first >> 16];

    if (*bucket == UINT32_MAX)
        *bucket = (uint32_t)l->four_count;
    l->tail[l->four_count++] = (uint16_t)first;
}

/* The first of a family's spans holds from its lowest address on. */
static void fill(struct lookup *l, const struct spans *s, struct distinct *d, uint32_t *four)
{
    six_add(l->six, (struct addr){{0}}, slot_of(l, d, s->count == 0 ? 0 : s->list[0].value));
    four[0] = slot_of(l, d, spans_find(s, addr_from_v4(0)));
    add_four(l, 0);
    for (size_t i = 1; i < s->count; i++) {
        struct addr first = s->list[i].first;

        if (addr_is_v4(first) && addr_v4(first) != 0) {
            four[l->four_count] = slot_of(l, d, s->list[i].value);
            add_four(l, addr_v4(first));
        } else if (!addr_is_v4(first)) {
            six_add(l->six, first, slot_of(l, d, s->list[i].value));
        }
    }
}

static size_t count_four(const struct spans *s)
{
    size_t n = 1;

    for (size_t i = 0; i < s->count; i++)
        n += addr_is_v4(s->list[i].first);
    return n;
}

struct lookup *lookup_new(const struct spans *s)
{
    struct lookup *l = memory_zeroed(1, sizeof *l);
    struct distinct d = {NULL, 0};
    size_t four_room = count_four(s);
    uint32_t *four = memory_new(four_room * sizeof *four);

    l->tail = memory_new(four_room * sizeof *l->tail);
    l->six = six_new();
    memset(l->bucket, 0xff, sizeof l->bucket);
    fill(l, s, &d, four);
    for (size_t b = BUCKETS + 1; b-- != 0;) /* empty ones begin where the next one does */
        if (l->bucket[b] == UINT32_MAX)
            l->bucket[b] = b == BUCKETS ? (uint32_t)l->four_count : l->bucket[b + 1];
    slots_pack(&l->four, four, l->four_count, l->value_count);
    six_seal(l->six, (uint32_t)l->value_count);
    free(four);
    free(d.slot);
    return l;
}

void lookup_free(struct lookup *l)
{
    if (l == NULL)
        return;
    free(l->tail);
    free(l->four.list);
    six_free(l->six);
    free(l->value);
    free(l);
}

/* ---- asking ---- */

/* The span in force at `a`: the last of the bucket's that begins at or before it, or else the last
 * of the buckets before. */
static inline size_t find_four(const struct lookup *l, uint32_t a)
{
    size_t from = l->bucket[a >> 16], n = l->bucket[(a >> 16) + 1] - from;
    const uint16_t *first = l->tail + from;

    while (n > 1) { /* branch-free: the compiler makes a conditional move of it */
        size_t middle = n / 2;

        first = first[middle] <= (uint16_t)a ? first + middle : first;
        n -= middle;
    }
    return (size_t)(first - l->tail) - (n == 0 || *first > (uint16_t)a);
}

uint32_t lookup_slot(const struct lookup *l, struct addr a)
{
    return addr_is_v4(a) ? slots_at(&l->four, find_four(l, addr_v4(a))) : six_find(l->six, a);
}

uint32_t lookup_find(const struct lookup *l, struct addr a)
{
    return l->value[lookup_slot(l, a)];
}

size_t lookup_slots(const struct lookup *l)
{
    return l->value_count;
}

uint32_t lookup_value(const struct lookup *l, uint32_t slot)
{
    return l->value[slot];
}

size_t lookup_bytes(const struct lookup *l)
{
    return sizeof *l + l->four_count * (sizeof *l->tail + l->four.width) + six_bytes(l->six) +
           l->value_room * sizeof *l->value;
}

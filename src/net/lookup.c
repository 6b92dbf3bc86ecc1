#include "base/memory.h"
#include "net/spans.h"

/* The packed form of spans.h. */

enum { BUCKETS = 1 << 16 };

/* One number a span: a slot, in as many bytes as the largest needs. */
struct slots {
    uint8_t width; /* 1, 2 or 4 */
    void *list;
};

struct lookup {
    uint32_t bucket[BUCKETS + 1]; /* the first IPv4 span that begins in it */
    uint16_t *tail;               /* lower half of each IPv4 span's first address */
    struct slots four;
    size_t four_count;
    uint64_t *high, *low; /* halves of each IPv6 span's first address; low NULL if all are 0 */
    struct slots six;
    size_t six_count;
    uint32_t *value; /* by slot */
    size_t value_count, value_room;
};

static uint32_t slot_at(const struct slots *s, size_t i)
{
    return s->width == 1   ? ((const uint8_t *)s->list)[i]
           : s->width == 2 ? ((const uint16_t *)s->list)[i]
                           : ((const uint32_t *)s->list)[i];
}

static void slots_pack(struct slots *s, const uint32_t *list, size_t count, size_t values)
{
    s->width = values <= 1 << 8 ? 1 : values <= 1 << 16 ? 2 : 4;
    s->list = memory_new(count * s->width + 1);
    for (size_t i = 0; i < count; i++) {
        if (s->width == 1)
            ((uint8_t *)s->list)[i] = (uint8_t)list[i];
        else if (s->width == 2)
            ((uint16_t *)s->list)[i] = (uint16_t)list[i];
        else
            ((uint32_t *)s->list)[i] = list[i];
    }
}

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

static uint64_t half(const uint8_t *p)
{
    uint64_t n = 0;

    for (int i = 0; i < 8; i++)
        n = n << 8 | p[i];
    return n;
}

/* The next span begins at IPv4 address `first`. */
static void add_four(struct lookup *l, uint32_t first)
{
    uint32_t *bucket = &l->bucket[first >> 16];

    if (*bucket == UINT32_MAX)
        *bucket = (uint32_t)l->four_count;
    l->tail[l->four_count++] = (uint16_t)first;
}

static void add_six(struct lookup *l, struct addr first, bool *halved)
{
    l->high[l->six_count] = half(first.byte);
    l->low[l->six_count] = half(first.byte + 8);
    *halved |= l->low[l->six_count] != 0;
    l->six_count++;
}

/* The first of a family's spans holds from its lowest address on. */
static void fill(struct lookup *l, const struct spans *s, struct distinct *d, uint32_t *four,
                 uint32_t *six)
{
    bool halved = false;

    six[0] = slot_of(l, d, s->count == 0 ? 0 : s->list[0].value);
    add_six(l, (struct addr){{0}}, &halved);
    four[0] = slot_of(l, d, spans_find(s, addr_from_v4(0)));
    add_four(l, 0);
    for (size_t i = 1; i < s->count; i++) {
        struct addr first = s->list[i].first;

        if (addr_is_v4(first) && addr_v4(first) != 0) {
            four[l->four_count] = slot_of(l, d, s->list[i].value);
            add_four(l, addr_v4(first));
        } else if (!addr_is_v4(first)) {
            six[l->six_count] = slot_of(l, d, s->list[i].value);
            add_six(l, first, &halved);
        }
    }
    if (!halved) {
        free(l->low);
        l->low = NULL;
    }
}

static size_t count_six(const struct spans *s)
{
    size_t n = 1;

    for (size_t i = 0; i < s->count; i++)
        n += !addr_is_v4(s->list[i].first);
    return n;
}

struct lookup *lookup_new(const struct spans *s)
{
    struct lookup *l = memory_zeroed(1, sizeof *l);
    struct distinct d = {NULL, 0};
    size_t six_room = count_six(s), four_room = s->count + 2 - six_room + 1;
    uint32_t *four = memory_new(four_room * sizeof *four),
             *six = memory_new(six_room * sizeof *six);

    l->tail = memory_new(four_room * sizeof *l->tail);
    l->high = memory_new(six_room * sizeof *l->high);
    l->low = memory_new(six_room * sizeof *l->low);
    memset(l->bucket, 0xff, sizeof l->bucket);
    fill(l, s, &d, four, six);
    for (size_t b = BUCKETS + 1; b-- != 0;) /* empty ones begin where the next one does */
        if (l->bucket[b] == UINT32_MAX)
            l->bucket[b] = b == BUCKETS ? (uint32_t)l->four_count : l->bucket[b + 1];
    slots_pack(&l->four, four, l->four_count, l->value_count);
    slots_pack(&l->six, six, l->six_count, l->value_count);
    free(four);
    free(six);
    free(d.slot);
    return l;
}

void lookup_free(struct lookup *l)
{
    if (l == NULL)
        return;
    free(l->tail);
    free(l->four.list);
    free(l->high);
    free(l->low);
    free(l->six.list);
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

static size_t find_six(const struct lookup *l, struct addr a)
{
    uint64_t high = half(a.byte), low = half(a.byte + 8);
    size_t from = 0, n = l->six_count;

    while (n > 1) {
        size_t at = from + n / 2;
        bool before =
            l->high[at] < high || (l->high[at] == high && (l->low == NULL || l->low[at] <= low));

        from = before ? at : from;
        n -= n / 2;
    }
    return from;
}

uint32_t lookup_slot(const struct lookup *l, struct addr a)
{
    return addr_is_v4(a) ? slot_at(&l->four, find_four(l, addr_v4(a)))
                         : slot_at(&l->six, find_six(l, a));
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
    return sizeof *l + l->four_count * (sizeof *l->tail + l->four.width) +
           l->six_count * ((l->low == NULL ? 1 : 2) * sizeof *l->high + l->six.width) +
           l->value_room * sizeof *l->value;
}

#include "net/spans.h"

#include "base/memory.h"

enum { NEST_MAX = 129 }; /* prefixes of 0 to 128 bits: no deeper nest can be */

static struct addr last_of(struct prefix p)
{
    struct addr a = p.first;

    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = p.bits >= 8 * (i + 1) ? 8 : p.bits <= 8 * i ? 0 : p.bits - 8 * i;

        a.byte[i] |= (uint8_t)(0xff >> keep);
    }
    return a;
}

/* The address after; false after the last. */
static bool next_of(struct addr a, struct addr *out)
{
    for (int i = 15; i >= 0; i--) {
        if (++a.byte[i] != 0) {
            *out = a;
            return true;
        }
    }
    return false;
}

/* From `first` on `value` holds. Calls come in ascending order; a second word about the same
 * address replaces the first. */
static void spans_from(struct spans *s, struct addr first, uint32_t value)
{
    if (s->count != 0 && addr_compare(s->list[s->count - 1].first, first) == 0)
        s->count--;
    if (s->count != 0 && s->list[s->count - 1].value == value)
        return;
    if (s->count == s->room) {
        s->room = s->room == 0 ? 64 : s->room * 2;
        s->list = memory_resize(s->list, s->room, sizeof *s->list);
    }
    s->list[s->count++] = (struct span){first, value};
}

static int claim_order(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int by_first = addr_compare(x->prefix.first, y->prefix.first);

    return by_first != 0 ? by_first : (int)x->prefix.bits - (int)y->prefix.bits;
}

/* The prefixes that are open where the sweep stands, each inside the one below it. */
struct nest {
    size_t depth;
    struct addr last[NEST_MAX];
    uint32_t value[NEST_MAX];
};

static void nest_leave(struct nest *n, struct spans *out)
{
    struct addr after;

    n->depth--;
    if (next_of(n->last[n->depth], &after))
        spans_from(out, after, n->depth == 0 ? 0 : n->value[n->depth - 1]);
}

static void nest_enter(struct nest *n, struct claim c, struct spans *out)
{
    while (n->depth != 0 && addr_compare(n->last[n->depth - 1], c.prefix.first) < 0)
        nest_leave(n, out);
    n->last[n->depth] = last_of(c.prefix);
    n->value[n->depth++] = c.value;
    spans_from(out, c.prefix.first, c.value);
}

void spans_flatten(struct claim *claims, size_t count, spans_join *join, struct spans *out)
{
    struct nest nest = {.depth = 0};

    if (count != 0)
        qsort(claims, count, sizeof *claims, claim_order);
    *out = (struct spans){NULL, 0, 0};
    spans_from(out, (struct addr){{0}}, 0);
    for (size_t i = 0; i < count; i++) {
        struct claim c = claims[i];

        for (; i + 1 < count && claim_order(&claims[i], &claims[i + 1]) == 0; i++)
            c.value = join(c.value, claims[i + 1].value);
        nest_enter(&nest, c, out);
    }
    while (nest.depth != 0)
        nest_leave(&nest, out);
}

void spans_overlay(const struct spans *a, const struct spans *b, spans_join *join,
                   struct spans *out)
{
    *out = (struct spans){NULL, 0, 0};
    for (size_t i = 0, k = 0; i < a->count || k < b->count;) {
        int order = i == a->count   ? 1
                    : k == b->count ? -1
                                    : addr_compare(a->list[i].first, b->list[k].first);
        struct addr first = order <= 0 ? a->list[i].first : b->list[k].first;

        i += order <= 0;
        k += order >= 0;
        spans_from(out, first,
                   join(i == 0 ? 0 : a->list[i - 1].value, k == 0 ? 0 : b->list[k - 1].value));
    }
}

uint32_t spans_find(const struct spans *s, struct addr a)
{
    size_t low = 0, high = s->count; /* list[low] begins at or before a, list[high] after it */

    if (s->count == 0)
        return 0;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (addr_compare(s->list[middle].first, a) <= 0)
            low = middle;
        else
            high = middle;
    }
    return s->list[low].value;
}

void spans_done(struct spans *s)
{
    free(s->list);
    *s = (struct spans){NULL, 0, 0};
}

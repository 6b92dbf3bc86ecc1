#include <stdlib.h>

#include "base/memory.h"
#include "indicator/inner.h"

/* Subnets nest, and one may stand in several lists. The map answers with the narrowest; from there
 * `up` leads to all others that have the address. */

static int by_prefix(const void *a, const void *b)
{
    const struct subnet *p = a, *q = b;
    int order = addr_compare(p->prefix.first, q->prefix.first);

    if (order == 0)
        order = (int)p->prefix.bits - (int)q->prefix.bits;
    return order != 0 ? order : (p->about > q->about) - (p->about < q->about);
}

static bool prefix_same(struct prefix a, struct prefix b)
{
    return a.bits == b.bits && addr_compare(a.first, b.first) == 0;
}

/* Equal ones stand beside each other: drops those that say nothing new, and what is too many. */
static void drop_duplicates(struct indicators *x)
{
    size_t kept = 0, run = 0;

    for (size_t i = 0; i < x->subnets; i++) {
        const struct subnet *s = &x->subnet[i];
        bool equal = kept > 0 && prefix_same(x->subnet[kept - 1].prefix, s->prefix);

        run = equal ? run + 1 : 0;
        if (equal && (x->subnet[kept - 1].about == s->about || run >= SET_SAME)) {
            struct indicators_numbers *n = &x->list[x->about[s->about].list].n;

            n->duplicates++;
            n->entries--;
            n->kind[INDICATOR_SUBNET]--;
            x->entries--;
            continue;
        }
        x->subnet[kept++] = *s;
    }
    x->subnets = kept;
}

/* Sorted, what is open at a place is a chain: the newest that still has the address. */
static void chain(struct indicators *x)
{
    uint32_t open = 0;

    for (size_t i = 0; i < x->subnets; i++) {
        struct subnet *s = &x->subnet[i];

        while (open != 0 && !prefix_has(x->subnet[open - 1].prefix, s->prefix.first))
            open = x->subnet[open - 1].up;
        s->up = open;
        open = (uint32_t)i + 1;
    }
}

/* Of two claims for one prefix the later one's chain holds the other. */
static uint32_t later(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void subnets_seal(struct indicators *x)
{
    struct spans spans = {0};
    struct claim *claim;

    if (x->subnets == 0)
        return;
    qsort(x->subnet, x->subnets, sizeof *x->subnet, by_prefix);
    drop_duplicates(x);
    x->subnet = memory_resize(x->subnet, x->subnets, sizeof *x->subnet);
    x->subnet_room = x->subnets;
    chain(x);
    claim = memory_resize(NULL, x->subnets, sizeof *claim);
    for (size_t i = 0; i < x->subnets; i++)
        claim[i] = (struct claim){x->subnet[i].prefix, (uint32_t)i + 1};
    spans_flatten(claim, x->subnets, later, &spans);
    free(claim);
    x->wide = lookup_new(&spans);
    spans_done(&spans);
}

#include "indicator/indicators.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "indicator/inner.h"

/* Building. Asking is find.c's. */

const struct indicators_limits indicators_usual = {20000000, (size_t)1 << 30};

/* Length of every key; 0: each its own. */
static const size_t fixed[INDICATOR_KINDS] = {
    [INDICATOR_IPV4] = 4, [INDICATOR_IPV6] = 16, [INDICATOR_ENDPOINT] = ENDPOINT_KEY,
    [INDICATOR_MD5] = 16, [INDICATOR_SHA1] = 20, [INDICATOR_SHA256] = 32,
};

struct indicators *indicators_new(struct indicators_limits limits, uint64_t seed)
{
    struct indicators *x = memory_zeroed(1, sizeof *x);

    x->limits = limits;
    x->seed = seed;
    x->recent = memory_zeroed(ABOUT_RECENT, sizeof *x->recent);
    x->least_labels = UINT32_MAX;
    for (unsigned k = 0; k < INDICATOR_KINDS; k++)
        set_init(&x->set[k], fixed[k], seed + k * 0x9e3779b97f4a7c15u);
    return x;
}

void indicators_free(struct indicators *x)
{
    if (x == NULL)
        return;
    for (unsigned k = 0; k < INDICATOR_KINDS; k++)
        set_done(&x->set[k]);
    for (unsigned i = 0; i < x->lists; i++)
        free(x->list[i].name);
    ends_done(&x->ends);
    lookup_free(x->wide);
    free(x->subnet);
    free(x->recent);
    free(x->about);
    free(x->list);
    buf_done(&x->ids);
    free(x);
}

unsigned indicators_list(struct indicators *x, const char *name)
{
    struct list *l;
    size_t len = strlen(name);

    if (x->lists == INDICATORS_LISTS)
        return INDICATORS_LISTS;
    x->list = memory_resize(x->list, x->lists + 1, sizeof *x->list);
    l = &x->list[x->lists];
    *l = (struct list){0};
    l->name = memory_text(name, len < INDICATORS_LIST_NAME ? len : INDICATORS_LIST_NAME);
    return x->lists++;
}

/* ---- where it comes from ---- */

static bool about_same(const struct about *a, const struct about *b)
{
    return a->from == b->from && a->until == b->until && a->id == b->id && a->list == b->list &&
           a->tlp == b->tlp && a->pap == b->pap && a->exact == b->exact && a->canary == b->canary;
}

static uint32_t id_keep(struct indicators *x, struct bytes id)
{
    uint32_t at = (uint32_t)x->ids.len;

    if (id.len == 0 || id.len > INDICATOR_ID)
        return NO_ID;
    buf_u16(&x->ids, (uint16_t)id.len);
    buf_bytes(&x->ids, id);
    return at;
}

/* Its number; an equal one of late is that one. */
static uint32_t about_keep(struct indicators *x, const struct about *a)
{
    uint64_t h = ((uint64_t)a->from * 31 + (uint64_t)a->until) * 31 + a->list * 64u + a->tlp * 8u +
                 a->pap * 2u + a->exact;
    uint32_t *recent = &x->recent[h * 0x9e3779b97f4a7c15u >> 54];

    if (a->id == NO_ID && *recent != 0 && about_same(&x->about[*recent - 1], a))
        return *recent - 1;
    if (x->abouts == x->about_room) {
        x->about_room = x->about_room == 0 ? 64 : x->about_room + x->about_room / 2;
        x->about = memory_resize(x->about, x->about_room, sizeof *x->about);
    }
    x->about[x->abouts++] = *a;
    *recent = (uint32_t)x->abouts;
    return *recent - 1;
}

/* ---- adding ---- */

static unsigned labels(struct bytes name)
{
    unsigned n = 1;

    for (size_t i = 0; i < name.len; i++)
        n += name.data[i] == '.';
    return n;
}

struct bytes value_key(const struct indicator_value *v, uint8_t *room)
{
    switch (v->kind) {
    case INDICATOR_IPV4:
        memcpy(room, v->addr.byte + 12, 4);
        return bytes_of(room, 4);
    case INDICATOR_IPV6:
        memcpy(room, v->addr.byte, 16);
        return bytes_of(room, 16);
    case INDICATOR_ENDPOINT:
        memcpy(room, v->addr.byte, 16);
        room[16] = (uint8_t)(v->port >> 8);
        room[17] = (uint8_t)v->port;
        return bytes_of(room, ENDPOINT_KEY);
    default:
        return v->text;
    }
}

static void subnet_add(struct indicators *x, const struct indicator_value *v, uint32_t about)
{
    if (x->subnets == x->subnet_room) {
        x->subnet_room = x->subnet_room == 0 ? 64 : x->subnet_room + x->subnet_room / 2;
        x->subnet = memory_resize(x->subnet, x->subnet_room, sizeof *x->subnet);
    }
    x->subnet[x->subnets++] = (struct subnet){{v->addr, v->bits}, about, 0};
}

static bool value_add(struct indicators *x, const struct indicator_value *v, uint32_t about)
{
    uint8_t room[ENDPOINT_KEY];
    unsigned n;

    if (v->kind == INDICATOR_SUBNET) {
        subnet_add(x, v, about);
        return true;
    }
    if (v->kind == INDICATOR_DOMAIN) {
        if (x->ends.block == NULL)
            ends_init(&x->ends);
        ends_add(&x->ends, set_hash(&x->set[INDICATOR_DOMAIN], ends_of(v->text)));
        n = labels(v->text);
        x->least_labels = n < x->least_labels ? n : x->least_labels;
        x->most_labels = n > x->most_labels ? n : x->most_labels;
    }
    return set_add(&x->set[v->kind], value_key(v, room), about);
}

static size_t cost_of(const struct indicators *x, const struct indicator_value *v,
                      const struct indicator_about *about)
{
    size_t key = fixed[v->kind] != 0 ? fixed[v->kind] : v->text.len;

    return (v->kind == INDICATOR_SUBNET ? sizeof(struct subnet) + 16
                                        : set_cost(&x->set[v->kind], key)) +
           (about->id.len == 0 ? 0 : sizeof(struct about) + 2 + about->id.len);
}

bool indicators_add(struct indicators *x, unsigned list, const struct indicator_value *v,
                    const struct indicator_about *about)
{
    struct indicators_numbers *n = &x->list[list].n;
    size_t cost = cost_of(x, v, about);
    struct about a = {about->from.us,      about->until.us,     NO_ID,        (uint16_t)list,
                      (uint8_t)about->tlp, (uint8_t)about->pap, about->exact, false};

    if (x->entries >= x->limits.entries || x->bytes + cost > x->limits.bytes ||
        x->ids.len + INDICATOR_ID + 2 >= NO_ID) {
        n->overflow++;
        return false;
    }
    a.id = id_keep(x, about->id);
    if (!value_add(x, v, about_keep(x, &a))) {
        n->overflow++;
        return false;
    }
    x->entries++;
    x->bytes += cost;
    n->bytes += cost;
    n->kind[v->kind]++;
    n->entries++;
    return true;
}

/* ---- canaries ---- */

static void canary_addr(enum indicator_kind kind, unsigned list, bool v4, struct addr *out)
{
    static const uint8_t discard[16] = {1, 0}; /* 100::/64, RFC 6666 */

    if (v4) { /* 0.0.0.0/8, RFC 791: no host has such an address */
        *out = addr_from_v4((uint32_t)kind << 20 | (list & 0xfff) << 8);
        return;
    }
    memcpy(out->byte, discard, 16);
    out->byte[9] = (uint8_t)kind;
    out->byte[10] = (uint8_t)(list >> 8);
    out->byte[11] = (uint8_t)list;
}

void canary_value(enum indicator_kind kind, unsigned list, bool v4, uint8_t *room,
                  struct indicator_value *out)
{
    static const char name[] = "-0000.canary.parley.invalid/"; /* RFC 6761: resolves nowhere */
    static const char digits[] = "0123456789abcdef";

    *out = (struct indicator_value){.kind = kind};
    canary_addr(kind, list, v4, &out->addr);
    if (kind == INDICATOR_SUBNET)
        out->bits = v4 ? 120 : 96;
    if (kind == INDICATOR_ENDPOINT)
        out->port = 9;
    if (kind == INDICATOR_DOMAIN || kind == INDICATOR_URL) {
        room[0] = 'c';
        memcpy(room + 1, name, sizeof name - 1);
        for (unsigned i = 0; i < 4; i++)
            room[2 + i] = (uint8_t)digits[list >> (12 - 4 * i) & 15];
        out->text = bytes_of(room, sizeof name - (kind == INDICATOR_DOMAIN));
    } else if (fixed[kind] != 0) {
        memset(room, 0xca, 32);
        room[0] = (uint8_t)(list >> 8);
        room[1] = (uint8_t)list;
        out->text = bytes_of(room, fixed[kind]);
    }
}

/* Beyond the cap, if need be: what cannot be tested is worth nothing. */
static void canary_add(struct indicators *x, unsigned list, enum indicator_kind kind, bool v4)
{
    struct about a = {INT64_MIN, INT64_MAX, NO_ID, (uint16_t)list, TLP_NONE, PAP_NONE, true, true};
    struct indicator_value v;
    uint8_t room[64];

    canary_value(kind, list, v4, room, &v);
    value_add(x, &v, about_keep(x, &a));
}

static void canaries_add(struct indicators *x)
{
    for (unsigned l = 0; l < x->lists; l++)
        for (enum indicator_kind k = INDICATOR_IPV4; k < INDICATOR_KINDS; k++)
            if (x->list[l].n.kind[k] != 0) {
                canary_add(x, l, k, k != INDICATOR_IPV6);
                if (k == INDICATOR_SUBNET)
                    canary_add(x, l, k, false);
            }
}

/* ---- sealing ---- */

struct sealing {
    struct indicators *x;
    enum indicator_kind kind;
};

static void is_gone(void *with, uint32_t number)
{
    const struct sealing *s = with;
    struct indicators_numbers *n = &s->x->list[s->x->about[number].list].n;

    if (s->x->about[number].canary)
        return;
    n->duplicates++;
    n->entries--;
    n->kind[s->kind]--;
    s->x->entries--;
}

/* The same about with the same key is the same entry. */
static bool is_same(void *with, uint32_t a, uint32_t b)
{
    const struct sealing *s = with;

    return a == b || about_same(&s->x->about[a], &s->x->about[b]);
}

static void seal_end(struct indicators *x)
{
    subnets_seal(x);
    if (x->ends.block != NULL)
        ends_fit(&x->ends);
    free(x->recent);
    x->recent = NULL;
    if (x->abouts != 0) {
        x->about = memory_resize(x->about, x->abouts, sizeof *x->about);
        x->about_room = x->abouts;
    }
}

/* On to the next kind that has a set, whose tables are made. */
static void seal_next(struct indicators *x)
{
    x->sealing++;
    if (x->sealing == INDICATOR_SUBNET)
        x->sealing++;
    if (x->sealing < INDICATOR_KINDS)
        set_seal_begin(&x->set[x->sealing]);
}

bool indicators_seal_step(struct indicators *x, size_t keys)
{
    struct sealing s = {x, x->sealing};
    const struct set_asks asks = {is_same, is_gone, &s};

    if (x->recent == NULL)
        return false;
    if (x->sealing == INDICATOR_NONE) {
        canaries_add(x);
        seal_next(x);
        return true;
    }
    if (set_seal_step(&x->set[x->sealing], keys, &asks))
        return true;
    seal_next(x);
    if (x->sealing < INDICATOR_KINDS)
        return true;
    seal_end(x);
    return false;
}

void indicators_seal(struct indicators *x)
{
    while (indicators_seal_step(x, SIZE_MAX / 2))
        ;
}

/* ---- what is in it ---- */

unsigned indicators_lists(const struct indicators *x)
{
    return x->lists;
}

struct indicators_numbers indicators_count(const struct indicators *x, unsigned list)
{
    struct indicators_numbers n = x->list[list].n;

    n.name = x->list[list].name;
    return n;
}

size_t indicators_bytes(const struct indicators *x)
{
    size_t n = sizeof *x + x->lists * sizeof *x->list + x->about_room * sizeof *x->about +
               x->ids.room + ends_size(&x->ends) + x->subnet_room * sizeof *x->subnet +
               (x->wide == NULL ? 0 : lookup_bytes(x->wide));

    for (unsigned k = 0; k < INDICATOR_KINDS; k++)
        n += set_size(&x->set[k]);
    return n;
}

/* ---- taking turns ---- */

void indicators_offer(struct indicators_place *p, struct indicators *x)
{
    indicators_free(atomic_exchange_explicit(&p->next, x, memory_order_acq_rel));
}

const struct indicators *indicators_take(struct indicators_place *p)
{
    struct indicators *x;

    if (atomic_load_explicit(&p->next, memory_order_relaxed) == NULL)
        return p->now;
    x = atomic_exchange_explicit(&p->next, NULL, memory_order_acq_rel);
    if (x == NULL)
        return p->now;
    indicators_free(p->now);
    p->now = x;
    return x;
}

void indicators_place_done(struct indicators_place *p)
{
    indicators_free(atomic_exchange(&p->next, NULL));
    indicators_free(p->now);
    p->now = NULL;
}

#include "stix/index.h"

#include <stdlib.h>

#include "base/memory.h"
#include "stix/program.h"

enum {
    INDEX_SLOTS = 256,    /* properties that facts can be about; more are not indexed */
    INDEX_PREFIXES = 129, /* lengths of a subnet */
    INDEX_FACTS = 4096,   /* of one pattern; a longer list makes it a candidate always */
};

/* property = value, or property in value/bits. Two facts of one hash are one: a false candidate
 * costs a look, no more. */
struct fact {
    uint64_t hash;
    uint32_t member; /* place in members */
};

struct member {
    const struct pattern *p;
    uint32_t id;
    uint32_t named; /* the last question that named it */
};

/* What is asked of an object: a property, exactly and by some prefix lengths. */
struct slot {
    uint32_t property, kind;
    bool exact;
    uint8_t lengths;
    uint8_t length[INDEX_PREFIXES];
};

struct index {
    const struct pattern_vocabulary *words;
    struct member *member;
    size_t members, members_room;
    struct fact *fact; /* sorted by hash, then ranged by `bucket` */
    size_t facts, facts_room;
    uint32_t *bucket; /* of 2^bits + 1: where the facts of each begin */
    uint64_t *filter; /* a bit a hash: most questions end here */
    unsigned bits;
    struct slot slot[INDEX_SLOTS];
    size_t slots;
    uint32_t *always;
    size_t always_count;
    uint32_t question;
    uint16_t *shared; /* while sealing: how many patterns have facts of this hash */
    unsigned shared_bits;
};

/* ---- hashes ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t hash_bytes(uint64_t h, const uint8_t *data, size_t len)
{
    uint64_t word;

    h = mix(h, len);
    for (; len >= 8; data += 8, len -= 8) {
        memcpy(&word, data, 8);
        h = mix(h, word);
    }
    word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)data[i] << 8 * i;
    return mix(mix(h, word), 0x2545f491);
}

static uint64_t hash_address(uint64_t h, struct addr a, unsigned bits)
{
    uint64_t half[2];

    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits >= 8 * (i + 1) ? 8 : bits <= 8 * i ? 0 : bits - 8 * i;

        a.byte[i] &= (uint8_t)(0xff00 >> keep);
    }
    memcpy(half, a.byte, sizeof half);
    return mix(mix(mix(h, half[0]), half[1]), bits);
}

/* The seed of what is said of a property; subnets apart from equal values. */
static uint64_t seed(uint32_t property)
{
    return mix(0x51ed270b, property);
}

/* Whole numbers are one value, however they are written. False: not a value that is hashed. */
static bool hash_value(uint32_t property, const struct pattern_value *v, uint64_t *out)
{
    uint64_t h = seed(property);

    switch (v->type) {
    case PATTERN_STRING:
    case PATTERN_BINARY: /* equal to a string of the same Latin-1: see can_hash */
        *out = hash_bytes(h, v->text.data, v->text.len);
        return true;
    case PATTERN_INTEGER:
    case PATTERN_BOOLEAN:
        *out = mix(mix(h, 1), (uint64_t)v->integer);
        return true;
    case PATTERN_ADDRESS:
        *out = hash_address(h, v->addr, 128);
        return true;
    default:
        return false;
    }
}

/* ---- the facts of a pattern ---- */

struct list {
    struct fact *fact;
    size_t count, room;
};

/* What a part of a comparison needs: facts [from, to) of the list, or anything. */
struct need {
    size_t from, to;
    size_t weight; /* patterns that share them; 0 while they are counted */
    bool any;
};

static const struct pattern_property *property_of(const struct index *x, const struct test *t)
{
    for (size_t i = 0; i < x->words->count; i++)
        if (x->words->list[i].id == t->property && x->words->list[i].kind == t->kind)
            return &x->words->list[i];
    return NULL;
}

static bool add_fact(struct list *l, uint64_t hash)
{
    if (l->count == INDEX_FACTS)
        return false;
    if (l->count == l->room) {
        l->room = l->room * 2 + 16;
        l->fact = memory_resize(l->fact, l->room, sizeof *l->fact);
    }
    l->fact[l->count++] = (struct fact){hash, 0};
    return true;
}

/* A constant that may equal a value of another type cannot be found by hash. */
static bool can_hash(enum pattern_type property, enum pattern_type constant)
{
    return property == constant || (property == PATTERN_ADDRESS && constant == PATTERN_STRING);
}

static bool add_equal(struct index *x, struct list *l, const struct pattern *p,
                      const struct test *t)
{
    const struct pattern_property *property = property_of(x, t);

    for (uint32_t i = 0; i < t->constants; i++) {
        const struct pattern_value *c = &p->constant[t->first_constant + i];
        uint64_t hash;

        if (property == NULL || !can_hash(property->type, c->type))
            return false;
        if (c->type != property->type) /* a text that no address is */
            continue;
        if (!hash_value(t->property, c, &hash) || !add_fact(l, hash))
            return false;
    }
    return true;
}

static bool add_subnet(struct index *x, struct list *l, const struct pattern *p,
                       const struct test *t)
{
    const struct pattern_property *property = property_of(x, t);
    const struct pattern_value *c = &p->constant[t->first_constant];

    return property != NULL && property->type == PATTERN_ADDRESS &&
           add_fact(l, hash_address(seed(t->property), c->addr, (unsigned)c->integer));
}

static size_t weigh(const struct index *x, const struct list *l, size_t from)
{
    size_t weight = 0;

    for (size_t i = from; i < l->count; i++)
        weight += x->shared[l->fact[i].hash >> (64 - x->shared_bits)];
    return weight;
}

static struct need need_of_test(struct index *x, struct list *l, const struct pattern *p,
                                const struct test *t)
{
    struct need n = {.from = l->count};
    bool good = false;

    if (!t->negated && (t->operation == TEST_EQUAL || t->operation == TEST_IN))
        good = add_equal(x, l, p, t);
    else if (!t->negated && t->operation == TEST_ISSUBSET)
        good = add_subnet(x, l, p, t);
    if (!good)
        l->count = n.from;
    n.any = !good;
    n.to = l->count;
    n.weight = weigh(x, l, n.from);
    return n;
}

/* Both lie at the list's end, a before b. */
static struct need need_of_both(struct list *l, struct need a, struct need b)
{
    bool take_a = !a.any && (b.any || a.weight <= b.weight);

    if (!take_a) { /* b moves down to where a began */
        for (size_t i = 0; i < b.to - b.from; i++)
            l->fact[a.from + i] = l->fact[b.from + i];
        a.to = a.from + (b.to - b.from);
        a.weight = b.weight;
        a.any = b.any;
    }
    l->count = a.to;
    return a;
}

static struct need need_of_either(struct list *l, struct need a, struct need b)
{
    a.any = a.any || b.any;
    a.to = a.any ? a.from : b.to;
    a.weight += b.weight;
    l->count = a.to;
    return a;
}

/* Puts the facts of one [..] at the end of l. False: any object may meet it. */
static bool need_of_leaf(struct index *x, struct list *l, const struct pattern *p,
                         const struct part *leaf)
{
    struct need stack[PROGRAM_STACK];
    size_t top = 0;

    for (uint32_t i = 0; i < leaf->postfixes; i++) {
        uint16_t item = p->postfix[leaf->first_postfix + i];

        if (item < POSTFIX_OR) {
            stack[top++] = need_of_test(x, l, p, &p->test[item]);
            continue;
        }
        top--;
        stack[top - 1] = item == POSTFIX_AND ? need_of_both(l, stack[top - 1], stack[top])
                                             : need_of_either(l, stack[top - 1], stack[top]);
    }
    return !stack[0].any;
}

/* Over one object the observations of a pattern are alternatives (pattern.c: check_one). */
static bool need_of(struct index *x, struct list *l, const struct pattern *p)
{
    l->count = 0;
    for (size_t i = 0; i < p->parts; i++)
        if (p->part[i].kind == PART_LEAF && !need_of_leaf(x, l, p, &p->part[i]))
            return false;
    return true;
}

/* ---- building ---- */

struct index *index_new(const struct pattern_vocabulary *words)
{
    struct index *x = memory_zeroed(1, sizeof *x);

    x->words = words;
    return x;
}

void index_free(struct index *x)
{
    if (x == NULL)
        return;
    free(x->member);
    free(x->fact);
    free(x->bucket);
    free(x->filter);
    free(x->always);
    free(x->shared);
    free(x);
}

void index_add(struct index *x, const struct pattern *p, uint32_t id)
{
    if (x->members == x->members_room) {
        x->members_room = x->members_room * 2 + 16;
        x->member = memory_resize(x->member, x->members_room, sizeof *x->member);
    }
    x->member[x->members++] = (struct member){p, id, 0};
}

/* Every equality of every pattern, so that an AND can take its rarer side. */
static void count_shared(struct index *x)
{
    struct list l = {NULL, 0, 0};

    for (x->shared_bits = 10; x->shared_bits < 24 && x->members >> (x->shared_bits - 2) != 0;)
        x->shared_bits++;
    x->shared = memory_zeroed((size_t)1 << x->shared_bits, sizeof *x->shared);
    for (size_t m = 0; m < x->members; m++)
        for (size_t t = 0; t < x->member[m].p->tests; t++) {
            l.count = 0;
            (void)need_of_test(x, &l, x->member[m].p, &x->member[m].p->test[t]);
            for (size_t i = 0; i < l.count; i++) {
                uint16_t *n = &x->shared[l.fact[i].hash >> (64 - x->shared_bits)];

                *n = (uint16_t)(*n + (*n < UINT16_MAX));
            }
        }
    free(l.fact);
}

static struct slot *slot_for(struct index *x, const struct test *t)
{
    for (size_t i = 0; i < x->slots; i++)
        if (x->slot[i].property == t->property && x->slot[i].kind == t->kind)
            return &x->slot[i];
    if (x->slots == INDEX_SLOTS)
        return NULL;
    x->slot[x->slots] = (struct slot){.property = t->property, .kind = t->kind};
    return &x->slot[x->slots++];
}

/* What objects must be asked, so that a fact of this test can be found. False: no place for it. */
static bool ask_for(struct index *x, const struct pattern *p, const struct test *t)
{
    struct slot *slot = slot_for(x, t);
    uint8_t bits;

    if (slot == NULL)
        return false;
    if (t->operation != TEST_ISSUBSET) {
        slot->exact = true;
        return true;
    }
    bits = (uint8_t)p->constant[t->first_constant].integer;
    for (size_t i = 0; i < slot->lengths; i++)
        if (slot->length[i] == bits)
            return true;
    slot->length[slot->lengths++] = bits; /* 0 to 128: there is room for each */
    return true;
}

static bool ask_for_all(struct index *x, const struct pattern *p)
{
    for (size_t i = 0; i < p->tests; i++) {
        const struct test *t = &p->test[i];

        if (!t->negated &&
            (t->operation == TEST_EQUAL || t->operation == TEST_IN ||
             t->operation == TEST_ISSUBSET) &&
            !ask_for(x, p, t))
            return false;
    }
    return true;
}

static void keep_facts(struct index *x, const struct list *l, uint32_t member)
{
    while (x->facts + l->count > x->facts_room) {
        x->facts_room = x->facts_room * 2 + 64;
        x->fact = memory_resize(x->fact, x->facts_room, sizeof *x->fact);
    }
    for (size_t i = 0; i < l->count; i++)
        x->fact[x->facts++] = (struct fact){l->fact[i].hash, member};
}

static int by_hash(const void *a, const void *b)
{
    const struct fact *x = a, *y = b;

    return (x->hash > y->hash) - (x->hash < y->hash);
}

static void build_table(struct index *x)
{
    size_t n, at = 0;

    for (x->bits = 4; x->bits < 28 && (size_t)1 << x->bits < 2 * x->facts;)
        x->bits++;
    n = (size_t)1 << x->bits;
    if (x->facts > 1)
        qsort(x->fact, x->facts, sizeof *x->fact, by_hash);
    x->bucket = memory_new((n + 1) * sizeof *x->bucket);
    x->filter = memory_zeroed(n / 8, sizeof *x->filter);
    for (size_t b = 0; b < n; b++) {
        x->bucket[b] = (uint32_t)at;
        while (at < x->facts && x->fact[at].hash >> (64 - x->bits) == b)
            at++;
    }
    x->bucket[n] = (uint32_t)at;
    for (size_t i = 0; i < x->facts; i++) {
        uint64_t bit = x->fact[i].hash & (n * 8 - 1);

        x->filter[bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

void index_seal(struct index *x)
{
    struct list l = {NULL, 0, 0};

    count_shared(x);
    x->always = memory_new(x->members * sizeof *x->always);
    for (size_t m = 0; m < x->members; m++) {
        const struct pattern *p = x->member[m].p;

        if (need_of(x, &l, p) && ask_for_all(x, p))
            keep_facts(x, &l, (uint32_t)m);
        else
            x->always[x->always_count++] = (uint32_t)m;
    }
    free(l.fact);
    free(x->shared);
    x->shared = NULL;
    build_table(x);
}

/* ---- asking ---- */

struct asking {
    struct index *x;
    bool (*each)(void *with, const struct pattern *p, uint32_t id);
    void *with;
};

static bool name(struct asking *a, uint32_t member)
{
    struct member *m = &a->x->member[member];

    if (m->named == a->x->question)
        return true;
    m->named = a->x->question;
    return a->each(a->with, m->p, m->id);
}

static bool look_up(struct asking *a, uint64_t hash)
{
    const struct index *x = a->x;
    uint64_t bit = hash & (((uint64_t)8 << x->bits) - 1), b = hash >> (64 - x->bits);

    if ((x->filter[bit / 64] >> bit % 64 & 1) == 0)
        return true;
    for (uint32_t i = x->bucket[b]; i < x->bucket[b + 1]; i++)
        if (x->fact[i].hash == hash && !name(a, x->fact[i].member))
            return false;
    return true;
}

static bool look_up_value(struct asking *a, const struct slot *slot, const struct pattern_value *v)
{
    uint64_t hash;

    if (slot->exact && hash_value(slot->property, v, &hash) && !look_up(a, hash))
        return false;
    for (size_t i = 0; v->type == PATTERN_ADDRESS && i < slot->lengths; i++)
        if (!look_up(a, hash_address(seed(slot->property), v->addr, slot->length[i])))
            return false;
    return true;
}

static bool look_up_slot(struct asking *a, const struct slot *slot, const void *object)
{
    const struct pattern_vocabulary *words = a->x->words;
    unsigned roots = words->roots(object, slot->kind);
    char room[64];

    for (unsigned root = 0; root < roots; root++)
        for (size_t nth = 0;; nth++) {
            struct pattern_value v = words->get(object, slot->property, root, nth, room);

            if (v.type == PATTERN_NONE)
                break;
            if (!look_up_value(a, slot, &v))
                return false;
        }
    return true;
}

/* Marks are numbers of questions: when they are used up, all are taken off once. */
static void next_question(struct index *x)
{
    if (++x->question != 0)
        return;
    for (size_t i = 0; i < x->members; i++)
        x->member[i].named = 0;
    x->question = 1;
}

void index_candidates(struct index *x, const void *object,
                      bool (*each)(void *with, const struct pattern *p, uint32_t id), void *with)
{
    struct asking a = {x, each, with};

    next_question(x);
    for (size_t i = 0; i < x->slots; i++)
        if (!look_up_slot(&a, &x->slot[i], object))
            return;
    for (size_t i = 0; i < x->always_count; i++)
        if (!name(&a, x->always[i]))
            return;
}

struct index_numbers index_count(const struct index *x)
{
    size_t n = x->bucket == NULL ? 0 : (size_t)1 << x->bits;

    return (struct index_numbers){x->members, x->facts, x->always_count,
                                  sizeof *x + x->members_room * sizeof *x->member +
                                      x->facts_room * sizeof *x->fact +
                                      n * (sizeof *x->bucket + 1) + x->members * sizeof *x->always};
}

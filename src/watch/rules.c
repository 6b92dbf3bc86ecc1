#include "watch/rules.h"

#include <stdlib.h>

#include "base/memory.h"
#include "crypto/digest.h"
#include "stix/event.h"
#include "watch/orient.h"

struct rules {
    const struct agreement *agreement;
    size_t us; /* index of our party */
    struct territory *territory;
    struct pattern *covers[AGREEMENT_ARTICLES]; /* NULL for articles that carry no NOTICE */
    const struct territory_table *table[TERRITORY_TABLES]; /* by their numbers in territory */
    struct addr sensors[RULES_SENSORS];
    size_t sensor_count;
    const struct cautions *cautions; /* not ours; NULL: none */
};

static void declare(struct territory *t, unsigned party, const struct party *p)
{
    for (size_t i = 0; i < p->prefix_count; i++)
        territory_prefix(t, party, p->prefixes[i]);
    for (size_t i = 0; i < p->as_count; i++)
        territory_as_number(t, party, p->as_numbers[i]);
}

static struct fault read_patterns(struct rules *r, struct rules_error *error)
{
    const struct agreement *a = r->agreement;

    for (size_t i = 0; i < a->article_count; i++) {
        struct fault f;

        if (a->articles[i].carries != ARTICLE_NOTICE)
            continue;
        if (error != NULL)
            error->article = a->articles[i].id;
        f = pattern_parse(bytes_text(a->articles[i].covers), &event_vocabulary, &r->covers[i],
                          error == NULL ? NULL : &error->pattern);
        if (fault_is(f))
            return f;
    }
    return fault_none();
}

struct fault rules_new(const struct agreement *a, const char *us, struct rules **out,
                       struct rules_error *error)
{
    const struct party *own = agreement_party(a, us);
    struct rules *r;
    struct fault f;

    if (error != NULL)
        *error = (struct rules_error){NULL, {0, NULL}};
    if (own == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "PROTOCOL.agreement section 2: parties");
    r = memory_zeroed(1, sizeof *r);
    r->agreement = a;
    r->us = (size_t)(own - a->parties);
    r->territory = territory_new();
    for (unsigned i = 0; i < AGREEMENT_PARTIES; i++)
        declare(r->territory, i + 1, &a->parties[i]);
    f = read_patterns(r, error);
    if (fault_is(f)) {
        rules_free(r);
        return f;
    }
    *out = r;
    return fault_none();
}

void rules_free(struct rules *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < AGREEMENT_ARTICLES; i++)
        pattern_free(r->covers[i]);
    territory_free(r->territory);
    free(r);
}

struct fault rules_table(struct rules *r, size_t party, size_t table, struct bytes raw)
{
    const struct territory_table *t = &r->agreement->parties[party].tables[table];
    struct digest digest = digest_of(raw);
    unsigned number;
    struct fault f;

    if (memcmp(digest.byte, t->sha256, sizeof t->sha256) != 0)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.agreement section 2: tables, sha256");
    f = territory_table(r->territory, (unsigned)party + 1, raw, t->code, t->valid_from,
                        t->valid_until, &number);
    if (!fault_is(f))
        r->table[number] = t;
    return f;
}

const struct territory_table *rules_table_numbered(const struct rules *r, unsigned number)
{
    return number < TERRITORY_TABLES ? r->table[number] : NULL;
}

struct fault rules_as_table(struct rules *r, struct bytes raw)
{
    return territory_as_table(r->territory, raw);
}

struct fault rules_sensor(struct rules *r, struct addr a)
{
    if (r->sensor_count == RULES_SENSORS)
        return fault_make(FAULT_LIMIT, 0, "at most 64 sensor addresses");
    r->sensors[r->sensor_count++] = a;
    return fault_none();
}

void rules_caution(struct rules *r, const struct cautions *c)
{
    r->cautions = c;
}

void rules_seal(struct rules *r)
{
    territory_seal(r->territory);
}

const struct agreement *rules_agreement(const struct rules *r)
{
    return r->agreement;
}

struct territory_answer rules_territory(const struct rules *r, struct addr a, struct instant time)
{
    return territory_find(r->territory, a, time);
}

size_t rules_bytes(const struct rules *r)
{
    return territory_bytes(r->territory);
}

const char *rules_other(const struct rules *r)
{
    return r->agreement->parties[1 - r->us].id;
}

static bool is_sensor(const struct rules *r, struct addr a)
{
    for (size_t i = 0; i < r->sensor_count; i++)
        if (addr_compare(r->sensors[i], a) == 0)
            return true;
    return false;
}

static bool is_own(const struct rules *r, struct addr a, struct territory_answer t)
{
    return t.party == r->us + 1 || is_sensor(r, a);
}

static void place(const struct rules *r, struct end *end, struct territory_answer t)
{
    end->territory = t;
    if (t.party == 0)
        return;
    end->party = r->agreement->parties[t.party - 1].id;
    end->side = t.party == r->us + 1 ? SIDE_OWN : SIDE_OTHER;
}

/* May this end be named as where an event came from? Our sensors never, whatever a table says. */
static bool can_be_named(const struct rules *r, const struct end *end)
{
    return end->side != SIDE_NONE && !territory_is_nowhere(end->addr) && !is_sensor(r, end->addr);
}

static bool find_article(const struct rules *r, const struct event *e, size_t *out)
{
    for (size_t i = 0; i < r->agreement->article_count; i++)
        if (r->covers[i] != NULL && pattern_matches(r->covers[i], e)) {
            *out = i;
            return true;
        }
    return false;
}

enum judged rules_judge(const struct rules *r, struct event *e, size_t *article_out)
{
    struct territory_answer src, dest;
    bool turned;

    if (e->service == SERVICE_NONE || e->has != EVENT_HAS_ENDS)
        return JUDGED_NONE;
    src = territory_find(r->territory, e->src, e->time);
    dest = territory_find(r->territory, e->dest, e->time);
    orient_decide(e, is_own(r, e->src, src), is_own(r, e->dest, dest));
    if (e->ground == ORIENT_NONE)
        return JUDGED_NONE;
    turned = orient_is_turned(e->ground);
    place(r, &e->from, turned ? dest : src);
    place(r, &e->to, turned ? src : dest);
    if (!can_be_named(r, &e->from))
        return JUDGED_ORIENTED;
    if (e->from.side != SIDE_OTHER)
        return JUDGED_ATTRIBUTED;
    e->from_as = territory_as(r->territory, e->from.addr);
    if (!find_article(r, e, article_out))
        return JUDGED_ATTRIBUTED;
    if (r->cautions != NULL)
        e->cautions = (uint8_t)cautions_address(r->cautions, e->from.addr, e->time);
    return JUDGED_MATCHED;
}

uint64_t rules_why(const struct rules *r, const struct event *e, size_t article)
{
    return pattern_why(r->covers[article], e);
}

void rules_comparison(const struct rules *r, size_t article, size_t i, struct buf *out)
{
    pattern_comparison(r->covers[article], bytes_text(r->agreement->articles[article].covers), i,
                       out);
}

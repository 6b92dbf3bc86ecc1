#include "net/territory.h"

#include "base/memory.h"
#include "base/text.h"
#include "net/spans.h"
#include "net/table.h"

/*
 * The values inside the maps: what every test says of an address, side by side, so that one look-up
 * finds the answer and whether the others agree. Bits:
 *   0-1 declared prefix of party 1, 2, or 3 both      2-3 declared AS number, the same
 *   4 an AS number is known                           5-13 party 1's tables, 14-22 party 2's:
 *   eight bits the number + 1 of the table that says yes, one that a table says a foreign code
 */
enum {
    AS_SHIFT = 2,
    AS_KNOWN = 1 << 4,
    TABLE_SHIFT = 5,
    TABLE_BITS = 9,
    TABLE_YES = 0xff,
    TABLE_NO = 0x100,
    BOTH = 3,
    NO_ALL = TABLE_NO << TABLE_SHIFT | TABLE_NO << (TABLE_SHIFT + TABLE_BITS),
};

struct table {
    int64_t from, until;
    unsigned party;
    struct spans spans;
};

/* The map that holds from this time on. */
struct epoch {
    int64_t from;
    struct lookup *map;
    struct territory_answer *answers; /* by the map's slots */
};

struct territory {
    struct claim *prefixes;
    size_t prefix_count;
    uint32_t *as_numbers[TERRITORY_PARTIES];
    size_t as_count[TERRITORY_PARTIES];
    struct table tables[TERRITORY_TABLES];
    size_t table_count;
    struct spans as_spans; /* values are AS numbers; empty without a table of them */
    struct lookup *as_map; /* NULL without */
    struct epoch epochs[2 * TERRITORY_TABLES + 1];
    size_t epoch_count;
};

const char *territory_ground_name(enum territory_ground g)
{
    static const char *const names[] = {"none", "prefix", "as", "table", "contested"};

    return names[g];
}

struct territory *territory_new(void)
{
    return memory_zeroed(1, sizeof(struct territory));
}

/* What the maps are built from. */
static void free_sources(struct territory *t)
{
    free(t->prefixes);
    t->prefixes = NULL;
    t->prefix_count = 0;
    for (size_t i = 0; i < t->table_count; i++)
        spans_done(&t->tables[i].spans);
    spans_done(&t->as_spans);
}

void territory_free(struct territory *t)
{
    if (t == NULL)
        return;
    free_sources(t);
    for (size_t i = 0; i < TERRITORY_PARTIES; i++)
        free(t->as_numbers[i]);
    for (size_t i = 0; i < t->epoch_count; i++) {
        lookup_free(t->epochs[i].map);
        free(t->epochs[i].answers);
    }
    lookup_free(t->as_map);
    free(t);
}

void territory_prefix(struct territory *t, unsigned party, struct prefix p)
{
    t->prefixes = memory_resize(t->prefixes, t->prefix_count + 1, sizeof *t->prefixes);
    t->prefixes[t->prefix_count++] = (struct claim){p, party};
}

void territory_as_number(struct territory *t, unsigned party, uint32_t number)
{
    size_t *count = &t->as_count[party - 1];
    uint32_t **list = &t->as_numbers[party - 1];

    *list = memory_resize(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = number;
}

/* The same prefix declared twice. */
static uint32_t join_equals(uint32_t a, uint32_t b)
{
    return a | b;
}

/* The same prefix under two codes of one table: it is not known whose it is, so not ours. */
static uint32_t join_codes(uint32_t a, uint32_t b)
{
    return a == b ? a : (a | b) & NO_ALL;
}

static uint32_t join_numbers(uint32_t a, uint32_t b)
{
    return a == b ? a : 0;
}

static uint32_t tables_of(uint32_t evidence, unsigned party)
{
    return evidence >> (TABLE_SHIFT + TABLE_BITS * (party - 1));
}

/* All that both say; of two tables of a party that say yes the first listed. */
static uint32_t join_evidence(uint32_t a, uint32_t b)
{
    for (unsigned party = 1; party <= TERRITORY_PARTIES; party++)
        if ((tables_of(a, party) & TABLE_YES) != 0)
            b &= ~((uint32_t)TABLE_YES << (TABLE_SHIFT + TABLE_BITS * (party - 1)));
    return a | b;
}

struct code_value {
    struct bytes code;
    uint32_t yes, no;
};

static uint32_t value_of_code(struct bytes code, void *ctx)
{
    const struct code_value *c = ctx;

    return bytes_equal(code, c->code) ? c->yes : c->no;
}

static uint32_t value_of_number(struct bytes code, void *ctx)
{
    uint64_t number = 0;

    (void)ctx;
    return decimal_read(code, UINT32_MAX, &number) ? (uint32_t)number : 0;
}

static struct fault read_table(struct bytes raw, table_value *value, void *ctx, spans_join *join,
                               struct spans *out)
{
    struct buf text = {0};
    struct claim *claims;
    size_t count;
    struct fault f = table_unpack(raw, &text);

    if (!fault_is(f))
        f = table_parse(buf_view(&text), value, ctx, &claims, &count);
    if (!fault_is(f)) {
        spans_flatten(claims, count, join, out);
        free(claims);
    }
    buf_done(&text);
    return f;
}

struct fault territory_table(struct territory *t, unsigned party, struct bytes raw,
                             const char *code, struct instant valid_from,
                             struct instant valid_until, unsigned *number_out)
{
    unsigned number = (unsigned)t->table_count, shift = TABLE_SHIFT + TABLE_BITS * (party - 1);
    struct code_value ctx = {bytes_text(code), (number + 1) << shift, (uint32_t)TABLE_NO << shift};
    struct table *table = &t->tables[number % TERRITORY_TABLES];
    struct fault f;

    if (number == TERRITORY_TABLES)
        return fault_make(FAULT_LIMIT, 0, "at most 128 territory tables");
    f = read_table(raw, value_of_code, &ctx, join_codes, &table->spans);
    if (fault_is(f))
        return f;
    table->from = valid_from.us;
    table->until = valid_until.us;
    table->party = party;
    t->table_count++;
    *number_out = number;
    return fault_none();
}

struct fault territory_as_table(struct territory *t, struct bytes raw)
{
    if (t->as_spans.count != 0)
        return fault_make(FAULT_DUPLICATE, 0, "one table of AS numbers");
    return read_table(raw, value_of_number, NULL, join_numbers, &t->as_spans);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static uint32_t as_evidence(const struct territory *t, uint32_t number)
{
    uint32_t out = number == 0 ? 0 : AS_KNOWN;

    for (unsigned p = 0; p < TERRITORY_PARTIES && number != 0; p++)
        if (t->as_count[p] != 0 &&
            bsearch(&number, t->as_numbers[p], t->as_count[p], sizeof number, by_number) != NULL)
            out |= (p + 1) << AS_SHIFT;
    return out;
}

static void as_layer(struct territory *t, struct spans *out)
{
    for (unsigned p = 0; p < TERRITORY_PARTIES; p++)
        if (t->as_count[p] != 0)
            qsort(t->as_numbers[p], t->as_count[p], sizeof(uint32_t), by_number);
    *out = (struct spans){memory_new((t->as_spans.count + 1) * sizeof *out->list), 0,
                          t->as_spans.count + 1};
    for (size_t i = 0; i < t->as_spans.count; i++)
        out->list[out->count++] =
            (struct span){t->as_spans.list[i].first, as_evidence(t, t->as_spans.list[i].value)};
}

/* ---- from evidence to an answer ---- */

static struct territory_answer of_party(unsigned party, enum territory_ground ground)
{
    if (party == BOTH)
        return (struct territory_answer){0, TERRITORY_CONTESTED, 0, false};
    return (struct territory_answer){(uint8_t)party, (uint8_t)ground, 0, false};
}

static struct territory_answer strongest(uint32_t evidence)
{
    unsigned declared = evidence & BOTH, as = evidence >> AS_SHIFT & BOTH;
    uint32_t one = tables_of(evidence, 1) & TABLE_YES, two = tables_of(evidence, 2) & TABLE_YES;
    struct territory_answer answer;

    if (declared != 0)
        return of_party(declared, TERRITORY_PREFIX);
    if (as != 0)
        return of_party(as, TERRITORY_AS);
    answer = of_party((one != 0 ? 1u : 0u) + (two != 0 ? 2u : 0u), TERRITORY_TABLE);
    if (answer.party == 0)
        answer.ground = one != 0 ? TERRITORY_CONTESTED : TERRITORY_NONE;
    else
        answer.table = (uint8_t)((one != 0 ? one : two) - 1);
    return answer;
}

/* Does any test speak against that party? */
static bool is_disputed(const struct territory *t, uint32_t evidence, unsigned party)
{
    unsigned other = BOTH - party, as = evidence >> AS_SHIFT & BOTH;

    if ((evidence & BOTH & other) != 0 || (as & other) != 0)
        return true;
    if ((evidence & AS_KNOWN) != 0 && t->as_count[party - 1] != 0 && as != party)
        return true;
    return (tables_of(evidence, other) & TABLE_YES) != 0 ||
           (tables_of(evidence, party) & TABLE_NO) != 0;
}

static struct territory_answer answer_of(const struct territory *t, uint32_t evidence)
{
    struct territory_answer answer = strongest(evidence);

    answer.disputed = answer.party != 0 && is_disputed(t, evidence, answer.party);
    return answer;
}

/* ---- the maps ---- */

static void lay_over(struct spans *sum, const struct spans *layer)
{
    struct spans next;

    spans_overlay(sum, layer, join_evidence, &next);
    spans_done(sum);
    *sum = next;
}

/* All that holds at a time. */
static void epoch_make(const struct territory *t, int64_t at, const struct spans *as,
                       const struct spans *declared, struct epoch *out)
{
    struct spans sum = {0};

    for (size_t i = 0; i < t->table_count; i++)
        if (at >= t->tables[i].from && at < t->tables[i].until)
            lay_over(&sum, &t->tables[i].spans);
    lay_over(&sum, as);
    lay_over(&sum, declared);
    out->from = at;
    out->map = lookup_new(&sum);
    spans_done(&sum);
    out->answers = memory_new(lookup_slots(out->map) * sizeof *out->answers);
    for (uint32_t i = 0; i < lookup_slots(out->map); i++)
        out->answers[i] = answer_of(t, lookup_value(out->map, i));
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The moments at which another set of tables begins to hold, ascending, the first INT64_MIN. */
static size_t epoch_times(const struct territory *t, int64_t *times)
{
    size_t n = 1, kept = 1;

    times[0] = INT64_MIN;
    for (size_t i = 0; i < t->table_count; i++) {
        times[n++] = t->tables[i].from;
        times[n++] = t->tables[i].until;
    }
    qsort(times, n, sizeof *times, by_time);
    for (size_t i = 1; i < n; i++)
        if (times[i] != times[kept - 1])
            times[kept++] = times[i];
    return kept;
}

void territory_seal(struct territory *t)
{
    int64_t times[2 * TERRITORY_TABLES + 1];
    struct spans declared, as;

    spans_flatten(t->prefixes, t->prefix_count, join_equals, &declared);
    as_layer(t, &as);
    t->epoch_count = epoch_times(t, times);
    for (size_t i = 0; i < t->epoch_count; i++)
        epoch_make(t, times[i], &as, &declared, &t->epochs[i]);
    if (t->as_spans.count != 0)
        t->as_map = lookup_new(&t->as_spans);
    spans_done(&declared);
    spans_done(&as);
    free_sources(t);
}

size_t territory_bytes(const struct territory *t)
{
    size_t n = t->as_map == NULL ? 0 : lookup_bytes(t->as_map);

    for (size_t i = 0; i < t->epoch_count; i++)
        n += lookup_bytes(t->epochs[i].map);
    return n;
}

struct territory_answer territory_find(const struct territory *t, struct addr a,
                                       struct instant time)
{
    size_t i = t->epoch_count - 1;

    while (i != 0 && time.us < t->epochs[i].from)
        i--;
    return t->epochs[i].answers[lookup_slot(t->epochs[i].map, a)];
}

uint32_t territory_as(const struct territory *t, struct addr a)
{
    return t->as_map == NULL ? 0 : lookup_find(t->as_map, a);
}

bool territory_is_nowhere(struct addr a)
{
    static const struct {
        uint32_t first, mask;
    } four[] = {
        {0x00000000, 0xff000000}, {0x0a000000, 0xff000000}, {0x64400000, 0xffc00000},
        {0x7f000000, 0xff000000}, {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000},
        {0xc0000000, 0xffffff00}, {0xc0a80000, 0xffff0000}, {0xc6120000, 0xfffe0000},
        {0xe0000000, 0xe0000000},
    };

    if (!addr_is_v4(a))
        return (a.byte[0] & 0xe0) != 0x20; /* global unicast is 2000::/3 (RFC 4291 section 2.4) */
    for (size_t i = 0; i < sizeof four / sizeof four[0]; i++)
        if ((addr_v4(a) & four[i].mask) == four[i].first)
            return true;
    return false;
}

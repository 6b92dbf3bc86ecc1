#include "net/territory.h"

#include "base/memory.h"
#include "base/text.h"
#include "net/spans.h"
#include "net/table.h"

/* The values inside the maps. */
enum {
    VALUE_NONE = 0,
    VALUE_CONTESTED = 1,
    VALUE_PREFIX = 2, /* + party */
    VALUE_AS = 5,     /* + party */
    VALUE_TABLE = 8,  /* + number of the table */
    VALUE_COUNT = VALUE_TABLE + TERRITORY_TABLES,
};

struct table {
    int64_t from, until;
    struct spans spans;
};

/* The map that holds from this time on. */
struct epoch {
    int64_t from;
    struct lookup *map;
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
    struct territory_answer answers[VALUE_COUNT];
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
    struct territory *t = memory_zeroed(1, sizeof *t);

    t->answers[VALUE_CONTESTED].ground = TERRITORY_CONTESTED;
    for (uint8_t party = 1; party <= TERRITORY_PARTIES; party++) {
        t->answers[VALUE_PREFIX + party] = (struct territory_answer){party, TERRITORY_PREFIX, 0};
        t->answers[VALUE_AS + party] = (struct territory_answer){party, TERRITORY_AS, 0};
    }
    return t;
}

void territory_free(struct territory *t)
{
    if (t == NULL)
        return;
    free(t->prefixes);
    for (size_t i = 0; i < TERRITORY_PARTIES; i++)
        free(t->as_numbers[i]);
    for (size_t i = 0; i < t->table_count; i++)
        spans_done(&t->tables[i].spans);
    for (size_t i = 0; i < t->epoch_count; i++)
        lookup_free(t->epochs[i].map);
    spans_done(&t->as_spans);
    lookup_free(t->as_map);
    free(t);
}

void territory_prefix(struct territory *t, unsigned party, struct prefix p)
{
    t->prefixes = memory_resize(t->prefixes, t->prefix_count + 1, sizeof *t->prefixes);
    t->prefixes[t->prefix_count++] = (struct claim){p, VALUE_PREFIX + party};
}

void territory_as_number(struct territory *t, unsigned party, uint32_t number)
{
    size_t *count = &t->as_count[party - 1];
    uint32_t **list = &t->as_numbers[party - 1];

    *list = memory_resize(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = number;
}

/* Two claims by tests of equal strength. */
static uint32_t join_equals(uint32_t a, uint32_t b)
{
    return a == b ? a : VALUE_CONTESTED;
}

/* The same prefix under two codes of one table: it is not known whose it is. */
static uint32_t join_codes(uint32_t a, uint32_t b)
{
    return a == b ? a : VALUE_NONE;
}

/* `a` is the stronger test. */
static uint32_t join_layers(uint32_t a, uint32_t b)
{
    return a != VALUE_NONE ? a : b;
}

struct code_value {
    struct bytes code;
    uint32_t value;
};

/* Other codes get 0: they are there to cut holes. */
static uint32_t value_of_code(struct bytes code, void *ctx)
{
    const struct code_value *c = ctx;

    return bytes_equal(code, c->code) ? c->value : VALUE_NONE;
}

static uint32_t value_of_number(struct bytes code, void *ctx)
{
    uint64_t number = 0;

    (void)ctx;
    return decimal_read(code, UINT32_MAX, &number) ? (uint32_t)number : 0;
}

static struct fault read_table(struct bytes raw, table_value *value, void *ctx, struct spans *out)
{
    struct buf text = {0};
    struct claim *claims;
    size_t count;
    struct fault f = table_unpack(raw, &text);

    if (!fault_is(f))
        f = table_parse(buf_view(&text), value, ctx, &claims, &count);
    if (!fault_is(f)) {
        spans_flatten(claims, count, join_codes, out);
        free(claims);
    }
    buf_done(&text);
    return f;
}

struct fault territory_table(struct territory *t, unsigned party, struct bytes raw,
                             const char *code, struct instant valid_from,
                             struct instant valid_until, unsigned *number_out)
{
    unsigned number = (unsigned)t->table_count;
    struct code_value ctx = {bytes_text(code), VALUE_TABLE + number};
    struct table *table = &t->tables[number % TERRITORY_TABLES];
    struct fault f;

    if (number == TERRITORY_TABLES)
        return fault_make(FAULT_LIMIT, 0, "at most 128 territory tables");
    f = read_table(raw, value_of_code, &ctx, &table->spans);
    if (fault_is(f))
        return f;
    table->from = valid_from.us;
    table->until = valid_until.us;
    t->answers[VALUE_TABLE + number] =
        (struct territory_answer){(uint8_t)party, TERRITORY_TABLE, (uint8_t)number};
    t->table_count++;
    *number_out = number;
    return fault_none();
}

struct fault territory_as_table(struct territory *t, struct bytes raw)
{
    if (t->as_spans.count != 0)
        return fault_make(FAULT_DUPLICATE, 0, "one table of AS numbers");
    return read_table(raw, value_of_number, NULL, &t->as_spans);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static uint32_t as_owner(const struct territory *t, uint32_t number)
{
    uint32_t value = VALUE_NONE;

    for (unsigned p = 0; p < TERRITORY_PARTIES && number != 0; p++)
        if (t->as_count[p] != 0 &&
            bsearch(&number, t->as_numbers[p], t->as_count[p], sizeof number, by_number) != NULL)
            value = value == VALUE_NONE ? VALUE_AS + p + 1 : VALUE_CONTESTED;
    return value;
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
            (struct span){t->as_spans.list[i].first, as_owner(t, t->as_spans.list[i].value)};
}

/* One party's tables at a time. Where two of them have an address, the first listed answers. */
static void party_tables(const struct territory *t, int64_t at, unsigned party, struct spans *out)
{
    struct spans sum = {0}, next;

    for (size_t i = 0; i < t->table_count; i++) {
        const struct table *table = &t->tables[i];

        if (at < table->from || at >= table->until || t->answers[VALUE_TABLE + i].party != party)
            continue;
        spans_overlay(&sum, &table->spans, join_layers, &next);
        spans_done(&sum);
        sum = next;
    }
    *out = sum;
}

/* Tables of the two parties are equally good. */
static uint32_t join_parties(uint32_t a, uint32_t b)
{
    if (a == VALUE_NONE || b == VALUE_NONE)
        return a != VALUE_NONE ? a : b;
    return VALUE_CONTESTED;
}

/* The whole map at a time: the tables below, AS numbers over them, declared prefixes on top. */
static struct lookup *map_at(const struct territory *t, int64_t at, const struct spans *as,
                             const struct spans *declared)
{
    struct spans one, two, tables, lower, all;
    struct lookup *map;

    party_tables(t, at, 1, &one);
    party_tables(t, at, 2, &two);
    spans_overlay(&one, &two, join_parties, &tables);
    spans_overlay(as, &tables, join_layers, &lower);
    spans_overlay(declared, &lower, join_layers, &all);
    map = lookup_new(&all);
    spans_done(&one);
    spans_done(&two);
    spans_done(&tables);
    spans_done(&lower);
    spans_done(&all);
    return map;
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
        t->epochs[i] = (struct epoch){times[i], map_at(t, times[i], &as, &declared)};
    if (t->as_spans.count != 0)
        t->as_map = lookup_new(&t->as_spans);
    spans_done(&declared);
    spans_done(&as);
}

struct territory_answer territory_find(const struct territory *t, struct addr a,
                                       struct instant time)
{
    size_t i = t->epoch_count - 1;

    while (i != 0 && time.us < t->epochs[i].from)
        i--;
    return t->answers[lookup_find(t->epochs[i].map, a)];
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

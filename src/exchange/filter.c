#include "exchange/filter.h"

#include "base/text.h"

struct field {
    const char *name;
    unsigned fields;
    struct fault (*read)(struct bytes value, struct filter *out);
};

/* ---- values ------------------------------------------------------------------------------------
 */

static struct fault bad(enum fault_kind kind, const char *why)
{
    return fault_make(kind, 0, why);
}

static struct fault read_added_after(struct bytes value, struct filter *out)
{
    out->has_added_after = true;
    return fault_is(instant_fraction_parse(value, &out->added_after))
               ? bad(FAULT_SYNTAX, "added_after must be an RFC 3339 time in UTC, as "
                                   "2026-11-25T09:22:17.000000Z")
               : fault_none();
}

static struct fault read_limit(struct bytes value, struct filter *out)
{
    uint64_t n;

    if (!decimal_read(value, INT32_MAX, &n))
        return bad(FAULT_SYNTAX, "limit must be a whole number greater than 0");
    if (n == 0)
        return bad(FAULT_RANGE, "limit must be greater than 0");
    out->limit = n > FILTER_MOST ? FILTER_MOST : (unsigned)n;
    return fault_none();
}

static struct fault read_next(struct bytes value, struct filter *out)
{
    return bytes_to_text(value, out->next, sizeof out->next)
               ? fault_none()
               : bad(FAULT_SYNTAX, "next must be a value that this server gave out");
}

/* Calls `add` for each item between commas. An empty item is none. */
static struct fault each(struct bytes value, struct filter *out,
                         struct fault (*add)(struct bytes item, struct filter *out))
{
    struct fault f = fault_none();

    for (size_t from = 0; from < value.len && !fault_is(f);) {
        const uint8_t *comma = memchr(value.data + from, ',', value.len - from);
        size_t end = comma == NULL ? value.len : (size_t)(comma - value.data);

        if (end > from)
            f = add(bytes_of(value.data + from, end - from), out);
        from = end + 1;
    }
    return f;
}

struct fault filter_list_add(struct filter *f, struct filter_list *list, struct bytes value)
{
    if (list->count == FILTER_VALUES)
        return bad(FAULT_LIMIT, "a match field takes at most 64 values");
    if (value.len >= FILTER_VALUE || value.len >= sizeof f->text - f->used ||
        !bytes_to_text(value, f->text + f->used, sizeof f->text - f->used))
        return bad(FAULT_LIMIT, "a match value is too long");
    list->at[list->count++] = (uint16_t)f->used;
    f->used += value.len + 1;
    return fault_none();
}

static struct fault id_add(struct bytes item, struct filter *out)
{
    return filter_list_add(out, &out->ids, item);
}

static struct fault type_add(struct bytes item, struct filter *out)
{
    return filter_list_add(out, &out->types, item);
}

static struct fault spec_add(struct bytes item, struct filter *out)
{
    if (!bytes_is(item, "2.0") && !bytes_is(item, "2.1"))
        return bad(FAULT_RANGE, "match[spec_version] must be 2.0 or 2.1");
    return filter_list_add(out, &out->specs, item);
}

static struct fault version_add(struct bytes item, struct filter *out)
{
    if (bytes_is(item, "last"))
        out->versions |= FILTER_LAST;
    else if (bytes_is(item, "first"))
        out->versions |= FILTER_FIRST;
    else if (bytes_is(item, "all"))
        out->versions |= FILTER_ALL;
    else if (out->time_count == FILTER_VALUES)
        return bad(FAULT_LIMIT, "a match field takes at most 64 values");
    else if (fault_is(instant_fraction_parse(item, &out->time[out->time_count])))
        return bad(FAULT_SYNTAX, "match[version] must be last, first, all or RFC 3339 times");
    else
        out->time_count++;
    return fault_none();
}

static struct fault read_wait(struct bytes value, struct filter *out)
{
    uint64_t seconds;

    if (!decimal_read(value, UINT32_MAX, &seconds))
        return bad(FAULT_SYNTAX, "wait must be a number of seconds");
    out->wait = seconds < FILTER_LONGEST ? (unsigned)seconds : FILTER_LONGEST;
    return fault_none();
}

static struct fault read_ids(struct bytes value, struct filter *out)
{
    return each(value, out, id_add);
}

static struct fault read_types(struct bytes value, struct filter *out)
{
    return each(value, out, type_add);
}

static struct fault read_specs(struct bytes value, struct filter *out)
{
    return each(value, out, spec_add);
}

static struct fault read_versions(struct bytes value, struct filter *out)
{
    struct fault f = each(value, out, version_add);
    bool others;

    out->has_version = true;
    others = (out->versions & ~(unsigned)FILTER_ALL) != 0 || out->time_count > 0;

    if (!fault_is(f) && (out->versions & FILTER_ALL) != 0 && others)
        f = bad(FAULT_EXTRA, "match[version]=all stands alone");
    return f;
}

static const struct field known[] = {
    {"added_after", FILTER_PAGE, read_added_after},
    {"limit", FILTER_PAGE, read_limit},
    {"next", FILTER_PAGE, read_next},
    {"match[id]", FILTER_IDS, read_ids},
    {"match[type]", FILTER_TYPES, read_types},
    {"match[version]", FILTER_VERSION, read_versions},
    {"match[spec_version]", FILTER_SPEC, read_specs},
    {"wait", FILTER_WAIT, read_wait},
};
enum { KNOWN = sizeof known / sizeof known[0] };

/* ---- the query string --------------------------------------------------------------------------
 */

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 2.1. A '+' is itself: time offsets are written with it. False: a bad escape or a NUL. */
static bool decode(struct bytes in, uint8_t *out, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.data[i];

        if (c == '%') {
            int high = i + 2 < in.len ? hex(in.data[i + 1]) : -1;
            int low = i + 2 < in.len ? hex(in.data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (c == 0)
            return false;
        out[n++] = c;
    }
    *len = n;
    return true;
}

static struct fault field_read(struct bytes name, struct bytes value, unsigned fields,
                               unsigned *seen, struct filter *out)
{
    for (size_t i = 0; i < KNOWN; i++) {
        if (!bytes_is(name, known[i].name) || (known[i].fields & fields) == 0)
            continue;
        if ((*seen & 1U << i) != 0)
            return bad(FAULT_DUPLICATE, "the same filter twice: put its values into one, with "
                                        "commas");
        *seen |= 1U << i;
        if (utf8_bad(value) != value.len)
            return bad(FAULT_SYNTAX, "what the query string's escapes stand for is not UTF-8");
        return known[i].read(value, out);
    }
    return fault_none();
}

static struct fault pair_read(struct bytes pair, unsigned fields, unsigned *seen,
                              struct filter *out)
{
    uint8_t name[FILTER_VALUE], value[FILTER_QUERY];
    const uint8_t *equals = memchr(pair.data, '=', pair.len);
    size_t split = equals == NULL ? pair.len : (size_t)(equals - pair.data);
    size_t after = split + (equals != NULL);
    size_t name_len, value_len;

    if (split > sizeof name)
        return fault_none(); /* of no field that we know */
    if (!decode(bytes_of(pair.data, split), name, &name_len) ||
        !decode(bytes_of(pair.data + after, pair.len - after), value, &value_len))
        return bad(FAULT_SYNTAX, "the query string is not well percent-encoded");
    return field_read(bytes_of(name, name_len), bytes_of(value, value_len), fields, seen, out);
}

struct fault filter_parse(struct bytes query, unsigned fields, struct filter *out)
{
    struct filter filter = {.limit = FILTER_DEFAULT};
    struct fault f = fault_none();
    unsigned seen = 0;

    if (query.len > FILTER_QUERY)
        return bad(FAULT_LIMIT, "the query string is longer than 8192 bytes");
    for (size_t from = 0; from < query.len && !fault_is(f);) {
        const uint8_t *amp = memchr(query.data + from, '&', query.len - from);
        size_t end = amp == NULL ? query.len : (size_t)(amp - query.data);

        f = pair_read(bytes_of(query.data + from, end - from), fields, &seen, &filter);
        if (fault_is(f))
            f.at = from;
        from = end + 1;
    }
    if (fault_is(f))
        return f;
    if (filter.versions == 0 && filter.time_count == 0)
        filter.versions = FILTER_LAST;
    *out = filter;
    return f;
}

const char *filter_value(const struct filter *f, const struct filter_list *list, size_t i)
{
    return f->text + list->at[i];
}

bool filter_list_has(const struct filter *f, const struct filter_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(filter_value(f, list, i), text) == 0)
            return true;
    return list->count == 0;
}

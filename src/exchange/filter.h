/*
 * filter.h - what is asked of a collection: TAXII 2.1 sections 3.4 and 3.5.
 *
 * Fields are ANDed, the values of one field ORed. The same field twice is refused, for one of the
 * two would be lost in silence; a value that cannot be is refused for the same reason.
 */
#ifndef PARLEY_EXCHANGE_FILTER_H
#define PARLEY_EXCHANGE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fault.h"

enum {
    FILTER_QUERY = 8192,                       /* bytes of a query string */
    FILTER_VALUES = 64,                        /* of one field */
    FILTER_VALUE = 300,                        /* bytes of one value: an id has at most 288 */
    FILTER_TEXT = FILTER_QUERY + FILTER_VALUE, /* all values: those of a query, and of the path */
    FILTER_NEXT = 96,                          /* our `next` is shorter */
    FILTER_DEFAULT = 100,
    FILTER_LONGEST = 50, /* seconds of `wait`; more is as much */
    FILTER_MOST = 1000,  /* objects of a page, whatever was asked */
};

enum filter_version {
    FILTER_LAST = 1, /* the default */
    FILTER_FIRST = 2,
    FILTER_ALL = 4, /* alone */
};

/* Values of one field, in the filter's text: all zero is empty. */
struct filter_list {
    size_t count;
    uint16_t at[FILTER_VALUES];
};

struct filter {
    bool has_added_after;
    struct instant added_after; /* strictly after; digits beyond microseconds are cut */
    unsigned limit;             /* 1 to FILTER_MOST; FILTER_DEFAULT if not asked */
    unsigned wait;              /* seconds to wait for something new; 0 if not asked */
    char next[FILTER_NEXT];     /* "" if not asked, or asked empty, as MISP does */
    struct filter_list ids, types, specs;
    bool has_version;  /* match[version] was asked */
    unsigned versions; /* FILTER_* bits; 0 only where times are given */
    size_t time_count;
    struct instant time[FILTER_VALUES]; /* exact versions */
    size_t used;
    char text[FILTER_TEXT]; /* [0, used): the lists' values, each with its NUL */
};

/* Which fields an endpoint knows. What it does not know is ignored ("SHOULD"): it may be a filter
 * of a later version. */
enum filter_fields {
    FILTER_PAGE = 1,    /* added_after, limit, next */
    FILTER_IDS = 2,     /* match[id] */
    FILTER_TYPES = 4,   /* match[type] */
    FILTER_VERSION = 8, /* match[version] */
    FILTER_SPEC = 16,   /* match[spec_version] */
    FILTER_WAIT = 32,   /* wait: ours, of changes/ alone */
};

/*
 * Reads a query string (without the '?'), percent-encoded. `fields` are those of the endpoint.
 * *out is written on success alone. Faults, with the offset of the field: DUPLICATE, SYNTAX
 * (encoding, a time, a number), RANGE (limit 0), LIMIT (more values than we take), EXTRA ("all"
 * beside other versions). rule is a sentence for the client.
 */
MUST_CHECK struct fault filter_parse(struct bytes query, unsigned fields, struct filter *out);

/* Adds a value to a list of this filter; LIMIT: too many, too long. */
MUST_CHECK struct fault filter_list_add(struct filter *f, struct filter_list *list,
                                        struct bytes value);

/* The i-th value of a list of this filter. */
const char *filter_value(const struct filter *f, const struct filter_list *list, size_t i);

/* Is `text` in the list? An empty list holds everything. */
bool filter_list_has(const struct filter *f, const struct filter_list *list, const char *text);

#endif

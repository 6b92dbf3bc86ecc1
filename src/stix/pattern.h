/*
 * pattern.h - a STIX 2.1 pattern: does it describe this object?
 *
 * STIX 2.1 section 9. Read today: one observation expression [..] of comparisons = == != <> < <= >
 * >= IN LIKE ISSUBSET, with NOT before the operator, AND, OR and parentheses, comments and white
 * space as the standard's grammar has them. Observation operators and qualifiers (FOLLOWEDBY,
 * WITHIN ..) and MATCHES are refused with UNKNOWN; they will come in here, behind the same three
 * functions.
 *
 * Knows no events: what can be asked of an object, and of which type it is, is a vocabulary.
 * A property outside it is a fault, not a pattern that silently never matches; so is a comparison
 * of two types that cannot be compared.
 */
#ifndef PARLEY_STIX_PATTERN_H
#define PARLEY_STIX_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

enum {
    PATTERN_MAX = 16 << 10,     /* bytes of one pattern; an article is a few hundred */
    PATTERN_DEPTH = 32,         /* parentheses in parentheses */
    PATTERN_NODES = 1024,       /* comparisons and their joints */
    PATTERN_CONSTANTS = 4096,   /* literals in all sets together */
    PATTERN_TEXT = PATTERN_MAX, /* bytes of one string literal */
};

enum pattern_type {
    PATTERN_NONE = 0, /* as a value: the object does not have this property */
    PATTERN_STRING,
    PATTERN_INTEGER,
    PATTERN_BOOLEAN,
    PATTERN_TIME, /* microseconds since the epoch, in `integer` */
};

struct pattern_value {
    enum pattern_type type;
    int64_t integer;   /* INTEGER, BOOLEAN (0, 1), TIME */
    struct bytes text; /* STRING; borrowed until the next question to the same object */
};

/* One property that may be asked for. */
struct pattern_property {
    const char *path; /* "x-parley-event:x_service" */
    enum pattern_type type;
    unsigned id; /* given back to `get` */
};

struct pattern_vocabulary {
    const struct pattern_property *list;
    size_t count;
    /* The value of property `id`. `nth` counts from 0 through a list ("protocols[*]"); a property
     * that is none has only its 0th. NONE where there is none. `room` is space of 64 bytes that a
     * text may be written to. */
    struct pattern_value (*get)(const void *object, unsigned id, size_t nth, char *room);
};

struct pattern;

/* What was wrong, for the person who wrote it. */
struct pattern_error {
    size_t column;        /* 1-based, in bytes */
    const char *expected; /* static text */
};

/*
 * Reads a pattern. `text` may go afterwards, the vocabulary must stay. *out is written on success
 * alone and freed with pattern_free. `error` may be NULL. Faults, with the offset: SYNTAX, SHORT,
 * LIMIT, RANGE (a number, a time), UNKNOWN (property, operator of the full grammar), MISMATCH
 * (types that cannot be compared, AND over two kinds of object), EXTRA.
 */
MUST_CHECK struct fault pattern_parse(struct bytes text, const struct pattern_vocabulary *words,
                                      struct pattern **out, struct pattern_error *error);
void pattern_free(struct pattern *p); /* NULL is fine */

/* Does `object` (of the kind the vocabulary is for) match? */
bool pattern_matches(const struct pattern *p, const void *object);

#endif

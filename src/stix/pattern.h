/*
 * pattern.h - a STIX 2.1 pattern: does it describe what was observed?
 *
 * STIX 2.1 section 9, whole: every comparison and observation operator, every qualifier, object
 * paths with indexes, references and extensions. Two kinds of observations can be asked, by one
 * engine: JSON (observed.h, match.h), where types are known only when a value is met, and objects
 * of our own behind a vocabulary (event.h), where a property that does not exist, or a comparison
 * of two types that cannot be compared, is a fault of the pattern.
 *
 * What is ours and not the standard's: MATCHES knows what RE2 can do in linear time, and what
 * means something else there than in PCRE is refused (docs/decisions). Nothing here is exponential:
 * sizes are bounded when a pattern is read, work is bounded when it is asked.
 */
#ifndef PARLEY_STIX_PATTERN_H
#define PARLEY_STIX_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "net/addr.h"

enum {
    PATTERN_MAX = 64 << 10,       /* bytes of one pattern; feeds have lists of a thousand hashes */
    PATTERN_DEPTH = 32,           /* parentheses in parentheses: recursion stays small */
    PATTERN_TESTS = 4096,         /* comparisons: jumps between them are 16 bits */
    PATTERN_PARTS = 1024,         /* observations, operators, qualifiers: recursion follows them */
    PATTERN_CONSTANTS = 16384,    /* literals in all sets together */
    PATTERN_REPEATS = 1000000000, /* of one qualifier; number_observed ends there too */
    PATTERN_KINDS = 64,           /* object types of a vocabulary: a bit each */
    PATTERN_WHY = 64,             /* comparisons that pattern_why tells apart: a bit each */
};

enum pattern_type {
    PATTERN_NONE = 0, /* as a value: the object does not have this property */
    PATTERN_STRING,
    PATTERN_INTEGER,
    PATTERN_FLOAT,
    PATTERN_BOOLEAN,
    PATTERN_TIME,    /* microseconds since the epoch in `integer`, nanoseconds below in `fine` */
    PATTERN_BINARY,  /* bytes, in `text` */
    PATTERN_ADDRESS, /* a string for the pattern, an address for us; of vocabularies alone */
    PATTERN_OTHER,   /* there, but nothing that compares: a list, an object, null */
};

struct pattern_value {
    enum pattern_type type;
    uint32_t fine; /* TIME: 0 to 999 */
    union {
        int64_t integer; /* INTEGER, BOOLEAN (0, 1), TIME */
        double real;     /* FLOAT */
    };
    struct bytes text; /* STRING, BINARY; borrowed until the next question to the same object */
    struct addr addr;  /* ADDRESS */
};

/* One property that may be asked for. */
struct pattern_property {
    const char *path; /* "x-parley-event:x_service", "network-traffic:protocols[*]" */
    enum pattern_type type;
    unsigned id;   /* given back to `get` */
    unsigned kind; /* below PATTERN_KINDS: one for each object type before the colon */
};

struct pattern_vocabulary {
    const struct pattern_property *list;
    size_t count;
    /* The value of property `id` of the `root`-th object of its kind. `nth` counts from 0 through
     * a list ("protocols[*]"); a property that is none has only its 0th. NONE where there is
     * none. `room` is space of 64 bytes that a text may be written to. */
    struct pattern_value (*get)(const void *object, unsigned id, unsigned root, size_t nth,
                                char *room);
    /* How many objects of `kind` the observation has: an event has two addresses. */
    unsigned (*roots)(const void *object, unsigned kind);
    /* When it was observed, in microseconds since the epoch: for START and STOP. */
    int64_t (*time)(const void *object);
};

struct pattern;

/* What was wrong, for the person who wrote it. */
struct pattern_error {
    size_t column;        /* 1-based, in characters; lines count as one text */
    const char *expected; /* static text */
};

/* How a pattern is read. None of them: as it will be asked. */
enum {
    /* Also hold what the standard asks beyond its grammar: one qualifier of a kind for each
     * observation, hashes of their algorithm's form. A day that the calendar does not have
     * (30 February) is good grammar: it is taken, and *error says so with a column. */
    PATTERN_CHECKED = 1,
    PATTERN_STIX20 = 2, /* START and STOP may be plain strings, as in STIX 2.0 */
};

/*
 * Reads a pattern. `text` may go afterwards, the vocabulary must stay; `words` NULL reads one for
 * JSON, where any path is good. *out is written on success alone and freed with pattern_free.
 * `error` may be NULL. Faults, with the offset: SYNTAX, SHORT, LIMIT, RANGE (a number, a time, an
 * address, REPEATS 0), UNKNOWN (a property that the vocabulary does not have, what one event
 * can never meet), MISMATCH (types that cannot be compared, a set of two types, AND over two
 * kinds of object), REFUSED (a regular expression that is no RE2 or means another thing there),
 * DUPLICATE (a qualifier twice, when CHECKED), EXTRA.
 */
MUST_CHECK struct fault pattern_read(struct bytes text, const struct pattern_vocabulary *words,
                                     unsigned how, struct pattern **out,
                                     struct pattern_error *error);

/* pattern_read with no flag. */
MUST_CHECK struct fault pattern_parse(struct bytes text, const struct pattern_vocabulary *words,
                                      struct pattern **out, struct pattern_error *error);
void pattern_free(struct pattern *p); /* NULL is fine */

/* Does `object` match a pattern that was read with a vocabulary? Allocates nothing unless MATCHES
 * or LIKE meets a text that is not ASCII. */
bool pattern_matches(const struct pattern *p, const void *object);

/*
 * Why an object matches: bit i stands for the i-th comparison of the text, set where it was found
 * to hold before the match was certain; those behind the 64th have none. 0: it does not match.
 */
uint64_t pattern_why(const struct pattern *p, const void *object);

/* Appends the i-th comparison as `text`, what the pattern was read from, has it. Nothing where
 * there is none. */
void pattern_comparison(const struct pattern *p, struct bytes text, size_t i, struct buf *out);

/* Bytes of memory it takes, without compiled regular expressions. */
size_t pattern_size(const struct pattern *p);

#endif

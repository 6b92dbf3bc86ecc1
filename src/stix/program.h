/*
 * program.h - what a pattern is compiled to; for this folder alone.
 *
 * One block of memory holds everything but compiled regular expressions. Comparisons ("tests")
 * lie in one array in the order of the text. An observation [..] is a run of them that can be
 * followed two ways: by jumps, which stop at the first answer (events), and by postfix, which
 * looks at every test, so that a forbidden comparison is found wherever it stands (JSON, and the
 * index's search for required atoms). Invariants:
 *  1. a jump goes forward or to an end, so following jumps ends;
 *  2. a part stands behind its children; the root is the last one;
 *  3. postfix needs at most PROGRAM_STACK places.
 */
#ifndef PARLEY_STIX_PROGRAM_H
#define PARLEY_STIX_PROGRAM_H

#include "base/buf.h"
#include "stix/pattern.h"

enum {
    JUMP_NO = 0xfffe,
    JUMP_YES = 0xffff,
    POSTFIX_OR = 0xfffe,
    POSTFIX_AND = 0xffff,
    PROGRAM_STACK = 2 * PATTERN_DEPTH + 8, /* an OR and an AND wait at each depth */
};

enum operation {
    TEST_EQUAL,
    TEST_LESS,
    TEST_LESS_EQUAL,
    TEST_GREATER,
    TEST_GREATER_EQUAL,
    TEST_IN,
    TEST_LIKE,
    TEST_MATCHES,
    TEST_ISSUBSET,
    TEST_ISSUPERSET,
    TEST_EXISTS,
};

enum step_kind { STEP_KEY, STEP_AT, STEP_ALL };
enum step_ending { ENDING_NONE, ENDING_REF, ENDING_REFS, ENDING_HEX, ENDING_BIN };

/* One step of an object path behind the colon. */
struct step {
    enum step_kind kind;
    enum step_ending ending; /* KEY: what the name's ending says of the value */
    int64_t index;           /* AT */
    struct bytes key;        /* KEY */
};

struct regex;

struct test {
    uint8_t operation; /* enum operation */
    bool negated;
    uint8_t kind;      /* vocabulary: of which object */
    uint8_t binary;    /* the path ends in _hex or _bin */
    uint16_t yes, no;  /* the next test, or a JUMP_ */
    uint32_t at;       /* offset in the text, for faults: of the path */
    uint32_t end;      /* .. behind the comparison */
    uint32_t property; /* vocabulary: the id */
    int32_t nth;       /* vocabulary: the one of a list; -1 any */
    uint32_t first_step, steps;
    uint32_t first_constant, constants;
    struct bytes type;   /* the object type before the colon */
    struct regex *regex; /* MATCHES; owned by the pattern */
};

enum part_kind {
    PART_LEAF,
    PART_AND,
    PART_OR,
    PART_FOLLOWED,
    PART_REPEATS,
    PART_WITHIN,
    PART_SPAN
};

/* A moment finer than microseconds. */
struct moment {
    int64_t us;
    uint32_t fine; /* nanoseconds, 0 to 999 */
};

struct part {
    enum part_kind kind;
    uint16_t left, right;       /* children; qualifiers have a left one */
    uint16_t leaf;              /* LEAF: the how-manieth */
    uint16_t first_test, tests; /* LEAF */
    uint32_t first_postfix, postfixes;
    uint64_t kinds;            /* LEAF, vocabulary */
    int64_t count;             /* REPEATS */
    int64_t seconds;           /* WITHIN */
    uint32_t nanos;            /* WITHIN */
    struct moment start, stop; /* SPAN */
};

struct pattern {
    const struct pattern_vocabulary *words;
    struct test *test;
    struct part *part;
    struct pattern_value *constant;
    struct step *step;
    uint16_t *postfix;
    char *text;
    uint16_t tests, parts, leaves;
    uint32_t constants, steps, postfixes;
    size_t size;
};

int moment_compare(struct moment a, struct moment b);

/* RFC 3339 as STIX has it: UTC with "Z", any number of fractional digits, of which nine count;
 * second 60 is the next one. With `any_day` a day up to 31 is good in every month. SYNTAX, RANGE
 * (a day that is not). */
MUST_CHECK struct fault moment_parse(struct bytes text, bool any_day, struct moment *out);

/* Address, or address with prefix length; host bits are allowed and cleared. */
bool subnet_parse(struct bytes text, struct prefix *out);
bool subnet_has(struct prefix outer, struct prefix inner);

/* Base64 with padding; loose bits are let pass, as the grammar does. False if it is none. Appends
 * to `out`. */
bool binary_base64(struct bytes text, struct buf *out);
bool binary_hex(struct bytes text, struct buf *out); /* either case */

/* Unicode NFC of well-formed UTF-8: `text` itself where it is that already, else written to
 * `room`. */
struct bytes text_normal(struct bytes text, struct buf *room);

/* Do all characters lie below U+0100? */
bool text_is_latin1(struct bytes text);

/* What a test says of one value. `room` is scratch for conversions. *forbidden is set, and
 * false answered, where the standard forbids the comparison. */
struct value_room {
    struct buf one, two;
};
bool value_test(const struct pattern *p, const struct test *t, const struct pattern_value *v,
                struct value_room *room, bool *forbidden);

/* Follows the jumps of a leaf over a bit for each of the pattern's tests. */
bool postfix_holds(const struct pattern *p, const struct part *leaf, const bool *bit);

#endif

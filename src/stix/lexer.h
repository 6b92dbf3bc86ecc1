/*
 * lexer.h - the words and constants of a pattern, read one at a time; for this folder alone.
 *
 * Keeps the first fault and then reads nothing more. Its rules are the terminals of the OASIS
 * grammar (STIXPattern.g4): keywords in upper case, numbers without leading zeros, Unicode white
 * space and both kinds of comment between any two words.
 */
#ifndef PARLEY_STIX_LEXER_H
#define PARLEY_STIX_LEXER_H

#include "stix/program.h"

struct lexer {
    struct bytes in; /* well-formed UTF-8 */
    size_t at;
    unsigned how; /* PATTERN_CHECKED .. */
    struct fault fault;
    const char *expected;
    char *pool; /* the texts of strings, binaries and names; has room for all of `in` and more */
    size_t pool_len;
    size_t odd_day; /* 1 + offset of the first constant of a day that is not; 0 */
};

/* Records a fault unless there is one; false. At the end of the text SYNTAX is SHORT. */
bool lexer_fail(struct lexer *s, enum fault_kind kind, size_t at, const char *expected);

void lexer_space(struct lexer *s);               /* white space and comments */
int lexer_peek(const struct lexer *s, size_t n); /* the byte n ahead, -1 at the end */

/* Each skips space first and takes its word if it stands here, whole. */
bool lexer_keyword(struct lexer *s, const char *word);
bool lexer_sign(struct lexer *s, const char *text);

/* A name; `hyphens` lets "-" be in it (object types). Borrowed from the pattern's text. */
bool lexer_name(struct lexer *s, bool hyphens, const char *expected, struct bytes *out);
bool lexer_is_name_next(struct lexer *s);

/* A string literal, unescaped into the pool. */
bool lexer_string(struct lexer *s, struct bytes *out);

/* [+-]digits that fit 64 bits; `least` is the smallest that is let pass. */
bool lexer_integer(struct lexer *s, int64_t least, int64_t most, const char *expected,
                   int64_t *out);

/* A positive number of seconds, with or without a fraction. */
bool lexer_seconds(struct lexer *s, int64_t *seconds, uint32_t *nanos);

/* A constant of any type. TIME only if `text` may be one. */
bool lexer_constant(struct lexer *s, struct pattern_value *out);
bool lexer_time(struct lexer *s, struct moment *out);

/* Copies into the pool. */
struct bytes lexer_keep(struct lexer *s, struct bytes text);

#endif

/*
 * regex.h - the regular expressions of MATCHES: PCRE as far as RE2 means the same by it.
 *
 * STIX 2.1 asks for PCRE, whose search can take time exponential in the text. RE2 takes linear
 * time; what it does not have it refuses, and what it takes but would read differently
 * (docs/decisions, "MATCHES") is translated or refused here. Never guessed.
 */
#ifndef PARLEY_STIX_REGEX_H
#define PARLEY_STIX_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct regex;

/* The shim over RE2, regex.cc. `pattern` is UTF-8, or bytes if `latin1`. NULL, and the reason as
 * static text, if RE2 does not take it. */
struct regex *regex_compile(const uint8_t *pattern, size_t len, bool latin1, const char **why);
bool regex_find(const struct regex *r, const uint8_t *text, size_t len);
void regex_free(struct regex *r); /* NULL is fine */

/* Set once after compiling: the expression has a $, which PCRE also takes before a newline that
 * ends the text. */
void regex_ends_line(struct regex *r, bool yes);
bool regex_is_ending_line(const struct regex *r);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#include "base/buf.h"

/* Reads a PCRE expression in UTF-8, which should be NFC. `binary` compiles it for bytes: with a
 * character above U+00FF it can match nothing, and *out is NULL. False, and the reason, where it
 * is refused. */
bool regex_read(struct bytes pcre, bool binary, struct regex **out, const char **why);

/* Is there a match anywhere in `text`? */
bool regex_matches(const struct regex *r, struct bytes text);

/* The translation alone, for regex_read and its tests: *dollar says that there is a $. */
bool regex_translate(struct bytes pcre, bool binary, struct buf *out, bool *dollar,
                     const char **why);
#endif

#endif

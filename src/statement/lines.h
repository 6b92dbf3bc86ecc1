/*
 * lines.h - lines of a label and some words, one space between: the form of permit and decision
 * texts (docs/PROTOCOL.ledger section 5). For this folder alone.
 */
#ifndef PARLEY_STATEMENT_LINES_H
#define PARLEY_STATEMENT_LINES_H

#include "base/clock.h"
#include "base/cursor.h"
#include "model/entry.h"

enum { LINES_WORDS = 3 };

struct words {
    size_t at; /* offset of the first word in the text */
    struct bytes word[LINES_WORDS];
};

/* Reads "LABEL WORD .. WORD\n" with exactly `count` words, none empty. SHORT, SYNTAX. */
struct words lines_read(struct cursor *in, const char *label, size_t count);

/* What a word is; each fails at the line's words: SYNTAX (form), RANGE (value). */
void lines_name(struct cursor *in, const struct words *w, size_t i, char out[ENTRY_NAME]);
uint64_t lines_decimal(struct cursor *in, const struct words *w, size_t i, uint64_t min,
                       uint64_t max);
void lines_digest(struct cursor *in, const struct words *w, size_t i, struct digest *out);
struct instant lines_time(struct cursor *in, const struct words *w, size_t i);

/* Appends base64 of a digest. */
void lines_put_digest(struct buf *out, const struct digest *d);
void lines_put_time(struct buf *out, struct instant t);

#endif

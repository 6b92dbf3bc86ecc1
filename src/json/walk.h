/*
 * walk.h - a JSON text from its start to its end, a token at a time, without a tree.
 *
 * For texts that are too long to be taken apart at once: the caller stops where it likes, and hands
 * the bytes of what it wants whole to jansson. RFC 8259 section 2 to 6 as far as form goes:
 * brackets that match, commas, colons, words and where texts end. What stands between a text's
 * quotes is not looked at: jansson refuses a bad escape or bytes that are no UTF-8.
 */
#ifndef PARLEY_JSON_WALK_H
#define PARLEY_JSON_WALK_H

#include <stdbool.h>

#include "base/cursor.h"

enum {
    WALK_DEPTH = 64,     /* containers in each other */
    WALK_RUN = 64 << 10, /* blanks in a row, bytes of a word: no token may take long */
};

enum walk_kind {
    WALK_NONE = 0,
    WALK_OBJECT, /* begins */
    WALK_LIST,   /* begins */
    WALK_CLOSE,  /* the innermost container's end */
    WALK_TEXT,
    WALK_WORD, /* a number, true, false or null */
};

struct walk {
    struct cursor in; /* .fault is what ended the walk early; .at is behind the last token */
    unsigned depth;   /* containers that are open */
    uint64_t lists;   /* bit d - 1: is the container at depth d a list? */
    bool filled;      /* the innermost container has an item */
    bool begun;
};

/* Bytes are borrowed from the text. */
struct walk_token {
    enum walk_kind kind;
    struct bytes key;   /* of a member, as it stands between its quotes; else empty */
    struct bytes bytes; /* a word's; a text's between its quotes, escapes not read */
    size_t at;          /* of its first byte in the text (of a text, the quote) */
};

/* `text` must outlive the walk; `rule` is static and goes into the fault. */
struct walk walk_over(struct bytes text, const char *rule);

/* The next token; takes no longer than it is long. False: the text has ended, well or (in.fault)
 * not: SHORT, SYNTAX (also: no object or list), EXTRA behind its end, LIMIT. */
bool walk_next(struct walk *w, struct walk_token *out);

#endif

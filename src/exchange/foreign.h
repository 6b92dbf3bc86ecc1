/*
 * foreign.h - what a foreign TAXII server sent, after somebody without any state has read it.
 *
 * OASIS TAXII 2.1 sections 3 to 5: the bodies that a client meets. foreign_read looks at the bytes
 * (a process without files, network or keys does it) and writes a message in a form of our own;
 * foreign_parse believes nothing of the message but its form. Members that the standard does not
 * name are let be, and a text that is longer than FOREIGN_CELL is cut.
 */
#ifndef PARLEY_EXCHANGE_FOREIGN_H
#define PARLEY_EXCHANGE_FOREIGN_H

#include "base/buf.h"
#include "stix/judged.h"

enum foreign_kind {
    FOREIGN_NONE = 0,
    FOREIGN_ENVELOPE,
    FOREIGN_DISCOVERY,   /* head: title, description, contact, default; rows: URL */
    FOREIGN_ROOT,        /* head: title, description, max_content_length; rows: media type */
    FOREIGN_COLLECTIONS, /* rows: id, alias, title, can_read, can_write, description */
    FOREIGN_COLLECTION,  /* head: the same */
    FOREIGN_MANIFEST,    /* rows: id, version, date_added */
    FOREIGN_STATUS,      /* head: id, status, total_, success_, failure_, pending_count;
                            rows: id, version, message of what failed */
    FOREIGN_ERROR,       /* head: title, description */
    FOREIGN_KINDS,
};

enum {
    FOREIGN_COLUMNS = 6,
    FOREIGN_ROWS = 10000,
    FOREIGN_CELL = 1000, /* bytes of a text */
    FOREIGN_NEXT = 2001, /* of `next`, with its NUL: a URL holds it, percent-encoded three times */
    FOREIGN_MAX = ENVELOPE_MAX,
    FOREIGN_MESSAGE = 16 << 20,
};

struct foreign {
    struct fault fault; /* of the body: then there is nothing else. `at` is a place in it */
    bool more, odd;     /* odd: "more" or "next" is of a type that it may not be */
    char next[FOREIGN_NEXT];
    struct judged judged; /* of an envelope */
    char *head[FOREIGN_COLUMNS];
    size_t rows;
    char **cell; /* owned: rows x FOREIGN_COLUMNS, none NULL */
};

/* Reads a body of this kind, appends the message. */
void foreign_read(enum foreign_kind kind, struct bytes body, struct buf *out);

/* Reads the message. Objects are slices of `body`, which must outlive *out. Faults: SHORT, RANGE,
 * LIMIT, EXTRA. *out is written on success alone and freed with foreign_done. */
MUST_CHECK struct fault foreign_parse(struct bytes message, struct bytes body, struct foreign *out);
void foreign_done(struct foreign *f);

/* A row's cell; "" where there is none. */
const char *foreign_cell(const struct foreign *f, size_t row, size_t column);

#endif

/*
 * shelf.h - documents that were read lately, so that the next who needs one does not parse it.
 *
 * A statement's document is wanted by several hands within a few milliseconds (its move, its
 * answer, its case, and the case again when it binds). Found by the SHA-256 of its exact bytes, so
 * what comes off the shelf is what parsing those bytes gives. Knows no store and no meaning.
 */
#ifndef PARLEY_DESK_SHELF_H
#define PARLEY_DESK_SHELF_H

#include "statement/document.h"

enum {
    SHELF_PLACES = 128,    /* a place is of the digest's first byte; the newest there stays */
    SHELF_LONGEST = 16384, /* bytes; a longer one is not kept: evidence roots, big reports */
};

struct shelf {
    struct {
        struct digest digest;
        struct disclosed *document; /* owned; NULL: empty */
    } place[SHELF_PLACES];
};

/* As disclosed_parse; *out is the caller's (disclosed_free), and not to be changed. */
MUST_CHECK struct fault shelf_read(struct shelf *s, struct bytes text, struct disclosed **out);
void shelf_done(struct shelf *s);

#endif

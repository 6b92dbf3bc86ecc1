/*
 * status.h - what became of a POST, object by object: TAXII 2.1 section 4.3.1.
 *
 * Written in the transaction that puts the objects down, so that it never tells of what is not
 * there. Always complete: nothing is pending here.
 */
#ifndef PARLEY_EXCHANGE_STATUS_H
#define PARLEY_EXCHANGE_STATUS_H

#include "base/buf.h"
#include "base/text.h"
#include "stix/judged.h"
#include "store/store.h"

enum { STATUS_ID = UUID_TEXT + 1 };

struct status {
    char id[STATUS_ID]; /* UUID, version 4 */
    size_t total, succeeded, failed;
    struct buf successes, failures; /* items of the two lists, with commas */
    struct instant when;
    struct buf text; /* the resource; made by status_store */
};

void status_begin(struct status *s, size_t total, struct instant now);
void status_done(struct status *s);

/* `note` is said beside it; may be NULL. */
void status_success(struct status *s, const struct judged_object *o, const char *note);

/* `rule` NULL: what was wrong stands in the object's own fault. */
void status_failure(struct status *s, const struct judged_object *o, const char *rule);

/* Writes the text and puts it down for `visitor`, inside the caller's transaction. */
MUST_CHECK struct fault status_store(struct status *s, struct store *store, const char *root,
                                     const char *visitor, struct instant now);

#endif

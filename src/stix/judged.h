/*
 * judged.h - a posted envelope after somebody without any state has read it.
 *
 * Process judge reads the sender's bytes and hands over, beside them, where each object begins and
 * what it is, or why it is refused. Who stores looks at no byte of theirs but to copy it.
 */
#ifndef PARLEY_STIX_JUDGED_H
#define PARLEY_STIX_JUDGED_H

#include "base/buf.h"
#include "stix/envelope.h"
#include "stix/object.h"

struct judged_object {
    struct bytes body; /* borrowed from the envelope's text */
    struct fault fault;
    struct object object;      /* if there is no fault */
    struct object_error error; /* if there is one */
};

struct judged {
    struct fault fault; /* of the envelope itself: then there are no objects */
    size_t count;
    struct judged_object *list; /* owned */
};

/* Reads an envelope and every object in it. `text` must outlive *out. */
void judged_read(struct bytes text, struct judged *out);
void judged_done(struct judged *j);

/* The message between processes: without the envelope's text, which travels beside it. */
void judged_write(const struct judged *j, struct bytes text, struct buf *out);

/* Reads the message; objects are slices of `text`, and none outside it is believed. Faults: SHORT,
 * RANGE, LIMIT, EXTRA. *out is written on success alone. */
MUST_CHECK struct fault judged_parse(struct bytes message, struct bytes text, struct judged *out);

#endif

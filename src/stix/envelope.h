/*
 * envelope.h - a TAXII envelope or a STIX bundle: where each object's bytes begin and end.
 *
 * TAXII 2.1 section 3.7 and STIX 2.1 section 8. The objects are cut out, not copied and not
 * rewritten: what is stored and hashed is what came. One object that is wrong does not spoil the
 * others; an envelope whose own form is wrong has no objects.
 */
#ifndef PARLEY_STIX_ENVELOPE_H
#define PARLEY_STIX_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/fault.h"

enum {
    ENVELOPE_MAX = 5 << 20,  /* bytes; with its headers it fits a message between processes */
    ENVELOPE_OBJECTS = 5000, /* in one envelope */
};

struct envelope {
    size_t count;
    struct bytes *object; /* owned list; each borrowed from the text */
    bool bundle;          /* it says "type": "bundle" */
    bool more;            /* "more": true */
    bool odd;             /* "more" is no boolean, or "next" no string */
    struct bytes next;    /* "next" as it stands between its quotes, escapes not read; borrowed */
};

/*
 * Cuts `text`, which must outlive *out. An object is any JSON value of the list: object_parse says
 * whether it is one of STIX. *out is written on success alone and freed with envelope_done.
 * Faults: LIMIT (size, number of objects, depth), SHORT, SYNTAX, DUPLICATE (a member twice),
 * EXTRA (bytes after the end). No "objects" is an envelope of none, as the standard has it.
 */
MUST_CHECK struct fault envelope_parse(struct bytes text, struct envelope *out);
void envelope_done(struct envelope *e);

#endif

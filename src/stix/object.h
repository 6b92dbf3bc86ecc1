/*
 * object.h - one STIX object as a receiver needs it: what it is, which version, how it is marked,
 * and whether it is well formed enough to be passed on.
 *
 * STIX 2.1 sections 2 to 7: id form, required properties by type, times and their order, forms of
 * references, the pattern of an indicator. Custom types, properties and extensions are let be:
 * what is not understood is kept. The bytes are never changed: the caller stores what came.
 * Knows no collection, no right, no store.
 */
#ifndef PARLEY_STIX_OBJECT_H
#define PARLEY_STIX_OBJECT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fault.h"
#include "model/marking.h"

enum {
    OBJECT_MAX = 1 << 20, /* bytes of one object */
    OBJECT_DEPTH = 64,    /* containers in containers; real ones have less than ten */
    OBJECT_ID = 300,      /* "type--uuid" and its NUL: a type has at most 250 characters */
    OBJECT_TYPE = 251,
    OBJECT_SPEC = 8,     /* "2.1" */
    OBJECT_MARKING = 57, /* "marking-definition--uuid" and its NUL */
    OBJECT_OTHERS = 2,
    OBJECT_PROPERTY = 96,
    OBJECT_WHY = 160,
    OBJECT_SECTION = 8,
    OBJECT_SAID = OBJECT_PROPERTY + OBJECT_WHY + OBJECT_SECTION + 32,
};

struct object {
    char id[OBJECT_ID];
    char type[OBJECT_TYPE];
    char spec[OBJECT_SPEC]; /* "2.1"; "2.0" where a type that must name its version does not */
    bool has_version;
    struct instant version; /* modified, else created; TAXII: else the date it was added */
    bool revoked;
    bool ends; /* an indicator with valid_until */
    struct instant until;
    enum tlp tlp;     /* the strictest of its markings, of the whole or of a part; NONE if it has
                         none. One that is not TLP's counts as red */
    enum tlp tlp_own; /* the same of TLP's alone; red where there are more others than fit */
    size_t other_count;
    char other[OBJECT_OTHERS][OBJECT_MARKING]; /* markings that are not TLP's, each once */
    enum pap pap;
    /* Its type is on the allow-list of what parties exchange (R1), and so are those that its
     * pattern or its observed objects name. */
    bool technical;
};

/* What was wrong: the property ("" for the whole) and a sentence; and whose, as far as it was read.
 */
struct object_error {
    char id[OBJECT_ID]; /* "" if there is no good one */
    char property[OBJECT_PROPERTY];
    char why[OBJECT_WHY];
    char section[OBJECT_SECTION]; /* of STIX 2.1, "4.7"; "" where none is about it */
};

/* "valid_until is not after valid_from (STIX 2.1 section 4.7)". */
void object_error_say(const struct object_error *e, char out[OBJECT_SAID]);

/*
 * Reads one object. *out is written on success alone, `error` on a fault alone (may be NULL).
 * Faults: SHORT, SYNTAX (no JSON, wrong type of a value, form of an id or time), DUPLICATE,
 * LIMIT (size, depth), MISSING (a required property), ORDER (modified before created,
 * valid_until not after valid_from), RANGE, EXTRA.
 */
MUST_CHECK struct fault object_parse(struct bytes text, struct object *out,
                                     struct object_error *error);

/* Is this type on the allow-list of technical objects? No type of content, account or person is. */
bool object_type_is_technical(struct bytes type);

/* RFC 4122 section 3, in lower case. */
bool uuid_is_good(struct bytes text);

/* "type--uuid"; section 2.9. */
bool object_id_is_good(struct bytes id);

#endif

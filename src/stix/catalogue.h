/*
 * catalogue.h - the object types of STIX 2.1: what each requires, what its references may name, and
 * which of them parties exchange.
 *
 * Sections 3.2 and 4 to 7, as tables. A type or a property that the standard does not have is let
 * be. Reads no object.
 */
#ifndef PARLEY_STIX_CATALOGUE_H
#define PARLEY_STIX_CATALOGUE_H

#include <stdbool.h>

#include "base/bytes.h"

enum { CATALOGUE_REQUIRED = 5, CATALOGUE_NAMED = 4 };

/* Bits: a reference may name several. */
enum catalogue_family {
    FAMILY_CUSTOM = 0,          /* a type that the standard does not have */
    FAMILY_DOMAIN = 1 << 0,     /* SDO */
    FAMILY_RELATION = 1 << 1,   /* SRO */
    FAMILY_META = 1 << 2,       /* language content, extension definitions */
    FAMILY_OBSERVABLE = 1 << 3, /* SCO */
    FAMILY_MARKING = 1 << 4,    /* created, never modified */
};

struct catalogue_type {
    const char *type, *section;
    enum catalogue_family family;
    bool technical;                           /* on the allow-list of R1 */
    const char *required[CATALOGUE_REQUIRED]; /* beyond what its family requires */
};

/* What may stand in a property that refers: types by name, or all of some families. */
struct catalogue_reference {
    const char *type; /* whose property; NULL: everybody's */
    const char *property, *section;
    unsigned families;
    const char *named[CATALOGUE_NAMED];
};

/* NULL: the standard does not have it. */
const struct catalogue_type *catalogue_find(struct bytes type);

/* Must it have created and modified (section 3.2)? NULL: a custom type may. */
bool catalogue_is_versioned(const struct catalogue_type *row);

/* NULL: the standard says nothing of what may stand there but an identifier. `type` NULL: of those
 * properties alone that are everybody's. */
const struct catalogue_reference *catalogue_refers(const char *type, const char *property);

/* A custom type fits wherever a family does: nobody knows of which one it is. */
bool catalogue_reference_fits(const struct catalogue_reference *r, struct bytes type);

/* "identity or location", "an observable": what may stand there. */
void catalogue_reference_say(const struct catalogue_reference *r, char *out, size_t size);

#endif

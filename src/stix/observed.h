/*
 * observed.h - observations in JSON, made ready to be asked: what was seen, when, how many times.
 *
 * Takes what conformance suites and other programs have: STIX 2.1 bundles, where an observed-data
 * names its objects by object_refs (STIX 2.1 sections 4.14, 8), and the observed-data of STIX 2.0
 * with a dictionary `objects`. One observed-data is one observation, seen number_observed times.
 * Only objects that the observed-data names can be matched, and only cyber-observables: no
 * identity, no relationship, whatever they hold (section 9.1).
 */
#ifndef PARLEY_STIX_OBSERVED_H
#define PARLEY_STIX_OBSERVED_H

#include <jansson.h>

#include "base/fault.h"

enum {
    OBSERVED_MAX = 65536,       /* observations in one question */
    OBSERVED_OBJECTS = 1 << 20, /* objects of all of them */
    OBSERVED_BYTES = 64 << 20,  /* JSON of one question */
    OBSERVED_DEPTH = 64,        /* containers in containers */
};

struct observed;

struct observed_error {
    size_t item;     /* 0-based, in the outermost array */
    const char *why; /* static text: what was expected there */
};

/*
 * Reads `input`: an array of bundles, an array of observed-data, or one of either. The tree must
 * outlive *out, which observed_free frees. `error` may be NULL. Faults: SYNTAX (not of this
 * form), MISSING (an observed-data without its times, number or objects), RANGE (a time, a
 * number_observed below 1), LIMIT.
 */
MUST_CHECK struct fault observed_read(const json_t *input, struct observed **out,
                                      struct observed_error *error);
void observed_free(struct observed *o); /* NULL is fine */

size_t observed_count(const struct observed *o);

/* Were they written as STIX 2.0 has it? Then a pattern may be of 2.0, too. */
bool observed_is_stix20(const struct observed *o);

#endif

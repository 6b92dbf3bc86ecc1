/*
 * terms.h - what an AGREEMENT statement carries is an agreement: docs/STATEMENTS, terms.*.
 *
 * The one field that can hold much text must not become a bag for any text.
 */
#ifndef PARLEY_RELEASE_TERMS_H
#define PARLEY_RELEASE_TERMS_H

#include <jansson.h>

#include "pact/agreement.h"
#include "statement/document.h"

/* The four fields; each NULL where it is not there. Borrowed. */
struct terms {
    const json_t *version, *digest, *text, *signatures;
};

struct terms terms_of_fields(const json_t *fields);
struct terms terms_of_disclosed(const struct disclosed *d);

/*
 * Is the text, where there is one, an agreement of this id with the version and digest that the
 * fields say, and are the signatures signatures over it? Their truth is not asked here.
 * MISMATCH, and those of agreement_parse and signatures_parse.
 */
MUST_CHECK struct fault terms_check(const struct terms *t, const char *agreement);

#endif

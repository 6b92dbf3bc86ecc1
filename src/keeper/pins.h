/*
 * pins.h - the root keys that this node was told to trust when it was set up: keeper/roots.json.
 *
 * Whoever takes over desk or the folder of agreements can bring an agreement that is signed by
 * other root keys; keeper takes none whose parties and root keys are not pinned here. The file is
 * written once by `parley init`, after a person compared the fingerprints, and never by a node.
 *
 * JSON in the profile of PROTOCOL.agreement, indented:
 *   { "v":1, "agreements":[ { "id":.., "parties":[ { "id":.., "roots":[ { "suite":..,
 *     "key":base64 } ] } ] } ] }      parties and roots in the agreement's order
 * Knows no files.
 */
#ifndef PARLEY_KEEPER_PINS_H
#define PARLEY_KEEPER_PINS_H

#include "base/buf.h"
#include "base/fault.h"
#include "pact/agreement.h"

enum {
    PINS_MAX = 1 << 20,   /* bytes of the file; 16 agreements with 8 suites each fit */
    PINS_AGREEMENTS = 16, /* agreements of one node */
};

struct pins; /* opaque, owned */

/* Reads the file's bytes. Faults as json_read_indented, and MISSING, EXTRA, RANGE, SYNTAX,
 * DUPLICATE (an agreement twice). */
MUST_CHECK struct fault pins_parse(struct bytes text, struct pins **out);
void pins_free(struct pins *p); /* NULL is fine */

/* Are the agreement's parties and root keys exactly the pinned ones? UNKNOWN: nothing is pinned
 * for its id. MISMATCH. */
MUST_CHECK struct fault pins_check(const struct pins *p, const struct agreement *a);

/* Appends the file for these agreements, whose ids differ. */
void pins_write(const struct agreement *const *agreements, size_t count, struct buf *out);

#endif

/*
 * permit.h - release control's leave for exactly these bytes to go to exactly this recipient:
 * docs/PROTOCOL.ledger section 5. Only release/ can make one (permit_make.h).
 */
#ifndef PARLEY_MODEL_PERMIT_H
#define PARLEY_MODEL_PERMIT_H

#include "model/entry.h"

enum { PERMIT_MAX = 1024 /* bytes of its text */ };

struct permit; /* opaque */

/* The permit's text, borrowed from it. Empty for automatic and root permits. */
struct bytes permit_text(const struct permit *p);

/* What goes into the entry's permit line. */
enum permit_kind permit_kind_of(const struct permit *p);
const struct digest *permit_digest(const struct permit *p);

/* The bytes it is leave for, and to whom. */
const struct digest *permit_disclosed(const struct permit *p);
const char *permit_to(const struct permit *p);
void permit_free(struct permit *p);

#endif

/* permit_make.h - for release/ alone (tests/floors holds it). */
#ifndef PARLEY_MODEL_PERMIT_MAKE_H
#define PARLEY_MODEL_PERMIT_MAKE_H

#include "model/permit.h"

/* `text` is copied; `digest` is its SHA-256. The caller frees it with permit_free. */
struct permit *permit_new(enum permit_kind kind, struct bytes text, struct digest digest,
                          struct digest disclosed, const char *to);

#endif

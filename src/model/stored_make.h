/* stored_make.h - for ledger/ alone (tests/floors holds it). */
#ifndef PARLEY_MODEL_STORED_MAKE_H
#define PARLEY_MODEL_STORED_MAKE_H

#include "model/stored.h"

/* The caller frees it with stored_free. */
struct stored *stored_new(uint64_t index, struct digest leaf);

#endif

/*
 * stored.h - the word "stored": this entry is durable in our own ledger, under a head that keeper
 * signed. Only ledger/ can make one (stored_make.h); hotline/ will not send without it.
 */
#ifndef PARLEY_MODEL_STORED_H
#define PARLEY_MODEL_STORED_H

#include "model/entry.h"

struct stored; /* opaque */

uint64_t stored_index(const struct stored *s);            /* leaf number in our log */
const struct digest *stored_leaf(const struct stored *s); /* RFC 6962 leaf hash of the text */
void stored_free(struct stored *s);

#endif

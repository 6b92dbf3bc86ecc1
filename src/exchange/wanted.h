/*
 * wanted.h - what the indicators of all collections give watch to look for: a STIX bundle, made in
 * steps beside the requests.
 *
 * The newest version of every indicator, byte for byte as it came, from whatever collection: our
 * own, the partner's, what was pulled. Alert-only, as everything that watch reads. What is revoked
 * or past its time is in it too: who reads lists leaves those out by their own members (import.h),
 * and nothing here parses a sender's bytes. Knows no file: the process writes it.
 */
#ifndef PARLEY_EXCHANGE_WANTED_H
#define PARLEY_EXCHANGE_WANTED_H

#include "base/buf.h"
#include "store/store.h"

enum {
    WANTED_MAX = 31 << 20, /* bytes, held while it is made and written; watch takes more */
    WANTED_STEP = 256,     /* objects of one step: a few milliseconds */
};

struct wanted {
    int64_t collection; /* the last one that was begun */
    int64_t after;      /* date_added of its last object that is in */
    size_t count, left; /* objects that are in; that did not fit */
    struct buf text;    /* owned */
    bool whole;
};

void wanted_begin(struct wanted *w);
void wanted_done(struct wanted *w);

/* Some more of it; `whole` when all is in `text`. A change while it is made may or may not be in.
 * Faults as store.h. */
MUST_CHECK struct fault wanted_step(struct wanted *w, struct store *s);

#endif

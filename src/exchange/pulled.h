/*
 * pulled.h - what was fetched from foreign collections, and how far each walk came: one transaction
 * a page, so that what is counted as met is there, whenever the process dies.
 *
 * The objects stand on the shelf (shelf.h) under the root PULLED_ROOT, which no API root can be
 * called: nothing serves them on, and they are not ours until somebody says so. A version that is
 * there already stays as it came first.
 */
#ifndef PARLEY_EXCHANGE_PULLED_H
#define PARLEY_EXCHANGE_PULLED_H

#include "exchange/pull.h"
#include "store/store.h"

#define PULLED_ROOT "@pulled" /* no name of a root: name_is_safe */

enum { PULLED_NAME = 2048 }; /* a collection's URL, with its NUL */

/* The collection of this URL, made if it is not there; how far it was walked; how many objects it
 * holds. Faults as store.h, and DAMAGED: a state that nobody wrote. */
MUST_CHECK struct fault pulled_open(struct store *s, const char *url, int64_t *collection,
                                    struct pull_state *state, uint64_t *held);

/* Puts a page's objects down, inside the caller's transaction. Sets count, fresh, bad, digest. */
MUST_CHECK struct fault pulled_page(struct store *s, int64_t collection, const char *writer,
                                    const struct judged *page, struct instant now,
                                    struct pull_answer *out);

/* Remembers how far it came, inside the caller's transaction. */
MUST_CHECK struct fault pulled_remember(struct store *s, const char *url,
                                        const struct pull_state *state);

/* Is this version of the object here? `version` as the manifest spells it; not a time: any. */
MUST_CHECK struct fault pulled_has(struct store *s, int64_t collection, const char *id,
                                   const char *version, bool *out);

#endif

/*
 * outbox.h - objects of ours that wait for an officer's release, and then go where the partner
 * reads.
 *
 * What `parley` itself makes for a partner, as a sighting of his indicator, is put down under
 * OUTBOX_ROOT, which no API root can be called and nothing serves, and drafted as a SHARE. Once
 * that is stored the object moves to the first collection of the agreement's root that the partner
 * reads and does not write, by the same question that stands at that collection's door. Where there
 * is none it stays, for `parley collection push`. What nobody released in OUTBOX_DAYS is forgotten.
 */
#ifndef PARLEY_EXCHANGE_OUTBOX_H
#define PARLEY_EXCHANGE_OUTBOX_H

#include "exchange/exchange.h"
#include "exchange/shelf.h"

#define OUTBOX_ROOT "@outbox" /* its collections are the agreements' ids */

enum {
    OUTBOX_DAYS = 7, /* a draft lives one; what could not be delivered is tried by hand till then */
    OUTBOX_STEP = 50, /* objects looked at in one transaction */
};

/* Puts one down, inside a transaction. *counter as in shelf_put. */
MUST_CHECK struct fault outbox_put(struct store *s, const char *agreement, const struct object *o,
                                   struct bytes body, struct instant now, struct instant *counter);

struct outbox_object {
    struct shelf_row row;
    struct buf body; /* owned */
};

/* The next ones of an agreement after `after`, at most OUTBOX_STEP; the caller frees each body. */
MUST_CHECK struct fault outbox_list(struct store *s, const char *agreement, struct instant after,
                                    struct outbox_object *out, size_t *count);

/* It was delivered, or is too old. */
MUST_CHECK struct fault outbox_drop(struct store *s, const struct outbox_object *o);

/* Moves what was released, forgets what is old, in transactions of its own. *moved is set if one
 * went to where the partner reads. */
MUST_CHECK struct fault outbox_tend(struct exchange *x, struct instant now, bool *moved);

#endif

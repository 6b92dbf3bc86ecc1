/*
 * door.h - gate's side of the exchange: HTTPS requests in, answers of exchange out.
 *
 * A request goes to exchange without its body; where that is a POST which may be read, the body
 * goes to judge and from there to exchange. Knows no path and no visitor.
 *
 * While exchange or judge is away, as after a reload, a request is held and asked when they are
 * there again; also one that they had in hand when they went. Each is held DOOR_HOLD seconds in all
 * and asked DOOR_TRIES times at most (it may be what killed exchange); a DELETE only once, for it
 * may have been done and would now be answered 404. Beyond that the answer is 503 with Retry-After.
 * A gate that is told to stop answers whom it holds first, if exchange comes in time.
 * The caps of http.h on connections and bytes bound how many are held.
 */
#ifndef PARLEY_PROC_DOOR_H
#define PARLEY_PROC_DOOR_H

#include "base/bytes.h"
#include "base/fault.h"
#include "ipc/message.h"
#include "proc/process.h"

enum {
    DOOR_POSTS = 4,  /* bodies with judge and exchange at a time; others wait with us */
    DOOR_FINISH = 3, /* seconds for what is being answered, when the node stops */
    DOOR_RETRY = 2,  /* seconds that Retry-After says */
    DOOR_HOLD = 6,   /* seconds a request waits for exchange and judge: they start within two */
    DOOR_TRIES = 2,  /* times that one request is given to exchange */
};

struct door; /* opaque, owned */

/* Serves on `listener` (taken over) as the owner of this key. Faults as http_new. */
MUST_CHECK struct fault door_new(struct self *self, int listener, struct bytes key_pem,
                                 struct bytes certificate_pem, struct door **out);

/* What exchange says. Faults are a breach: the process ends. */
MUST_CHECK struct fault door_message(struct door *d, uint16_t type, struct bytes body);

/* Judge can take more, or exchange. */
void door_drained(struct door *d);

/* Exchange or judge went, or came. */
void door_neighbour(struct door *d, enum process other, bool here);

/* Takes nobody any more; `finished` is called when all are answered, or DOOR_FINISH is over. */
void door_finish(struct door *d, void (*finished)(void *context), void *context);

void door_free(struct door *d); /* NULL is fine */

#endif

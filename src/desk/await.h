/*
 * await.h - commands that wait until an entry is binding, so that nobody has to ask again and
 * again.
 *
 * An entry of ours binds with the partner's cosignature, one of theirs with ours. Whoever waits is
 * told when it did, as soon as that is durable, or that it has not when his time is up.
 */
#ifndef PARLEY_DESK_AWAIT_H
#define PARLEY_DESK_AWAIT_H

#include "desk/desk.h"

struct desk_pact;

enum {
    AWAIT_MOST = 32,    /* half of the control socket's clients: the others can still ask */
    AWAIT_SECONDS = 60, /* longest wait; who left is found only when he is answered */
};

struct await {
    struct desk_pact *p; /* NULL: free */
    bool theirs;
    uint64_t index;
    struct tick until;
    desk_answer say;
    void *client;
};

/* ledger.wait of docs/PROTOCOL.control */
json_t *await_ask(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);

void await_bound(struct desk_pact *p); /* a head became binding, in either log */
void await_turn(struct desk *d);       /* time passed */
void await_forget(struct desk *d, void *client);

#endif

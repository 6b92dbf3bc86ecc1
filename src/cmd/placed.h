/*
 * placed.h - an agreement on its way into a node's directory: its two files, the territory tables
 * it names, and our genesis under it. For `parley init` and `parley agreement join`.
 */
#ifndef PARLEY_CMD_PLACED_H
#define PARLEY_CMD_PLACED_H

#include "cmd/rooted.h"
#include "ledger/roles.h"

/* The public half of a statement key. */
struct placed_key {
    enum role role;
    const struct suite *suite;
    struct bytes key; /* borrowed */
};

struct placed {
    const struct call *call;
    struct say *s;
    const char *path;            /* of the agreement, as given */
    struct agreement *a;         /* owned */
    const struct party *party;   /* us; borrowed from a */
    struct buf text, signatures; /* the agreement's two files */
    struct roots roots;
    struct buf genesis;
    enum exit_code exit; /* how to leave after a false; the error was said */
};

/* Reads the agreement and the root keys of `party` (NULL: --as is missing). Zero *p before, but
 * for call, s and path; placed_done frees. */
bool placed_read(struct placed *p, const char *party);
void placed_done(struct placed *p);

/* Is this the channel certificate that the agreement pins for us? */
bool placed_channel(struct placed *p, struct bytes certificate);

/* Makes the genesis over our statement keys: one a role and suite of the agreement. */
bool placed_genesis(struct placed *p, const struct placed_key *keys, size_t count);

/* Makes `folder` and writes everything into it. */
bool placed_write(struct placed *p, const char *folder);

#endif

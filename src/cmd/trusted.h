/*
 * trusted.h - the outsiders whom the person at the command line trusts: --tsa CA.pem and --witness
 * VKEY, for parley verify and parley ledger anchor import.
 */
#ifndef PARLEY_CMD_TRUSTED_H
#define PARLEY_CMD_TRUSTED_H

#include "cmd/command.h"
#include "proof/anchor.h"

struct trusted {
    struct buf ca;
    struct anchor_trust trust; /* borrows from ca */
};

/* Reads them from the flags; nothing given is nobody. Says what is wrong. */
enum exit_code trusted_read(const struct call *call, struct trusted *out);
void trusted_done(struct trusted *t);

#endif

/*
 * trusted.h - the outsiders whose word over a head counts: whom the person at the command line
 * names, --tsa CA.pem and --witness VKEY, and at a node whom its agreement names.
 */
#ifndef PARLEY_CMD_TRUSTED_H
#define PARLEY_CMD_TRUSTED_H

#include "cmd/command.h"
#include "proof/anchor.h"

struct trusted {
    struct buf ca, agreed_ca;
    struct anchor_trust trust; /* borrows from them */
};

/* Reads them from the flags; nothing given is nobody. Says what is wrong. */
enum exit_code trusted_read(const struct call *call, struct trusted *out);

/* Adds whom the node's agreement names, in every version that the node has: as parley verify does
 * with the versions in a bundle. Says what is wrong. */
enum exit_code trusted_agreed(const struct call *call, struct trusted *t);
void trusted_done(struct trusted *t);

#endif

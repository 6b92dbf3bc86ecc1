/*
 * rooted.h - documents that a party's root keys sign: the genesis of its log, and the CONTACT
 * that appoints or withdraws an officer. Made where the root keys are, never on a running node.
 */
#ifndef PARLEY_CMD_ROOTED_H
#define PARLEY_CMD_ROOTED_H

#include <jansson.h>

#include "cmd/command.h"
#include "crypto/secret.h"
#include "pact/agreement.h"

/* The root keys in hand: those of --root-key, each checked against the agreement. */
struct roots {
    struct secret *key[AGREEMENT_SUITES]; /* owned */
    size_t count;
};

/* Opens the files of --root-key: one for each suite of `party`. Else the error was said. */
bool roots_open(const struct call *call, const struct party *party, struct roots *out,
                enum exit_code *exit);
void roots_done(struct roots *r);

/* Appends the disclosed form of a document with these fields, nothing withheld, signed by the
 * root keys. Its secret is made here and forgotten: the salts stand in the form. */
MUST_CHECK struct fault rooted_write(const struct roots *r, struct bytes agreement,
                                     const json_t *fields, struct buf *out);

/*
 * Reads the agreement in `path` and its signatures in `path`.sig, and holds it to be signed by
 * both parties. NULL: the error was said. `signatures` may be NULL; else it takes the bytes of
 * the .sig file, and `text` those of the agreement.
 */
struct agreement *rooted_agreement(struct say *s, const char *path, struct buf *text,
                                   struct buf *signatures, enum exit_code *exit);

#endif

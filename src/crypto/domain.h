/*
 * domain.h - what is signed outside C2SP notes: docs/PROTOCOL.ledger section 2.
 *
 * Every such signature says in its first lines what it is for, by which suite and key, under
 * which agreement. So it means nothing anywhere else.
 */
#ifndef PARLEY_CRYPTO_DOMAIN_H
#define PARLEY_CRYPTO_DOMAIN_H

#include "crypto/secret.h"

enum domain {
    DOMAIN_NONE = 0,
    DOMAIN_AGREEMENT, /* a party accepts an agreement */
    DOMAIN_ROOT,      /* the root key stands for a GENESIS or CONTACT document */
    DOMAIN_DECISION,  /* an officer decides on a permit */
    DOMAIN_HELLO,     /* a node opens a link */
    DOMAIN_COUNT,
};

/* "agreement", "root", "decision", "hello". */
const char *domain_name(enum domain purpose);

/* Appends "parley/v1\n" PURPOSE "\n" SUITE "\n" KEYID-HEX "\n" AGREEMENT-ID "\n" BYTES. */
void domain_message(enum domain purpose, const struct suite *suite, struct bytes key,
                    struct bytes agreement, struct bytes bytes, struct buf *out);

/* Appends the signature over that message by this key. */
void domain_sign(struct secret *s, enum domain purpose, struct bytes agreement, struct bytes bytes,
                 struct buf *out);

/* Does the signature hold over that message? Faults as suite_verify. */
MUST_CHECK struct fault domain_verify(const struct suite *suite, struct bytes key,
                                      enum domain purpose, struct bytes agreement,
                                      struct bytes bytes, struct bytes signature);

#endif

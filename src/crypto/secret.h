/*
 * secret.h - a private key: in locked, guarded pages that cannot even be read while it is not
 * in use, wiped when it goes.
 *
 * Knows suites and PEM (PKCS#8, RFC 5208; encrypted ones by scrypt and AES-256-CBC, which
 * `openssl pkey` reads). Knows no files: the caller brings and takes the PEM's bytes.
 */
#ifndef PARLEY_CRYPTO_SECRET_H
#define PARLEY_CRYPTO_SECRET_H

#include "crypto/suite.h"

enum {
    SECRET_PEM_MAX = 4096,        /* bytes of a PEM we read */
    SECRET_PASSPHRASE_MAX = 1023, /* what OpenSSL passes on without cutting */
};

struct secret; /* opaque, owned */

/* A new key from the system's random bytes. UNKNOWN: the suite is not available here. */
MUST_CHECK struct fault secret_new(const struct suite *suite, struct secret **out);

/* A key from a given seed of 32 bytes, which the caller wipes. For tests that repeat. */
MUST_CHECK struct fault secret_from_seed(const struct suite *suite, const uint8_t *seed,
                                         struct secret **out);
void secret_free(struct secret *s); /* wipes; NULL is fine */

const struct suite *secret_suite(const struct secret *s);
struct bytes secret_public(const struct secret *s); /* the public key, borrowed from it */
struct key_id secret_key_id(const struct secret *s);

/* Appends the signature over exactly these bytes. Only note.h (C2SP's own domain) and domain.h
 * call it: everything else says what it signs. */
void secret_sign(struct secret *s, struct bytes message, struct buf *out);

/*
 * Reads a PKCS#8 PEM. `passphrase` is empty for a plain one. Faults: LIMIT, SYNTAX, MISSING (it
 * is encrypted and no passphrase was given), REFUSED (the passphrase does not open it), UNKNOWN
 * (a key of another kind, or a suite not available here).
 */
MUST_CHECK struct fault secret_read_pem(const struct suite *suite, struct bytes pem,
                                        struct bytes passphrase, struct secret **out);

/* Appends the PEM, encrypted unless the passphrase is empty. The caller wipes it (buf_wipe). */
MUST_CHECK struct fault secret_write_pem(struct secret *s, struct bytes passphrase,
                                         struct buf *out);

#endif

/*
 * secret.h - a private key: in locked, guarded pages that cannot even be read while it is not
 * in use, wiped when it goes; or in a PKCS#11 token, which it never leaves. Of a suite that OpenSSL
 * computes its heap has a second copy, from the first signature until secret_free, which wipes it.
 *
 * Knows suites, PEM (PKCS#8, RFC 5208; encrypted ones by scrypt and AES-256-CBC, which
 * `openssl pkey` reads) and token files. Knows no files: the caller brings and takes the bytes.
 */
#ifndef PARLEY_CRYPTO_SECRET_H
#define PARLEY_CRYPTO_SECRET_H

#include "crypto/suite.h"

enum {
    SECRET_PEM_MAX = 12288,       /* bytes of a key file; ml-dsa-65 encrypted has 5.6 KB */
    SECRET_PASSPHRASE_MAX = 1023, /* what OpenSSL passes on without cutting */
    SECRET_NEEDS = 4,             /* folders that a token's module may use */
    SECRET_PATH = 512,
    SECRET_SETS = 4, /* variables that a token's module is told by */
    SECRET_SET_NAME = 64,
};

struct secret; /* opaque, owned */

/* A new key from the system's random bytes. UNKNOWN: the suite is not available here. */
MUST_CHECK struct fault secret_new(const struct suite *suite, struct secret **out);

/* An ed25519 key from a given seed of 32 bytes, which the caller wipes. For tests that repeat.
 * UNKNOWN for every other suite. */
MUST_CHECK struct fault secret_from_seed(const struct suite *suite, const uint8_t *seed,
                                         struct secret **out);
void secret_free(struct secret *s); /* wipes; NULL is fine */

const struct suite *secret_suite(const struct secret *s);
struct bytes secret_public(const struct secret *s); /* the public key, borrowed from it */
struct key_id secret_key_id(const struct secret *s);
bool secret_is_in_token(const struct secret *s);

/* Appends the signature over exactly these bytes. Only note.h (C2SP's own domain) and domain.h
 * call it: everything else says what it signs. A token that does not answer ends the process. */
void secret_sign(struct secret *s, struct bytes message, struct buf *out);

/*
 * Reads a key file: a PKCS#8 PEM, or a token file, whose first line is a PKCS#11 URI (token.h) and
 * whose other lines are for who opens it (secret_needs): "needs PATH", "set NAME=VALUE". `suite` is
 * the one it must be of; NULL: its own. `passphrase` opens the PEM or is the token's PIN; empty if
 * there is none. Faults: LIMIT, SYNTAX, MISSING (a passphrase is needed; a token is not there),
 * REFUSED (the passphrase does not open it), UNKNOWN (a key of another kind, or a suite not
 * available here), FORGED (its two halves do not belong together), DUPLICATE.
 */
MUST_CHECK struct fault secret_read(const struct suite *suite, struct bytes text,
                                    struct bytes passphrase, struct secret **out);

/* What a token file says its module needs: folders that it opens while it signs, for who closes a
 * sandbox, and words in its environment. None for a PEM. */
struct secret_needs {
    size_t count;
    char path[SECRET_NEEDS][SECRET_PATH];
    size_t sets;
    struct {
        char name[SECRET_SET_NAME];
        char value[SECRET_PATH];
    } set[SECRET_SETS];
};

/* SYNTAX: a line of another form. LIMIT. RANGE: a variable that other libraries listen to, which
 * is no module's business (LD_, OPENSSL_ and the like; TZ). */
MUST_CHECK struct fault secret_needs_parse(struct bytes text, struct secret_needs *out);

/*
 * Sets the variables in this process, before secret_read: only where a key is about to be opened,
 * by the one thread there is. A process begins without them, whoever started the node.
 * DUPLICATE: one has another value already, by another token file or by who called the command.
 */
MUST_CHECK struct fault secret_needs_set(const struct secret_needs *needs);

/* Appends the PEM, encrypted unless the passphrase is empty. The caller wipes it (buf_wipe).
 * REFUSED: the key is in a token. */
MUST_CHECK struct fault secret_write_pem(struct secret *s, struct bytes passphrase,
                                         struct buf *out);

#endif

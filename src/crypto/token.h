/*
 * token.h - a private key that stays in a PKCS#11 token (OASIS PKCS #11 v2.40 and 3.0), through
 * p11-kit. For secret.c alone.
 *
 * The key is named by a URI (RFC 7512) that also names the module: module-path. The token signs;
 * what it signed is checked against the public key it showed before the key is used, so a token
 * that has another pair under that name is found out. Suites: p256-sha256 (CKM_ECDSA over our
 * SHA-256) and ed25519 (CKM_EDDSA); no other mechanism could be tried yet.
 */
#ifndef PARLEY_CRYPTO_TOKEN_H
#define PARLEY_CRYPTO_TOKEN_H

#include "crypto/suite.h"

enum { TOKEN_PIN_MAX = 255 /* bytes */ };

struct token; /* a key in a token that was logged in to; opaque, owned */

/*
 * Loads the module, finds the one token and the one private key that the URI names, logs in, and
 * appends the public key as its suite spells it. The PIN is the URI's pin-value, or `pin`. Faults:
 * SYNTAX (no such URI), MISSING (the URI has no module-path; no such module, token or key; a PIN
 * is needed), DUPLICATE (it names several), REFUSED (the PIN), UNKNOWN (a key of no suite here).
 */
MUST_CHECK struct fault token_open(struct bytes uri, struct bytes pin, const struct suite **suite,
                                   struct buf *public_key, struct token **out);

/* Appends the signature. False: the token did not make one (it was pulled out, perhaps). */
bool token_sign(struct token *t, const struct suite *suite, struct bytes message, struct buf *out);

void token_close(struct token *t); /* NULL is fine */

#endif

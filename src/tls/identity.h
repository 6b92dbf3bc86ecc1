/*
 * identity.h - the key and certificate of a node's end of the hotline, and the pin of one.
 *
 * The certificate is a hull: self-signed, no names that mean anything, no end. What counts is
 * the SHA-256 of its SubjectPublicKeyInfo, which the agreement lists (docs/PROTOCOL.hotline
 * section 1). Ed25519 for what we make; Ed25519 and P-256 for what we accept.
 */
#ifndef PARLEY_TLS_IDENTITY_H
#define PARLEY_TLS_IDENTITY_H

#include <openssl/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum {
    TLS_PIN = 32,
    TLS_PEM = 64 << 10, /* longest key or certificate file that is read */
};

/* Makes an Ed25519 key and its certificate; appends both as PEM. Wipe `key`. */
MUST_CHECK struct fault tls_identity_new(struct buf *key, struct buf *certificate);

/* The pin of the first certificate in a PEM text. LIMIT, SYNTAX, REFUSED (another kind of key). */
MUST_CHECK struct fault tls_pin(struct bytes pem, uint8_t out[TLS_PIN]);

/* The same of a certificate that OpenSSL holds. REFUSED. */
MUST_CHECK struct fault tls_pin_of(X509 *certificate, uint8_t out[TLS_PIN]);

/* The same, of the public half of a PEM private key: what a node's own pin is. */
MUST_CHECK struct fault tls_pin_of_key(struct bytes pem, uint8_t out[TLS_PIN]);

#endif

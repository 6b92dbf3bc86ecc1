/*
 * evp.h - a row of the table of suites by OpenSSL: its EVP interface, for the default provider and
 * for the GOST engine alike. For suite.c and secret.c alone.
 *
 * A private key is built once from the DER of its PKCS#8 form, which costs as much as ten
 * signatures, and then lies on OpenSSL's heap until its owner frees it, which wipes it: in keeper
 * alone, and in an officer's command while it runs. Public keys that were read are remembered, the
 * last EVP_KNOWN of them: reading one costs as much as the check of a signature, and a node meets
 * the same few all day.
 */
#ifndef PARLEY_CRYPTO_EVP_H
#define PARLEY_CRYPTO_EVP_H

#include <openssl/evp.h>

#include "crypto/row.h"

/* Does this machine have the row's key type, digest and, if any, engine? Loads them. */
bool evp_has(const struct suite *s);

/* A point of the curve, spelled as OpenSSL itself would spell it. */
bool evp_key_is_good(const struct suite *s, struct bytes key);

enum { EVP_KNOWN = 16 /* public keys: those of two parties in all suites and roles, nearly */ };

/* `key` and `signature` have lengths that the row allows. */
bool evp_verify(const struct suite *s, struct bytes key, struct bytes message,
                struct bytes signature);

/* A new key pair; the caller frees it. NULL: it cannot be made. */
EVP_PKEY *evp_new(const struct suite *s);

/* The private key of a PKCS#8 DER; the caller frees it, which wipes it. NULL: it is none. */
EVP_PKEY *evp_private(struct bytes pkcs8);

/* Appends the signature. */
bool evp_sign(const struct suite *s, EVP_PKEY *key, struct bytes message, struct buf *out);

/* Appends the PKCS#8 DER of a key; the caller wipes it. */
bool evp_pkcs8(const EVP_PKEY *key, struct buf *out);

/* Which row's key is it (by type, group and length), and what is its public half? NULL: none's. */
const struct suite *evp_row(const EVP_PKEY *key, struct buf *public_key);

#endif

/*
 * evp.h - a row of the table of suites by OpenSSL: its EVP interface, for the default provider and
 * for the GOST engine alike. For suite.c and secret.c alone.
 *
 * A private key comes in as the DER of its PKCS#8 form, which the caller guards. While a signature
 * is made OpenSSL has it on its heap; it wipes that copy when it frees it, before we return.
 */
#ifndef PARLEY_CRYPTO_EVP_H
#define PARLEY_CRYPTO_EVP_H

#include <openssl/evp.h>

#include "crypto/row.h"

/* Does this machine have the row's key type, digest and, if any, engine? Loads them. */
bool evp_has(const struct suite *s);

/* A point of the curve, spelled as OpenSSL itself would spell it. */
bool evp_key_is_good(const struct suite *s, struct bytes key);

/* `key` and `signature` have lengths that the row allows. */
bool evp_verify(const struct suite *s, struct bytes key, struct bytes message,
                struct bytes signature);

/* A new key pair; the caller frees it. NULL: it cannot be made. */
EVP_PKEY *evp_new(const struct suite *s);

/* Appends the signature. */
bool evp_sign(const struct suite *s, struct bytes pkcs8, struct bytes message, struct buf *out);

/* Appends the PKCS#8 DER of a key; the caller wipes it. */
bool evp_pkcs8(const EVP_PKEY *key, struct buf *out);

/* Which row's key is it (by type, group and length), and what is its public half? NULL: none's. */
const struct suite *evp_row(const EVP_PKEY *key, struct buf *public_key);

#endif

/*
 * gost.h - GOST R 34.10-2012 and Streebog by the engine "gost" (Debian: libengine-gost-openssl).
 *
 * The engine is loaded by its id and gives key types and digests to who asks for them here. It is
 * never a default of the process: no configuration file is read, and its random generator, ciphers
 * and digests take nobody's place. OpenSSL 4 has no engines: there this says that none is here,
 * until the provider that replaces it has signatures.
 */
#ifndef PARLEY_CRYPTO_GOST_H
#define PARLEY_CRYPTO_GOST_H

#include <openssl/evp.h>
#include <stdbool.h>

/* Loads it once. False: it is not here. */
bool gost_start(void);

/* Begins a signature or its check on `context`, with the digest of that name ("md_gost12_256"). */
bool gost_sign_begin(EVP_MD_CTX *context, const char *digest, EVP_PKEY *key);
bool gost_verify_begin(EVP_MD_CTX *context, const char *digest, EVP_PKEY *key);

/* A new key of this type and parameter set ("A"). NULL if it cannot be made. */
EVP_PKEY *gost_new(const char *type, const char *group);

#endif

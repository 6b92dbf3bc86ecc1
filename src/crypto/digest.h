/*
 * digest.h - SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104), by OpenSSL; MD5 and SHA-1 for names.
 *
 * Whole hashes go through OpenSSL's plain functions, streams through EVP with the algorithm fetched
 * once per process: fetching it for every call costs five times the hash of an entry. Nothing here
 * can fail for input; a library that cannot hash ends the process.
 */
#ifndef PARLEY_CRYPTO_DIGEST_H
#define PARLEY_CRYPTO_DIGEST_H

#include "base/bytes.h"

struct digest {
    uint8_t byte[32]; /* SHA-256 */
};

/* A hash being made; opaque behind a pointer so that nobody needs OpenSSL's headers. */
struct digest_stream {
    void *context; /* owned; NULL is not begun */
};

struct digest digest_of(struct bytes data);

/* The hash of a, then b, without copying them together: prefix bytes of trees and keys. */
struct digest digest_of_two(struct bytes a, struct bytes b);

/* begin, any number of adds, end. The stream is empty again after digest_end; digest_done drops
 * one that will not be ended, and an empty one is fine. */
void digest_begin(struct digest_stream *s);
void digest_add(struct digest_stream *s, struct bytes data);
struct digest digest_end(struct digest_stream *s);
void digest_done(struct digest_stream *s);

/* Not to trust in: MISP's feeds know their values by MD5, in hex, and UUIDs by name are SHA-1's. */
enum { MD5_TEXT = 32, SHA1_BYTES = 20 };
void md5_text(struct bytes data, char out[MD5_TEXT + 1]);
void sha1_of(struct bytes data, uint8_t out[SHA1_BYTES]);

struct digest hmac_sha256(struct bytes key, struct bytes message);

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

/*
 * Loads what the two libraries load on first use (algorithms, the random device), so that a
 * process can do it before it enters its sandbox. Harmless when repeated; nothing needs it to
 * work.
 */
void crypto_start(void);

#endif

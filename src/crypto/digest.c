#include "crypto/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>

#include "base/memory.h"

enum { HMAC_BLOCK = 64 /* bytes of a SHA-256 block, FIPS 180-4 */ };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static pthread_key_t kept; /* each thread's context for whole hashes, freed with the thread */

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void start(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (sha256 == NULL || pthread_key_create(&kept, free_context) != 0)
        die("parley: the crypto library has no SHA-256\n");
}

static EVP_MD_CTX *new_context(void)
{
    EVP_MD_CTX *context;

    pthread_once(&once, start);
    context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex2(context, sha256, NULL) != 1)
        die("parley: SHA-256 cannot be started\n");
    return context;
}

static EVP_MD_CTX *kept_context(void)
{
    EVP_MD_CTX *context;

    pthread_once(&once, start);
    context = pthread_getspecific(kept);
    if (context == NULL) {
        context = new_context();
        if (pthread_setspecific(kept, context) != 0)
            die("parley: SHA-256 cannot be kept\n");
    } else if (EVP_DigestInit_ex2(context, NULL, NULL) != 1) {
        die("parley: SHA-256 cannot be restarted\n");
    }
    return context;
}

static void update(EVP_MD_CTX *context, struct bytes data)
{
    if (EVP_DigestUpdate(context, data.data, data.len) != 1)
        die("parley: SHA-256 failed\n");
}

static struct digest final(EVP_MD_CTX *context)
{
    struct digest out;

    if (EVP_DigestFinal_ex(context, out.byte, NULL) != 1)
        die("parley: SHA-256 failed\n");
    return out;
}

struct digest digest_of(struct bytes data)
{
    EVP_MD_CTX *context = kept_context();

    update(context, data);
    return final(context);
}

struct digest digest_of_two(struct bytes a, struct bytes b)
{
    EVP_MD_CTX *context = kept_context();

    update(context, a);
    update(context, b);
    return final(context);
}

void digest_begin(struct digest_stream *s)
{
    s->context = new_context();
}

void digest_add(struct digest_stream *s, struct bytes data)
{
    update(s->context, data);
}

struct digest digest_end(struct digest_stream *s)
{
    struct digest out = final(s->context);

    digest_done(s);
    return out;
}

void digest_done(struct digest_stream *s)
{
    EVP_MD_CTX_free(s->context);
    s->context = NULL;
}

struct digest hmac_sha256(struct bytes key, struct bytes message)
{
    uint8_t inner[HMAC_BLOCK] = {0}, outer[HMAC_BLOCK];
    struct digest out;

    if (key.len > HMAC_BLOCK) {
        struct digest short_key = digest_of(key);

        memcpy(inner, short_key.byte, sizeof short_key.byte);
        sodium_memzero(&short_key, sizeof short_key);
    } else if (key.len != 0) {
        memcpy(inner, key.data, key.len);
    }
    for (size_t i = 0; i < HMAC_BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    out = digest_of_two(bytes_of(inner, sizeof inner), message);
    out = digest_of_two(bytes_of(outer, sizeof outer), bytes_of(out.byte, sizeof out.byte));
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(outer, sizeof outer);
    return out;
}

void crypto_start(void)
{
    if (sodium_init() < 0)
        die("parley: the crypto library does not start\n");
    kept_context();
}

/*
 * bench-crypto - what our suites cost: signatures made and checked, bytes hashed, one core.
 *
 * Through the functions that a node calls, keys read and guarded as a node has them; beside them
 * libsodium and OpenSSL bare, in the same run. Prints `name value` lines, which
 * tools/bench/crypto.py makes tables of. Of a build without sanitizers.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* ENGINE: GOST has nothing else in 3.0 */
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "crypto/secret.h"
#include "crypto/suite.h"

enum { MESSAGE = 200, SECONDS_PART = 4, LARGE = 16384, ENTRY = 257, KEYS = 8 };

static double cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void must(struct fault f)
{
    if (!fault_is(f))
        return;
    fprintf(stderr, "bench-crypto: %s: %s\n", fault_word(f.kind), f.rule);
    exit(1);
}

/* Calls a CPU-second, over a quarter of one. */
static double rate(void (*call)(void *), void *context)
{
    double start = cpu(), used;
    size_t n = 0;

    do {
        for (int i = 0; i < 8; i++)
            call(context);
        n += 8;
        used = cpu() - start;
    } while (used < 1.0 / SECONDS_PART);
    return (double)n / used;
}

/* A suite with as many keys as a node of some agreements meets, asked in turns. */
struct signing {
    const struct suite *suite;
    struct secret *secret[KEYS];
    struct buf signature[KEYS];
    uint8_t message[MESSAGE];
    size_t turn;
};

static void sign_once(void *context)
{
    struct signing *s = context;
    size_t i = s->turn++ % KEYS;

    buf_clear(&s->signature[i]);
    secret_sign(s->secret[i], bytes_of(s->message, MESSAGE), &s->signature[i]);
}

static void verify_once(void *context)
{
    struct signing *s = context;
    size_t i = s->turn++ % KEYS;

    must(suite_verify(s->suite, secret_public(s->secret[i]), bytes_of(s->message, MESSAGE),
                      buf_view(&s->signature[i])));
}

static void one_suite(const struct suite *suite)
{
    struct signing s = {.suite = suite};

    for (size_t i = 0; i < KEYS; i++)
        must(secret_new(suite, &s.secret[i]));
    printf("%s.sign %.9g\n", suite_name(suite), rate(sign_once, &s));
    for (size_t i = 0; i < KEYS; i++)
        sign_once(&s); /* whichever was last: now all have one */
    printf("%s.verify %.9g\n", suite_name(suite), rate(verify_once, &s));
    for (size_t i = 0; i < KEYS; i++) {
        secret_free(s.secret[i]);
        buf_done(&s.signature[i]);
    }
}

struct sodium {
    uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
    uint8_t message[MESSAGE], signature[crypto_sign_BYTES];
};

static void sodium_sign(void *context)
{
    struct sodium *s = context;

    crypto_sign_detached(s->signature, NULL, s->message, MESSAGE, s->sk);
}

static void sodium_verify(void *context)
{
    struct sodium *s = context;

    if (crypto_sign_verify_detached(s->signature, s->message, MESSAGE, s->pk) != 0)
        exit(1);
}

static void bare_sodium(void)
{
    struct sodium s = {0};

    crypto_sign_keypair(s.pk, s.sk);
    printf("libsodium.sign %.9g\n", rate(sodium_sign, &s));
    printf("libsodium.verify %.9g\n", rate(sodium_verify, &s));
}

struct hashing {
    const EVP_MD *digest; /* NULL: digest_of */
    EVP_MD_CTX *context;
    size_t len;
    uint8_t data[LARGE];
};

static void hash_once(void *context)
{
    struct hashing *h = context;
    uint8_t out[EVP_MAX_MD_SIZE];

    if (h->digest == NULL) {
        struct digest d = digest_of(bytes_of(h->data, h->len));

        h->data[0] = d.byte[0];
    } else if (EVP_DigestInit_ex(h->context, h->digest, NULL) != 1 ||
               EVP_DigestUpdate(h->context, h->data, h->len) != 1 ||
               EVP_DigestFinal_ex(h->context, out, NULL) != 1) {
        exit(1);
    }
}

static void one_hash(const char *name, const EVP_MD *digest)
{
    struct hashing h = {.digest = digest, .context = EVP_MD_CTX_new(), .len = LARGE};

    printf("%s.large %.9g\n", name, rate(hash_once, &h) * LARGE / 1e6);
    h.len = ENTRY;
    printf("%s.entry %.9g\n", name, rate(hash_once, &h) * ENTRY / 1e6);
    EVP_MD_CTX_free(h.context);
}

static void hashes(void)
{
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL), *sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    ENGINE *gost = ENGINE_by_id("gost");

    one_hash("digest_of", NULL);
    one_hash("SHA-256", sha256);
    if (sm3 != NULL)
        one_hash("SM3", sm3);
    if (gost != NULL && ENGINE_init(gost) == 1) {
        one_hash("Streebog-256", ENGINE_get_digest(gost, NID_id_GostR3411_2012_256));
        one_hash("Streebog-512", ENGINE_get_digest(gost, NID_id_GostR3411_2012_512));
    }
    EVP_MD_free(sha256);
    EVP_MD_free(sm3);
}

int main(void)
{
    crypto_start();
    suite_start();
    for (size_t i = 0; suite_at(i) != NULL; i++)
        if (suite_is_available(suite_at(i)))
            one_suite(suite_at(i));
    bare_sodium();
    hashes();
    return 0;
}

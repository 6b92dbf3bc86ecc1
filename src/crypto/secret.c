#include "crypto/secret.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "base/memory.h"
#include "crypto/random.h"

enum {
    SEED = 32,    /* the private half as RFC 8032 and PKCS#8 have it */
    PRIVATE = 64, /* libsodium's form: seed, then public key */
    SCRYPT_N = 1 << 14,
    SCRYPT_R = 8, /* 16 MiB: the most that OpenSSL reads without being told */
};

struct secret {
    const struct suite *suite;
    uint8_t *guarded; /* PRIVATE bytes, no access while idle; owned */
    uint8_t public_key[32];
};

struct fault secret_from_seed(const struct suite *suite, const uint8_t *seed, struct secret **out)
{
    struct secret *s;

    if (!suite_is_available(suite))
        return fault_make(FAULT_UNKNOWN, 0, "suite: not available here");
    crypto_start();
    s = memory_zeroed(1, sizeof *s);
    s->suite = suite;
    s->guarded = sodium_malloc(PRIVATE);
    if (s->guarded == NULL || !suite_expand(suite, seed, s->guarded, s->public_key) ||
        sodium_mprotect_noaccess(s->guarded) != 0)
        die("parley: no guarded memory for a key\n");
    *out = s;
    return fault_none();
}

struct fault secret_new(const struct suite *suite, struct secret **out)
{
    uint8_t seed[SEED];
    struct fault f;

    random_bytes(seed, sizeof seed);
    f = secret_from_seed(suite, seed, out);
    sodium_memzero(seed, sizeof seed);
    return f;
}

void secret_free(struct secret *s)
{
    if (s == NULL)
        return;
    sodium_free(s->guarded); /* makes it writable, wipes it, unlocks it */
    free(s);
}

const struct suite *secret_suite(const struct secret *s)
{
    return s->suite;
}

struct bytes secret_public(const struct secret *s)
{
    return bytes_of(s->public_key, suite_key_length(s->suite));
}

struct key_id secret_key_id(const struct secret *s)
{
    return suite_key_id(s->suite, secret_public(s));
}

static void open_pages(struct secret *s)
{
    if (sodium_mprotect_readonly(s->guarded) != 0)
        die("parley: a key's pages do not open\n");
}

static void close_pages(struct secret *s)
{
    if (sodium_mprotect_noaccess(s->guarded) != 0)
        die("parley: a key's pages do not close\n");
}

void secret_sign(struct secret *s, struct bytes message, struct buf *out)
{
    size_t n = suite_signature_length(s->suite);

    buf_need(out, n);
    open_pages(s);
    if (!suite_make_signature(s->suite, s->guarded, message, out->data + out->len))
        die("parley: a signature cannot be made\n");
    close_pages(s);
    out->len += n;
}

/* OpenSSL asks the terminal unless it has this. */
static int give_passphrase(char *to, int room, int writing, void *passphrase)
{
    const struct bytes *p = passphrase;

    (void)writing;
    if (p->len == 0 || p->len > (size_t)room)
        return -1;
    memcpy(to, p->data, p->len);
    return (int)p->len;
}

static struct fault unread(struct bytes pem, struct bytes passphrase)
{
    static const char mark[] = "-----BEGIN ENCRYPTED";

    ERR_clear_error();
    if (memmem(pem.data, pem.len, mark, sizeof mark - 1) == NULL)
        return fault_make(FAULT_SYNTAX, 0, "RFC 5208: not a private key in PEM");
    if (passphrase.len == 0)
        return fault_make(FAULT_MISSING, 0, "key: it is encrypted; a passphrase is needed");
    return fault_make(FAULT_REFUSED, 0, "key: the passphrase does not open it");
}

static struct fault from_pkey(const struct suite *suite, const EVP_PKEY *key, struct secret **out)
{
    uint8_t seed[SEED];
    size_t len = sizeof seed;
    struct fault f;

    /* the one available suite is ed25519; a row with another key type brings its own reader */
    if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_private_key(key, seed, &len) != 1 || len != sizeof seed)
        return fault_make(FAULT_UNKNOWN, 0, "key: not of the suite's kind");
    f = secret_from_seed(suite, seed, out);
    sodium_memzero(seed, sizeof seed);
    return f;
}

struct fault secret_read_pem(const struct suite *suite, struct bytes pem, struct bytes passphrase,
                             struct secret **out)
{
    EVP_PKEY *key;
    BIO *in;
    struct fault f;

    if (!suite_is_available(suite))
        return fault_make(FAULT_UNKNOWN, 0, "suite: not available here");
    if (pem.len > SECRET_PEM_MAX || passphrase.len > SECRET_PASSPHRASE_MAX)
        return fault_make(FAULT_LIMIT, 0, "key: larger than a key file is");
    in = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (in == NULL)
        die("parley: out of memory\n");
    key = PEM_read_bio_PrivateKey(in, NULL, give_passphrase, &passphrase);
    BIO_free(in);
    if (key == NULL)
        return unread(pem, passphrase);
    f = from_pkey(suite, key, out);
    EVP_PKEY_free(key);
    return f;
}

static EVP_PKEY *to_pkey(struct secret *s)
{
    EVP_PKEY *key;

    open_pages(s);
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, s->guarded, SEED);
    close_pages(s);
    return key;
}

/* EncryptedPrivateKeyInfo by PBES2 with scrypt. OpenSSL's default is PBKDF2 with 2,048 rounds,
 * which a graphics card tries a million times a second. */
static bool write_encrypted(BIO *to, PKCS8_PRIV_KEY_INFO *plain, struct bytes passphrase)
{
    X509_ALGOR *how =
        PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 16, NULL, SCRYPT_N, SCRYPT_R, 1);
    X509_SIG *sealed = NULL;
    bool good;

    if (how == NULL)
        return false;
    sealed = PKCS8_set0_pbe((const char *)passphrase.data, (int)passphrase.len, plain, how);
    if (sealed == NULL) {
        X509_ALGOR_free(how);
        return false;
    }
    good = PEM_write_bio_PKCS8(to, sealed) == 1; /* `how` was transferred to sealed */
    X509_SIG_free(sealed);
    return good;
}

struct fault secret_write_pem(struct secret *s, struct bytes passphrase, struct buf *out)
{
    BIO *to = BIO_new(BIO_s_secmem());
    EVP_PKEY *key = to_pkey(s);
    PKCS8_PRIV_KEY_INFO *plain = key == NULL ? NULL : EVP_PKEY2PKCS8(key);
    char *text = NULL;
    bool good = to != NULL && plain != NULL && passphrase.len <= SECRET_PASSPHRASE_MAX;

    if (good && passphrase.len == 0)
        good = PEM_write_bio_PKCS8_PRIV_KEY_INFO(to, plain) == 1;
    else if (good)
        good = write_encrypted(to, plain, passphrase);
    if (good) {
        long len = BIO_get_mem_data(to, &text);

        buf_add(out, text, (size_t)len);
    }
    PKCS8_PRIV_KEY_INFO_free(plain);
    EVP_PKEY_free(key);
    BIO_free(to);
    ERR_clear_error();
    return good ? fault_none() : fault_make(FAULT_LIMIT, 0, "key: it cannot be written");
}

#include "crypto/secret.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/evp.h"
#include "crypto/gost.h"
#include "crypto/random.h"
#include "crypto/token.h"

enum {
    SEED = 32,    /* the private half as RFC 8032 and PKCS#8 have it */
    PRIVATE = 64, /* libsodium's form: seed, then public key */
    SCRYPT_N = 1 << 14,
    SCRYPT_R = 8, /* 16 MiB: the most that OpenSSL reads without being told */
};

static const char token_head[] = "pkcs11:", token_needs[] = "needs ", token_set[] = "set ";

struct secret {
    const struct suite *suite;
    uint8_t *guarded; /* no access while idle; owned. ed25519: libsodium's form; else PKCS#8 DER */
    size_t guarded_len;
    struct token *token; /* owned; NULL: the key is in `guarded` */
    EVP_PKEY *ready;     /* owned; built by the first signature; NULL for ed25519 and tokens */
    struct buf public_key;
};

/* ---- guarded pages --------------------------------------------------------------------------- */

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

/* Room for a key; the caller fills it and closes the pages. */
static struct secret *begin(const struct suite *suite, size_t len)
{
    struct secret *s = memory_zeroed(1, sizeof *s);

    if (sodium_init() < 0)
        die("parley: the crypto library does not start\n");
    s->suite = suite;
    s->guarded_len = len;
    s->guarded = sodium_malloc(len);
    if (s->guarded == NULL)
        die("parley: no guarded memory for a key\n");
    return s;
}

static struct fault unavailable(const struct suite *suite)
{
    return fault_make(FAULT_UNKNOWN, 0, suite_rule(suite, SUITE_RULE_AWAY));
}

static struct fault other_kind(void)
{
    return fault_make(FAULT_UNKNOWN, 0, "key: not of the suite's kind");
}

/* ---- signing --------------------------------------------------------------------------------- */

static bool sign_sodium(const struct secret *s, struct bytes message, struct buf *out)
{
    buf_need(out, crypto_sign_BYTES);
    if (crypto_sign_detached(out->data + out->len, NULL, message.data, message.len, s->guarded) !=
        0)
        return false;
    out->len += crypto_sign_BYTES;
    return true;
}

static bool sign_evp(struct secret *s, struct bytes message, struct buf *out)
{
    if (s->ready == NULL) {
        open_pages(s);
        s->ready = evp_private(bytes_of(s->guarded, s->guarded_len));
        close_pages(s);
    }
    return s->ready != NULL && evp_sign(s->suite, s->ready, message, out);
}

static bool try_sign(struct secret *s, struct bytes message, struct buf *out)
{
    bool good;

    if (s->token != NULL)
        return token_sign(s->token, s->suite, message, out);
    if (s->suite->library != LIBRARY_SODIUM)
        return sign_evp(s, message, out);
    open_pages(s);
    good = sign_sodium(s, message, out);
    close_pages(s);
    return good;
}

void secret_sign(struct secret *s, struct bytes message, struct buf *out)
{
    if (try_sign(s, message, out))
        return;
    if (s->token != NULL)
        die("parley: the token made no signature; is it still there?\n");
    die("parley: a signature cannot be made\n");
}

/* ---- made and freed -------------------------------------------------------------------------- */

struct fault secret_from_seed(const struct suite *suite, const uint8_t *seed, struct secret **out)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    struct secret *s;

    if (suite->library != LIBRARY_SODIUM)
        return unavailable(suite);
    s = begin(suite, PRIVATE);
    if (crypto_sign_seed_keypair(public_key, s->guarded, seed) != 0)
        die("parley: no key from a seed\n");
    buf_add(&s->public_key, public_key, sizeof public_key);
    close_pages(s);
    *out = s;
    return fault_none();
}

/* The two halves of a pair belong together if the one takes what the other signs. This also makes
 * the library load all it needs to sign before a sandbox closes. */
static struct fault is_a_pair(struct secret *s)
{
    struct bytes message = bytes_text("parley/v1\nkey\n");
    struct buf signature = {0};
    struct fault f = fault_make(FAULT_FORGED, 0, "key: it makes no signature");

    if (try_sign(s, message, &signature))
        f = suite_verify(s->suite, secret_public(s), message, buf_view(&signature));
    buf_done(&signature);
    return f;
}

/* The last look at a secret that is whole: then it is the caller's, or gone. */
static struct fault hand_over(struct secret *s, struct secret **out)
{
    struct fault f = suite_key_check(s->suite, secret_public(s));

    if (!fault_is(f))
        f = is_a_pair(s);
    if (fault_is(f))
        secret_free(s);
    else
        *out = s;
    return f;
}

static struct fault from_evp(const struct suite *suite, EVP_PKEY *key, struct secret **out)
{
    struct buf public_key = {0}, der = {0};
    const struct suite *row = evp_row(key, &public_key);
    struct secret *s;

    if (row == NULL || row != suite || !evp_pkcs8(key, &der)) {
        buf_done(&public_key);
        return other_kind();
    }
    s = begin(row, der.len);
    memcpy(s->guarded, der.data, der.len);
    buf_wipe(&der);
    close_pages(s);
    s->public_key = public_key; /* transferred */
    return hand_over(s, out);
}

struct fault secret_new(const struct suite *suite, struct secret **out)
{
    uint8_t seed[SEED];
    EVP_PKEY *key;
    struct fault f;

    if (!suite_is_available(suite))
        return unavailable(suite);
    if (suite->library == LIBRARY_SODIUM) {
        random_bytes(seed, sizeof seed);
        f = secret_from_seed(suite, seed, out);
        sodium_memzero(seed, sizeof seed);
        return f;
    }
    key = evp_new(suite);
    f = key == NULL ? unavailable(suite) : from_evp(suite, key, out);
    EVP_PKEY_free(key);
    return f;
}

void secret_free(struct secret *s)
{
    if (s == NULL)
        return;
    sodium_free(s->guarded); /* makes it writable, wipes it, unlocks it */
    EVP_PKEY_free(s->ready); /* wipes it */
    token_close(s->token);
    buf_done(&s->public_key);
    free(s);
}

const struct suite *secret_suite(const struct secret *s)
{
    return s->suite;
}

struct bytes secret_public(const struct secret *s)
{
    return buf_view(&s->public_key);
}

struct key_id secret_key_id(const struct secret *s)
{
    return suite_key_id(s->suite, secret_public(s));
}

bool secret_is_in_token(const struct secret *s)
{
    return s->token != NULL;
}

/* ---- a PEM is read --------------------------------------------------------------------------- */

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

static struct fault from_pkey(const struct suite *suite, EVP_PKEY *key, struct secret **out)
{
    struct buf public_key = {0};
    uint8_t seed[SEED];
    size_t len = sizeof seed;
    struct fault f;

    if (suite == NULL)
        suite = evp_row(key, &public_key);
    buf_done(&public_key);
    if (suite == NULL)
        return other_kind();
    if (!suite_is_available(suite))
        return unavailable(suite);
    if (suite->library != LIBRARY_SODIUM)
        return from_evp(suite, key, out);
    if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_private_key(key, seed, &len) != 1 || len != sizeof seed)
        return other_kind();
    f = secret_from_seed(suite, seed, out);
    sodium_memzero(seed, sizeof seed);
    return f;
}

static EVP_PKEY *parse_pem(struct bytes pem, struct bytes passphrase)
{
    BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *key;

    if (in == NULL)
        die("parley: out of memory\n");
    key = PEM_read_bio_PrivateKey(in, NULL, give_passphrase, &passphrase);
    BIO_free(in);
    return key;
}

static struct fault read_pem(const struct suite *suite, struct bytes pem, struct bytes passphrase,
                             struct secret **out)
{
    EVP_PKEY *key = parse_pem(pem, passphrase);
    struct fault f;

    /* A GOST key is read by its engine alone, which is not loaded where nobody needs it. */
    if (key == NULL && gost_start())
        key = parse_pem(pem, passphrase);
    if (key == NULL)
        return unread(pem, passphrase);
    f = from_pkey(suite, key, out);
    EVP_PKEY_free(key);
    return f;
}

/* ---- a token file is read -------------------------------------------------------------------- */

static struct bytes next_line(struct bytes *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    struct bytes line = bytes_of(rest->data, len);
    size_t skip = len + (end != NULL);

    *rest = bytes_of(rest->data + skip, rest->len - skip);
    return line;
}

static bool begins(struct bytes text, const char *head)
{
    size_t len = strlen(head);

    return text.len >= len && memcmp(text.data, head, len) == 0;
}

static struct fault add_folder(struct secret_needs *needs, struct bytes path, size_t at)
{
    if (needs->count == SECRET_NEEDS)
        return fault_make(FAULT_LIMIT, at, "token file: folders that it needs");
    if (path.len == 0 || path.data[0] != '/' ||
        !bytes_to_text(path, needs->path[needs->count], SECRET_PATH))
        return fault_make(FAULT_SYNTAX, at, "token file: \"needs\" wants /PATH");
    needs->count++;
    return fault_none();
}

/* A variable's name as a shell has it. */
static bool is_name(struct bytes name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    for (size_t i = 0; i < name.len; i++)
        if (memchr(letters, name.data[i], sizeof letters - (i == 0 ? 11 : 1)) == NULL)
            return false;
    return name.len != 0;
}

/* What the loader, libc, the sanitisers, our libraries and we ourselves listen to. */
static bool is_taken(const char *name)
{
    static const char *const heads[] = {"LD_",    "GLIBC_", "MALLOC_", "OPENSSL_", "SSL_",
                                        "CRYPTO", "P11_",   "PARLEY_", "ASAN_",    "LSAN_",
                                        "UBSAN_", "TZ",     "LC_",     "LANG",     "PATH"};

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (strncmp(name, heads[i], strlen(heads[i])) == 0)
            return true;
    return false;
}

static struct fault add_set(struct secret_needs *needs, struct bytes words, size_t at)
{
    const uint8_t *equals = words.len == 0 ? NULL : memchr(words.data, '=', words.len);
    size_t len = equals == NULL ? 0 : (size_t)(equals - words.data);

    if (needs->sets == SECRET_SETS)
        return fault_make(FAULT_LIMIT, at, "token file: variables that it sets");
    if (!is_name(bytes_of(words.data, len)) ||
        !bytes_to_text(bytes_of(words.data, len), needs->set[needs->sets].name, SECRET_SET_NAME) ||
        !bytes_to_text(bytes_of(words.data + len + 1, words.len - len - 1),
                       needs->set[needs->sets].value, SECRET_PATH))
        return fault_make(FAULT_SYNTAX, at, "token file: \"set\" wants NAME=VALUE");
    if (is_taken(needs->set[needs->sets].name))
        return fault_make(FAULT_RANGE, at, "token file: a variable that is no module's own");
    needs->sets++;
    return fault_none();
}

static struct fault add_line(struct secret_needs *needs, struct bytes line, size_t at)
{
    static const struct {
        const char *head;
        struct fault (*add)(struct secret_needs *needs, struct bytes rest, size_t at);
    } kinds[] = {{token_needs, add_folder}, {token_set, add_set}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t head = strlen(kinds[i].head);

        if (begins(line, kinds[i].head))
            return kinds[i].add(needs, bytes_of(line.data + head, line.len - head), at);
    }
    return fault_make(FAULT_SYNTAX, at,
                      "token file: a line that is not \"needs /PATH\" or \"set NAME=VALUE\"");
}

struct fault secret_needs_parse(struct bytes text, struct secret_needs *out)
{
    struct secret_needs needs = {0};
    struct fault f = fault_none();
    struct bytes rest = text;

    if (!begins(text, token_head)) {
        *out = needs;
        return f;
    }
    (void)next_line(&rest);
    while (rest.len != 0 && !fault_is(f)) {
        size_t at = text.len - rest.len;

        f = add_line(&needs, next_line(&rest), at);
    }
    if (!fault_is(f))
        *out = needs;
    return f;
}

struct fault secret_needs_set(const struct secret_needs *needs)
{
    for (size_t i = 0; i < needs->sets; i++) {
        const char *was = getenv(needs->set[i].name);

        if (was != NULL && strcmp(was, needs->set[i].value) != 0)
            return fault_make(FAULT_DUPLICATE, 0,
                              "token file: the variable that it sets has another value here");
        if (setenv(needs->set[i].name, needs->set[i].value, 1) != 0)
            die("parley: out of memory\n");
    }
    return fault_none();
}

static struct fault read_token(const struct suite *suite, struct bytes text, struct bytes pin,
                               struct secret **out)
{
    struct secret_needs needs;
    struct bytes rest = text;
    struct secret *s;
    struct fault f = secret_needs_parse(text, &needs);

    if (fault_is(f))
        return f;
    s = memory_zeroed(1, sizeof *s);
    f = token_open(next_line(&rest), pin, &s->suite, &s->public_key, &s->token);
    if (!fault_is(f) && suite != NULL && s->suite != suite)
        f = other_kind();
    if (!fault_is(f))
        return hand_over(s, out);
    secret_free(s);
    return f;
}

struct fault secret_read(const struct suite *suite, struct bytes text, struct bytes passphrase,
                         struct secret **out)
{
    if (suite != NULL && !suite_is_available(suite))
        return unavailable(suite);
    if (text.len > SECRET_PEM_MAX || passphrase.len > SECRET_PASSPHRASE_MAX)
        return fault_make(FAULT_LIMIT, 0, "key: larger than a key file is");
    return begins(text, token_head) ? read_token(suite, text, passphrase, out)
                                    : read_pem(suite, text, passphrase, out);
}

/* ---- a PEM is written ------------------------------------------------------------------------ */

static PKCS8_PRIV_KEY_INFO *to_pkcs8(struct secret *s)
{
    PKCS8_PRIV_KEY_INFO *out = NULL;
    const unsigned char *at = s->guarded;

    open_pages(s);
    if (s->suite->library == LIBRARY_SODIUM) {
        EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, s->guarded, SEED);

        out = key == NULL ? NULL : EVP_PKEY2PKCS8(key);
        EVP_PKEY_free(key);
    } else {
        out = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)s->guarded_len);
    }
    close_pages(s);
    return out;
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

static bool write_to(BIO *to, struct secret *s, struct bytes passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain = to_pkcs8(s);
    bool good = plain != NULL;

    if (good && passphrase.len == 0)
        good = PEM_write_bio_PKCS8_PRIV_KEY_INFO(to, plain) == 1;
    else if (good)
        good = write_encrypted(to, plain, passphrase);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return good;
}

struct fault secret_write_pem(struct secret *s, struct bytes passphrase, struct buf *out)
{
    BIO *to;
    char *text = NULL;
    bool good;

    if (s->token != NULL)
        return fault_make(FAULT_REFUSED, 0, "key: it is in a token and stays there");
    to = BIO_new(BIO_s_secmem());
    good = to != NULL && passphrase.len <= SECRET_PASSPHRASE_MAX && write_to(to, s, passphrase);
    if (good) {
        long len = BIO_get_mem_data(to, &text);

        buf_add(out, text, (size_t)len);
    }
    BIO_free(to);
    ERR_clear_error();
    return good ? fault_none() : fault_make(FAULT_LIMIT, 0, "key: it cannot be written");
}

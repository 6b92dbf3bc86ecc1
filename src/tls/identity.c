#include "tls/identity.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

static const char rule[] = "PROTOCOL.hotline section 1: Ed25519 or P-256 certificate";

static struct fault failed(void)
{
    return fault_make(FAULT_IO, 0, "tls: OpenSSL could not make a certificate");
}

/* Valid always: no clock decides about a pinned key. */
static bool fill(X509 *x, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(x);
    uint64_t serial;

    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 && X509_set_version(x, 2) &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) &&
           ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20000101000000Z") &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z") &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"parley", -1,
                                      -1, 0) &&
           X509_set_issuer_name(x, name) && X509_set_pubkey(x, key) && X509_sign(x, key, NULL) > 0;
}

static bool append(BIO *bio, struct buf *out)
{
    char *data;
    long length = BIO_get_mem_data(bio, &data);

    if (length <= 0)
        return false;
    buf_add(out, data, (size_t)length);
    return true;
}

struct fault tls_identity_new(struct buf *key, struct buf *certificate)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *x = X509_new();
    BIO *key_pem = BIO_new(BIO_s_secmem()), *x_pem = BIO_new(BIO_s_mem());
    struct fault f = failed();

    if (pair != NULL && x != NULL && key_pem != NULL && x_pem != NULL && fill(x, pair) &&
        PEM_write_bio_PrivateKey(key_pem, pair, NULL, NULL, 0, NULL, NULL) &&
        PEM_write_bio_X509(x_pem, x) && append(key_pem, key) && append(x_pem, certificate))
        f = fault_none();
    BIO_free(key_pem);
    BIO_free(x_pem);
    X509_free(x);
    EVP_PKEY_free(pair);
    return f;
}

static bool key_is_good(EVP_PKEY *key)
{
    char group[32] = "";
    size_t length;

    if (key == NULL)
        return false;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
        return true;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
           OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

static struct fault pin_of_public(X509_PUBKEY *public, uint8_t *out)
{
    unsigned char *der = NULL;
    int length;

    if (public == NULL || !key_is_good(X509_PUBKEY_get0(public)))
        return fault_make(FAULT_REFUSED, 0, rule);
    length = i2d_X509_PUBKEY(public, &der);
    if (length <= 0)
        return fault_make(FAULT_REFUSED, 0, rule);
    SHA256(der, (size_t)length, out);
    OPENSSL_free(der);
    return fault_none();
}

struct fault tls_pin_of(X509 *certificate, uint8_t out[TLS_PIN])
{
    return pin_of_public(X509_get_X509_PUBKEY(certificate), out);
}

static struct fault open_pem(struct bytes pem, BIO **out)
{
    if (pem.len > TLS_PEM)
        return fault_make(FAULT_LIMIT, 0, "tls: longest PEM file");
    *out = BIO_new_mem_buf(pem.data, (int)pem.len);
    return *out != NULL ? fault_none() : failed();
}

/* A protected key is refused, not asked for on the terminal. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

struct fault tls_pin(struct bytes pem, uint8_t out[TLS_PIN])
{
    BIO *bio;
    X509 *x;
    struct fault f = open_pem(pem, &bio);

    if (fault_is(f))
        return f;
    x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    f = x != NULL ? tls_pin_of(x, out) : fault_make(FAULT_SYNTAX, 0, "tls: certificate in PEM");
    X509_free(x);
    BIO_free(bio);
    return f;
}

struct fault tls_pin_of_key(struct bytes pem, uint8_t out[TLS_PIN])
{
    X509_PUBKEY *public = NULL;
    BIO *bio;
    EVP_PKEY *key;
    struct fault f = open_pem(pem, &bio);

    if (fault_is(f))
        return f;
    key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    if (key == NULL)
        f = fault_make(FAULT_SYNTAX, 0, "tls: private key in PEM");
    else if (X509_PUBKEY_set(&public, key) != 1)
        f = fault_make(FAULT_REFUSED, 0, rule);
    else
        f = pin_of_public(public, out);
    X509_PUBKEY_free(public);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return f;
}

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cmd/keyfile.h"

enum { CERTIFICATE_DAYS = 36500 };

static bool pin_of(const X509 *certificate, uint8_t *pin)
{
    unsigned char *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
    struct digest d;

    if (len <= 0)
        return false;
    d = digest_of(bytes_of(spki, (size_t)len));
    memcpy(pin, d.byte, sizeof d.byte);
    OPENSSL_free(spki);
    return true;
}

static bool sign_self(X509 *c, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(c);
    unsigned char serial[16];
    BIGNUM *number = NULL;
    bool good = RAND_bytes(serial, sizeof serial) == 1;

    serial[0] &= 0x7f;
    serial[0] |= 0x40; /* positive, always sixteen bytes */
    number = BN_bin2bn(serial, sizeof serial, NULL);
    good = good && number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c)) != NULL &&
           X509_set_version(c, X509_VERSION_3) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(c), -86400) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(c), CERTIFICATE_DAYS, 0, NULL) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"parley node", -1, -1, 0) == 1 &&
           X509_set_issuer_name(c, name) == 1 && X509_set_pubkey(c, key) == 1 &&
           X509_sign(c, key, NULL) > 0;
    BN_free(number);
    return good;
}

static void take_memory(BIO *from, struct buf *out)
{
    char *data;
    long len = BIO_get_mem_data(from, &data);

    buf_add(out, data, len > 0 ? (size_t)len : 0);
    if (len > 0)
        OPENSSL_cleanse(data, (size_t)len);
}

static bool write_pems(EVP_PKEY *key, X509 *c, struct buf *key_out, struct buf *certificate_out)
{
    BIO *k = BIO_new(BIO_s_mem()), *x = BIO_new(BIO_s_mem());
    bool good = k != NULL && x != NULL &&
                PEM_write_bio_PKCS8PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                PEM_write_bio_X509(x, c) == 1;

    if (good) {
        take_memory(k, key_out);
        take_memory(x, certificate_out);
    }
    BIO_free(k);
    BIO_free(x);
    return good;
}

bool keyfile_new_certificate(struct buf *key, struct buf *certificate, uint8_t *pin)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *c = X509_new();
    bool good = pair != NULL && c != NULL && sign_self(c, pair) && pin_of(c, pin) &&
                write_pems(pair, c, key, certificate);

    X509_free(c);
    EVP_PKEY_free(pair);
    return good;
}

static X509 *read_certificate(struct bytes pem)
{
    BIO *from = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *c = from != NULL ? PEM_read_bio_X509(from, NULL, NULL, NULL) : NULL;

    BIO_free(from);
    return c;
}

bool keyfile_certificate_pin(struct bytes pem, uint8_t *pin)
{
    X509 *c = read_certificate(pem);
    bool good = c != NULL && pin_of(c, pin);

    X509_free(c);
    return good;
}

/* A channel key is never encrypted: the node opens it alone, and nobody is to be asked here. */
static int no_passphrase(char *buf, int size, int rwflag, void *with)
{
    (void)buf, (void)size, (void)rwflag, (void)with;
    return -1;
}

bool keyfile_certificate_fits(struct bytes key, struct bytes certificate)
{
    BIO *from = BIO_new_mem_buf(key.data, (int)key.len);
    EVP_PKEY *pair = from != NULL ? PEM_read_bio_PrivateKey(from, NULL, no_passphrase, NULL) : NULL;
    X509 *c = read_certificate(certificate);
    bool good = pair != NULL && c != NULL && X509_check_private_key(c, pair) == 1;

    X509_free(c);
    EVP_PKEY_free(pair);
    BIO_free(from);
    return good;
}

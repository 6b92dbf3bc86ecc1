#include "crypto/evp.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/memory.h"
#include "crypto/gost.h"

/* ---- what is here ---------------------------------------------------------------------------- */

bool evp_has(const struct suite *s)
{
    EVP_PKEY_CTX *type;
    EVP_MD *digest = NULL;
    bool good;

    if (s->library == LIBRARY_GOST)
        return gost_start();
    type = EVP_PKEY_CTX_new_from_name(NULL, s->type, NULL);
    if (s->digest != NULL)
        digest = EVP_MD_fetch(NULL, s->digest, NULL);
    good = type != NULL && (s->digest == NULL || digest != NULL);
    EVP_PKEY_CTX_free(type);
    EVP_MD_free(digest);
    ERR_clear_error();
    return good;
}

/* ---- public keys ----------------------------------------------------------------------------- */

/* The first bytes are the row's, so that type, group and form of the point are what they must be.
 */
static EVP_PKEY *public_of(const struct suite *s, struct bytes key)
{
    struct buf spki = {0};
    const unsigned char *at;
    EVP_PKEY *out = NULL;

    row_spki(s, key, &spki);
    at = spki.data;
    if (spki.len > s->spki_length && memcmp(spki.data, s->spki, s->spki_length) == 0)
        out = d2i_PUBKEY(NULL, &at, (long)spki.len);
    if (out != NULL && at != spki.data + spki.len) {
        EVP_PKEY_free(out);
        out = NULL;
    }
    buf_done(&spki);
    return out;
}

/* The keys that signatures were checked by last, by their exact bytes. Of one process, which has
 * one thread; a key that is here is the key that its bytes say, whoever sent them. */
static struct known {
    const struct suite *suite;
    struct buf key;
    EVP_PKEY *read;
} known[EVP_KNOWN];
static size_t known_next;

static EVP_PKEY *remembered(const struct suite *s, struct bytes key)
{
    for (size_t i = 0; i < EVP_KNOWN; i++)
        if (known[i].suite == s && bytes_equal(buf_view(&known[i].key), key))
            return known[i].read;
    return NULL;
}

/* The key, borrowed until EVP_KNOWN others were asked for; NULL if it is none. */
static EVP_PKEY *known_public(const struct suite *s, struct bytes key)
{
    EVP_PKEY *read = remembered(s, key);
    struct known *k = &known[known_next];

    if (read != NULL)
        return read;
    read = public_of(s, key);
    if (read == NULL)
        return NULL;
    EVP_PKEY_free(k->read);
    buf_clear(&k->key);
    buf_bytes(&k->key, key);
    k->suite = s;
    k->read = read;
    known_next = (known_next + 1) % EVP_KNOWN;
    return read;
}

bool evp_key_is_good(const struct suite *s, struct bytes key)
{
    EVP_PKEY *read = public_of(s, key);
    struct buf spki = {0};
    unsigned char *again = NULL;
    int len = read == NULL ? -1 : i2d_PUBKEY(read, &again);
    bool good;

    row_spki(s, key, &spki);
    good = len > 0 && bytes_equal(bytes_of(again, (size_t)len), buf_view(&spki));
    OPENSSL_free(again);
    EVP_PKEY_free(read);
    buf_done(&spki);
    ERR_clear_error();
    return good;
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* DER leaves one spelling: what OpenSSL reads is written again and must be the same bytes. */
static bool der_is_strict(struct bytes signature)
{
    const unsigned char *at = signature.data;
    ECDSA_SIG *read = d2i_ECDSA_SIG(NULL, &at, (long)signature.len);
    unsigned char *again = NULL;
    int len = read == NULL ? -1 : i2d_ECDSA_SIG(read, &again);
    bool good = len > 0 && bytes_equal(bytes_of(again, (size_t)len), signature);

    OPENSSL_free(again);
    ECDSA_SIG_free(read);
    return good;
}

/* SM2 hashes the signer's identity first; OpenSSL before 4 takes an empty one if it is not told. It
 * is told after the start: as the start's parameter, Debian's 3.0.19 refuses it. */
static bool tell_identity(const struct suite *s, EVP_PKEY_CTX *how)
{
    return s->identity == NULL ||
           EVP_PKEY_CTX_set1_id(how, s->identity, (int)strlen(s->identity)) == 1;
}

bool evp_verify(const struct suite *s, struct bytes key, struct bytes message,
                struct bytes signature)
{
    EVP_PKEY *read = known_public(s, key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    bool good =
        read != NULL && context != NULL && (s->form != FORM_DER || der_is_strict(signature));

    if (good && s->library == LIBRARY_GOST)
        good = gost_verify_begin(context, s->digest, read);
    else if (good)
        good = EVP_DigestVerifyInit_ex(context, &how, s->digest, NULL, NULL, read, NULL) == 1 &&
               tell_identity(s, how);
    good = good &&
           EVP_DigestVerify(context, signature.data, signature.len, message.data, message.len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

EVP_PKEY *evp_private(struct bytes der)
{
    const unsigned char *at = der.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    EVP_PKEY *key = info == NULL ? NULL : EVP_PKCS82PKEY(info);

    PKCS8_PRIV_KEY_INFO_free(info); /* wipes the key's octets */
    ERR_clear_error();
    return key;
}

static bool sign_with(const struct suite *s, EVP_PKEY *key, EVP_MD_CTX *context,
                      struct bytes message, struct buf *out)
{
    size_t len = s->signature_max;
    EVP_PKEY_CTX *how = NULL;
    bool good;

    if (s->library == LIBRARY_GOST)
        good = gost_sign_begin(context, s->digest, key);
    else
        good = EVP_DigestSignInit_ex(context, &how, s->digest, NULL, NULL, key, NULL) == 1 &&
               tell_identity(s, how);
    buf_need(out, len);
    good = good &&
           EVP_DigestSign(context, out->data + out->len, &len, message.data, message.len) == 1 &&
           (s->form == FORM_DER || len == s->signature_max);
    if (good)
        out->len += len;
    return good;
}

bool evp_sign(const struct suite *s, EVP_PKEY *key, struct bytes message, struct buf *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && sign_with(s, key, context, message, out);

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

/* ---- key pairs ------------------------------------------------------------------------------- */

EVP_PKEY *evp_new(const struct suite *s)
{
    EVP_PKEY_CTX *how;
    EVP_PKEY *key = NULL;
    bool good;

    if (s->library == LIBRARY_GOST)
        return gost_new(s->type, s->group);
    how = EVP_PKEY_CTX_new_from_name(NULL, s->type, NULL);
    good = how != NULL && EVP_PKEY_keygen_init(how) == 1 &&
           (s->group == NULL || EVP_PKEY_CTX_set_group_name(how, s->group) == 1);
    if (good)
        (void)EVP_PKEY_generate(how, &key);
    EVP_PKEY_CTX_free(how);
    ERR_clear_error();
    return key;
}

bool evp_pkcs8(const EVP_PKEY *key, struct buf *out)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int len = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    unsigned char *at;

    if (len > 0) {
        buf_need(out, (size_t)len);
        at = out->data + out->len;
        len = i2d_PKCS8_PRIV_KEY_INFO(info, &at);
        out->len += len > 0 ? (size_t)len : 0;
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    return len > 0;
}

const struct suite *evp_row(const EVP_PKEY *key, struct buf *public_key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const struct suite *s = NULL;
    struct bytes found;

    if (len > 0)
        s = row_of_spki(bytes_of(der, (size_t)len), &found);
    if (s != NULL)
        buf_bytes(public_key, found);
    OPENSSL_free(der);
    ERR_clear_error();
    return s;
}

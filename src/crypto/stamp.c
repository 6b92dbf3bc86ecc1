#include "crypto/stamp.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <time.h>

#include "base/memory.h"

static const char rule[] = "RFC 3161 section 2.4.2";

void stamp_request(const struct digest *of, const uint8_t nonce[STAMP_NONCE], struct buf *out)
{
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    BIGNUM *number = BN_bin2bn(nonce, STAMP_NONCE, NULL);
    ASN1_INTEGER *integer = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
    uint8_t digest[32], *der = NULL;
    int len;

    memcpy(digest, of->byte, sizeof digest);
    if (request == NULL || imprint == NULL || algorithm == NULL || integer == NULL ||
        X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) != 1 ||
        TS_REQ_set_version(request, 1) != 1 || TS_MSG_IMPRINT_set_algo(imprint, algorithm) != 1 ||
        TS_MSG_IMPRINT_set_msg(imprint, digest, sizeof digest) != 1 ||
        TS_REQ_set_msg_imprint(request, imprint) != 1 || TS_REQ_set_nonce(request, integer) != 1 ||
        TS_REQ_set_cert_req(request, 1) != 1 || (len = i2d_TS_REQ(request, &der)) <= 0)
        die("parley: no time-stamp request could be made\n");
    buf_add(out, der, (size_t)len);
    OPENSSL_free(der);
    ASN1_INTEGER_free(integer);
    BN_free(number);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(request);
}

static struct fault read_response(struct bytes text, TS_RESP **out)
{
    const unsigned char *at = text.data;
    TS_RESP *response;

    if (text.len > STAMP_MAX)
        return fault_make(FAULT_LIMIT, STAMP_MAX, rule);
    response = d2i_TS_RESP(NULL, &at, (long)text.len);
    if (response == NULL || at != text.data + text.len) {
        TS_RESP_free(response);
        return fault_make(FAULT_SYNTAX, 0, rule);
    }
    *out = response;
    return fault_none();
}

/* granted (0) or grantedWithMods (1); else there is no token. */
static bool is_granted(TS_RESP *response)
{
    const ASN1_INTEGER *status = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response));
    long value = ASN1_INTEGER_get(status);

    return (value == 0 || value == 1) && TS_RESP_get_tst_info(response) != NULL;
}

static bool is_over(TS_TST_INFO *info, const struct digest *of)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *algorithm;
    const ASN1_OCTET_STRING *digest;

    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    digest = TS_MSG_IMPRINT_get_msg(imprint);
    return OBJ_obj2nid(algorithm) == NID_sha256 &&
           ASN1_STRING_length(digest) == (int)sizeof of->byte &&
           memcmp(ASN1_STRING_get0_data(digest), of->byte, sizeof of->byte) == 0;
}

static bool read_time(TS_TST_INFO *info, struct instant *out)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) != 1)
        return false;
    *out = instant_of_seconds((int64_t)timegm(&tm));
    return true;
}

static X509_STORE *read_store(struct bytes ca, struct instant when)
{
    X509_STORE *store = X509_STORE_new();
    BIO *in = BIO_new_mem_buf(ca.data, (int)ca.len);
    size_t count = 0;
    X509 *certificate;

    while (store != NULL && in != NULL &&
           (certificate = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(store, certificate) == 1;
        X509_free(certificate);
    }
    BIO_free(in);
    if (count == 0) {
        X509_STORE_free(store);
        return NULL;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)instant_seconds(when));
    return store;
}

static void read_subject(X509 *certificate, char *out)
{
    BIO *name = BIO_new(BIO_s_mem());
    int len = 0;

    if (certificate != NULL && name != NULL) {
        X509_NAME_print_ex(name, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
        len = BIO_read(name, out, STAMP_AUTHORITY - 1);
    }
    out[len > 0 ? len : 0] = '\0';
    BIO_free(name);
}

struct fault stamp_authority_read(struct bytes der, char *out)
{
    const unsigned char *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    bool good = certificate != NULL && at == der.data + der.len;

    if (good)
        read_subject(certificate, out);
    X509_free(certificate);
    ERR_clear_error();
    return good ? fault_none() : fault_make(FAULT_SYNTAX, 0, "RFC 5280 section 4.1: Certificate");
}

/* The name of whoever signed the token, as one line of ASCII. */
static void read_authority(TS_RESP *response, char *out)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(TS_RESP_get_token(response), NULL, 0);

    read_subject(signers != NULL && sk_X509_num(signers) > 0 ? sk_X509_value(signers, 0) : NULL,
                 out);
    sk_X509_free(signers);
}

/* Is the chain good as far as it goes, and only ends in a root that is not among ours? */
static bool is_strangers(void)
{
    static const int codes[] = {
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
        X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT};
    const char *said = NULL;

    if (ERR_GET_REASON(ERR_peek_last_error()) != TS_R_CERTIFICATE_VERIFY_ERROR)
        return false;
    (void)ERR_peek_last_error_all(NULL, NULL, NULL, &said, NULL);
    for (size_t i = 0; said != NULL && i < sizeof codes / sizeof *codes; i++)
        if (strstr(said, X509_verify_cert_error_string(codes[i])) != NULL)
            return true;
    return false;
}

/* Takes the store over. */
static struct fault holds(TS_RESP *response, X509_STORE *store, const struct digest *of)
{
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    unsigned char *imprint = OPENSSL_memdup(of->byte, sizeof of->byte);
    struct fault f = fault_none();

    if (context == NULL || imprint == NULL)
        die("parley: out of memory\n");
    TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_store(context, store);
    TS_VERIFY_CTX_set_imprint(context, imprint, sizeof of->byte);
    if (TS_RESP_verify_response(context, response) != 1)
        f = is_strangers()
                ? fault_make(FAULT_UNKNOWN, 0, "an authority that nobody here trusts")
                : fault_make(FAULT_FORGED, 0, "RFC 3161 section 2.3: signature or chain");
    TS_VERIFY_CTX_free(context);
    ERR_clear_error();
    return f;
}

static struct fault check(TS_RESP *response, const struct digest *of, struct bytes ca,
                          struct stamp *out)
{
    TS_TST_INFO *info;
    X509_STORE *store;
    struct stamp s = {0};
    struct fault f;

    if (!is_granted(response))
        return fault_make(FAULT_REFUSED, 0, "RFC 3161 section 2.4.2: not granted");
    info = TS_RESP_get_tst_info(response);
    if (!is_over(info, of))
        return fault_make(FAULT_MISMATCH, 0, "RFC 3161 section 2.4.2: messageImprint");
    if (!read_time(info, &s.time))
        return fault_make(FAULT_SYNTAX, 0, "RFC 3161 section 2.4.2: genTime");
    store = read_store(ca, s.time);
    if (store == NULL)
        return fault_make(FAULT_SYNTAX, 0, "a PEM with the authority's root certificate");
    f = holds(response, store, of);
    if (fault_is(f))
        return f;
    read_authority(response, s.authority);
    *out = s;
    return fault_none();
}

struct fault stamp_verify(struct bytes response, const struct digest *of, struct bytes ca,
                          struct stamp *out)
{
    TS_RESP *parsed = NULL;
    struct fault f = read_response(response, &parsed);

    if (!fault_is(f))
        f = ca.len > STAMP_CA_MAX ? fault_make(FAULT_LIMIT, STAMP_CA_MAX, rule)
                                  : check(parsed, of, ca, out);
    TS_RESP_free(parsed);
    ERR_clear_error();
    return f;
}

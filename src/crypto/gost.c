#define OPENSSL_SUPPRESS_DEPRECATED /* engines are, and nothing else in Debian 12 has GOST keys */
#include "crypto/gost.h"

#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#if !defined(OPENSSL_NO_ENGINE) && OPENSSL_VERSION_MAJOR < 4

#include <openssl/engine.h>
#include <openssl/obj_mac.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ENGINE *engine; /* kept until the process ends */
static const EVP_MD *streebog[2];

static const int digests[] = {NID_id_GostR3411_2012_256, NID_id_GostR3411_2012_512};

static bool take(ENGINE *e)
{
    if (ENGINE_init(e) != 1)
        return false;
    for (size_t i = 0; i < 2; i++)
        streebog[i] = ENGINE_get_digest(e, digests[i]);
    /* keys are told apart by their types' numbers, which nobody else serves */
    return streebog[0] != NULL && streebog[1] != NULL && ENGINE_register_pkey_meths(e) == 1 &&
           ENGINE_register_pkey_asn1_meths(e) == 1;
}

static void start(void)
{
    ENGINE *e;

    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ENGINE_DYNAMIC, NULL);
    e = ENGINE_by_id("gost");
    if (e != NULL && take(e))
        engine = e;
    ERR_clear_error();
}

bool gost_start(void)
{
    pthread_once(&once, start);
    return engine != NULL;
}

static const EVP_MD *digest_named(const char *name)
{
    return streebog[strcmp(name, "md_gost12_512") == 0];
}

bool gost_sign_begin(EVP_MD_CTX *context, const char *digest, EVP_PKEY *key)
{
    return gost_start() &&
           EVP_DigestSignInit(context, NULL, digest_named(digest), engine, key) == 1;
}

bool gost_verify_begin(EVP_MD_CTX *context, const char *digest, EVP_PKEY *key)
{
    return gost_start() &&
           EVP_DigestVerifyInit(context, NULL, digest_named(digest), engine, key) == 1;
}

EVP_PKEY *gost_new(const char *type, const char *group)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *how = gost_start() ? EVP_PKEY_CTX_new_id(OBJ_txt2nid(type), engine) : NULL;

    if (how != NULL && EVP_PKEY_keygen_init(how) == 1 &&
        EVP_PKEY_CTX_ctrl_str(how, "paramset", group) == 1)
        (void)EVP_PKEY_keygen(how, &key);
    EVP_PKEY_CTX_free(how);
    return key;
}

#else

bool gost_start(void)
{
    return false;
}

bool gost_sign_begin(EVP_MD_CTX *context, const char *digest, EVP_PKEY *key)
{
    (void)context, (void)digest, (void)key;
    return false;
}

bool gost_verify_begin(EVP_MD_CTX *context, const char *digest, EVP_PKEY *key)
{
    (void)context, (void)digest, (void)key;
    return false;
}

EVP_PKEY *gost_new(const char *type, const char *group)
{
    (void)type, (void)group;
    return NULL;
}

#endif

#include "crypto/token.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <sodium.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/row.h"

#define RULE "PKCS #11: "

enum {
    TOKEN_SLOTS = 64, /* slots of a module we look at */
    TOKEN_URI_MAX = 1024,
    TOKEN_POINT_MAX = 256, /* bytes of a public point and what wraps it */
    ECDSA_HALF = 32,       /* bytes of r and of s for P-256 */
};

struct token {
    CK_FUNCTION_LIST *module; /* loaded and initialised; released with it */
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    bool in_session;
};

static struct fault refuse(enum fault_kind kind, const char *rule)
{
    return fault_make(kind, 0, rule);
}

/* ---- the module and the token ---------------------------------------------------------------- */

static struct fault load_module(P11KitUri *uri, struct token *t)
{
    const char *path = p11_kit_uri_get_module_path(uri);

    if (path == NULL || path[0] != '/')
        return refuse(FAULT_MISSING, RULE "the URI says no module-path=/..");
    t->module = p11_kit_module_load(path, 0);
    if (t->module == NULL)
        return refuse(FAULT_MISSING, RULE "the module at module-path does not load");
    if (p11_kit_module_initialize(t->module) == CKR_OK)
        return fault_none();
    p11_kit_module_release(t->module);
    t->module = NULL;
    return refuse(FAULT_MISSING, RULE "the module does not start");
}

static struct fault find_slot(const struct token *t, P11KitUri *uri, CK_SLOT_ID *out)
{
    CK_SLOT_ID slot[TOKEN_SLOTS];
    CK_ULONG count = TOKEN_SLOTS;
    size_t found = 0;

    if (t->module->C_GetSlotList(CK_TRUE, slot, &count) != CKR_OK)
        return refuse(FAULT_MISSING, RULE "the module shows no tokens");
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        if (t->module->C_GetTokenInfo(slot[i], &info) != CKR_OK ||
            (info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
            p11_kit_uri_match_token_info(uri, &info) == 0)
            continue;
        *out = slot[i];
        found++;
    }
    if (found == 1)
        return fault_none();
    return found == 0 ? refuse(FAULT_MISSING, RULE "no token that the URI names is there")
                      : refuse(FAULT_DUPLICATE, RULE "the URI names several tokens");
}

static struct fault log_in(struct token *t, P11KitUri *uri, CK_SLOT_ID slot, struct bytes pin)
{
    const char *own = p11_kit_uri_get_pin_value(uri);
    struct bytes use = own != NULL ? bytes_text(own) : pin;
    CK_UTF8CHAR text[TOKEN_PIN_MAX + 1];
    CK_RV done;

    if (t->module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session) != CKR_OK)
        return refuse(FAULT_MISSING, RULE "the token opens no session");
    t->in_session = true;
    if (use.len == 0)
        return refuse(FAULT_MISSING, "key: it is in a token; its PIN is needed");
    if (!bytes_to_text(use, (char *)text, sizeof text))
        return refuse(FAULT_REFUSED, RULE "a PIN of this length");
    done = t->module->C_Login(t->session, CKU_USER, text, (CK_ULONG)use.len);
    sodium_memzero(text, sizeof text);
    if (done == CKR_OK || done == CKR_USER_ALREADY_LOGGED_IN)
        return fault_none();
    if (done == CKR_PIN_LOCKED)
        return refuse(FAULT_REFUSED, RULE "the token has locked its PIN");
    return refuse(FAULT_REFUSED, RULE "the token does not take this PIN");
}

/* ---- objects --------------------------------------------------------------------------------- */

/* The one object of this class with these attributes. */
static struct fault find_object(const struct token *t, CK_OBJECT_CLASS class,
                                const CK_ATTRIBUTE *wanted, CK_ULONG count, CK_OBJECT_HANDLE *out)
{
    CK_ATTRIBUTE all[8] = {{CKA_CLASS, &class, sizeof class}};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG got = 0;

    if (count > 7)
        return refuse(FAULT_LIMIT, RULE "a URI with more attributes");
    memcpy(all + 1, wanted, count * sizeof *wanted);
    if (t->module->C_FindObjectsInit(t->session, all, count + 1) != CKR_OK)
        return refuse(FAULT_MISSING, RULE "the token does not search");
    if (t->module->C_FindObjects(t->session, found, 2, &got) != CKR_OK)
        got = 0;
    (void)t->module->C_FindObjectsFinal(t->session);
    if (got == 0)
        return refuse(FAULT_MISSING, RULE "no such key in the token");
    if (got > 1)
        return refuse(FAULT_DUPLICATE, RULE "the URI names several keys");
    *out = found[0];
    return fault_none();
}

static struct fault find_private(struct token *t, P11KitUri *uri)
{
    CK_ATTRIBUTE wanted[8];
    CK_ULONG all = 0, count = 0;
    const CK_ATTRIBUTE *given = p11_kit_uri_get_attributes(uri, &all);

    for (CK_ULONG i = 0; i < all && count < 7; i++)
        if (given[i].type != CKA_CLASS)
            wanted[count++] = given[i];
    return find_object(t, CKO_PRIVATE_KEY, wanted, count, &t->key);
}

static size_t get(const struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *to,
                  size_t room)
{
    CK_ATTRIBUTE a = {type, to, room};

    if (t->module->C_GetAttributeValue(t->session, object, &a, 1) != CKR_OK || a.ulValueLen > room)
        return 0;
    return a.ulValueLen;
}

/* The point lies in an OCTET STRING, which a few modules leave off. */
static struct bytes unwrapped(const uint8_t *point, size_t len)
{
    if (len > 2 && point[0] == 0x04 && point[1] == len - 2)
        return bytes_of(point + 2, len - 2);
    return bytes_of(point, len);
}

/* Which suite's key is it? Its SubjectPublicKeyInfo is put together for each row that a token can
 * serve; the group must be the row's, as the token itself names it. */
static const struct suite *suite_of(struct bytes point, struct bytes group, struct buf *public_key)
{
    static const struct {
        const char *suite;
        size_t point;     /* bytes of it, that are not in .spki yet */
        size_t held_back; /* bytes of .spki that belong to the point */
    } known[] = {{"p256-sha256", 65, 1}, {"ed25519", 32, 0}};
    static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct suite *s = suite_find(bytes_text(known[i].suite));
        struct buf spki = {0};
        struct bytes key;
        bool right;

        if (point.len != known[i].point)
            continue;
        buf_add(&spki, s->spki, s->spki_length - known[i].held_back);
        buf_bytes(&spki, point);
        right = row_of_spki(buf_view(&spki), &key) == s &&
                (i != 0 || bytes_equal(group, bytes_of(p256, sizeof p256 - 1)));
        if (right)
            buf_bytes(public_key, key);
        buf_done(&spki);
        if (right)
            return s;
    }
    return NULL;
}

static struct fault read_public(struct token *t, const struct suite **suite, struct buf *public_key)
{
    uint8_t id[64], point[TOKEN_POINT_MAX], group[64];
    size_t id_len = get(t, t->key, CKA_ID, id, sizeof id), point_len, group_len;
    CK_ATTRIBUTE same = {CKA_ID, id, id_len};
    CK_OBJECT_HANDLE public;
    struct fault f;

    if (id_len == 0)
        return refuse(FAULT_MISSING, RULE "the key has no CKA_ID to find its public half by");
    f = find_object(t, CKO_PUBLIC_KEY, &same, 1, &public);
    if (fault_is(f))
        return refuse(f.kind, RULE "the public half of the key is not in the token");
    point_len = get(t, public, CKA_EC_POINT, point, sizeof point);
    group_len = get(t, public, CKA_EC_PARAMS, group, sizeof group);
    *suite = suite_of(unwrapped(point, point_len), bytes_of(group, group_len), public_key);
    return *suite != NULL ? fault_none()
                          : refuse(FAULT_UNKNOWN, RULE "a key of no suite that a token serves");
}

/* ---- open, close ----------------------------------------------------------------------------- */

static struct fault open_with(P11KitUri *uri, struct bytes pin, struct token *t,
                              const struct suite **suite, struct buf *public_key)
{
    CK_SLOT_ID slot = 0;
    struct fault f = load_module(uri, t);

    if (!fault_is(f))
        f = find_slot(t, uri, &slot);
    if (!fault_is(f))
        f = log_in(t, uri, slot, pin);
    if (!fault_is(f))
        f = find_private(t, uri);
    if (!fault_is(f))
        f = read_public(t, suite, public_key);
    return f;
}

struct fault token_open(struct bytes uri, struct bytes pin, const struct suite **suite,
                        struct buf *public_key, struct token **out)
{
    char text[TOKEN_URI_MAX];
    P11KitUri *parsed = p11_kit_uri_new();
    struct token *t = memory_zeroed(1, sizeof *t);
    struct fault f = refuse(FAULT_SYNTAX, "RFC 7512: no pkcs11 URI");

    if (bytes_to_text(uri, text, sizeof text) &&
        p11_kit_uri_parse(text, P11_KIT_URI_FOR_OBJECT_ON_TOKEN_AND_MODULE, parsed) ==
            P11_KIT_URI_OK &&
        p11_kit_uri_any_unrecognized(parsed) == 0)
        f = open_with(parsed, pin, t, suite, public_key);
    sodium_memzero(text, sizeof text);
    p11_kit_uri_free(parsed);
    if (fault_is(f))
        token_close(t);
    else
        *out = t;
    return f;
}

void token_close(struct token *t)
{
    if (t == NULL)
        return;
    if (t->in_session)
        (void)t->module->C_CloseSession(t->session);
    if (t->module != NULL) {
        (void)p11_kit_module_finalize(t->module);
        p11_kit_module_release(t->module);
    }
    free(t);
}

/* ---- signing --------------------------------------------------------------------------------- */

/* r and s as PKCS#11 gives them, in the DER that the suite has. */
static bool to_der(const uint8_t *both, struct buf *out)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(both, ECDSA_HALF, NULL),
           *s = BN_bin2bn(both + ECDSA_HALF, ECDSA_HALF, NULL);
    unsigned char *der = NULL;
    int len = -1;

    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1)
        r = s = NULL, len = i2d_ECDSA_SIG(sig, &der); /* r and s: transferred */
    if (len > 0)
        buf_add(out, der, (size_t)len);
    OPENSSL_free(der);
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return len > 0;
}

bool token_sign(struct token *t, const struct suite *suite, struct bytes message, struct buf *out)
{
    bool ecdsa = suite->form == FORM_DER;
    struct digest digest = digest_of(message);
    struct bytes what = ecdsa ? bytes_of(digest.byte, sizeof digest.byte) : message;
    CK_MECHANISM how = {ecdsa ? CKM_ECDSA : CKM_EDDSA, NULL, 0};
    CK_BYTE signature[64];
    CK_ULONG len = sizeof signature;

    if (t->module->C_SignInit(t->session, &how, t->key) != CKR_OK ||
        t->module->C_Sign(t->session, (CK_BYTE *)(uintptr_t)what.data, (CK_ULONG)what.len,
                          signature, &len) != CKR_OK ||
        len != sizeof signature)
        return false;
    if (ecdsa)
        return to_der(signature, out);
    buf_add(out, signature, sizeof signature);
    return true;
}

#include "crypto/suite.h"

#include <openssl/crypto.h>
#include <sodium.h>

#include "crypto/evp.h"
#include "crypto/gost.h"
#include "crypto/row.h"

/* What is said when it goes wrong always names the suite: where several must sign, a person has to
 * know which one did not. In the order of enum suite_rule. */
#define RULES(suite)                                                                               \
    {                                                                                              \
        "suite " suite ": not available here", "suite " suite ": length of the key",               \
            "suite " suite ": not a canonical key of large order",                                 \
            "suite " suite ": length of the signature",                                            \
            "suite " suite ": the signature does not hold", "suite " suite ": it did not sign",    \
            "suite " suite ": two signatures by one key",                                          \
            "suite " suite ": a signature that nobody asked for"                                   \
    }

#define P256_SPKI                                                                                  \
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08" /* ecPublicKey */               \
    "\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"
#define SM2_SPKI                                                                                   \
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08"                                 \
    "\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x03\x42\x00\x04"
/* GOST R 34.10-2012 with its parameter sets (RFC 9215): CryptoPro-A, TC26-512-A */
#define GOST256_SPKI                                                                               \
    "\x30\x66\x30\x1f\x06\x08\x2a\x85\x03\x07\x01\x01\x01\x01\x30\x13\x06\x07"                     \
    "\x2a\x85\x03\x02\x02\x23\x01\x06\x08\x2a\x85\x03\x07\x01\x01\x02\x02\x03"                     \
    "\x43\x00\x04\x40"
#define GOST512_SPKI                                                                               \
    "\x30\x81\xaa\x30\x21\x06\x08\x2a\x85\x03\x07\x01\x01\x01\x02\x30\x15\x06"                     \
    "\x09\x2a\x85\x03\x07\x01\x02\x01\x02\x01\x06\x08\x2a\x85\x03\x07\x01\x01"                     \
    "\x02\x03\x03\x81\x84\x00\x04\x81\x80"
#define ED25519_SPKI "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
#define MLDSA44_SPKI                                                                               \
    "\x30\x82\x05\x32\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11\x03"                     \
    "\x82\x05\x21\x00"
#define MLDSA65_SPKI                                                                               \
    "\x30\x82\x07\xb2\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12\x03"                     \
    "\x82\x07\xa1\x00"

#define SPKI(text) .spki = text, .spki_length = sizeof text - 1

/* What a suite is stands here and nowhere else. */
static const struct suite suites[] = {
    {.name = "ed25519",
     .standard = "RFC 8032",
     .library = LIBRARY_SODIUM,
     .key_length = 32,
     .key_at = 12,
     .signature_max = 64,
     .note_type = 0x01,
     .cosignature_type = 0x04,
     SPKI(ED25519_SPKI),
     .type = "ED25519",
     .rules = RULES("ed25519")},
    {.name = "p256-sha256",
     .standard = "FIPS 186-4, RFC 6979",
     .library = LIBRARY_EVP,
     .form = FORM_DER,
     .key_length = 91,
     .signature_max = 72,
     .note_type = 0xff,
     .cosignature_type = 0xff,
     SPKI(P256_SPKI),
     .type = "EC",
     .group = "prime256v1",
     .digest = "SHA256",
     .rules = RULES("p256-sha256")},
    {.name = "sm2-sm3",
     .standard = "GM/T 0003-2012, GM/T 0004-2012",
     .library = LIBRARY_EVP,
     .form = FORM_DER,
     .key_length = 91,
     .signature_max = 72,
     .note_type = 0xff,
     .cosignature_type = 0xff,
     SPKI(SM2_SPKI),
     .type = "SM2",
     .digest = "SM3",
     .identity = "1234567812345678",
     .rules = RULES("sm2-sm3")},
    {.name = "gost12-256",
     .standard = "GOST R 34.10-2012, RFC 7091",
     .library = LIBRARY_GOST,
     .key_length = 104,
     .signature_max = 64,
     .note_type = 0xff,
     .cosignature_type = 0xff,
     SPKI(GOST256_SPKI),
     .type = "gost2012_256",
     .group = "A",
     .digest = "md_gost12_256",
     .rules = RULES("gost12-256")},
    {.name = "gost12-512",
     .standard = "GOST R 34.10-2012, RFC 7091",
     .library = LIBRARY_GOST,
     .key_length = 173,
     .signature_max = 128,
     .note_type = 0xff,
     .cosignature_type = 0xff,
     SPKI(GOST512_SPKI),
     .type = "gost2012_512",
     .group = "A",
     .digest = "md_gost12_512",
     .rules = RULES("gost12-512")},
    {.name = "ml-dsa-44",
     .standard = "FIPS 204",
     .library = LIBRARY_EVP,
     .key_length = 1312,
     .key_at = 22,
     .signature_max = 2420,
     .note_type = 0xff,
     .cosignature_type = 0xff,
     SPKI(MLDSA44_SPKI),
     .type = "ML-DSA-44",
     .rules = RULES("ml-dsa-44")},
    {.name = "ml-dsa-65",
     .standard = "FIPS 204",
     .library = LIBRARY_EVP,
     .key_length = 1952,
     .key_at = 22,
     .signature_max = 3309,
     .note_type = 0xff,
     .cosignature_type = 0xff,
     SPKI(MLDSA65_SPKI),
     .type = "ML-DSA-65",
     .rules = RULES("ml-dsa-65")},
};

enum { SUITES = sizeof suites / sizeof suites[0] };

/* ---- the table ------------------------------------------------------------------------------- */

const struct suite *suite_at(size_t i)
{
    return i < SUITES ? &suites[i] : NULL;
}

const struct suite *suite_find(struct bytes name)
{
    for (size_t i = 0; i < SUITES; i++)
        if (bytes_is(name, suites[i].name))
            return &suites[i];
    return NULL;
}

const char *suite_name(const struct suite *s)
{
    return s->name;
}

const char *suite_standard(const struct suite *s)
{
    return s->standard;
}

/* Asked once a process: what a library has does not change under us, and after the sandbox closes
 * nothing more could be loaded. */
static signed char known[SUITES]; /* 0 not asked, 1 here, -1 not */

bool suite_is_available(const struct suite *s)
{
    signed char *here = &known[s - suites];

    if (*here == 0)
        *here = s->library == LIBRARY_SODIUM || evp_has(s) ? 1 : -1;
    return *here > 0;
}

void suite_start(void)
{
    for (size_t i = 0; i < SUITES; i++)
        (void)suite_is_available(&suites[i]);
}

void suite_settle(void)
{
    for (size_t i = 0; i < SUITES; i++)
        if (known[i] == 0)
            known[i] = -1;
}

const char *suite_library(const struct suite *s)
{
    if (!suite_is_available(s))
        return s->library == LIBRARY_GOST ? "the GOST engine is not installed"
                                          : "this OpenSSL does not have it";
    return s->library == LIBRARY_SODIUM ? "libsodium"
           : s->library == LIBRARY_GOST ? "OpenSSL, engine gost"
                                        : "OpenSSL";
}

size_t suite_key_length(const struct suite *s)
{
    return s->key_length;
}

size_t suite_signature_max(const struct suite *s)
{
    return s->signature_max;
}

uint8_t suite_note_type(const struct suite *s)
{
    return s->note_type;
}

uint8_t suite_cosignature_type(const struct suite *s)
{
    return s->cosignature_type;
}

const char *suite_rule(const struct suite *s, enum suite_rule rule)
{
    return s->rules[rule];
}

/* ---- the SubjectPublicKeyInfo (RFC 5280) ----------------------------------------------------- */

void row_spki(const struct suite *s, struct bytes key, struct buf *out)
{
    if (s->key_at != 0)
        buf_add(out, s->spki, s->spki_length);
    buf_bytes(out, key);
}

const struct suite *row_of_spki(struct bytes spki, struct bytes *key)
{
    for (size_t i = 0; i < SUITES; i++) {
        const struct suite *s = &suites[i];

        if (spki.len != s->key_at + s->key_length ||
            memcmp(spki.data, s->spki, s->spki_length) != 0)
            continue;
        *key = bytes_of(spki.data + s->key_at, s->key_length);
        return s;
    }
    return NULL;
}

/* ---- keys and signatures --------------------------------------------------------------------- */

static struct fault broken(const struct suite *s, enum fault_kind kind, enum suite_rule rule)
{
    return fault_make(kind, 0, s->rules[rule]);
}

static struct fault lengths(const struct suite *s, struct bytes key)
{
    if (!suite_is_available(s))
        return broken(s, FAULT_UNKNOWN, SUITE_RULE_AWAY);
    if (key.len != s->key_length)
        return broken(s, FAULT_RANGE, SUITE_RULE_KEY_LENGTH);
    return fault_none();
}

struct fault suite_key_check(const struct suite *s, struct bytes key)
{
    struct fault f = lengths(s, key);
    bool good;

    if (fault_is(f))
        return f;
    /* on the curve, canonical, of the large prime order: is_valid_point tests all of it */
    good = s->library == LIBRARY_SODIUM ? crypto_core_ed25519_is_valid_point(key.data) == 1
                                        : evp_key_is_good(s, key);
    return good ? fault_none() : broken(s, FAULT_SYNTAX, SUITE_RULE_KEY);
}

struct fault suite_verify(const struct suite *s, struct bytes key, struct bytes message,
                          struct bytes signature)
{
    struct fault f = lengths(s, key);
    bool exact = s->form == FORM_RAW;
    bool good;

    if (fault_is(f))
        return f;
    if (signature.len > s->signature_max || (exact && signature.len != s->signature_max))
        return broken(s, FAULT_RANGE, SUITE_RULE_LENGTH);
    /* libsodium refuses a non-canonical S, a non-canonical or small-order key, a small-order R. */
    good = s->library == LIBRARY_SODIUM ? crypto_sign_verify_detached(signature.data, message.data,
                                                                      message.len, key.data) == 0
                                        : evp_verify(s, key, message, signature);
    return good ? fault_none() : broken(s, FAULT_FORGED, SUITE_RULE_FORGED);
}

struct key_id suite_key_id(const struct suite *s, struct bytes key)
{
    struct digest_stream stream;
    struct digest whole;
    struct key_id out;

    digest_begin(&stream);
    digest_add(&stream, bytes_text("parley-key/v1\n"));
    digest_add(&stream, bytes_text(s->name));
    digest_add(&stream, bytes_text("\n"));
    digest_add(&stream, key);
    whole = digest_end(&stream);
    memcpy(out.byte, whole.byte, sizeof out.byte);
    return out;
}

void fingerprint_write(struct key_id id, char *out)
{
    static const char digit[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    for (size_t i = 0; i < 16; i++) {
        size_t bit = i * 5;
        unsigned pair = (unsigned)id.byte[bit / 8] << 8 | id.byte[bit / 8 + 1];

        if (i % 4 == 0 && i != 0)
            *out++ = '-';
        *out++ = digit[pair >> (11 - bit % 8) & 31];
    }
    *out = '\0';
}

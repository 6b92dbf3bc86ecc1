#include "crypto/suite.h"

#include <sodium.h>

struct suite {
    const char *name;
    size_t key_length, signature_length;
    uint8_t note_type, cosignature_type;
    /* NULL in a row that this build or machine cannot serve */
    bool (*key_is_good)(const uint8_t *key);
    bool (*verify)(const uint8_t *key, struct bytes message, const uint8_t *signature);
    bool (*expand)(const uint8_t *seed, uint8_t *private_key, uint8_t *public_key);
    bool (*sign)(const uint8_t *private_key, struct bytes message, uint8_t *signature);
};

/* On the curve, canonical, of the large prime order: is_valid_point tests all of it. */
static bool ed25519_key_is_good(const uint8_t *key)
{
    return crypto_core_ed25519_is_valid_point(key) == 1;
}

/* libsodium refuses a non-canonical S, a non-canonical or small-order key, a small-order R. */
static bool ed25519_verify(const uint8_t *key, struct bytes message, const uint8_t *signature)
{
    return crypto_sign_verify_detached(signature, message.data, message.len, key) == 0;
}

static bool ed25519_expand(const uint8_t *seed, uint8_t *private_key, uint8_t *public_key)
{
    return crypto_sign_seed_keypair(public_key, private_key, seed) == 0;
}

static bool ed25519_sign(const uint8_t *private_key, struct bytes message, uint8_t *signature)
{
    return crypto_sign_detached(signature, NULL, message.data, message.len, private_key) == 0;
}

/* What a suite is stands here and nowhere else. A length of 0 varies. */
static const struct suite suites[] = {
    {"ed25519", 32, 64, 0x01, 0x04, ed25519_key_is_good, ed25519_verify, ed25519_expand,
     ed25519_sign},
    {"p256-sha256", 91, 0, 0xff, 0xff, NULL, NULL, NULL, NULL},
    {"sm2-sm3", 91, 0, 0xff, 0xff, NULL, NULL, NULL, NULL},
    {"gost12-256", 0, 64, 0xff, 0xff, NULL, NULL, NULL, NULL},
    {"gost12-512", 0, 128, 0xff, 0xff, NULL, NULL, NULL, NULL},
    {"ml-dsa-44", 1312, 2420, 0xff, 0x06, NULL, NULL, NULL, NULL},
    {"ml-dsa-65", 1952, 3309, 0xff, 0xff, NULL, NULL, NULL, NULL},
};

const struct suite *suite_find(struct bytes name)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (bytes_is(name, suites[i].name))
            return &suites[i];
    return NULL;
}

const char *suite_name(const struct suite *s)
{
    return s->name;
}

bool suite_is_available(const struct suite *s)
{
    return s->verify != NULL;
}

size_t suite_key_length(const struct suite *s)
{
    return s->key_length;
}

size_t suite_signature_length(const struct suite *s)
{
    return s->signature_length;
}

uint8_t suite_note_type(const struct suite *s)
{
    return s->note_type;
}

uint8_t suite_cosignature_type(const struct suite *s)
{
    return s->cosignature_type;
}

static struct fault lengths(const struct suite *s, struct bytes key)
{
    if (!suite_is_available(s))
        return fault_make(FAULT_UNKNOWN, 0, "suite: not available here");
    if (key.len != s->key_length)
        return fault_make(FAULT_RANGE, 0, "suite: length of the key");
    return fault_none();
}

struct fault suite_key_check(const struct suite *s, struct bytes key)
{
    struct fault f = lengths(s, key);

    if (fault_is(f))
        return f;
    if (!s->key_is_good(key.data))
        return fault_make(FAULT_SYNTAX, 0, "suite: not a canonical key of large order");
    return fault_none();
}

struct fault suite_verify(const struct suite *s, struct bytes key, struct bytes message,
                          struct bytes signature)
{
    struct fault f = lengths(s, key);

    if (fault_is(f))
        return f;
    if (signature.len != s->signature_length)
        return fault_make(FAULT_RANGE, 0, "suite: length of the signature");
    if (!s->verify(key.data, message, signature.data))
        return fault_make(FAULT_FORGED, 0, "suite: the signature does not hold");
    return fault_none();
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

bool suite_expand(const struct suite *s, const uint8_t *seed, uint8_t *private_key,
                  uint8_t *public_key)
{
    return s->expand != NULL && s->expand(seed, private_key, public_key);
}

bool suite_make_signature(const struct suite *s, const uint8_t *private_key, struct bytes message,
                          uint8_t *signature)
{
    return s->sign != NULL && s->sign(private_key, message, signature);
}

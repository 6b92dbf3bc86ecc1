/*
 * Every suite of the table by its own rules, and by the examples that its standard publishes.
 * What other libraries say of the same signatures: cross.c.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the engine is asked what it took */
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/domain.h"
#include "crypto/evp.h"
#include "crypto/gost.h"
#include "crypto/random.h"
#include "crypto/row.h"
#include "crypto/secret.h"
#include "test.h"

static const char *const here[] = {"ed25519", "p256-sha256", "sm2-sm3", "gost12-256", "gost12-512"};
enum { HERE = sizeof here / sizeof here[0] };

static const struct suite *suite_named(const char *name)
{
    const struct suite *s = suite_find(bytes_text(name));

    assert_non_null(s);
    return s;
}

static void from_hex(const char *hex, struct buf *out)
{
    size_t len = strlen(hex) / 2;
    char lower[257];

    for (size_t i = 0; i <= strlen(hex); i++)
        lower[i] = (char)(hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] + 32 : hex[i]);
    buf_need(out, len);
    assert_true(hex_read(bytes_text(lower), out->data + out->len, len));
    out->len += len;
}

/* ---- published examples ---------------------------------------------------------------------- */

/* RFC 6979 appendix A.2.5 (P-256, SHA-256, "sample" and "test"); GM/T 0003.5-2012 appendix A (the
 * recommended curve, identity "1234567812345678"). Keys as a SubjectPublicKeyInfo. */
static void published_signatures_hold(void **state)
{
    static const struct {
        const char *suite, *x, *y, *message, *signature;
    } known[] = {
        {"p256-sha256", "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
         "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299", "sample",
         "3046022100EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
         "022100F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
        {"p256-sha256", "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
         "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299", "test",
         "3045022100F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
         "0220019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
        {"sm2-sm3", "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020",
         "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13", "message digest",
         "3046022100F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
         "022100B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct suite *s = suite_named(known[i].suite);
        struct buf key = {0}, signature = {0};
        struct bytes message = bytes_text(known[i].message);

        buf_add(&key, s->spki, s->spki_length);
        from_hex(known[i].x, &key);
        from_hex(known[i].y, &key);
        from_hex(known[i].signature, &signature);
        assert_good(suite_key_check(s, buf_view(&key)));
        assert_good(suite_verify(s, buf_view(&key), message, buf_view(&signature)));
        signature.data[20] ^= 1;
        assert_fault(suite_verify(s, buf_view(&key), message, buf_view(&signature)), FAULT_FORGED);
        buf_done(&key);
        buf_done(&signature);
    }
}

static void reversed(struct buf *out, size_t from)
{
    for (size_t i = from, k = out->len - 1; i < k; i++, k--) {
        uint8_t byte = out->data[i];

        out->data[i] = out->data[k];
        out->data[k] = byte;
    }
}

/* Number pairs of GOST R 34.10-2012 over the groups that our rows name, from the test suite of GNU
 * Nettle 3.8, an implementation of its own: a public key, the hash value, and the signature over
 * it. A key's coordinates are little-endian (RFC 9215), a signature is s and then r, big-endian. */
static void published_gost_signatures_hold(void **state)
{
    static const struct {
        const char *suite, *x, *y, *hash, *r, *s;
    } known[] = {
        {"gost12-256", "971566CEDA436EE7678F7E07E84EBB7217406C0B4747AA8FD2AB1453C3D0DFBA",
         "AD58736965949F8E59830F8DE20FC6C0D177F6AB599874F1E2E24FF71F9CE643",
         "1C067E20EA6CB183F22EFB0F3C6FD2A4E6A02821CB7A1B17FACD5E1F7AA76F70",
         "E9323A5E88DD87FB7C724383BFFE7CECD4B9FFA2AC33BEEF73A5A1F743404F6B",
         "5E5B9B805B01147A8492C4A162643AC615DC777B9174108F3DC276A41F987AF3"},
        {"gost12-512",
         "03A36340A95BB5F93D131961B5B1C1B3213DF7FF3B5A30376407E2A65C441BC6"
         "D1B34662317083243F007B15A8512B526606D3B172B606DCE86DBD6F82DA3D40",
         "DEAD76318012FED79507809C89CC44848743640EAC9A3C847DA9082E050760A1"
         "0679F4B707ABC1872640AD20D7441F66C7A8B3BFF1B8E11B4A076F0A86749F73",
         "EDC257BED45FDDE4F1457B7F5B19017A8F204184366689D938532CDBAA5CB29A"
         "1D369DA57F8B983BE272219BD2C9A4FC57ECF7A77F34EE2E8AA553976A4766C0",
         "891AA75C2A6F3B4DE27E3903F61CBB0F3F85A4E3C62F39A6E4E84A7477679C6E"
         "45008DC2774CA2FF64C12C0606FF918CAE3A50115440E9BF2971B627A882A1E8",
         "31065479996DDBDEE180AFE22CA3CDC44B45CE4C6C83909D1D3B702922A32441"
         "A9E11DCFBEA3D847C06B1A8A38EB1671D6C82FA21B79C99BE2EA809B10DAA5DF"},
    };

    (void)state;
    assert_true(gost_start());
    for (size_t i = 0; i < 2; i++) {
        const struct suite *s = suite_named(known[i].suite);
        struct buf key = {0}, hash = {0}, signature = {0};
        const unsigned char *at;
        EVP_PKEY *read;
        EVP_PKEY_CTX *context;
        size_t from;

        buf_add(&key, s->spki, s->spki_length);
        from = key.len;
        from_hex(known[i].x, &key);
        reversed(&key, from);
        from = key.len;
        from_hex(known[i].y, &key);
        reversed(&key, from);
        from_hex(known[i].hash, &hash);
        from_hex(known[i].s, &signature);
        from_hex(known[i].r, &signature);
        assert_good(suite_key_check(s, buf_view(&key)));
        at = key.data;
        read = d2i_PUBKEY(NULL, &at, (long)key.len);
        assert_non_null(read);
        context = EVP_PKEY_CTX_new(read, NULL);
        assert_int_equal(EVP_PKEY_verify_init(context), 1);
        assert_int_equal(
            EVP_PKEY_verify(context, signature.data, signature.len, hash.data, hash.len), 1);
        signature.data[5] ^= 1;
        assert_int_not_equal(
            EVP_PKEY_verify(context, signature.data, signature.len, hash.data, hash.len), 1);
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(read);
        buf_done(&key);
        buf_done(&hash);
        buf_done(&signature);
    }
}

/* ---- the closing rules ----------------------------------------------------------------------- */

struct made {
    const struct suite *suite;
    struct secret *secret;
    struct bytes key;
    struct buf signature;
};

static const char text[] = "what was said";

static struct made make(const char *name)
{
    struct made m = {.suite = suite_named(name)};

    assert_true(suite_is_available(m.suite));
    assert_good(secret_new(m.suite, &m.secret));
    m.key = secret_public(m.secret);
    secret_sign(m.secret, bytes_text(text), &m.signature);
    return m;
}

static void forget(struct made *m)
{
    secret_free(m->secret);
    buf_done(&m->signature);
}

static void every_suite_signs_and_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < HERE; i++)
        for (int round = 0; round < 8; round++) {
            struct made m = make(here[i]);

            assert_good(suite_key_check(m.suite, m.key));
            assert_good(suite_verify(m.suite, m.key, bytes_text(text), buf_view(&m.signature)));
            assert_fault(
                suite_verify(m.suite, m.key, bytes_text("what was not"), buf_view(&m.signature)),
                FAULT_FORGED);
            forget(&m);
        }
}

/* A flipped bit anywhere in the signature, and every prefix of it. */
static void a_changed_signature_never_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < HERE; i++) {
        struct made m = make(here[i]);

        for (size_t bit = 0; bit < m.signature.len * 8; bit += 3) {
            m.signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_true(
                fault_is(suite_verify(m.suite, m.key, bytes_text(text), buf_view(&m.signature))));
            m.signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t len = 0; len < m.signature.len; len++)
            assert_true(fault_is(
                suite_verify(m.suite, m.key, bytes_text(text), bytes_of(m.signature.data, len))));
        forget(&m);
    }
}

/* The gost engine halves a length twice, so that 65 and 129 bytes verify there. */
static void a_signature_has_exactly_its_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < HERE; i++) {
        struct made m = make(here[i]);

        for (int more = 0; more < 4; more++) {
            buf_byte(&m.signature, 0);
            assert_true(
                fault_is(suite_verify(m.suite, m.key, bytes_text(text), buf_view(&m.signature))));
        }
        forget(&m);
    }
}

/* X.690: a length in its long form, an integer with a zero too many, bytes behind the end. */
static void der_that_is_not_strict_is_forged(void **state)
{
    static const char *const names[] = {"p256-sha256", "sm2-sm3"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct made m = make(names[i]);
        struct buf loose = {0};
        size_t r = m.signature.data[3];

        while (m.signature.len > 70) { /* room for one more within the longest */
            forget(&m);
            m = make(names[i]);
            r = m.signature.data[3];
        }
        buf_byte(&loose, 0x30);
        buf_byte(&loose, 0x81);
        buf_add(&loose, m.signature.data + 1, m.signature.len - 1);
        assert_fault(suite_verify(m.suite, m.key, bytes_text(text), buf_view(&loose)),
                     FAULT_FORGED);
        buf_clear(&loose);
        buf_byte(&loose, 0x30);
        buf_byte(&loose, (uint8_t)(m.signature.data[1] + 1));
        buf_byte(&loose, 0x02);
        buf_byte(&loose, (uint8_t)(r + 1));
        buf_byte(&loose, 0);
        buf_add(&loose, m.signature.data + 4, m.signature.len - 4);
        assert_fault(suite_verify(m.suite, m.key, bytes_text(text), buf_view(&loose)),
                     FAULT_FORGED);
        buf_done(&loose);
        forget(&m);
    }
}

/* "408 of 446 mutated keys verified the original signature": here a key with any bit changed is
 * either refused when it is read, or another key, under which nothing holds. */
static void a_changed_key_verifies_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < HERE; i++) {
        struct made m = make(here[i]);
        struct buf key = {0};

        buf_bytes(&key, m.key);
        for (size_t bit = 0; bit < key.len * 8; bit++) {
            key.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_true(fault_is(suite_key_check(m.suite, buf_view(&key))) ||
                        fault_is(suite_verify(m.suite, buf_view(&key), bytes_text(text),
                                              buf_view(&m.signature))));
            key.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_fault(suite_key_check(m.suite, bytes_of(key.data, key.len - 1)), FAULT_RANGE);
        buf_byte(&key, 0);
        assert_fault(suite_key_check(m.suite, buf_view(&key)), FAULT_RANGE);
        buf_done(&key);
        forget(&m);
    }
}

/* A key of one suite is no key of another: "a P-384 key passes as P-256" elsewhere. */
static void a_key_is_of_one_suite_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < HERE; i++) {
        struct made m = make(here[i]);

        for (size_t k = 0; k < HERE; k++)
            if (k != i) {
                const struct suite *other = suite_named(here[k]);

                assert_true(fault_is(suite_key_check(other, m.key)));
                assert_true(
                    fault_is(suite_verify(other, m.key, bytes_text(text), buf_view(&m.signature))));
            }
        forget(&m);
    }
}

static void put_spki(EVP_PKEY *key, struct buf *out)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    assert_true(len > 0);
    buf_add(out, der, (size_t)len);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

/* Type and group are checked when a key is read, whatever it says of itself. */
static void keys_of_other_groups_are_refused(void **state)
{
    static const char *const groups[] = {"P-384", "secp256k1", "brainpoolP256r1"};
    static const char *const sets[] = {"TCA", "TCB", "B", "C"};
    struct bytes found;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct buf spki = {0};

        put_spki(EVP_EC_gen(groups[i]), &spki);
        assert_null(row_of_spki(buf_view(&spki), &found));
        assert_true(fault_is(suite_key_check(suite_named("p256-sha256"), buf_view(&spki))));
        buf_done(&spki);
    }
    for (size_t i = 0; i < 4; i++) {
        struct buf spki = {0};
        EVP_PKEY *key = gost_new("gost2012_256", sets[i]);

        assert_non_null(key);
        put_spki(key, &spki);
        assert_null(row_of_spki(buf_view(&spki), &found));
        buf_done(&spki);
    }
}

/* Points that are on no curve, and coordinates of p and more. */
static void points_off_the_curve_are_refused(void **state)
{
    (void)state;
    for (size_t i = 1; i < HERE; i++) {
        const struct suite *s = suite_named(here[i]);
        struct buf key = {0};
        size_t point;

        buf_add(&key, s->spki, s->spki_length);
        point = s->key_length - key.len;
        for (int fill = 0; fill < 3; fill++) {
            static const uint8_t with[] = {0, 1, 0xff};

            key.len = s->spki_length;
            buf_need(&key, point);
            memset(key.data + key.len, with[fill], point);
            key.len += point;
            assert_fault(suite_key_check(s, buf_view(&key)), FAULT_SYNTAX);
        }
        buf_done(&key);
    }
}

/* Always the explicit identity: OpenSSL before 4.0 signs with an empty one if it is not told. */
static void sm2_is_signed_with_its_identity(void **state)
{
    struct made m = make("sm2-sm3");
    struct buf spki = {0};
    const unsigned char *at;
    EVP_PKEY *key;

    (void)state;
    buf_bytes(&spki, m.key);
    at = spki.data;
    key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    for (int with = 0; with < 2; with++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *how = EVP_PKEY_CTX_new(key, NULL);

        if (with)
            assert_int_equal(EVP_PKEY_CTX_set1_id(how, "1234567812345678", 16), 1);
        EVP_MD_CTX_set_pkey_ctx(context, how);
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(context, m.signature.data, m.signature.len,
                                          (const uint8_t *)text, strlen(text)) == 1,
                         with);
        EVP_MD_CTX_free(context);
        EVP_PKEY_CTX_free(how);
    }
    EVP_PKEY_free(key);
    buf_done(&spki);
    forget(&m);
}

/* What went wrong names the suite: of several signatures a person must know which one. */
static void a_fault_names_the_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < HERE; i++) {
        struct made m = make(here[i]);
        struct fault f = suite_verify(m.suite, m.key, bytes_text("other"), buf_view(&m.signature));

        assert_non_null(strstr(f.rule, here[i]));
        assert_non_null(strstr(suite_rule(m.suite, SUITE_RULE_MISSING), here[i]));
        forget(&m);
    }
}

/* "register only pkey and digest methods, never RAND, never by config". */
static void the_engine_takes_nobodys_place(void **state)
{
    struct made m = make("gost12-256");

    (void)state;
    assert_null(ENGINE_get_default_RAND());
    assert_null(ENGINE_get_digest_engine(NID_sha256));
    assert_null(ENGINE_get_cipher_engine(NID_aes_128_cbc));
    assert_null(ENGINE_get_pkey_meth_engine(EVP_PKEY_EC));
    assert_null(ENGINE_get_pkey_meth_engine(EVP_PKEY_ED25519));
    assert_ptr_equal(RAND_get_rand_method(), RAND_OpenSSL());
    forget(&m);
}

/* ---- key files ------------------------------------------------------------------------------- */

static void a_key_of_every_suite_comes_back_from_its_pem(void **state)
{
    static const char *const passphrases[] = {"", "correct horse battery staple"};

    (void)state;
    for (size_t i = 0; i < HERE * 2; i++) {
        struct made m = make(here[i / 2]);
        struct bytes phrase = bytes_text(passphrases[i % 2]);
        struct secret *again = NULL;
        struct buf pem = {0}, signature = {0};

        assert_good(secret_write_pem(m.secret, phrase, &pem));
        assert_good(secret_read(NULL, buf_view(&pem), phrase, &again));
        assert_ptr_equal(secret_suite(again), m.suite);
        assert_true(bytes_equal(secret_public(again), m.key));
        secret_sign(again, bytes_text("more"), &signature);
        assert_good(suite_verify(m.suite, m.key, bytes_text("more"), buf_view(&signature)));
        secret_free(again);
        again = NULL;
        assert_fault(
            secret_read(suite_named(here[(i / 2 + 1) % HERE]), buf_view(&pem), phrase, &again),
            FAULT_UNKNOWN);
        assert_null(again);
        buf_wipe(&pem);
        buf_done(&signature);
        forget(&m);
    }
}

/* Which domain and suite it is for stands in the signed bytes, under every suite. */
static void a_signature_is_for_one_purpose(void **state)
{
    struct bytes a = bytes_text("a-b"), bytes = bytes_text("bytes");

    (void)state;
    for (size_t i = 0; i < HERE; i++) {
        struct made m = make(here[i]);

        m.signature.len = 0;
        domain_sign(m.secret, DOMAIN_HELLO, a, bytes, &m.signature);
        assert_good(domain_verify(m.suite, m.key, DOMAIN_HELLO, a, bytes, buf_view(&m.signature)));
        assert_fault(domain_verify(m.suite, m.key, DOMAIN_ROOT, a, bytes, buf_view(&m.signature)),
                     FAULT_FORGED);
        forget(&m);
    }
}

/* More keys than are remembered, in turns, each also against its neighbour's signature. */
static void a_remembered_key_is_never_taken_for_another(void **state)
{
    enum { MANY = 20 };
    const struct suite *suite = suite_find(bytes_text("p256-sha256"));
    struct secret *secret[MANY];
    struct buf signature[MANY] = {0};

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        assert_good(secret_new(suite, &secret[i]));
        secret_sign(secret[i], bytes_text("said"), &signature[i]);
    }
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < MANY; i++) {
            struct bytes key = secret_public(secret[i]);

            assert_good(suite_verify(suite, key, bytes_text("said"), buf_view(&signature[i])));
            assert_fault(
                suite_verify(suite, key, bytes_text("said"), buf_view(&signature[(i + 1) % MANY])),
                FAULT_FORGED);
        }
    for (size_t i = 0; i < MANY; i++) {
        secret_free(secret[i]);
        buf_done(&signature[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_remembered_key_is_never_taken_for_another),
        cmocka_unit_test(published_signatures_hold),
        cmocka_unit_test(published_gost_signatures_hold),
        cmocka_unit_test(every_suite_signs_and_verifies),
        cmocka_unit_test(a_changed_signature_never_holds),
        cmocka_unit_test(a_signature_has_exactly_its_length),
        cmocka_unit_test(der_that_is_not_strict_is_forged),
        cmocka_unit_test(a_changed_key_verifies_nothing),
        cmocka_unit_test(a_key_is_of_one_suite_alone),
        cmocka_unit_test(keys_of_other_groups_are_refused),
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(sm2_is_signed_with_its_identity),
        cmocka_unit_test(a_fault_names_the_suite),
        cmocka_unit_test(the_engine_takes_nobodys_place),
        cmocka_unit_test(a_key_of_every_suite_comes_back_from_its_pem),
        cmocka_unit_test(a_signature_is_for_one_purpose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

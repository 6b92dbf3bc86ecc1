#include "crypto/suite.h"

#include <openssl/evp.h>

#include "base/text.h"
#include "crypto/domain.h"
#include "crypto/random.h"
#include "test.h"

static const struct suite *ed25519(void)
{
    const struct suite *s = suite_find(bytes_text("ed25519"));

    assert_non_null(s);
    return s;
}

/* RFC 8032 section 7.1, TEST 1 and TEST 2. */
static void ed25519_is_that_of_the_rfc(void **state)
{
    static const struct {
        const char *seed, *key, *message, *signature;
    } known[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e397"
         "01cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "r",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f361"
         "3d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t seed[32], key[32], signature[64];
        struct bytes message = bytes_text(known[i].message);
        struct secret *secret;
        struct buf made = {0};

        assert_true(hex_read(bytes_text(known[i].seed), seed, 32));
        assert_true(hex_read(bytes_text(known[i].key), key, 32));
        assert_true(hex_read(bytes_text(known[i].signature), signature, 64));
        assert_good(secret_from_seed(ed25519(), seed, &secret));
        assert_memory_equal(secret_public(secret).data, key, 32);
        secret_sign(secret, message, &made);
        assert_int_equal(made.len, 64);
        assert_memory_equal(made.data, signature, 64);
        assert_good(suite_verify(ed25519(), bytes_of(key, 32), message, bytes_of(signature, 64)));
        buf_done(&made);
        secret_free(secret);
    }
}

/* An independent library takes what we sign, and refuses what was changed. */
static void openssl_verifies_what_we_sign(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct secret *secret;
        struct buf made = {0};
        uint8_t message[100];
        EVP_PKEY *key;
        EVP_MD_CTX *context = EVP_MD_CTX_new();

        random_bytes(message, sizeof message);
        assert_good(secret_new(ed25519(), &secret));
        assert_good(suite_key_check(ed25519(), secret_public(secret)));
        secret_sign(secret, bytes_of(message, sizeof message), &made);
        key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, secret_public(secret).data, 32);
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(context, made.data, made.len, message, sizeof message),
                         1);
        made.data[i] ^= 1;
        assert_fault(suite_verify(ed25519(), secret_public(secret),
                                  bytes_of(message, sizeof message), buf_view(&made)),
                     FAULT_FORGED);
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        buf_done(&made);
        secret_free(secret);
    }
}

/* crypto.md 1.5 rule 2: an engine that takes 65 bytes for 64 lets a signature be changed. */
static void lengths_are_exact(void **state)
{
    struct secret *secret;
    struct buf made = {0};
    struct bytes key, message = bytes_text("x");

    (void)state;
    assert_good(secret_new(ed25519(), &secret));
    key = secret_public(secret);
    secret_sign(secret, message, &made);
    buf_byte(&made, 0);
    assert_fault(suite_verify(ed25519(), key, message, buf_view(&made)), FAULT_RANGE);
    assert_fault(suite_verify(ed25519(), key, message, bytes_of(made.data, 63)), FAULT_RANGE);
    assert_fault(suite_verify(ed25519(), key, message, bytes_of(made.data, 0)), FAULT_RANGE);
    assert_fault(suite_key_check(ed25519(), bytes_of(key.data, 31)), FAULT_RANGE);
    buf_done(&made);
    secret_free(secret);
}

static void keys_of_small_order_or_not_canonical_are_refused(void **state)
{
    static const char *const bad[] = {
        /* the eight points of small order, in every spelling that decodes to one */
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* p and above: not canonical */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* y = 2 has no x on the curve */
        "0200000000000000000000000000000000000000000000000000000000000000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t key[32];
        static const uint8_t zero[64] = {1};

        assert_true(hex_read(bytes_text(bad[i]), key, 32));
        assert_fault(suite_key_check(ed25519(), bytes_of(key, 32)), FAULT_SYNTAX);
        assert_fault(
            suite_verify(ed25519(), bytes_of(key, 32), bytes_text("x"), bytes_of(zero, 64)),
            FAULT_FORGED);
    }
}

static void a_suite_of_another_machine_says_so(void **state)
{
    static const char *const later[] = {"ml-dsa-44", "ml-dsa-65"}; /* OpenSSL 3.5 has them */

    (void)state;
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        const struct suite *s = suite_find(bytes_text(later[i]));
        struct secret *secret = NULL;

        assert_non_null(s);
        if (suite_is_available(s))
            continue;
        assert_string_equal(suite_library(s), "this OpenSSL does not have it");
        assert_fault(suite_verify(s, bytes_text("k"), bytes_text("m"), bytes_text("s")),
                     FAULT_UNKNOWN);
        assert_fault(suite_key_check(s, bytes_text("k")), FAULT_UNKNOWN);
        assert_fault(secret_new(s, &secret), FAULT_UNKNOWN);
        assert_null(secret);
    }
    assert_null(suite_find(bytes_text("ED25519")));
    assert_null(suite_find(bytes_text("")));
}

static void a_signature_means_nothing_for_another_purpose(void **state)
{
    struct secret *secret;
    struct buf made = {0};
    struct bytes key, a = bytes_text("a-b-2015"), bytes = bytes_text("bytes");

    (void)state;
    assert_good(secret_new(ed25519(), &secret));
    key = secret_public(secret);
    domain_sign(secret, DOMAIN_DECISION, a, bytes, &made);
    assert_good(domain_verify(ed25519(), key, DOMAIN_DECISION, a, bytes, buf_view(&made)));
    assert_fault(domain_verify(ed25519(), key, DOMAIN_ROOT, a, bytes, buf_view(&made)),
                 FAULT_FORGED);
    assert_fault(domain_verify(ed25519(), key, DOMAIN_DECISION, bytes_text("a-c-2015"), bytes,
                               buf_view(&made)),
                 FAULT_FORGED);
    assert_fault(suite_verify(ed25519(), key, bytes, buf_view(&made)), FAULT_FORGED);
    buf_done(&made);
    secret_free(secret);
}

static void a_domain_message_is_spelled_as_the_protocol_says(void **state)
{
    static const uint8_t seed[32] = {7};
    struct secret *secret;
    struct buf got = {0}, want = {0};
    struct key_id id;

    (void)state;
    assert_good(secret_from_seed(ed25519(), seed, &secret));
    id = secret_key_id(secret);
    domain_message(DOMAIN_HELLO, ed25519(), secret_public(secret), bytes_text("a-b"),
                   bytes_text("rest"), &got);
    buf_text(&want, "parley/v1\nhello\ned25519\n");
    buf_hex(&want, id.byte, 16);
    buf_text(&want, "\na-b\nrest");
    assert_true(bytes_equal(buf_view(&got), buf_view(&want)));
    buf_done(&got);
    buf_done(&want);
    secret_free(secret);
}

static void a_fingerprint_is_the_first_80_bits(void **state)
{
    struct key_id id = {{0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf, 0xff}};
    char text[FINGERPRINT_TEXT];

    (void)state;
    fingerprint_write(id, text); /* 0x00 44 32 14 c7 is 0 1 2 3 4 5 6 7 in base32 */
    assert_string_equal(text, "0123-4567-89AB-CDEF");
    memset(id.byte, 0xff, sizeof id.byte);
    fingerprint_write(id, text);
    assert_string_equal(text, "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519_is_that_of_the_rfc),
        cmocka_unit_test(openssl_verifies_what_we_sign),
        cmocka_unit_test(lengths_are_exact),
        cmocka_unit_test(keys_of_small_order_or_not_canonical_are_refused),
        cmocka_unit_test(a_suite_of_another_machine_says_so),
        cmocka_unit_test(a_signature_means_nothing_for_another_purpose),
        cmocka_unit_test(a_domain_message_is_spelled_as_the_protocol_says),
        cmocka_unit_test(a_fingerprint_is_the_first_80_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

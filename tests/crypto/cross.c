/*
 * What other libraries say: what we sign they verify, what they sign we verify, and what was
 * changed nobody takes. GnuTLS (with Nettle) for ed25519, p256-sha256 and both GOST suites; Botan
 * for SM2, P-256 and GOST of 512 bits (it has no CryptoPro-A); OpenSSL's Ed25519 against
 * libsodium's stands in suite.c.
 */
#include <botan/ffi.h>
#include <gnutls/abstract.h>

#include "crypto/random.h"
#include "crypto/row.h"
#include "crypto/secret.h"
#include "test.h"

enum { ROUNDS = 20 };

struct given {
    uint8_t message[200];
    struct buf spki, signature;
};

static const struct suite *suite_named(const char *name)
{
    const struct suite *s = suite_find(bytes_text(name));

    assert_non_null(s);
    assert_true(suite_is_available(s));
    return s;
}

/* A new key of ours and its signature over something. */
static struct given sign_anew(const struct suite *s)
{
    struct given g = {.spki = {0}};
    struct secret *secret;

    random_bytes(g.message, sizeof g.message);
    assert_good(secret_new(s, &secret));
    secret_sign(secret, bytes_of(g.message, sizeof g.message), &g.signature);
    row_spki(s, secret_public(secret), &g.spki);
    secret_free(secret);
    return g;
}

static void given_done(struct given *g)
{
    buf_done(&g->spki);
    buf_done(&g->signature);
}

/* ---- GnuTLS ---------------------------------------------------------------------------------- */

static const struct {
    const char *suite;
    gnutls_pk_algorithm_t type;
    unsigned curve;
    gnutls_sign_algorithm_t how;
    gnutls_digest_algorithm_t digest;
} gnutls_rows[] = {
    {"ed25519", GNUTLS_PK_EDDSA_ED25519, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519),
     GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_DIG_SHA512},
    {"p256-sha256", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
     GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_DIG_SHA256},
    {"gost12-256", GNUTLS_PK_GOST_12_256, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_GOST256CPA),
     GNUTLS_SIGN_GOST_256, GNUTLS_DIG_STREEBOG_256},
    {"gost12-512", GNUTLS_PK_GOST_12_512, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_GOST512A),
     GNUTLS_SIGN_GOST_512, GNUTLS_DIG_STREEBOG_512},
};
enum { GNUTLS_ROWS = sizeof gnutls_rows / sizeof gnutls_rows[0] };

static bool gnutls_takes(const struct given *g, gnutls_sign_algorithm_t how)
{
    gnutls_datum_t spki = {g->spki.data, (unsigned)g->spki.len};
    gnutls_datum_t signature = {g->signature.data, (unsigned)g->signature.len};
    gnutls_datum_t message = {(unsigned char *)(uintptr_t)g->message, sizeof g->message};
    gnutls_pubkey_t key;
    bool good;

    assert_int_equal(gnutls_pubkey_init(&key), 0);
    assert_int_equal(gnutls_pubkey_import(key, &spki, GNUTLS_X509_FMT_DER), 0);
    good = gnutls_pubkey_verify_data2(key, how, 0, &message, &signature) >= 0;
    gnutls_pubkey_deinit(key);
    return good;
}

static void gnutls_verifies_what_we_sign(void **state)
{
    (void)state;
    for (size_t i = 0; i < GNUTLS_ROWS * ROUNDS; i++) {
        struct given g = sign_anew(suite_named(gnutls_rows[i / ROUNDS].suite));

        assert_true(gnutls_takes(&g, gnutls_rows[i / ROUNDS].how));
        g.message[i % sizeof g.message] ^= 1;
        assert_false(gnutls_takes(&g, gnutls_rows[i / ROUNDS].how));
        given_done(&g);
    }
}

static void we_verify_what_gnutls_signs(void **state)
{
    (void)state;
    for (size_t i = 0; i < GNUTLS_ROWS * ROUNDS; i++) {
        size_t row = i / ROUNDS;
        const struct suite *s = suite_named(gnutls_rows[row].suite);
        uint8_t bytes[100];
        gnutls_datum_t message = {bytes, sizeof bytes}, spki, signature;
        gnutls_privkey_t key;
        gnutls_pubkey_t public;
        struct bytes ours;

        random_bytes(bytes, sizeof bytes);
        gnutls_privkey_init(&key);
        gnutls_pubkey_init(&public);
        assert_int_equal(
            gnutls_privkey_generate(key, gnutls_rows[row].type, gnutls_rows[row].curve, 0), 0);
        assert_int_equal(gnutls_pubkey_import_privkey(public, key, 0, 0), 0);
        assert_int_equal(gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &spki), 0);
        assert_int_equal(
            gnutls_privkey_sign_data2(key, gnutls_rows[row].how, 0, &message, &signature), 0);
        assert_ptr_equal(row_of_spki(bytes_of(spki.data, spki.size), &ours), s);
        assert_good(suite_key_check(s, ours));
        assert_good(suite_verify(s, ours, bytes_of(bytes, sizeof bytes),
                                 bytes_of(signature.data, signature.size)));
        bytes[i % sizeof bytes] ^= 1;
        assert_fault(suite_verify(s, ours, bytes_of(bytes, sizeof bytes),
                                  bytes_of(signature.data, signature.size)),
                     FAULT_FORGED);
        gnutls_free(spki.data);
        gnutls_free(signature.data);
        gnutls_pubkey_deinit(public);
        gnutls_privkey_deinit(key);
    }
}

/* ---- Botan ----------------------------------------------------------------------------------- */

static const struct {
    const char *suite, *algorithm, *group, *how;
    bool der; /* Botan's signature is r || s; the suite's is DER */
} botan_rows[] = {
    {"sm2-sm3", "SM2_Sig", "sm2p256v1", "1234567812345678,SM3", true},
    {"p256-sha256", "ECDSA", "secp256r1", "EMSA1(SHA-256)", true},
    {"gost12-512", "GOST-34.10", "gost_512A", "EMSA1(Streebog-512)", false},
};
enum { BOTAN_ROWS = sizeof botan_rows / sizeof botan_rows[0] };

/* Botan spells an SM2 key with an OID of its own: between the two goes the bare point. */
static void botan_reads_sm2(const struct buf *spki, botan_pubkey_t *out)
{
    botan_mp_t x, y;

    botan_mp_init(&x);
    botan_mp_init(&y);
    botan_mp_from_bin(x, spki->data + spki->len - 64, 32);
    botan_mp_from_bin(y, spki->data + spki->len - 32, 32);
    assert_int_equal(botan_pubkey_load_sm2(out, x, y, "sm2p256v1"), 0);
    botan_mp_destroy(x);
    botan_mp_destroy(y);
}

static void field_of(botan_pubkey_t key, const char *name, struct buf *out)
{
    uint8_t bytes[32] = {0};
    botan_mp_t number;
    size_t len = 0;

    botan_mp_init(&number);
    assert_int_equal(botan_pubkey_get_field(number, key, name), 0);
    assert_int_equal(botan_mp_num_bytes(number, &len), 0);
    assert_true(len <= sizeof bytes);
    botan_mp_to_bin(number, bytes + sizeof bytes - len);
    buf_add(out, bytes, sizeof bytes);
    botan_mp_destroy(number);
}

/* A public key of Botan's as we spell it. */
static void botan_writes(botan_pubkey_t key, const struct suite *s, struct buf *out)
{
    uint8_t spki[512];
    size_t len = sizeof spki;

    if (strcmp(s->name, "sm2-sm3") == 0) {
        buf_add(out, s->spki, s->spki_length);
        field_of(key, "public_x", out);
        field_of(key, "public_y", out);
        return;
    }
    assert_int_equal(botan_pubkey_export(key, spki, &len, BOTAN_PRIVKEY_EXPORT_FLAG_DER), 0);
    if (s->library == LIBRARY_GOST) { /* Botan leaves the digest's OID out */
        size_t point = s->key_length - s->spki_length;

        buf_add(out, s->spki, s->spki_length);
        buf_add(out, spki + len - point, point);
        return;
    }
    buf_add(out, spki, len);
}

static bool botan_takes(const struct given *g, const char *how, bool der)
{
    botan_pubkey_t key;
    botan_pk_op_verify_t check;
    bool good;

    if (strstr(how, "SM3") != NULL)
        botan_reads_sm2(&g->spki, &key);
    else
        assert_int_equal(botan_pubkey_load(&key, g->spki.data, g->spki.len), 0);
    assert_int_equal(
        botan_pk_op_verify_create(&check, key, how, der ? BOTAN_PUBKEY_DER_FORMAT_SIGNATURE : 0),
        0);
    botan_pk_op_verify_update(check, g->message, sizeof g->message);
    good = botan_pk_op_verify_finish(check, g->signature.data, g->signature.len) == 0;
    botan_pk_op_verify_destroy(check);
    botan_pubkey_destroy(key);
    return good;
}

static void botan_verifies_what_we_sign(void **state)
{
    (void)state;
    for (size_t i = 0; i < BOTAN_ROWS * ROUNDS; i++) {
        size_t row = i / ROUNDS;
        struct given g = sign_anew(suite_named(botan_rows[row].suite));

        if (!botan_takes(&g, botan_rows[row].how, botan_rows[row].der))
            fail_msg("%s", botan_rows[row].suite);
        g.message[i % sizeof g.message] ^= 1;
        assert_false(botan_takes(&g, botan_rows[row].how, botan_rows[row].der));
        given_done(&g);
    }
}

static void we_verify_what_botan_signs(void **state)
{
    botan_rng_t rng;

    (void)state;
    assert_int_equal(botan_rng_init(&rng, NULL), 0);
    for (size_t i = 0; i < BOTAN_ROWS * ROUNDS; i++) {
        size_t row = i / ROUNDS;
        const struct suite *s = suite_named(botan_rows[row].suite);
        uint8_t signature[256], bytes[100];
        size_t len = sizeof signature;
        struct buf spki = {0};
        botan_privkey_t key;
        botan_pubkey_t public;
        botan_pk_op_sign_t op;
        struct bytes ours;

        random_bytes(bytes, sizeof bytes);
        assert_int_equal(
            botan_privkey_create(&key, botan_rows[row].algorithm, botan_rows[row].group, rng), 0);
        botan_privkey_export_pubkey(&public, key);
        botan_writes(public, s, &spki);
        assert_int_equal(
            botan_pk_op_sign_create(&op, key, botan_rows[row].how,
                                    botan_rows[row].der ? BOTAN_PUBKEY_DER_FORMAT_SIGNATURE : 0),
            0);
        botan_pk_op_sign_update(op, bytes, sizeof bytes);
        assert_int_equal(botan_pk_op_sign_finish(op, rng, signature, &len), 0);
        assert_ptr_equal(row_of_spki(buf_view(&spki), &ours), s);
        assert_good(suite_key_check(s, ours));
        assert_good(suite_verify(s, ours, bytes_of(bytes, sizeof bytes), bytes_of(signature, len)));
        bytes[i % sizeof bytes] ^= 1;
        assert_fault(suite_verify(s, ours, bytes_of(bytes, sizeof bytes), bytes_of(signature, len)),
                     FAULT_FORGED);
        buf_done(&spki);
        botan_pk_op_sign_destroy(op);
        botan_pubkey_destroy(public);
        botan_privkey_destroy(key);
    }
    botan_rng_destroy(rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gnutls_verifies_what_we_sign),
        cmocka_unit_test(we_verify_what_gnutls_signs),
        cmocka_unit_test(botan_verifies_what_we_sign),
        cmocka_unit_test(we_verify_what_botan_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "crypto/secret.h"

#include "test.h"

static const struct suite *ed25519(void)
{
    return suite_find(bytes_text("ed25519"));
}

static void a_key_comes_back_from_its_pem(void **state)
{
    static const char *const passphrases[] = {"", "correct horse battery staple"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct secret *first, *second;
        struct buf pem = {0};

        assert_good(secret_new(ed25519(), &first));
        assert_good(secret_write_pem(first, bytes_text(passphrases[i]), &pem));
        assert_good(secret_read(ed25519(), buf_view(&pem), bytes_text(passphrases[i]), &second));
        assert_true(bytes_equal(secret_public(first), secret_public(second)));
        buf_wipe(&pem);
        secret_free(first);
        secret_free(second);
    }
}

static void a_wrong_passphrase_does_not_open_it(void **state)
{
    struct secret *secret, *again = NULL;
    struct buf pem = {0};

    (void)state;
    assert_good(secret_new(ed25519(), &secret));
    assert_good(secret_write_pem(secret, bytes_text("right"), &pem));
    assert_non_null(strstr(buf_str(&pem), "ENCRYPTED PRIVATE KEY"));
    assert_fault(secret_read(ed25519(), buf_view(&pem), bytes_text("wrong"), &again),
                 FAULT_REFUSED);
    assert_fault(secret_read(ed25519(), buf_view(&pem), bytes_text(""), &again), FAULT_MISSING);
    assert_null(again);
    buf_wipe(&pem);
    secret_free(secret);
}

/* crypto.md 1.5 rule 4: type and group are checked at load. The key is a published P-256 one,
 * RFC 6979 appendix A.2.5. */
static void a_key_of_another_kind_is_refused(void **state)
{
    static const char p256[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdn\n"
                               "sdaTTlDD2zbom3sSemIrEg9nIQ==\n"
                               "-----END PRIVATE KEY-----\n";
    struct secret *secret = NULL;

    (void)state;
    assert_fault(secret_read(ed25519(), bytes_text(p256), bytes_text(""), &secret), FAULT_UNKNOWN);
    assert_fault(secret_read(ed25519(), bytes_text("nonsense"), bytes_text(""), &secret),
                 FAULT_SYNTAX);
    assert_fault(secret_read(ed25519(), bytes_text(""), bytes_text(""), &secret), FAULT_SYNTAX);
    assert_null(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_comes_back_from_its_pem),
        cmocka_unit_test(a_wrong_passphrase_does_not_open_it),
        cmocka_unit_test(a_key_of_another_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

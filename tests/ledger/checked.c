#include "ledger/checked.h"

#include "base/buf.h"
#include "crypto/secret.h"
#include "test.h"

/* checked.h: "A good one is answered sooner, never otherwise; one that does not hold is not
 * remembered." Each case is asked three times, so that the second and third could come from
 * memory. */
static void memory_changes_no_answer(void **state)
{
    const struct suite *suite = suite_find(bytes_text("ed25519"));
    struct bytes good = bytes_text("a head"), other = bytes_text("a heap");
    struct secret *secret, *stranger;
    struct buf signature = {0};

    (void)state;
    assert_good(secret_new(suite, &secret));
    assert_good(secret_new(suite, &stranger));
    secret_sign(secret, good, &signature);
    for (int again = 0; again < 3; again++) {
        struct bytes key = secret_public(secret), line = buf_view(&signature);

        assert_good(checked_verify(suite, key, good, line));
        assert_int_equal(checked_verify(suite, key, other, line).kind, FAULT_FORGED);
        assert_int_equal(checked_verify(suite, secret_public(stranger), good, line).kind,
                         FAULT_FORGED);
        assert_int_equal(checked_verify(suite, key, good, bytes_of(line.data, 63)).kind,
                         FAULT_RANGE);
        for (size_t i = 0; i < signature.len; i++) {
            signature.data[i] ^= 1;
            assert_int_equal(checked_verify(suite, key, good, line).kind, FAULT_FORGED);
            signature.data[i] ^= 1;
        }
    }
    secret_free(secret);
    secret_free(stranger);
    buf_done(&signature);
}

/* Bytes moved from the key's or message's end to the next one's beginning are another question. */
static void parts_do_not_run_into_each_other(void **state)
{
    const struct suite *suite = suite_find(bytes_text("ed25519"));
    struct secret *secret;
    struct buf signature = {0}, shifted = {0};

    (void)state;
    assert_good(secret_new(suite, &secret));
    secret_sign(secret, bytes_text("head"), &signature);
    assert_good(
        checked_verify(suite, secret_public(secret), bytes_text("head"), buf_view(&signature)));
    buf_text(&shifted, "d");
    buf_bytes(&shifted, buf_view(&signature));
    assert_int_equal(
        checked_verify(suite, secret_public(secret), bytes_text("hea"), buf_view(&shifted)).kind,
        FAULT_RANGE);
    secret_free(secret);
    buf_done(&signature);
    buf_done(&shifted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_changes_no_answer),
        cmocka_unit_test(parts_do_not_run_into_each_other),
    };

    crypto_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

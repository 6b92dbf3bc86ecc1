#include "keeper/pins.h"

#include "test.h"

static struct agreement good(void)
{
    struct agreement a = {.id = "cn-ru-2015"};

    for (size_t i = 0; i < AGREEMENT_PARTIES; i++) {
        struct party *p = &a.parties[i];

        p->id = i == 0 ? "cn" : "ru";
        p->root_count = 1;
        p->roots[0] =
            (struct root_key){.suite = "ed25519", .key = {(uint8_t)(i + 1)}, .key_len = 32};
    }
    return a;
}

static void what_was_pinned_is_taken(void **state)
{
    struct agreement a = good(), b = good();
    const struct agreement *both[] = {&a, &b};
    struct buf text = {0};
    struct pins *p;

    (void)state;
    b.id = "cn-kz-2016";
    pins_write(both, 2, &text);
    assert_good(pins_parse(buf_view(&text), &p));
    assert_good(pins_check(p, &a));
    assert_good(pins_check(p, &b));
    pins_free(p);
    buf_done(&text);
}

static void any_other_key_party_or_agreement_is_refused(void **state)
{
    struct agreement a = good(), wrong;
    const struct agreement *one = &a;
    struct buf text = {0};
    struct pins *p;

    (void)state;
    pins_write(&one, 1, &text);
    assert_good(pins_parse(buf_view(&text), &p));
    wrong = good();
    wrong.id = "cn-ru-2016";
    assert_fault(pins_check(p, &wrong), FAULT_UNKNOWN);
    wrong = good();
    wrong.parties[1].roots[0].key[31] ^= 1;
    assert_fault(pins_check(p, &wrong), FAULT_MISMATCH);
    wrong = good();
    wrong.parties[0].id = "xx";
    assert_fault(pins_check(p, &wrong), FAULT_MISMATCH);
    wrong = good();
    wrong.parties[0].roots[1] = wrong.parties[0].roots[0];
    wrong.parties[0].root_count = 2;
    assert_fault(pins_check(p, &wrong), FAULT_MISMATCH);
    wrong = good();
    wrong.parties[0] = good().parties[1];
    wrong.parties[1] = good().parties[0];
    assert_fault(pins_check(p, &wrong), FAULT_MISMATCH);
    pins_free(p);
    buf_done(&text);
}

static void a_file_that_is_not_exactly_ours_is_refused(void **state)
{
    struct agreement a = good();
    const struct agreement *one[] = {&a, &a};
    struct buf text = {0}, twice = {0};
    struct pins *p = NULL;

    (void)state;
    pins_write(one, 1, &text);
    for (size_t n = 0; n < text.len; n++)
        assert_true(fault_is(pins_parse(bytes_of(text.data, n), &p)));
    buf_text(&text, "\n");
    assert_true(fault_is(pins_parse(buf_view(&text), &p)));
    pins_write(one, 2, &twice);
    assert_fault(pins_parse(buf_view(&twice), &p), FAULT_DUPLICATE);
    assert_null(p);
    buf_done(&text);
    buf_done(&twice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_pinned_is_taken),
        cmocka_unit_test(any_other_key_party_or_agreement_is_refused),
        cmocka_unit_test(a_file_that_is_not_exactly_ours_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

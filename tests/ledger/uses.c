#include "ledger/uses.h"

#include <string.h>

#include "test.h"

static struct use use_number(uint64_t i)
{
    struct use u = {digest_of(bytes_of(&i, sizeof i)),
                    instant_of_seconds(1000 + (int64_t)(i % 10))};

    return u;
}

static void a_permit_is_found_once_it_was_put_and_put_once(void **state)
{
    enum { MANY = 5000 };
    struct uses u = {0};

    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        struct use one = use_number(i);

        assert_false(uses_has(&u, &one.permit));
        assert_true(uses_put(&u, &one));
        assert_false(uses_put(&u, &one));
    }
    assert_int_equal(u.count, MANY);
    for (uint64_t i = 0; i < 2 * MANY; i++) {
        struct use one = use_number(i);

        assert_int_equal(uses_has(&u, &one.permit), i < MANY);
    }
    uses_clear(&u);
    for (uint64_t i = 0; i < MANY; i++) {
        struct use one = use_number(i);

        assert_false(uses_has(&u, &one.permit));
    }
    uses_done(&u);
}

/* Digests that differ in their last byte alone: all in one place, all with one mark. */
static void permits_that_look_alike_are_told_apart(void **state)
{
    struct uses u = {0};
    struct use one = {0};

    (void)state;
    for (unsigned i = 0; i < 256; i += 2) {
        one.permit.byte[31] = (uint8_t)i;
        assert_true(uses_put(&u, &one));
    }
    for (unsigned i = 0; i < 256; i++) {
        one.permit.byte[31] = (uint8_t)i;
        assert_int_equal(uses_has(&u, &one.permit), i % 2 == 0);
    }
    uses_done(&u);
}

static void what_has_expired_is_forgotten_and_the_rest_is_found(void **state)
{
    struct uses u = {0};

    (void)state;
    assert_true(uses_forget(&u, instant_of_seconds(1)) == INT64_MIN);
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(uses_put(&u, &(struct use){use_number(i).permit, use_number(i).expires}));
    assert_true(uses_forget(&u, instant_of_seconds(999)) == INT64_MIN);
    assert_int_equal(u.count, 1000);
    assert_int_equal(uses_forget(&u, instant_of_seconds(1004)), 1004);
    assert_int_equal(u.count, 500);
    for (uint64_t i = 0; i < 1000; i++) {
        struct use one = use_number(i);

        assert_int_equal(uses_has(&u, &one.permit), i % 10 > 4);
    }
    uses_done(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permit_is_found_once_it_was_put_and_put_once),
        cmocka_unit_test(permits_that_look_alike_are_told_apart),
        cmocka_unit_test(what_has_expired_is_forgotten_and_the_rest_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* How often somebody may ask: exchange/pace.h. */
#include "exchange/pace.h"

#include <stdlib.h>

#include "test.h"

static struct instant at(double seconds)
{
    return (struct instant){INT64_C(1795600000000000) + (int64_t)(seconds * 1e6)};
}

static void a_visitor_has_a_burst_and_then_his_rate(void **state)
{
    struct pace *p = pace_new();
    uint16_t wait = 0;
    unsigned got = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        got += pace_visit(p, 3, 10, at(0), &wait);
    assert_int_equal(got, 10 * PACE_BURST);
    assert_int_equal(wait, 1);
    assert_true(pace_visit(p, 4, 10, at(0), &wait)); /* another one does not notice */
    for (unsigned i = 0, more = 0; i < 1000; i++) {
        more += pace_visit(p, 3, 10, at(0.01 * i), &wait);
        if (i == 999)
            assert_in_range(more, 99, 100); /* ten seconds, ten a second */
    }
    pace_free(p);
}

static void a_clock_set_back_gives_nothing_and_takes_nothing(void **state)
{
    struct pace *p = pace_new();
    uint16_t wait = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_true(pace_visit(p, 0, 1, at(100), &wait));
    assert_false(pace_visit(p, 0, 1, at(50), &wait));
    assert_true(pace_visit(p, 0, 1, at(51.5), &wait));
    pace_free(p);
}

static void guesses_are_bounded_by_address_and_together(void **state)
{
    struct pace *p = pace_new();
    uint16_t wait = 0;
    unsigned got = 0;
    char from[32];

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        got += pace_guess(p, bytes_text("192.0.2.1"), at(0), &wait);
    assert_int_equal(got, PACE_GUESSES);
    assert_int_equal(wait, PACE_GUESS_EVERY + 1);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(from, sizeof from, "198.51.100.%u.%u", i % 250, i);
        got += pace_guess(p, bytes_text(from), at(0), &wait);
    }
    assert_int_equal(got, PACE_HASHES);
    assert_true(pace_guess(p, bytes_text(""), at(10), &wait));
    pace_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_has_a_burst_and_then_his_rate),
        cmocka_unit_test(a_clock_set_back_gives_nothing_and_takes_nothing),
        cmocka_unit_test(guesses_are_bounded_by_address_and_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/clock.h"

#include "test.h"

static void a_time_reads_back_as_it_was_written(void **state)
{
    static const char *const times[] = {"1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z",
                                        "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
                                        "9999-12-31T23:59:59Z", "2026-11-25T09:22:17Z"};

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct instant t;
        char back[INSTANT_TEXT + 1];

        assert_good(instant_parse(bytes_text(times[i]), &t));
        instant_write(t, back);
        assert_string_equal(back, times[i]);
    }
}

static void every_day_of_two_eras_counts_on_from_the_last(void **state)
{
    struct instant t = instant_of_seconds(days_from_date(1600, 1, 1) * 86400);

    (void)state;
    for (int day = 0; day < 2 * 146097; day++) {
        char text[INSTANT_TEXT + 1];
        struct instant back;

        instant_write(t, text);
        assert_good(instant_parse(bytes_text(text), &back));
        assert_int_equal(back.us, t.us);
        t.us += 86400LL * 1000000;
    }
}

static void a_wrong_time_is_refused_at_its_byte(void **state)
{
    static const struct {
        const char *text;
        enum fault_kind kind;
        size_t at;
    } wrong[] = {
        {"2026-11-25T09:22:17", FAULT_SHORT, 19},   {"2026-11-25T09:22:17z", FAULT_SYNTAX, 19},
        {"2026-11-25 09:22:17Z", FAULT_SYNTAX, 10}, {"2026-13-25T09:22:17Z", FAULT_RANGE, 0},
        {"2026-02-29T09:22:17Z", FAULT_RANGE, 0},   {"2026-02-28T24:22:17Z", FAULT_RANGE, 11},
        {"2026-11-25T09:22:17Z ", FAULT_EXTRA, 20},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct instant t = {7};
        struct fault f = instant_parse(bytes_text(wrong[i].text), &t);

        assert_int_equal(f.kind, wrong[i].kind);
        assert_int_equal(f.at, wrong[i].at);
        assert_int_equal(t.us, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_reads_back_as_it_was_written),
        cmocka_unit_test(every_day_of_two_eras_counts_on_from_the_last),
        cmocka_unit_test(a_wrong_time_is_refused_at_its_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

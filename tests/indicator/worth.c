/* indicator/worth.h: what a sighting is worth, and the reasons that are printed with it. */
#include "indicator/worth.h"

#include "test.h"

static const int64_t day = (int64_t)86400 * 1000000;

static const struct {
    enum indicator_kind kind;
    int from, until, last; /* days; -1: not said */
    unsigned events, outside, warned;
    const char *confidence, *reasons;
} cases[] = {
    {INDICATOR_SHA256, 0, -1, 9999, 1, 0, 0, "high", "by-hash"},
    {INDICATOR_DOMAIN, 0, -1, 365, 1, 0, 0, "high", "by-name"},
    {INDICATOR_DOMAIN, 0, -1, 366, 1, 0, 0, "moderate", "by-name indicator-old"},
    {INDICATOR_DOMAIN, 0, 500, 366, 1, 0, 0, "high", "by-name"}, /* its source says until when */
    {INDICATOR_DOMAIN, -1, -1, 9999, 1, 0, 0, "high", "by-name validity-unknown"},
    {INDICATOR_DOMAIN, 0, 10, 20, 2, 2, 0, "moderate", "by-name out-of-validity"},
    {INDICATOR_DOMAIN, 0, 10, 20, 2, 1, 0, "high", "by-name partly-out-of-validity"},
    {INDICATOR_URL, 0, -1, 366, 1, 0, 1, "low", "by-url indicator-old warning-list"},
    {INDICATOR_IPV4, 0, -1, 120, 1, 0, 0, "moderate", "by-address"},
    {INDICATOR_IPV4, 0, -1, 121, 1, 0, 0, "low", "by-address indicator-old"},
    {INDICATOR_SUBNET, 0, -1, 121, 1, 0, 1, "low", "by-subnet indicator-old warning-list"},
};

static void a_sighting_is_worth_what_its_reasons_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct worth w = {
            .kind = cases[i].kind,
            .from = {cases[i].from < 0 ? INT64_MIN : cases[i].from * day},
            .until = {cases[i].until < 0 ? INT64_MAX : cases[i].until * day},
            .last = {cases[i].last * day + (cases[i].last % 5 == 0 ? 0 : 1)},
            .events = cases[i].events,
            .outside = cases[i].outside,
            .warned = cases[i].warned,
        };
        const char *reasons[WORTH_REASONS];
        size_t n = worth_reasons(&w, reasons);
        struct buf text = {0};

        for (size_t k = 0; k < n; k++)
            buf_print(&text, "%s%s", k == 0 ? "" : " ", reasons[k]);
        assert_string_equal(buf_str(&text), cases[i].reasons);
        assert_string_equal(worth_confidence(&w), cases[i].confidence);
        buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sighting_is_worth_what_its_reasons_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "exchange/filter.h"

#include "test.h"

enum { ALL = FILTER_PAGE | FILTER_IDS | FILTER_TYPES | FILTER_VERSION | FILTER_SPEC };

static struct filter filter;

static void nothing_asked_is_the_newest_hundred(void **state)
{
    (void)state;
    assert_good(filter_parse(bytes_text(""), ALL, &filter));
    assert_int_equal(filter.limit, FILTER_DEFAULT);
    assert_int_equal(filter.versions, FILTER_LAST);
    assert_false(filter.has_added_after);
    assert_true(filter_list_has(&filter, &filter.ids, "anything"));
}

static void fields_are_read_with_their_lists(void **state)
{
    (void)state;
    assert_good(filter_parse(
        bytes_text("added_after=2026-01-02T03:04:05.123456789Z&limit=7&match%5Btype%5D=malware,"
                   "tool&match[version]=first,2016-01-01T00%3A00%3A00.000Z&match[spec_version]=2.1"
                   "&match[id]=tool--1&something=else&next="),
        ALL, &filter));
    assert_int_equal(filter.added_after.us % 1000000, 123456);
    assert_int_equal(filter.limit, 7);
    assert_int_equal(filter.types.count, 2);
    assert_true(filter_list_has(&filter, &filter.types, "tool"));
    assert_false(filter_list_has(&filter, &filter.types, "too"));
    assert_int_equal(filter.versions, FILTER_FIRST);
    assert_int_equal(filter.time_count, 1);
    assert_int_equal(filter.time[0].us, INT64_C(1451606400000000));
    assert_string_equal(filter.next, "");
}

static void fractions_of_0_to_9_digits_are_times(void **state)
{
    static const char *const times[] = {
        "2026-01-02T03:04:05Z",         "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.1Z",       "2026-01-02T03:04:05.12Z",
        "2026-01-02T03:04:05.123Z",     "2026-01-02T03:04:05.123456Z",
        "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456789Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char query[64];

        snprintf(query, sizeof query, "added_after=%s", times[i]);
        assert_good(filter_parse(bytes_text(query), ALL, &filter));
    }
}

static void what_an_endpoint_does_not_filter_by_is_ignored(void **state)
{
    (void)state;
    assert_good(filter_parse(bytes_text("limit=0&limit=5&match[id]=x"), FILTER_VERSION, &filter));
    assert_int_equal(filter.ids.count, 0);
}

static void what_would_be_lost_in_silence_is_refused(void **state)
{
    static const struct {
        const char *query;
        enum fault_kind kind;
        size_t at;
    } wrong[] = {
        {"limit=5&limit=5", FAULT_DUPLICATE, 8},
        {"match[type]=a&match%5btype%5d=b", FAULT_DUPLICATE, 14},
        {"limit=0", FAULT_RANGE, 0},
        {"limit=-1", FAULT_SYNTAX, 0},
        {"limit=", FAULT_SYNTAX, 0},
        {"limit=1e3", FAULT_SYNTAX, 0},
        {"added_after=yesterday", FAULT_SYNTAX, 0},
        {"added_after=2026-01-02T03:04:05", FAULT_SYNTAX, 0},
        {"added_after=2026-01-02T03:04:05.0000000001Z", FAULT_SYNTAX, 0},
        {"added_after=2026-02-30T03:04:05Z", FAULT_SYNTAX, 0},
        {"match[version]=newest", FAULT_SYNTAX, 0},
        {"match[version]=all,last", FAULT_EXTRA, 0},
        {"match[version]=all,2016-01-01T00:00:00Z", FAULT_EXTRA, 0},
        {"match[spec_version]=3.0", FAULT_RANGE, 0},
        {"a=b&limit=%zz", FAULT_SYNTAX, 4},
        {"limit=%0", FAULT_SYNTAX, 0},
        {"match[id]=%00", FAULT_SYNTAX, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = filter_parse(bytes_text(wrong[i].query), ALL, &filter);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %zu", wrong[i].query, fault_word(f.kind), f.at);
    }
}

static void lists_are_bounded(void **state)
{
    static char query[FILTER_QUERY + 2];
    size_t n = (size_t)snprintf(query, sizeof query, "match[type]=");

    (void)state;
    for (size_t i = 0; i <= FILTER_VALUES; i++)
        n += (size_t)snprintf(query + n, sizeof query - n, "t%zu,", i);
    assert_fault(filter_parse(bytes_text(query), ALL, &filter), FAULT_LIMIT);
    memset(query, 'a', sizeof query - 1);
    assert_fault(filter_parse(bytes_text(query), ALL, &filter), FAULT_LIMIT);
    memcpy(query, "match[id]=", 10);
    query[10 + FILTER_VALUE] = '\0';
    assert_fault(filter_parse(bytes_text(query), ALL, &filter), FAULT_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_is_the_newest_hundred),
        cmocka_unit_test(fields_are_read_with_their_lists),
        cmocka_unit_test(fractions_of_0_to_9_digits_are_times),
        cmocka_unit_test(what_an_endpoint_does_not_filter_by_is_ignored),
        cmocka_unit_test(what_would_be_lost_in_silence_is_refused),
        cmocka_unit_test(lists_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"
#include "watch/cautions.h"

static struct instant at(const char *text)
{
    struct instant t = {0};

    assert_true(import_time(bytes_text(text), &t));
    return t;
}

static void add_text(struct cautions *c, enum caution kind, const char *from, const char *until,
                     const char *text)
{
    struct caution_list list = {"a list", kind, {INT64_MIN}, {INT64_MAX}};
    int fd = memfd_create("list", MFD_CLOEXEC);

    assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    assert_true(lseek(fd, 0, SEEK_SET) == 0);
    if (from != NULL)
        list.from = at(from);
    if (until != NULL)
        list.until = at(until);
    assert_good(cautions_add(c, &list, fd));
}

static struct cautions *read_all(struct cautions *c)
{
    while (cautions_step(c))
        ;
    return c;
}

static unsigned asked(const struct cautions *c, const char *address, const char *time)
{
    struct addr a;

    assert_good(addr_parse(bytes_text(address), &a));
    return cautions_address(c, a, at(time));
}

static uint64_t named(const struct cautions *c, enum indicator_kind kind, const char *text)
{
    uint8_t room[INDICATOR_KEY];
    struct indicator_value v;

    assert_good(indicator_read(kind, bytes_text(text), room, &v));
    return cautions_value(c, &v);
}

enum { TOR = 1 << CAUTION_TOR, VPN = 1 << CAUTION_VPN, WARNING = 1 << CAUTION_WARNING };

static void a_list_speaks_of_its_own_time_alone(void **unused)
{
    struct cautions *c = cautions_new(1);

    (void)unused;
    add_text(c, CAUTION_TOR, "2026-01-01", "2026-02-01", "192.0.2.1\n");
    add_text(c, CAUTION_TOR, "2026-02-01", NULL, "192.0.2.2\n");
    add_text(c, CAUTION_VPN, NULL, NULL, "192.0.2.0/24\n");
    read_all(c);
    assert_int_equal(asked(c, "192.0.2.1", "2026-01-01"), TOR | VPN);
    assert_int_equal(asked(c, "192.0.2.1", "2025-12-31 23:59:59"), VPN);
    assert_int_equal(asked(c, "192.0.2.1", "2026-02-01"), VPN);
    assert_int_equal(asked(c, "192.0.2.2", "2026-01-31 23:59:59"), VPN);
    assert_int_equal(asked(c, "192.0.2.2", "2026-02-01"), TOR | VPN);
    assert_int_equal(asked(c, "198.51.100.1", "2026-01-15"), 0);
    cautions_free(c);
}

/* An entry that says when it holds narrows its list, and never widens it. */
static void an_entrys_own_times_narrow_its_list(void **unused)
{
    struct cautions *c = cautions_new(1);

    (void)unused;
    add_text(c, CAUTION_VPN, "2026-01-01", "2026-02-01",
             "indicator,valid_from,valid_until\n"
             "192.0.2.1,2026-01-10,2026-03-01\n");
    read_all(c);
    assert_int_equal(asked(c, "192.0.2.1", "2026-01-05"), 0);
    assert_int_equal(asked(c, "192.0.2.1", "2026-01-10"), VPN);
    assert_int_equal(asked(c, "192.0.2.1", "2026-02-01"), 0);
    cautions_free(c);
}

#define LIST(type, list) "{\"name\":\"n\",\"type\":\"" type "\",\"version\":1,\"list\":[" list "]}"

static void misps_five_types_mean_what_misp_means(void **unused)
{
    struct cautions *c = cautions_new(1);

    (void)unused;
    add_text(c, CAUTION_WARNING, NULL, NULL, LIST("cidr", "\"192.0.2.0/24\",\"2001:db8::1\""));
    add_text(c, CAUTION_WARNING, NULL, NULL, LIST("hostname", "\".a.example\",\"b.example\""));
    add_text(c, CAUTION_WARNING, NULL, NULL, LIST("string", "\"c.example\""));
    add_text(c, CAUTION_WARNING, NULL, NULL, LIST("substring", "\"cdn.\""));
    add_text(c, CAUTION_WARNING, NULL, NULL,
             LIST("regex", "\"/^d[0-9]+\\\\.EXAMPLE$/i\",\"x(?=y)\""));
    read_all(c);
    assert_int_equal(asked(c, "192.0.2.9", "2026-01-01"), WARNING);
    assert_int_equal(named(c, INDICATOR_IPV6, "2001:db8::1"), 1);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "www.a.example"), 2);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "b.example"), 2);
    assert_int_equal(named(c, INDICATOR_URL, "http://w.b.example/x"), 2);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "c.example"), 4);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "w.c.example"), 0);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "my.cdn.example"), 8);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "d17.example"), 16);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "d.example"), 0);
    assert_int_equal(cautions_news(c, 4)->import.refused[IMPORT_VALUE], 1); /* look-ahead: no RE2 */
    assert_string_equal(cautions_news(c, 4)->format, "warninglist");
    cautions_free(c);
}

static void a_warning_holds_at_its_time(void **unused)
{
    struct cautions *c = cautions_new(1);

    (void)unused;
    add_text(c, CAUTION_WARNING, "2026-01-01", "2026-02-01", LIST("string", "\"a.example\""));
    read_all(c);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "a.example"), 1);
    assert_true(cautions_hold(c, 1, at("2026-01-15")));
    assert_false(cautions_hold(c, 1, at("2026-02-01")));
    assert_false(cautions_hold(c, 0, at("2026-01-15")));
    cautions_free(c);
}

/* A VPN's list names addresses; it warns of no value. */
static void a_list_of_exits_warns_of_no_value(void **unused)
{
    struct cautions *c = cautions_new(1);

    (void)unused;
    add_text(c, CAUTION_VPN, NULL, NULL, "192.0.2.1\na.example\n");
    read_all(c);
    assert_int_equal(named(c, INDICATOR_IPV4, "192.0.2.1"), 0);
    assert_int_equal(named(c, INDICATOR_DOMAIN, "a.example"), 0);
    cautions_free(c);
}

static const struct {
    const char *what, *text;
    enum fault_kind kind;
    size_t refused;
} wrong[] = {
    {"half a list", "{\"type\":\"cidr\",\"list\":[\"192.0.2.1\"", FAULT_SHORT, 0},
    {"JSON without a list", "{\"type\":\"cidr\"}", FAULT_UNKNOWN, 0},
    {"a list of numbers", LIST("cidr", "1,2"), FAULT_NONE, 2},
    {"no address", LIST("cidr", "\"a.example\""), FAULT_NONE, 1},
    {"no host name", LIST("hostname", "\"a b\",\"com\""), FAULT_NONE, 2},
    {"no expression", LIST("regex", "\"/(/\",\"\""), FAULT_NONE, 2},
};

static void what_is_wrong_is_counted_or_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cautions *c = cautions_new(1);
        size_t refused = 0;

        add_text(c, CAUTION_WARNING, NULL, NULL, wrong[i].text);
        read_all(c);
        for (size_t r = 0; r < IMPORT_RULES; r++)
            refused += cautions_news(c, 0)->import.refused[r];
        if (cautions_news(c, 0)->fault.kind != wrong[i].kind || refused != wrong[i].refused)
            fail_msg("%s: %s, %zu", wrong[i].what, fault_word(cautions_news(c, 0)->fault.kind),
                     refused);
        cautions_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_speaks_of_its_own_time_alone),
        cmocka_unit_test(an_entrys_own_times_narrow_its_list),
        cmocka_unit_test(misps_five_types_mean_what_misp_means),
        cmocka_unit_test(a_warning_holds_at_its_time),
        cmocka_unit_test(a_list_of_exits_warns_of_no_value),
        cmocka_unit_test(what_is_wrong_is_counted_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "net/addr.h"

#include "test.h"

static void an_address_is_written_as_it_was_read(void **state)
{
    static const char *const texts[] = {"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1",
                                        "::",        "::1",     "fe80::1"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct addr a;
        char back[ADDR_TEXT];

        assert_good(addr_parse(bytes_text(texts[i]), &a));
        addr_write(a, back);
        assert_string_equal(back, texts[i]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",         "192.0.2",          "192.0.2.256",  "192.0.2.01",
        "1.2.3.4 ", "::ffff:192.0.2.1", "fe80::1%eth0", "g::"};
    struct addr a;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_fault(addr_parse(bytes_text(wrong[i]), &a), FAULT_SYNTAX);
}

static void a_prefix_has_its_own_addresses_only(void **state)
{
    struct prefix p;
    struct addr in, out, six;
    char back[PREFIX_TEXT];

    (void)state;
    assert_good(prefix_parse(bytes_text("192.0.2.128/25"), &p));
    assert_good(addr_parse(bytes_text("192.0.2.200"), &in));
    assert_good(addr_parse(bytes_text("192.0.2.127"), &out));
    assert_good(addr_parse(bytes_text("2001:db8::1"), &six));
    assert_true(prefix_has(p, in));
    assert_false(prefix_has(p, out));
    assert_false(prefix_has(p, six));
    prefix_write(p, back);
    assert_string_equal(back, "192.0.2.128/25");
    assert_fault(prefix_parse(bytes_text("192.0.2.1/24"), &p), FAULT_RANGE);
    assert_fault(prefix_parse(bytes_text("192.0.2.0/33"), &p), FAULT_RANGE);
    assert_fault(prefix_parse(bytes_text("192.0.2.0"), &p), FAULT_SYNTAX);
    assert_good(prefix_parse(bytes_text("0.0.0.0/0"), &p));
    assert_true(prefix_has(p, out));
    assert_false(prefix_has(p, six));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_written_as_it_was_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_prefix_has_its_own_addresses_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "net/endpoint.h"

#include <string.h>

#include "test.h"

static void an_endpoint_is_written_as_it_was_read(void **state)
{
    static const char *const good[] = {"192.0.2.1:7315", "[2001:db8::1]:1", "0.0.0.0:65535",
                                       "[::]:7315"};
    char text[ENDPOINT_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct endpoint e;

        assert_good(endpoint_parse(bytes_text(good[i]), &e));
        endpoint_write(&e, text);
        assert_string_equal(text, good[i]);
    }
}

static void what_is_no_literal_endpoint_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum fault_kind kind;
    } wrong[] = {
        {"", FAULT_SYNTAX},
        {"192.0.2.1", FAULT_SYNTAX},
        {":7315", FAULT_SYNTAX},
        {"node.cert-b.example:7315", FAULT_SYNTAX},
        {"2001:db8::1:7315", FAULT_SYNTAX},
        {"[192.0.2.1]:7315", FAULT_SYNTAX},
        {"[2001:db8::1:7315", FAULT_SYNTAX},
        {"[]:7315", FAULT_SYNTAX},
        {"192.0.2.1:", FAULT_RANGE},
        {"192.0.2.1:0", FAULT_RANGE},
        {"192.0.2.1:07315", FAULT_RANGE},
        {"192.0.2.1:65536", FAULT_RANGE},
        {"192.0.2.1:http", FAULT_RANGE},
    };
    struct endpoint e;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = endpoint_parse(bytes_text(wrong[i].text), &e);

        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s", wrong[i].text, fault_word(f.kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_written_as_it_was_read),
        cmocka_unit_test(what_is_no_literal_endpoint_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "statement/case_id.h"

#include "test.h"

static void eighty_bits_are_written_most_significant_first(void **state)
{
    const uint8_t zero[CASE_ID_RANDOM] = {0};
    const uint8_t ones[CASE_ID_RANDOM] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    const uint8_t count[CASE_ID_RANDOM] = {0x00, 0x44, 0x32, 0x14, 0xc7,
                                           0x42, 0x54, 0xb6, 0x35, 0xcf}; /* 0, 1, 2 .. 15 */
    char id[CASE_TEXT];

    (void)state;
    case_id_make(zero, id);
    assert_string_equal(id, "C-0000000000000000");
    case_id_make(ones, id);
    assert_string_equal(id, "C-ZZZZZZZZZZZZZZZZ");
    case_id_make(count, id);
    assert_string_equal(id, "C-0123456789ABCDEF");
    draft_id_make(count, id);
    assert_string_equal(id, "D-0123456789ABCDEF");
}

static void only_its_own_form_is_a_case_id(void **state)
{
    static const char *const wrong[] = {"",
                                        "C-",
                                        "-",
                                        "C-0123456789ABCDE",
                                        "C-0123456789ABCDEFG",
                                        "c-0123456789ABCDEF",
                                        "D-0123456789ABCDEF",
                                        "C_0123456789ABCDEF",
                                        "C-0123456789abcdef",
                                        "C-0123456789ABCDEI",
                                        "C-0123456789ABCDEL",
                                        "C-0123456789ABCDEO",
                                        "C-0123456789ABCDEU",
                                        "C-0123456789ABCD\xd0\x95"};

    (void)state;
    assert_true(case_id_is(bytes_text("C-0123456789ABCDEF")));
    assert_true(draft_id_is(bytes_text("D-0123456789ABCDEF")));
    assert_false(case_id_is(bytes_of("C-0123456789ABCD\0F", 18)));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(case_id_is(bytes_text(wrong[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eighty_bits_are_written_most_significant_first),
        cmocka_unit_test(only_its_own_form_is_a_case_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

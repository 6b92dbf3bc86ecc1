#include "base/cursor.h"

#include "test.h"

static void a_fault_is_kept_and_nothing_more_is_read(void **state)
{
    struct cursor in = cursor_over(bytes_text("12\nx\n34\n"), "rule");

    (void)state;
    assert_int_equal(cursor_decimal_line(&in, 100), 12);
    assert_int_equal(cursor_decimal_line(&in, 100), 0);
    assert_int_equal(cursor_decimal_line(&in, 100), 0);
    assert_int_equal(in.fault.kind, FAULT_SYNTAX);
    assert_int_equal(in.fault.at, 3);
    assert_string_equal(in.fault.rule, "rule");
}

static void a_part_longer_than_its_limit_is_refused(void **state)
{
    struct cursor in = cursor_over(bytes_of("\0\0\0\3abc", 7), "rule");

    (void)state;
    cursor_part(&in, 2);
    assert_int_equal(in.fault.kind, FAULT_LIMIT);
}

static void a_part_longer_than_the_input_is_short(void **state)
{
    struct cursor in = cursor_over(bytes_of("\xff\xff\xff\xff"
                                            "abc",
                                            7),
                                   "rule");

    (void)state;
    cursor_part(&in, SIZE_MAX);
    assert_int_equal(in.fault.kind, FAULT_SHORT);
}

static void numbers_are_big_endian(void **state)
{
    struct cursor in = cursor_over(bytes_of("\1\2\3\4\5\6\7\0\0\0\0\0\0\1\0", 15), "rule");

    (void)state;
    assert_int_equal(cursor_u8(&in), 1);
    assert_int_equal(cursor_u16(&in), 0x203);
    assert_int_equal(cursor_u32(&in), 0x4050607);
    assert_int_equal(cursor_u64(&in), 256);
    cursor_end(&in);
    assert_true(cursor_ok(&in));
}

static void bytes_after_the_end_are_extra(void **state)
{
    struct cursor in = cursor_over(bytes_text("a\nb"), "rule");

    (void)state;
    cursor_line(&in);
    cursor_end(&in);
    assert_int_equal(in.fault.kind, FAULT_EXTRA);
    assert_int_equal(in.fault.at, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_is_kept_and_nothing_more_is_read),
        cmocka_unit_test(a_part_longer_than_its_limit_is_refused),
        cmocka_unit_test(a_part_longer_than_the_input_is_short),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(bytes_after_the_end_are_extra),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

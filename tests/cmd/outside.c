#include "cmd/outside.h"

#include <locale.h>
#include <string.h>

#include "test.h"

static const struct {
    const char *name, *text;
    size_t len;
    const char *utf8, *ascii;
} cases[] = {
    {"plain", "a b", 3, "a b", "a b"},
    {"an escape sequence", "\033[2Jx", 5, "\\u{1B}[2Jx", "\\u{1B}[2Jx"},
    {"newline and tab", "a\nb\tc", 5, "a\\nb\\tc", "a\\nb\\tc"},
    {"a carriage return hides what was before", "ok\rFORGED", 9, "ok\\u{D}FORGED",
     "ok\\u{D}FORGED"},
    {"right to left override",
     "a\xe2\x80\xae"
     "b",
     5, "a\\u{202E}b", "a\\u{202E}b"},
    {"an isolate", "\xe2\x81\xa6", 3, "\\u{2066}", "\\u{2066}"},
    {"a zero width space", "a\xe2\x80\x8b", 4, "a\\u{200B}", "a\\u{200B}"},
    {"a tag character", "\xf3\xa0\x81\x81", 4, "\\u{E0041}", "\\u{E0041}"},
    {"C1 control", "\xc2\x9b", 2, "\\u{9B}", "\\u{9B}"},
    {"Cyrillic", "\xd0\xb4\xd0\xb0", 4, "\xd0\xb4\xd0\xb0", "\\u{434}\\u{430}"},
    {"Han", "\xe4\xb8\xad", 3, "\xe4\xb8\xad", "\\u{4E2D}"},
    {"no UTF-8", "a\xff\xc0z", 4, "a\\x{FF}\\x{C0}z", "a\\x{FF}\\x{C0}z"},
    {"a character cut off", "a\xe4\xb8", 3, "a\\x{E4}\\x{B8}", "a\\x{E4}\\x{B8}"},
    {"NUL", "a\0b", 3, "a\\u{0}b", "a\\u{0}b"},
    {"delete", "\x7f", 1, "\\u{7F}", "\\u{7F}"},
    {"empty", "", 0, "", ""},
};

static void what_could_harm_a_terminal_is_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf utf8 = {0}, ascii = {0};
        outside_line(bytes_of(cases[i].text, cases[i].len), true, &utf8);
        outside_line(bytes_of(cases[i].text, cases[i].len), false, &ascii);
        if (strcmp(buf_str(&utf8), cases[i].utf8) != 0)
            fail_msg("%s: \"%s\"", cases[i].name, buf_str(&utf8));
        if (strcmp(buf_str(&ascii), cases[i].ascii) != 0)
            fail_msg("%s in ASCII: \"%s\"", cases[i].name, buf_str(&ascii));
        buf_done(&utf8);
        buf_done(&ascii);
    }
}

static void a_text_keeps_its_lines_indented(void **state)
{
    struct buf b = {0};

    (void)state;
    outside_text(bytes_text("a\nb\033"), true, 3, &b);
    assert_string_equal(buf_str(&b), "a\n   b\\u{1B}");
    buf_done(&b);
}

/* Whatever goes in: no byte below a space and no DEL comes out. */
static void no_byte_at_all_brings_a_control_out(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            uint8_t text[2] = {(uint8_t)a, (uint8_t)b};
            struct buf out = {0};
            outside_line(bytes_of(text, 2), true, &out);
            for (size_t i = 0; i < out.len; i++)
                assert_true(out.data[i] >= 0x20 && out.data[i] != 0x7f);
            buf_done(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_harm_a_terminal_is_escaped),
        cmocka_unit_test(a_text_keeps_its_lines_indented),
        cmocka_unit_test(no_byte_at_all_brings_a_control_out),
    };
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 77; /* no widths without it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* stix/regex.h: what MATCHES takes, translates and refuses. */
#include "stix/regex.h"

#include <stdlib.h>

#include "test.h"

static bool matches(const char *pcre, bool binary, const char *text)
{
    struct regex *r = NULL;
    const char *why = NULL;
    bool yes;

    if (!regex_read(bytes_text(pcre), binary, &r, &why))
        fail_msg("%s: expected %s", pcre, why);
    yes = r != NULL && regex_matches(r, bytes_text(text));
    regex_free(r);
    return yes;
}

static void an_expression_is_searched_for_as_pcre_does(void **state)
{
    static const struct {
        const char *pcre, *text;
        bool yes;
    } cases[] = {
        {"b", "abc", true},
        {"^b", "abc", false},
        {"c$", "abc", true},
        {"c$", "abc\n", true}, /* PCRE: $ is also before a newline that ends the text */
        {"c$", "abc\n\n", false},
        {"c\\Z", "abc\n", true},
        {"c\\z", "abc\n", false},
        {"(?m)b$", "ab\nc", true},
        {"^(a$|b)", "a\n", true},
        {"[$]", "$", true},
        {"\\$x", "$x", true},
        {"\\Q$.\\E", "$.", true},
        {"a.c", "a\nc", false},
        {"(?s)a.c", "a\nc", true},
        {"^\\s$", "\v", true}, /* RE2's own \s has no vertical tab */
        {"^[\\s]$", "\v", true},
        {"^\\S$", "\v", false},
        {"^[\\S]$", "\v", false},
        {"^[x\\S]$", "\xc3\xa9", true},
        {"^\\w$", "\xc3\xa9", false}, /* ASCII, as PCRE without UCP */
        {"^.$", "\xc3\xa9", true},
        {"[[:alpha:]]", "1a", true},
        {"[]a]", "]", true},
        {"[^]a]", "]", false},
        {"\\xe9", "\xc3\xa9", true},
        {"", "", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (matches(cases[i].pcre, false, cases[i].text) != cases[i].yes)
            fail_msg("%s over %s", cases[i].pcre, cases[i].text);
}

static void over_bytes_a_character_is_one_byte(void **state)
{
    (void)state;
    assert_true(matches("^\xc3\xa9.$", true, "\xe9\xff"));
    assert_true(matches("\\xd4[\\S]", true, "\xd4\xff"));
    assert_false(matches("\xc4\x83", true, "\xc4\x83")); /* above U+00FF: no byte is it */
}

static void what_is_not_linear_or_not_the_same_is_refused(void **state)
{
    static const char *const wrong[] = {
        "(a)\\1",  "a(?=b)",    "a(?!b)",
        "(?<=a)b", "(?<!a)b",   "(?>a)b",
        "a++",     "a*+",       "a{2}+",
        "\\Ga",    "a\\Kb",     "\\R",
        "\\h",     "\\v",       "\\C",
        "a{,3}",   "a$b",       "(a$)+",
        "(a$|b)c", "a$|b\\z",   "a{1001}",
        "[[.a.]]", "(a",        "a)",
        "[a",      "*a",        "\\",
        "(?R)",    "(?(1)a|b)", "\\12",
        "[z-a]",   "(?#x)",     "((a{100}){100}){100}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct regex *r = NULL;
        const char *why = NULL;

        if (regex_read(bytes_text(wrong[i]), false, &r, &why) || r != NULL || why == NULL)
            fail_msg("%s is taken", wrong[i]);
    }
}

/* Time that is exponential in PCRE and in Python's re. */
static void nested_repetition_is_linear(void **state)
{
    static char text[100000];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    assert_false(matches("^((a+)+)+x", false, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expression_is_searched_for_as_pcre_does),
        cmocka_unit_test(over_bytes_a_character_is_one_byte),
        cmocka_unit_test(what_is_not_linear_or_not_the_same_is_refused),
        cmocka_unit_test(nested_repetition_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

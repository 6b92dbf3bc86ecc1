#include "cmd/suggest.h"

#include <string.h>

#include "test.h"

/* A slow reference: the definition, by recursion. */
static size_t reference(const char *a, size_t la, const char *b, size_t lb)
{
    size_t best, other;

    if (la == 0 || lb == 0)
        return la + lb;
    best = reference(a, la - 1, b, lb - 1) + (a[la - 1] != b[lb - 1]);
    other = reference(a, la - 1, b, lb) + 1;
    best = other < best ? other : best;
    other = reference(a, la, b, lb - 1) + 1;
    best = other < best ? other : best;
    if (la > 1 && lb > 1 && a[la - 1] == b[lb - 2] && a[la - 2] == b[lb - 1]) {
        other = reference(a, la - 2, b, lb - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

static void distances_are_those_of_the_definition(void **state)
{
    static const char *const words[] = {"",     "a",    "ab",   "ba",    "case", "csae",
                                        "ease", "desk", "dsek", "decks", "help", "hlep"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (size_t j = 0; j < sizeof words / sizeof words[0]; j++)
            assert_int_equal(suggest_distance(words[i], words[j]),
                             reference(words[i], strlen(words[i]), words[j], strlen(words[j])));
}

static void a_word_that_is_too_long_is_near_to_nothing(void **state)
{
    char word[SUGGEST_LONGEST + 2];

    (void)state;
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_int_equal(suggest_distance(word, "a"), SUGGEST_LONGEST + 1);
    word[SUGGEST_LONGEST] = '\0';
    assert_int_equal(suggest_distance(word, "a"), SUGGEST_LONGEST - 1);
}

static void the_nearest_is_kept_and_a_far_one_is_not(void **state)
{
    struct suggest s = {.typed = "stauts"}, far = {.typed = "banana"};

    (void)state;
    suggest_try(&s, "desk");
    assert_null(s.best);
    suggest_try(&s, "status");
    suggest_try(&s, "states");
    assert_string_equal(s.best, "status");
    suggest_try(&far, "status");
    assert_null(far.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_the_definition),
        cmocka_unit_test(a_word_that_is_too_long_is_near_to_nothing),
        cmocka_unit_test(the_nearest_is_kept_and_a_far_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

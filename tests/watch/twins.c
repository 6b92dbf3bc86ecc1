/* watch/twins.h against a list that is searched from its beginning. */
#include "watch/twins.h"

#include <stdlib.h>

#include "test.h"

static const uint8_t seed[16] = {3, 1, 4};

enum { MOST = 300, STEPS = 60000 };

static uint32_t random_state = 9;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

static void it_is_what_a_plain_list_is(void **state)
{
    struct {
        int64_t time;
        uint64_t mark;
    } list[MOST];
    struct twins *t = twins_new(seed);
    size_t n = 0;

    (void)state;
    for (size_t step = 0; step < STEPS; step++) {
        int64_t time = random_below(5);
        /* few marks, many in one place: 0 and 1 are one, as nobody's is 0 */
        uint64_t mark = (uint64_t)random_below(200) << (random_below(2) * 40);
        size_t i = 0;

        while (i < n && (list[i].time != time || list[i].mark != (mark == 0 ? 1 : mark)))
            i++;
        if (random_below(2) == 0 && n < MOST) {
            assert_true(twins_add(t, time, mark) == (i == n));
            if (i == n) {
                list[n].time = time;
                list[n++].mark = mark == 0 ? 1 : mark;
            }
        } else {
            twins_drop(t, time, mark);
            if (i < n)
                list[i] = list[--n];
        }
    }
    for (size_t i = 0; i < n; i++)
        assert_false(twins_add(t, list[i].time, list[i].mark));
    twins_free(t);
    twins_free(NULL);
}

static void a_mark_sees_every_byte_and_the_length(void **state)
{
    uint8_t text[70] = {0};
    uint64_t seen[2 * sizeof text];
    size_t n = 0;

    (void)state;
    for (size_t len = 0; len < sizeof text; len++)
        seen[n++] = twins_mark(bytes_of(text, len));
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = 1;
        seen[n++] = twins_mark(bytes_of(text, sizeof text));
        text[i] = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(seen[i] != seen[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_a_plain_list_is),
        cmocka_unit_test(a_mark_sees_every_byte_and_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

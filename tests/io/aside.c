#include "io/aside.h"

#include <pthread.h>
#include <unistd.h>

#include "test.h"

static struct loop *loop;
static struct aside *aside;
static int line[2]; /* what runs waits for a byte of it */
static pthread_t us;
static unsigned ran, told;

static int set_up(void **state)
{
    (void)state;
    loop = loop_new();
    aside = aside_new(loop);
    us = pthread_self();
    ran = told = 0;
    return pipe(line);
}

static int clean_up(void **state)
{
    (void)state;
    aside_free(aside);
    loop_free(loop);
    close(line[0]);
    close(line[1]);
    return 0;
}

static void run(void *context)
{
    char byte;

    ran += read(line[0], &byte, 1) == 1 && pthread_equal(pthread_self(), us) == 0;
    *(unsigned *)context += 1;
}

static void done(void *context)
{
    told += *(unsigned *)context == ran && pthread_equal(pthread_self(), us) != 0 &&
            !aside_is_busy(aside);
}

static void ring(void *context)
{
    (void)context;
    assert_true(aside_is_busy(aside));
    assert_int_equal(write(line[1], "x", 1), 1);
}

static void the_loop_turns_while_it_runs_and_says_when_it_is_done(void **state)
{
    struct loop_timer *timer = loop_timer_new(loop, ring, NULL);
    unsigned count = 0;

    (void)state;
    for (unsigned round = 1; round <= 3; round++) {
        aside_begin(aside, run, done, &count);
        loop_timer_in(timer, 1000); /* without a loop that turns it would wait for ever */
        for (unsigned i = 0; i < 1000 && told < round; i++)
            loop_turn(loop, 10000);
        assert_int_equal(ran, round);
        assert_int_equal(told, round);
        assert_false(aside_is_busy(aside));
    }
    loop_timer_free(timer);
}

static void who_waits_for_it_is_told_at_once_and_not_again(void **state)
{
    unsigned count = 0;

    (void)state;
    aside_wait(aside); /* nothing runs */
    aside_begin(aside, run, done, &count);
    assert_int_equal(write(line[1], "x", 1), 1);
    aside_wait(aside);
    assert_int_equal(told, 1);
    loop_turn(loop, 1000);
    aside_wait(aside);
    assert_int_equal(told, 1);
}

static void its_end_waits_for_what_runs_and_says_nothing(void **state)
{
    unsigned count = 0;

    (void)state;
    aside_begin(aside, run, done, &count);
    assert_int_equal(write(line[1], "x", 1), 1);
    aside_free(aside);
    aside = NULL;
    assert_int_equal(ran, 1);
    assert_int_equal(told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_loop_turns_while_it_runs_and_says_when_it_is_done,
                                        set_up, clean_up),
        cmocka_unit_test_setup_teardown(who_waits_for_it_is_told_at_once_and_not_again, set_up,
                                        clean_up),
        cmocka_unit_test_setup_teardown(its_end_waits_for_what_runs_and_says_nothing, set_up,
                                        clean_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

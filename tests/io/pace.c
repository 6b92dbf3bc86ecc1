#include "io/pace.h"

#include <sched.h>
#include <sys/resource.h>

#include "test.h"

/* "Knows no priority: the share of the processor stays what it was." */
static void short_slices_leave_policy_and_priority_alone(void **state)
{
    (void)state;
    assert_int_equal(setpriority(PRIO_PROCESS, 0, 5), 0);
    assert_true(pace_brief());
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), 5);
}

static void another_policy_is_left_as_it_is(void **state)
{
    const struct sched_param none = {0};

    (void)state;
    assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &none), 0);
    assert_false(pace_brief());
    assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_slices_leave_policy_and_priority_alone),
        cmocka_unit_test(another_policy_is_left_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

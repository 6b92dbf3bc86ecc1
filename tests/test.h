/*
 * test.h - what every unit test includes: cmocka in the order it wants, and two helpers.
 */
#ifndef PARLEY_TESTS_TEST_H
#define PARLEY_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"

/* The fault is none; if it is one, its rule and place are printed. */
#define assert_good(expression)                                                                    \
    do {                                                                                           \
        struct fault assert_good_ = (expression);                                                  \
        if (fault_is(assert_good_))                                                                \
            fail_msg("%s: %s at %zu: %s", #expression, fault_word(assert_good_.kind),              \
                     assert_good_.at, assert_good_.rule);                                          \
    } while (0)

/* The fault is of this kind, wherever it is. */
#define assert_fault(expression, expected)                                                         \
    do {                                                                                           \
        struct fault assert_fault_ = (expression);                                                 \
        if (assert_fault_.kind != (expected))                                                      \
            fail_msg("%s: %s, expected %s", #expression, fault_word(assert_fault_.kind),           \
                     fault_word(expected));                                                        \
    } while (0)

#endif

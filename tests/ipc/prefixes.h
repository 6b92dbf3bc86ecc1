/* prefixes.h - a message's body is read whole or not at all. */
#ifndef PARLEY_TESTS_IPC_PREFIXES_H
#define PARLEY_TESTS_IPC_PREFIXES_H

#include "base/bytes.h"
#include "test.h"

/* Every prefix of it is SHORT, all of it good, one byte more EXTRA: the caller's bytes go on by one
 * behind their end. */
static inline void assert_read_whole_alone(struct fault (*read)(struct bytes), struct bytes body)
{
    for (size_t cut = 0; cut < body.len; cut++)
        assert_fault(read(bytes_of(body.data, cut)), FAULT_SHORT);
    assert_good(read(body));
    assert_fault(read(bytes_of(body.data, body.len + 1)), FAULT_EXTRA);
}

#endif

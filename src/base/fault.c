#include "base/fault.h"

#include <errno.h>

struct fault fault_io(const char *rule)
{
    return fault_make(FAULT_IO, (size_t)errno, rule);
}

const char *fault_word(enum fault_kind kind)
{
    static const char *const words[] = {
        [FAULT_NONE] = "none",           [FAULT_SHORT] = "short",     [FAULT_SYNTAX] = "syntax",
        [FAULT_RANGE] = "range",         [FAULT_EXTRA] = "extra",     [FAULT_MISSING] = "missing",
        [FAULT_DUPLICATE] = "duplicate", [FAULT_ORDER] = "order",     [FAULT_MISMATCH] = "mismatch",
        [FAULT_FORGED] = "forged",       [FAULT_UNKNOWN] = "unknown", [FAULT_REFUSED] = "refused",
        [FAULT_LIMIT] = "limit",         [FAULT_CLOCK] = "clock",     [FAULT_IO] = "io",
        [FAULT_DAMAGED] = "damaged",
    };
    return (size_t)kind < sizeof words / sizeof words[0] ? words[kind] : "unknown";
}

/*
 * fault.h - what went wrong, as a value: what, where, by which rule.
 *
 * A fault is returned and must be looked at; rooms never log. The process that hosts the room
 * writes it down once. The rule names a section that the other side can look up, or one of our
 * own rules by its name in docs/.
 */
#ifndef PARLEY_BASE_FAULT_H
#define PARLEY_BASE_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum fault_kind {
    FAULT_NONE = 0,
    FAULT_SHORT,     /* the input ends too early */
    FAULT_SYNTAX,    /* a byte that the grammar does not allow here */
    FAULT_RANGE,     /* well formed, but outside the values allowed */
    FAULT_EXTRA,     /* bytes after the end, or a member that does not belong */
    FAULT_MISSING,   /* a member or part that must be there is not */
    FAULT_DUPLICATE, /* said twice */
    FAULT_ORDER,     /* right thing, wrong time or place: a move the table does not have */
    FAULT_MISMATCH,  /* two things that must be equal are not */
    FAULT_FORGED,    /* a signature, hash or proof does not hold */
    FAULT_UNKNOWN,   /* a key, suite, version or name we do not have */
    FAULT_REFUSED,   /* a rule of release or of the agreement says no */
    FAULT_LIMIT,     /* larger, deeper or more than a stated limit */
    FAULT_CLOCK,     /* a time that cannot be right */
    FAULT_IO,        /* the system refused; errno is in `at` */
    FAULT_DAMAGED,   /* what we stored is not what we find */
};

struct fault {
    enum fault_kind kind;
    size_t at;        /* offset of the first bad byte; errno for FAULT_IO; else 0 */
    const char *rule; /* static text: the rule broken and, where there is one, its section */
};

static inline struct fault fault_none(void)
{
    return (struct fault){FAULT_NONE, 0, NULL};
}

static inline struct fault fault_make(enum fault_kind kind, size_t at, const char *rule)
{
    return (struct fault){kind, at, rule};
}

/* Is this a fault, that is: anything but NONE? */
static inline bool fault_is(struct fault f)
{
    return f.kind != FAULT_NONE;
}

/* FAULT_IO with the errno of the call that just failed. */
struct fault fault_io(const char *rule);

/* The kind as one lower-case word, for messages and stable codes ("syntax", "forged"). */
const char *fault_word(enum fault_kind kind);

#endif

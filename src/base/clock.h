/*
 * clock.h - two kinds of time that cannot be mixed up.
 *
 * struct instant is what a statement or a sensor says: UTC. struct tick is what a timer counts:
 * monotonic, meaningless outside the process. Rooms get both as arguments; only processes read
 * a clock (the two *_now functions).
 */
#ifndef PARLEY_BASE_CLOCK_H
#define PARLEY_BASE_CLOCK_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

struct instant {
    int64_t us; /* microseconds since 1970-01-01T00:00:00Z, leap seconds not counted */
};

struct tick {
    int64_t us; /* microseconds since some moment before this process began */
};

enum {
    INSTANT_TEXT = 20,  /* length of "2026-11-25T09:22:17Z" */
    INSTANT_MICRO = 27, /* length of "2026-11-25T09:22:17.000000Z" */
};

static inline struct instant instant_of_seconds(int64_t s)
{
    return (struct instant){s * 1000000};
}

/* Whole seconds, rounded down. */
static inline int64_t instant_seconds(struct instant t)
{
    return t.us / 1000000 - (t.us % 1000000 < 0);
}

/* RFC 3339 in the one form we write: UTC, `Z`, whole seconds, years 0001 to 9999. `out` has
 * INSTANT_TEXT + 1 bytes. Years outside are written as the nearest that fits. */
void instant_write(struct instant t, char *out);

/* Reads just that form. SYNTAX, RANGE (a month 13, a 30 February). */
MUST_CHECK struct fault instant_parse(struct bytes text, struct instant *out);

/* As instant_write, with six digits of fraction; `out` has INSTANT_MICRO + 1 bytes. */
void instant_micro_write(struct instant t, char *out);

/*
 * RFC 3339, UTC, `Z`, a fraction of 0 to 9 digits or none at all ("..:17.Z" is one of 0 digits):
 * what STIX and TAXII write. Digits beyond the sixth are cut. SYNTAX, SHORT, EXTRA, RANGE.
 */
MUST_CHECK struct fault instant_fraction_parse(struct bytes text, struct instant *out);

/* Days from 1970-01-01 to a date of the Gregorian calendar; month 1 to 12. */
int64_t days_from_date(int64_t year, int month, int day);

struct instant instant_now(void); /* CLOCK_REALTIME; for processes */
struct tick tick_now(void);       /* CLOCK_MONOTONIC; for processes */

#endif

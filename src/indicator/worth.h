/*
 * worth.h - how much it means that an indicator was seen.
 *
 * By hash, name or URL: high; by address, endpoint or pattern: moderate, for many share an address;
 * by subnet: low. One step lower where no event lay within its validity, where it names no end and
 * was old when it was seen, and where a warning list names the value. Knows no event.
 */
#ifndef PARLEY_INDICATOR_WORTH_H
#define PARLEY_INDICATOR_WORTH_H

#include "indicator/indicator.h"

enum {
    WORTH_REASONS = 6,
    /* Days after which an indicator that names no end is old. Addresses change hands: 120 is the
     * life that MISP's decaying model for network indicators gives them. A hash is never old. */
    WORTH_ADDRESS_DAYS = 120,
    WORTH_NAME_DAYS = 365,
};

struct worth {
    enum indicator_kind kind;   /* NONE: a pattern */
    struct instant from, until; /* its validity: INT64_MIN, INT64_MAX where not said */
    struct instant last;        /* when it was seen last */
    uint64_t events;            /* that met it */
    uint64_t outside;           /* of them outside its validity */
    uint64_t warned;            /* of them while a warning list named the value */
};

/* "low", "moderate", "high" */
const char *worth_confidence(const struct worth *w);

/* "by-hash", "by-name", "by-url", "by-address", "by-endpoint", "by-subnet", "by-pattern";
 * "out-of-validity" (all events), "partly-out-of-validity", "validity-unknown", "indicator-old";
 * "warning-list". At most WORTH_REASONS; returns how many. */
size_t worth_reasons(const struct worth *w, const char **out);

#endif

/*
 * fence.h - may our node sign, as it starts? Compares what the log holds, what keeper remembers,
 * and a head with our own signature that somebody brings.
 *
 * Only a head bearing our own valid signature, or keeper's record, proves that we are behind;
 * what anybody else says proves nothing. Pure: decides, does nothing.
 */
#ifndef PARLEY_LEDGER_FENCE_H
#define PARLEY_LEDGER_FENCE_H

#include "ledger/keeping.h"
#include "ledger/ledger.h"

enum fence {
    FENCE_NONE = 0,
    FENCE_OK,
    FENCE_TRUNCATE_TAIL, /* entries behind `size` were never signed: sign them, or cut there */
    FENCE_BEHIND,        /* heads were signed up to `size` that the log does not reach: refill */
    FENCE_CATCH_UP,      /* the log reaches `size`, keeper's record does not: keeping_catch_up */
    FENCE_DAMAGED,       /* two of the three contradict: a person must look */
};

struct fence_verdict {
    enum fence what;
    uint64_t size;
    const char *words; /* what to do; one sentence, static */
};

/*
 * `kept` is keeper's record of the log, NULL if it has none. `signed_head` is a head of our log
 * whose note was found to bear all our valid signatures (note_verify_checkpoint), NULL if nobody
 * brought one.
 */
struct fence_verdict fence_decide(const struct ledger *log, const struct keeping_log *kept,
                                  const struct checkpoint *signed_head);

#endif

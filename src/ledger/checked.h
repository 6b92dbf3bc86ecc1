/*
 * checked.h - signatures that held a moment ago.
 *
 * One head passes several hands inside a process: the frame it came in, the mirror, the head that
 * is binding. Each hand checks for itself and should; but the answer is a function of key, message
 * and signature alone, so the last few that held are remembered by their hash and not computed
 * again. A good one is answered sooner, never otherwise; one that does not hold is not remembered.
 */
#ifndef PARLEY_LEDGER_CHECKED_H
#define PARLEY_LEDGER_CHECKED_H

#include "crypto/suite.h"

enum { CHECKED_KEPT = 16 }; /* two heads and their cosignatures, of both logs, in two suites */

/* As suite_verify. */
MUST_CHECK struct fault checked_verify(const struct suite *s, struct bytes key,
                                       struct bytes message, struct bytes signature);

#endif

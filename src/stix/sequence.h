/*
 * sequence.h - observation operators and qualifiers: are there distinct observations that meet
 * them? For this folder alone.
 *
 * STIX 2.1 sections 9.5 and 9.3. What is looked for is a binding: to each [..] of the pattern,
 * taken as often as REPEATS says, an observation that meets it, none taken more often than it was
 * seen (number_observed). An observation is an interval, and any moment in it may be chosen:
 *
 *   A FOLLOWEDBY B   the latest first_observed of A is not after the earliest last_observed of B
 *   WITHIN d         the latest first_observed is at most d after the earliest last_observed
 *   START a STOP b   each overlaps [a, b)
 *
 * Each of these bounds the single observations below it once one moment is chosen: the moment
 * between A and B, the moment at which the window opens. And only moments at which some
 * observation begins or ends need be tried. So the search tries those, and for each choice asks
 * whether the bounded [..]s can have distinct observations, which is a flow problem and needs no
 * search. What remains exponential, repeated groups that each need a moment of their own, is cut
 * by asking the flow problem at every choice, and ends at a budget.
 */
#ifndef PARLEY_STIX_SEQUENCE_H
#define PARLEY_STIX_SEQUENCE_H

#include "stix/observing.h"

/* met[leaf * count + observation] says that the [..] is true of it. LIMIT if the budget of
 * match.h is spent, or too much is repeated. */
MUST_CHECK struct fault sequence_decide(const struct pattern *p, const struct observed *o,
                                        const bool *met, bool *out);

#endif

/*
 * match.h - a pattern over observations in JSON: match, no match, or a comparison that is
 * forbidden.
 *
 * STIX 2.1 sections 9.5 to 9.8. Every comparison of every observation is looked at, so whether
 * one is forbidden does not depend on the order in which they stand. Bounded: object paths and
 * the search for distinct observations each have a budget, and a pattern that spends it is
 * answered with LIMIT, not with a guess.
 */
#ifndef PARLEY_STIX_MATCH_H
#define PARLEY_STIX_MATCH_H

#include "stix/observed.h"
#include "stix/pattern.h"

enum {
    MATCH_STEPS = 20000000,  /* object path steps of one question: cycles of references */
    MATCH_SEARCH = 20000000, /* looks at an observation while searching: about 50 ms */
    MATCH_CELLS = 16 << 20,  /* pairs of [..] and observation: a byte each */
    MATCH_DEPTH = 512,       /* parts open at once, repeated ones each time */
};

/*
 * Does `o` meet p, which was read without a vocabulary? Faults, with the offset of the comparison
 * in the pattern's text: MISMATCH, a comparison that the standard forbids (a text that is no
 * time beside a time, no address beside a subnet, no hex in _hex, no id in _ref); LIMIT.
 */
MUST_CHECK struct fault match_decide(const struct pattern *p, const struct observed *o, bool *out);

#endif

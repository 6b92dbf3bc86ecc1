/*
 * holds.h - may this entry go under a head? The check that keeper makes by itself: the last
 * paragraph of docs/PROTOCOL.ledger section 5.
 *
 * Believes nobody but the agreement, the root keys and the officers' keys. Desk and gate together,
 * with every byte theirs to choose, get nothing through that is not an automatic kind. What it
 * cannot know, its caller keeps: that a permit is used once (`out` says its id and how long it
 * must be remembered), and that index 0 is the only GENESIS.
 */
#ifndef PARLEY_RELEASE_HOLDS_H
#define PARLEY_RELEASE_HOLDS_H

#include "release/registry.h"
#include "statement/permit_text.h"

enum { RELEASE_RULES = 1 /* version of release control's rule set, in every permit */ };

/* An officer's decision as it was brought. All borrowed, all untrusted. */
struct decision_given {
    struct bytes text;
    struct bytes suite, signature; /* names and signatures, as crypto/several.h spells them */
};

struct holds {
    const struct agreement *agreement;
    const struct party *own;
    const struct registry *registry;
    struct instant now;
    const struct entry *entry; /* as entry_parse read it */
    struct bytes permit;       /* its text; empty for automatic and root-signed kinds */
    struct bytes disclosed;    /* the document's disclosed form; empty for automatic kinds alone */
    const struct decision_given *decisions;
    size_t decision_count;
};

/*
 * How many officers must release a statement of this kind under this article (NULL: none is
 * concerned), and is that a thing that can be said at all? REFUSED, with the rule.
 */
MUST_CHECK struct fault release_officers(enum kind kind, const struct article *article,
                                         unsigned *out);

/* May an officer in this role decide under this article (NULL: none)? */
bool release_role_is_named(const struct article *article, enum officer_role role);

/*
 * Do these decisions make the permit hold: N different officers, enrolled, not withdrawn, one
 * drafter and the rest releasers (one releaser if N is 1), each signature good, each time within
 * the permit's life? `text` is the permit's text. Faults: MISSING (not enough), EXTRA (too many),
 * DUPLICATE (one officer twice), UNKNOWN (no such officer), REFUSED (withdrawn, or not his role),
 * MISMATCH (another permit), CLOCK, MISSING or FORGED (the rule names the suite), and those of
 * decision_parse.
 */
MUST_CHECK struct fault decisions_hold(const struct agreement *a, const struct registry *r,
                                       struct bytes text, const struct permit_text *permit,
                                       const struct decision_given *decisions, size_t count,
                                       struct instant now);

/* One decision alone, as far as it can be judged before the others are there. */
MUST_CHECK struct fault decision_holds(const struct agreement *a, const struct registry *r,
                                       struct bytes text, const struct permit_text *permit,
                                       const struct decision_given *given, struct instant now,
                                       struct decision *out);

/*
 * May it? The fault's rule says what is missing. `out` may be NULL; it is written for entries that
 * officers released, on success: remember out->id until out->expires and refuse it a second time.
 */
MUST_CHECK struct fault release_holds(const struct holds *in, struct permit_text *out);

#endif

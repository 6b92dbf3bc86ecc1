/*
 * release.h - may this leave? DESIGN section 7.
 *
 * Deny by default. One function decides, over the agreement's rules and the party's own, and says
 * which rule on which field; from its verdict, and from nothing else, permits are made. Draft:
 * release_decide, release_permit_prepare; officers sign the permit text; release_permit_grant.
 * Pure: randomness and time are arguments.
 */
#ifndef PARLEY_RELEASE_RELEASE_H
#define PARLEY_RELEASE_RELEASE_H

#include "model/marking.h"
#include "model/stored.h"
#include "release/holds.h"
#include "statement/fields.h"

enum { RELEASE_FIELDS = DOCUMENT_LEAVES };

enum release_word {
    RELEASE_NONE = 0,
    RELEASE_SEND,
    RELEASE_WITHHOLD, /* under its commitment, named by its rule */
    RELEASE_REFUSE,   /* the statement cannot go as long as it says this */
};

struct release_field {
    char path[DOCUMENT_PATH + 1];
    enum release_word word;
    const char *rule; /* for WITHHOLD a name as it goes into the document; "" for SEND */
    size_t at;        /* for REFUSE in free text: offset of the place */
};

struct release_ask {
    const struct agreement *agreement;
    const struct party *own;
    enum kind kind;
    bool answers;                /* it answers an entry */
    enum class class;            /* of the case, or of the new one */
    const json_t *fields;        /* { path: value }, all of the statement */
    const char *const *withhold; /* the party's and the officer's own list of paths */
    size_t withhold_count;
    const char *const *disclose; /* paths an officer opens although they are withheld by default */
    size_t disclose_count;
    enum tlp parents; /* strictest marking of what it was made from; NONE: of nothing */
};

struct release_verdict {
    bool allowed;
    const char *rule;              /* the first rule that refuses, "" if allowed */
    char path[DOCUMENT_PATH + 1];  /* the field it refuses, "" if it is the whole statement */
    unsigned officers;             /* signatures it needs; 0 for automatic kinds */
    const struct article *article; /* NULL where none is concerned */
    size_t count;
    struct release_field *fields; /* owned: release_verdict_done; in the order of the document */
    size_t withheld_count;
    struct withheld *withheld; /* owned; for document_disclose */
};

/* Decides. *out is always written and freed with release_verdict_done. */
void release_decide(const struct release_ask *ask, struct release_verdict *out);
void release_verdict_done(struct release_verdict *v);

/* What a permit is for, beside the verdict and the document. */
struct release_for {
    uint8_t id[PERMIT_ID]; /* random, never used before */
    struct instant now, expires;
    const char *case_id; /* "" for none */
    bool has_answers;
    struct digest answers;
    struct digest document; /* root */
    uint32_t leaves;
    struct bytes disclosed; /* the exact bytes that will go */
};

/*
 * Appends the permit text for officers to sign. REFUSED: the verdict does not allow it, or it is a
 * kind that officers do not release. RANGE: it would live longer than PERMIT_SECONDS.
 */
MUST_CHECK struct fault release_permit_prepare(const struct release_ask *ask,
                                               const struct release_verdict *verdict,
                                               const struct release_for *what, struct buf *out);

/*
 * The permit itself, once its decisions hold. The caller frees it (permit_free). Faults:
 * those of permit_text_parse and decisions_hold; CLOCK (expired); MISMATCH (another agreement or
 * number of officers than it says).
 */
MUST_CHECK struct fault release_permit_grant(const struct agreement *a, const struct party *own,
                                             const struct registry *r, struct bytes text,
                                             const struct decision_given *decisions, size_t count,
                                             struct instant now, struct permit **out);

/* The permit of an automatic kind, or of one that the root keys sign. REFUSED: the kind is none.
 * For root-signed ones the signatures must hold. `disclosed` are the bytes that will go. */
MUST_CHECK struct fault release_permit_automatic(const struct agreement *a, const struct party *own,
                                                 enum kind kind, bool answers,
                                                 struct bytes disclosed, struct permit **out);
MUST_CHECK struct fault release_permit_root(const struct agreement *a, const struct party *own,
                                            enum kind kind, struct bytes disclosed,
                                            struct permit **out);

/*
 * The permit again for an entry that is stored under a head which keeper signed (a resend, a
 * restart): keeper asked the officers then, and a permit that expired or an officer who was
 * withdrawn since unsays nothing. `permit_text` is empty for automatic and root-signed entries.
 * MISMATCH: the permit or the bytes are not the entry's.
 */
MUST_CHECK struct fault release_permit_again(const struct stored *stored, const struct entry *entry,
                                             struct bytes permit_text, struct bytes disclosed,
                                             const char *to, struct permit **out);

#endif

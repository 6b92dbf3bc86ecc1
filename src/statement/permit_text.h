/*
 * permit_text.h - the text of a permit: docs/PROTOCOL.ledger section 5.
 *
 * What officers sign and what keeper holds an entry against. Knows the lines; whether a permit
 * holds is release/holds.h's, and a struct permit (model/permit.h) is made by release/ alone.
 */
#ifndef PARLEY_STATEMENT_PERMIT_TEXT_H
#define PARLEY_STATEMENT_PERMIT_TEXT_H

#include "model/permit.h"

enum {
    PERMIT_ID = 16,                    /* random bytes */
    PERMIT_ARTICLE = 17,               /* longest article id, and a NUL */
    PERMIT_OFFICERS = 3,               /* most signatures that can be asked for */
    PERMIT_SECONDS = 7 * 24 * 60 * 60, /* longest life: a forgotten leave must not lie around */
};

struct permit_text {
    uint8_t id[PERMIT_ID];
    char agreement[ENTRY_NAME];
    uint32_t version;
    struct digest agreement_digest;
    uint32_t rules; /* version of release control's rule set */
    char to[ENTRY_NAME];
    enum kind kind;
    enum class class;
    char case_id[CASE_TEXT]; /* "" where there is none */
    bool has_answers;
    struct digest answers;
    char article[PERMIT_ARTICLE]; /* "" where no article is concerned */
    struct digest document;
    uint32_t leaves;
    struct digest disclosed;
    uint32_t disclosed_length;
    unsigned officers; /* 1 to PERMIT_OFFICERS */
    struct instant expires;
};

/* [A-Za-z0-9().-]{1,16} */
bool article_id_is(struct bytes text);

/*
 * Reads the text; it must be exactly what permit_text_write would write. `text` is untrusted.
 * Faults: LIMIT (PERMIT_MAX), SHORT, SYNTAX, RANGE, UNKNOWN (kind, class), EXTRA.
 */
MUST_CHECK struct fault permit_text_parse(struct bytes text, struct permit_text *out);

/* Appends the text. The permit must be one that permit_text_parse would accept. */
void permit_text_write(const struct permit_text *p, struct buf *out);

/*
 * Does the permit say the same as the entry in every line they share? MISMATCH; the rule names
 * the line.
 */
MUST_CHECK struct fault permit_text_equals(const struct permit_text *p, const struct entry *e);

#endif

/*
 * verify.h - what a stranger can say of a case bundle: docs/PROTOCOL.bundle section 3.
 *
 * Bytes in, a report out. Knows no node, no configuration, no network, no clock; trusts nothing
 * but the two parties' root keys that stand in the bundle's agreement, and prints their
 * fingerprints so that they can be compared with a paper copy.
 */
#ifndef PARLEY_PROOF_VERIFY_H
#define PARLEY_PROOF_VERIFY_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/suite.h"
#include "model/entry.h"
#include "pact/agreement.h"

enum verdict {
    VERDICT_NONE = 0,
    VERDICT_VERIFIED,      /* every check holds */
    VERDICT_FORGED,        /* one does not */
    VERDICT_CANNOT_TELL,   /* a version, a suite or a cosignature is missing to say */
    VERDICT_CONTRADICTION, /* of two heads: one party signed two histories */
};

/* In the order in which they are made; the first that does not hold ends the work. */
enum check {
    CHECK_FORM,
    CHECK_AGREEMENT,
    CHECK_GENESIS,
    CHECK_HEADS,
    CHECK_GROWTH,
    CHECK_INCLUSION,
    CHECK_DOCUMENTS,
    CHECK_CHAIN,
    CHECK_TIMES,
    CHECK_OPENINGS,
    CHECK_CLOCKS,
    CHECK_ANCHORS,
    CHECK_COUNT,
};

enum check_state {
    CHECK_NOT_MADE = 0,
    CHECK_OK,
    CHECK_NOTED,   /* holds, with something that the reader should know */
    CHECK_BAD,     /* forged or altered */
    CHECK_UNKNOWN, /* cannot tell */
};

/* Why a statement, though its party truly said it, counts for nothing in the deadlines. What its
 * maker can bring about by himself is never a forgery: else one statement of his would make every
 * bundle of the case worthless. */
enum aside {
    ASIDE_NONE = 0,
    ASIDE_CHAIN,     /* number or `previous` does not follow this party's one before */
    ASIDE_ANSWERS,   /* what it answers is in neither log of the bundle */
    ASIDE_AGREEMENT, /* it names an agreement that is not in the bundle */
    ASIDE_CLASS,     /* another class than the case's */
    ASIDE_NONCE,     /* the return of a CHECK with another nonce */
    ASIDE_NO_NONCE,  /* one whose nonce cannot be compared: a document is not here */
    ASIDE_MOVE,      /* docs/cases.md has no such move */
    ASIDES,
};

/* For the report's reader: "it answers what is not here"; "" for ASIDE_NONE. */
const char *aside_why(enum aside a);

/* "answers", "chain", ..; "none". */
const char *aside_name(enum aside a);

enum { REPORT_FOUND = 400, REPORT_CLOCKS = 256 };

struct check_result {
    enum check_state state;
    char found[REPORT_FOUND]; /* one sentence for the reader */
};

struct report_party {
    char id[ENTRY_NAME];
    char name[128];
    size_t root_count;
    struct {
        char suite[SUITE_NAME];
        char fingerprint[FINGERPRINT_TEXT];
    } roots[AGREEMENT_SUITES];
};

struct report_statement {
    size_t party; /* 0 or 1 */
    size_t at;    /* its place in the bundle's list of that party */
    uint64_t index, number;
    enum kind kind;
    enum class class;
    struct instant time;    /* as claimed */
    bool bound;             /* the other side's cosignature covers it */
    struct instant binding; /* when, as that cosignature says */
    bool ill_timed;         /* `time` lies outside its cosignatures by more than the skew */
    enum aside aside;
};

struct report_clock {
    enum clock_kind kind;
    size_t party;        /* who owed it */
    uint64_t index;      /* in the other side's log, of the statement that started it */
    enum kind statement; /* its kind */
    struct instant began, due;
    bool met, late;
    bool ending;         /* something that would meet it was said, but is not binding */
    struct instant when; /* if met */
};

struct report {
    enum verdict verdict;
    struct check_result checks[CHECK_COUNT];
    char case_id[CASE_TEXT];
    char agreement[ENTRY_NAME];
    char title[128];
    uint32_t version; /* the newest in the bundle */
    struct report_party parties[AGREEMENT_PARTIES];
    size_t statement_count;
    struct report_statement *statements; /* owned; as they were said: verifying.c, earlier_log */
    size_t clock_count;
    struct report_clock clocks[REPORT_CLOCKS];
};

/* "form", "agreement", ... */
const char *check_name(enum check c);

struct anchor_trust;

/* Makes all checks. `text` is untrusted. The report is done with report_done, whatever it says. */
void bundle_verify(struct bytes text, struct report *out);

/* The same, and looks at what these outsiders said of the heads. */
void bundle_verify_anchored(struct bytes text, const struct anchor_trust *trust,
                            struct report *out);
void report_done(struct report *r);

#endif

/*
 * case.h - the life of one case as one node sees it: its state, and what is due from whom.
 *
 * Pure: time comes in, nothing is stored here. desk keeps the struct's members as columns, and a
 * stranger's check (proof/) replays the same functions over a bundle.
 *
 * Clocks (DESIGN section 5, rule 3): RECEIPT runs from the time at which the statement was
 * stored, which is weak proof; every other clock runs from binding to binding: from the
 * cosignature over what started it to the cosignature over what ended it.
 */
#ifndef PARLEY_CASES_CASE_H
#define PARLEY_CASES_CASE_H

#include "base/clock.h"
#include "cases/move.h"
#include "crypto/digest.h"
#include "pact/agreement.h"
#include "statement/document.h"

enum {
    /* Of one case, not counting those that are over: one RECEIPT a statement that waits for it, and
     * of the other duties one a side. Clocks that are over give their places to new ones. */
    CASE_CLOCKS = 64
};

enum urgency {
    URGENCY_NONE = 0,
    URGENCY_ROUTINE,
    URGENCY_PRIORITY,
    URGENCY_IMMEDIATE,
};

const char *urgency_name(enum urgency urgency);
enum urgency urgency_parse(struct bytes name); /* URGENCY_NONE if there is none */

enum due_state {
    DUE_NONE = 0,
    DUE_WAITING, /* what starts it is not binding yet */
    DUE_RUNNING,
    DUE_ENDING, /* what ends it was said, and is not binding yet */
    DUE_KEPT,
    DUE_LATE,    /* met, after its time */
    DUE_OVERDUE, /* its time is over and nothing came */
    DUE_DROPPED, /* nothing is due any more: rejected, closed */
};

const char *due_state_name(enum due_state state);

struct due {
    enum clock_kind clock;
    unsigned duty; /* one DUTY_* bit of statement/type.h */
    enum case_side owes;
    enum due_state state;
    struct digest from;               /* leaf of the statement that started it */
    struct digest until;              /* leaf of the one that ends it; zero before DUE_ENDING */
    uint32_t seconds;                 /* how long it may take */
    struct instant began, due, ended; /* meaningful from RUNNING; from KEPT or LATE on */
    bool receipt;                     /* when overdue: their node had given a RECEIPT for `from` */
};

struct case_life {
    enum case_state state;
    enum class class;
    enum urgency urgency;
    enum case_side proposer; /* in CASE_CLOSING */
    struct digest opening;   /* leaf of the statement that opened it */
    size_t due_count;
    struct due due[CASE_CLOCKS];
    size_t gone_kept, gone_late; /* clocks that were over, whose places others took */
};

/* A statement as far as the life of a case depends on it. */
struct case_said {
    enum kind kind;
    enum variant variant;
    enum case_side by;
    enum class class;
    enum urgency urgency; /* of the opening statement; else ignored */
    struct digest leaf;
    bool has_answers;
    struct digest answers; /* leaf of what it answers */
    struct instant stored; /* when it was stored: by our clock for ours, as claimed for theirs */
    struct instant until;  /* of a pending ANSWER; else zero */
};

/*
 * What a statement says in particular: from the fields `result` (ANSWER), `step` (CLOSE,
 * AGREEMENT) and whether it answers the statement that opened the case (CHECK, REJECT).
 */
enum variant variant_of(enum kind kind, const char *field, bool answers_opening);

/*
 * A statement as its entry and its document (NULL where that was refused or erased) tell it, said
 * by `by` in the case of this life.
 */
struct case_said case_said_of(const struct entry *e, const struct digest *leaf,
                              const struct disclosed *d, enum case_side by,
                              const struct case_life *life);

/* The seconds of a case that this document opened: its article's, else the agreement's; CLOCK_KINDS
 * of them, borrowed from the agreement. */
const uint32_t *case_clocks(const struct agreement *a, const struct disclosed *opening);

/*
 * Applies a statement. `clocks` are the article's seconds, or the agreement's where no article is
 * concerned. *life is changed on success alone. Faults: ORDER (the table has no such move),
 * REFUSED (another class than the case's), LIMIT (CASE_CLOCKS are running, waiting or overdue).
 */
MUST_CHECK struct fault case_apply(struct case_life *life, const struct case_said *said,
                                   const uint32_t clocks[CLOCK_KINDS]);

/* The statement with this leaf became binding at `at` (the time of the cosignature over it). */
void case_bound(struct case_life *life, const struct digest *leaf, struct instant at);

/* Turns every clock that ran out into OVERDUE; how many did. */
size_t case_overdue(struct case_life *life, struct instant now);

/* The earliest time at which case_overdue has something to do; false if nothing is running. */
bool case_next_due(const struct case_life *life, struct instant *out);

/* The clock that presses this side most (earliest due, overdue ones first), or NULL. */
const struct due *case_pressing(const struct case_life *life, enum case_side owes);

#endif

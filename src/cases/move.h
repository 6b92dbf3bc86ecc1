/*
 * move.h - who may say what in which state, where it leads, what it makes due: one table.
 *
 * A case has an opener and another; the table speaks of them, so that one table serves both nodes.
 * Each node applies it to what it has said and heard, and so keeps its own state of the case
 * (reference: each side states its own; there is no merged truth). docs/cases.md is drawn from
 * the table. What a type makes due is statement/type.h's.
 */
#ifndef PARLEY_CASES_MOVE_H
#define PARLEY_CASES_MOVE_H

#include "base/buf.h"
#include "base/fault.h"
#include "model/entry.h"

enum case_state {
    CASE_NONE = 0,     /* nothing was said yet */
    CASE_NOTIFIED,     /* a NOTICE, not yet acknowledged */
    CASE_ACKNOWLEDGED, /* an officer of the other side has it */
    CASE_ANSWERED,     /* the other side has answered */
    CASE_CLOSING,      /* one side proposes to close */
    CASE_CLOSED,
    CASE_CHECKING, /* a communications check is out */
    CASE_CHECKED,  /* and came back */
    CASE_PROPOSED, /* a version of the agreement is proposed */
    CASE_ACCEPTED,
    CASE_WITHDRAWN,
    CASE_SHARED,   /* objects were released to the other side: nothing is due */
    CASE_REJECTED, /* what opened it was rejected */
    CASE_STATES,
};

/* "notified" ...; "none" for CASE_NONE. */
const char *case_state_name(enum case_state state);
enum case_state case_state_parse(struct bytes name); /* CASE_NONE if there is none */

/* Can anything still be due in this state? */
bool case_state_is_open(enum case_state state);

enum case_side {
    SIDE_NONE = 0,
    SIDE_OPENER,
    SIDE_OTHER,
};

static inline enum case_side side_other(enum case_side side)
{
    return side == SIDE_OPENER ? SIDE_OTHER : SIDE_OPENER;
}

/* What a statement of a type says in particular, where that decides the move. */
enum variant {
    VARIANT_NONE = 0,
    VARIANT_PENDING,  /* ANSWER: not yet, until a time */
    VARIANT_PROPOSE,  /* CLOSE, AGREEMENT */
    VARIANT_AGREE,    /* CLOSE agree, AGREEMENT accept */
    VARIANT_REOPEN,   /* CLOSE */
    VARIANT_WITHDRAW, /* AGREEMENT; RETRACT of all */
    VARIANT_RETURN,   /* CHECK that answers one; REJECT that answers the opening statement */
};

enum mover {
    MOVER_NONE = 0,
    MOVER_OPENER,
    MOVER_OTHER,
    MOVER_EITHER,
    MOVER_NOT_PROPOSER, /* the side that did not propose to close */
};

struct move {
    enum case_state in;
    enum kind kind;
    enum variant variant;
    enum mover by;
    enum case_state to;
};

/* The move for this, or NULL: it cannot happen. `proposer` matters in CASE_CLOSING alone. */
const struct move *move_find(enum case_state in, enum kind kind, enum variant variant,
                             enum case_side by, enum case_side proposer);

/* Move number i of those that `by` can make in this state, in the table's order; NULL behind the
 * last. RECEIPT and REJECT, which the node makes, are not among them. */
const struct move *move_allowed(enum case_state in, enum case_side by, enum case_side proposer,
                                size_t i);

/* Appends docs/cases.md's table. */
void moves_draw(struct buf *out);

#endif

/*
 * type.h - the 24 types of statement, one row each: DESIGN section 4.
 *
 * Knows what is true of a type whatever case it is said in: who makes it, how many officers
 * release it, what its arrival makes due. Which state it may be said in is the table of moves'
 * (cases/move.h), which fields it has is fields.h's. docs/STATEMENTS is drawn from this table.
 */
#ifndef PARLEY_STATEMENT_TYPE_H
#define PARLEY_STATEMENT_TYPE_H

#include "model/entry.h"

/* What a statement can make due, as bits: a row of a table starts and stops several at once. */
enum duty {
    DUTY_NONE = 0,
    DUTY_RECEIPT = 1, /* the receiver's node says that it has the bytes */
    DUTY_ACK = 2,     /* an officer of the receiver has read it */
    DUTY_ANSWER = 4,  /* the receiver answers */
    DUTY_INQUIRY = 8, /* the receiver explains */
    DUTY_CLOSE = 16,  /* the receiver moves on to the end of the case */
    DUTY_CHECK = 32,  /* the receiver's node returns a CHECK */
};

/* "receipt", "ack", "answer" ..; "none" for anything but exactly one duty. */
const char *duty_name(enum duty duty);

enum type_officers {
    OFFICERS_NONE = 0, /* the node itself, or the root keys */
    OFFICERS_ONE = 1,
    OFFICERS_TWO = 2,
    OFFICERS_ARTICLE = 100, /* as many as the article says */
};

struct type {
    enum kind kind;
    const char *what; /* one sentence */
    bool automatic;   /* its node makes it; no officer, no free text, no RECEIPT */
    bool in_case;     /* has a case id and a number in the case */
    bool available;   /* false: refused as not yet available, not parsed further */
    enum type_officers officers;
    unsigned starts; /* DUTY_* bits: due from its receiver (RECEIPT not listed: see below) */
    unsigned stops;  /* DUTY_* bits: duties of its maker that it can end */
};

/* The row of a type; NULL for GENESIS, KEYS, EVIDENCE and what is no type: those are said to
 * nobody. */
const struct type *type_find(enum kind kind);

/* Is this statement its node's own? `answers`: it answers an entry, which makes a CHECK the
 * return of one. EVIDENCE is automatic too. */
bool type_is_automatic(enum kind kind, bool answers);

/*
 * Must the receiver's node say that it has it? Not for automatic ones, so that a quiet link
 * comes to rest, and not outside a case: there the cosignature says it.
 */
bool type_wants_receipt(enum kind kind, bool answers);

/* Do the root keys sign its document instead of officers: GENESIS, KEYS, CONTACT? */
bool type_is_rooted(enum kind kind);

#endif

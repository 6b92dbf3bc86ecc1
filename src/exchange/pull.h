/*
 * pull.h - a walk through a collection of a foreign TAXII server, page by page, to its end.
 *
 * OASIS TAXII 2.1 sections 3.4 to 3.7 and 5.3 to 5.6, as a client. Servers page badly in many ways
 * (enum pull_wrong): the walk goes on where it can do so without losing anything, says what was
 * wrong, and stops where it cannot; it never ends as complete where objects may be missing, and
 * every step either brings something new or is counted against a bound.
 *
 * No socket, no clock, no store: the caller asks what pull_ask says, keeps the objects of the
 * answer, tells pull_heard, and puts the state down with the objects in one transaction. A process
 * that is killed goes on from there.
 *
 *     while (pull_end(p) == PULL_GOES_ON) {
 *         pull_ask(p, &query);
 *         ... GET objects/?query; keep its objects; count the new ones ...
 *         pull_heard(p, &answer);
 *         ... pull_state_write(pull_state(p), &blob); commit; wait pull_wait(p) seconds ...
 *     }
 */
#ifndef PARLEY_EXCHANGE_PULL_H
#define PARLEY_EXCHANGE_PULL_H

#include "base/buf.h"
#include "base/clock.h"
#include "exchange/foreign.h"

enum {
    PULL_LIMIT = 500,        /* objects of a page, unless asked otherwise */
    PULL_LIMIT_MOST = 10000, /* asked for where a whole page has one date_added */
    PULL_TRIES = 4,          /* of one request that is not answered, or answered by 5xx or 429 */
    PULL_WAIT = 60,          /* most seconds between two tries, whatever the server wishes */
    PULL_EMPTY = 100,        /* pages without an object, one behind the other */
    PULL_REPEATED = 8,       /* pages that were there before, one behind the other */
    PULL_MET = 20000,        /* objects met in a walk, beyond three times those we hold */
    PULL_WHY = 300,
};

/* What a server did wrong, or what looks like it. */
enum pull_wrong {
    PULL_NEXT_LOOPS = 0, /* `next` is one that it gave before in this walk */
    PULL_NEXT_LOST,      /* pages had `next`, this one has more and none */
    PULL_NEXT_REFUSED,   /* it does not know its own `next` any more */
    PULL_NEXT_LAST,      /* `next` on a page with nothing behind it */
    PULL_PAGE_REPEATED,
    PULL_MORE_EMPTY, /* "more": true, no object and nothing to go on from */
    PULL_NO_DATES,   /* no X-TAXII-Date-Added-Last beside objects */
    PULL_BAD_DATE,   /* it is no time */
    PULL_BACKWARDS,  /* dates of a later page lie before those of an earlier one */
    PULL_TIES,       /* more objects of one date_added than a page of it holds, and no `next` */
    PULL_CLOCK,      /* its clock stands before dates that it gave */
    PULL_TYPE,       /* Content-Type is not TAXII's */
    PULL_CUT,        /* an answer ended before its end */
    PULL_BODY,       /* no envelope */
    PULL_ODD,        /* "more" or "next" of a wrong type */
    PULL_LARGE,      /* a page larger than the standard's clients take; asked for less */
    PULL_OBJECTS,    /* objects that are no STIX: not kept */
    PULL_AGAIN,      /* the same objects over and over, in other pages */
    PULL_WRONGS,
};

/* In words: "a page came twice". */
const char *pull_wrong_text(enum pull_wrong w);

/* What a walk remembers over a restart. */
struct pull_state {
    bool has_after;
    struct instant after; /* whatever was dated up to here was met */
    uint8_t digits;       /* the finest fraction of a second that its dates had */
    bool torn;            /* a walk passed over what it could not reach: audit */
    bool walking;         /* in the middle of a walk: */
    bool has_asked;       /* added_after of its requests */
    struct instant asked;
    bool has_reached; /* the last date_added met in this walk */
    struct instant reached;
    char next[FOREIGN_NEXT]; /* "" if it goes by dates */
    bool by_dates;           /* its `next` is of no use in this walk */
    uint64_t met;            /* objects of this walk, each time they came */
};

/* Appends; reads what was written. SHORT, RANGE, EXTRA. */
void pull_state_write(const struct pull_state *s, struct buf *out);
MUST_CHECK struct fault pull_state_parse(struct bytes text, struct pull_state *out);

enum pull_end {
    PULL_GOES_ON = 0,
    PULL_COMPLETE,
    PULL_TORN,    /* to the end, but objects may be missing: pull_why says which */
    PULL_STOPPED, /* there is more, and no way to it; what came is kept */
    PULL_FAILED,  /* not answered, or refused; the next pull goes on from here */
};

/* How the last request was answered. */
struct pull_answer {
    enum pull_trouble {
        PULL_ANSWERED = 0,
        PULL_UNREACHABLE,
        PULL_TROUBLE_CUT,
        PULL_TROUBLE_LARGE,
        PULL_TROUBLE_TRUST, /* it, or we, are not who the other takes us for */
    } trouble;
    const char *why; /* of a trouble or a refusal, in words; may be NULL */
    unsigned status;
    bool typed;               /* its Content-Type is TAXII's */
    const char *first, *last; /* X-TAXII-Date-Added-*; "" where there is none */
    bool has_date;            /* its Date header */
    struct instant date;
    unsigned retry_after; /* seconds; 0: not said */
    struct fault body;    /* of a 200: could it be read? */
    bool more, odd;       /* foreign.h's */
    const char *next;
    size_t count, fresh, bad; /* objects; those new to us; those that are no STIX */
    uint64_t digest;          /* of which objects they are: equal for equal pages */
};

struct pull; /* opaque, owned */

/* Begins, or goes on. `held` objects of the collection are here already. */
struct pull *pull_new(const struct pull_state *state, unsigned limit, uint64_t held);
void pull_free(struct pull *p); /* NULL is fine */

/* Appends the query string: limit, added_after, next. */
void pull_ask(const struct pull *p, struct buf *out);
void pull_heard(struct pull *p, const struct pull_answer *a);

enum pull_end pull_end(const struct pull *p);
const char *pull_why(const struct pull *p); /* of an end that is not COMPLETE */
const struct pull_state *pull_state(const struct pull *p);
unsigned pull_wait(const struct pull *p); /* seconds to wait before the next request */
uint64_t pull_pages(const struct pull *p);
uint64_t pull_wrongs(const struct pull *p, enum pull_wrong w); /* how often */

#endif

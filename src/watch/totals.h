/*
 * totals.h - what was counted on the way from lines to incidents.
 */
#ifndef PARLEY_WATCH_TOTALS_H
#define PARLEY_WATCH_TOTALS_H

#include "base/buf.h"
#include "watch/group.h"

enum { NOTES = 12 }; /* rules told apart; more go into the last, as "other" */

/* What was not as it should be, by the rule that says so. */
struct notes {
    struct {
        const char *rule; /* static text; NULL ends */
        uint64_t count;
    } note[NOTES];
};

void notes_add(struct notes *n, const char *rule, uint64_t count);
void notes_json(const struct notes *n,
                struct buf *out); /* {"RULE":COUNT,..}; rules have no quote */

struct totals {
    uint64_t events;        /* lines that are an event */
    uint64_t oriented;      /* application records of which it is known who began */
    uint64_t attributed;    /* .. and that end lies in a party's territory */
    uint64_t matched;       /* .. the other party's, and an article covers it */
    uint64_t incidents;     /* opened */
    uint64_t late;          /* events behind what was already counted; not matched */
    uint64_t ahead;         /* events dated later than our own clock allows; not matched */
    uint64_t damaged_lines; /* lines that are no event, or too long */
    uint64_t twice;         /* matched records that had come already; counted once. As the next: */
    uint64_t unkept;        /* samples without their raw line, since this process began */
    struct group_losses losses;
    struct notes notes; /* damage and losses by rule, since this process began */
};

/* Counts an event that got as far as `judged` (enum judged). */
void totals_count(struct totals *t, int judged);

/* One JSON object, compact, without newline. */
void totals_json(const struct totals *t, struct buf *out);

#endif

/*
 * group.h - matches become incidents: N of one group within W seconds, over after G of silence.
 *
 * PROTOCOL.agreement section 2 (`group`, `threshold`, `gap`). Matches come in
 * the order (time, source, line). An incident opens at the match x that is the N-th of its group
 * with x - W < t <= x; it counts those N and every later one; it ends when the next comes more
 * than G after the last, and that next one belongs to the next incident.
 *
 * Memory is bounded three times, by groups, by bytes and by open incidents. Where it is full the
 * group that was silent for longest and is no incident makes room; where all are incidents the new
 * match is not counted. Both are told by name (struct group_losses). Knows no files, lines or
 * clocks.
 */
#ifndef PARLEY_WATCH_GROUP_H
#define PARLEY_WATCH_GROUP_H

#include "base/cursor.h"
#include "model/incident.h"
#include "pact/agreement.h"

enum {
    GROUP_REPORT_FACTOR = 10, /* the next report comes at so many times the events of the last */
    GROUP_SAMPLES = 8,        /* sample records of an incident: at N, 2N, 4N .. events */
};

/* An event that an article covers, in the few bytes that grouping needs. */
struct match {
    int64_t time;  /* microseconds */
    uint64_t line; /* place in its source: number or offset, ascending */
    struct addr from, to;
    uint32_t source; /* number of the file or sensor */
    uint32_t from_as;
    uint16_t article; /* index in the agreement */
    uint8_t service;  /* enum service */
    uint8_t ground;   /* enum territory_ground of the initiator */
    uint8_t proven;   /* enum proof */
    uint8_t turned;   /* the record named the responder as source */
    uint8_t disputed; /* another test of territory speaks against the initiator's */
    uint8_t cautions; /* lists that name the initiator: bits by enum caution */
    uint32_t place;   /* of its sensor: incident_place; 0 where none was said */
    uint64_t mark;    /* replay's own: twins_mark of the record */
};

void match_of(const struct event *e, size_t article, uint32_t source, uint64_t line,
              struct match *out);

/* The order in which matches are counted: time, source, line. */
int match_compare(const struct match *a, const struct match *b);

struct group_limits {
    size_t groups; /* at once */
    size_t bytes;  /* of their saved form */
    size_t open;   /* incidents at once */
};

struct group_losses {
    uint64_t groups_dropped;  /* silent groups that made room */
    uint64_t matches_refused; /* not counted: no room for a group or an incident */
};

/* Told of each report while groups_add, groups_expire or groups_finish runs; *i is lent. */
typedef void groups_report(void *ctx, const struct incident *i, enum incident_report report);

struct groups;

/* `from` is the other party's id. `a` must stay. `seed` keys the hash, so that nobody outside can
 * choose addresses that collide. */
struct groups *groups_new(const struct agreement *a, const char *from, struct group_limits limits,
                          const uint8_t seed[16], groups_report *report, void *ctx);
void groups_free(struct groups *g); /* NULL is fine */

/* Counts one match. Answers the incident that wants this match's record as a sample, or NULL;
 * lent until the next call. */
const struct incident *groups_add(struct groups *g, const struct match *m);

/* No match before `floor` will come: ends and forgets what that decides. */
void groups_expire(struct groups *g, int64_t floor);

/* No match will come any more: every open incident ends. */
void groups_finish(struct groups *g);

/* Open incidents, in no order that means anything. */
size_t groups_open(const struct groups *g);
struct group_losses groups_losses(const struct groups *g);

/* The whole state as bytes, and back into new, empty groups of the same agreement. Faults as
 * cursor's, and RANGE for what no save could have written. `form`: by which version it was saved.
 */
enum groups_form {
    GROUPS_PLAIN = 0, /* before incidents counted cautions */
    GROUPS_CAUTIONS,  /* .. before they knew places */
    GROUPS_PLACES,    /* as it is saved now */
};
void groups_save(const struct groups *g, struct buf *out);
void groups_load(struct groups *g, struct cursor *in, enum groups_form form);

#endif

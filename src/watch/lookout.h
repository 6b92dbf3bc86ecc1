/*
 * lookout.h - what to look for, out of lists: read in steps, then asked about every event.
 *
 * Single values go into indicator/'s sets; a pattern over one event into stix/'s index; one that no
 * event can meet (it needs two, or asks what no sensor tells) is counted. Reading and building go
 * in steps of a few milliseconds, so that a new version is made beside the one that is in use and
 * the stream does not wait. What it holds is alert-only: a hit opens no incident.
 *
 * Reads descriptors that it is given; opens no file and knows no clock.
 */
#ifndef PARLEY_WATCH_LOOKOUT_H
#define PARLEY_WATCH_LOOKOUT_H

#include "indicator/import.h"
#include "indicator/indicators.h"

enum {
    LOOKOUT_LISTS = 64,         /* files that a person named */
    LOOKOUT_NAME = 64,          /* bytes of a list's name, with its NUL; longer: its end is kept */
    LOOKOUT_PATTERNS = 1 << 17, /* in the general engine; more are counted as refused */
    LOOKOUT_REFUSED = 16,       /* refused lines that are told with their place, of each list */
    LOOKOUT_KEYS = 1 << 14,     /* keys placed in one step: a few milliseconds */
};

/* How one list is to be read. */
struct lookout_list {
    const char *name;
    enum import_format format;
    enum tlp tlp;         /* of what bears no marking */
    int64_t valid_for;    /* seconds that an entry which names no end is valid; 0: for ever */
    struct instant dated; /* its begin where an entry names none: the file's own time */
};

/* What became of it. */
struct lookout_news {
    char name[LOOKOUT_NAME];
    const char *format;             /* as found; static text */
    struct indicators_numbers sets; /* after the last step; its `name` is this list's */
    struct import_numbers import;   /* lines and objects: read, taken, refused */
    size_t patterns;                /* that are asked */
    size_t unmet;                   /* .. that no event can meet */
    struct {
        size_t line;
        enum import_rule rule;
    } refused[LOOKOUT_REFUSED]; /* the first of them */
    size_t refused_count;       /* of `refused` */
    struct fault fault;         /* why it could not be read to its end; what was read counts */
    bool canary;                /* after the last step: it fires */
};

struct lookout;

/* `seed` is secret: indicators.h. */
struct lookout *lookout_new(struct indicators_limits limits, uint64_t seed);
void lookout_free(struct lookout *l); /* NULL is fine; closes what is not read yet */

/* Takes over `fd`. LIMIT. Before the first step. */
MUST_CHECK struct fault lookout_add(struct lookout *l, const struct lookout_list *list, int fd);

/* Reads or builds on for a few milliseconds. True while there is more; then it may be asked, and
 * never changes. */
bool lookout_step(struct lookout *l);

size_t lookout_lists(const struct lookout *l);
const struct lookout_news *lookout_news(const struct lookout *l, size_t list);
size_t lookout_bytes(const struct lookout *l); /* of all that was built */

/* One indicator that an event meets. */
struct lookout_hit {
    unsigned list;
    struct indicator_value value; /* .kind NONE: a pattern; else text borrowed for the call */
    struct indicator_about about; /* id borrowed from the lookout */
    bool below;                   /* what was seen lies below the name that is listed */
};

typedef void lookout_each(void *with, const struct lookout_hit *hit);

/* Tells every indicator that the event meets, in validity or not: the event's time decides.
 * Canaries are not told. Not for two threads at once. */
void lookout_event(struct lookout *l, const struct event *e, lookout_each *each, void *with);

#endif

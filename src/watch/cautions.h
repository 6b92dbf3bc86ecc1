/*
 * cautions.h - lists that say why an address or a value is weak ground: exits of VPNs and of Tor,
 * research scanners, MISP's warninglists; each for the time in which it says the truth.
 *
 * The answer is of the event's time: a list of last month says nothing about today. It lowers
 * confidence and is printed; it drops nothing and accuses nobody. Read in steps as lookout.h is;
 * opens no file and knows no clock.
 *
 * Of a warninglist (MISP's JSON: `type`, `list`) "cidr" and "string" are looked up whole,
 * "hostname" covers what lies below it, "substring" and "regex" are tried on what an indicator hit.
 */
#ifndef PARLEY_WATCH_CAUTIONS_H
#define PARLEY_WATCH_CAUTIONS_H

#include "indicator/import.h"
#include "indicator/indicators.h"

enum {
    CAUTIONS_LISTS = 64,   /* a bit each */
    CAUTIONS_TEXTS = 4096, /* substrings and regular expressions of all lists; more are refused */
    CAUTIONS_TEXT = 4096,  /* bytes of one */
    CAUTIONS_NAME = 64,
};

struct caution_list {
    const char *name;
    enum caution kind;
    struct instant from, until; /* INT64_MIN, INT64_MAX: not said */
};

struct caution_news {
    char name[CAUTIONS_NAME];
    enum caution kind;
    const char *format;    /* static text */
    size_t entries, texts; /* looked up; tried */
    struct import_numbers import;
    struct fault fault; /* why it could not be read to its end */
};

struct cautions;

struct cautions *cautions_new(uint64_t seed); /* the seed is secret: indicators.h */
void cautions_free(struct cautions *c);       /* NULL is fine */

/* Takes over `fd`. LIMIT. Before the first step. */
MUST_CHECK struct fault cautions_add(struct cautions *c, const struct caution_list *list, int fd);

/* True while there is more to do; then it may be asked. */
bool cautions_step(struct cautions *c);

size_t cautions_lists(const struct cautions *c);
const struct caution_news *cautions_news(const struct cautions *c, size_t list);

/* The kinds of lists that name this address at this time: bits by enum caution. */
unsigned cautions_address(const struct cautions *c, struct addr a, struct instant time);

/* The warning lists that name this value at any time, a bit each. */
uint64_t cautions_value(const struct cautions *c, const struct indicator_value *v);

/* Does one of these lists say the truth about this time? */
bool cautions_hold(const struct cautions *c, uint64_t lists, struct instant time);

#endif

/*
 * inner.h - what indicators are made of; for this folder alone.
 */
#ifndef PARLEY_INDICATOR_INNER_H
#define PARLEY_INDICATOR_INNER_H

#include "indicator/ends.h"
#include "indicator/indicators.h"
#include "indicator/set.h"
#include "net/spans.h"

enum {
    ABOUT_RECENT = 1024, /* remembered while building, so that equal ones are kept once */
    NO_ID = UINT32_MAX,
    ENDPOINT_KEY = 18,
};

/* indicator_about, packed, and its list. */
struct about {
    int64_t from, until;
    uint32_t id; /* offset of length (2 bytes) and text; NO_ID */
    uint16_t list;
    uint8_t tlp, pap;
    bool exact, canary;
};

struct subnet {
    struct prefix prefix;
    uint32_t about;
    uint32_t up; /* the next wider one, or an equal one; 1 + its place, 0 for none */
};

struct list {
    char *name;
    struct indicators_numbers n;
};

struct indicators {
    struct indicators_limits limits;
    uint64_t seed;
    size_t entries, bytes; /* by which the cap is held */
    struct list *list;
    unsigned lists;
    struct about *about;
    size_t abouts, about_room;
    struct buf ids;
    uint32_t *recent; /* 1 + number of an about; NULL once sealed */
    struct set set[INDICATOR_KINDS];
    struct subnet *subnet;
    size_t subnets, subnet_room;
    struct lookup *wide;                /* address -> 1 + the narrowest subnet */
    struct ends ends;                   /* of domains; no block where there are none */
    unsigned least_labels, most_labels; /* of domains */
    enum indicator_kind sealing;        /* the kind whose set is being built; NONE: not begun */
};

/* The canary of a kind; SUBNET has one of each family: `v4` says which. */
void canary_value(enum indicator_kind kind, unsigned list, bool v4, uint8_t *room,
                  struct indicator_value *out);

/* The key by which a set keeps a value; `room` of ENDPOINT_KEY bytes. */
struct bytes value_key(const struct indicator_value *v, uint8_t *room);

void subnets_seal(struct indicators *x);

#endif

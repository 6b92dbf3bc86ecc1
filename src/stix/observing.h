/*
 * observing.h - what observed.c made of JSON; for this folder alone.
 */
#ifndef PARLEY_STIX_OBSERVING_H
#define PARLEY_STIX_OBSERVING_H

#include "stix/observed.h"
#include "stix/program.h"

/* One object that can be matched. Everything is borrowed from the JSON tree. */
struct root {
    struct bytes id, type;
    const json_t *object;
};

struct observation {
    struct moment first, last;
    int64_t number;
    size_t first_root, roots; /* sorted by id */
};

struct observed {
    struct observation *list;
    size_t count, room;
    struct root *root;
    size_t roots, roots_room;
    bool stix20;
};

/* The object of this id in the same observation, or NULL. */
const struct root *observed_find(const struct observed *o, const struct observation *in,
                                 struct bytes id);

#endif

/*
 * grammar.h - the parts that reading a pattern is made of; for this folder alone.
 *
 * path.c reads object paths, compare.c the comparisons of one observation, pattern.c the
 * observations and their qualifiers. All write into one draft, whose arrays are as large as a
 * text of that length can need; the finished pattern is a tight copy.
 */
#ifndef PARLEY_STIX_GRAMMAR_H
#define PARLEY_STIX_GRAMMAR_H

#include "stix/lexer.h"
#include "stix/program.h"

struct draft {
    struct lexer in;
    unsigned depth;
    struct pattern p; /* its arrays are the draft's */
    size_t tests_room, parts_room, constants_room, steps_room, postfix_room;
};

/* Reads an object path into the draft's steps, and binds it to the vocabulary, if there is one:
 * then *property is what it names, or NULL. */
bool path_read(struct draft *d, struct test *t, const struct pattern_property **property);

/* Reads what stands between [ and ] into `leaf`. */
bool compare_read(struct draft *d, struct part *leaf);

#endif

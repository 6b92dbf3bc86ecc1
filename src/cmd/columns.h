/*
 * columns.h - a table of texts: aligned by what a terminal shows (wcwidth) for persons, separated
 * by tabs and without heading for pipes.
 */
#ifndef PARLEY_CMD_COLUMNS_H
#define PARLEY_CMD_COLUMNS_H

#include "cmd/say.h"

enum { COLUMNS_MAX = 12 };

struct columns {
    const char *heading[COLUMNS_MAX]; /* ends at NULL or COLUMNS_MAX */
    char **cell;                      /* owned, row by row */
    size_t cells, room;
};

/* Adds the next cell, any text: it is escaped. NULL is "". */
void columns_add(struct columns *c, const struct say *s, const char *text);
void columns_add_number(struct columns *c, long long n);

/* Prints what was added, and frees it. */
void columns_print(struct columns *c, struct say *s);

/* Columns that a terminal needs for an escaped text. */
size_t columns_width(const char *text, bool utf8);

#endif

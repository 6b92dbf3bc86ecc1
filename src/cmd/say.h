/*
 * say.h - how `parley` speaks: data on stdout, words on stderr, and nothing that came from
 * outside unescaped.
 *
 * Colour and marks depend on the terminal and the locale; --json replaces everything by one
 * object (NDJSON where a command says so). An error has what, why and try.
 */
#ifndef PARLEY_CMD_SAY_H
#define PARLEY_CMD_SAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "cmd/exit.h"

struct args;

struct say {
    FILE *out, *err;
    bool json, quiet;
    bool color;   /* of stdout */
    bool aligned; /* tables in columns, else tabs and no heading */
    bool utf8;    /* the locale's characters; else ASCII */
    bool asked;   /* standard input and error are a terminal: a question can be put */
};

enum style { STYLE_NONE, STYLE_BOLD, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_DIM };

/* Sets the locale and looks at the environment (NO_COLOR, TERM) and the terminals. */
void say_start(struct say *s);

/* Takes --json, --quiet, --color and --aligned from the command line. */
void say_wishes(struct say *s, const struct args *args);

/* To stdout. The arguments must be ours or escaped. */
void say_data(struct say *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* To stderr, unless --quiet. Escaped, but for newlines. */
void say_note(struct say *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Escape sequences for a style and back to none; "" without colour. */
const char *say_style(const struct say *s, enum style style);

/* Spelled for the locale: a check mark or "ok", a cross or "FAIL". */
const char *say_mark(const struct say *s, bool good);

/* A text from outside, on one line; owned by the caller. */
char *say_outside(const struct say *s, const char *text);

/*
 * An error: three lines (what, why, try), or with --json one object on stderr. `why` and `try`
 * may be NULL or "". They and the message may hold text from outside: all is escaped. Answers
 * `exit`, so that a command can return it.
 */
enum exit_code say_error(struct say *s, enum exit_code exit, const char *code, const char *why,
                         const char *try, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* One JSON object on a line of stdout, with "v":1. Takes over the reference. */
void say_json(struct say *s, json_t *object);

/* Puts a question that is answered by y or n. False without a terminal too. */
bool say_ask(struct say *s, const char *question);

/* The same before something that cannot be taken back. Refused, or nobody there to ask: says so
 * with this code and message ("nothing was signed"), sets *exit. */
bool say_confirm(struct say *s, const char *question, const char *code, const char *undone,
                 enum exit_code *exit);

#endif

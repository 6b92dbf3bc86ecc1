/* answer.h - looks into a node's answer: what is missing or of another type is "" or 0. */
#ifndef PARLEY_CMD_ANSWER_H
#define PARLEY_CMD_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "cmd/say.h"

enum { DUE_TEXT = 32 };

const char *answer_text(const json_t *object, const char *name);
long long answer_number(const json_t *object, const char *name);
bool answer_flag(const json_t *object, const char *name);
const json_t *answer_list(const json_t *object, const char *name); /* NULL: an empty one */

/* Prints "HEAD  text" with the text escaped; nothing if it is "". */
void answer_row(struct say *s, const char *head, const char *text);

/* How long from `now` to `due`, both RFC 3339: "00:24:11", "3 d 04:00:00", "-00:00:10" when it
 * is over; "" if either is no time. `out` has DUE_TEXT bytes. The seconds, or INT64_MAX. */
long long answer_due(const char *now, const char *due, char *out);

/* The texts of a list, joined by ", "; owned by the caller. */
char *answer_joined(const json_t *list);

#endif

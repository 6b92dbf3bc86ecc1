/*
 * ask.h - asks a running node: docs/PROTOCOL.control.
 *
 * One connection a question. The answer is bounded in size and time and must be in the signed
 * profile; anything else is an error of the node, said as such.
 */
#ifndef PARLEY_CMD_ASK_H
#define PARLEY_CMD_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "cmd/command.h"

enum {
    ASK_MAX = 1 << 20,         /* bytes of a question */
    ASK_ANSWER_MAX = 16 << 20, /* bytes of an answer */
    ASK_SECONDS = 60,          /* for the whole answer: an audit reads both logs anew */
    ASK_READY_SECONDS = 5,     /* "not-ready" is asked again so long: a process is started in one */
};

/* What the node, or the way to it, said. */
struct ask_answer {
    json_t *tree; /* owned; NULL if it failed: then the error below */
    enum exit_code exit;
    char code[40];
    char message[600], why[400], try[400];
};

/* Asks `command` with these members (taken over; may be NULL) of the node the call is about, again
 * while it is not ready. The caller drops the answer with ask_done. Nothing is printed. */
void ask_put(const struct call *call, const char *command, json_t *members, struct ask_answer *out);
void ask_done(struct ask_answer *a);

/* Says the error in an answer. */
enum exit_code ask_error(struct say *s, const struct ask_answer *a);

/* ask_put and, if it failed, ask_error: NULL and *exit. The caller owns the tree. */
json_t *ask_node(const struct call *call, const char *command, json_t *members,
                 enum exit_code *exit);

#endif

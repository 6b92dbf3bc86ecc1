/*
 * edit.h - a change of settings.json by a command.
 *
 * The file is read, changed, read as the node will read it, and replaced as a whole. What a
 * function of these says false to was told to the person, and `exit` is what to end with.
 */
#ifndef PARLEY_CMD_EDIT_H
#define PARLEY_CMD_EDIT_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "cmd/command.h"
#include "cmd/say.h"

struct edit {
    const struct call *call;
    struct say *s;
    char path[PATH_MAX];
    json_t *settings; /* owned */
    json_t *exchange; /* borrowed from it; NULL where there is none */
    enum exit_code exit;
};

bool edit_stop(struct edit *e, enum exit_code code); /* false, always */
bool edit_usage(struct edit *e, const char *why, const char *try, const char *what);

bool edit_read(struct edit *e);         /* e->call and e->s are set */
bool edit_has_exchange(struct edit *e); /* the same, and there is an exchange */
bool edit_write(struct edit *e);        /* nothing is written that the node would refuse */
/* Would the node take this text? */
bool edit_is_good(struct edit *e, struct bytes text);
enum exit_code edit_done(struct edit *e);

/* What was done to what; `next` is what the person does now, or NULL. */
void edit_tell(struct edit *e, const char *what, const char *name, const char *next);

#define EDIT_NEXT "send the node's first process SIGHUP, or start it anew"

/* The list of this name, made where there is none. */
json_t *edit_list(json_t *object, const char *name);

#endif

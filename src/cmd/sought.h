/*
 * sought.h - lists of indicators that a person named, read, and what of them was seen.
 *
 * Alert-only: nothing here opens an incident.
 */
#ifndef PARLEY_CMD_SOUGHT_H
#define PARLEY_CMD_SOUGHT_H

#include "cmd/command.h"
#include "watch/cautions.h"

enum {
    SOUGHT_ROWS = 1 << 16, /* indicators whose sightings are told; more are counted together */
};

struct sought;

/* The files that `flag` names, or the command's words if it is NULL. */
enum exit_code sought_open(const struct call *call, const char *flag, struct sought **out);
void sought_close(struct sought *s); /* NULL is fine */

/* Warning lists by which values are told apart; NULL: none. */
void sought_warn(struct sought *s, const struct cautions *c);

/* For replay_show: `with` is the struct sought. */
void sought_event(void *with, const struct event *e, uint32_t file, uint64_t number,
                  struct bytes raw);

/* What was seen: a row an indicator; with --json a line each, after what is there already. */
void sought_print(struct sought *s, const struct call *call);

#endif

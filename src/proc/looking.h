/*
 * looking.h - the lists of the settings, as watch has them: read in steps beside the stream, and
 * taken at once when all are ready.
 *
 * The files come from the parent (listing.h), all of them, then an end. A new version is made
 * while the one before it is asked; what has a fault leaves that one in its place. No clock.
 */
#ifndef PARLEY_PROC_LOOKING_H
#define PARLEY_PROC_LOOKING_H

#include <jansson.h>

#include "proc/settings.h"
#include "watch/cautions.h"
#include "watch/lookout.h"

enum {
    LOOKING_STEPS = 4,           /* of lookout.h, beside each turn of the stream */
    LOOKING_AGAIN = 5 * 1000000, /* microseconds between looks for changed files */
};

struct looking;

/* `s` must stay. */
struct looking *looking_new(const struct settings *s);
void looking_free(struct looking *l); /* NULL is fine */

/* The settings name other lists now: what was being read is given up, the lists in use stay until
 * the new ones, which are to be asked for, are ready. */
void looking_anew(struct looking *l);

/* Do the settings name any list? */
bool looking_wants(const struct looking *l);

/* A file from the parent. True: its name is one of ours, and `fd` was taken over. */
bool looking_file(struct looking *l, const char *name, int fd);

/* Reads and builds on. True: a new version is there, ask looking_now; the old one is still good
 * until looking_dropped. */
bool looking_step(struct looking *l);
bool looking_is_busy(const struct looking *l);

/* Is the first version there, or none wanted? Before that no line may be judged. */
bool looking_is_ready(const struct looking *l);

struct lookout *looking_now(const struct looking *l);             /* NULL: nothing to look for */
const struct cautions *looking_cautions(const struct looking *l); /* NULL: none */
void looking_dropped(struct looking *l);                          /* frees the one before */

/* docs/PROTOCOL.control: the lists, for `parley indicator list`. */
json_t *looking_json(const struct looking *l);

#endif

/*
 * held.h - the exchange's store, opened from the command line: of the node, or where --store says.
 *
 * Several processes may have it open: the node serves while a person pulls (store.h, SHARED).
 */
#ifndef PARLEY_CMD_HELD_H
#define PARLEY_CMD_HELD_H

#include "cmd/command.h"
#include "proc/settings.h"
#include "stix/judged.h"
#include "store/store.h"

/* Opens it, makes it if it is not there and `make`. Says what went wrong. */
enum exit_code held_open(const struct call *call, bool make, struct store **out);

/* The collection of our own people that --collection ROOT/ALIAS names; else the node's first one,
 * and without an exchange in its settings (or with --store) one that nobody is served. *marking:
 * its own, of what bears none. */
enum exit_code held_collection(const struct call *call, struct store *s, int64_t *out,
                               enum tlp *marking);

/* As the node's settings say how their markings count (exchange/marked.h); without settings that
 * can be read they stay as they are. */
void held_marked(const struct call *call, struct judged *j);

/* The settings of the node in this folder. */
MUST_CHECK struct fault held_settings_at(const char *folder, struct settings *out);

/* The settings of the node that the command is about. Says what went wrong. */
enum exit_code held_settings(const struct call *call, struct settings *out);

/* Says what went wrong with it. */
enum exit_code held_error(struct say *s, struct fault f);

#endif

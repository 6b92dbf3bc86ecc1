/*
 * settings_remote.h - the member `remotes` of settings.json: whose a TAXII server is that may be
 * sent to (docs/decisions/0017-where-push-may-go.md).
 *
 * Its nouns stand in settings.h.
 */
#ifndef PARLEY_PROC_SETTINGS_REMOTE_H
#define PARLEY_PROC_SETTINGS_REMOTE_H

#include "proc/settings.h"

/* Reads it, if it is there, after the agreements, which it may name. What is wrong is the reader's
 * fault. */
void settings_remotes_read(const struct member *root, struct settings *s);

/* The server that `where` names, by its name or by a URL of it; of several the one that says most.
 * NULL: none does. Borrowed from `s`. */
const struct settings_remote *settings_remote(const struct settings *s, const char *where);

#endif

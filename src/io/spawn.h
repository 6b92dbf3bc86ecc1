/*
 * spawn.h - starts this same program again as one of the node's processes.
 *
 * The new process has its control socket at SPAWN_CONTROL, standard error, /dev/null at 0 and 1,
 * and nothing else open; it dies with its parent, can gain no privileges, runs as the given
 * user, in the given folder, with an environment of its own.
 */
#ifndef PARLEY_IO_SPAWN_H
#define PARLEY_IO_SPAWN_H

#include <sys/types.h>

#include "base/fault.h"

enum { SPAWN_CONTROL = 3 };

struct spawn {
    const char *program;     /* NULL: this one, /proc/self/exe, even if replaced on disk */
    const char *argument[3]; /* behind the name: "@gate", and what ps should show; NULL ends */
    const char *folder;      /* working directory; NULL: / */
    int control;             /* becomes SPAWN_CONTROL; stays the caller's here */
    uid_t uid;               /* run as; our own real ids change nothing */
    gid_t gid;
};

/* IO. *out is the new process; wait for it. */
MUST_CHECK struct fault spawn_start(const struct spawn *s, pid_t *out);

#endif

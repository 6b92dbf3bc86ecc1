/*
 * parent.h - the node as one program: opens what must be opened, starts its processes,
 * starts anew what dies, stops them.
 *
 * docs/settings.md says what it reads, hands over, prints and answers.
 */
#ifndef PARLEY_PROC_PARENT_H
#define PARLEY_PROC_PARENT_H

enum {
    PARENT_STOP = 5,     /* seconds a process has between STOP and SIGKILL */
    PARENT_BACKOFF = 30, /* seconds at most before a process is started anew */
    PARENT_CALM = 5,     /* seconds of life after which its deaths are forgotten */
    PARENT_LOCK = 5,     /* seconds to wait for the last processes of a killed node */
    PARENT_RELOAD = 10,  /* seconds that a reload waits until all work */
};

enum parent_exit {
    PARENT_EXIT_STOPPED = 0,
    PARENT_EXIT_FAILED = 1,   /* could not start, or a process refused to */
    PARENT_EXIT_SETTINGS = 2, /* directory, settings or agreement */
    PARENT_EXIT_LOCKED = 3,   /* another node runs here */
};

/* Runs the node in this directory until it is told to stop; answers the exit status. Becomes the
 * process it is called in: changes the working directory, takes over signals. `passphrase` is a
 * file with that of the node's keys, taken over, or -1; keeper alone is handed it, at each start.
 */
int parent_run(const char *directory, int passphrase);

#endif

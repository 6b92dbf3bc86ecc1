/*
 * sandbox.h - what a process may do, as data, and how it is held to it.
 *
 * A process file opens with its struct rights; sandbox_enter takes everything else away for
 * good: system calls by seccomp (anything not listed kills the process), files and TCP ports by
 * Landlock as far as this kernel has it, capabilities, core dumps, the eyes of ptrace. What the
 * kernel cannot do is reported, and the process says it loudly.
 *
 * No process may start a program, make a process, make memory executable, or open a socket of
 * another family than TCP; none without RIGHT_THREAD makes a thread.
 */
#ifndef PARLEY_IO_SANDBOX_H
#define PARLEY_IO_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* Groups of system calls; sandbox.c has the list of each. Every process has RIGHT_WORK's. */
enum sandbox_right {
    RIGHT_NONE = 0,
    RIGHT_READ = 1,    /* open and read files below `read` and `write` */
    RIGHT_WRITE = 2,   /* make, write, sync, rename, lock files below `write`; implies READ */
    RIGHT_ACCEPT = 4,  /* accept on a listening socket it was handed, ask who is there */
    RIGHT_DIAL = 8,    /* make TCP sockets and connect them to `ports`; implies ACCEPT */
    RIGHT_THREAD = 16, /* make threads (io/aside.h), which the same sandbox holds */
};

enum {
    SANDBOX_FOLDERS = 8,
    SANDBOX_PORTS = 64, /* a node's peers */
};

struct rights {
    unsigned may;                           /* RIGHT_* bits */
    const char *read[SANDBOX_FOLDERS + 1];  /* folders or files, NULL ends; relative to the
                                               working directory; need not exist */
    const char *write[SANDBOX_FOLDERS + 1]; /* folders that must exist */
    uint16_t ports[SANDBOX_PORTS];          /* TCP ports it may dial */
    size_t port_count;
    unsigned files; /* most descriptors at a time (RLIMIT_NOFILE) */
};

struct sandbox_report {
    int landlock;        /* the kernel's Landlock ABI, 0 if it has none */
    const char *missing; /* what this kernel cannot enforce, in words; NULL if nothing */
    bool root;           /* the process is still user 0 (without capabilities) */
    bool sanitised;      /* the filter is wider because the build has sanitisers */
};

/* Enters. No way back. On a fault the process must not go on: some of it may be in force. */
MUST_CHECK struct fault sandbox_enter(const struct rights *r, struct sandbox_report *out);

#endif

/*
 * listing.h - the files of the settings' lists, as the parent opens them for watch.
 *
 * All of them or none: a set is built whole. A file that is not there is said in the log and left
 * out. Between two looks files are told apart by device, inode, size and time of change, so a list
 * is to be replaced by renaming a new file over it.
 */
#ifndef PARLEY_PROC_LISTING_H
#define PARLEY_PROC_LISTING_H

#include <sys/types.h>

#include "proc/settings.h"

enum {
    LISTING_FILES = 2 * SETTINGS_LISTS + 1,
    LISTING_NAME = 32,
};

/* What was handed over last; zero is nothing. */
struct listing {
    struct {
        dev_t device;
        ino_t inode;
        off_t size;
        int64_t changed; /* nanoseconds */
    } file[2 * SETTINGS_LISTS];
};

struct listing_file {
    char name[LISTING_NAME]; /* "indicators.N", "list.N"; the last is "lists.end" */
    int fd;                  /* the receiver's */
};

/* How many files are in `out`: 0 if none has changed and not `all` are asked for. */
size_t listing_open(struct listing *l, const struct settings *s, bool all,
                    struct listing_file out[LISTING_FILES]);

#endif

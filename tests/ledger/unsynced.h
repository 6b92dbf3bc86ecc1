/*
 * unsynced.h - the real files without their syncs: for a log that is made and read at once, where a
 * crash loses nothing that anybody was promised.
 */
#ifndef PARLEY_TESTS_LEDGER_UNSYNCED_H
#define PARLEY_TESTS_LEDGER_UNSYNCED_H

#include "ledger/files.h"

static inline int unsynced_file(void *context, int fd)
{
    (void)context;
    (void)fd;
    return 0;
}

static inline int unsynced_dir(void *context, int dir, const char *name)
{
    (void)context;
    (void)dir;
    (void)name;
    return 0;
}

static inline struct files files_unsynced(void)
{
    struct files files = files_real;

    files.sync = unsynced_file;
    files.sync_dir = unsynced_dir;
    return files;
}

#endif

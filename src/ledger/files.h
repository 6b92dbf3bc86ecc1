/*
 * files.h - the few file calls the ledger makes, behind a table, so that a test can be the disk:
 * full, failing, or losing at a power cut what was not synced.
 *
 * Every call answers as its system call: -1 and errno. Names are relative to the directory.
 */
#ifndef PARLEY_LEDGER_FILES_H
#define PARLEY_LEDGER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/fault.h"

struct files {
    int (*open)(void *context, int dir, const char *name, bool create); /* read and write */
    int (*close)(void *context, int fd);
    int64_t (*size)(void *context, int fd);
    ssize_t (*read)(void *context, int fd, void *to, size_t len, uint64_t at);
    ssize_t (*write)(void *context, int fd, const void *from, size_t len, uint64_t at);
    int (*cut)(void *context, int fd, uint64_t size);                        /* ftruncate */
    int (*sync)(void *context, int fd);                                      /* fdatasync */
    int (*rename)(void *context, int dir, const char *from, const char *to); /* replaces */
    int (*unlink)(void *context, int dir, const char *name);
    int (*rmdir)(void *context, int dir, const char *name);
    int (*mkdir)(void *context, int dir, const char *name);
    int (*sync_dir)(void *context, int dir, const char *name); /* fsync of a directory; "." */
    void *context;
};

/* The real ones. Files are made 0600, directories 0700: who serves them widens it. */
extern const struct files files_real;

/* The same, but files are opened for reading alone: a directory that is somebody else's. */
extern const struct files files_reading;

/* Reads or writes all of it, going on after short ones. files_read: SHORT at the file's end.
 * IO. */
MUST_CHECK struct fault files_read(const struct files *f, int fd, void *to, size_t len,
                                   uint64_t at);
MUST_CHECK struct fault files_write(const struct files *f, int fd, struct bytes from, uint64_t at);

/*
 * Puts a file in place whole: written under `temporary`, synced, renamed to `name`; directories
 * on the way are made and synced. The directory that holds it is synced when `sync_dir`. IO.
 */
MUST_CHECK struct fault files_place(const struct files *f, int dir, const char *temporary,
                                    const char *name, struct bytes content, bool sync_dir);

#endif

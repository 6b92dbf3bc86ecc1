/*
 * disk.h - files that a person named on the command line: read within a bound (symbolic links
 * are his own affair), made new and never over something that is there.
 */
#ifndef PARLEY_CMD_DISK_H
#define PARLEY_CMD_DISK_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/fault.h"
#include "cmd/say.h"

/* Appends the file's bytes. IO, LIMIT. "-" is standard input. */
MUST_CHECK struct fault disk_read(const char *path, size_t max, struct buf *out);

/* Makes a file that is not there yet, writes and syncs it. IO (EEXIST: it is there); a file that
 * could not be written whole is removed. */
MUST_CHECK struct fault disk_write_new(const char *path, struct bytes content, mode_t mode);

/* Says what went wrong with `path`, in words, with the exit status that fits. */
enum exit_code disk_error(struct say *s, struct fault f, const char *path);

bool disk_has(const char *path);

/* Makes the new file STEM and SUFFIX for whoever asked for it, and says so; else what went wrong.
 */
enum exit_code disk_give(struct say *s, struct bytes stem, const char *suffix,
                         struct bytes content);

/* The path without `ending`, if it has that: what names what lies beside it. Borrowed. */
struct bytes disk_stem(const char *path, const char *ending);

#endif

/*
 * file.h - whole small files: read within a bound, replaced so that a power cut leaves either
 * the old or the new one, locked.
 *
 * For settings, keys, agreements and the keeper's record. Not for logs that grow.
 */
#ifndef PARLEY_IO_FILE_H
#define PARLEY_IO_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/fault.h"

enum { FILE_PATH = 4096 }; /* longest path, with its NUL */

/* Appends the file's bytes to *out, which is untouched on a fault. IO (at: errno; ENOENT where
 * there is none), LIMIT (longer than max). Follows no symbolic link in the last component. */
MUST_CHECK struct fault file_read(const char *path, size_t max, struct buf *out);

/* The same from a descriptor, from its start; the offset is left alone. */
MUST_CHECK struct fault file_read_fd(int fd, size_t max, struct buf *out);

/* Writes PATH.new, syncs it, renames it over PATH and syncs the folder: when this returns NONE
 * the new bytes survive a power cut; on a fault the old file is whole. One writer a path. */
MUST_CHECK struct fault file_replace(const char *path, struct bytes content, mode_t mode);

/* Makes the names in a folder durable. */
MUST_CHECK struct fault file_sync_folder(const char *path);

/* Opens (makes, mode 0600) and locks a file for as long as *out stays open. REFUSED if another
 * process holds it. */
MUST_CHECK struct fault file_lock(const char *path, int *out);

#endif

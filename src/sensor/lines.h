/*
 * lines.h - lines out of a descriptor: plain, .zst or .gz, known by their first bytes.
 *
 * Holds one block and at most one line in memory; what it has not read stays in the file, so a
 * slow reader behind it is back-pressure by itself. Opens nothing: the caller hands a descriptor
 * and keeps it. Offsets count bytes of the unpacked text.
 */
#ifndef PARLEY_SENSOR_LINES_H
#define PARLEY_SENSOR_LINES_H

#include "base/bytes.h"
#include "base/fault.h"

enum {
    LINES_MAX = 1 << 20, /* longest line; the longest real EVE line seen has 50,845 bytes */
    LINES_WINDOW = 27,   /* bits of a zstd frame's window, which lies in memory: 128 MiB, as much as
                            zstd itself takes unless it is told otherwise */
};

enum lines_got {
    LINES_NONE = 0, /* nothing more now */
    LINES_LINE,     /* a whole line, or the last one without a newline if `final` */
    LINES_TOO_LONG, /* a line above LINES_MAX was passed over; `out` is its beginning */
};

/* For every reader of a descriptor: what it has now, at most `room` bytes: 0 at its end, or where
 * more may come later. IO. */
MUST_CHECK struct fault lines_input(int fd, uint8_t *to, size_t room, size_t *out);

struct lines;

/* Reads `fd` from `offset` on (which only a plain file can be asked to: others must give 0). */
struct lines *lines_new(int fd, uint64_t offset);
void lines_free(struct lines *l); /* NULL is fine; does not close fd */

/* Before the first call of lines_next: bytes of `fd` that the caller has read already (at least 4,
 * unless there are no more; at most 256 KiB), and the offset of the first. */
void lines_given(struct lines *l, struct bytes head, uint64_t base);

/*
 * The next line without its newline, borrowed until the next call. Where the file ends in a line
 * without newline it is handed out if `final`, else kept for when more was written. Faults: IO;
 * LIMIT for a window above LINES_WINDOW; SYNTAX or SHORT (unless the file may still grow: then
 * LINES_NONE) for a packed file that is damaged or cut.
 */
MUST_CHECK struct fault lines_next(struct lines *l, bool final, struct bytes *line_out,
                                   enum lines_got *out);

/* The same text not cut into lines: the next piece of it, borrowed until the next call; empty at
 * the end. A file is read in one of the two ways. Faults as lines_next's for a file that is whole.
 */
MUST_CHECK struct fault lines_piece(struct lines *l, struct bytes *out);

/* Where the line handed out last begins, and where the next one will. */
uint64_t lines_at(const struct lines *l);
uint64_t lines_next_at(const struct lines *l);

#endif

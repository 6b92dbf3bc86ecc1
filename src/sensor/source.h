/*
 * source.h - frames out of a descriptor, whatever its format: lines, blocks, messages, datagrams.
 *
 * Text is lines.h's, packed or not; nfdump's blocks and messages of flows are cut by their format;
 * a datagram is a frame, one of the network with its origin before it (READER_ORIGIN). What the
 * format is, its first bytes say, unless the caller knows. Holds one frame and what was read with
 * it; what it has not read stays where it was. Opens nothing and closes nothing.
 */
#ifndef PARLEY_SENSOR_SOURCE_H
#define PARLEY_SENSOR_SOURCE_H

#include "sensor/lines.h"
#include "sensor/reader.h"

enum {
    SOURCE_DATAGRAM = 65535, /* longest; UDP has no longer ones */
};

enum source_kind {
    SOURCE_STREAM = 0, /* a file, a pipe, a stream socket */
    SOURCE_LOCAL,      /* a datagram socket of this machine: a datagram is a line */
    SOURCE_NETWORK,    /* UDP: a datagram is a message, and its sender matters */
};

struct source;

/*
 * Reads `fd` from `offset` on, which only a plain text file can be asked to: others must give 0.
 * `base` is where offsets begin to count (of a stream that goes on after a restart). `format` NULL:
 * known by the first bytes.
 */
struct source *source_new(int fd, enum source_kind kind, const struct reader_format *format,
                          uint64_t offset, uint64_t base);
void source_free(struct source *s); /* NULL is fine; does not close fd */

/* The next frame, borrowed until the next call, as lines_next: for text without its newline, and
 * the last one without a newline only if `final`. After a fault nothing more can be read. */
MUST_CHECK struct fault source_next(struct source *s, bool final, struct bytes *out,
                                    enum lines_got *got);

/* Where the frame handed out last begins, and where the next one will. */
uint64_t source_at(const struct source *s);
uint64_t source_next_at(const struct source *s);

/* Is what begins like this to be read from its beginning, because its middle says too little? */
bool source_from_start(const struct reader_format *format, struct bytes head);

#endif

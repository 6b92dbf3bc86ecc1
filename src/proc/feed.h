/*
 * feed.h - the lines of several sensors, as watch reads them: from where it stopped, in turn, over
 * rotation, and never more than it asks for.
 *
 * What was not asked for stays in the files, so that whoever is slow behind it slows the reading
 * and fills no memory. A place names the file (device, inode) and the offset in its unpacked text;
 * saved with what was made of the lines before it, reading goes on after a restart without a gap
 * and without a line twice. A hash of the file's beginning tells it from another that was written
 * into the same inode. A "line" is a frame of any format (sensor/source.h); one whose middle says
 * too little is read from its beginning, and the caller knows what it has had. Opens no file:
 * descriptors come from the parent.
 */
#ifndef PARLEY_PROC_FEED_H
#define PARLEY_PROC_FEED_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "sensor/source.h"

enum {
    FEED_SENSORS = 64, /* settings.h */
    FEED_HEAD = 4096,  /* bytes of a file's beginning that are hashed, at most */
};

struct feed_place {
    uint64_t device, inode, offset; /* all 0: nothing was read yet */
    uint64_t head;                  /* begins the SHA-256 of its first head_len bytes */
    uint64_t head_len;              /* 0: not known, as of a socket */
};

enum feed_start {
    FEED_NONE = 0,
    FEED_FRESH,   /* from the beginning: nothing was read of this sensor before */
    FEED_RESUMED, /* from the place given */
    FEED_ROTATED, /* another file is there now, or a shorter one: from its beginning. What the old
                     one got after the place is lost to us; its host says so */
};

enum feed_got {
    FEED_GOT_NOTHING = 0, /* every sensor is at its end for now */
    FEED_GOT_LINE,
    FEED_GOT_TOO_LONG, /* a line was passed over; the beginning of it */
    FEED_GOT_END,      /* every sensor is at its end for good: none is followed */
};

struct feed; /* opaque, owned */

struct feed *feed_new(void);
void feed_free(struct feed *f); /* closes what it holds; NULL is fine */

/* How a sensor's bytes come, and in which format (NULL: by the first bytes): before it is put in.
 * `listens`: the descriptor is a socket on which one sensor at a time calls. */
void feed_declare(struct feed *f, size_t sensor, enum source_kind kind, bool listens,
                  const struct reader_format *format);

/* Puts a sensor in, or a new descriptor in the place of one that was lost; `fd` is taken over.
 * IO: it is no file, stream or socket that can be read. */
MUST_CHECK struct fault feed_put(struct feed *f, size_t sensor, int fd, bool follow,
                                 const struct feed_place *from, enum feed_start *out);

/*
 * The path of a followed sensor was opened again (`fd` is taken over): if that is the same file
 * nothing changes, but for one that became shorter, which is read from its beginning. If it is
 * another file, what is left of the old one comes first, its last line too if it has no newline;
 * then the new one. *out is true if a new file was taken.
 */
MUST_CHECK struct fault feed_reopened(struct feed *f, size_t sensor, int fd, bool *out);

/* The next line, of any sensor, borrowed until the next call. A fault concerns *sensor, which is
 * then read no more until it is put in again. */
MUST_CHECK struct fault feed_next(struct feed *f, size_t *sensor, struct bytes *line,
                                  enum feed_got *out);

/* How a file would be read for somebody who has read to `from`: feed_put with that place. IO. */
MUST_CHECK struct fault feed_start_of(int fd, const struct feed_place *from, enum feed_start *out,
                                      struct feed_place *at);

/* Where the reading of a sensor stands: behind the line handed out last; and where that began. */
struct feed_place feed_at(const struct feed *f, size_t sensor);
uint64_t feed_line_at(const struct feed *f, size_t sensor);

/* Bytes of the file behind that; -1: nobody can say (a socket, a packed file). */
int64_t feed_lag(const struct feed *f, size_t sensor);

/* Places of all sensors as bytes, and back: u32 count x { u64 device, inode, offset, head,
 * head_len }. */
void feed_places_write(const struct feed_place places[FEED_SENSORS], struct buf *out);
MUST_CHECK struct fault feed_places_parse(struct bytes text, struct feed_place out[FEED_SENSORS]);

#endif

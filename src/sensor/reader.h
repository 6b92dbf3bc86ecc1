/*
 * reader.h - the one shape that every sensor format has, and the table of those there are.
 *
 * A format says how a stream of bytes is cut into frames (a line, a block, a message) and turns a
 * frame into events. A new one is a file beside eve.c with one `const struct reader_format`, and
 * a row in reader.c; nothing else knows formats by name.
 *
 * What an event needs so that it counts (model/event.h has all its members): `family`, which
 * decides how it is oriented; `time`; the ends the record names, with their bits in `has`, where
 * all four are needed for an incident and one is enough for an indicator; `transport`; `service`
 * for an application record, and for those alone; `contact` for a record of a connection or a flow.
 * The rest stays zero.
 *
 * A reader sees frames in their order and keeps between them only what the format itself demands
 * (a header that names columns, templates, a file's compression), bounded by the format. It opens
 * nothing, reads no clock, orients nobody: it says what the record says.
 */
#ifndef PARLEY_SENSOR_READER_H
#define PARLEY_SENSOR_READER_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "model/event.h"

enum {
    READER_FORMATS = 5,
    READER_HEAD = 4096,       /* bytes by which a format is known: a line's beginning */
    READER_FRAME = 5 << 20,   /* longest frame: nfdump's own block buffer (BUFFSIZE) */
    READER_ORIGIN = 20,       /* before a datagram's bytes: 0xff 'D', address[16], port u16 */
    READER_ORIGIN_MARK = 0xff /* no version of NetFlow, no text begins with it */
};

/* Where a frame's events go. The callee may change the event, but for its texts; it is gone
 * afterwards. */
struct reader_sink {
    /* One event; `raw` is the record it was made from and `at` its offset in the frame. Its texts
     * stay as they are: a reader may use the event again, and clears the rest alone. */
    void (*take)(void *context, struct event *e, struct bytes raw, size_t at);
    /* Something that is not damage of the frame but must be known: `n` times by this rule (lost
     * datagrams by sequence number, records whose template did not come). */
    void (*note)(void *context, const char *rule, uint64_t n);
    void *context;
    /* For what a packed frame unpacks to, at most READER_FRAME bytes: the caller's, who may lend
     * one to all his readers, since nothing is kept in it from one frame to the next. */
    struct buf *room;
};

struct reader_format {
    const char *name; /* in settings.json, and what `parley watch sources` prints */

    /* Do these first bytes of a frame look like it? At most READER_HEAD of them are shown. */
    bool (*is)(struct bytes head);

    /* How long is the first frame of what is there? 0: more bytes are needed to say; `final`: none
     * will come. A fault: this can be no frame, nor can what follows. NULL: a frame is a line. */
    struct fault (*cut)(struct bytes have, bool final, size_t *out);

    /* Must the file be read from its beginning to understand its middle? */
    bool from_start;

    size_t state; /* bytes of state, zeroed at the beginning; 0 for none */
    void (*done)(void *state);

    /* One frame. What was good of it goes to the sink; the fault says what was not, by offset in
     * the frame, and is damage: count it, go on with the next frame. */
    struct fault (*read)(void *state, struct bytes frame, const struct reader_sink *sink);
};

/* All there are, NULL ends; the first that says `is` has it. */
extern const struct reader_format *const reader_formats[READER_FORMATS + 1];

/* By its name; NULL for none. "auto" is none: known by the first frame. */
const struct reader_format *reader_format_named(struct bytes name);

/* By first bytes; NULL while they say nothing. */
const struct reader_format *reader_format_known(struct bytes head);

struct reader; /* opaque, owned: one source's */

/* `format` NULL: to be known by its first good frame. */
struct reader *reader_new(const struct reader_format *format);
void reader_free(struct reader *r); /* NULL is fine */

/* NULL while it is not known. */
const struct reader_format *reader_format(const struct reader *r);

/* One frame. UNKNOWN: no format has these first bytes. Else the format's faults. */
MUST_CHECK struct fault reader_frame(struct reader *r, struct bytes frame,
                                     const struct reader_sink *sink);

#endif

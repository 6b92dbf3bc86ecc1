/*
 * eve.h - one line of Suricata's EVE JSON to an event.
 *
 * Every line is read as RFC 8259 says, to its end: structure, numbers, escapes, control
 * characters, UTF-8. So a line that was cut or glued together is never half believed. Members
 * count at the first level only: rdp records hold a second "event_type" inside, and `flow`,
 * `tunnel` and `alert` objects repeat addresses. A member we read that comes twice is damage.
 *
 * Two readers of one language: eve_parse predicts Suricata's header order, reads the rest 64 bytes
 * at a time and believes a line only where every rule of the grammar was seen to hold, or where
 * good lines before had the same form (eve_shape.h); whatever it does not recognise, good or bad,
 * goes to eve_parse_plain, which reads a byte at a time. So both say the same of any bytes, to the
 * fault's offset, whatever lines came before. Does not orient.
 */
#ifndef PARLEY_SENSOR_EVE_H
#define PARLEY_SENSOR_EVE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "model/event.h"

enum {
    EVE_DEPTH = 64, /* levels of nesting; Suricata's own records have less than ten */
};

/* What a reader keeps between lines. Zero is empty; owned; eve_memory_done frees it. */
struct eve_memory {
    struct buf room;           /* texts whose escapes were resolved */
    struct eve_shapes *shapes; /* NULL until the first line */
};

void eve_memory_done(struct eve_memory *m);

/*
 * Reads one line, without its newline; a carriage return at the end and syslog's "@cee: " before
 * it are allowed. An event must have a timestamp and an event_type; ends may be missing (has).
 * *out's oriented part is zero, and after a fault all of it (to write it once saves a tenth of the
 * time, so it is not left as it was); its texts are borrowed from `line`
 * and, where they held escapes, from `memory`, whose old ones are gone.
 * Faults, by offset in the line: SHORT, SYNTAX, RANGE (a time or port that cannot be), EXTRA,
 * MISSING, DUPLICATE, LIMIT (depth). Each is damage: count the line, skip it.
 */
MUST_CHECK struct fault eve_parse(struct bytes line, struct eve_memory *memory, struct event *out);

/* The same one byte at a time and without prediction: what eve_parse is tested against. */
MUST_CHECK struct fault eve_parse_plain(struct bytes line, struct buf *room, struct event *out);

/* "2020-02-22T07:58:04.680792+0000": fraction of 0 to 9 digits, kept to microseconds; offset
 * +hhmm, +hh:mm or Z. SYNTAX, RANGE. */
MUST_CHECK struct fault eve_time_parse(struct bytes text, struct instant *out);

#endif

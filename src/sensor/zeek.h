/*
 * zeek.h - Zeek's logs, as JSON lines or as tab-separated text with its header, to events.
 *
 * Zeek, base/frameworks/logging/writers/ascii.zeek: "#separator", "#fields" .. before the rows,
 * and again wherever a log was rotated or changed into the same file; a row has as many columns as
 * the newest header. JSON: a record a line, its log in `_path` (or `@stream`), or told by a member
 * that only one log has; `ts` as seconds, milliseconds or ISO 8601.
 *
 * Counts once: a conn record whose service has a log of its own is that log's twin, and is no
 * application record from the moment this source has shown that log. The time is the record's
 * last: for a connection, its end. Does not orient.
 */
#ifndef PARLEY_SENSOR_ZEEK_H
#define PARLEY_SENSOR_ZEEK_H

#include "sensor/reader.h"

enum {
    ZEEK_COLUMNS = 512, /* of a header; the widest log of Zeek's own has some 60 */
    ZEEK_WORD = 32,     /* bytes of the words for empty and unset */
};

extern const struct reader_format zeek_format;

/* "1588205199.82437", "1588205199824" (milliseconds) or ISO 8601. SYNTAX, RANGE. */
MUST_CHECK struct fault zeek_time_parse(struct bytes text, struct instant *out);

#endif

/*
 * members.h - the first level of one JSON object in a line: strict RFC 8259, to its end.
 *
 * For formats whose members we look up by name and whose order is nobody's promise. Values are
 * handed out as they stand in the text; what is nested is checked and passed over.
 */
#ifndef PARLEY_SENSOR_MEMBERS_H
#define PARLEY_SENSOR_MEMBERS_H

#include "base/bytes.h"
#include "base/fault.h"

enum {
    MEMBERS_DEPTH = 64, /* levels of nesting */
};

struct member_text {
    struct bytes name;  /* between its quotes, still escaped */
    struct bytes value; /* as it stands; of a string: between its quotes, still escaped */
    bool string;
};

/* Told of each member; false ends the reading with DUPLICATE at it. */
typedef bool members_take(void *context, const struct member_text *m);

/* Reads the whole object and tells each member as it comes: what was told counts only if no fault
 * is returned. Faults by offset: SHORT, SYNTAX, EXTRA, LIMIT (depth), DUPLICATE. */
MUST_CHECK struct fault members_read(struct bytes line, members_take *take, void *context);

#endif

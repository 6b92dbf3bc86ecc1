/*
 * feed.h - the file of one list, packed or not, through indicator/import: a piece at a step.
 *
 * Opens and closes nothing. What was read before a fault has gone to the sink and counts.
 */
#ifndef PARLEY_WATCH_FEED_H
#define PARLEY_WATCH_FEED_H

#include "indicator/import.h"
#include "sensor/lines.h"

struct feed {
    struct lines *lines; /* NULL: none is being read */
    bool ending;         /* all its bytes are there */
    struct import import;
};

/* The rest of `fd`, which is the caller's; `usual` and `sink` as for import_init. */
void feed_begin(struct feed *f, int fd, enum import_format format, struct indicator_about usual,
                struct import_sink sink);

/* True: there may be more. False: it was the end; *out is how it ended: IO, or what lines_piece
 * and import_end_step say. */
bool feed_step(struct feed *f, struct fault *out);

void feed_done(struct feed *f); /* also in the middle, and where none was begun */

#endif

/*
 * replay.h - all lines of all files first, then the incidents they make.
 *
 * Keeps the matches only, sorts them by (time, file, line) and counts them in that order, so the
 * order and interleaving of the files does not matter beyond their numbers, and nothing is late.
 * The same record of the same moment is counted once, however often it is in the files.
 */
#ifndef PARLEY_WATCH_REPLAY_H
#define PARLEY_WATCH_REPLAY_H

#include "sensor/reader.h"
#include "watch/rules.h"
#include "watch/totals.h"

enum {
    REPLAY_MATCHES = 1 << 26, /* 5 GiB of them; beyond that, replay the files in parts */
    REPLAY_INSIDE = 23,       /* bits of a place inside a frame: READER_FRAME is below 2^23 */
};

struct replay;

struct replay *replay_new(const struct rules *r); /* `r` must stay */
void replay_free(struct replay *r);               /* NULL is fine */

/* How the files to come are written; NULL (as at the beginning): known by their first frames. */
void replay_format(struct replay *r, const struct reader_format *format);

/* Also shows every event, after it was oriented and judged, with its file, frame and record;
 * changes nothing else. */
typedef void replay_each(void *with, const struct event *e, uint32_t file, uint64_t number,
                         struct bytes raw);
void replay_show(struct replay *r, replay_each *each, void *with);

/* One frame (of text: a line without its newline) of a file; files and frames are numbered by the
 * caller, ascending, file by file (a format whose frames explain each other begins anew with each
 * file). What is damaged is counted; an empty line is nothing. LIMIT: more than REPLAY_MATCHES. */
MUST_CHECK struct fault replay_frame(struct replay *r, uint32_t file, uint64_t number,
                                     struct bytes frame);

/* A line that was too long to be read. */
void replay_damaged(struct replay *r);

/* After the last line: the incidents in the order of output, lent until replay_free. */
void replay_finish(struct replay *r, const struct incident **out, size_t *count_out);

/* Final after replay_finish. */
const struct totals *replay_totals(const struct replay *r);

#endif

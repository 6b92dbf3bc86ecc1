/*
 * replay.h - all lines of all files first, then the incidents they make.
 *
 * Keeps the matches only, sorts them by (time, file, line) and counts them in that order, so the
 * order and interleaving of the files does not matter beyond their numbers, and nothing is late.
 */
#ifndef PARLEY_WATCH_REPLAY_H
#define PARLEY_WATCH_REPLAY_H

#include "watch/rules.h"
#include "watch/totals.h"

enum {
    REPLAY_MATCHES = 1 << 26, /* 5 GiB of them; beyond that, replay the files in parts */
};

struct replay;

struct replay *replay_new(const struct rules *r); /* `r` must stay */
void replay_free(struct replay *r);               /* NULL is fine */

/* One line of a file, without its newline; files and lines are numbered by the caller, ascending.
 * A damaged line is counted; an empty one is nothing. LIMIT: more than REPLAY_MATCHES. */
MUST_CHECK struct fault replay_line(struct replay *r, uint32_t file, uint64_t number,
                                    struct bytes line);

/* A line that was too long to be read. */
void replay_damaged(struct replay *r);

/* After the last line: the incidents in the order of output, lent until replay_free. */
void replay_finish(struct replay *r, const struct incident **out, size_t *count_out);

/* Final after replay_finish. */
const struct totals *replay_totals(const struct replay *r);

#endif

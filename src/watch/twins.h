/*
 * twins.h - has this very record come already? A set of records by time and digest.
 *
 * Forwarders that say things twice, files that are given twice, a log that was sent again: the
 * same bytes of the same moment are one event, whichever way they came. Bounded by its caller, who
 * drops what can have no twin any more. Knows no line and no file.
 */
#ifndef PARLEY_WATCH_TWINS_H
#define PARLEY_WATCH_TWINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct twins;

/* `seed` is secret, so that nobody outside can choose records that lie in one place. */
struct twins *twins_new(const uint8_t seed[16]);
void twins_free(struct twins *t); /* NULL is fine */

/* False: it is there already. `mark` is 64 bits of a digest of the record. */
bool twins_add(struct twins *t, int64_t time, uint64_t mark);
void twins_drop(struct twins *t, int64_t time, uint64_t mark); /* one that is not there: nothing */

/* A quick mark of a record, for whoever computes no digest of it: two records of one moment share
 * it once in 2^64, unless somebody made them so, to lose an event of his own. */
uint64_t twins_mark(struct bytes record);

#endif

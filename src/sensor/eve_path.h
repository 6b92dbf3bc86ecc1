/*
 * eve_path.h - the three machines' ways of reading a line fast, and which of them run here.
 *
 * Each believes a line only where it saw every rule hold; else it answers false, without saying
 * why, and eve_parse asks eve_parse_plain. For eve.c, for tests and for the bench.
 */
#ifndef PARLEY_SENSOR_EVE_PATH_H
#define PARLEY_SENSOR_EVE_PATH_H

#include "base/buf.h"
#include "model/event.h"

enum eve_path { EVE_PATH_C = 0, EVE_PATH_AVX2, EVE_PATH_AVX512, EVE_PATH_COUNT };

/* Does this machine have what the path needs? */
bool eve_path_is_here(enum eve_path path);

/* eve_parse by this path, which must be here. */
MUST_CHECK struct fault eve_parse_by(enum eve_path path, struct bytes line, struct buf *room,
                                     struct event *out);

/* "c", "avx2", "avx512" */
const char *eve_path_name(enum eve_path path);

/* The paths themselves. True: *out is what eve_parse_plain would have said. */
bool eve_scan_c(struct bytes line, struct buf *room, struct event *out);
bool eve_scan_avx2(struct bytes line, struct buf *room, struct event *out);
bool eve_scan_avx512(struct bytes line, struct buf *room, struct event *out);

#endif

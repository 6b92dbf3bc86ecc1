/*
 * eve_path.h - the three machines' ways of reading a line fast, and which of them run here.
 *
 * Each believes a line only where it saw every rule hold; else it answers false, without saying
 * why, and eve_parse asks eve_parse_plain. For eve.c, for tests and for the bench.
 */
#ifndef PARLEY_SENSOR_EVE_PATH_H
#define PARLEY_SENSOR_EVE_PATH_H

#include "sensor/eve.h"

enum eve_path { EVE_PATH_C = 0, EVE_PATH_AVX2, EVE_PATH_AVX512, EVE_PATH_COUNT };

/* Does this machine have what the path needs? */
bool eve_path_is_here(enum eve_path path);

/* eve_parse by this path, which must be here. */
MUST_CHECK struct fault eve_parse_by(enum eve_path path, struct bytes line,
                                     struct eve_memory *memory, struct event *out);

/* "c", "avx2", "avx512" */
const char *eve_path_name(enum eve_path path);

/* By what a path believed a line. */
enum eve_ground {
    EVE_GROUND_NONE = 0, /* it did not */
    EVE_GROUND_GRAMMAR,
    EVE_GROUND_SHAPE, /* all of it went as lines before */
};

/* The paths themselves. Not NONE: *out is what eve_parse_plain would have said. memory->shapes must
 * be there. */
typedef enum eve_ground eve_scan_function(struct bytes line, struct eve_memory *memory,
                                          struct event *out);
eve_scan_function eve_scan_c, eve_scan_avx2, eve_scan_avx512;

#endif

/*
 * watcher.h - the live reader: events of several sensors, held for order, grouped, told about.
 *
 * What `watch replay` does with whole files, line by line and for ever. A record is held until one
 * that is WATCHER_HOLD younger came, so that records which a sensor writes late are taken in their
 * order; what comes later than that is counted as late. Takes no file and reads no clock: time is
 * what the records say. What is held and counted is its state; saved and restored, the same lines
 * give the same incidents.
 */
#ifndef PARLEY_WATCH_WATCHER_H
#define PARLEY_WATCH_WATCHER_H

#include "base/buf.h"
#include "base/fault.h"
#include "watch/rules.h"

enum {
    WATCHER_HOLD = 120,          /* seconds, of the records' own time */
    WATCHER_STATE_MAX = 4 << 20, /* bytes of a saved state */
    WATCHER_HELD_MAX = 65536,    /* records held; the oldest is decided early beyond it */
};

struct watcher; /* opaque, owned */

/* `rules` (sealed) must outlive it. `sensors`: the names of the sensors by their index. */
struct watcher *watcher_new(const struct rules *rules, const char *const *sensors, size_t count);
void watcher_free(struct watcher *w); /* NULL is fine */

/* One line of a sensor; `at` is the offset behind it. A damaged line is counted, never fatal. */
void watcher_take(struct watcher *w, size_t sensor, uint64_t at, struct bytes line);
void watcher_too_long(struct watcher *w,
                      size_t sensor); /* a line above LINES_MAX was passed over */

/* Decides all that is held: no older record will come. */
void watcher_flush(struct watcher *w);

/* Appends the state; and back, an empty text being the beginning. LIMIT, SHORT, SYNTAX, EXTRA. */
void watcher_state_write(struct watcher *w, struct buf *out);
MUST_CHECK struct fault watcher_restore(struct watcher *w, struct bytes state);

/* Append, and answer how many: incidents told about since the last call (buf_part each, the JSON
 * of incident_json with its report), and SHA-256 digests of the raw lines kept as samples. */
size_t watcher_incidents(struct watcher *w, struct buf *out);
size_t watcher_samples(struct watcher *w, struct buf *out);

/* Appends the sensors and totals as one JSON text (PROTOCOL.control, watch.sources, watch.stats):
 * { "sources":[..], "totals":{..} }. */
void watcher_sources(struct watcher *w, struct buf *out);

#endif

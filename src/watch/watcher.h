/*
 * watcher.h - watch as it happens: lines in the order they come, incidents in the order of time.
 *
 * Holds each match for WATCHER_HOLD of event time, so that records which run backwards are put in
 * order; what comes later than that is counted as late and not matched. The same record of the same
 * moment, whichever way it comes, is counted once (twins.h). The whole state goes into
 * bytes and back, so that input offsets, held records, open groups and sequence can be one record
 * in desk's transaction: a watcher killed and restored at any commit, and given the lines from
 * its offsets on, reports what an uninterrupted one would have reported.
 *
 * Reads no file and no clock: lines, offsets and the time come in. The caller:
 *   watcher_line ... for each line; now and then watcher_commit, sends the state, the reports and
 *   the samples in one message, then watcher_taken. Reports between two commits are not in the
 *   state: after a crash they come again out of the same lines.
 */
#ifndef PARLEY_WATCH_WATCHER_H
#define PARLEY_WATCH_WATCHER_H

#include "crypto/digest.h"
#include "sensor/reader.h"
#include "watch/account.h"
#include "watch/rules.h"
#include "watch/sightings.h"
#include "watch/totals.h"

enum {
    WATCHER_HOLD = 120,             /* seconds; real records run backwards by up to a minute */
    WATCHER_AHEAD = 600,            /* seconds an event may be dated later than our own clock */
    WATCHER_SOURCES = 64,           /* sensors of one node */
    WATCHER_IDENTITY = 64,          /* bytes by which the caller knows a file again */
    WATCHER_HELD = 1 << 14,         /* matches held; more are released before their time */
    WATCHER_GROUPS = 1 << 15,       /* groups at once */
    WATCHER_GROUP_BYTES = 2 << 20,  /* of their saved form */
    WATCHER_OPEN = 1 << 11,         /* incidents at once: their reports fit one message */
    WATCHER_RAW = 4 << 10,          /* longest raw line kept for a sample; longer: digest only */
    WATCHER_RAW_ALL = 4 << 20,      /* raw bytes kept in all */
    WATCHER_RAW_SENT = 512 << 10,   /* .. of samples of one commit: it fits a message */
    WATCHER_TOLD = 128,             /* samples of one commit that have an account */
    WATCHER_PENDING = 256,          /* reports at which watcher_is_full asks for a commit */
    WATCHER_SEEN = 1 << 12,         /* indicators seen between two commits; more are counted */
    WATCHER_SEEN_BYTES = 512 << 10, /* of their texts: they fit one message */
    WATCHER_STATE_MAX = 5 << 20,    /* bytes of a saved state, by all the limits above */
};

/* A raw line that will be evidence. */
struct watcher_sample {
    struct match match;
    struct account account; /* how it was judged; not known where there were too many at once */
    uint64_t nth;           /* event of its incident */
    const char *unkept;     /* why there is no raw line: "too-long", "no-room", "restarted"; NULL */
    uint32_t source;
    uint64_t offset; /* of the line in its source */
    uint32_t length;
    struct digest digest; /* SHA-256 of the raw line, without its newline */
    struct bytes raw;     /* empty where it was not kept */
    char incident[160];   /* "ARTICLE FROM SOURCE SERVICE OPENED" */
};

struct watcher_report {
    struct incident incident;
    enum incident_report report;
};

/* A source as its operator should know it, since this process began. */
struct watcher_news {
    uint64_t events;
    uint64_t damaged;   /* frames that are no event, or too long */
    int64_t newest;     /* latest time an event of it had, in microseconds; 0: none came */
    struct notes notes; /* damage, lost datagrams and the like by rule */
};

struct watcher;

/* A watcher at the start of all its sources. `r` must stay. `seed` keys the groups' hash. */
struct watcher *watcher_new(const struct rules *r, const uint8_t seed[16]);
void watcher_free(struct watcher *w); /* NULL is fine */

/* How a source is written; NULL (as at the beginning): known by its first frame. */
void watcher_format(struct watcher *w, uint32_t source, const struct reader_format *format);
const struct reader_format *watcher_format_of(const struct watcher *w, uint32_t source);

/*
 * One frame of a source (of text: a line without its newline) that begins at `offset`; the next
 * one begins at `next`. `now` is the caller's clock; {INT64_MAX} where the lines are older than any
 * clock. The reports it leads to are added to those not yet taken.
 */
void watcher_line(struct watcher *w, uint32_t source, uint64_t offset, uint64_t next,
                  struct bytes line, struct instant now);

/* A frame that was counted in an earlier life, for what the reader must know of it: a header's
 * columns, a template. Changes nothing else. */
void watcher_again(struct watcher *w, uint32_t source, struct bytes frame);

/* A line too long to be read; the next one begins at `next`. */
void watcher_damaged(struct watcher *w, uint32_t source, uint64_t next);

/* Nothing more is expected for now (a file that is not followed ended): counts what is
 * held. What comes later and is older than what was counted is late. */
void watcher_flush(struct watcher *w);

/* All sources are followed live and idle: what is older than WATCHER_HOLD by our clock is counted,
 * and incidents end by it. Not for old files, whose next line would then be late. */
void watcher_idle(struct watcher *w, struct instant now);

/* All sources ended for good: flush, and every open incident ends. */
void watcher_finish(struct watcher *w);

/* Where source `i` is to be read from, and the caller's own mark of which file that is. */
uint64_t watcher_offset(const struct watcher *w, uint32_t source);
struct bytes watcher_identity(const struct watcher *w, uint32_t source);
void watcher_source(struct watcher *w, uint32_t source, struct bytes identity, uint64_t offset);

/* Are there enough reports or samples waiting that a commit should come now? */
bool watcher_is_full(const struct watcher *w);

/* What is not yet taken, in the order it came; lent until watcher_taken. */
const struct watcher_report *watcher_reports(const struct watcher *w, size_t *count_out);
const struct watcher_sample *watcher_samples(const struct watcher *w, size_t *count_out);
void watcher_taken(struct watcher *w);

/* The next commit: raises the sequence, writes the whole state. Returns the sequence. */
uint64_t watcher_commit(struct watcher *w, struct buf *state_out);
uint64_t watcher_sequence(const struct watcher *w);

/* What every event is asked about from now on, and the lists that warn of values; NULL: nothing.
 * Both must stay until the next call. */
void watcher_seek(struct watcher *w, struct lookout *l, const struct cautions *c);

/* From which place source `i` sees: incident_place; 0 (as at the beginning): it was not said. */
void watcher_place(struct watcher *w, uint32_t source, uint32_t place);

/* Indicators that were met since it was cleared, which its reader does with each commit: they are
 * not in the state, for after a crash the same lines come again. */
struct sightings *watcher_seen(struct watcher *w);

const struct watcher_news *watcher_news(const struct watcher *w, uint32_t source);

const struct totals *watcher_totals(const struct watcher *w);
size_t watcher_open(const struct watcher *w); /* open incidents */

/*
 * A watcher out of a saved state. If the state was made under another version of the agreement,
 * sources, totals and sequence are taken over and the rest begins anew (*anew_out). *out is
 * written on success alone. Faults as cursor's; UNKNOWN version; RANGE for what no save wrote.
 */
MUST_CHECK struct fault watcher_load(const struct rules *r, const uint8_t seed[16],
                                     struct bytes state, struct watcher **out, bool *anew_out);

#endif

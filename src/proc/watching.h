/*
 * watching.h - the pace at which watch reads, decides and commits; what proc/watch.c hosts.
 *
 * Lines go from the feed into the rooms (watch/, one an agreement) a turn at a time. After so many
 * of them or after a second, everything that changed goes to desk in one commit a room: where its
 * reading stands, its state, new incidents, samples. With WATCHING_OPEN commits not yet durable
 * nothing more is read: back-pressure to the file offset, no queue in memory that can grow. A
 * restart begins at the last durable commits, so that no line is lost and none counted twice: where
 * they stand at different places, reading begins at the first of them and each room passes over
 * what it has had.
 *
 * A room is a table of functions, so that this can be tested without one. Knows no process and
 * no clock.
 */
#ifndef PARLEY_PROC_WATCHING_H
#define PARLEY_PROC_WATCHING_H

#include "base/clock.h"
#include "proc/feed.h"

enum {
    WATCHING_ROOMS = 8,            /* agreements of a node: settings.h */
    WATCHING_TURN = 2000,          /* lines a turn; the loop must hear others too */
    WATCHING_RECORDS = 10000,      /* lines a commit */
    WATCHING_SECOND = 1000000,     /* microseconds from the first line to its commit */
    WATCHING_OPEN = 2,             /* commits sent and not durable */
    WATCHING_IDLE = 120 * 1000000, /* microseconds without a line before what is held is decided,
                                      where a sensor is read once beside followed ones */
    WATCHING_REOPEN = 5 * 1000000, /* microseconds between looks for a rotated file */
    WATCHING_POLL = 200000,        /* microseconds between looks for new lines */
    WATCHING_STATE_MAX = 5 << 20,  /* bytes of a saved state: a message holds it */
};

struct watching_room {
    void *room;
    /* One line of a sensor, from `at` to before `next`, with its newline; what is damaged is
     * counted there, not here. Is so much waiting there that it should be committed now? */
    bool (*take)(void *room, size_t sensor, uint64_t at, uint64_t next, struct bytes line);
    bool (*too_long)(void *room, size_t sensor, uint64_t next);
    /* A line that it has taken in an earlier life, for what a format must know of it. */
    void (*again)(void *room, size_t sensor, struct bytes line);
    /* Nothing came for a second and all sensors are followed: decide what is old enough by the
     * clock. Did that change anything? */
    bool (*idle)(void *room);
    /* No line will come that is older than what is held: decide it all. */
    void (*flush)(void *room);
    /* Append what is to be saved; incidents since the last call as parts, samples as 32 bytes
     * each, answering how many; the sources as one JSON text. */
    void (*state)(void *room, struct buf *out);
    size_t (*incidents)(void *room, struct buf *out);
    size_t (*samples)(void *room, struct buf *out);
    void (*sources)(void *room, struct buf *out);
    /* Appends the sightings since the last commit, a part each; returns how many. */
    size_t (*seen)(void *room, struct buf *out);
    /* Back to a saved state; empty: the beginning. */
    struct fault (*restore)(void *room, struct bytes state);
};

struct watching_hooks {
    /* The rest of MESSAGE_WATCH_COMMIT, behind the agreement's id. */
    void (*commit)(void *context, size_t room, struct bytes body);
    void (*reopen)(void *context, uint32_t sensor);
    void (*lost)(void *context, size_t sensor, struct fault why); /* is read no more */
    void *context;
};

struct watching; /* opaque, owned */

/* `saved` is what desk has from the last durable commit of each room, empty for the beginning. The
 * tables must outlive it. Faults: SHORT, EXTRA, RANGE, and the rooms'. */
MUST_CHECK struct fault watching_new(const struct watching_room *rooms, const struct bytes *saved,
                                     size_t count, const struct watching_hooks *hooks,
                                     struct watching **out);
void watching_free(struct watching *w); /* NULL is fine */

/* There is a sensor of this number; a followed one is asked for from time to time (hooks.reopen),
 * also if its file is not there yet. */
void watching_expect(struct watching *w, size_t sensor, bool follow);

/* feed_declare for it: after watching_expect, before watching_opened. */
void watching_declare(struct watching *w, size_t sensor, enum source_kind kind, bool listens,
                      const struct reader_format *format);

/* Before its first watching_opened: is `fd` another file than the one that was being read when we
 * last ran, so that the rest of that must be looked for first? *out is that file. */
bool watching_misses(const struct watching *w, size_t sensor, int fd, struct feed_place *out);

int64_t watching_lag(const struct watching *w, size_t sensor); /* feed_lag */

/* Its file was opened, for the first time or again; `fd` is taken over. *out is FEED_NONE if that
 * is the file being read. FEED_ROTATED at the first time: what an older file got while we were away
 * was not read. */
MUST_CHECK struct fault watching_opened(struct watching *w, size_t sensor, int fd,
                                        enum feed_start *out);

/*
 * Reads, decides, commits. Answers when it is to be called again; INT64_MAX: only after
 * watching_committed, watching_opened.
 */
struct tick watching_turn(struct watching *w, struct tick now);

/* What the rooms say of their sources is another now: a commit is due. */
void watching_changed(struct watching *w);

/* Desk says that this commit of a room is durable. ORDER: it is not the oldest that is open. */
MUST_CHECK struct fault watching_committed(struct watching *w, size_t room, uint64_t sequence);

/* Is everything read, decided and durable, and will no more come? */
bool watching_is_done(const struct watching *w);

#endif

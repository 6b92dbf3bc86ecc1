#include "proc/watching.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"

/* A room, and how far its commits are. */
struct part {
    const struct watching_room *room;
    struct feed_place place[FEED_SENSORS]; /* it has had every line of that file before this */
    struct feed_place had[FEED_SENSORS];   /* .. in an earlier life; all 0: that is over */
    uint64_t sequence;                     /* of the commit sent last */
    uint64_t durable;                      /* .. and known to be durable */
};

struct watching {
    struct part part[WATCHING_ROOMS];
    size_t parts;
    const struct watching_hooks *hooks;
    struct feed *feed;
    struct feed_place seen[FEED_SENSORS]; /* behind the line that came last */
    bool there[FEED_SENSORS], follow[FEED_SENSORS], opened[FEED_SENSORS];
    uint64_t lines;       /* since the commit sent last */
    struct tick first;    /* when the first of them came */
    struct tick last;     /* when the last line of all came */
    struct tick reopened; /* when rotated files were looked for */
    struct tick idled;    /* when the rooms were asked to decide by the clock */
    bool begun;           /* the three above were set */
    bool full;            /* a room wants a commit now */
    bool dirty;           /* something to commit, lines or not */
    bool flushed;         /* nothing is held */
    bool ended;           /* no sensor is followed, and all were read */
};

static struct fault read_saved(struct part *p, struct bytes saved)
{
    struct cursor in = cursor_over(saved, "watch: saved state");
    struct bytes places, state;
    struct fault f;

    if (saved.len == 0)
        return p->room->restore(p->room->room, saved);
    p->sequence = p->durable = cursor_u64(&in);
    places = cursor_part(&in, WATCHING_STATE_MAX);
    state = cursor_part(&in, WATCHING_STATE_MAX);
    cursor_end(&in);
    if (!cursor_ok(&in))
        return in.fault;
    f = feed_places_parse(places, p->place);
    return fault_is(f) ? f : p->room->restore(p->room->room, state);
}

struct fault watching_new(const struct watching_room *rooms, const struct bytes *saved,
                          size_t count, const struct watching_hooks *hooks, struct watching **out)
{
    struct watching *w;
    struct fault f = fault_none();

    if (count > WATCHING_ROOMS)
        return fault_make(FAULT_LIMIT, WATCHING_ROOMS, "watch: agreements");
    w = memory_zeroed(1, sizeof *w);
    w->hooks = hooks;
    w->feed = feed_new();
    w->flushed = true;
    for (w->parts = 0; w->parts < count && !fault_is(f); w->parts++) {
        w->part[w->parts].room = &rooms[w->parts];
        f = read_saved(&w->part[w->parts], saved[w->parts]);
    }
    if (fault_is(f))
        watching_free(w);
    else
        *out = w;
    return f;
}

void watching_free(struct watching *w)
{
    if (w == NULL)
        return;
    feed_free(w->feed);
    free(w);
}

void watching_expect(struct watching *w, size_t sensor, bool follow)
{
    w->there[sensor] = true;
    w->follow[sensor] = follow;
}

void watching_declare(struct watching *w, size_t sensor, enum source_kind kind, bool listens,
                      const struct reader_format *format)
{
    feed_declare(w->feed, sensor, kind, listens, format);
}

bool watching_misses(const struct watching *w, size_t sensor, int fd, struct feed_place *out)
{
    enum feed_start start = FEED_NONE;
    struct feed_place at;

    if (w->opened[sensor] || !w->follow[sensor] || w->parts == 0)
        return false;
    *out = w->part[0].place[sensor];
    return !fault_is(feed_start_of(fd, out, &start, &at)) && start == FEED_ROTATED &&
           (at.inode != out->inode || at.device != out->device);
}

int64_t watching_lag(const struct watching *w, size_t sensor)
{
    return feed_lag(w->feed, sensor);
}

/*
 * A sensor's file for the first time: each room stands where it stood in that file, or at its
 * beginning; *from is the first of these places. What is worst to know of them is *out.
 */
static struct fault place_all(struct watching *w, size_t sensor, int fd, struct feed_place *from,
                              enum feed_start *out)
{
    *out = FEED_NONE;
    for (size_t i = 0; i < w->parts; i++) {
        struct feed_place *place = &w->part[i].place[sensor], at;
        enum feed_start start;
        struct fault f = feed_start_of(fd, place, &start, &at);

        if (fault_is(f))
            return f;
        *place = w->part[i].had[sensor] = at;
        if (i == 0 || at.offset < from->offset)
            *from = at;
        if (*out == FEED_NONE || start == FEED_ROTATED)
            *out = start;
    }
    return fault_none();
}

static struct fault open_first(struct watching *w, size_t sensor, int fd, enum feed_start *out)
{
    struct feed_place from = {0};
    enum feed_start ignored;
    struct fault f = place_all(w, sensor, fd, &from, out);

    if (fault_is(f)) {
        close(fd);
        return f;
    }
    if (from.offset == 0)
        from = (struct feed_place){0};
    f = feed_put(w->feed, sensor, fd, w->follow[sensor], &from, &ignored);
    w->opened[sensor] = !fault_is(f);
    return f;
}

struct fault watching_opened(struct watching *w, size_t sensor, int fd, enum feed_start *out)
{
    bool changed = false;
    struct fault f;

    w->ended = false;
    if (!w->opened[sensor])
        return open_first(w, sensor, fd, out);
    f = feed_reopened(w->feed, sensor, fd, &changed);
    *out = changed ? FEED_FRESH : FEED_NONE;
    return f;
}

static bool is_same_file(const struct feed_place *a, const struct feed_place *b)
{
    return a->inode == b->inode && a->device == b->device;
}

/* Has this room had the line that ends here in an earlier life? */
static bool has_had(struct feed_place *had, const struct feed_place *now)
{
    if (is_same_file(had, now) && now->offset <= had->offset)
        return true;
    *had = (struct feed_place){0};
    return false;
}

/* A file that was cut in place begins anew: nobody has had its lines. */
static void look_for_cut(struct watching *w, size_t sensor, const struct feed_place *now)
{
    struct feed_place *seen = &w->seen[sensor];

    if (is_same_file(seen, now) && now->offset < seen->offset)
        for (size_t i = 0; i < w->parts; i++)
            w->part[i].had[sensor] = (struct feed_place){0};
    *seen = *now;
}

static void take(struct watching *w, size_t sensor, struct bytes line, enum feed_got got,
                 struct tick now)
{
    struct feed_place behind = feed_at(w->feed, sensor);
    uint64_t at = feed_line_at(w->feed, sensor);

    if (w->lines++ == 0)
        w->first = now;
    w->last = now;
    w->dirty = true;
    w->flushed = false;
    look_for_cut(w, sensor, &behind);
    for (size_t i = 0; i < w->parts; i++) {
        struct part *p = &w->part[i];
        void *room = p->room->room;

        if (has_had(&p->had[sensor], &behind)) {
            if (got == FEED_GOT_LINE)
                p->room->again(room, sensor, line);
            continue;
        }
        p->place[sensor] = behind;
        w->full |= got == FEED_GOT_TOO_LONG ? p->room->too_long(room, sensor, behind.offset)
                                            : p->room->take(room, sensor, at, behind.offset, line);
    }
}

/* Lines until there are none, or enough for a turn or a commit. True if more may be there. */
static bool read_lines(struct watching *w, struct tick now, bool *ended)
{
    *ended = false;
    for (size_t n = 0; n < WATCHING_TURN && w->lines < WATCHING_RECORDS && !w->full; n++) {
        enum feed_got got = FEED_GOT_NOTHING;
        struct bytes line;
        size_t sensor;
        struct fault f = feed_next(w->feed, &sensor, &line, &got);

        if (fault_is(f)) {
            w->hooks->lost(w->hooks->context, sensor, f);
            continue;
        }
        if (got == FEED_GOT_NOTHING || got == FEED_GOT_END) {
            *ended = got == FEED_GOT_END;
            return false;
        }
        take(w, sensor, line, got, now);
    }
    return true;
}

static void counted(struct buf *out, size_t (*list)(void *room, struct buf *out), void *room)
{
    struct buf items = {0};
    size_t count = list(room, &items);

    buf_u32(out, (uint32_t)count);
    buf_bytes(out, buf_view(&items));
    buf_done(&items);
}

static void commit_part(struct watching *w, size_t i)
{
    struct part *p = &w->part[i];
    const struct watching_room *r = p->room;
    struct buf body = {0}, state = {0}, part = {0};

    p->sequence++;
    buf_u64(&state, p->sequence);
    feed_places_write(p->place, &part);
    buf_part(&state, buf_view(&part));
    buf_clear(&part);
    r->state(r->room, &part);
    buf_part(&state, buf_view(&part));
    buf_clear(&part);
    buf_u64(&body, p->sequence);
    buf_part(&body, buf_view(&state));
    counted(&body, r->incidents, r->room);
    counted(&body, r->samples, r->room);
    r->sources(r->room, &part);
    buf_part(&body, buf_view(&part));
    counted(&body, r->seen, r->room);
    w->hooks->commit(w->hooks->context, i, buf_view(&body));
    buf_done(&body);
    buf_done(&state);
    buf_done(&part);
}

static void commit(struct watching *w)
{
    for (size_t i = 0; i < w->parts; i++)
        commit_part(w, i);
    w->lines = 0;
    w->dirty = w->full = false;
}

static bool is_followed(const struct watching *w)
{
    for (size_t i = 0; i < FEED_SENSORS; i++)
        if (w->there[i] && w->follow[i])
            return true;
    return false;
}

/* Looks for files that were rotated away, now and then. */
static void look_again(struct watching *w, struct tick now)
{
    if (now.us - w->reopened.us < WATCHING_REOPEN)
        return;
    w->reopened = now;
    for (size_t i = 0; i < FEED_SENSORS; i++)
        if (w->there[i] && w->follow[i])
            w->hooks->reopen(w->hooks->context, (uint32_t)i);
}

static bool are_all_followed(const struct watching *w)
{
    for (size_t i = 0; i < FEED_SENSORS; i++)
        if (w->there[i] && !w->follow[i])
            return false;
    return true;
}

/* Live sensors that are quiet: time goes on without them. */
static void idle(struct watching *w, struct tick now)
{
    if (now.us - w->last.us < WATCHING_SECOND || now.us - w->idled.us < WATCHING_SECOND)
        return;
    w->idled = now;
    for (size_t i = 0; i < w->parts; i++)
        w->dirty |= w->part[i].room->idle(w->part[i].room->room);
}

/* Nothing came for so long, or nothing will: what is held back for order is decided. */
static void settle(struct watching *w, struct tick now)
{
    if (are_all_followed(w)) {
        idle(w, now);
        return;
    }
    if (w->flushed || (!w->ended && now.us - w->last.us < WATCHING_IDLE))
        return;
    for (size_t i = 0; i < w->parts; i++)
        w->part[i].room->flush(w->part[i].room->room);
    w->flushed = true;
    w->dirty = true;
}

static bool is_due(const struct watching *w, struct tick now)
{
    if (!w->dirty)
        return false;
    return w->flushed || w->full || w->lines == 0 || w->lines >= WATCHING_RECORDS ||
           now.us - w->first.us >= WATCHING_SECOND;
}

static struct tick later(struct tick now, int64_t us)
{
    return (struct tick){now.us + us};
}

static bool may_commit(const struct watching *w)
{
    for (size_t i = 0; i < w->parts; i++)
        if (w->part[i].sequence - w->part[i].durable >= WATCHING_OPEN)
            return false;
    return true;
}

struct tick watching_turn(struct watching *w, struct tick now)
{
    bool more, ended;

    if (!w->begun) {
        w->last = w->reopened = w->idled = now;
        w->begun = true;
    }
    if (!may_commit(w))
        return (struct tick){INT64_MAX};
    more = read_lines(w, now, &ended);
    w->ended = ended && !is_followed(w);
    if (!more) {
        look_again(w, now);
        settle(w, now);
    }
    if (is_due(w, now))
        commit(w);
    if (more)
        return now;
    return w->ended && !w->dirty ? (struct tick){INT64_MAX} : later(now, WATCHING_POLL);
}

void watching_changed(struct watching *w)
{
    w->dirty = true;
}

struct fault watching_committed(struct watching *w, size_t room, uint64_t sequence)
{
    struct part *p = w->part + (room < w->parts ? room : 0);

    if (room >= w->parts || sequence != p->durable + 1 || sequence > p->sequence)
        return fault_make(FAULT_ORDER, 0, "watch: COMMITTED out of order");
    p->durable = sequence;
    return fault_none();
}

bool watching_is_done(const struct watching *w)
{
    for (size_t i = 0; i < w->parts; i++)
        if (w->part[i].durable != w->part[i].sequence)
            return false;
    return w->ended && w->flushed && !w->dirty;
}

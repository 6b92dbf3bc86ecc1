#include "proc/watching.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"

struct watching {
    const struct watching_room *room;
    const struct watching_hooks *hooks;
    struct feed *feed;
    struct feed_place place[FEED_SENSORS]; /* from the saved state, for watching_opened */
    bool there[FEED_SENSORS], follow[FEED_SENSORS], opened[FEED_SENSORS];
    uint64_t sequence;    /* of the commit sent last */
    uint64_t durable;     /* .. and known to be durable */
    uint64_t lines;       /* since the commit sent last */
    struct tick first;    /* when the first of them came */
    struct tick last;     /* when the last line of all came */
    struct tick reopened; /* when rotated files were looked for */
    bool begun;           /* the two above were set */
    bool dirty;           /* something to commit, lines or not */
    bool flushed;         /* nothing is held */
    bool ended;           /* no sensor is followed, and all were read */
};

static struct fault read_saved(struct watching *w, struct bytes saved)
{
    struct cursor in = cursor_over(saved, "watch: saved state");
    struct bytes places, state;
    struct fault f;

    if (saved.len == 0)
        return w->room->restore(w->room->room, saved);
    w->sequence = w->durable = cursor_u64(&in);
    places = cursor_part(&in, WATCHING_STATE_MAX);
    state = cursor_part(&in, WATCHING_STATE_MAX);
    cursor_end(&in);
    if (!cursor_ok(&in))
        return in.fault;
    f = feed_places_parse(places, w->place);
    return fault_is(f) ? f : w->room->restore(w->room->room, state);
}

struct fault watching_new(const struct watching_room *room, const struct watching_hooks *hooks,
                          struct bytes saved, struct watching **out)
{
    struct watching *w = memory_zeroed(1, sizeof *w);
    struct fault f;

    w->room = room;
    w->hooks = hooks;
    w->feed = feed_new();
    w->flushed = true;
    f = read_saved(w, saved);
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

struct fault watching_opened(struct watching *w, size_t sensor, int fd, enum feed_start *out)
{
    bool changed = false;
    struct fault f;

    w->ended = false;
    if (!w->opened[sensor]) {
        f = feed_put(w->feed, sensor, fd, w->follow[sensor], &w->place[sensor], out);
        w->opened[sensor] = !fault_is(f);
        return f;
    }
    f = feed_reopened(w->feed, sensor, fd, &changed);
    *out = changed ? FEED_FRESH : FEED_NONE;
    return f;
}

static void take(struct watching *w, size_t sensor, struct bytes line, enum feed_got got,
                 struct tick now)
{
    if (w->lines++ == 0)
        w->first = now;
    w->last = now;
    w->dirty = true;
    w->flushed = false;
    if (got == FEED_GOT_TOO_LONG)
        w->room->too_long(w->room->room, sensor);
    else
        w->room->take(w->room->room, sensor, feed_at(w->feed, sensor).offset, line);
}

/* Lines until there are none, or enough for a turn or a commit. True if more may be there. */
static bool read_lines(struct watching *w, struct tick now, bool *ended)
{
    *ended = false;
    for (size_t n = 0; n < WATCHING_TURN && w->lines < WATCHING_RECORDS; n++) {
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

static void commit(struct watching *w)
{
    const struct watching_room *r = w->room;
    struct buf body = {0}, state = {0}, part = {0};

    w->sequence++;
    buf_u64(&state, w->sequence);
    feed_places_write(w->feed, &part);
    buf_part(&state, buf_view(&part));
    buf_clear(&part);
    r->state(r->room, &part);
    buf_part(&state, buf_view(&part));
    buf_clear(&part);
    buf_u64(&body, w->sequence);
    buf_part(&body, buf_view(&state));
    counted(&body, r->incidents, r->room);
    counted(&body, r->samples, r->room);
    r->sources(r->room, &part);
    buf_part(&body, buf_view(&part));
    w->hooks->commit(w->hooks->context, buf_view(&body));
    w->lines = 0;
    w->dirty = false;
    buf_done(&body);
    buf_done(&state);
    buf_done(&part);
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

/* Nothing came for so long, or nothing will: what is held back for order is decided. */
static void settle(struct watching *w, struct tick now)
{
    if (w->flushed || (!w->ended && now.us - w->last.us < WATCHING_IDLE))
        return;
    w->room->flush(w->room->room);
    w->flushed = true;
    w->dirty = true;
}

static bool is_due(const struct watching *w, struct tick now)
{
    if (!w->dirty)
        return false;
    return w->flushed || w->lines >= WATCHING_RECORDS || now.us - w->first.us >= WATCHING_SECOND;
}

static struct tick later(struct tick now, int64_t us)
{
    return (struct tick){now.us + us};
}

struct tick watching_turn(struct watching *w, struct tick now)
{
    bool more, ended;

    if (!w->begun) {
        w->last = w->reopened = now;
        w->begun = true;
    }
    if (w->sequence - w->durable >= WATCHING_OPEN)
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

struct fault watching_committed(struct watching *w, uint64_t sequence)
{
    if (sequence != w->durable + 1 || sequence > w->sequence)
        return fault_make(FAULT_ORDER, 0, "watch: COMMITTED out of order");
    w->durable = sequence;
    return fault_none();
}

bool watching_is_done(const struct watching *w)
{
    return w->ended && w->flushed && !w->dirty && w->durable == w->sequence;
}

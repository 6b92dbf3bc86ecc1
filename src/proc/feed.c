#include "proc/feed.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "sensor/lines.h"

struct source {
    int fd, next; /* -1: none. `next` waits until all of `fd` is read */
    bool follow, ended;
    struct feed_place at;
    uint64_t line_at; /* where the line handed out last begins */
    uint64_t skip_to; /* lines before this offset were read in an earlier life */
    struct lines *lines;
};

struct feed {
    struct source source[FEED_SENSORS];
    size_t turn; /* who is asked first next time */
};

struct feed *feed_new(void)
{
    struct feed *f = memory_zeroed(1, sizeof *f);

    for (size_t i = 0; i < FEED_SENSORS; i++)
        f->source[i].fd = f->source[i].next = -1;
    return f;
}

static void drop(struct source *s)
{
    lines_free(s->lines);
    s->lines = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void feed_free(struct feed *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < FEED_SENSORS; i++) {
        drop(&f->source[i]);
        if (f->source[i].next >= 0)
            close(f->source[i].next);
    }
    free(f);
}

/* The first bytes of a .zst or .gz file: its offsets are of the unpacked text. */
static bool is_packed(int fd)
{
    uint8_t magic[4] = {0};

    if (pread(fd, magic, sizeof magic, 0) < 2)
        return false;
    return memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 || memcmp(magic, "\x1f\x8b", 2) == 0;
}

static bool is_same(const struct stat *st, const struct feed_place *place)
{
    return place->inode == st->st_ino && place->device == st->st_dev;
}

/* Begins to read `fd` at this offset of its text. */
static void begin(struct source *s, int fd, const struct stat *st, uint64_t offset)
{
    bool seekable = S_ISREG(st->st_mode) && !is_packed(fd);

    s->fd = fd;
    s->ended = false;
    s->at = (struct feed_place){st->st_dev, st->st_ino, offset};
    s->skip_to = seekable ? 0 : offset;
    s->lines = lines_new(fd, seekable ? offset : 0);
}

static bool is_shorter(int fd, const struct stat *st, uint64_t offset)
{
    return S_ISREG(st->st_mode) && !is_packed(fd) && (uint64_t)st->st_size < offset;
}

struct fault feed_start_of(int fd, const struct feed_place *from, enum feed_start *out,
                           struct feed_place *at)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fault_io("sensor: fstat");
    *out = FEED_RESUMED;
    if (from->inode == 0)
        *out = FEED_FRESH;
    else if (!is_same(&st, from) || is_shorter(fd, &st, from->offset))
        *out = FEED_ROTATED;
    *at = (struct feed_place){st.st_dev, st.st_ino, *out == FEED_RESUMED ? from->offset : 0};
    return fault_none();
}

struct fault feed_put(struct feed *f, size_t sensor, int fd, bool follow,
                      const struct feed_place *from, enum feed_start *out)
{
    struct source *s = &f->source[sensor];
    struct feed_place at = {0};
    struct fault bad = feed_start_of(fd, from, out, &at);
    struct stat st;

    if (!fault_is(bad) && fstat(fd, &st) != 0)
        bad = fault_io("sensor: fstat");
    if (fault_is(bad)) {
        close(fd);
        return bad;
    }
    drop(s);
    s->follow = follow;
    begin(s, fd, &st, at.offset);
    return fault_none();
}

struct fault feed_reopened(struct feed *f, size_t sensor, int fd, bool *out)
{
    struct source *s = &f->source[sensor];
    struct stat st;

    *out = false;
    if (s->fd < 0 && s->next < 0) { /* it was lost: on from where it was read to */
        enum feed_start start;

        *out = true;
        return feed_put(f, sensor, fd, s->follow, &s->at, &start);
    }
    if (fstat(fd, &st) != 0) {
        struct fault bad = fault_io("sensor: fstat");

        close(fd);
        return bad;
    }
    if (s->fd >= 0 && is_same(&st, &s->at) && !is_shorter(fd, &st, s->at.offset)) {
        close(fd);
        return fault_none();
    }
    *out = true;
    if (s->next >= 0)
        close(s->next);
    s->next = fd;
    if (s->fd >= 0 && is_same(&st, &s->at))
        drop(s); /* cut in place: what was in it is gone */
    return fault_none();
}

/* The old file is read to its end: on to the new one. False if there is none. */
static struct fault turn_over(struct source *s, bool *out)
{
    int fd = s->next;
    struct stat st;

    *out = fd >= 0;
    if (fd < 0)
        return fault_none();
    drop(s);
    s->next = -1;
    if (fstat(fd, &st) != 0) {
        close(fd);
        return fault_io("sensor: fstat");
    }
    begin(s, fd, &st, 0);
    return fault_none();
}

/* The next line that was not read in an earlier life. */
static struct fault read_new(struct source *s, struct bytes *line, enum lines_got *got)
{
    struct fault f;

    do
        f = lines_next(s->lines, !s->follow || s->next >= 0, line, got);
    while (!fault_is(f) && *got != LINES_NONE && lines_next_at(s->lines) <= s->skip_to);
    if (!fault_is(f) && *got != LINES_NONE) {
        s->at.offset = lines_next_at(s->lines);
        s->line_at = lines_at(s->lines);
    }
    return f;
}

static struct fault read_source(struct source *s, struct bytes *line, enum lines_got *got)
{
    bool again = false;

    do {
        struct fault f = fault_none();

        *got = LINES_NONE;
        if (s->fd >= 0)
            f = read_new(s, line, got);
        again = false;
        if (!fault_is(f) && *got == LINES_NONE)
            f = turn_over(s, &again);
        if (fault_is(f))
            return f;
    } while (again);
    s->ended = s->fd < 0 || (*got == LINES_NONE && !s->follow);
    return fault_none();
}

struct fault feed_next(struct feed *f, size_t *sensor, struct bytes *line, enum feed_got *out)
{
    bool all_ended = true;

    for (size_t n = 0; n < FEED_SENSORS; n++) {
        size_t i = (f->turn + n) % FEED_SENSORS;
        struct source *s = &f->source[i];
        enum lines_got got;
        struct fault bad;

        if ((s->fd < 0 || s->ended) && s->next < 0)
            continue;
        bad = read_source(s, line, &got);
        *sensor = i;
        if (fault_is(bad)) {
            drop(s);
            return bad;
        }
        if (got != LINES_NONE) {
            f->turn = i + 1; /* a line each in turn: none keeps the others waiting */
            *out = got == LINES_LINE ? FEED_GOT_LINE : FEED_GOT_TOO_LONG;
            return fault_none();
        }
        all_ended = all_ended && s->ended;
    }
    *out = all_ended ? FEED_GOT_END : FEED_GOT_NOTHING;
    return fault_none();
}

struct feed_place feed_at(const struct feed *f, size_t sensor)
{
    return f->source[sensor].at;
}

uint64_t feed_line_at(const struct feed *f, size_t sensor)
{
    return f->source[sensor].line_at;
}

void feed_places_write(const struct feed_place places[FEED_SENSORS], struct buf *out)
{
    buf_u32(out, FEED_SENSORS);
    for (size_t i = 0; i < FEED_SENSORS; i++) {
        buf_u64(out, places[i].device);
        buf_u64(out, places[i].inode);
        buf_u64(out, places[i].offset);
    }
}

struct fault feed_places_parse(struct bytes text, struct feed_place out[FEED_SENSORS])
{
    struct cursor in = cursor_over(text, "watch: places in the sensors' files");
    uint32_t count = cursor_u32(&in);

    if (cursor_ok(&in) && count != FEED_SENSORS)
        cursor_fail(&in, FAULT_RANGE, 0);
    for (uint32_t i = 0; i < FEED_SENSORS; i++) {
        out[i].device = cursor_u64(&in);
        out[i].inode = cursor_u64(&in);
        out[i].offset = cursor_u64(&in);
    }
    cursor_end(&in);
    return in.fault;
}

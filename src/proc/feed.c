#include "proc/feed.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "crypto/digest.h"

struct tap {
    int fd, next; /* -1: none. `next` waits until all of `fd` is read */
    int call;     /* of a socket that listens: who called; -1 */
    enum source_kind kind;
    bool listens, follow, ended, regular, packed;
    const struct reader_format *format;
    struct feed_place at;
    uint64_t line_at; /* where the line handed out last begins */
    uint64_t skip_to; /* lines before this offset were read in an earlier life */
    struct source *source;
};

struct feed {
    struct tap tap[FEED_SENSORS];
    size_t turn; /* who is asked first next time */
};

struct feed *feed_new(void)
{
    struct feed *f = memory_zeroed(1, sizeof *f);

    for (size_t i = 0; i < FEED_SENSORS; i++)
        f->tap[i].fd = f->tap[i].next = f->tap[i].call = -1;
    return f;
}

static void hang_up(struct tap *s)
{
    source_free(s->source);
    s->source = NULL;
    if (s->call >= 0)
        close(s->call);
    s->call = -1;
}

static void drop(struct tap *s)
{
    hang_up(s);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void feed_declare(struct feed *f, size_t sensor, enum source_kind kind, bool listens,
                  const struct reader_format *format)
{
    struct tap *s = &f->tap[sensor];

    s->kind = kind;
    s->listens = listens;
    s->format = format;
}

void feed_free(struct feed *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < FEED_SENSORS; i++) {
        drop(&f->tap[i]);
        if (f->tap[i].next >= 0)
            close(f->tap[i].next);
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

/* The first `len` bytes of a file as a number; 0 if it has fewer. */
static uint64_t head_of(int fd, size_t len)
{
    uint8_t head[FEED_HEAD];
    struct digest d;
    uint64_t n = 0;

    if (len > FEED_HEAD || pread(fd, head, len, 0) != (ssize_t)len)
        return 0;
    d = digest_of(bytes_of(head, len));
    for (size_t i = 0; i < sizeof n; i++)
        n = n << 8 | d.byte[i];
    return n | 1; /* never 0 */
}

/* Is it the same inode with another beginning? */
static bool is_rewritten(int fd, const struct feed_place *place)
{
    return place->head_len != 0 && head_of(fd, (size_t)place->head_len) != place->head;
}

/* The hash is over as much of the head as was read; while that grows, it is made again. */
static void know_head(struct tap *s)
{
    uint64_t len = s->at.offset < FEED_HEAD ? s->at.offset : FEED_HEAD;
    bool grown = len >= 2 * s->at.head_len || (len == FEED_HEAD && s->at.head_len != FEED_HEAD);

    if (!s->regular || s->packed || s->at.head_len == FEED_HEAD || !grown)
        return;
    s->at.head = head_of(s->fd, (size_t)len);
    s->at.head_len = s->at.head != 0 ? len : 0;
}

static bool is_from_start(const struct tap *s, int fd)
{
    uint8_t head[FEED_HEAD];
    ssize_t n = pread(fd, head, sizeof head, 0);

    return n > 0 && source_from_start(s->format, bytes_of(head, (size_t)n));
}

/* Begins to read `fd` at this place, or at its beginning if its format wants that. */
static void begin(struct tap *s, int fd, const struct stat *st, const struct feed_place *at)
{
    uint64_t offset = at->offset;

    s->fd = fd;
    s->ended = false;
    s->regular = S_ISREG(st->st_mode);
    s->packed = s->regular && is_packed(fd);
    s->at = *at;
    s->skip_to = s->packed ? offset : 0;
    if (s->listens)
        return;
    if (!s->regular || s->packed)
        offset = 0;
    if (offset != 0 && is_from_start(s, fd))
        s->at.offset = offset = 0; /* who has had it says so by its own place */
    s->source = source_new(fd, s->kind, s->format, offset, 0);
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
    if (from->inode == 0 || !S_ISREG(st.st_mode)) /* a stream goes on wherever it is */
        *out = FEED_FRESH;
    else if (!is_same(&st, from) || is_shorter(fd, &st, from->offset) || is_rewritten(fd, from))
        *out = FEED_ROTATED;
    *at = (struct feed_place){.device = st.st_dev, .inode = st.st_ino};
    if (*out == FEED_RESUMED)
        *at = *from;
    return fault_none();
}

struct fault feed_put(struct feed *f, size_t sensor, int fd, bool follow,
                      const struct feed_place *from, enum feed_start *out)
{
    struct tap *s = &f->tap[sensor];
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
    begin(s, fd, &st, &at);
    return fault_none();
}

struct fault feed_reopened(struct feed *f, size_t sensor, int fd, bool *out)
{
    struct tap *s = &f->tap[sensor];
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
    if (s->fd >= 0 && is_same(&st, &s->at) && !is_shorter(fd, &st, s->at.offset) &&
        !is_rewritten(fd, &s->at)) {
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
static struct fault turn_over(struct tap *s, bool *out)
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
    begin(s, fd, &st, &(struct feed_place){.device = st.st_dev, .inode = st.st_ino});
    return fault_none();
}

/* Somebody calls, if nobody is there; false: nobody does. */
static bool answer(struct tap *s)
{
    if (!s->listens)
        return true;
    if (s->call >= 0)
        return true;
    s->call = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s->call >= 0)
        s->source = source_new(s->call, SOURCE_STREAM, s->format, 0, s->at.offset);
    return s->call >= 0;
}

/* Has the caller closed its end? Its last line, if it had no newline, was handed out before. */
static bool is_closed(const struct tap *s)
{
    uint8_t byte;

    return s->call >= 0 && recv(s->call, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The next line that was not read in an earlier life. */
static struct fault read_new(struct tap *s, struct bytes *line, enum lines_got *got)
{
    bool final = !s->follow || s->next >= 0;
    struct fault f;

    *got = LINES_NONE;
    if (!answer(s))
        return fault_none();
    do
        f = source_next(s->source, final || is_closed(s), line, got);
    while (!fault_is(f) && *got != LINES_NONE && source_next_at(s->source) <= s->skip_to);
    if (!fault_is(f) && *got != LINES_NONE) {
        s->at.offset = source_next_at(s->source);
        s->line_at = source_at(s->source);
        know_head(s);
    } else if (s->listens && (fault_is(f) || is_closed(s))) {
        hang_up(s); /* damage of one call ends that call, not the sensor */
        f = fault_none();
        *got = LINES_NONE;
    }
    return f;
}

static struct fault read_source(struct tap *s, struct bytes *line, enum lines_got *got)
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
        struct tap *s = &f->tap[i];
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
    return f->tap[sensor].at;
}

int64_t feed_lag(const struct feed *f, size_t sensor)
{
    const struct tap *s = &f->tap[sensor];
    struct stat st;

    if (s->fd < 0 || !s->regular || s->packed || fstat(s->fd, &st) != 0)
        return -1;
    return (uint64_t)st.st_size > s->at.offset ? (int64_t)((uint64_t)st.st_size - s->at.offset) : 0;
}

uint64_t feed_line_at(const struct feed *f, size_t sensor)
{
    return f->tap[sensor].line_at;
}

void feed_places_write(const struct feed_place places[FEED_SENSORS], struct buf *out)
{
    buf_u32(out, FEED_SENSORS);
    for (size_t i = 0; i < FEED_SENSORS; i++) {
        buf_u64(out, places[i].device);
        buf_u64(out, places[i].inode);
        buf_u64(out, places[i].offset);
        buf_u64(out, places[i].head);
        buf_u64(out, places[i].head_len);
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
        out[i].head = cursor_u64(&in);
        out[i].head_len = cursor_u64(&in);
        if (out[i].head_len > FEED_HEAD && cursor_ok(&in))
            cursor_fail(&in, FAULT_RANGE, in.at - 8);
    }
    cursor_end(&in);
    return in.fault;
}

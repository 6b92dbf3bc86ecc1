#include "sensor/source.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    KNOWN = 4,         /* bytes that tell a binary format from text, and packed text from plain */
    BLOCK = 256 << 10, /* read at once */
};

struct source {
    int fd;
    enum source_kind kind;
    const struct reader_format *format; /* that cuts; NULL: lines */
    uint64_t base;                      /* offset of room[0] */
    bool known;
    struct lines *lines; /* text; NULL until it is known */
    uint8_t *room;       /* [from, to) is read and not handed out */
    size_t size, from, to;
    uint64_t at;
};

struct source *source_new(int fd, enum source_kind kind, const struct reader_format *format,
                          uint64_t offset, uint64_t base)
{
    struct source *s = memory_zeroed(1, sizeof *s);

    s->fd = fd;
    s->kind = kind;
    s->base = s->at = base;
    s->format = format != NULL && format->cut != NULL ? format : NULL;
    s->known = s->format != NULL;
    if (offset != 0) { /* plain text in its middle */
        s->lines = lines_new(fd, offset);
        s->known = true;
    }
    s->size = kind == SOURCE_STREAM ? BLOCK : READER_ORIGIN + SOURCE_DATAGRAM;
    s->room = memory_new(s->size);
    return s;
}

void source_free(struct source *s)
{
    if (s == NULL)
        return;
    lines_free(s->lines);
    free(s->room);
    free(s);
}

/* ---- datagrams ---- */

/* 0xff 'D', the address in its 128-bit form, the port. */
static void write_origin(const struct sockaddr_storage *from, uint8_t *out)
{
    const struct sockaddr_in *four = (const void *)from;
    const struct sockaddr_in6 *six = (const void *)from;
    struct addr a = {{0}};
    uint16_t port = 0;

    if (from->ss_family == AF_INET) {
        a = addr_from_v4(ntohl(four->sin_addr.s_addr));
        port = ntohs(four->sin_port);
    } else if (from->ss_family == AF_INET6) {
        memcpy(a.byte, &six->sin6_addr, sizeof a.byte);
        port = ntohs(six->sin6_port);
    }
    out[0] = READER_ORIGIN_MARK;
    out[1] = 'D';
    memcpy(out + 2, a.byte, sizeof a.byte);
    out[18] = (uint8_t)(port >> 8);
    out[19] = (uint8_t)port;
}

static struct fault next_datagram(struct source *s, struct bytes *out, enum lines_got *got)
{
    size_t before = s->kind == SOURCE_NETWORK ? READER_ORIGIN : 0;
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof from;
    ssize_t n;

    *got = LINES_NONE;
    do
        n = recvfrom(s->fd, s->room + before, s->size - before, MSG_DONTWAIT | MSG_TRUNC,
                     (struct sockaddr *)&from, &len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? fault_none() : fault_io("sensor socket");
    s->at = s->base;
    s->base += (uint64_t)n + 1;
    if (before != 0)
        write_origin(&from, s->room);
    *got = (size_t)n > s->size - before ? LINES_TOO_LONG : LINES_LINE;
    if (*got == LINES_TOO_LONG)
        n = 64;
    *out = bytes_of(s->room, before + (size_t)n);
    if (before == 0 && n > 0 && s->room[n - 1] == '\n')
        out->len--;
    return fault_none();
}

/* ---- streams ---- */

/* Room for more behind `to`: what is left moves to the front, or the room grows to a frame's. */
static void make_room(struct source *s)
{
    if (s->from != 0) {
        memmove(s->room, s->room + s->from, s->to - s->from);
        s->base += s->from;
        s->to -= s->from;
        s->from = 0;
    }
    if (s->to < s->size)
        return;
    s->size *= 2;
    s->room = memory_resize(s->room, s->size, 1);
}

/* Reads more; *more is false where nothing is there for now. */
static struct fault fill(struct source *s, bool *more)
{
    size_t n = 0;
    struct fault f;

    make_room(s);
    f = lines_input(s->fd, s->room + s->to, s->size - s->to, &n);
    s->to += n;
    *more = n != 0;
    return f;
}

/* Text from here on: the bytes already read go with it. */
static void become_text(struct source *s)
{
    s->lines = lines_new(s->fd, 0);
    lines_given(s->lines, bytes_of(s->room + s->from, s->to - s->from), s->base + s->from);
    s->known = true;
}

/* What begins like this may yet be binary or packed; anything else is plain text at once. */
static bool may_be_magic(uint8_t first)
{
    static const uint8_t firsts[] = {0x00, 0x0c, 0xa5, 0x1f, 0x28, READER_ORIGIN_MARK};

    return memchr(firsts, first, sizeof firsts) != NULL;
}

static struct fault know(struct source *s, bool final)
{
    const struct reader_format *f;
    bool more = true;

    while (s->to - s->from < KNOWN && more) {
        struct fault bad = fill(s, &more);

        if (fault_is(bad))
            return bad;
    }
    if (s->to == s->from || (s->to - s->from < KNOWN && !final && may_be_magic(s->room[s->from])))
        return fault_none(); /* later, or never */
    f = reader_format_known(bytes_of(s->room + s->from, s->to - s->from));
    if (f != NULL && f->cut != NULL) {
        s->format = f;
        s->known = true;
    } else {
        become_text(s);
    }
    return fault_none();
}

static struct fault next_frame(struct source *s, bool final, struct bytes *out, enum lines_got *got)
{
    bool more = true, ended = false;

    *got = LINES_NONE;
    for (;;) {
        struct bytes have = bytes_of(s->room + s->from, s->to - s->from);
        size_t len = 0;
        struct fault f = fault_none();

        if (have.len != 0)
            f = s->format->cut(have, ended && final, &len);
        if (!fault_is(f) && (len > READER_FRAME || (len == 0 && have.len > READER_FRAME)))
            f = fault_make(FAULT_LIMIT, 0, "sensor: a frame is at most 5 MiB");
        if (fault_is(f)) {
            f.at += (size_t)s->base + s->from;
            return f;
        }
        if (len != 0) {
            *out = bytes_of(have.data, len);
            s->at = s->base + s->from;
            s->from += len;
            *got = LINES_LINE;
            return f;
        }
        if (ended)
            return f;
        f = fill(s, &more);
        if (fault_is(f))
            return f;
        ended = !more;
    }
}

struct fault source_next(struct source *s, bool final, struct bytes *out, enum lines_got *got)
{
    *got = LINES_NONE;
    if (s->kind != SOURCE_STREAM)
        return next_datagram(s, out, got);
    if (!s->known) {
        struct fault f = know(s, final);

        if (fault_is(f) || !s->known)
            return f;
    }
    return s->lines != NULL ? lines_next(s->lines, final, out, got)
                            : next_frame(s, final, out, got);
}

uint64_t source_at(const struct source *s)
{
    return s->lines != NULL ? lines_at(s->lines) : s->at;
}

uint64_t source_next_at(const struct source *s)
{
    return s->lines != NULL ? lines_next_at(s->lines) : s->base + s->from;
}

bool source_from_start(const struct reader_format *format, struct bytes head)
{
    if (head.len != 0 && head.data[0] == '{')
        return false; /* a JSON line says all of itself */
    if (format == NULL)
        format = reader_format_known(head);
    return format != NULL && format->from_start;
}

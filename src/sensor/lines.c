#include "sensor/lines.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/memory.h"

enum {
    BLOCK = 1 << 20, /* read at once: a fifth quicker than 256 KiB, and no more is touched of it
                        than the file has */
    ROOM = LINES_MAX + BLOCK,
};

enum packing { PACKING_UNKNOWN = 0, PACKING_PLAIN, PACKING_ZSTD, PACKING_GZIP };

struct lines {
    int fd;
    enum packing packing;
    uint8_t *text; /* ROOM bytes; [from, to) is unpacked and not handed out */
    size_t from, to;
    size_t looked;    /* no newline in [from, looked) */
    uint64_t base;    /* offset of text[0] */
    uint64_t line_at; /* of the line handed out last */
    bool skipping;    /* inside a line that is too long */
    uint8_t *packed;  /* BLOCK bytes, [packed_from, packed_to) not unpacked yet */
    size_t packed_from, packed_to;
    bool inside; /* of a frame: the end of the file would cut it */
    ZSTD_DStream *zstd;
    z_stream gzip;
};

struct lines *lines_new(int fd, uint64_t offset)
{
    struct lines *l = memory_zeroed(1, sizeof *l);

    l->fd = fd;
    l->text = memory_new(ROOM);
    l->base = offset;
    if (offset != 0) {
        l->packing = PACKING_PLAIN;
        if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
            l->fd = -1; /* the first read says so */
    }
    return l;
}

void lines_free(struct lines *l)
{
    if (l == NULL)
        return;
    ZSTD_freeDStream(l->zstd);
    if (l->packing == PACKING_GZIP)
        inflateEnd(&l->gzip);
    free(l->packed);
    free(l->text);
    free(l);
}

struct fault lines_input(int fd, uint8_t *to, size_t room, size_t *out)
{
    ssize_t n;

    do
        n = read(fd, to, room);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        n = 0;
    if (n < 0)
        return fault_io("sensor file");
    *out = (size_t)n;
    return fault_none();
}

/* Room for a block behind `to`, by moving what is left to the front. */
static void make_room(struct lines *l)
{
    if (l->from != 0) {
        memmove(l->text, l->text + l->from, l->to - l->from);
        l->base += l->from;
        l->to -= l->from;
        l->looked -= l->from;
        l->from = 0;
    }
}

/* From the first bytes; they are plain text's own, or move to where packed bytes wait. */
static void know_packing(struct lines *l)
{
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd}, gzip[] = {0x1f, 0x8b};
    size_t n = l->to - l->from;

    l->packing = PACKING_PLAIN;
    if (n >= sizeof zstd && memcmp(l->text, zstd, sizeof zstd) == 0) {
        l->packing = PACKING_ZSTD;
        l->zstd = ZSTD_createDStream();
        if (l->zstd == NULL ||
            ZSTD_isError(ZSTD_DCtx_setParameter(l->zstd, ZSTD_d_windowLogMax, LINES_WINDOW)))
            die("parley: no memory for zstd\n");
    } else if (n >= sizeof gzip && memcmp(l->text, gzip, sizeof gzip) == 0) {
        l->packing = PACKING_GZIP;
        if (inflateInit2(&l->gzip, 15 + 16) != Z_OK)
            die("parley: no memory for zlib\n");
    }
    if (l->packing == PACKING_PLAIN)
        return;
    l->packed = memory_new(BLOCK);
    memcpy(l->packed, l->text, n);
    l->packed_to = n;
    l->to = l->from = l->looked = 0;
}

static struct fault unpack_zstd(struct lines *l, size_t *out)
{
    ZSTD_inBuffer in = {l->packed, l->packed_to, l->packed_from};
    ZSTD_outBuffer to = {l->text + l->to, BLOCK, 0};
    size_t left = ZSTD_decompressStream(l->zstd, &to, &in);

    if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge)
        return fault_make(FAULT_LIMIT, (size_t)l->base + l->to,
                          "RFC 8878: a zstd window of at most 128 MiB");
    if (ZSTD_isError(left))
        return fault_make(FAULT_SYNTAX, (size_t)l->base + l->to, "RFC 8878: zstd frame");
    if (in.pos != l->packed_from || to.pos != 0) /* nothing in, nothing out says nothing new */
        l->inside = left != 0;
    l->packed_from = in.pos;
    *out = to.pos;
    return fault_none();
}

static struct fault unpack_gzip(struct lines *l, size_t *out)
{
    int r;

    l->gzip.next_in = l->packed + l->packed_from;
    l->gzip.avail_in = (uInt)(l->packed_to - l->packed_from);
    l->gzip.next_out = l->text + l->to;
    l->gzip.avail_out = BLOCK;
    r = inflate(&l->gzip, Z_NO_FLUSH);
    if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
        return fault_make(FAULT_SYNTAX, (size_t)l->base + l->to, "RFC 1952: gzip member");
    *out = BLOCK - l->gzip.avail_out;
    if (l->packed_to - l->gzip.avail_in != l->packed_from || *out != 0)
        l->inside = r != Z_STREAM_END;
    l->packed_from = l->packed_to - l->gzip.avail_in;
    if (r == Z_STREAM_END && inflateReset(&l->gzip) != Z_OK)
        die("parley: zlib\n");
    return fault_none();
}

/* More text behind `to`; *out is 0 at the end. */
static struct fault fill_packed(struct lines *l, bool final, size_t *out)
{
    for (;;) {
        size_t read_now = 0;
        struct fault f = l->packing == PACKING_ZSTD ? unpack_zstd(l, out) : unpack_gzip(l, out);

        if (fault_is(f) || *out != 0)
            return f;
        if (l->packed_from == l->packed_to)
            l->packed_from = l->packed_to = 0;
        if (l->packed_to == BLOCK)
            continue;
        f = lines_input(l->fd, l->packed + l->packed_to, BLOCK - l->packed_to, &read_now);
        if (fault_is(f))
            return f;
        l->packed_to += read_now;
        if (read_now == 0)
            return final && l->inside ? fault_make(FAULT_SHORT, (size_t)l->base + l->to,
                                                   "a packed file must be whole")
                                      : fault_none();
    }
}

static struct fault fill(struct lines *l, bool final, size_t *out)
{
    struct fault f;

    make_room(l);
    if (l->packing == PACKING_ZSTD || l->packing == PACKING_GZIP)
        f = fill_packed(l, final, out);
    else
        f = lines_input(l->fd, l->text + l->to, BLOCK, out);
    if (fault_is(f))
        return f;
    l->to += *out;
    if (l->packing == PACKING_UNKNOWN && (l->to - l->from >= 4 || *out == 0)) {
        know_packing(l);
        if (l->packing != PACKING_PLAIN)
            return fill(l, final, out);
    }
    return fault_none();
}

void lines_given(struct lines *l, struct bytes head, uint64_t base)
{
    l->base = base;
    if (head.len == 0)
        return;
    memcpy(l->text, head.data, head.len);
    l->to = head.len;
    know_packing(l);
}

/* A line that is too long is told by its beginning, wherever blocks ended. */
static enum lines_got hand_out(struct lines *l, size_t end, size_t newline, struct bytes *line_out)
{
    bool too_long = end - l->from > LINES_MAX;

    *line_out = bytes_of(l->text + l->from, too_long ? 64 : end - l->from);
    l->line_at = l->base + l->from;
    l->from = l->looked = end + newline;
    return too_long ? LINES_TOO_LONG : LINES_LINE;
}

/* What is there is no whole line: gives up on one that is too long. True: it was handed out. */
static bool pass_over(struct lines *l, struct bytes *line_out)
{
    bool first = !l->skipping;

    if (l->to - l->from <= LINES_MAX && first)
        return false;
    if (first)
        *line_out = bytes_of(l->text + l->from, 64);
    l->line_at = first ? l->base + l->from : l->line_at;
    l->from = l->looked = l->to;
    l->skipping = true;
    return first;
}

struct fault lines_next(struct lines *l, bool final, struct bytes *line_out, enum lines_got *out)
{
    for (;;) {
        const uint8_t *newline =
            l->looked == l->to ? NULL : memchr(l->text + l->looked, '\n', l->to - l->looked);
        size_t more = 0;
        struct fault f;

        if (newline != NULL && l->skipping) {
            l->from = l->looked = (size_t)(newline - l->text) + 1;
            l->skipping = false;
            continue;
        }
        if (newline != NULL) {
            *out = hand_out(l, (size_t)(newline - l->text), 1, line_out);
            return fault_none();
        }
        l->looked = l->to;
        *out = LINES_TOO_LONG;
        if (pass_over(l, line_out))
            return fault_none();
        *out = LINES_NONE;
        f = fill(l, final, &more);
        if (fault_is(f))
            return f;
        if (more != 0)
            continue;
        if (!final || l->from == l->to || l->skipping)
            return fault_none();
        *out = hand_out(l, l->to, 0, line_out);
        return fault_none();
    }
}

struct fault lines_piece(struct lines *l, struct bytes *out)
{
    size_t more = 0;
    struct fault f = fault_none();

    if (l->from == l->to || l->packing == PACKING_UNKNOWN)
        do
            f = fill(l, true, &more);
        while (!fault_is(f) && more != 0 && l->packing == PACKING_UNKNOWN);
    if (fault_is(f))
        return f;
    hand_out(l, l->to, 0, out);
    return f;
}

uint64_t lines_at(const struct lines *l)
{
    return l->line_at;
}

uint64_t lines_next_at(const struct lines *l)
{
    return l->base + l->from;
}

/* Fuzzes sensor/reader.h with all its formats: the bytes come in pieces through source.c, as from
 * a sensor; whatever they are, frames stay bounded, events are plain and records lie inside. */
#include "sensor/reader.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensor/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes now; /* the frame being read */

static void take(void *context, struct event *e, struct bytes raw, size_t at)
{
    (void)context;
    (void)at;
    if (raw.len > READER_FRAME || raw.data == NULL || e->service >= SERVICE_COUNT ||
        e->transport > TRANSPORT_OTHER || e->family >= FAMILIES ||
        (e->has & ~(unsigned)EVENT_HAS_ENDS) != 0 || e->time.us < INT64_MIN / 4 ||
        e->time.us > INT64_MAX / 4)
        abort();
}

static void note(void *context, const char *rule, uint64_t n)
{
    (void)context;
    if (rule == NULL || n == 0)
        abort();
}

static void read_all(const struct reader_format *format, struct bytes in)
{
    struct buf room = {0};
    const struct reader_sink sink = {take, note, NULL, &room};
    struct reader *r = reader_new(format);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct source *s;
    enum lines_got got;

    if (fd < 0 || write(fd, in.data, in.len) != (ssize_t)in.len || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    s = source_new(fd, SOURCE_STREAM, format, 0, 0);
    while (!fault_is(source_next(s, true, &now, &got)) && got != LINES_NONE)
        if (got == LINES_LINE && fault_is(reader_frame(r, now, &sink)))
            continue;
    source_free(s);
    reader_free(r);
    buf_done(&room);
    close(fd);
}

/* A datagram: the whole input is one frame. */
static void read_one(const struct reader_format *format, struct bytes in)
{
    struct buf room = {0};
    const struct reader_sink sink = {take, note, NULL, &room};
    struct reader *r = reader_new(format);
    struct fault f = reader_frame(r, in, &sink);

    f = reader_frame(r, in, &sink); /* again: with the templates it brought */
    if (fault_is(f) && f.at > in.len && f.at > READER_FRAME)
        abort();
    reader_free(r);
    buf_done(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);

    read_all(NULL, in);
    for (size_t i = 0; reader_formats[i] != NULL; i++)
        read_one(reader_formats[i], in);
    return 0;
}

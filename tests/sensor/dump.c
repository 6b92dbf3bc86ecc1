/* Prints what a reader makes of files, an event a line, for tests that hold it against another
 * program: dump FILE... (frames of all files go to one reader, in order). */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sensor/source.h"

static void take(void *context, struct event *e, struct bytes raw, size_t at)
{
    char src[ADDR_TEXT] = "-", dest[ADDR_TEXT] = "-";
    const struct contact *c = &e->contact;

    (void)context;
    (void)raw;
    (void)at;
    if ((e->has & EVENT_HAS_SRC) != 0)
        addr_write(e->src, src);
    if ((e->has & EVENT_HAS_DEST) != 0)
        addr_write(e->dest, dest);
    printf("%s,%s,%d,%d,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%d,%" PRId64 "\n", src,
           dest, e->src_port, e->dest_port, transport_name(e->transport), c->packets, c->bytes,
           c->back_packets, c->back_bytes, c->flags, e->time.us / 1000);
}

static void note(void *context, const char *rule, uint64_t n)
{
    (void)context;
    fprintf(stderr, "note: %s: %" PRIu64 "\n", rule, n);
}

static bool read_file(struct reader *r, const char *path)
{
    struct buf room = {0};
    const struct reader_sink sink = {take, note, NULL, &room};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct source *s = source_new(fd, SOURCE_STREAM, NULL, 0, 0);
    struct bytes frame;
    enum lines_got got = LINES_NONE;
    struct fault f;

    while (!fault_is(f = source_next(s, true, &frame, &got)) && got == LINES_LINE) {
        struct fault damage = reader_frame(r, frame, &sink);

        if (fault_is(damage))
            fprintf(stderr, "damage: %s at %zu: %s\n", fault_word(damage.kind), damage.at,
                    damage.rule);
    }
    if (fault_is(f))
        fprintf(stderr, "%s: %s at %zu: %s\n", path, fault_word(f.kind), f.at, f.rule);
    source_free(s);
    buf_done(&room);
    close(fd);
    return !fault_is(f);
}

int main(int argc, char **argv)
{
    struct reader *r = reader_new(NULL);
    bool good = true;

    for (int i = 1; i < argc; i++)
        good = read_file(r, argv[i]) && good;
    reader_free(r);
    return good ? 0 : 1;
}

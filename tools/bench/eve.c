/*
 * bench-eve FILE TABLE... - how fast the EVE reader and the look-ups of territory are, in memory.
 *
 * FILE is plain EVE; each TABLE a plain territory table, whose codes become values. Prints "name
 * value" lines: CPU seconds of the best of several runs, counts, bytes. tools/bench/eve.py reads
 * it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/spans.h"
#include "net/table.h"
#include "sensor/eve.h"
#include "sensor/eve_path.h"
#include "sensor/lines.h"

enum { RUNS = 9, FILE_MAX = 1 << 30 };

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void read_all(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY);
    ssize_t n;

    if (fd < 0)
        die("bench-eve: a file cannot be opened\n");
    do {
        buf_need(out, 1 << 20);
        n = read(fd, out->data + out->len, 1 << 20);
        out->len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && out->len < FILE_MAX);
    close(fd);
}

typedef void line_take(struct bytes line, void *ctx);

static size_t each_line(struct bytes text, line_take *take, void *ctx)
{
    size_t count = 0;

    for (size_t at = 0; at < text.len; count++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end == NULL ? text.len - at : (size_t)(end - text.data) - at;

        take(bytes_of(text.data + at, len), ctx);
        at += len + 1;
    }
    return count;
}

struct work {
    enum eve_path path;
    struct eve_memory memory;
    uint64_t sum, damaged;
    struct addr *addrs;
    size_t count, space;
};

static void parse(struct bytes line, void *ctx)
{
    struct work *w = ctx;
    struct event e;

    if (fault_is(eve_parse_by(w->path, line, &w->memory, &e))) {
        w->damaged++;
        return;
    }
    w->sum += (uint64_t)e.time.us + e.src_port + e.alert + e.text[EVENT_TEXT_NAME].len +
              e.text[EVENT_TEXT_HOST].len + e.text[EVENT_TEXT_SNI].len;
}

static void nothing(struct bytes line, void *ctx)
{
    ((struct work *)ctx)->sum += line.len;
}

static void addresses(struct bytes line, void *ctx)
{
    struct work *w = ctx;
    struct event e;

    if (fault_is(eve_parse(line, &w->memory, &e)) || (e.has & EVENT_HAS_SRC) == 0)
        return;
    if (w->count + 2 > w->space) {
        w->space = w->space == 0 ? 4096 : 2 * w->space;
        w->addrs = memory_resize(w->addrs, w->space, sizeof *w->addrs);
    }
    w->addrs[w->count++] = e.src;
    w->addrs[w->count++] = e.dest;
}

static void time_lines(const char *name, struct bytes text, line_take *take, struct work *w)
{
    double best = 1e9;
    size_t lines = 0;

    for (int run = 0; run < RUNS; run++) {
        double began = cpu();

        w->damaged = 0;
        lines = each_line(text, take, w);
        began = cpu() - began;
        best = began < best ? began : best;
    }
    printf("%s %.6f\n", name, best);
    if (take == parse)
        printf("damaged_%s %llu\nlines %zu\n", name, (unsigned long long)w->damaged, lines);
}

static void time_file(const char *path, struct work *w)
{
    double best = 1e9;

    for (int run = 0; run < RUNS; run++) {
        int fd = open(path, O_RDONLY);
        struct lines *lines = lines_new(fd, 0);
        double began = cpu();
        enum lines_got got = LINES_LINE;

        while (got != LINES_NONE) {
            struct bytes line;

            if (fault_is(lines_next(lines, true, &line, &got)))
                die("bench-eve: lines\n");
            if (got == LINES_LINE)
                parse(line, w);
        }
        began = cpu() - began;
        best = began < best ? began : best;
        lines_free(lines);
        close(fd);
    }
    printf("file %.6f\n", best);
}

/* ---- look-ups ---- */

static uint32_t value_of(struct bytes code, void *ctx)
{
    uint32_t v = 1;

    (void)ctx;
    for (size_t i = 0; i < code.len; i++)
        v = v * 131 + code.data[i];
    return v;
}

static uint32_t join(uint32_t a, uint32_t b)
{
    return a == b ? a : 0;
}

static void time_lookup(const struct lookup *l, const struct work *w)
{
    double best = 1e9;
    uint64_t sum = 0;

    for (int run = 0; run < RUNS; run++) {
        double began = cpu();

        for (size_t i = 0; i < w->count; i++)
            sum += lookup_slot(l, w->addrs[i]);
        began = cpu() - began;
        best = began < best ? began : best;
    }
    printf("lookup %.6f\nlookups %zu\nlookup_sum %llu\n", best, w->count, (unsigned long long)sum);
}

static void lookups(const char *path, const struct work *w)
{
    struct buf text = {0};
    struct claim *claims;
    size_t count;
    struct spans spans;
    struct lookup *l;

    read_all(path, &text);
    if (fault_is(table_parse(buf_view(&text), value_of, NULL, &claims, &count)))
        die("bench-eve: no table\n");
    spans_flatten(claims, count, join, &spans);
    l = lookup_new(&spans);
    printf("prefixes %zu\nmap_bytes %zu\n", count, lookup_bytes(l));
    time_lookup(l, w);
    lookup_free(l);
    spans_done(&spans);
    free(claims);
    buf_done(&text);
}

int main(int argc, char **argv)
{
    struct work w = {.path = EVE_PATH_C};
    struct buf text = {0};

    if (argc < 2)
        die("bench-eve: FILE TABLE...\n");
    read_all(argv[1], &text);
    printf("bytes %zu\n", text.len);
    time_lines("memchr", buf_view(&text), nothing, &w);
    for (w.path = EVE_PATH_C; w.path < EVE_PATH_COUNT; w.path++)
        if (eve_path_is_here(w.path))
            time_lines(eve_path_name(w.path), buf_view(&text), parse, &w);
    for (w.path = EVE_PATH_COUNT; !eve_path_is_here(--w.path);) {
    }
    time_file(argv[1], &w);
    each_line(buf_view(&text), addresses, &w);
    for (int i = 2; i < argc; i++)
        lookups(argv[i], &w);
    free(w.addrs);
    eve_memory_done(&w.memory);
    buf_done(&text);
    return 0;
}

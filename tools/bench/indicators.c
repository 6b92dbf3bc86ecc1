/*
 * indicators.c - what ten million names and a million addresses cost: bytes, look-ups, loading,
 * taking a new version's place.
 *
 * indicators NAMES: a file of real names, a line each, which are multiplied under fresh labels.
 * Prints "name value" lines; all times are CPU time of this process. Loading is what a list goes
 * through: its bytes into lines, values, sets (indicator/import.h); making the text is not counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "indicator/import.h"
#include "indicator/indicators.h"

enum { NAMES = 10000000, ADDRESSES = 1000000, ASKED = 1 << 20, PIECE = 256 << 10 };

static const struct indicators_limits wide = {50000000, (size_t)4 << 30};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t state = 20261125;

static uint32_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

struct names {
    char *text;
    char **name;
    size_t count;
};

static struct names read_names(const char *path)
{
    struct names n = {0};
    FILE *in = fopen(path, "r");
    size_t room = 0, len = 0, got;

    if (in == NULL)
        exit(2);
    do {
        if (room - len < PIECE)
            n.text = memory_resize(n.text, room = room * 2 + PIECE * 2, 1);
        got = fread(n.text + len, 1, room - len - 1, in);
        len += got;
    } while (got != 0);
    fclose(in);
    n.text[len] = '\0';
    n.name = memory_new((len / 2 + 1) * sizeof *n.name);
    for (char *at = n.text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        n.name[n.count++] = at;
    }
    return n;
}

struct loading {
    struct indicators *x;
    unsigned list;
};

static void entry(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    struct loading *l = with;

    if (!indicators_add(l->x, l->list, v, a))
        exit(3);
}

/* The i-th name: real ones first, then under fresh labels. */
static void name_write(const struct names *n, size_t i, struct buf *out)
{
    size_t copy = i / n->count;

    if (copy != 0)
        buf_print(out, "x%zu.", copy);
    buf_text(out, n->name[i % n->count]);
}

/* Ten million lines as pieces; to nobody if `in` is NULL, so that their making is known. */
static void feed(const struct names *n, struct import *in)
{
    struct buf text = {0};

    for (size_t i = 0; i < NAMES; i++) {
        name_write(n, i, &text);
        buf_byte(&text, '\n');
        if (text.len < PIECE)
            continue;
        if (in != NULL)
            import_feed(in, buf_view(&text));
        buf_clear(&text);
    }
    if (in != NULL)
        import_feed(in, buf_view(&text));
    buf_done(&text);
}

static struct indicators *load(const struct names *n)
{
    struct loading l = {.x = indicators_new(wide, 7)};
    const struct import_sink sink = {.entry = entry, .with = &l};
    struct import in;

    l.list = indicators_list(l.x, "names");
    import_init(&in, IMPORT_LIST, indicator_about_none(), sink);
    feed(n, &in);
    if (fault_is(import_end(&in)))
        exit(4);
    import_done(&in);
    indicators_seal(l.x);
    return l.x;
}

static size_t hits;

static void hear(void *with, const struct indicator_hit *h)
{
    (void)with;
    (void)h;
    hits++;
}

/* Names to ask for: one in `share` is listed, the others are real names of another ending. */
static struct indicator_key *questions(const struct names *n, unsigned share, struct buf *room)
{
    struct indicator_key *key = memory_zeroed(ASKED, sizeof *key);
    size_t *at = memory_new(ASKED * sizeof *at);

    for (size_t i = 0; i < ASKED; i++) {
        at[i] = room->len;
        name_write(n, draw() % NAMES, room);
        if (draw() % share != 0)
            buf_byte(room, 'q'); /* "www.example.comq" */
    }
    for (size_t i = 0; i < ASKED; i++) {
        size_t end = i + 1 < ASKED ? at[i + 1] : room->len;

        key[i] = (struct indicator_key){.kind = INDICATOR_DOMAIN,
                                        .text = bytes_of(room->data + at[i], end - at[i])};
    }
    free(at);
    return key;
}

static double rate(const struct indicators *x, const struct indicator_key *key, size_t batch)
{
    double best = 1e9;

    for (int round = 0; round < 5; round++) {
        double start = seconds();

        hits = 0;
        for (size_t i = 0; i < ASKED; i += batch)
            indicators_find(x, key + i, batch, hear, NULL);
        best = seconds() - start < best ? seconds() - start : best;
    }
    return ASKED / best;
}

static void names(const struct names *n)
{
    struct indicators_place place = {NULL, NULL};
    double start = seconds(), making;
    struct buf room = {0};
    struct indicator_key *key;
    struct indicators *x;

    feed(n, NULL);
    making = seconds() - start;
    start = seconds();
    x = load(n);
    printf("names_load_s %.3f\n", seconds() - start - making);
    printf("names_entries %zu\n", indicators_count(x, 0).entries);
    printf("names_bytes %.2f\n",
           (double)indicators_bytes(x) / (double)indicators_count(x, 0).entries);
    key = questions(n, 100, &room);
    printf("names_batched %.0f\n", rate(x, key, INDICATORS_BATCH));
    printf("names_hits %.4f\n", (double)hits / ASKED);
    printf("names_single %.0f\n", rate(x, key, 1));
    free(key);
    buf_clear(&room);
    key = questions(n, 1, &room);
    printf("names_found %.0f\n", rate(x, key, INDICATORS_BATCH));
    indicators_offer(&place, x);
    indicators_take(&place);
    x = load(n);
    indicators_offer(&place, x);
    start = seconds();
    indicators_take(&place); /* frees the old one */
    printf("names_swap_s %.3f\n", seconds() - start);
    indicators_place_done(&place);
    free(key);
    buf_done(&room);
}

static void addresses(void)
{
    struct indicators *x = indicators_new(wide, 7);
    const struct indicator_about about = indicator_about_none();
    struct indicator_key *key = memory_zeroed(ASKED, sizeof *key);
    unsigned list = indicators_list(x, "addresses");

    for (size_t i = 0; i < ADDRESSES; i++) {
        const struct indicator_value v = {.kind = INDICATOR_IPV4, .addr = addr_from_v4(draw())};

        indicators_add(x, list, &v, &about);
    }
    indicators_seal(x);
    for (size_t i = 0; i < ASKED; i++)
        key[i] = (struct indicator_key){.kind = INDICATOR_IPV4, .addr = addr_from_v4(draw())};
    printf("addresses_bytes %.2f\n",
           (double)indicators_bytes(x) / (double)indicators_count(x, 0).entries);
    printf("addresses_batched %.0f\n", rate(x, key, INDICATORS_BATCH));
    free(key);
    indicators_free(x);
}

int main(int argc, char **argv)
{
    struct names n;

    if (argc != 2)
        return 2;
    n = read_names(argv[1]);
    addresses();
    names(&n);
    return 0;
}

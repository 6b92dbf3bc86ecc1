/*
 * pattern.c - what STIX patterns cost: compiling, asking JSON, a hundred thousand against events.
 *
 * Prints "name value" lines; all times are CPU time of this process. The patterns are the five
 * forms of the OASIS matcher's figures, the events documentation addresses from a fixed seed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stix/event.h"
#include "stix/index.h"
#include "stix/match.h"

enum { MANY = 100000, EVENTS = 200000 };

static const char *const forms[][2] = {
    {"equality", "[ipv4-addr:value = '198.51.100.7']"},
    {"and", "[network-traffic:dst_ref.value = '203.0.113.33' AND network-traffic:dst_port = 443]"},
    {"like",
     "[url:value = 'http://a.example/' OR url:value = 'http://b.example/' OR url:value LIKE "
     "'%.example/x%']"},
    {"issubset", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"},
    {"matches", "[file:name MATCHES '^Final Report.+\\\\.exe$']"},
};

static const char observed[] =
    "{\"first_observed\":\"2020-01-01T00:00:00Z\",\"last_observed\":\"2020-01-01T00:00:00Z\","
    "\"number_observed\":1,\"objects\":{\"0\":{\"type\":\"ipv4-addr\",\"value\":\"198.51.100.7\"},"
    "\"1\":{\"type\":\"ipv4-addr\",\"value\":\"203.0.113.33\"},\"2\":{\"type\":\"network-traffic\","
    "\"src_ref\":\"0\",\"dst_ref\":\"1\",\"dst_port\":443,\"protocols\":[\"tcp\"]},\"3\":{\"type\":"
    "\"url\",\"value\":\"http://c.example/y\"},\"4\":{\"type\":\"file\",\"name\":\"Final Report "
    "7.exe\"}}}";

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct pattern *read_or_stop(const char *text, const struct pattern_vocabulary *words)
{
    struct pattern *p = NULL;

    if (fault_is(pattern_parse(bytes_text(text), words, &p, NULL)))
        abort();
    return p;
}

static void compile(const char *name, const char *text)
{
    double start = seconds();
    size_t n = 0;

    for (; n % 1000 != 0 || seconds() - start < 0.5; n++)
        pattern_free(read_or_stop(text, NULL));
    printf("compile_%s %.0f\n", name, (double)n / (seconds() - start));
}

static void match(const char *name, const char *text, const struct observed *o)
{
    struct pattern *p = read_or_stop(text, NULL);
    double start = seconds();
    size_t n = 0, yes = 0;

    for (; n % 1000 != 0 || seconds() - start < 0.5; n++) {
        bool is_match = false;

        if (fault_is(match_decide(p, o, &is_match)))
            abort();
        yes += is_match;
    }
    printf("match_%s %.0f\n", name, (double)n / (seconds() - start));
    if (yes != 0 && yes != n)
        abort();
    pattern_free(p);
}

/* Twenty observations, none fits: where the OASIS matcher takes seconds. */
static void worst(void)
{
    struct pattern *p = read_or_stop("[x:n < 20] REPEATS 10 TIMES WITHIN 8 SECONDS", NULL);
    json_t *list = json_array();
    struct observed *o = NULL;
    bool is_match = false;
    double start;

    for (int i = 0; i < 20; i++) {
        char when[32];

        snprintf(when, sizeof when, "2020-01-01T00:00:%02dZ", i);
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:{s:{s:s, s:i}}}", "first_observed",
                                              when, "last_observed", when, "number_observed", 1,
                                              "objects", "0", "type", "x", "n", i));
    }
    if (fault_is(observed_read(list, &o, NULL)))
        abort();
    start = seconds();
    for (int i = 0; i < 1000; i++)
        if (fault_is(match_decide(p, o, &is_match)) || is_match)
            abort();
    printf("worst_us %.1f\n", (seconds() - start) * 1e3);
    observed_free(o);
    json_decref(list);
    pattern_free(p);
}

/* ---- a hundred thousand against events ---- */

static uint32_t state = 1;

static uint32_t draw(void)
{
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static struct pattern *draw_pattern(uint32_t i)
{
    char text[256];
    unsigned a = draw() % 256, b = draw() % 256, c = draw() % 256;

    if (i % 10 == 0)
        snprintf(text, sizeof text, "[ipv4-addr:value ISSUBSET '198.%u.%u.%u/28']", 18 + a % 2, b,
                 c);
    else if (i % 3 == 0)
        snprintf(text, sizeof text,
                 "[network-traffic:src_ref.value = '198.%u.%u.%u' AND network-traffic:dst_port = "
                 "%u]",
                 18 + a % 2, b, c, 20 + draw() % 5);
    else
        snprintf(text, sizeof text, "[ipv4-addr:value = '198.%u.%u.%u']", 18 + a % 2, b, c);
    return read_or_stop(text, &event_vocabulary);
}

static struct event draw_event(void)
{
    struct event e = {.service = SERVICE_SSH,
                      .transport = TRANSPORT_TCP,
                      .ground = ORIENT_DEST_SERVES,
                      .from = {.port = 40000},
                      .to = {.port = 22}};

    e.from.addr = addr_from_v4(0xc6120000 + draw() % (1 << 17)); /* 198.18.0.0/15 */
    e.to.addr = addr_from_v4(0xc0000200 + draw() % 256);
    return e;
}

struct tally {
    const struct event *e;
    size_t candidates, matches;
};

static bool ask(void *with, const struct pattern *p, uint32_t id)
{
    struct tally *t = with;

    (void)id;
    t->candidates++;
    t->matches += pattern_matches(p, t->e);
    return true;
}

static void many(void)
{
    static struct pattern *p[MANY];
    static struct event events[EVENTS];
    struct index *x = index_new(&event_vocabulary);
    struct tally t = {NULL, 0, 0};
    size_t bytes = 0;
    double start = seconds();

    for (uint32_t i = 0; i < MANY; i++) {
        p[i] = draw_pattern(i);
        index_add(x, p[i], i);
        bytes += pattern_size(p[i]);
    }
    index_seal(x);
    printf("load_s %.3f\n", seconds() - start);
    printf("bytes_each %zu\n", (bytes + index_count(x).bytes) / MANY);
    for (size_t i = 0; i < EVENTS; i++)
        events[i] = draw_event();
    start = seconds();
    for (size_t i = 0; i < EVENTS; i++) {
        t.e = &events[i];
        index_candidates(x, t.e, ask, &t);
    }
    printf("events_per_s %.0f\n", EVENTS / (seconds() - start));
    printf("candidates_each %.3f\n", (double)t.candidates / EVENTS);
    printf("matches_each %.3f\n", (double)t.matches / EVENTS);
    index_free(x);
    for (size_t i = 0; i < MANY; i++)
        pattern_free(p[i]);
}

/* One article of the agreement, asked of one event after the other. */
static void article(void)
{
    struct pattern *p = read_or_stop("[x-parley-event:x_party_from = 'other' AND "
                                     "x-parley-event:x_party_to = 'own' AND "
                                     "x-parley-event:x_service IN ('ssh', 'smb')]",
                                     &event_vocabulary);
    struct event e = draw_event();
    double start;
    size_t yes = 0;

    e.from.side = SIDE_OTHER;
    e.to.side = SIDE_OWN;
    start = seconds();
    for (size_t i = 0; i < 2000000; i++)
        yes += pattern_matches(p, &e);
    printf("article_per_s %.0f\n", (double)yes / (seconds() - start));
    pattern_free(p);
}

int main(void)
{
    json_t *input = json_loads(observed, 0, NULL);
    struct observed *o = NULL;

    if (input == NULL || fault_is(observed_read(input, &o, NULL)))
        abort();
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        compile(forms[i][0], forms[i][1]);
        match(forms[i][0], forms[i][1], o);
    }
    observed_free(o);
    json_decref(input);
    worst();
    article();
    many();
    return 0;
}

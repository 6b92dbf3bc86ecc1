/* Fuzzes watch/watcher.c: lines make a state; the state, with bytes changed, is refused or read;
 * what was read can be written, read again, fed and finished. */
#include "watch/watcher.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct agreement agreement;
static struct prefix own, other;
static const uint8_t seed[16] = {3};

static const struct rules *rules(void)
{
    static struct rules *r;

    if (r != NULL)
        return r;
    if (fault_is(prefix_parse(bytes_text("192.0.2.0/24"), &own)) ||
        fault_is(prefix_parse(bytes_text("198.51.100.0/24"), &other)))
        abort();
    agreement.id = "fuzz";
    agreement.parties[0] = (struct party){.id = "a", .prefixes = &own, .prefix_count = 1};
    agreement.parties[1] = (struct party){.id = "b", .prefixes = &other, .prefix_count = 1};
    agreement.article_count = 1;
    agreement.articles[0] = (struct article){.id = "4",
                                             .carries = ARTICLE_NOTICE,
                                             .covers = "[x-parley-event:x_party_from = 'other']",
                                             .group = GROUP_SOURCE,
                                             .threshold_count = 3,
                                             .threshold_within = 60,
                                             .gap = 60};
    if (fault_is(rules_new(&agreement, "a", &r, NULL)))
        abort();
    rules_seal(r);
    return r;
}

/* Ssh; and now and then an alert that names its flow's source, and rdp on its odd ports. */
static void feed(struct watcher *w, uint8_t second, uint8_t host)
{
    static const char *const types[] = {"ssh", "rdp", "alert"};
    const char *type = types[host % 3];
    char line[300];
    int n = snprintf(line, sizeof line,
                     "{\"timestamp\":\"2020-01-01T00:%02d:%02d.0+0000\",\"event_type\":\"%s\","
                     "\"flow_id\":7,\"src_ip\":\"198.51.100.%d\",\"src_port\":9,\"dest_ip\":"
                     "\"192.0.2.%d\",\"dest_port\":%d%s}",
                     second % 240 / 4, second % 4 * 15, type, host % 8, host / 32,
                     host % 3 == 0 ? 22 : 9999,
                     host % 3 == 2 ? ",\"flow\":{\"src_ip\":\"198.51.100.1\"}" : "");

    watcher_place(w, host % WATCHER_SOURCES, second % 8);
    watcher_line(w, host % WATCHER_SOURCES, second, second + 1u, bytes_of(line, (size_t)n),
                 (struct instant){INT64_MAX});
}

static void use(struct bytes state)
{
    struct watcher *w = NULL, *again = NULL;
    struct buf saved = {0};
    bool anew;

    if (fault_is(watcher_load(rules(), seed, state, &w, &anew)))
        return;
    watcher_commit(w, &saved);
    if (fault_is(watcher_load(rules(), seed, buf_view(&saved), &again, &anew)))
        abort(); /* what we write we must be able to read */
    feed(again, 200, 1);
    watcher_finish(again);
    watcher_free(again);
    watcher_free(w);
    buf_done(&saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t lines = size == 0 ? 0 : data[0] % 64, at = 1;
    struct watcher *w = watcher_new(rules(), seed);
    struct buf saved = {0};

    for (size_t i = 0; i < lines && at + 2 <= size; i++, at += 2)
        feed(w, data[at], data[at + 1]);
    watcher_commit(w, &saved);
    for (; at + 3 <= size; at += 3)
        saved.data[(size_t)(data[at] << 8 | data[at + 1]) % saved.len] = data[at + 2];
    use(buf_view(&saved));
    use(bytes_of(data, size));
    watcher_free(w);
    buf_done(&saved);
    return 0;
}

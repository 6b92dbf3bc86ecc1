/* watch/watcher.h: late, ahead, and killed at any line, it reports what replay finds. */
#include "watch/watcher.h"

#include <stdlib.h>

#include "base/memory.h"
#include "watch/common.h"
#include "watch/replay.h"

static const uint8_t seed[16] = {1};
static const struct instant never = {INT64_MAX};

enum { LINES = 3000, SOURCES = 3 };

struct line {
    uint32_t source;
    uint64_t offset, next;
    char *text;
};

static struct line lines[LINES];
static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

/* Bursts of a few sources on two services from three sensors, running backwards by up to 60 s. */
static void make_lines(uint32_t from_seed)
{
    static const char *const types[] = {"ssh", "rdp", "alert", "sip"};
    uint64_t offset[SOURCES] = {0};
    int64_t now = 3600000000;

    random_state = from_seed;
    for (size_t i = 0; i < LINES; i++) {
        const char *type = types[random_below(4)], *text;
        char other[40], own[40];
        bool rdp = strcmp(type, "rdp") == 0;
        int64_t at;

        now += random_below(100) == 0 ? 1000000 * (int64_t)random_below(300) : random_below(900000);
        at = now - (int64_t)random_below(60000000);
        snprintf(other, sizeof other, random_below(5) == 0 ? "203.0.113.%u" : "198.51.100.%u",
                 random_below(12));
        snprintf(own, sizeof own, "192.0.2.%u", random_below(9));
        text = rdp ? common_line(at, type, own, 3389, other, 50000)
                   : common_line(at, type, other, 50000, own, type[1] == 's' ? 22 : 5060);
        if (random_below(50) == 0)
            text = "{\"timestamp\":\"2020-01-01T0";
        lines[i].source = random_below(SOURCES);
        lines[i].text = memory_text(text, strlen(text));
        lines[i].offset = offset[lines[i].source];
        lines[i].next = offset[lines[i].source] += strlen(text) + 1;
    }
}

static void drop_lines(void)
{
    for (size_t i = 0; i < LINES; i++)
        free(lines[i].text);
}

static void feed(struct watcher *w, const struct line *l)
{
    watcher_line(w, l->source, l->offset, l->next, bytes_text(l->text), never);
}

/* What was reported and sampled, as text, in order. */
static void collect(struct watcher *w, bool ended_only, struct buf *out)
{
    size_t count;
    const struct watcher_report *r = watcher_reports(w, &count);
    const struct watcher_sample *s;

    for (size_t i = 0; i < count; i++)
        if (!ended_only || r[i].report == INCIDENT_ENDED) {
            incident_json(&r[i].incident, ended_only ? INCIDENT_NONE : r[i].report, out);
            buf_byte(out, '\n');
        }
    s = watcher_samples(w, &count);
    for (size_t i = 0; i < count && !ended_only; i++) {
        buf_print(out, "%s %u %llu ", s[i].incident, s[i].source, (unsigned long long)s[i].offset);
        buf_hex(out, s[i].digest.byte, 32);
        buf_byte(out, '\n');
    }
    watcher_taken(w);
}

static void uninterrupted(const struct rules *r, bool ended_only, struct buf *out)
{
    struct watcher *w = watcher_new(r, seed);

    for (size_t i = 0; i < LINES; i++)
        feed(w, &lines[i]);
    watcher_finish(w);
    assert_int_equal(watcher_totals(w)->late, 0);
    collect(w, ended_only, out);
    watcher_free(w);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Replay prints by opening, the watcher as they end: the same lines in another order. */
static void sort_text(struct buf *text)
{
    char *row[LINES], *at = (char *)(uintptr_t)buf_str(text);
    struct buf sorted = {0};
    size_t n = 0;

    for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        row[n++] = at;
        *end = '\0';
    }
    qsort(row, n, sizeof *row, by_text);
    for (size_t i = 0; i < n; i++)
        buf_print(&sorted, "%s\n", row[i]);
    buf_done(text);
    *text = sorted;
}

static void live_and_replay_find_the_same(void **state)
{
    struct rules *r = common_rules();

    (void)state;
    for (uint32_t round = 1; round <= 3; round++) {
        struct buf live = {0}, replayed = {0};
        struct replay *replay = replay_new(r);
        const struct incident *found;
        size_t count;

        make_lines(round);
        uninterrupted(r, true, &live);
        for (size_t i = 0; i < LINES; i++)
            assert_good(
                replay_frame(replay, lines[i].source, lines[i].offset, bytes_text(lines[i].text)));
        replay_finish(replay, &found, &count);
        assert_true(count > 3);
        for (size_t i = 0; i < count; i++) {
            incident_json(&found[i], INCIDENT_NONE, &replayed);
            buf_byte(&replayed, '\n');
        }
        sort_text(&live);
        sort_text(&replayed);
        assert_string_equal(buf_str(&live), buf_str(&replayed));
        replay_free(replay);
        buf_done(&live);
        buf_done(&replayed);
        drop_lines();
    }
    rules_free(r);
}

/* Goes on from a committed state; the lines after it come again from the sources' offsets. */
static struct watcher *restore(const struct rules *r, const struct buf *state)
{
    struct watcher *w = NULL;
    bool anew = true;

    assert_good(watcher_load(r, seed, buf_view(state), &w, &anew));
    assert_false(anew);
    return w;
}

static void killed_anywhere_it_reports_what_it_would_have(void **state)
{
    struct rules *r = common_rules();

    (void)state;
    for (uint32_t round = 1; round <= 20; round++) {
        struct buf whole = {0}, pieces = {0}, saved = {0};
        struct watcher *w;
        size_t at = 0;

        make_lines(7);
        uninterrupted(r, false, &whole);
        random_state = round * 7919;
        w = watcher_new(r, seed);
        watcher_commit(w, &saved);
        while (at < LINES) {
            size_t committed = at + 1 + random_below(400), lost = random_below(200);

            for (; at < LINES && at < committed; at++)
                feed(w, &lines[at]);
            collect(w, false, &pieces);
            buf_clear(&saved);
            watcher_commit(w, &saved);
            for (size_t i = at; i < LINES && i < at + lost; i++) /* never committed */
                feed(w, &lines[i]);
            watcher_free(w);
            w = restore(r, &saved);
            for (uint32_t s = 0; at < LINES && s < SOURCES; s++) /* where reading begins again */
                for (size_t i = at; i < LINES; i++)
                    if (lines[i].source == s) {
                        assert_int_equal(watcher_offset(w, s), lines[i].offset);
                        break;
                    }
        }
        watcher_finish(w);
        collect(w, false, &pieces);
        sort_text(&whole);
        sort_text(&pieces);
        assert_string_equal(buf_str(&pieces), buf_str(&whole));
        watcher_free(w);
        buf_done(&whole);
        buf_done(&pieces);
        buf_done(&saved);
        drop_lines();
    }
    rules_free(r);
}

static void a_saved_state_is_the_same_again(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed), *back = NULL;
    struct buf one = {0}, two = {0};

    (void)state;
    make_lines(3);
    watcher_source(w, 2, bytes_text("inode 7"), 0);
    for (size_t i = 0; i < LINES / 2; i++)
        feed(w, &lines[i]);
    assert_int_equal(watcher_commit(w, &one), 1);
    back = restore(r, &one);
    assert_true(bytes_is(watcher_identity(back, 2), "inode 7"));
    assert_int_equal(watcher_commit(back, &two), 2);
    one.data[11] = 2; /* the sequence */
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    watcher_free(w);
    watcher_free(back);
    drop_lines();
    buf_done(&one);
    buf_done(&two);
    rules_free(r);
}

static void every_prefix_of_a_state_is_refused(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed), *back = NULL;
    struct buf saved = {0};
    bool anew;

    (void)state;
    make_lines(3);
    for (size_t i = 0; i < 600; i++)
        feed(w, &lines[i]);
    watcher_commit(w, &saved);
    for (size_t n = 0; n < saved.len; n += 7)
        assert_true(fault_is(watcher_load(r, seed, bytes_of(saved.data, n), &back, &anew)));
    buf_byte(&saved, 0);
    assert_fault(watcher_load(r, seed, buf_view(&saved), &back, &anew), FAULT_EXTRA);
    saved.data[3] = 9;
    assert_fault(watcher_load(r, seed, buf_view(&saved), &back, &anew), FAULT_UNKNOWN);
    assert_null(back);
    watcher_free(w);
    drop_lines();
    buf_done(&saved);
    rules_free(r);
}

static void a_new_agreement_keeps_the_offsets_and_begins_anew(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed), *back = NULL;
    struct buf saved = {0};
    bool anew = false;

    (void)state;
    make_lines(3);
    for (size_t i = 0; i < 600; i++)
        feed(w, &lines[i]);
    watcher_commit(w, &saved);
    common_agreement.digest[0] = 2;
    assert_good(watcher_load(r, seed, buf_view(&saved), &back, &anew));
    assert_true(anew);
    for (uint32_t s = 0; s < SOURCES; s++)
        assert_int_equal(watcher_offset(back, s), watcher_offset(w, s));
    assert_int_equal(watcher_totals(back)->events, watcher_totals(w)->events);
    assert_int_equal(watcher_open(back), 0);
    watcher_free(w);
    watcher_free(back);
    drop_lines();
    buf_done(&saved);
    rules_free(r);
}

static void ssh_at(struct watcher *w, int64_t second, struct instant now)
{
    const char *text = common_line(second * 1000000, "ssh", "198.51.100.1", 5, "192.0.2.1", 22);

    watcher_line(w, 0, 0, 1, bytes_text(text), now);
}

static void what_comes_too_late_is_counted_and_not_matched(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);

    (void)state;
    ssh_at(w, 1000, never);
    ssh_at(w, 1000 - WATCHER_HOLD, never);
    assert_int_equal(watcher_totals(w)->late, 0);
    ssh_at(w, 1000 - WATCHER_HOLD - 1, never);
    assert_int_equal(watcher_totals(w)->late, 1);
    assert_int_equal(watcher_totals(w)->matched, 2);
    watcher_free(w);
    rules_free(r);
}

static void an_event_of_tomorrow_does_not_make_today_late(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);
    struct instant now = instant_of_seconds(1577836800 + 1000);

    (void)state;
    ssh_at(w, 1000 + WATCHER_AHEAD + 1, now);
    assert_int_equal(watcher_totals(w)->ahead, 1);
    ssh_at(w, 1000, now);
    assert_int_equal(watcher_totals(w)->late, 0);
    assert_int_equal(watcher_totals(w)->matched, 1);
    watcher_free(w);
    rules_free(r);
}

static void an_idle_watcher_ends_incidents_by_the_clock(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);
    size_t count;

    (void)state;
    for (int i = 0; i < 5; i++)
        ssh_at(w, 1000 + i, never);
    watcher_idle(w, instant_of_seconds(1577836800 + 1004 + WATCHER_HOLD + 100));
    assert_int_equal(watcher_open(w), 1);
    watcher_idle(w, instant_of_seconds(1577836800 + 1005 + WATCHER_HOLD + 100));
    assert_int_equal(watcher_open(w), 0);
    watcher_reports(w, &count);
    assert_int_equal(count, 2);
    watcher_free(w);
    rules_free(r);
}

static void a_flood_of_held_matches_is_bounded(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);
    struct buf saved = {0};

    (void)state;
    for (int i = 0; i < WATCHER_HELD + 5000; i++) {
        char from[40];
        const char *text;

        snprintf(from, sizeof from, "2001:db8:b::%x:%x", i / 256, i % 256);
        text = common_line(i, "ssh", from, 5, "192.0.2.1", 22);
        watcher_line(w, 0, 0, 1, bytes_text(text), never);
    }
    watcher_commit(w, &saved);
    assert_true(saved.len < WATCHER_STATE_MAX);
    watcher_free(restore(r, &saved));
    watcher_free(w);
    buf_done(&saved);
    rules_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_and_replay_find_the_same),
        cmocka_unit_test(killed_anywhere_it_reports_what_it_would_have),
        cmocka_unit_test(a_saved_state_is_the_same_again),
        cmocka_unit_test(every_prefix_of_a_state_is_refused),
        cmocka_unit_test(a_new_agreement_keeps_the_offsets_and_begins_anew),
        cmocka_unit_test(what_comes_too_late_is_counted_and_not_matched),
        cmocka_unit_test(an_event_of_tomorrow_does_not_make_today_late),
        cmocka_unit_test(an_idle_watcher_ends_incidents_by_the_clock),
        cmocka_unit_test(a_flood_of_held_matches_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

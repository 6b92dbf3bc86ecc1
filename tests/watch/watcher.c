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
static void collect(struct watcher *w, const struct rules *r, bool ended_only, struct buf *out)
{
    size_t count;
    const struct watcher_report *report = watcher_reports(w, &count);
    const struct watcher_sample *s;

    for (size_t i = 0; i < count; i++)
        if (!ended_only || report[i].report == INCIDENT_ENDED) {
            incident_json(&report[i].incident, ended_only ? INCIDENT_NONE : report[i].report, out);
            buf_byte(out, '\n');
        }
    s = watcher_samples(w, &count);
    for (size_t i = 0; i < count && !ended_only; i++) {
        buf_print(out, "%s %u %llu ", s[i].incident, s[i].source, (unsigned long long)s[i].offset);
        buf_hex(out, s[i].digest.byte, 32);
        account_json(&s[i].account, &s[i].match, r, s[i].nth, out);
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
    collect(w, r, ended_only, out);
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
            collect(w, r, false, &pieces);
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
        collect(w, r, false, &pieces);
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

static const struct watcher_sample *opened_by(struct watcher *w, size_t padding)
{
    const struct watcher_sample *s;
    char line[8000];
    size_t count;

    for (int i = 0; i < 5; i++) {
        const char *text =
            common_line((1000 + i) * 1000000, "ssh", "198.51.100.1", 5000 + i, "192.0.2.1", 22);
        int n = snprintf(line, sizeof line, "%.*s,\"x\":\"%*s\"}", (int)strlen(text) - 1, text,
                         (int)padding, "");

        watcher_line(w, 3, 100 + (uint64_t)i, 101 + (uint64_t)i, bytes_of(line, (size_t)n), never);
    }
    watcher_flush(w);
    s = watcher_samples(w, &count);
    assert_int_equal(count, 1);
    return s;
}

static void a_sample_has_its_raw_line_and_how_it_was_judged(void **state)
{
    static const char expected[] =
        "{\"contact\":{\"because\":\"Suricata writes this record only once both sides have "
        "spoken\",\"one-sided\":false,\"proof\":\"two-way\"},\"ground\":\"dest-serves\",\"held\":["
        "\"x-parley-event:x_party_from = 'other'\",\"x-parley-event:x_party_to = 'own'\","
        "\"x-parley-event:x_proof = 'two-way'\"],\"initiator\":{\"address\":\"198.51.100.1\","
        "\"disputed\":false,\"party\":\"b\",\"port\":5004,\"test\":\"prefix\"},\"nth\":5,"
        "\"record\":{\"family\":\"eve\",\"service\":\"ssh\",\"transport\":\"tcp\",\"turned\":false}"
        ","
        "\"responder\":{\"address\":\"192.0.2.1\",\"disputed\":false,\"party\":\"a\",\"port\":22,"
        "\"test\":\"prefix\"},\"time\":\"2020-01-01T00:16:44Z\"}";
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);
    const struct watcher_sample *s = opened_by(w, 4);
    struct buf text = {0};
    struct digest d = digest_of(s->raw);

    (void)state;
    assert_null(s->unkept);
    assert_int_equal(s->raw.len, s->length);
    assert_int_equal(s->offset, 104);
    assert_memory_equal(d.byte, s->digest.byte, sizeof d.byte);
    account_json(&s->account, &s->match, r, s->nth, &text);
    assert_string_equal(buf_str(&text), expected);
    assert_int_equal(watcher_totals(w)->unkept, 0);
    buf_done(&text);
    watcher_free(w);
    rules_free(r);
}

static void of_a_long_line_the_digest_alone_is_kept(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);
    const struct watcher_sample *s = opened_by(w, WATCHER_RAW);

    (void)state;
    assert_string_equal(s->unkept, "too-long");
    assert_int_equal(s->raw.len, 0);
    assert_true(s->length > WATCHER_RAW);
    assert_true(s->account.known);
    assert_int_equal(watcher_totals(w)->unkept, 1);
    watcher_free(w);
    rules_free(r);
}

/* Thousands of incidents open at once: what goes to desk stays within one message. */
static void samples_of_one_commit_are_bounded(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);
    const struct watcher_sample *s;
    size_t count, raw = 0, told = 0;
    char from[40];

    (void)state;
    for (int i = 0; i < 5 * 1000; i++) {
        const char *text;

        snprintf(from, sizeof from, "2001:db8:b::%x", i / 5);
        text = common_line(i, "ssh", from, 5, "192.0.2.1", 22);
        watcher_line(w, 0, 0, 1, bytes_text(text), never);
    }
    watcher_flush(w);
    s = watcher_samples(w, &count);
    assert_int_equal(count, 1000);
    for (size_t i = 0; i < count; i++) {
        raw += s[i].raw.len;
        told += s[i].account.known;
        assert_true((s[i].raw.len == 0) == (s[i].unkept != NULL));
    }
    assert_int_equal(told, WATCHER_TOLD);
    assert_true(raw <= WATCHER_RAW_SENT);
    assert_int_equal(watcher_totals(w)->unkept, 1000 - WATCHER_TOLD);
    watcher_free(w);
    rules_free(r);
}

/* A state of version 3 had no accounts and no places, 44 bytes fewer a held record, and no flows.
 */
static void a_state_from_before_there_were_accounts_is_read(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed), *back = NULL;
    struct buf saved = {0}, old = {0};
    const struct watcher_sample *s;
    size_t count, at = 0;
    bool anew;

    (void)state;
    for (int i = 0; i < 5; i++)
        ssh_at(w, 1000 + i, never);
    watcher_commit(w, &saved);
    /* version, sequence, 8 totals, sources, digest, newest and floor; then the held ones */
    at = 4 + 8 + 8 * 8 + 4 + WATCHER_SOURCES * 12 + 32 + 16 + 4;
    buf_add(&old, saved.data, at);
    for (size_t i = 0; i < 5; i++, at += 103 + ACCOUNT_SAVED) {
        buf_add(&old, saved.data + at, 56);
        buf_add(&old, saved.data + at + 60, 43);
    }
    buf_add(&old, saved.data + at, saved.len - at - 4);
    old.data[3] = 3;
    assert_good(watcher_load(r, seed, buf_view(&old), &back, &anew));
    watcher_flush(back);
    s = watcher_samples(back, &count);
    assert_int_equal(count, 1);
    assert_string_equal(s->unkept, "restarted");
    assert_false(s->account.known);
    watcher_free(w);
    watcher_free(back);
    buf_done(&saved);
    buf_done(&old);
    rules_free(r);
}

/* An rdp record between odd ports, and an alert of the same flow that says who began it. */
static void flow_at(struct watcher *w, uint32_t source, int64_t second, bool alert)
{
    const char *own = "192.0.2.1", *other = "198.51.100.1";
    struct buf text = {0};

    buf_print(&text,
              "{\"timestamp\":\"2020-01-01T00:00:%02d.%06u+0000\",\"flow_id\":%d,"
              "\"event_type\":\"%s\",\"src_ip\":\"%s\",\"src_port\":13389,\"dest_ip\":\"%s\","
              "\"dest_port\":50000,\"proto\":\"TCP\"",
              alert ? 0 : (int)second, source, (int)second + 7, alert ? "alert" : "rdp", own,
              other);
    if (alert)
        buf_print(&text, ",\"flow\":{\"src_ip\":\"%s\",\"src_port\":50000}", other);
    buf_byte(&text, '}');
    watcher_line(w, source, 0, 1, buf_view(&text), never);
    buf_done(&text);
}

static void a_flows_source_and_the_sensors_places_outlive_a_restart(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed);
    struct buf saved = {0}, text = {0};

    (void)state;
    for (int i = 0; i < 10; i++)
        flow_at(w, 0, i, true);
    for (int i = 0; i < 10; i++) {
        struct watcher *back;

        watcher_place(w, 0, incident_place(bytes_text("vienna")));
        watcher_place(w, 1, incident_place(bytes_text(i < 8 ? "vienna" : "graz")));
        flow_at(w, i % 2 != 0, i, false);
        buf_clear(&saved);
        if (i % 3 == 2)
            watcher_flush(w); /* else it waits as a held record */
        collect(w, r, false, &text);
        watcher_commit(w, &saved);
        back = restore(r, &saved);
        watcher_free(w);
        w = back;
    }
    flow_at(w, 0, 20, false); /* nobody said who began that one */
    assert_int_equal(watcher_totals(w)->events, 21);
    assert_int_equal(watcher_totals(w)->matched, 10);
    watcher_finish(w);
    collect(w, r, false, &text);
    assert_non_null(strstr(buf_str(&text), "\"several-places\""));
    assert_non_null(strstr(buf_str(&text), "\"turned\":10,"));
    assert_non_null(strstr(buf_str(&text), "\"places\":2}"));
    assert_non_null(strstr(buf_str(&text), "\"ground\":\"flow-id-dest\""));
    watcher_free(w);
    buf_done(&saved);
    buf_done(&text);
    rules_free(r);
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

/* "deduplication by digest": a forwarder that says all twice changes nothing. */
static void a_record_that_comes_twice_is_counted_once(void **state)
{
    struct rules *r = common_rules();
    struct watcher *w = watcher_new(r, seed), *back = NULL;
    struct replay *replay = replay_new(r);
    const struct incident *found;
    struct buf saved = {0};
    size_t count;
    bool anew;

    (void)state;
    for (int i = 0; i < 4; i++)
        for (uint32_t sensor = 0; sensor < 3; sensor++) {
            const char *text =
                common_line((1000 + i) * 1000000, "ssh", "198.51.100.1", 5, "192.0.2.1", 22);

            watcher_line(w, sensor, 0, 1, bytes_text(text), never);
            assert_good(replay_frame(replay, sensor, (uint64_t)i, bytes_text(text)));
        }
    assert_int_equal(watcher_totals(w)->twice, 8);
    watcher_commit(w, &saved); /* also by a watcher that was begun anew */
    assert_good(watcher_load(r, seed, buf_view(&saved), &back, &anew));
    ssh_at(back, 1003, never);
    assert_int_equal(watcher_totals(back)->twice, 1);
    watcher_flush(back);
    assert_int_equal(watcher_open(back), 0); /* four events, one short */
    replay_finish(replay, &found, &count);
    assert_int_equal(count, 0);
    assert_int_equal(replay_totals(replay)->twice, 8);
    replay_free(replay);
    watcher_free(w);
    watcher_free(back);
    buf_done(&saved);
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
        cmocka_unit_test(a_sample_has_its_raw_line_and_how_it_was_judged),
        cmocka_unit_test(of_a_long_line_the_digest_alone_is_kept),
        cmocka_unit_test(samples_of_one_commit_are_bounded),
        cmocka_unit_test(a_state_from_before_there_were_accounts_is_read),
        cmocka_unit_test(a_flows_source_and_the_sensors_places_outlive_a_restart),
        cmocka_unit_test(what_comes_too_late_is_counted_and_not_matched),
        cmocka_unit_test(a_record_that_comes_twice_is_counted_once),
        cmocka_unit_test(an_event_of_tomorrow_does_not_make_today_late),
        cmocka_unit_test(an_idle_watcher_ends_incidents_by_the_clock),
        cmocka_unit_test(a_flood_of_held_matches_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

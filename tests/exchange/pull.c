/*
 * A walk over servers that page well and badly. The server here is a model of its own: a list of
 * dated objects and a page cut from it by the words of the standard, and then one thing done wrong.
 * Whole servers over TLS are in tests/exchange/client.py.
 */
#include "exchange/pull.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "test.h"

enum { MOST = 3000, STEPS = 20000 };

static struct server {
    struct instant date[MOST]; /* ascending */
    size_t count, cap;
    unsigned digits; /* of the dates it writes */
    bool no_next, no_dates, more_empty, next_constant, next_loops, repeats, refuses_next, bad_dates,
        backwards, always_more, endless_nexts;
    bool stale_once; /* its `next` is forgotten once: a session that ended */
    bool cut_once, garbled_once, busy_once;
    bool has_clock;
    struct instant clock;
    size_t asked; /* requests */
} server;

static bool have[MOST];
static size_t held;
static struct pull *pull;
static struct pull_state state;

/* ---- the server --------------------------------------------------------------------------------
 */

static int64_t cut(struct instant t)
{
    int64_t unit = 1000000;

    for (unsigned i = 0; i < server.digits; i++)
        unit /= 10;
    return t.us - t.us % unit;
}

static void date_write(struct instant t, char *out)
{
    char text[INSTANT_MICRO + 1];

    instant_micro_write(t, text);
    text[19 + (server.digits == 0 ? 0 : 1 + server.digits)] = '\0';
    snprintf(out, 40, "%sZ", text);
}

static unsigned number_after(const char *query, const char *name, unsigned otherwise)
{
    const char *at = strstr(query, name);

    return at == NULL ? otherwise : (unsigned)strtoul(at + strlen(name), NULL, 10);
}

static bool added_after(const char *query, struct instant *out)
{
    const char *at = strstr(query, "added_after=");
    char text[INSTANT_MICRO + 1];

    if (at == NULL)
        return false;
    for (size_t i = 0, k = 12; i < INSTANT_MICRO; i++) {
        bool colon = strncmp(at + k, "%3A", 3) == 0;

        text[i] = colon ? ':' : at[k];
        k += colon ? 3 : 1;
    }
    assert_good(instant_fraction_parse(bytes_of(text, INSTANT_MICRO), out));
    return true;
}

struct told {
    char first[40], last[40], next[40];
    size_t fresh_from, count;
    size_t at[MOST];
};

/* "objects ... added after (strictly), ascending by date_added" */
static size_t first_of(const char *query)
{
    struct instant after;
    size_t i = 0;

    if (added_after(query, &after))
        while (i < server.count && cut(server.date[i]) <= after.us)
            i++;
    return i;
}

static uint64_t digest_at(const struct told *t)
{
    uint64_t sum = 5381;

    for (size_t i = 0; i < t->count; i++)
        sum = sum * 1000003 + t->at[i] + 1;
    return sum;
}

static void keep(const struct told *t, struct pull_answer *a)
{
    for (size_t i = 0; i < t->count; i++) {
        a->fresh += !have[t->at[i]];
        have[t->at[i]] = true;
    }
    held += a->fresh;
}

static bool goes_wrong_once(struct pull_answer *a)
{
    a->status = 200;
    if (server.cut_once) {
        server.cut_once = false;
        a->trouble = PULL_TROUBLE_CUT;
        return true;
    }
    if (server.garbled_once) {
        server.garbled_once = false;
        a->body = fault_make(FAULT_SYNTAX, 7, "JSON");
        return true;
    }
    if (server.busy_once) {
        server.busy_once = false;
        a->status = 503;
        a->retry_after = 3600;
        return true;
    }
    return false;
}

static void serve(const char *query, struct told *t, struct pull_answer *a)
{
    unsigned limit = number_after(query, "limit=", 1);
    bool by_next = strstr(query, "next=") != NULL;
    size_t from = first_of(query), to;

    server.asked++;
    if (by_next && (server.refuses_next || server.stale_once)) {
        server.stale_once = false;
        a->status = 404;
        return;
    }
    if (by_next && !server.next_constant)
        from = number_after(query, "next=", 0) % 100000;
    if (limit > server.cap)
        limit = (unsigned)server.cap;
    to = server.count - from < limit ? server.count : from + limit;
    if (server.repeats && by_next && server.asked % 3 == 0)
        to = (from = from < limit ? 0 : from - limit) + limit;
    for (size_t i = from; i < to; i++)
        t->at[t->count++] = i;
    a->more = to < server.count || server.always_more;
    if (t->count > 0) {
        date_write(server.date[from], t->first);
        date_write(server.date[to - 1], t->last);
    }
    if (a->more)
        snprintf(t->next, sizeof t->next, "%zu", to);
    if (server.endless_nexts && a->more)
        snprintf(t->next, sizeof t->next, "%zu",
                 server.asked * 100000 + (to < server.count ? to : 0));
    if (server.next_loops && to > server.count / 2)
        snprintf(t->next, sizeof t->next, "%zu", server.count / 4);
    if (server.more_empty && by_next && server.asked % 2 == 0) {
        t->count = 0;
        t->first[0] = t->last[0] = '\0';
        a->more = true;
        snprintf(t->next, sizeof t->next, "%zu", from);
    } else if (server.more_empty && a->more) {
        snprintf(t->next, sizeof t->next, "%zu", to + 100000 * (server.asked % 7 + 1));
    }
    if (server.no_next)
        t->next[0] = '\0';
    if (server.no_dates)
        t->last[0] = '\0';
    if (server.bad_dates && t->count > 0)
        snprintf(t->last, sizeof t->last, "undefined");
    if (server.backwards && t->count > 0 && server.asked % 2 == 0)
        snprintf(t->last, sizeof t->last, "1999-01-01T00:00:00.000000Z");
}

/* ---- walking -----------------------------------------------------------------------------------
 */

static void step(void)
{
    struct buf query = {0};
    struct told t = {.count = 0};
    struct pull_answer a = {.typed = true, .has_date = server.has_clock, .date = server.clock};

    pull_ask(pull, &query);
    if (!goes_wrong_once(&a))
        serve(buf_str(&query), &t, &a);
    keep(&t, &a);
    a.first = t.first;
    a.last = t.last;
    a.next = t.next;
    a.count = t.count;
    a.digest = digest_at(&t);
    pull_heard(pull, &a);
    buf_done(&query);
}

/* Walks to an end, dying before every `dies`-th step (0: never): the state is all that is left. */
static enum pull_end walk(unsigned limit, size_t dies)
{
    enum pull_end end;
    size_t steps = 0;

    pull_free(pull);
    pull = pull_new(&state, limit, held);
    while (pull_end(pull) == PULL_GOES_ON) {
        if (dies != 0 && steps > 0 && steps % dies == 0) {
            struct buf kept = {0};

            pull_state_write(pull_state(pull), &kept);
            assert_good(pull_state_parse(buf_view(&kept), &state));
            buf_done(&kept);
            pull_free(pull);
            pull = pull_new(&state, limit, held);
        }
        step();
        if (++steps > STEPS)
            fail_msg("it never ends");
    }
    end = pull_end(pull);
    state = *pull_state(pull);
    return end;
}

static size_t missing(void)
{
    size_t n = 0;

    for (size_t i = 0; i < server.count; i++)
        n += !have[i];
    return n;
}

/* `tie` objects share each date. */
static void stock(size_t count, size_t tie)
{
    for (size_t i = server.count; i < server.count + count; i++)
        server.date[i].us = INT64_C(1795600000000000) + (int64_t)(i / tie) * 1234567;
    server.count += count;
}

static int setup(void **unused)
{
    (void)unused;
    memset(&server, 0, sizeof server);
    memset(have, 0, sizeof have);
    memset(&state, 0, sizeof state);
    held = 0;
    server.cap = 100;
    server.digits = 6;
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    pull_free(pull);
    pull = NULL;
    return 0;
}

static void assert_all(enum pull_end end)
{
    if (end != PULL_COMPLETE)
        fail_msg("ended %d: %s", (int)end, pull_why(pull));
    assert_int_equal(missing(), 0);
}

static void a_good_server_is_walked_whole_and_then_only_what_is_new(void **unused)
{
    (void)unused;
    stock(1000, 1);
    assert_all(walk(100, 0));
    assert_int_equal(pull_pages(pull), 10);
    stock(30, 1);
    assert_all(walk(100, 0));
    assert_int_equal(pull_pages(pull), 1);
    for (enum pull_wrong w = 0; w < PULL_WRONGS; w++)
        assert_int_equal(pull_wrongs(pull, w), 0);
}

static void an_empty_collection_is_complete(void **unused)
{
    (void)unused;
    assert_all(walk(100, 0));
    stock(5, 5);
    assert_all(walk(100, 0));
}

/* A way back is seen by the page it leads to, or by the `next` that led there. */
static bool is_said(enum pull_wrong w)
{
    return pull_wrongs(pull, w) > 0 ||
           (w == PULL_PAGE_REPEATED && pull_wrongs(pull, PULL_NEXT_LOOPS) > 0);
}

/* Every way of being wrong that still leads to every object, with deaths on the way. */
static void misbehaviour_that_loses_nothing(void **unused)
{
    static const struct {
        const char *name;
        size_t at; /* of the switch in struct server */
        enum pull_wrong said;
    } cases[] = {
#define SWITCH(name, said) {#name, offsetof(struct server, name), said}
        SWITCH(no_next, PULL_WRONGS),
        SWITCH(next_constant, PULL_PAGE_REPEATED),
        SWITCH(next_loops, PULL_PAGE_REPEATED),
        SWITCH(repeats, PULL_PAGE_REPEATED),
        SWITCH(refuses_next, PULL_NEXT_REFUSED),
        SWITCH(more_empty, PULL_WRONGS),
        SWITCH(no_dates, PULL_NO_DATES),
        SWITCH(bad_dates, PULL_BAD_DATE),
        SWITCH(backwards, PULL_BACKWARDS),
        SWITCH(stale_once, PULL_NEXT_REFUSED),
        SWITCH(cut_once, PULL_CUT),
        SWITCH(garbled_once, PULL_BODY),
        SWITCH(busy_once, PULL_WRONGS),
    };
    static const size_t ties[] = {1, 7, 40}, deaths[] = {0, 1, 3};

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t k = 0; k < 9; k++) {
            setup(NULL);
            stock(1000, ties[k % 3]);
            *(bool *)((char *)&server + cases[i].at) = true;
            if (walk(100, deaths[k / 3]) != PULL_COMPLETE || missing() != 0)
                fail_msg("%s, ties of %zu, death every %zu: %s, %zu missing", cases[i].name,
                         ties[k % 3], deaths[k / 3], pull_why(pull), missing());
            if (k < 3 && cases[i].said != PULL_WRONGS && !is_said(cases[i].said))
                fail_msg("%s is not said", cases[i].name);
        }
}

static void coarse_dates_without_next_lose_nothing(void **unused)
{
    static const unsigned digits[] = {0, 3, 6};

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        setup(NULL);
        server.no_next = true;
        server.digits = digits[i];
        for (size_t k = 0; k < 900; k++)
            server.date[k].us = INT64_C(1795600000000000) + (int64_t)k * 30011;
        server.count = 900;
        assert_all(walk(100, 0));
        stock(0, 1);
    }
}

/* A group of equal dates larger than any page, and nothing but dates to go by. */
static void ties_beyond_a_page_are_never_complete(void **unused)
{
    (void)unused;
    server.no_next = true;
    stock(600, 300);
    assert_int_equal(walk(100, 0), PULL_TORN);
    assert_true(pull_wrongs(pull, PULL_TIES) > 0);
    assert_true(missing() > 0);
    assert_int_equal(walk(100, 0), PULL_TORN); /* and it stays said */
}

static void a_larger_page_reaches_what_a_small_one_cannot(void **unused)
{
    (void)unused;
    server.no_next = true;
    server.cap = 1000;
    stock(600, 300);
    assert_all(walk(100, 0));
}

static void what_cannot_be_walked_is_stopped_and_said(void **unused)
{
    (void)unused;
    server.no_next = server.no_dates = true;
    stock(1000, 1);
    assert_int_equal(walk(100, 0), PULL_STOPPED);
    assert_true(missing() > 0);
    assert_false(state.has_after); /* the next pull begins anew */

    setup(NULL);
    server.always_more = true;
    stock(250, 1);
    assert_int_equal(walk(100, 0), PULL_STOPPED);
    assert_int_equal(missing(), 0);

    setup(NULL);
    server.always_more = server.endless_nexts = true;
    stock(250, 1);
    assert_int_equal(walk(100, 0), PULL_STOPPED);
    assert_int_equal(missing(), 0);
}

static void a_clock_that_was_set_back_is_noticed_and_what_it_dates_is_met(void **unused)
{
    (void)unused;
    server.has_clock = true;
    stock(300, 1);
    server.clock.us = server.date[299].us + 5000000;
    assert_all(walk(100, 0));
    /* an hour back: what comes now lies before what is there */
    memmove(server.date + 5, server.date, 300 * sizeof server.date[0]);
    memmove(have + 5, have, 300 * sizeof have[0]);
    memset(have, 0, 5 * sizeof have[0]);
    server.count = 305;
    for (size_t i = 0; i < 5; i++)
        server.date[i].us = server.date[5].us - INT64_C(3600000000) + (int64_t)i;
    server.clock.us = server.date[4].us + 1000000;
    assert_all(walk(100, 0));
    assert_true(pull_wrongs(pull, PULL_CLOCK) > 0);
    assert_true(state.after.us <= server.clock.us);
}

static struct pull_answer refusal(unsigned status)
{
    return (struct pull_answer){.status = status, .why = "no", .first = "", .last = "", .next = ""};
}

static void who_is_refused_stops_and_goes_on_later_from_there(void **unused)
{
    static const unsigned codes[] = {301, 401, 403, 404, 406};
    struct pull_answer a;

    (void)unused;
    for (size_t i = 0; i < 5; i++) {
        pull_free(pull);
        pull = pull_new(&state, 100, 0);
        a = refusal(codes[i]);
        pull_heard(pull, &a);
        assert_int_equal(pull_end(pull), PULL_FAILED);
    }
    pull_free(pull);
    pull = pull_new(&state, 100, 0);
    a = refusal(503);
    a.retry_after = 100000;
    pull_heard(pull, &a);
    assert_int_equal(pull_end(pull), PULL_GOES_ON);
    assert_int_equal(pull_wait(pull), PULL_WAIT);
    for (size_t i = 0; i < PULL_TRIES; i++)
        pull_heard(pull, &a);
    assert_int_equal(pull_end(pull), PULL_FAILED);
}

static void a_page_too_large_is_asked_for_in_smaller_ones(void **unused)
{
    struct pull_answer a = {.trouble = PULL_TROUBLE_LARGE, .first = "", .last = "", .next = ""};
    struct buf query = {0};

    (void)unused;
    pull = pull_new(&state, 100, 0);
    pull_heard(pull, &a);
    pull_ask(pull, &query);
    assert_string_equal(buf_str(&query), "limit=25");
    for (size_t i = 0; i < 3; i++)
        pull_heard(pull, &a);
    assert_int_equal(pull_end(pull), PULL_STOPPED);
    buf_done(&query);
}

static void a_next_is_carried_as_it_came(void **unused)
{
    struct pull_answer a = {.status = 200,
                            .typed = true,
                            .first = "",
                            .last = "",
                            .count = 1,
                            .fresh = 1,
                            .more = true,
                            .next = "a b&c=%/\xC3\xA9",
                            .digest = 1};
    struct buf query = {0};

    (void)unused;
    pull = pull_new(&state, 100, 0);
    pull_heard(pull, &a);
    pull_ask(pull, &query);
    assert_string_equal(buf_str(&query), "limit=100&next=a%20b%26c%3D%25%2F%C3%A9");
    buf_done(&query);
}

static void every_prefix_of_a_state_is_short(void **unused)
{
    struct pull_state s = {.walking = true, .has_after = true, .after = {7}, .next = "abc"}, out;
    struct buf text = {0};

    (void)unused;
    pull_state_write(&s, &text);
    assert_good(pull_state_parse(buf_view(&text), &out));
    assert_string_equal(out.next, "abc");
    assert_true(out.walking && out.after.us == 7);
    for (size_t i = 0; i < text.len; i++)
        assert_fault(pull_state_parse(bytes_of(text.data, i), &out), FAULT_SHORT);
    buf_byte(&text, 0);
    assert_fault(pull_state_parse(buf_view(&text), &out), FAULT_EXTRA);
    buf_done(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_good_server_is_walked_whole_and_then_only_what_is_new),
        TEST(an_empty_collection_is_complete),
        TEST(misbehaviour_that_loses_nothing),
        TEST(coarse_dates_without_next_lose_nothing),
        TEST(ties_beyond_a_page_are_never_complete),
        TEST(a_larger_page_reaches_what_a_small_one_cannot),
        TEST(what_cannot_be_walked_is_stopped_and_said),
        TEST(a_clock_that_was_set_back_is_noticed_and_what_it_dates_is_met),
        TEST(who_is_refused_stops_and_goes_on_later_from_there),
        TEST(a_page_too_large_is_asked_for_in_smaller_ones),
        TEST(a_next_is_carried_as_it_came),
        TEST(every_prefix_of_a_state_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* watch/flows.h against a list of all that was said. */
#include "watch/flows.h"

#include "test.h"

static uint32_t random_state = 5;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

static char began[ADDR_TEXT];

/* A record between ends 1 and 2; `from` 1 or 2 is its source, `said` who began, 0 nobody. */
static struct event record(uint64_t flow, uint32_t from, uint32_t said, enum service service)
{
    struct event e = {.service = service,
                      .flow = flow,
                      .src = addr_from_v4(from),
                      .dest = addr_from_v4(3 - from),
                      .src_port = (uint16_t)(40000 + from),
                      .dest_port = (uint16_t)(40003 - from),
                      .has = EVENT_HAS_ENDS};

    addr_write(addr_from_v4(said), began);
    if (said != 0)
        e.text[EVENT_TEXT_BEGAN] = bytes_text(began);
    return e;
}

static enum began met(struct flows *f, struct event e)
{
    flows_meet(f, &e);
    return e.began;
}

static void a_records_own_word_is_of_its_two_ends(void **state)
{
    struct flows *f = flows_new();
    struct event e = record(7, 1, 1, SERVICE_NONE);

    (void)state;
    assert_int_equal(met(f, record(7, 1, 1, SERVICE_NONE)), BEGAN_SRC);
    assert_int_equal(met(f, record(8, 1, 2, SERVICE_RDP)), BEGAN_DEST);
    assert_int_equal(met(f, record(9, 1, 77, SERVICE_RDP)), BEGAN_UNSAID);
    e.text[EVENT_TEXT_BEGAN] = bytes_text("nobody");
    assert_int_equal(met(f, e), BEGAN_UNSAID);
    e = record(7, 1, 1, SERVICE_NONE);
    e.dest = e.src;
    assert_int_equal(met(f, e), BEGAN_UNSAID);
    e = record(7, 1, 1, SERVICE_NONE);
    e.has &= ~(unsigned)EVENT_HAS_DEST_PORT;
    assert_int_equal(met(f, e), BEGAN_UNSAID);
    flows_free(f);
}

static void a_later_record_of_the_flow_has_it_whichever_way_it_is_written(void **state)
{
    struct flows *f = flows_new();
    struct event e;

    (void)state;
    assert_int_equal(met(f, record(7, 2, 1, SERVICE_NONE)), BEGAN_DEST);
    e = record(7, 1, 0, SERVICE_RDP);
    flows_meet(f, &e);
    assert_int_equal(e.began, BEGAN_SRC);
    assert_true(e.began_before);
    assert_int_equal(met(f, record(7, 2, 0, SERVICE_RDP)), BEGAN_DEST);
    assert_int_equal(met(f, record(8, 2, 0, SERVICE_RDP)), BEGAN_UNSAID);  /* another flow */
    assert_int_equal(met(f, record(7, 2, 0, SERVICE_NONE)), BEGAN_UNSAID); /* nobody asks */
    e = record(7, 1, 0, SERVICE_RDP);
    e.dest_port++; /* the same id with other ends */
    assert_int_equal(met(f, e), BEGAN_UNSAID);
    met(f, record(7, 1, 2, SERVICE_NONE)); /* two words that contradict each other are none */
    assert_int_equal(met(f, record(7, 1, 0, SERVICE_RDP)), BEGAN_UNSAID);
    flows_free(f);
}

static void what_a_port_decides_is_not_kept(void **state)
{
    struct flows *f = flows_new();
    struct buf saved = {0};
    struct event e = record(7, 1, 1, SERVICE_NONE);

    (void)state;
    e.dest_port = 3389;
    assert_int_equal(met(f, e), BEGAN_SRC);
    e = record(0, 1, 1, SERVICE_NONE); /* nor what has no id */
    assert_int_equal(met(f, e), BEGAN_SRC);
    flows_save(f, &saved);
    assert_int_equal(saved.len, 4);
    buf_done(&saved);
    flows_free(f);
}

static struct flows *restored(const struct flows *f)
{
    struct flows *back = flows_new();
    struct buf one = {0}, two = {0};
    struct cursor in;

    flows_save(f, &one);
    in = cursor_over(buf_view(&one), "test");
    flows_load(back, &in);
    cursor_end(&in);
    assert_true(cursor_ok(&in));
    flows_save(back, &two);
    assert_true(bytes_equal(buf_view(&one), buf_view(&two)));
    assert_true(one.len <= 4 + FLOWS * FLOWS_SAVED);
    for (size_t n = 0; n < one.len; n += 41) {
        struct flows *cut = flows_new();

        in = cursor_over(bytes_of(one.data, n), "test");
        flows_load(cut, &in);
        assert_false(cursor_ok(&in));
        flows_free(cut);
    }
    buf_done(&one);
    buf_done(&two);
    return back;
}

static void the_last_of_them_are_kept_also_over_a_restart(void **state)
{
    enum { STEPS = 20000, IDS = 4 * FLOWS };
    static size_t said_at[IDS + 1]; /* which word it was, from 1 */
    static uint32_t said[IDS + 1];
    struct flows *f = flows_new(), *back;
    size_t words = 0;

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        uint32_t id = 1 + random_below(IDS), from = 1 + random_below(2);
        bool is_kept = said_at[id] != 0 && words - said_at[id] < FLOWS;

        if (random_below(2) == 0) {
            uint32_t who = 1 + id % 2;

            met(f, record(id, from, who, SERVICE_NONE));
            if (!is_kept)
                said_at[id] = ++words;
            said[id] = who;
        } else {
            enum began want = !is_kept ? BEGAN_UNSAID : said[id] == from ? BEGAN_SRC : BEGAN_DEST;

            assert_int_equal(met(f, record(id, from, 0, SERVICE_SIP)), want);
        }
        if (step % 4000 == 1) {
            back = restored(f);
            flows_free(f);
            f = back;
        }
    }
    assert_true(words > 2 * FLOWS);
    flows_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_records_own_word_is_of_its_two_ends),
        cmocka_unit_test(a_later_record_of_the_flow_has_it_whichever_way_it_is_written),
        cmocka_unit_test(what_a_port_decides_is_not_kept),
        cmocka_unit_test(the_last_of_them_are_kept_also_over_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

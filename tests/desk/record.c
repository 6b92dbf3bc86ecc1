/* Sample records are bounded by bytes: which go, which never do, and what is said of it. */
#include "desk/desk.h"

#include "asking.h"
#include "partner.h"

enum { ONE = 12 + 22 }; /* bytes of a record of see_report: its line and its account */

/* The first sample of the incident from this source. */
static json_t *sample_of(struct rig *r, const char *source)
{
    size_t n =
        ask(r, json_pack("{s:s, s:o}", "do", "watch.explain", "incident", incident_id(r, source)));

    is_good(r, n);
    return json_array_get(json_object_get(r->answer[n], "samples"), 0);
}

static bool is_kept(struct rig *r, const char *source)
{
    json_t *sample = sample_of(r, source);

    assert_int_equal(strlen(json_string_value(json_object_get(sample, "digest"))), 44);
    if (json_is_string(json_object_get(sample, "raw")))
        return true;
    assert_string_equal(json_string_value(json_object_get(sample, "unkept")), "thrown-away");
    assert_true(json_is_null(json_object_get(sample, "account")));
    return false;
}

static int64_t thrown(struct rig *r)
{
    size_t n = ask(r, json_pack("{s:s}", "do", "watch.stats"));

    is_good(r, n);
    return json_integer_value(
        json_object_get(json_object_get(r->answer[n], "totals"), "samples_thrown"));
}

static bool has_alarm(struct rig *r)
{
    size_t n = ask(r, json_pack("{s:s}", "do", "alarm.list")), i;
    json_t *item;

    json_array_foreach(json_object_get(r->answer[n], "alarms"), i,
                       item) if (strcmp(json_string_value(json_object_get(item, "alarm")),
                                        "samples") == 0) return true;
    return false;
}

/* A desk that keeps so many records; one is there, of an incident that goes on. */
static struct rig *keeping_so_many(int64_t most)
{
    struct rig *r = founded();

    r->sample_bytes = most * ONE;
    rig_kill(r);
    rig_start(r);
    return r;
}

static void the_oldest_ended_incidents_give_room(void **state)
{
    struct rig *r = keeping_so_many(4);

    (void)state;
    see_report(r, "198.51.100.8", "ended", 8);
    see_report(r, "198.51.100.5", "ended", 5);
    see_report(r, "198.51.100.6", "ended", 6);
    assert_true(is_kept(r, "198.51.100.8") && is_kept(r, "198.51.100.5"));
    assert_int_equal(thrown(r), 0);
    see_report(r, "198.51.100.9", "ended", 9); /* an eighth is kept free: two go for one */
    assert_false(is_kept(r, "198.51.100.5") || is_kept(r, "198.51.100.6"));
    assert_true(is_kept(r, "198.51.100.7") && is_kept(r, "198.51.100.8"));
    assert_true(is_kept(r, "198.51.100.9"));
    assert_int_equal(thrown(r), 2);
    assert_false(has_alarm(r));
    rig_free(r);
}

static void what_is_kept_is_counted_anew_at_a_start(void **state)
{
    struct rig *r = keeping_so_many(3);

    (void)state;
    see_report(r, "198.51.100.5", "ended", 5);
    see_report(r, "198.51.100.6", "ended", 6);
    rig_kill(r);
    rig_start(r);
    see_report(r, "198.51.100.8", "ended", 8);
    assert_false(is_kept(r, "198.51.100.5"));
    assert_true(is_kept(r, "198.51.100.7") && is_kept(r, "198.51.100.8"));
    rig_free(r);
}

static void what_an_open_case_rests_on_stays_and_the_new_one_is_not_kept(void **state)
{
    struct rig *r = keeping_so_many(2);
    size_t n;

    (void)state;
    see_report(r, "198.51.100.8", "ended", 8);
    n = say(r,
            json_pack("{s:s, s:s, s:o}", "do", "draft", "kind", "NOTICE", "incident",
                      incident_id(r, "198.51.100.8")),
            NULL, NULL);
    say_and_wait(r, n);
    see_report(r, "198.51.100.9", "ended", 9);
    assert_true(is_kept(r, "198.51.100.7") && is_kept(r, "198.51.100.8"));
    assert_false(is_kept(r, "198.51.100.9"));
    assert_int_equal(thrown(r), 1);
    assert_true(has_alarm(r));
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_ended_incidents_give_room),
        cmocka_unit_test(what_is_kept_is_counted_anew_at_a_start),
        cmocka_unit_test(what_an_open_case_rests_on_stays_and_the_new_one_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

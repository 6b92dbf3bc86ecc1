/* Indicators as watch saw them: counts are added, the first event stays, worth is weighed anew. */
#include "desk/desk.h"

#include "asking.h"

/* The body of watch's commit with one sighting. */
static void commit_of(struct rig *r, struct bytes hit, struct buf *out)
{
    buf_part(out, bytes_text(r->b->agreement->id));
    buf_u64(out, 1);
    buf_part(out, bytes_text("state"));
    buf_u32(out, 0);
    buf_u32(out, 0);
    buf_part(out, bytes_text("[]"));
    buf_u32(out, 1);
    buf_part(out, hit);
}

/* A commit of watch with one sighting. */
static void see_hit(struct rig *r, const char *value, int events, int outside, int second)
{
    struct buf body = {0}, hit = {0};

    buf_print(&hit,
              "{\"confidence\":\"high\",\"dest\":\"192.0.2.1\",\"events\":%d,"
              "\"first\":\"2025-11-25T08:00:%02d.000000Z\",\"id\":\"\",\"kind\":\"domain\","
              "\"last\":\"2025-11-25T09:00:%02d.000000Z\",\"line\":\"\",\"list\":\"mine\","
              "\"offset\":%d,\"outside\":%d,\"pap\":\"none\",\"reasons\":[],"
              "\"sensor\":\"eve\",\"src\":null,\"tlp\":\"green\",\"valid-from\":null,"
              "\"valid-until\":null,\"value\":\"%s\",\"warned\":0}",
              events, second, second, second, outside, value);
    commit_of(r, buf_view(&hit), &body);
    rig_hear(r, PROCESS_WATCH, MESSAGE_WATCH_COMMIT, &body);
    buf_done(&body);
    buf_done(&hit);
    rig_forget(r);
}

static json_t *hits(struct rig *r, int count)
{
    size_t n = ask(r, json_pack("{s:s, s:i}", "do", "hit.list", "count", count));

    is_good(r, n);
    return json_object_get(r->answer[n], "hits");
}

static int64_t number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static const char *text(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static void counts_are_added_and_the_first_event_stays(void **state)
{
    struct rig *r = founded();
    json_t *hit;

    (void)state;
    see_hit(r, "bad.example", 3, 1, 20);
    see_hit(r, "bad.example", 4, 0, 10); /* an earlier event, told later */
    see_hit(r, "bad.example", 5, 0, 30);
    assert_int_equal(json_array_size(hits(r, 0)), 1);
    hit = json_array_get(hits(r, 0), 0);
    assert_int_equal(number(hit, "events"), 12);
    assert_int_equal(number(hit, "outside"), 1);
    assert_int_equal(number(hit, "offset"), 10);
    assert_string_equal(text(hit, "first"), "2025-11-25T08:00:10.000000Z");
    assert_string_equal(text(hit, "last"), "2025-11-25T09:00:30.000000Z");
    assert_string_equal(text(hit, "hit"), text(json_array_get(hits(r, 0), 0), "hit"));
    rig_free(r);
}

static void worth_is_that_of_all_events_together(void **state)
{
    struct rig *r = founded();
    json_t *hit;

    (void)state;
    see_hit(r, "bad.example", 2, 2, 20); /* as watch said it: all of them out of validity */
    see_hit(r, "bad.example", 2, 2, 21);
    hit = json_array_get(hits(r, 0), 0);
    assert_string_equal(text(hit, "confidence"), "moderate");
    assert_string_equal(json_string_value(json_array_get(json_object_get(hit, "reasons"), 1)),
                        "out-of-validity");
    see_hit(r, "bad.example", 1, 0, 22);
    hit = json_array_get(hits(r, 0), 0);
    assert_string_equal(text(hit, "confidence"), "high");
    assert_string_equal(json_string_value(json_array_get(json_object_get(hit, "reasons"), 1)),
                        "partly-out-of-validity");
    rig_free(r);
}

static void the_newest_come_first_and_as_many_as_asked(void **state)
{
    struct rig *r = founded();

    (void)state;
    see_hit(r, "one.example", 1, 0, 10);
    see_hit(r, "three.example", 1, 0, 30);
    see_hit(r, "two.example", 1, 0, 20);
    assert_int_equal(json_array_size(hits(r, 0)), 3);
    assert_int_equal(json_array_size(hits(r, 2)), 2);
    assert_string_equal(text(json_array_get(hits(r, 2), 0), "value"), "three.example");
    assert_string_equal(text(json_array_get(hits(r, 2), 1), "value"), "two.example");
    rig_free(r);
}

static void a_sighting_that_is_no_json_undoes_its_commit(void **state)
{
    struct rig *r = founded();
    struct buf body = {0};

    (void)state;
    commit_of(r, bytes_text("{\"kind\":"), &body);
    assert_true(fault_is(desk_message(r->desk, PROCESS_WATCH, MESSAGE_WATCH_COMMIT, buf_view(&body),
                                      r->now, r->tick)));
    assert_int_equal(json_array_size(hits(r, 0)), 0);
    buf_done(&body);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_added_and_the_first_event_stays),
        cmocka_unit_test(worth_is_that_of_all_events_together),
        cmocka_unit_test(the_newest_come_first_and_as_many_as_asked),
        cmocka_unit_test(a_sighting_that_is_no_json_undoes_its_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

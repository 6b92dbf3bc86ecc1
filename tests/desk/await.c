#include "desk/await.h"

#include "asking.h"
#include "partner.h"

/* A notice is said and stored; the partner has not cosigned it. */
struct talk {
    struct rig *r;
    struct partner b;
};

static struct talk said(void)
{
    struct talk t = {.r = founded()};
    size_t n;

    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    n = say_notice(t.r, NULL, NULL);
    say_and_wait(t.r, n);
    return t;
}

static void talk_done(struct talk *t)
{
    partner_done(&t->b);
    rig_free(t->r);
}

static size_t await(struct talk *t, const char *log, int64_t index, int seconds)
{
    return ask(t->r, json_pack("{s:s, s:s, s:I, s:i}", "do", "ledger.wait", "log", log, "index",
                               (json_int_t)index, "seconds", seconds));
}

static bool binds(struct talk *t, size_t n)
{
    is_good(t->r, n);
    return json_is_true(json_object_get(t->r->answer[n], "binding"));
}

static void pass(struct talk *t, int64_t seconds)
{
    t->r->now.us += seconds * 1000000;
    t->r->tick.us += seconds * 1000000;
    desk_turn(t->r->desk, t->r->now, t->r->tick);
}

static int64_t last_of(struct talk *t, const char *log)
{
    size_t n = ask(t->r, json_pack("{s:s, s:s}", "do", "ledger.show", "log", log));

    is_good(t->r, n);
    return json_integer_value(json_object_get(t->r->answer[n], "size")) - 1;
}

static void who_waits_for_an_entry_of_ours_is_told_when_the_partner_cosigned(void **state)
{
    struct talk t = said();
    int64_t index = last_of(&t, "ours");
    size_t n = await(&t, "ours", index, 60), later = await(&t, "ours", index + 1, 60);

    (void)state;
    pass(&t, 5);
    assert_null(t.r->answer[n]);
    partner_cosign(&t.b);
    assert_true(binds(&t, n));
    assert_null(t.r->answer[later]);
    assert_true(binds(&t, await(&t, "ours", index, 60))); /* at once */
    talk_done(&t);
}

static void who_waits_for_an_entry_of_theirs_is_told_when_we_cosigned(void **state)
{
    struct talk t = said();
    size_t n = await(&t, "theirs", 1, 60);

    (void)state;
    partner_says(&t.b, &(struct partner_says){
                           .kind = KIND_CHECK, .case_id = "C-00000000000000AB", .number = 1});
    assert_null(t.r->answer[n]);
    partner_push(&t.b);
    assert_true(binds(&t, n));
    talk_done(&t);
}

static void who_waited_long_enough_is_told_that_it_is_not(void **state)
{
    struct talk t = said();
    size_t n = await(&t, "ours", last_of(&t, "ours"), 7), now;

    (void)state;
    pass(&t, 6);
    assert_null(t.r->answer[n]);
    pass(&t, 2);
    assert_false(binds(&t, n));
    now = await(&t, "ours", last_of(&t, "ours"), 0);
    assert_false(binds(&t, now));
    talk_done(&t);
}

static void who_went_away_is_not_answered_and_leaves_his_place(void **state)
{
    struct talk t = said();
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 2 * AWAIT_MOST; i++) {
        n = await(&t, "ours", 1000, 60);
        assert_null(t.r->answer[n]);
        desk_forget(t.r->desk, &client[n]);
        t.r->clients = n;
    }
    for (int i = 0; i < AWAIT_MOST; i++)
        assert_null(t.r->answer[await(&t, "ours", 1000, 60)]);
    n = await(&t, "ours", 1000, 60);
    assert_string_equal(text_of(t.r, n, "code"), "busy");
    talk_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_for_an_entry_of_ours_is_told_when_the_partner_cosigned),
        cmocka_unit_test(who_waits_for_an_entry_of_theirs_is_told_when_we_cosigned),
        cmocka_unit_test(who_waited_long_enough_is_told_that_it_is_not),
        cmocka_unit_test(who_went_away_is_not_answered_and_leaves_his_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A partner who takes and does not give: what he can make our node do, and what not. */
#include "desk/desk.h"

#include "asking.h"
#include "partner.h"

struct talk {
    struct rig *r;
    struct partner b;
    unsigned cases;
};

static struct talk talking(void)
{
    struct talk t = {.r = founded()};

    ((struct agreement *)(uintptr_t)t.r->terms[0])->quota_entries = 6;
    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    partner_push(&t.b); /* its genesis */
    return t;
}

static void talk_done(struct talk *t)
{
    partner_done(&t->b);
    rig_free(t->r);
}

static void pass(struct talk *t, int64_t seconds)
{
    t->r->now.us += seconds * 1000000;
    t->r->tick.us += seconds * 1000000;
    desk_turn(t->r->desk, t->r->now, t->r->tick);
    rig_keeper(t->r);
}

static bool has_alarm(struct talk *t, const char *name)
{
    size_t n = ask(t->r, json_pack("{s:s}", "do", "alarm.list")), i;
    json_t *item;
    bool found = false;

    is_good(t->r, n);
    json_array_foreach(json_object_get(t->r->answer[n], "alarms"), i, item) found |=
        strcmp(json_string_value(json_object_get(item, "alarm")), name) == 0;
    json_decref(t->r->answer[n]);
    t->r->answer[n] = NULL;
    t->r->clients = n;
    return found;
}

/* A CHECK, which we answer with a RECEIPT and a return: was it held at once? */
static bool pushes(struct talk *t)
{
    struct buf cosign = {0};
    char case_id[CASE_TEXT];
    bool held;

    snprintf(case_id, sizeof case_id, "C-0000000000000%03u", ++t->cases);
    partner_says(&t->b, &(struct partner_says){.kind = KIND_CHECK,
                                               .case_id = case_id,
                                               .number = 1,
                                               .fields = json_pack("{s:s}", "nonce", "00")});
    partner_push(&t->b);
    held = partner_got(t->r, FRAME_COSIGN, &cosign);
    buf_done(&cosign);
    return held;
}

static bool was_held(struct talk *t)
{
    struct buf cosign = {0};
    bool held = partner_got(t->r, FRAME_COSIGN, &cosign);

    buf_done(&cosign);
    return held;
}

static void who_pushes_and_does_not_cosign_is_taken_once_in_thirty_seconds(void **state)
{
    struct talk t = talking();
    unsigned held = 0;

    (void)state;
    while (pushes(&t))
        assert_true(++held < 10); /* the quota is 6 entries */
    assert_true(held >= 2);
    assert_true(has_alarm(&t, "quota"));
    pass(&t, 29);
    assert_false(was_held(&t));
    pass(&t, 2);
    assert_true(was_held(&t)); /* slowly, and not never: two that wait for each other go on */
    assert_false(pushes(&t));
    pass(&t, 29);
    assert_false(was_held(&t));
    talk_done(&t);
}

static void who_cosigns_again_is_taken_at_once(void **state)
{
    struct talk t = talking();

    (void)state;
    while (pushes(&t))
        ;
    pass(&t, 31);
    partner_greet(&t.b); /* a new link, on which we push all that he has not cosigned */
    assert_true(has_alarm(&t, "quota"));
    partner_cosign(&t.b);
    pass(&t, 1);
    assert_false(has_alarm(&t, "quota"));
    assert_true(pushes(&t));
    assert_true(pushes(&t));
    talk_done(&t);
}

/* Its payload and its verdicts wait together: a second one must not come between them. */
static void a_second_push_while_one_waits_ends_the_link_and_changes_nothing(void **state)
{
    struct talk t = talking();
    size_t n;

    (void)state;
    while (pushes(&t))
        ;
    assert_false(pushes(&t));
    n = ask(t.r, json_pack("{s:s}", "do", "status"));
    assert_non_null(
        strstr(json_string_value(json_object_get(json_object_get(t.r->answer[n], "link"), "why")),
               "one PUSH"));
    pass(&t, 31);
    n = ask(t.r, json_pack("{s:s, s:s}", "do", "ledger.show", "log", "theirs"));
    assert_int_equal(json_integer_value(json_object_get(t.r->answer[n], "binding")),
                     (json_int_t)t.b.count - 1);
    talk_done(&t);
}

/* "every other clock runs on binding", which the partner dates: not into the future. */
static void a_cosignature_from_the_future_gives_its_maker_no_time(void **state)
{
    struct instant due[2];

    (void)state;
    for (int ahead = 0; ahead < 2; ahead++) {
        struct talk t = talking();
        struct instant time;
        json_t *rows, *row;
        size_t n, i;

        n = say_notice(t.r, NULL, NULL);
        say_and_wait(t.r, n);
        time = t.r->now;
        time.us += ahead ? 400LL * 86400 * 1000000 : 0;
        partner_cosign_at(&t.b, time);
        n = ask(t.r, json_pack("{s:s, s:s}", "do", "case.show", "case", text_of(t.r, n, "case")));
        is_good(t.r, n);
        rows = json_object_get(t.r->answer[n], "clocks");
        due[ahead] = (struct instant){0};
        json_array_foreach(rows, i, row)
        {
            const char *text = json_string_value(json_object_get(row, "due"));
            struct instant at;

            if (text != NULL && !fault_is(instant_parse(bytes_text(text), &at)) &&
                at.us > due[ahead].us)
                due[ahead] = at;
        }
        assert_true(due[ahead].us != 0);
        assert_true(has_alarm(&t, "the partner's clock") == (ahead == 1));
        talk_done(&t);
    }
    assert_true(due[0].us == due[1].us);
}

static void clocks_that_differ_are_said_at_the_greeting(void **state)
{
    struct talk t = talking();

    (void)state;
    assert_false(has_alarm(&t, "clocks differ"));
    t.b.clock = -3600;
    partner_greet(&t.b);
    assert_true(has_alarm(&t, "clocks differ"));
    t.b.clock = 0;
    partner_greet(&t.b);
    assert_false(has_alarm(&t, "clocks differ"));
    talk_done(&t);
}

/* PROTOCOL.hotline section 4: a statement that nobody here could ever read is not cosigned. */
static void a_new_statement_without_its_document_ends_the_link(void **state)
{
    struct talk t = talking();
    size_t n = t.b.count;

    (void)state;
    assert_true(pushes(&t)); /* one whole, for comparison */
    partner_says(&t.b, &(struct partner_says){.kind = KIND_CHECK,
                                              .case_id = "C-0000000000000AAA",
                                              .number = 1,
                                              .fields = json_pack("{s:s}", "nonce", "00")});
    buf_clear(&t.b.document[n + 1]);
    partner_push(&t.b);
    assert_false(was_held(&t));
    talk_done(&t);
}

/* .. but what was received when it was whole is, though it was erased since: he who asks for it
 * again was restored from before it. */
static void a_statement_that_was_received_comes_back_without_its_document(void **state)
{
    struct talk t = talking();
    size_t n = t.b.count;

    (void)state;
    assert_true(pushes(&t));
    buf_clear(&t.b.document[n]);
    t.b.pushed = n;
    partner_greet(&t.b);
    partner_push(&t.b);
    assert_true(was_held(&t));
    talk_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_pushes_and_does_not_cosign_is_taken_once_in_thirty_seconds),
        cmocka_unit_test(who_cosigns_again_is_taken_at_once),
        cmocka_unit_test(a_second_push_while_one_waits_ends_the_link_and_changes_nothing),
        cmocka_unit_test(a_cosignature_from_the_future_gives_its_maker_no_time),
        cmocka_unit_test(a_new_statement_without_its_document_ends_the_link),
        cmocka_unit_test(a_statement_that_was_received_comes_back_without_its_document),
        cmocka_unit_test(clocks_that_differ_are_said_at_the_greeting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Attack drills against a whole desk with keeper behind it: what it does when the partner's node
 * claims another time, floods, or will not cosign. docs/threat-model.md lists them.
 */
#include "../desk/asking.h"
#include "../desk/partner.h"
#include "hotline/conversation.h"

struct talk {
    struct rig *r;
    struct partner b;
    char case_id[CASE_TEXT];
};

/* Our NOTICE is binding there, the partner's genesis is held here. */
static struct talk talking(void)
{
    struct talk t = {.r = founded()};
    size_t n = say_notice(t.r, NULL, NULL);

    rig_keeper(t.r);
    is_good(t.r, n);
    snprintf(t.case_id, sizeof t.case_id, "%s", text_of(t.r, n, "case"));
    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    partner_push(&t.b);
    return t;
}

static void talk_done(struct talk *t)
{
    partner_done(&t->b);
    rig_free(t->r);
}

/* The partner says an UPDATE that claims this time, and we hear it now. */
static struct digest claims(struct talk *t, int64_t seconds)
{
    struct instant now = t->r->now;
    struct digest leaf;

    t->r->now = instant_of_seconds(instant_seconds(now) + seconds);
    leaf = partner_says(
        &t->b, &(struct partner_says){.kind = KIND_UPDATE, .case_id = t->case_id, .number = 1});
    t->r->now = now;
    partner_push(&t->b);
    return leaf;
}

/* DESIGN section 5, rule 1: "A bad claimed time or form is answered by REJECT or DISPUTE in the
 * receiver's own log" */
static void a_statement_from_the_future_is_held_and_rejected(void **state)
{
    struct talk t = talking();
    struct digest leaf = claims(&t, 86400);
    struct buf cosigned = {0};

    (void)state;
    assert_true(we_rejected(t.r, &leaf));
    assert_true(partner_got(t.r, FRAME_COSIGN, &cosigned)); /* we hold it all the same */
    buf_done(&cosigned);
    talk_done(&t);
}

static void a_statement_from_before_our_last_cosignature_is_held_and_rejected(void **state)
{
    struct talk t = talking();
    struct digest leaf;

    (void)state;
    t.r->now.us += 7200 * 1000000LL;
    t.r->tick.us += 7200 * 1000000LL;
    leaf = claims(&t, -86400);
    assert_true(we_rejected(t.r, &leaf));
    talk_done(&t);
}

static void a_statement_of_now_is_not(void **state)
{
    struct talk t = talking();
    struct digest leaf = claims(&t, 0);

    (void)state;
    assert_false(we_rejected(t.r, &leaf));
    talk_done(&t);
}

/* ledger.md: "keep at most N un-cosigned entries as back-pressure" */
static void a_partner_who_does_not_cosign_stops_our_pen_at_the_quota(void **state)
{
    struct rig *r = founded();
    size_t n;

    (void)state;
    r->terms[0]->quota_entries = 4; /* genesis, two officers, and one more */
    n = say_notice(r, NULL, NULL);
    rig_keeper(r);
    is_good(r, n);
    n = say_update(r, text_of(r, n, "case"), 60);
    rig_keeper(r);
    assert_false(json_is_true(json_object_get(r->answer[n], "ok")));
    assert_string_equal(text_of(r, n, "code"), "quota");
    rig_free(r);
}

/* PROTOCOL.hotline section 3: one PUSH at a time: what a flood cannot do is queue here. */
static void a_partner_who_pushes_before_our_answer_is_cut_off(void **state)
{
    struct conversation_start start = {.partner = "b"};
    struct conversation_actions out = {.count = 0};
    struct digest root = {{1}};
    struct conversation c;

    (void)state;
    conversation_init(&c, &start);
    conversation_link_up(&c, 1, true, (struct tick){1}, &out);
    conversation_hello_sent(&c, 1, (struct tick){1}, &out);
    conversation_hello(&c, 1, HEAD_NONE, 0, (struct tick){1}, &out);
    conversation_push(&c, 1, 0, 256, &root, (struct tick){2}, &out);
    assert_int_equal(out.item[out.count - 1].what, CONVERSATION_HOLD);
    conversation_push(&c, 1, 256, 512, &root, (struct tick){3}, &out);
    assert_int_equal(out.item[out.count - 1].what, CONVERSATION_CLOSE);
    assert_non_null(strstr(out.item[out.count - 1].rule, "one PUSH without COSIGN"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_from_the_future_is_held_and_rejected),
        cmocka_unit_test(a_statement_from_before_our_last_cosignature_is_held_and_rejected),
        cmocka_unit_test(a_statement_of_now_is_not),
        cmocka_unit_test(a_partner_who_does_not_cosign_stops_our_pen_at_the_quota),
        cmocka_unit_test(a_partner_who_pushes_before_our_answer_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "desk/desk.h"

#include "asking.h"
#include "partner.h"

/* --- the partner ---------------------------------------------------------------------------- */

/* The partner pushes its genesis and this statement, which judge refused by a rule. */
static void push_refused(struct partner *from, const struct item *item, const char *rule)
{
    struct person *b = &from->r->b->p->b;
    struct frame_item first = {buf_view(&b->genesis), buf_view(&b->document)},
                      second = {buf_view(&item->text), buf_view(&item->disclosed)};
    struct checkpoint c = {bytes_text(b->origin), 2, {{0}}};
    struct buf text = {0}, note = {0}, frame = {0}, verdicts = {0};
    struct digest leaf[2] = {tree_leaf(first.entry), tree_leaf(second.entry)};

    c.root = tree_node(&leaf[0], &leaf[1]);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), &note);
    note_sign(buf_view(&text), b->origin, NOTE_AUTHOR, from->r->now, &b->role[ROLE_LOG], 1, &note);
    frame_push_write(0, buf_view(&note), 2, &frame);
    frame_item_write(&first, &frame);
    frame_item_write(&second, &frame);
    buf_u32(&verdicts, 2);
    buf_byte(&verdicts, GROUND_NONE);
    buf_part(&verdicts, bytes_text(""));
    buf_byte(&verdicts, GROUND_CONTENT);
    buf_part(&verdicts, bytes_text(rule));
    partner_judged(from, FRAME_PUSH, &frame, &verdicts);
    buf_done(&text);
    buf_done(&note);
    buf_done(&frame);
    buf_done(&verdicts);
}

static bool is_binding(struct rig *r, const char *case_id)
{
    size_t n = ask(r, json_pack("{s:s, s:s}", "do", "case.show", "case", case_id));
    json_t *first = json_array_get(json_object_get(r->answer[n], "statements"), 0);

    is_good(r, n);
    return json_is_true(json_object_get(first, "binding"));
}

/* --- the tests ------------------------------------------------------------------------------ */

/* D1: "for a statement after keeper's signature". */
static void a_statement_is_answered_when_keeper_has_signed_it(void **state)
{
    struct rig *r = founded();
    size_t n = say_notice(r, NULL, NULL);

    (void)state;
    assert_null(r->answer[n]);
    rig_keeper(r);
    is_good(r, n);
    assert_int_equal(json_integer_value(json_object_get(r->answer[n], "index")), 3);
    rig_free(r);
}

/* D2: it is the same entry, once, whatever was lost: the message to keeper or keeper's answer. */
static void a_statement_survives_desk_and_is_said_once(void **state)
{
    (void)state;
    for (int answer_lost = 0; answer_lost < 2; answer_lost++) {
        struct rig *r = founded();
        char permit[PERMIT_MAX], draft[40];
        struct decider second = {"boris", OFFICER_RELEASER, r->b->boris};
        struct rig_message m;
        struct buf lost = {0};
        size_t n = say_notice(r, permit, draft);

        assert_null(r->answer[n]);
        assert_true(rig_take(r, PROCESS_KEEPER, &m));
        if (answer_lost)
            rig_sign(r, &m, &lost);
        buf_done(&m.body);
        buf_done(&lost);
        rig_kill(r);
        rig_start(r);
        rig_keeper(r);
        n = ask(r, decision(r, draft, permit, &second));
        is_good(r, n);
        assert_true(json_is_true(json_object_get(r->answer[n], "already")));
        assert_int_equal(json_integer_value(json_object_get(r->answer[n], "index")), 3);
        assert_int_equal(json_array_size(entries(r)), 4);
        rig_free(r);
    }
}

/*
 * Keeper died after it had signed, and its answer with it. Until the new one has said what it
 * remembers nobody knows where the next head begins, and nothing can be said. Asked from the old
 * place keeper would refuse, desk would take that for a word about the entry, and cut off what
 * is signed already.
 */
static void nothing_is_signed_before_a_new_keeper_said_what_it_remembers(void **state)
{
    struct rig *r = founded();
    struct decider anna = {"anna", OFFICER_DRAFTER, r->b->anna},
                   boris = {"boris", OFFICER_RELEASER, r->b->boris};
    struct rig_message m;
    struct buf lost = {0};
    json_t *other, *draft;
    size_t first, second, made;

    (void)state;
    see_incident(r, "198.51.100.8");
    other = incident_id(r, "198.51.100.8");
    draft = json_pack("{s:s, s:s, s:o}", "do", "draft", "kind", "NOTICE", "incident", other);
    first = say_notice(r, NULL, NULL);
    assert_true(rig_take(r, PROCESS_KEEPER, &m));
    rig_sign(r, &m, &lost);
    buf_done(&m.body);
    buf_done(&lost);
    desk_neighbour(r->desk, PROCESS_KEEPER, false, r->now, r->tick);
    bench_restart(r->b);
    desk_neighbour(r->desk, PROCESS_KEEPER, true, r->now, r->tick);
    made = ask(r, draft);
    is_good(r, ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &anna)));
    second = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &boris));
    assert_string_equal(text_of(r, second, "code"), "not-ready");
    assert_false(rig_take(r, PROCESS_KEEPER, &m));
    rig_keeper_state(r);
    second = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &boris));
    rig_keeper(r);
    is_good(r, first);
    is_good(r, second);
    assert_int_equal(json_array_size(entries(r)), 5);
    rig_free(r);
}

static void one_officer_cannot_give_both_signatures(void **state)
{
    struct rig *r = founded();
    struct decider anna = {"anna", OFFICER_DRAFTER, r->b->anna},
                   posing = {"boris", OFFICER_RELEASER, r->b->anna};
    size_t listed = ask_incidents(r), made, n;

    (void)state;
    made = ask(r, json_pack("{s:s, s:s, s:O}", "do", "draft", "kind", "NOTICE", "incident",
                            json_object_get(
                                json_array_get(json_object_get(r->answer[listed], "incidents"), 0),
                                "id")));
    is_good(r, made);
    n = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &anna));
    is_good(r, n);
    n = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &anna));
    assert_false(json_is_true(json_object_get(r->answer[n], "ok")));
    n = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &posing));
    assert_int_equal(json_integer_value(json_object_get(r->answer[n], "exit")), 5);
    assert_int_equal(json_array_size(entries(r)), 3);
    rig_free(r);
}

static void what_keeper_refuses_leaves_no_case_and_can_be_said_anew(void **state)
{
    struct rig *r = founded();
    char permit[PERMIT_MAX], draft[40];
    struct decider second = {"boris", OFFICER_RELEASER, r->b->boris};
    struct rig_message m;
    size_t n = say_notice(r, permit, draft), again;

    (void)state;
    assert_true(rig_take(r, PROCESS_KEEPER, &m));
    buf_done(&m.body);
    rig_refuse(r, 3, "a rule");
    assert_string_equal(text_of(r, n, "code"), "refused");
    assert_string_equal(text_of(r, n, "why"), "a rule");
    assert_int_equal(json_array_size(entries(r)), 3);
    again = ask(r, decision(r, draft, permit, &second));
    assert_string_equal(text_of(r, again, "code"), "refused");
    n = ask(r, json_pack("{s:s, s:b}", "do", "case.list", "all", 1));
    assert_int_equal(json_array_size(json_object_get(r->answer[n], "cases")), 0);
    n = say_notice(r, NULL, NULL);
    rig_keeper(r);
    is_good(r, n);
    assert_int_equal(json_integer_value(json_object_get(r->answer[n], "index")), 3);
    rig_free(r);
}

/* A bundle has no gap: what stood behind the refused one takes its place in the case. */
static void what_stood_behind_a_refused_statement_takes_its_place(void **state)
{
    struct rig *r = founded();
    char case_id[CASE_TEXT];
    struct rig_message m;
    struct entry notice, update;
    struct digest leaf;
    size_t n = say_notice(r, NULL, NULL), first, second;
    json_t *list;

    (void)state;
    rig_keeper(r);
    is_good(r, n);
    snprintf(case_id, sizeof case_id, "%s", text_of(r, n, "case"));
    first = say_update(r, case_id, 60);
    second = say_update(r, case_id, 70);
    assert_true(rig_take(r, PROCESS_KEEPER, &m));
    buf_done(&m.body);
    rig_refuse(r, 4, "a rule");
    assert_string_equal(text_of(r, first, "code"), "refused");
    assert_null(r->answer[second]);
    rig_keeper(r);
    is_good(r, second);
    list = entries(r);
    assert_int_equal(json_array_size(list), 5);
    notice = entry_at(list, 3);
    update = entry_at(list, 4);
    assert_int_equal(notice.number, 1);
    assert_int_equal(update.number, 2);
    leaf =
        tree_leaf(bytes_text(json_string_value(json_object_get(json_array_get(list, 3), "text"))));
    assert_true(digest_equal(&update.previous, &leaf));
    assert_string_equal(text_of(r, second, "leaf"),
                        json_string_value(json_object_get(json_array_get(list, 4), "leaf")));
    rig_free(r);
}

/* DESIGN section 5, rule 1: "the sender's own node refuses to append while its clock is off". */
static void a_clock_behind_our_own_last_entry_appends_nothing(void **state)
{
    struct rig *r = founded();
    size_t n;

    (void)state;
    rig_kill(r);
    r->now.us -= 3600 * 1000000LL;
    rig_start(r);
    n = say_notice(r, NULL, NULL);
    assert_string_equal(text_of(r, n, "code"), "clock");
    assert_int_equal(json_array_size(entries(r)), 3);
    rig_kill(r);
    r->now.us += 3600 * 1000000LL;
    rig_start(r);
    rig_free(r);
}

/* DESIGN section 5, rule 5: what is shorter than keeper's record signs nothing. */
static void a_log_that_lost_its_end_signs_nothing(void **state)
{
    struct rig *r = founded();
    char name[160];
    struct stat s;
    size_t n;

    (void)state;
    rig_kill(r);
    snprintf(name, sizeof name, "ledger/%s/a/log", r->b->agreement->id);
    assert_int_equal(stat(name, &s), 0);
    assert_int_equal(rename(name, "kept"), 0);
    rig_start(r);
    n = say_notice(r, NULL, NULL);
    assert_false(json_is_true(json_object_get(r->answer[n], "ok")));
    n = ask(r, json_pack("{s:s}", "do", "status"));
    assert_int_not_equal(json_array_size(json_object_get(r->answer[n], "alarms")), 0);
    assert_false(rig_keeper_once(r));
    rig_free(r);
}

/* The cosigned note is in the journal before the store knows: "binding" is not lost in between. */
static void what_the_partner_cosigned_is_binding_after_a_crash(void **state)
{
    struct rig *r = founded();
    char case_id[CASE_TEXT];
    struct partner b;
    size_t n = say_notice(r, NULL, NULL);

    (void)state;
    partner_init(&b, r);
    rig_keeper(r);
    is_good(r, n);
    snprintf(case_id, sizeof case_id, "%s", text_of(r, n, "case"));
    partner_greet(&b);
    rig_kill(r);
    rig_copy("desk/parley.db", "before");
    rig_start(r);
    partner_greet(&b);
    assert_false(is_binding(r, case_id));
    partner_cosign(&b);
    assert_true(is_binding(r, case_id));
    rig_kill(r);
    rig_copy("before", "desk/parley.db");
    rig_start(r);
    assert_true(is_binding(r, case_id));
    partner_done(&b);
    rig_free(r);
}

static json_t *case_shown(struct rig *r, const char *case_id)
{
    size_t n = ask(r, json_pack("{s:s, s:s}", "do", "case.show", "case", case_id));

    is_good(r, n);
    return r->answer[n];
}

/* D5: a power cut takes every lazy transaction since the decision's own, which was synced: that
 * the entry is stored, that it is binding, and what its case came to. All of it is read again from
 * the log and its notes, and nothing is said twice. */
static void what_a_power_cut_takes_from_the_store_the_log_says_again(void **state)
{
    struct rig *r = founded();
    char permit[PERMIT_MAX], draft[40], case_id[CASE_TEXT];
    struct decider second = {"boris", OFFICER_RELEASER, r->b->boris};
    struct rig_message m;
    struct partner b;
    json_t *before;
    size_t n = say_notice(r, permit, draft);

    (void)state;
    partner_init(&b, r);
    partner_greet(&b);
    rig_kill(r);
    rig_copy("desk/parley.db", "synced");
    rig_start(r);
    rig_keeper(r);
    n = ask(r, decision(r, draft, permit, &second));
    is_good(r, n);
    snprintf(case_id, sizeof case_id, "%s", text_of(r, n, "case"));
    partner_greet(&b);
    partner_cosign(&b);
    assert_true(is_binding(r, case_id));
    before = json_deep_copy(case_shown(r, case_id));
    rig_kill(r);
    rig_copy("synced", "desk/parley.db");
    rig_start(r);
    while (rig_take(r, PROCESS_KEEPER, &m)) {
        assert_int_not_equal(m.type, MESSAGE_SIGN);
        buf_done(&m.body);
    }
    assert_true(json_equal(before, case_shown(r, case_id)));
    assert_int_equal(json_array_size(entries(r)), 4);
    n = ask(r, decision(r, draft, permit, &second));
    is_good(r, n);
    assert_int_equal(json_integer_value(json_object_get(r->answer[n], "index")), 3);
    json_decref(before);
    partner_done(&b);
    rig_free(r);
}

/* DESIGN section 5, rule 2; R4: "ledger keeps the fact and digest, not the payload". A crash
 * between the cosignature and our REJECT loses neither the ground nor the rule. */
static void a_statement_refused_by_rule_is_held_and_rejected_with_the_rule(void **state)
{
    (void)state;
    for (int crash = 0; crash < 2; crash++) {
        static const char rule[] = "mission 5.3 R1: no persons";
        struct rig *r = founded();
        struct notice wrong = honest_notice(r->b);
        struct frame_push *push = calloc(1, sizeof *push);
        struct item item = {0};
        struct partner b;
        struct disclosed *d;
        struct buf payload = {0};
        struct entry e;

        item_notice(r->b, &item, &wrong);
        assert_good(entry_parse(buf_view(&item.text), &e));
        snprintf(e.from, sizeof e.from, "b");
        buf_clear(&item.text);
        entry_write(&e, &item.text);
        partner_init(&b, r);
        partner_greet(&b);
        partner_cosign(&b);
        push_refused(&b, &item, rule);
        if (crash) {
            rig_kill(r);
            rig_start(r);
            partner_greet(&b);
            push_refused(&b, &item, rule);
        }
        rig_keeper(r);
        if (crash) {
            assert_int_equal(json_array_size(entries(r)), 4);
            partner_greet(&b);
        }
        assert_true(partner_got(r, FRAME_PUSH, &payload));
        assert_good(frame_push_parse(buf_view(&payload), push));
        assert_good(entry_parse(push->item[push->count - 1].entry, &e));
        assert_int_equal(e.kind, KIND_REJECT);
        assert_good(disclosed_parse(push->item[push->count - 1].document, &d));
        assert_string_equal(disclosed_text(d, "rule"), rule);
        assert_string_equal(disclosed_text(d, "ground"), "content");
        disclosed_free(d);
        buf_done(&payload);
        item_done(&item);
        free(push);
        partner_done(&b);
        rig_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_is_answered_when_keeper_has_signed_it),
        cmocka_unit_test(a_statement_survives_desk_and_is_said_once),
        cmocka_unit_test(nothing_is_signed_before_a_new_keeper_said_what_it_remembers),
        cmocka_unit_test(one_officer_cannot_give_both_signatures),
        cmocka_unit_test(what_keeper_refuses_leaves_no_case_and_can_be_said_anew),
        cmocka_unit_test(what_stood_behind_a_refused_statement_takes_its_place),
        cmocka_unit_test(a_clock_behind_our_own_last_entry_appends_nothing),
        cmocka_unit_test(a_log_that_lost_its_end_signs_nothing),
        cmocka_unit_test(what_the_partner_cosigned_is_binding_after_a_crash),
        cmocka_unit_test(what_a_power_cut_takes_from_the_store_the_log_says_again),
        cmocka_unit_test(a_statement_refused_by_rule_is_held_and_rejected_with_the_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A later version of the agreement takes over for new cases: PROTOCOL.agreement section 4. */
#include "desk/desk.h"

#include "asking.h"
#include "partner.h"

struct talk {
    struct rig *r;
    struct partner b;
    struct buf text, sig; /* of version 2 */
    char old_case[CASE_TEXT];
};

/* A case under version 1 is open and binding; both have the file of version 2. */
static struct talk talking(void)
{
    struct talk t = {.r = founded()};
    struct buf indented = {0};
    size_t n = say_notice(t.r, NULL, NULL);

    say_and_wait(t.r, n);
    snprintf(t.old_case, sizeof t.old_case, "%s", text_of(t.r, n, "case"));
    t.r->terms[1] = rig_sign_terms(t.r->b->p, 2, &indented, &t.sig);
    buf_bytes(&t.text, t.r->terms[1]->canonical);
    buf_done(&indented);
    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    return t;
}

static void talk_done(struct talk *t)
{
    partner_done(&t->b);
    buf_done(&t->text);
    buf_done(&t->sig);
    rig_free(t->r);
}

static void hand_over(struct talk *t)
{
    size_t n = ask(t->r, json_pack("{s:s, s:s, s:s}", "do", "agreement.propose", "text",
                                   buf_str(&t->text), "signatures", buf_str(&t->sig)));

    is_good(t->r, n);
}

static json_t *terms_fields(const struct talk *t, const char *step)
{
    struct digest digest;
    json_t *fields;

    memcpy(digest.byte, t->r->terms[1]->digest, 32);
    fields = json_pack("{s:s, s:i, s:o}", "step", step, "terms.version", 2, "terms.digest",
                       json_digest_of(&digest));
    return fields;
}

static size_t say_agreement(struct talk *t, const char *case_id, const char *step)
{
    json_t *ask = json_pack("{s:s, s:s, s:o}", "do", "draft", "kind", "AGREEMENT", "fields",
                            terms_fields(t, step));

    if (case_id[0] != '\0')
        json_object_set_new(ask, "case", json_string(case_id));
    return say(t->r, ask, NULL, NULL);
}

static long long version_in_force(struct talk *t)
{
    size_t n = ask(t->r, json_pack("{s:s}", "do", "status"));

    is_good(t->r, n);
    return json_integer_value(json_object_get(t->r->answer[n], "version"));
}

static size_t alarms(struct talk *t)
{
    size_t n = ask(t->r, json_pack("{s:s}", "do", "status"));

    return json_array_size(json_object_get(t->r->answer[n], "alarms"));
}

/* The partner proposes, we accept; our acceptance is stored, and not yet binding. */
static void accept_theirs(struct talk *t, char *case_id)
{
    size_t n;

    snprintf(case_id, CASE_TEXT, "C-00000000000000AA");
    partner_says(&t->b, &(struct partner_says){.kind = KIND_AGREEMENT,
                                               .case_id = case_id,
                                               .number = 1,
                                               .fields = terms_fields(t, "propose")});
    partner_push(&t->b);
    partner_cosign(&t->b); /* our RECEIPT */
    hand_over(t);
    n = say_agreement(t, case_id, "accept");
    say_and_wait(t->r, n);
}

/* How many entries of this kind we made; the version of the last one, 0 if there is none. */
static size_t count_of(struct talk *t, enum kind kind, uint32_t *version)
{
    json_t *list = entries(t->r);
    size_t count = 0;

    *version = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct entry e = entry_at(list, i);

        if (e.kind != kind)
            continue;
        *version = e.version;
        count++;
    }
    return count;
}

static uint32_t version_of_last(struct talk *t, enum kind kind)
{
    uint32_t version;

    (void)count_of(t, kind, &version);
    return version;
}

static void an_acceptance_counts_when_both_hold_it(void **state)
{
    struct talk t = talking();
    char case_id[CASE_TEXT];

    (void)state;
    accept_theirs(&t, case_id);
    assert_int_equal(version_in_force(&t), 1);
    partner_cosign(&t.b);
    assert_int_equal(version_in_force(&t), 2);
    assert_int_equal(t.r->reloads, 1);
    assert_int_equal(access("agreements/cn-ru-2015/2.json.sig", F_OK), 0);
    talk_done(&t);
}

static void nothing_is_signed_before_keeper_has_the_new_version(void **state)
{
    struct talk t = talking();
    char case_id[CASE_TEXT];
    size_t n;

    (void)state;
    accept_theirs(&t, case_id);
    partner_cosign(&t.b);
    see_incident(t.r, "198.51.100.8");
    n = say_update(t.r, t.old_case, 60);
    assert_string_equal(text_of(t.r, n, "why"), "keeper is being told of a later version");
    rig_reloaded(t.r);
    say_and_wait(t.r, say_update(t.r, t.old_case, 60));
    talk_done(&t);
}

static void pass(struct talk *t, int64_t seconds)
{
    t->r->now.us += seconds * 1000000;
    t->r->tick.us += seconds * 1000000;
    desk_turn(t->r->desk, t->r->now, t->r->tick);
}

static bool has_alarm(struct talk *t, const char *name)
{
    size_t n = ask(t->r, json_pack("{s:s}", "do", "alarm.list")), i;
    json_t *item;
    bool found = false;

    is_good(t->r, n);
    json_array_foreach(json_object_get(t->r->answer[n], "alarms"), i, item) found |=
        strcmp(json_string_value(json_object_get(item, "alarm")), name) == 0;
    return found;
}

/* Somebody was editing the settings in that moment, say. */
static void a_reload_that_failed_is_asked_for_again_until_keeper_has_the_version(void **state)
{
    struct talk t = talking();
    char case_id[CASE_TEXT];

    (void)state;
    accept_theirs(&t, case_id);
    partner_cosign(&t.b);
    assert_int_equal(t.r->reloads, 1);
    pass(&t, 9);
    assert_int_equal(t.r->reloads, 1);
    assert_false(has_alarm(&t, "reload"));
    pass(&t, 2);
    assert_int_equal(t.r->reloads, 2);
    assert_true(has_alarm(&t, "reload"));
    pass(&t, 2);
    assert_int_equal(t.r->reloads, 2);
    pass(&t, 9);
    assert_int_equal(t.r->reloads, 3);
    rig_reloaded(t.r);
    assert_false(has_alarm(&t, "reload"));
    say_and_wait(t.r, say_update(t.r, t.old_case, 60));
    pass(&t, 60);
    assert_int_equal(t.r->reloads, 3);
    talk_done(&t);
}

/* "new cases open under it; open cases end under the version they began with" */
static void new_cases_open_under_the_new_version_and_old_ones_keep_theirs(void **state)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        struct talk t = talking();
        char case_id[CASE_TEXT];
        size_t n;

        (void)state;
        accept_theirs(&t, case_id);
        partner_cosign(&t.b);
        rig_reloaded(t.r);
        if (restarted) {
            rig_kill(t.r);
            rig_start(t.r);
            assert_int_equal(version_in_force(&t), 2);
        }
        say_and_wait(t.r, say_update(t.r, t.old_case, 60));
        assert_int_equal(version_of_last(&t, KIND_UPDATE), 1);
        see_incident(t.r, "198.51.100.8");
        n = say(t.r,
                json_pack("{s:s, s:s, s:o}", "do", "draft", "kind", "NOTICE", "incident",
                          incident_id(t.r, "198.51.100.8")),
                NULL, NULL);
        say_and_wait(t.r, n);
        assert_int_equal(version_of_last(&t, KIND_NOTICE), 2);
        n = ask(t.r, json_pack("{s:s, s:s}", "do", "case.show", "case", text_of(t.r, n, "case")));
        is_good(t.r, n);
        assert_int_equal(json_integer_value(json_object_get(t.r->answer[n], "version")), 2);
        talk_done(&t);
    }
}

/* A draft of before is not let through: it would open a case under the old version. */
static void a_draft_that_would_open_a_case_under_the_old_version_is_made_anew(void **state)
{
    struct talk t = talking();
    struct decider anna = {"anna", OFFICER_DRAFTER, t.r->b->anna};
    char case_id[CASE_TEXT];
    size_t made, n;

    (void)state;
    see_incident(t.r, "198.51.100.8");
    made = ask(t.r, json_pack("{s:s, s:s, s:o}", "do", "draft", "kind", "NOTICE", "incident",
                              incident_id(t.r, "198.51.100.8")));
    is_good(t.r, made);
    accept_theirs(&t, case_id);
    partner_cosign(&t.b);
    rig_reloaded(t.r);
    n = ask(t.r, decision(t.r, text_of(t.r, made, "draft"), text_of(t.r, made, "permit"), &anna));
    assert_string_equal(text_of(t.r, n, "code"), "conflict");
    talk_done(&t);
}

/* We propose; the acceptance comes. The partner may be told of the new version first. */
static void the_proposer_takes_over_when_it_holds_the_acceptance(void **state)
{
    struct talk t = talking();
    char case_id[CASE_TEXT];
    struct digest proposal;
    size_t n;

    (void)state;
    hand_over(&t);
    n = say_agreement(&t, "", "propose");
    say_and_wait(t.r, n);
    snprintf(case_id, sizeof case_id, "%s", text_of(t.r, n, "case"));
    proposal = leaf_of(t.r, n);
    partner_cosign(&t.b);
    assert_int_equal(version_in_force(&t), 1);
    partner_says(&t.b, &(struct partner_says){.kind = KIND_AGREEMENT,
                                              .case_id = case_id,
                                              .number = 1,
                                              .answers = &proposal,
                                              .fields = terms_fields(&t, "accept")});
    partner_push(&t.b);
    assert_int_equal(version_in_force(&t), 2);
    talk_done(&t);
}

static void a_version_that_was_accepted_waits_for_its_file(void **state)
{
    struct talk t = talking();
    char case_id[CASE_TEXT] = "C-00000000000000AA";
    size_t n;

    (void)state;
    partner_says(&t.b, &(struct partner_says){.kind = KIND_AGREEMENT,
                                              .case_id = case_id,
                                              .number = 1,
                                              .fields = terms_fields(&t, "propose")});
    partner_push(&t.b);
    partner_cosign(&t.b);
    n = say_agreement(&t, case_id, "accept");
    say_and_wait(t.r, n);
    partner_cosign(&t.b);
    assert_int_equal(version_in_force(&t), 1);
    assert_int_equal(alarms(&t), 1);
    hand_over(&t);
    assert_int_equal(version_in_force(&t), 2);
    assert_int_equal(alarms(&t), 0);
    talk_done(&t);
}

static const char *last_verdict(struct talk *t)
{
    size_t n = ask(t->r, json_pack("{s:s, s:s}", "do", "case.show", "case", t->old_case)), i;
    const char *verdict = "";
    json_t *item;

    is_good(t->r, n);
    json_array_foreach(json_object_get(t->r->answer[n], "statements"), i,
                       item) if (json_object_get(item, "verdict") != NULL) verdict =
        json_string_value(json_object_get(item, "verdict"));
    return verdict;
}

/* The partner still speaks under version 1: its cases are good; in a case of ours under version 2,
 * or under version 2 in the old one, it is not. */
static void a_partner_still_at_the_old_version_is_heard(void **state)
{
    struct talk t = talking();
    char case_id[CASE_TEXT];

    (void)state;
    accept_theirs(&t, case_id);
    partner_cosign(&t.b);
    rig_reloaded(t.r);
    partner_greet(&t.b); /* its HELLO names version 1 */
    partner_says(&t.b,
                 &(struct partner_says){.kind = KIND_UPDATE, .case_id = t.old_case, .number = 1});
    partner_push(&t.b);
    assert_int_equal(version_of_last(&t, KIND_RECEIPT), 1);
    partner_cosign(&t.b);
    t.b.version = t.r->terms[1];
    partner_says(&t.b, &(struct partner_says){.kind = KIND_UPDATE,
                                              .case_id = t.old_case,
                                              .number = 2,
                                              .previous = &t.b.leaf[t.b.count - 1]});
    partner_push(&t.b);
    assert_int_equal(version_of_last(&t, KIND_REJECT), 2);
    assert_string_equal(last_verdict(&t),
                        "agreement: PROTOCOL.agreement section 4: a case ends under "
                        "the version it began with");
    talk_done(&t);
}

/* Between the acceptance and the new judge: what the old one does not know is not refused. */
static void what_the_old_judge_refuses_for_the_new_version_comes_again(void **state)
{
    struct talk t = talking();
    char case_id[CASE_TEXT];
    uint32_t version;

    (void)state;
    accept_theirs(&t, case_id);
    partner_cosign(&t.b);
    rig_reloaded(t.r);
    t.b.version = t.r->terms[1];
    t.b.judge_is_old = true;
    partner_says(&t.b,
                 &(struct partner_says){
                     .kind = KIND_CHECK,
                     .case_id = "C-00000000000000BB",
                     .number = 1,
                     .fields = json_pack("{s:s}", "nonce", "00112233445566778899aabbccddeeff")});
    partner_push(&t.b);
    assert_int_equal(count_of(&t, KIND_REJECT, &version), 0);
    assert_int_equal(count_of(&t, KIND_CHECK, &version), 0);
    t.b.judge_is_old = false;
    partner_greet(&t.b);
    t.b.pushed = t.b.count - 1;
    partner_push(&t.b);
    assert_int_equal(count_of(&t, KIND_REJECT, &version), 0);
    assert_int_equal(count_of(&t, KIND_CHECK, &version), 1); /* its return */
    assert_int_equal(version, 2);
    talk_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_acceptance_counts_when_both_hold_it),
        cmocka_unit_test(nothing_is_signed_before_keeper_has_the_new_version),
        cmocka_unit_test(a_reload_that_failed_is_asked_for_again_until_keeper_has_the_version),
        cmocka_unit_test(new_cases_open_under_the_new_version_and_old_ones_keep_theirs),
        cmocka_unit_test(a_draft_that_would_open_a_case_under_the_old_version_is_made_anew),
        cmocka_unit_test(the_proposer_takes_over_when_it_holds_the_acceptance),
        cmocka_unit_test(a_version_that_was_accepted_waits_for_its_file),
        cmocka_unit_test(a_partner_still_at_the_old_version_is_heard),
        cmocka_unit_test(what_the_old_judge_refuses_for_the_new_version_comes_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

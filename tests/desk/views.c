/* What the node shows a person: alarms, samples, refusals, contradictions. */
#include "desk/desk.h"

#include "asking.h"
#include "partner.h"

static json_t *list_of(struct rig *r, const char *command, const char *list)
{
    size_t n = ask(r, json_pack("{s:s}", "do", command));

    is_good(r, n);
    return json_object_get(r->answer[n], list);
}

static bool has_alarm(struct rig *r, const char *name)
{
    json_t *list = list_of(r, "alarm.list", "alarms"), *item;
    size_t i;

    json_array_foreach(list, i, item) if (strncmp(json_string_value(json_object_get(item, "alarm")),
                                                  name, strlen(name)) == 0) return true;
    return false;
}

static void turn(struct rig *r, int64_t seconds)
{
    r->now.us += seconds * 1000000;
    r->tick.us += seconds * 1000000;
    desk_turn(r->desk, r->now, r->tick);
    rig_keeper(r);
}

/* DESIGN section 6: "sample records whose hashes were committed to the ledger when captured" */
static void a_notice_lists_the_samples_of_its_incident(void **state)
{
    struct rig *r = founded();
    struct digest digest = digest_of(bytes_text("198.51.100.7"));
    char text[45];
    size_t n;
    json_t *statement, *evidence;

    (void)state;
    see_incident(r, "198.51.100.8"); /* another's sample is not listed */
    see_incident(r, "198.51.100.7"); /* a later report of the same keeps what was listed */
    base64_write(digest.byte, 32, text);
    n = say(r,
            json_pack("{s:s, s:s, s:o}", "do", "draft", "kind", "NOTICE", "incident",
                      incident_id(r, "198.51.100.7")),
            NULL, NULL);
    say_and_wait(r, n);
    n = ask(r, json_pack("{s:s, s:s}", "do", "case.show", "case", text_of(r, n, "case")));
    is_good(r, n);
    statement = json_array_get(json_object_get(r->answer[n], "statements"), 0);
    evidence = json_object_get(json_object_get(statement, "fields"), "incident.evidence");
    assert_int_equal(json_array_size(evidence), 1);
    assert_string_equal(json_string_value(json_array_get(evidence, 0)), text);
    rig_free(r);
}

static json_t *samples_of(struct rig *r, const char *source)
{
    json_t *id = incident_id(r, source);
    size_t n = ask(r, json_pack("{s:s, s:o}", "do", "watch.explain", "incident", id));

    is_good(r, n);
    return json_object_get(r->answer[n], "samples");
}

static void a_sample_says_which_entry_commits_to_it(void **state)
{
    struct rig *r = founded();
    struct partner b;
    json_t *sample;

    (void)state;
    sample = json_array_get(samples_of(r, "198.51.100.7"), 0);
    assert_non_null(json_object_get(sample, "digest"));
    assert_null(json_object_get(sample, "evidence"));
    r->terms[0]->evidence_period = 3600;
    partner_init(&b, r);
    partner_greet(&b);
    sample = json_array_get(samples_of(r, "198.51.100.7"), 0);
    assert_int_equal(
        entry_at(entries(r), (size_t)json_integer_value(json_object_get(sample, "evidence"))).kind,
        KIND_EVIDENCE);
    partner_done(&b);
    rig_free(r);
}

/* "the raw bytes go from watch to desk in the same transaction as the incident" */
static void a_sample_is_kept_as_it_came(void **state)
{
    struct rig *r = founded();
    json_t *sample = json_array_get(samples_of(r, "198.51.100.7"), 0);
    struct buf raw = {0};

    (void)state;
    buf_base64(&raw, "198.51.100.7", 12);
    assert_string_equal(json_string_value(json_object_get(sample, "raw")), buf_str(&raw));
    assert_string_equal(json_string_value(json_object_get(sample, "source")), "eve");
    assert_int_equal(json_integer_value(json_object_get(sample, "offset")), 7);
    assert_int_equal(json_integer_value(json_object_get(sample, "length")), 12);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(sample, "account"), "ground")),
        "handshake");
    buf_done(&raw);
    rig_free(r);
}

static void a_sample_that_is_not_its_digest_is_not_taken(void **state)
{
    struct rig *r = founded();
    struct digest digest = digest_of(bytes_text("something else"));
    struct sample s = {.digest = bytes_of(digest.byte, 32),
                       .incident = bytes_text("5 b 198.51.100.7 ssh 2025-11-25T08:59:00Z"),
                       .raw = bytes_text("raw"),
                       .length = 3};
    struct buf body = {0};

    (void)state;
    buf_part(&body, bytes_text(r->b->agreement->id));
    buf_u64(&body, 2);
    buf_part(&body, bytes_text("state"));
    buf_u32(&body, 0);
    buf_u32(&body, 1);
    sample_write(&s, &body);
    buf_part(&body, bytes_text("[]"));
    assert_fault(desk_message(r->desk, PROCESS_WATCH, MESSAGE_WATCH_COMMIT, buf_view(&body), r->now,
                              r->tick),
                 FAULT_MISMATCH);
    assert_int_equal(json_array_size(samples_of(r, "198.51.100.7")), 1);
    buf_done(&body);
    rig_free(r);
}

static void an_overdue_alarm_goes_when_the_answer_comes(void **state)
{
    struct rig *r = founded();
    struct partner b;
    struct digest notice;
    char case_id[CASE_TEXT], name[60];
    size_t n = say_notice(r, NULL, NULL);

    (void)state;
    say_and_wait(r, n);
    snprintf(case_id, sizeof case_id, "%s", text_of(r, n, "case"));
    snprintf(name, sizeof name, "overdue %s", case_id);
    notice = leaf_of(r, n);
    partner_init(&b, r);
    partner_greet(&b);
    partner_cosign(&b);
    assert_false(has_alarm(r, name));
    turn(r, 130); /* RECEIPT within 120 s */
    assert_true(has_alarm(r, name));
    partner_greet(&b);
    partner_says(&b, &(struct partner_says){
                         .kind = KIND_RECEIPT,
                         .case_id = case_id,
                         .number = 1,
                         .answers = &notice,
                         .fields = json_pack("{s:o, s:i, s:s}", "received", json_digest_of(&notice),
                                             "size", 1, "arrived", "2025-11-25T09:31:00Z")});
    partner_push(&b);
    assert_false(has_alarm(r, name));
    partner_done(&b);
    rig_free(r);
}

static void the_alarm_of_a_bad_frame_goes_with_the_next_greeting(void **state)
{
    struct rig *r = founded();
    struct partner b;
    struct buf body = {0};

    (void)state;
    partner_init(&b, r);
    partner_greet(&b);
    buf_u32(&body, b.link);
    buf_part(&body, bytes_text("a rule"));
    rig_hear(r, PROCESS_JUDGE, MESSAGE_BAD, &body);
    assert_true(has_alarm(r, "the partner broke a rule"));
    rig_kill(r); /* what stands in the store is known again */
    rig_start(r);
    assert_true(has_alarm(r, "the partner broke a rule"));
    partner_greet(&b);
    assert_false(has_alarm(r, "the partner broke a rule"));
    buf_done(&body);
    partner_done(&b);
    rig_free(r);
}

static void what_happened_once_stays_until_somebody_has_seen_it(void **state)
{
    struct rig *r = founded();
    struct rig_message m;
    size_t n = say_notice(r, NULL, NULL);

    (void)state;
    assert_true(rig_take(r, PROCESS_KEEPER, &m));
    buf_done(&m.body);
    rig_refuse(r, 3, "a rule");
    assert_true(has_alarm(r, "keeper refused a statement"));
    rig_kill(r);
    rig_start(r);
    n = ask(r, json_pack("{s:s, s:s}", "do", "alarm.clear", "name", "keeper refused a statement"));
    is_good(r, n);
    assert_false(has_alarm(r, "keeper refused a statement"));
    n = ask(r, json_pack("{s:s, s:s}", "do", "alarm.clear", "name", "keeper refused a statement"));
    assert_string_equal(text_of(r, n, "code"), "not-found");
    rig_free(r);
}

static void refusals_are_counted_by_rule_and_direction(void **state)
{
    struct rig *r = founded();
    json_t *list, *first;

    (void)state;
    assert_int_equal(json_array_size(list_of(r, "refusal.list", "refusals")), 0);
    for (int i = 0; i < 3; i++)
        (void)ask(r, json_pack("{s:s, s:s, s:s, s:o}", "do", "draft", "kind", "NOTICE", "tlp",
                               "red", "incident", incident_id(r, "198.51.100.7")));
    list = list_of(r, "refusal.list", "refusals");
    assert_int_equal(json_array_size(list), 1);
    first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "direction")), "out");
    assert_string_equal(json_string_value(json_object_get(first, "rule")),
                        "marking.red-never-leaves");
    assert_int_equal(json_integer_value(json_object_get(first, "count")), 3);
    rig_free(r);
}

/* "A head that is smaller than one already cosigned, or does not extend it, is kept as evidence" */
static void two_heads_that_contradict_each_other_can_be_shown(void **state)
{
    struct rig *r = founded();
    struct partner b;
    json_t *list, *first;

    (void)state;
    partner_init(&b, r);
    partner_greet(&b);
    partner_says(&b,
                 &(struct partner_says){
                     .kind = KIND_CHECK,
                     .case_id = "C-00000000000000BB",
                     .number = 1,
                     .fields = json_pack("{s:s}", "nonce", "00112233445566778899aabbccddeeff")});
    partner_push(&b);
    assert_int_equal(json_array_size(list_of(r, "contradiction.list", "contradictions")), 0);
    b.leaf[1].byte[0] ^= 1; /* another log of the same size */
    b.pushed = 1;
    partner_push(&b);
    list = list_of(r, "contradiction.list", "contradictions");
    assert_int_equal(json_array_size(list), 1);
    first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "party")), "b");
    assert_string_not_equal(json_string_value(json_object_get(first, "note")),
                            json_string_value(json_object_get(first, "held")));
    assert_true(has_alarm(r, "contradictory heads"));
    partner_done(&b);
    rig_free(r);
}

/* How much of our log is signed; the partner cosigned all of it. */
static uint64_t our_size(struct rig *r)
{
    return keeping_find(r->b->keeping, bytes_text(r->b->p->a.origin))->tree.size;
}

/* PROTOCOL.ledger section 11, attack "denying a key": what was cosigned is not taken back by a KEYS
 * entry that says it reached less far. */
static void keys_that_disown_a_cosignature_are_not_held(void **state)
{
    (void)state;
    for (uint64_t less = 0; less < 2; less++) {
        struct rig *r = founded();
        struct person *them = &r->b->p->b;
        struct secret *next[ROLE_COUNT], *old = them->role[ROLE_LOG];
        struct buf cosigned = {0};
        struct partner b;
        size_t at;

        partner_init(&b, r);
        partner_greet(&b);
        partner_cosign(&b);
        partner_push(&b);
        (void)partner_got(r, FRAME_COSIGN, &cosigned);
        at = b.count++;
        people_keys(b.version, them,
                    people_keys_fields(b.version, them, ROLE_NONE, 30, "revoked", next), them->root,
                    our_size(r) - less, &b.text[at], &b.document[at]);
        b.leaf[at] = tree_leaf(buf_view(&b.text[at]));
        them->role[ROLE_LOG] = next[ROLE_LOG];
        partner_push(&b);
        assert_int_equal(has_alarm(r, "cosignatures disowned"), less == 1);
        assert_int_equal(partner_got(r, FRAME_COSIGN, &cosigned), less == 0);
        them->role[ROLE_LOG] = old;
        for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
            secret_free(next[role]);
        buf_done(&cosigned);
        partner_done(&b);
        rig_free(r);
    }
}

/* Does our HELLO go out, and the link's end not before it? */
static bool is_greeted_before_the_end(struct rig *r, uint32_t link)
{
    struct rig_message m;
    bool greeted = false, ended = false;

    while (rig_take(r, PROCESS_GATE, &m)) {
        struct link_frame frame;
        struct link_end end;

        if (m.type == MESSAGE_SEND && !fault_is(link_frame_parse(buf_view(&m.body), &frame)) &&
            frame.type == FRAME_HELLO && frame.link == link)
            greeted = !ended;
        else if (m.type == MESSAGE_CLOSE && !fault_is(link_close_parse(buf_view(&m.body), &end)))
            ended = ended || end.link == link;
        buf_done(&m.body);
    }
    return greeted;
}

/* PROTOCOL.ledger section 11: "A HELLO that lacks one which the other side holds is refused where
 * that one revoked the hello key; else the sender was restored from a backup, and is refilled." */
static void a_greeting_without_the_revocation_that_we_hold_is_refused_by_name(void **state)
{
    static const char *const how[] = {"revoked", "rotated"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig *r = founded();
        struct person *them = &r->b->p->b;
        struct secret *next[ROLE_COUNT], *old = them->role[ROLE_LOG];
        struct partner b;
        size_t at;

        partner_init(&b, r);
        partner_greet(&b);
        partner_cosign(&b);
        partner_push(&b);
        at = b.count++;
        people_keys(b.version, them,
                    people_keys_fields(b.version, them, ROLE_NONE, 30, how[i], next), them->root,
                    our_size(r), &b.text[at], &b.document[at]);
        b.leaf[at] = tree_leaf(buf_view(&b.text[at]));
        them->role[ROLE_LOG] = next[ROLE_LOG];
        partner_push(&b);
        assert_false(has_alarm(r, "a revoked key was used"));
        partner_greet(&b); /* by who knows the keys before alone: a thief, or a restored backup */
        assert_int_equal(has_alarm(r, "a revoked key was used"), i == 0);
        b.hasty = true; /* he is shown the KEYS that he lost, however soon he is refused */
        partner_greet(&b);
        assert_true(is_greeted_before_the_end(r, b.link));
        b.hasty = false;
        b.keys = at;
        partner_greet(&b);
        them->role[ROLE_LOG] = old;
        for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
            secret_free(next[role]);
        partner_done(&b);
        rig_free(r);
    }
}

/* docs/STATEMENTS, nonce: "random; the return has the same" */
static void a_check_is_back_when_its_nonce_is(void **state)
{
    static const char ours[] = "00112233445566778899aabbccddeeff",
                      other[] = "00112233445566778899aabbccddeefe";

    (void)state;
    for (int same = 0; same < 2; same++) {
        struct rig *r = founded();
        struct decider boris = {"boris", OFFICER_RELEASER, r->b->boris};
        struct partner b;
        struct digest check;
        char case_id[CASE_TEXT];
        size_t made = ask(r, json_pack("{s:s, s:s, s:{s:s}}", "do", "draft", "kind", "CHECK",
                                       "fields", "nonce", ours)),
               n;

        is_good(r, made);
        n = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &boris));
        say_and_wait(r, n);
        snprintf(case_id, sizeof case_id, "%s", text_of(r, n, "case"));
        check = leaf_of(r, n);
        partner_init(&b, r);
        partner_greet(&b);
        partner_cosign(&b);
        partner_says(
            &b, &(struct partner_says){.kind = KIND_CHECK,
                                       .case_id = case_id,
                                       .number = 1,
                                       .answers = &check,
                                       .fields = json_pack("{s:s}", "nonce", same ? ours : other)});
        partner_push(&b);
        n = ask(r, json_pack("{s:s, s:s}", "do", "case.show", "case", case_id));
        is_good(r, n);
        assert_string_equal(text_of(r, n, "state"), same ? "checked" : "checking");
        partner_done(&b);
        rig_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_lists_the_samples_of_its_incident),
        cmocka_unit_test(a_sample_says_which_entry_commits_to_it),
        cmocka_unit_test(a_sample_is_kept_as_it_came),
        cmocka_unit_test(a_sample_that_is_not_its_digest_is_not_taken),
        cmocka_unit_test(an_overdue_alarm_goes_when_the_answer_comes),
        cmocka_unit_test(the_alarm_of_a_bad_frame_goes_with_the_next_greeting),
        cmocka_unit_test(what_happened_once_stays_until_somebody_has_seen_it),
        cmocka_unit_test(refusals_are_counted_by_rule_and_direction),
        cmocka_unit_test(two_heads_that_contradict_each_other_can_be_shown),
        cmocka_unit_test(a_check_is_back_when_its_nonce_is),
        cmocka_unit_test(keys_that_disown_a_cosignature_are_not_held),
        cmocka_unit_test(a_greeting_without_the_revocation_that_we_hold_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

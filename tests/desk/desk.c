#include "desk/desk.h"

#include "hotline/frame.h"
#include "io/file.h"
#include "judge/ground.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"
#include "rig.h"

/* --- asking --------------------------------------------------------------------------------- */

struct client {
    struct rig *r;
    size_t number;
};

static struct client client[RIG_ANSWERS];

static void answered(void *context, json_t *answer)
{
    struct client *c = context;

    assert_null(c->r->answer[c->number]);
    c->r->answer[c->number] = answer;
}

/* Asks; the number under which the answer comes. The command is taken over. */
static size_t ask(struct rig *r, json_t *command)
{
    size_t n = r->clients++;

    assert_true(n < RIG_ANSWERS);
    assert_non_null(command);
    client[n] = (struct client){r, n};
    json_object_set_new(command, "v", json_integer(1));
    desk_command(r->desk, command, r->now, r->tick, answered, &client[n]);
    json_decref(command);
    return n;
}

static const char *text_of(struct rig *r, size_t n, const char *name)
{
    const char *text = json_string_value(json_object_get(r->answer[n], name));

    return text == NULL ? "" : text;
}

static void is_good(struct rig *r, size_t n)
{
    assert_non_null(r->answer[n]);
    if (!json_is_true(json_object_get(r->answer[n], "ok")))
        fail_msg("%s: %s", text_of(r, n, "message"), text_of(r, n, "why"));
}

/* Asks and forgets: the answer is good and comes at once, or when keeper has signed. */
static void do_now(struct rig *r, json_t *command)
{
    size_t n = ask(r, command);

    rig_keeper(r);
    is_good(r, n);
    json_decref(r->answer[n]);
    r->answer[n] = NULL;
    r->clients = n;
}

static void enrol(struct rig *r, const char *name, struct secret *key, unsigned roles)
{
    struct item item = {0};

    item_contact(r->b, &item, name, key, roles, true, 100 + (int64_t)name[0], r->b->p->a.root);
    do_now(r, json_pack("{s:s, s:s}", "do", "officer.add", "document", buf_str(&item.disclosed)));
    item_done(&item);
}

static void see_incident(struct rig *r, const char *source)
{
    struct buf body = {0}, incident = {0};

    buf_print(&incident,
              "{\"article\":\"5\",\"as\":64500,\"confidence\":\"high\",\"events\":50,"
              "\"first\":\"2025-11-25T08:00:00Z\",\"from\":\"b\",\"last\":\"2025-11-25T09:00:00Z\","
              "\"opened\":\"2025-11-25T08:59:00Z\",\"reasons\":[],\"service\":\"ssh\","
              "\"source\":\"%s\",\"targets\":[\"192.0.2.1\"]}",
              source);
    buf_u64(&body, 1);
    buf_part(&body, bytes_text("state"));
    buf_u32(&body, 1);
    buf_part(&body, buf_view(&incident));
    buf_u32(&body, 0);
    buf_part(&body, bytes_text("[]"));
    rig_hear(r, PROCESS_WATCH, MESSAGE_WATCH_COMMIT, &body);
    buf_done(&body);
    buf_done(&incident);
    rig_forget(r);
}

static struct rig *founded(void)
{
    struct rig *r = rig_new();

    rig_keeper(r);
    enrol(r, "anna", r->b->anna, OFFICER_DRAFTER);
    enrol(r, "boris", r->b->boris, OFFICER_RELEASER);
    see_incident(r, "198.51.100.7");
    return r;
}

static size_t ask_incidents(struct rig *r)
{
    return ask(r, json_pack("{s:s}", "do", "incident.list"));
}

static json_t *decision(struct rig *r, const char *draft, const char *permit,
                        const struct decider *d)
{
    struct decision said = {.permit = digest_of(bytes_text(permit)), .role = d->role};
    struct buf text = {0}, signature = {0}, base64 = {0};
    json_t *command;

    said.time = r->now;
    memcpy(said.officer, d->officer, strlen(d->officer));
    decision_write(&said, &text);
    decision_sign(buf_view(&text), bytes_text(r->b->agreement->id), d->key, &signature);
    buf_base64(&base64, signature.data, signature.len);
    command = json_pack("{s:s, s:s, s:s, s:s, s:s}", "do", "decide", "draft", draft, "decision",
                        buf_str(&text), "suite", "ed25519", "signature", buf_str(&base64));
    buf_done(&text);
    buf_done(&signature);
    buf_done(&base64);
    return command;
}

/* Drafts, and lets both officers decide; the last answer waits for keeper. The permit's text is
 * copied to `permit` and the draft's name to `draft`, unless they are NULL. */
static size_t say(struct rig *r, json_t *command, char *permit, char *draft)
{
    struct decider first = {"anna", OFFICER_DRAFTER, r->b->anna},
                   second = {"boris", OFFICER_RELEASER, r->b->boris};
    size_t made = ask(r, command), one;

    is_good(r, made);
    one = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &first));
    is_good(r, one);
    assert_string_equal(text_of(r, one, "state"), "waiting");
    if (permit != NULL)
        snprintf(permit, PERMIT_MAX, "%s", text_of(r, made, "permit"));
    if (draft != NULL)
        snprintf(draft, 40, "%s", text_of(r, made, "draft"));
    return ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &second));
}

static size_t say_notice(struct rig *r, char *permit, char *draft)
{
    size_t listed = ask_incidents(r);
    json_t *first = json_array_get(json_object_get(r->answer[listed], "incidents"), 0);

    return say(r,
               json_pack("{s:s, s:s, s:O}", "do", "draft", "kind", "NOTICE", "incident",
                         json_object_get(first, "id")),
               permit, draft);
}

static size_t say_update(struct rig *r, const char *case_id, int events)
{
    return say(r,
               json_pack("{s:s, s:s, s:s, s:{s:i}}", "do", "draft", "kind", "UPDATE", "case",
                         case_id, "fields", "incident.events", events),
               NULL, NULL);
}

static json_t *entries(struct rig *r)
{
    size_t n = ask(r, json_pack("{s:s}", "do", "ledger.show"));

    is_good(r, n);
    return json_object_get(r->answer[n], "entries");
}

static struct entry entry_at(json_t *list, size_t i)
{
    const char *text = json_string_value(json_object_get(json_array_get(list, i), "text"));
    struct entry e;

    assert_non_null(text);
    assert_good(entry_parse(bytes_text(text), &e));
    return e;
}

/* --- the partner ---------------------------------------------------------------------------- */

static void judged(struct rig *r, uint32_t link, enum frame_type type, const struct buf *payload,
                   const struct buf *verdicts)
{
    struct buf body = {0};

    buf_u32(&body, link);
    buf_byte(&body, (uint8_t)type);
    buf_part(&body, buf_view(payload));
    if (verdicts != NULL)
        buf_bytes(&body, buf_view(verdicts));
    rig_hear(r, PROCESS_JUDGE, MESSAGE_JUDGED, &body);
    buf_done(&body);
}

/* The newest frame of this type that desk sent since the last call; false if there is none. */
static bool sent(struct rig *r, enum frame_type type, struct buf *payload)
{
    struct rig_message m;
    bool found = false;

    while (rig_take(r, PROCESS_GATE, &m)) {
        struct link_frame frame;

        if (m.type == MESSAGE_SEND && !fault_is(link_frame_parse(buf_view(&m.body), &frame)) &&
            frame.type == type) {
            buf_clear(payload);
            buf_bytes(payload, frame.payload);
            found = true;
        }
        buf_done(&m.body);
    }
    return found;
}

/* A link comes up, and both HELLO are said. */
static void greet(struct rig *r, uint32_t link)
{
    struct person *b = &r->b->p->b;
    struct link_up up = {.link = link,
                         .agreement = bytes_text(r->b->agreement->id),
                         .party = bytes_text("b"),
                         .dialled = true,
                         .address = bytes_text("192.0.2.9:1")};
    struct frame_hello hello = {.agreement = bytes_text(r->b->agreement->id),
                                .version = 1,
                                .agreement_digest = bytes_of(r->b->agreement->digest, 32),
                                .party = bytes_text("b"),
                                .time = (uint64_t)instant_seconds(r->now),
                                .genesis_entry = buf_view(&b->genesis),
                                .genesis_document = buf_view(&b->document)};
    struct buf body = {0};

    link_up_write(&up, &body);
    rig_hear(r, PROCESS_GATE, MESSAGE_LINK_UP, &body);
    rig_keeper(r);
    buf_clear(&body);
    frame_hello_say(&hello, &body);
    frame_hello_sign(bytes_text("ed25519"), bytes_text("judge has looked at it"), &body);
    judged(r, link, FRAME_HELLO, &body, NULL);
    rig_keeper(r);
    buf_done(&body);
}

/* The partner cosigns the head of the PUSH that desk sent. */
static void cosign(struct rig *r, uint32_t link)
{
    struct person *b = &r->b->p->b;
    struct frame_push *push = calloc(1, sizeof *push);
    struct buf payload = {0}, note = {0}, frame = {0};
    struct note parsed;
    char name[NOTE_NAME];

    assert_true(sent(r, FRAME_PUSH, &payload));
    assert_good(frame_push_parse(buf_view(&payload), push));
    assert_good(note_parse(push->note, &parsed));
    buf_bytes(&note, push->note);
    snprintf(name, sizeof name, "%s/cosign", b->origin);
    note_sign(parsed.text, name, NOTE_COSIGNER, r->now, &b->role[ROLE_COSIGN], 1, &note);
    frame_cosign_write(buf_view(&note), &frame);
    judged(r, link, FRAME_COSIGN, &frame, NULL);
    buf_done(&payload);
    buf_done(&note);
    buf_done(&frame);
    free(push);
}

/* The partner pushes its genesis and this statement, which judge refused by a rule. */
static void push_refused(struct rig *r, uint32_t link, const struct item *item, const char *rule)
{
    struct person *b = &r->b->p->b;
    struct frame_item first = {buf_view(&b->genesis), buf_view(&b->document)},
                      second = {buf_view(&item->text), buf_view(&item->disclosed)};
    struct checkpoint c = {bytes_text(b->origin), 2, {{0}}};
    struct buf text = {0}, note = {0}, frame = {0}, verdicts = {0};
    struct digest leaf[2] = {tree_leaf(first.entry), tree_leaf(second.entry)};

    c.root = tree_node(&leaf[0], &leaf[1]);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), &note);
    note_sign(buf_view(&text), b->origin, NOTE_AUTHOR, r->now, &b->role[ROLE_LOG], 1, &note);
    frame_push_write(0, buf_view(&note), 2, &frame);
    frame_item_write(&first, &frame);
    frame_item_write(&second, &frame);
    buf_u32(&verdicts, 2);
    buf_byte(&verdicts, GROUND_NONE);
    buf_part(&verdicts, bytes_text(""));
    buf_byte(&verdicts, GROUND_CONTENT);
    buf_part(&verdicts, bytes_text(rule));
    judged(r, link, FRAME_PUSH, &frame, &verdicts);
    buf_done(&text);
    buf_done(&note);
    buf_done(&frame);
    buf_done(&verdicts);
}

static void copy(const char *from, const char *to)
{
    struct buf content = {0};

    assert_good(file_read(from, 1 << 24, &content));
    assert_good(file_replace(to, buf_view(&content), 0600));
    buf_done(&content);
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
    size_t n = say_notice(r, NULL, NULL);

    (void)state;
    rig_keeper(r);
    is_good(r, n);
    snprintf(case_id, sizeof case_id, "%s", text_of(r, n, "case"));
    greet(r, 1);
    rig_kill(r);
    copy("desk/parley.db", "before");
    rig_start(r);
    greet(r, 1);
    assert_false(is_binding(r, case_id));
    cosign(r, 1);
    assert_true(is_binding(r, case_id));
    rig_kill(r);
    copy("before", "desk/parley.db");
    rig_start(r);
    assert_true(is_binding(r, case_id));
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
        struct disclosed *d;
        struct buf payload = {0};
        struct entry e;

        item_notice(r->b, &item, &wrong);
        assert_good(entry_parse(buf_view(&item.text), &e));
        snprintf(e.from, sizeof e.from, "b");
        buf_clear(&item.text);
        entry_write(&e, &item.text);
        greet(r, 1);
        cosign(r, 1);
        push_refused(r, 1, &item, rule);
        if (crash) {
            rig_kill(r);
            rig_start(r);
            greet(r, 1);
            push_refused(r, 1, &item, rule);
        }
        rig_keeper(r);
        if (crash) {
            assert_int_equal(json_array_size(entries(r)), 4);
            greet(r, 2);
        }
        assert_true(sent(r, FRAME_PUSH, &payload));
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
        rig_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_is_answered_when_keeper_has_signed_it),
        cmocka_unit_test(a_statement_survives_desk_and_is_said_once),
        cmocka_unit_test(one_officer_cannot_give_both_signatures),
        cmocka_unit_test(what_keeper_refuses_leaves_no_case_and_can_be_said_anew),
        cmocka_unit_test(what_stood_behind_a_refused_statement_takes_its_place),
        cmocka_unit_test(a_clock_behind_our_own_last_entry_appends_nothing),
        cmocka_unit_test(a_log_that_lost_its_end_signs_nothing),
        cmocka_unit_test(what_the_partner_cosigned_is_binding_after_a_crash),
        cmocka_unit_test(a_statement_refused_by_rule_is_held_and_rejected_with_the_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

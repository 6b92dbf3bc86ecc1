/* A withheld field opened later by an UPDATE: docs/PROTOCOL.ledger section 4. */
#include "desk/desk.h"

#include "asking.h"
#include "partner.h"
#include "proof/verify.h"

struct talk {
    struct rig *r;
    struct partner b;
    char case_id[CASE_TEXT];
    struct digest notice;
};

/* Our NOTICE, with `targets` withheld, is binding. */
static struct talk talking(void)
{
    struct talk t = {.r = founded()};
    size_t n = say_notice(t.r, NULL, NULL);

    say_and_wait(t.r, n);
    snprintf(t.case_id, sizeof t.case_id, "%s", text_of(t.r, n, "case"));
    t.notice = leaf_of(t.r, n);
    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    return t;
}

static void talk_done(struct talk *t)
{
    partner_done(&t->b);
    rig_free(t->r);
}

static json_t *ask_open(const struct talk *t, const char *path)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "do", "draft", "kind", "UPDATE", "case", t->case_id,
                     "open", path);
}

/* The bundle's report, which the caller frees. */
static struct report *export(struct talk *t)
{
    size_t n = ask(t->r, json_pack("{s:s, s:s}", "do", "case.export", "case", t->case_id)), len;
    struct report *report = calloc(1, sizeof *report);
    struct bytes text;
    uint8_t *bundle;

    is_good(t->r, n);
    text = bytes_text(text_of(t->r, n, "bundle"));
    assert_true(base64_size(text, &len));
    bundle = malloc(len);
    assert_true(base64_read(text, bundle, len));
    bundle_verify(bytes_of(bundle, len), report);
    free(bundle);
    return report;
}

static json_t *statement(struct talk *t, size_t i)
{
    size_t n = ask(t->r, json_pack("{s:s, s:s}", "do", "case.show", "case", t->case_id));

    is_good(t->r, n);
    return json_array_get(json_object_get(t->r->answer[n], "statements"), i);
}

/* "The victim's address is withheld by default and provably the same later." */
static void the_victims_address_is_withheld_and_opened_later(void **state)
{
    struct talk t = talking();
    struct report *report;
    json_t *notice = statement(&t, 0), *update, *target;

    (void)state;
    assert_null(json_object_get(json_object_get(notice, "fields"), "targets"));
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(notice, "withheld"), 0), "p")),
                        "targets");
    say_and_wait(t.r, say(t.r, ask_open(&t, "targets"), NULL, NULL));
    update = statement(&t, 1);
    target = json_array_get(json_object_get(json_object_get(update, "opened"), "targets"), 0);
    assert_string_equal(json_string_value(target), "192.0.2.1");
    assert_string_equal(json_string_value(json_object_get(update, "answers")),
                        json_string_value(json_object_get(notice, "leaf")));
    partner_says(&t.b,
                 &(struct partner_says){
                     .kind = KIND_ACK, .case_id = t.case_id, .number = 1, .answers = &t.notice});
    partner_push(&t.b);
    partner_cosign(&t.b);
    report = export(&t);
    assert_int_equal(report->verdict, VERDICT_VERIFIED);
    assert_string_equal(report->checks[CHECK_OPENINGS].found,
                        "1 withheld field opened later, as committed: targets");
    report_done(report);
    free(report);
    talk_done(&t);
}

static void what_was_opened_once_is_said_to_be_done(void **state)
{
    struct talk t = talking();
    size_t n;

    (void)state;
    say_and_wait(t.r, say(t.r, ask_open(&t, "targets"), NULL, NULL));
    n = ask(t.r, ask_open(&t, "targets"));
    is_good(t.r, n);
    assert_non_null(json_object_get(t.r->answer[n], "done"));
    talk_done(&t);
}

static void what_is_not_withheld_cannot_be_opened(void **state)
{
    struct talk t = talking();
    struct digest other = {{9}};
    static const char *const paths[] = {"incident.source", "no.such", "TARGETS", ""};
    json_t *command;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof paths / sizeof paths[0]; i++) {
        size_t n = ask(t.r, ask_open(&t, paths[i]));

        assert_string_equal(text_of(t.r, n, "code"), "not-found");
    }
    command = ask_open(&t, "targets");
    json_object_set_new(command, "answers", json_digest_of(&other));
    assert_string_equal(text_of(t.r, ask(t.r, command), "code"), "not-found");
    command = ask_open(&t, "targets");
    json_object_set_new(command, "kind", json_string("CLOSE"));
    assert_string_equal(text_of(t.r, ask(t.r, command), "code"), "usage");
    talk_done(&t);
}

/* --- theirs --------------------------------------------------------------------------------- */

/* The partner's NOTICE withholds its targets; then its UPDATE opens them as `change` has it. */
static const char *verdict_of_opening(void (*change)(json_t *opening))
{
    static const uint8_t secret[DOCUMENT_SECRET] = {3, 1};
    static char out[400];
    static const char case_id[] = "C-00000000000000CC";
    struct withheld withheld = {"targets", "victim-identity"};
    struct talk t = talking();
    struct buf opening = {0}, text = {0};
    json_t *fields = json_loads(BENCH_NOTICE, 0, NULL), *tree, *list;
    struct document *d;
    struct digest leaf;
    size_t n, i;
    json_t *item;

    json_object_set_new(fields, "targets", json_pack("[s]", "203.0.113.5"));
    fields = partner_fields(&t.b, fields);
    assert_good(document_new(fields, secret, &d));
    json_decref(fields);
    leaf = partner_append(
        &t.b, &(struct partner_says){.kind = KIND_NOTICE, .case_id = case_id, .number = 1}, d,
        &withheld, 1);
    assert_good(document_open(d, "targets", &opening));
    document_free(d);
    tree = json_loads(buf_str(&opening), 0, NULL);
    if (change != NULL)
        change(tree);
    json_canonical(tree, &text);
    partner_says(&t.b,
                 &(struct partner_says){.kind = KIND_UPDATE,
                                        .case_id = case_id,
                                        .number = 2,
                                        .previous = &leaf,
                                        .answers = &leaf,
                                        .fields = json_pack("{s:s}", "opening", buf_str(&text))});
    partner_push(&t.b);
    partner_cosign(&t.b);
    n = ask(t.r, json_pack("{s:s, s:s}", "do", "case.show", "case", case_id));
    is_good(t.r, n);
    list = json_object_get(t.r->answer[n], "statements");
    out[0] = '\0';
    json_array_foreach(list, i, item) if (json_object_get(item, "verdict") != NULL)
        snprintf(out, sizeof out, "%s", json_string_value(json_object_get(item, "verdict")));
    /* Whatever the partner opened falsely, our bundle of the case is good. */
    snprintf(t.case_id, sizeof t.case_id, "%s", case_id);
    {
        struct report *report = export(&t);

        for (enum check c = CHECK_FORM; report->verdict != VERDICT_VERIFIED && c < CHECK_COUNT; c++)
            print_message("%s: %s\n", check_name(c), report->checks[c].found);
        assert_int_equal(report->verdict, VERDICT_VERIFIED);
        report_done(report);
        free(report);
    }
    json_decref(tree);
    buf_done(&opening);
    buf_done(&text);
    talk_done(&t);
    return out;
}

static void another_value(json_t *o)
{
    json_object_set_new(o, "value", json_pack("[s]", "203.0.113.6"));
}

static void another_salt(json_t *o)
{
    json_object_set_new(o, "salt", json_string("AAAAAAAAAAAAAAAAAAAAAA=="));
}

static void another_document(json_t *o)
{
    json_object_set_new(o, "document", json_string("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
}

static void a_field_that_was_not_withheld(json_t *o)
{
    json_object_set_new(o, "path", json_string("incident.source"));
    json_object_set_new(o, "value", json_string("203.0.113.6"));
}

static void a_field_of_no_type(json_t *o)
{
    json_object_set_new(o, "path", json_string("person"));
}

static void a_value_of_no_form(json_t *o)
{
    json_object_set_new(o, "value", json_pack("[s]", "somebody"));
}

static void no_salt(json_t *o)
{
    json_object_del(o, "salt");
}

static void an_opening_is_held_against_the_commitment(void **state)
{
    static const struct {
        void (*change)(json_t *opening);
        const char *verdict;
    } table[] = {
        {NULL, ""},
        {another_value, "form: PROTOCOL.ledger section 4: not what was committed"},
        {another_salt, "form: PROTOCOL.ledger section 4: not what was committed"},
        {another_document, "form: PROTOCOL.ledger section 4: no such document in this case"},
        {a_field_that_was_not_withheld, "form: PROTOCOL.ledger section 4: no such withheld field"},
        {a_field_of_no_type, "content: docs/STATEMENTS: no type has the field that it opens"},
        {a_value_of_no_form, "content: docs/STATEMENTS: no type has the field that it opens"},
        {no_salt, "content: PROTOCOL.ledger section 4: the form of an opening"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(verdict_of_opening(table[i].change), table[i].verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_victims_address_is_withheld_and_opened_later),
        cmocka_unit_test(what_was_opened_once_is_said_to_be_done),
        cmocka_unit_test(what_is_not_withheld_cannot_be_opened),
        cmocka_unit_test(an_opening_is_held_against_the_commitment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

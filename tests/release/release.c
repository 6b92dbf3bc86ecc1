#include "release/release.h"

#include "model/permit.h"
#include "model/stored_make.h"
#include "officers.h"

static struct duty_room *r;
static json_t *fields;
static struct release_ask ask;
static struct release_verdict v;

static int open_room(void **state)
{
    (void)state;
    r = duty_room_new();
    fields = example_fields();
    ask = (struct release_ask){.agreement = r->a,
                               .own = r->own,
                               .kind = KIND_NOTICE,
                               .class = CLASS_REAL,
                               .fields = fields,
                               .parents = TLP_GREEN};
    return 0;
}

static int close_room(void **state)
{
    (void)state;
    json_decref(fields);
    duty_room_free(r);
    return 0;
}

static void set(const char *path, const char *text)
{
    json_object_set_new(fields, path, json_string(text));
}

/* Refused by this rule at this field. */
static void refused(const char *rule, const char *path)
{
    release_decide(&ask, &v);
    assert_false(v.allowed);
    assert_string_equal(v.rule, rule);
    assert_string_equal(v.path, path);
    release_verdict_done(&v);
}

static void allowed(void)
{
    release_decide(&ask, &v);
    if (v.rule[0] != '\0')
        fail_msg("%s: %s", v.path, v.rule);
    assert_true(v.allowed);
}

static const struct release_field *field_of(const char *path)
{
    for (size_t i = 0; i < v.count; i++)
        if (strcmp(v.fields[i].path, path) == 0)
            return &v.fields[i];
    fail_msg("no field %s", path);
    return NULL;
}

static void a_notice_goes_with_its_victims_withheld_and_two_officers(void **state)
{
    (void)state;
    allowed();
    assert_int_equal(v.officers, 2);
    assert_int_equal(v.withheld_count, 1);
    assert_string_equal(v.withheld[0].path, "targets");
    assert_string_equal(v.withheld[0].rule, "victim-identity");
    assert_int_equal(field_of("incident.source")->word, RELEASE_SEND);
    release_verdict_done(&v);
}

static void an_officer_can_open_the_victims_unless_the_agreement_withholds_them(void **state)
{
    static const char *const list[] = {"targets"};

    (void)state;
    ask.disclose = list;
    ask.disclose_count = 1;
    allowed();
    assert_int_equal(v.withheld_count, 0);
    release_verdict_done(&v);
    r->a->withhold = list;
    r->a->withhold_count = 1;
    allowed();
    assert_string_equal(field_of("targets")->rule, "agreement.withhold");
    release_verdict_done(&v);
}

static void what_tells_what_was_said_cannot_be_withheld(void **state)
{
    static const char *const list[] = {"incident.source", "article"};

    (void)state;
    ask.withhold = list;
    ask.withhold_count = 1;
    allowed();
    assert_string_equal(field_of("incident.source")->rule, "own.withhold");
    release_verdict_done(&v);
    ask.withhold_count = 2;
    refused("withhold.must-be-open", "article");
}

static void an_unlisted_field_is_refused(void **state)
{
    (void)state;
    set("account", "somebody");
    refused("field.unlisted", "account");
}

static void a_missing_field_is_refused(void **state)
{
    (void)state;
    json_object_del(fields, "urgency");
    refused("docs/STATEMENTS: a field that must be there", "urgency");
}

static void personal_data_in_free_text_is_refused_with_its_place(void **state)
{
    (void)state;
    set("text", "Ask ivan@example.org about it.");
    release_decide(&ask, &v);
    assert_false(v.allowed);
    assert_int_equal(field_of("text")->word, RELEASE_REFUSE);
    assert_int_equal(field_of("text")->at, 4);
    release_verdict_done(&v);
}

static void a_content_article_carries_no_notice_and_nothing_else_yet(void **state)
{
    (void)state;
    set("article", "2(5)");
    refused("DESIGN section 8: a content article carries CONSULT alone", "article");
    ask.kind = KIND_CONSULT;
    refused("type.not-yet-available", "");
}

static void an_article_that_the_agreement_has_not_is_refused(void **state)
{
    (void)state;
    set("article", "9(9)");
    refused("agreement.no-such-article", "article");
}

static void types_that_are_not_yet_available_are_refused(void **state)
{
    static const enum kind later[] = {KIND_WARNING, KIND_INQUIRY,    KIND_LEGAL,
                                      KIND_CONSULT, KIND_CHECKPOINT, KIND_EXERCISE};

    (void)state;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        ask.kind = later[i];
        refused("type.not-yet-available", "");
    }
}

static void the_envelope_must_be_the_case_s(void **state)
{
    (void)state;
    ask.class = CLASS_EXERCISE;
    refused("envelope.mismatch", "class");
    ask.class = CLASS_REAL;
    set("to", "a");
    refused("envelope.mismatch", "to");
}

/* Every marking of the statement, of its parents, under every ceiling. */
static void no_marking_leaves_above_the_ceiling_or_below_its_source(void **state)
{
    (void)state;
    for (enum tlp ceiling = TLP_CLEAR; ceiling <= TLP_RED; ceiling++)
        for (enum tlp parents = TLP_NONE; parents <= TLP_RED; parents++)
            for (enum tlp tlp = TLP_CLEAR; tlp <= TLP_RED; tlp++) {
                bool want = tlp <= ceiling && tlp >= parents && tlp != TLP_RED;

                r->a->tlp = tlp_name(ceiling);
                ask.parents = parents;
                set("tlp", tlp_name(tlp));
                release_decide(&ask, &v);
                assert_int_equal(v.allowed, want);
                release_verdict_done(&v);
            }
}

static void a_label_that_nobody_knows_does_not_leave(void **state)
{
    (void)state;
    set("tlp", "AMBERISH");
    refused("marking.red-never-leaves", "tlp");
}

static void a_language_outside_the_agreement_is_refused(void **state)
{
    static const char *const languages[] = {"ru", "zh"};

    (void)state;
    r->a->languages = languages;
    r->a->language_count = 2;
    refused("agreement.language", "language");
    set("language", "zh");
    allowed();
    release_verdict_done(&v);
}

/* Draft, two signatures, permit, entry: and keeper, who trusts none of it, says yes. */
static void a_draft_becomes_a_permit_that_keeper_accepts(void **state)
{
    const uint8_t secret[DOCUMENT_SECRET] = {5};
    struct release_for what = {.id = {9},
                               .now = instant_of_seconds(NOW),
                               .expires = instant_of_seconds(NOW + 600),
                               .case_id = "C-0123456789ABCDEF"};
    struct permit *permit = NULL;
    struct document *d;

    (void)state;
    allowed();
    assert_good(document_new(fields, secret, &d));
    buf_clear(&r->disclosed);
    document_disclose(d, v.withheld, v.withheld_count, NULL, 0, &r->disclosed);
    what.document = document_root(d);
    what.leaves = document_leaves(d);
    what.disclosed = buf_view(&r->disclosed);
    r->entry = people_entry(r->a, "a", KIND_NOTICE, &r->disclosed, what.document, what.leaves);
    r->entry.permit_kind = PERMIT_DIGEST;
    r->entry.number = 1;
    memcpy(r->entry.case_id, what.case_id, CASE_TEXT);
    buf_clear(&r->permit);
    assert_good(release_permit_prepare(&ask, &v, &what, &r->permit));
    assert_good(permit_text_parse(buf_view(&r->permit), &r->p));
    permit_again(r);
    assert_fault(release_permit_grant(r->a, r->own, r->registry, buf_view(&r->permit), r->given, 1,
                                      what.now, &permit),
                 FAULT_MISSING);
    assert_fault(release_permit_grant(r->a, r->own, r->registry, buf_view(&r->permit), r->given, 2,
                                      what.expires, &permit),
                 FAULT_CLOCK);
    assert_null(permit);
    assert_good(release_permit_grant(r->a, r->own, r->registry, buf_view(&r->permit), r->given, 2,
                                     what.now, &permit));
    assert_string_equal(permit_to(permit), "b");
    assert_true(digest_equal(permit_digest(permit), &r->entry.permit));
    assert_good(keeper_says(r, 2));
    assert_null(strstr(buf_str(&r->disclosed), "192.0.2.7"));
    permit_free(permit);
    document_free(d);
    release_verdict_done(&v);
}

static void what_is_not_allowed_gets_no_permit(void **state)
{
    struct release_for what = {.now = instant_of_seconds(NOW),
                               .expires = instant_of_seconds(NOW + PERMIT_SECONDS + 1),
                               .case_id = "C-0123456789ABCDEF"};
    struct buf text = {0};

    (void)state;
    allowed();
    assert_fault(release_permit_prepare(&ask, &v, &what, &text), FAULT_RANGE);
    release_verdict_done(&v);
    set("phone", "1");
    what.expires = instant_of_seconds(NOW + 60);
    release_decide(&ask, &v);
    assert_fault(release_permit_prepare(&ask, &v, &what, &text), FAULT_REFUSED);
    assert_int_equal(text.len, 0);
    release_verdict_done(&v);
}

static void only_automatic_kinds_get_a_permit_without_officers(void **state)
{
    struct permit *permit;

    (void)state;
    for (enum kind kind = KIND_CHECK; kind < KIND_COUNT; kind++) {
        struct fault f =
            release_permit_automatic(r->a, r->own, kind, false, bytes_text("x"), &permit);

        if (kind == KIND_RECEIPT || kind == KIND_REJECT || kind == KIND_EVIDENCE) {
            assert_good(f);
            assert_int_equal(permit_kind_of(permit), PERMIT_AUTOMATIC);
            permit_free(permit);
        } else {
            assert_int_equal(f.kind, FAULT_REFUSED);
        }
    }
    assert_good(release_permit_automatic(r->a, r->own, KIND_CHECK, true, bytes_text("x"), &permit));
    permit_free(permit);
    assert_fault(release_permit_root(r->a, r->own, KIND_NOTICE, buf_view(&r->disclosed), &permit),
                 FAULT_REFUSED);
    assert_fault(release_permit_root(r->a, r->own, KIND_CONTACT, buf_view(&r->disclosed), &permit),
                 FAULT_MISSING);
}

static void a_stored_entry_is_sent_again_with_its_own_permit_alone(void **state)
{
    struct buf text = {0};
    const uint8_t zero = 0;
    struct stored *stored;
    struct permit *permit;

    (void)state;
    entry_write(&r->entry, &text);
    stored = stored_new(3, digest_of_two(bytes_of(&zero, 1), buf_view(&text)));
    assert_good(release_permit_again(stored, &r->entry, buf_view(&r->permit),
                                     buf_view(&r->disclosed), "b", &permit));
    permit_free(permit);
    assert_fault(release_permit_again(stored, &r->entry, buf_view(&r->permit), bytes_text("x"), "b",
                                      &permit),
                 FAULT_MISMATCH);
    assert_fault(release_permit_again(stored, &r->entry, buf_view(&r->permit),
                                      buf_view(&r->disclosed), "c", &permit),
                 FAULT_MISMATCH);
    r->entry.number = 2;
    assert_fault(release_permit_again(stored, &r->entry, buf_view(&r->permit),
                                      buf_view(&r->disclosed), "b", &permit),
                 FAULT_MISMATCH);
    stored_free(stored);
    buf_done(&text);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_notice_goes_with_its_victims_withheld_and_two_officers),
        IN_ROOM(an_officer_can_open_the_victims_unless_the_agreement_withholds_them),
        IN_ROOM(what_tells_what_was_said_cannot_be_withheld),
        IN_ROOM(an_unlisted_field_is_refused),
        IN_ROOM(a_missing_field_is_refused),
        IN_ROOM(personal_data_in_free_text_is_refused_with_its_place),
        IN_ROOM(a_content_article_carries_no_notice_and_nothing_else_yet),
        IN_ROOM(an_article_that_the_agreement_has_not_is_refused),
        IN_ROOM(types_that_are_not_yet_available_are_refused),
        IN_ROOM(the_envelope_must_be_the_case_s),
        IN_ROOM(no_marking_leaves_above_the_ceiling_or_below_its_source),
        IN_ROOM(a_label_that_nobody_knows_does_not_leave),
        IN_ROOM(a_language_outside_the_agreement_is_refused),
        IN_ROOM(a_draft_becomes_a_permit_that_keeper_accepts),
        IN_ROOM(what_is_not_allowed_gets_no_permit),
        IN_ROOM(only_automatic_kinds_get_a_permit_without_officers),
        IN_ROOM(a_stored_entry_is_sent_again_with_its_own_permit_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "statement/fields.h"

#include "statement/notice.h"
#include "statement/type.h"
#include "test.h"

#define NOTICE                                                                                     \
    "{\"agreement\":\"pact\",\"article\":\"4(3)\",\"class\":\"REAL\",\"from\":\"a\","              \
    "\"incident.confidence\":\"high\",\"incident.events\":50,"                                     \
    "\"incident.first\":\"2025-11-25T08:00:00Z\",\"incident.from\":\"b\","                         \
    "\"incident.last\":\"2025-11-25T09:00:00Z\",\"incident.opened\":\"2025-11-25T08:59:00Z\","     \
    "\"incident.reasons\":[\"two-way contact\"],\"issued\":\"2025-11-25T09:30:00Z\","              \
    "\"language\":\"en\",\"text\":\"\",\"tlp\":\"amber\",\"to\":\"b\",\"urgency\":\"routine\"}"

static json_t *notice_with(const char *path, json_t *value)
{
    json_t *fields = json_loads(NOTICE, 0, NULL);

    assert_non_null(fields);
    if (value == NULL)
        json_object_del(fields, path);
    else
        json_object_set_new(fields, path, value);
    return fields;
}

static void a_notice_with_its_fields_is_good(void **state)
{
    json_t *fields = notice_with("targets", json_pack("[s, s]", "192.0.2.7", "2001:db8::1"));

    (void)state;
    assert_good(fields_check(KIND_NOTICE, false, fields, NULL));
    json_decref(fields);
}

static void every_field_that_must_be_there_is_missed(void **state)
{
    const struct field *f;

    (void)state;
    for (size_t i = 0; (f = field_at(KIND_NOTICE, i)) != NULL; i++) {
        json_t *fields = notice_with(f->path, NULL);
        struct field_place place = {""};
        struct fault fault = fields_check(KIND_NOTICE, false, fields, &place);

        assert_int_equal(fault.kind, f->required ? FAULT_MISSING : FAULT_NONE);
        if (f->required)
            assert_string_equal(place.path, f->path);
        json_decref(fields);
    }
}

static void wrong_values_are_refused_at_their_field(void **state)
{
    const struct {
        const char *path, *value; /* JSON */
        enum fault_kind kind;
    } wrong[] = {
        {"class", "\"real\"", FAULT_RANGE},
        {"urgency", "\"now\"", FAULT_RANGE},
        {"urgency", "\"routine priority\"", FAULT_RANGE},
        {"urgency", "\"\"", FAULT_RANGE},
        {"tlp", "\"AMBER\"", FAULT_RANGE},
        {"tlp", "\"white\"", FAULT_RANGE},
        {"article", "\"4 3\"", FAULT_SYNTAX},
        {"article", "\"12345678901234567\"", FAULT_SYNTAX},
        {"from", "\"A\"", FAULT_SYNTAX},
        {"from", "7", FAULT_SYNTAX},
        {"issued", "\"2025-11-25T09:30:00+00:00\"", FAULT_SYNTAX},
        {"issued", "\"2025-02-30T09:30:00Z\"", FAULT_RANGE},
        {"language", "\"english\"", FAULT_SYNTAX},
        {"incident.source", "\"203.0.113.009\"", FAULT_SYNTAX},
        {"incident.source", "\"2001:DB8::1\"", FAULT_SYNTAX},
        {"incident.source", "\"example.org\"", FAULT_SYNTAX},
        {"incident.as", "4294967296", FAULT_RANGE},
        {"incident.as", "-1", FAULT_RANGE},
        {"incident.as", "\"64501\"", FAULT_SYNTAX},
        {"incident.reasons", "[\"\"]", FAULT_SYNTAX},
        {"incident.reasons", "[\"a\\nb\"]", FAULT_SYNTAX},
        {"incident.reasons", "\"a\"", FAULT_SYNTAX},
        {"incident.evidence", "[\"abc\"]", FAULT_SYNTAX},
        {"targets", "[\"192.0.2.7\",\"192.0.2.7\"]", FAULT_DUPLICATE},
        {"request", "[]", FAULT_MISSING},
        {"request", "[\"mitigate\",\"explain\"]", FAULT_ORDER},
        {"request", "[\"attack\"]", FAULT_RANGE},
        {"text", "\"a\\u202eb\"", FAULT_RANGE},
        {"text", "\"a\\u200bb\"", FAULT_RANGE},
        {"text", "\"a\\u0085b\"", FAULT_RANGE},
        {"text", "\"a\\u0007b\"", FAULT_RANGE},
        {"text", "true", FAULT_SYNTAX},
        {"person", "\"x\"", FAULT_UNKNOWN},
        {"incident.content", "\"x\"", FAULT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *fields =
            notice_with(wrong[i].path, json_loads(wrong[i].value, JSON_DECODE_ANY, NULL));
        struct field_place place = {""};
        struct fault f = fields_check(KIND_NOTICE, false, fields, &place);

        if (f.kind != wrong[i].kind || strcmp(place.path, wrong[i].path) != 0)
            fail_msg("%s = %s: %s at %s", wrong[i].path, wrong[i].value, fault_word(f.kind),
                     place.path);
        json_decref(fields);
    }
}

static void free_text_is_bounded_and_may_be_in_any_script(void **state)
{
    char longest[FIELD_TEXT_MAX + 2];
    json_t *fields;

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[FIELD_TEXT_MAX + 1] = '\0';
    fields = notice_with("text", json_string(longest));
    assert_fault(fields_check(KIND_NOTICE, false, fields, NULL), FAULT_LIMIT);
    json_object_set_new(fields, "text", json_string(longest + 1));
    assert_good(fields_check(KIND_NOTICE, false, fields, NULL));
    json_object_set_new(fields, "text",
                        json_string("\xd0\x9f\xd1\x80\xd0\xbe\xd1\x88\xd1\x83\n\t\xe8\xaf\xb7"));
    assert_good(fields_check(KIND_NOTICE, false, fields, NULL));
    json_decref(fields);
}

static void an_answer_has_what_its_result_needs(void **state)
{
    static const struct {
        const char *result, *more;
        enum fault_kind kind;
    } answers[] = {
        {"granted", NULL, FAULT_NONE},     {"done", NULL, FAULT_NONE},
        {"declined", NULL, FAULT_MISSING}, {"declined", "ground", FAULT_NONE},
        {"part", NULL, FAULT_MISSING},     {"pending", NULL, FAULT_MISSING},
        {"pending", "until", FAULT_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        json_t *fields = json_object();
        const struct field *f;
        json_t *notice = notice_with("targets", NULL);

        for (size_t k = 0; (f = field_at(KIND_ANSWER, k)) != NULL; k++)
            if (json_object_get(notice, f->path) != NULL)
                json_object_set(fields, f->path, json_object_get(notice, f->path));
        json_object_set_new(fields, "result", json_string(answers[i].result));
        if (answers[i].more != NULL)
            json_object_set_new(fields, answers[i].more,
                                json_string(strcmp(answers[i].more, "until") == 0
                                                ? "2025-12-01T00:00:00Z"
                                                : "own-law"));
        assert_fault(fields_check(KIND_ANSWER, true, fields, NULL), answers[i].kind);
        json_decref(notice);
        json_decref(fields);
    }
}

/* PROTOCOL.ledger 3: RECEIPT, REJECT and the return of a CHECK need no officer; so they carry no
 * words of anybody. */
static void an_automatic_statement_has_no_free_text(void **state)
{
    const struct field *text = field_find(KIND_RECEIPT, "text");
    json_t *fields = notice_with("text", json_string("hello"));
    struct field_place place = {""};

    (void)state;
    assert_non_null(text);
    for (const char *const *drop =
             (const char *const[]){"incident.confidence", "incident.events", "incident.first",
                                   "incident.from", "incident.last", "incident.opened",
                                   "incident.reasons", NULL};
         *drop != NULL; drop++)
        json_object_del(fields, *drop);
    json_object_set_new(fields, "nonce", json_string("00112233445566778899aabbccddeeff"));
    assert_fault(fields_check(KIND_CHECK, true, fields, &place), FAULT_REFUSED);
    assert_string_equal(place.path, "text");
    assert_fault(fields_check(KIND_CHECK, false, fields, NULL), FAULT_REFUSED);
    json_object_set_new(fields, "text", json_string(""));
    assert_good(fields_check(KIND_CHECK, true, fields, NULL));
    json_decref(fields);
}

static void a_field_that_must_be_open_cannot_be_withheld(void **state)
{
    const uint8_t secret[DOCUMENT_SECRET] = {1};
    const struct withheld source = {"incident.source", "own.withhold"},
                          article = {"article", "own.withhold"};
    json_t *fields = notice_with("incident.source", json_string("203.0.113.9"));
    const struct {
        const struct withheld *w;
        enum fault_kind kind;
    } cases[] = {{&source, FAULT_NONE}, {&article, FAULT_REFUSED}};
    struct document *d;

    (void)state;
    assert_good(document_new(fields, secret, &d));
    for (size_t i = 0; i < 2; i++) {
        struct disclosed *seen;
        struct buf text = {0};

        document_disclose(d, cases[i].w, 1, NULL, 0, &text);
        assert_good(disclosed_parse(buf_view(&text), &seen));
        assert_fault(disclosed_check(KIND_NOTICE, false, seen, NULL), cases[i].kind);
        disclosed_free(seen);
        buf_done(&text);
    }
    document_free(d);
    json_decref(fields);
}

static void an_incident_becomes_the_fields_of_a_notice(void **state)
{
    json_t *incident = json_loads(
        "{\"article\":\"4(3)\",\"as\":64501,\"confidence\":\"high\",\"events\":61,"
        "\"first\":\"2025-11-25T08:00:00.999999Z\",\"from\":\"b\",\"last\":"
        "\"2025-11-25T08:59:59.5Z\",\"opened\":\"2025-11-25T08:40:00Z\",\"reasons\":[\"x\"],"
        "\"service\":\"ssh\",\"source\":\"203.0.113.9\",\"targets\":[\"192.0.2.7\"]}",
        0, NULL);
    json_t *fields = json_object();

    (void)state;
    assert_good(notice_fields(incident, fields));
    assert_string_equal(json_string_value(json_object_get(fields, "incident.first")),
                        "2025-11-25T08:00:00Z");
    assert_string_equal(json_string_value(json_object_get(fields, "incident.last")),
                        "2025-11-25T08:59:59Z");
    assert_int_equal(json_array_size(json_object_get(fields, "targets")), 1);
    json_object_del(incident, "events");
    assert_fault(notice_fields(incident, fields), FAULT_MISSING);
    json_decref(incident);
    json_decref(fields);
}

/*
 * R1, R2, R4, R7, R10: no field for content or persons, not by configuration, not in passing. Who
 * adds a field adds it here too, and looks whether he should.
 */
static void the_allow_list_is_this_and_nothing_else(void **state)
{
    static const char *const all[] = {"agreement",
                                      "article",
                                      "from",
                                      "to",
                                      "class",
                                      "urgency",
                                      "tlp",
                                      "pap",
                                      "issued",
                                      "language",
                                      "text",
                                      "nonce",
                                      "received",
                                      "size",
                                      "arrived",
                                      "holder",
                                      "answer-by",
                                      "ground",
                                      "rejected",
                                      "rule",
                                      "party",
                                      "officer",
                                      "role",
                                      "suite",
                                      "key",
                                      "key.*",
                                      "state",
                                      "incident.from",
                                      "incident.source",
                                      "incident.as",
                                      "incident.service",
                                      "incident.first",
                                      "incident.last",
                                      "incident.opened",
                                      "incident.events",
                                      "incident.confidence",
                                      "incident.reasons",
                                      "incident.evidence",
                                      "targets",
                                      "request",
                                      "supersedes",
                                      "opening",
                                      "result",
                                      "until",
                                      "step",
                                      "summary",
                                      "terms.version",
                                      "terms.digest",
                                      "terms.text",
                                      "terms.signatures",
                                      "origin",
                                      "serial",
                                      "key.log.*",
                                      "key.cosign.*",
                                      "key.hello.*",
                                      "objects",
                                      "sample.####"};
    static const char *const never[] = {
        "body", "message", "content", "post",   "account", "email", "mail",  "phone",     "person",
        "name", "face",    "user",    "author", "subject", "url",   "place", "attachment"};
    const struct field *f;

    (void)state;
    for (enum kind kind = KIND_CHECK; kind < KIND_COUNT; kind++)
        for (size_t i = 0; (f = field_at(kind, i)) != NULL; i++) {
            bool known = false;

            for (size_t k = 0; k < sizeof all / sizeof *all; k++)
                known |= strcmp(all[k], f->path) == 0;
            if (!known)
                fail_msg("%s has a field more: %s", kind_name(kind), f->path);
            for (size_t k = 0; k < sizeof never / sizeof *never; k++)
                assert_null(strstr(f->path, never[k]));
        }
}

/* A type has fields if and only if it is available: the rest is refused, not parsed further. */
static void a_type_that_is_not_yet_available_has_no_field(void **state)
{
    (void)state;
    for (enum kind kind = KIND_CHECK; kind < KIND_GENESIS; kind++)
        assert_int_equal(type_find(kind)->available, field_at(kind, 0) != NULL);
}

/* Both sides see the free text only where two officers, or the article's, have. */
static void only_officers_say_free_text(void **state)
{
    const struct field *f;

    (void)state;
    for (enum kind kind = KIND_CHECK; kind < KIND_GENESIS; kind++)
        for (size_t i = 0; (f = field_at(kind, i)) != NULL; i++)
            if (f->form == FIELD_FREE && strcmp(f->path, "text") != 0)
                assert_int_equal(type_find(kind)->officers, OFFICERS_ARTICLE);
}

/* docs/STATEMENTS is drawn from the tables; PARLEY_REDRAW=1 draws it anew. */
static void the_documentation_is_the_tables(void **state)
{
    const char *source = getenv("PARLEY_SOURCE");
    struct buf path = {0}, drawn = {0}, page = {0};
    char chunk[4096];
    size_t n;
    FILE *f;

    (void)state;
    buf_print(&path, "%s/docs/STATEMENTS", source == NULL ? "." : source);
    statements_draw(&drawn);
    if (getenv("PARLEY_REDRAW") != NULL) {
        f = fopen(buf_str(&path), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(drawn.data, 1, drawn.len, f), drawn.len);
        fclose(f);
    }
    f = fopen(buf_str(&path), "r");
    assert_non_null(f);
    while ((n = fread(chunk, 1, sizeof chunk, f)) != 0)
        buf_add(&page, chunk, n);
    fclose(f);
    assert_string_equal(buf_str(&page), buf_str(&drawn));
    buf_done(&path);
    buf_done(&drawn);
    buf_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_with_its_fields_is_good),
        cmocka_unit_test(every_field_that_must_be_there_is_missed),
        cmocka_unit_test(wrong_values_are_refused_at_their_field),
        cmocka_unit_test(free_text_is_bounded_and_may_be_in_any_script),
        cmocka_unit_test(an_answer_has_what_its_result_needs),
        cmocka_unit_test(an_automatic_statement_has_no_free_text),
        cmocka_unit_test(a_field_that_must_be_open_cannot_be_withheld),
        cmocka_unit_test(an_incident_becomes_the_fields_of_a_notice),
        cmocka_unit_test(the_allow_list_is_this_and_nothing_else),
        cmocka_unit_test(a_type_that_is_not_yet_available_has_no_field),
        cmocka_unit_test(only_officers_say_free_text),
        cmocka_unit_test(the_documentation_is_the_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

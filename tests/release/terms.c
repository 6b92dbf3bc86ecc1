#include "release/terms.h"

#include "base/text.h"
#include "pact/example.h"

static struct agreement *a;
static json_t *fields;

static json_t *compact(const char *file)
{
    struct buf text = example_file(file), canonical = {0};
    struct json_limits limits = {AGREEMENT_MAX, JSON_DEPTH};
    json_t *tree, *value;

    assert_good(json_read_indented(buf_view(&text), limits, &tree));
    json_canonical(tree, &canonical);
    value = json_stringn((const char *)canonical.data, canonical.len);
    json_decref(tree);
    buf_done(&text);
    buf_done(&canonical);
    return value;
}

static int begin(void **state)
{
    struct buf text = example_file("pact-2015.agreement.json");
    char digest[45];

    (void)state;
    assert_good(agreement_parse(buf_view(&text), false, &a, NULL));
    buf_done(&text);
    base64_write(a->digest, sizeof a->digest, digest);
    fields = json_pack("{s:I, s:s, s:o, s:o}", "terms.version", (json_int_t)a->version,
                       "terms.digest", digest, "terms.text", compact("pact-2015.agreement.json"),
                       "terms.signatures", compact("pact-2015.agreement.json.sig"));
    assert_non_null(fields);
    return 0;
}

static int end(void **state)
{
    (void)state;
    json_decref(fields);
    agreement_free(a);
    return 0;
}

static struct fault check(const char *id)
{
    struct terms t = terms_of_fields(fields);

    return terms_check(&t, id);
}

static void an_agreement_and_its_signatures_are_terms(void **state)
{
    (void)state;
    assert_good(check(a->id));
    json_object_del(fields, "terms.signatures");
    assert_good(check(a->id));
    json_object_del(fields, "terms.text");
    assert_good(check(a->id));
}

static void another_id_version_or_digest_is_a_mismatch(void **state)
{
    (void)state;
    assert_fault(check("another"), FAULT_MISMATCH);
    json_object_set_new(fields, "terms.version", json_integer(99));
    assert_fault(check(a->id), FAULT_MISMATCH);
    json_object_set_new(fields, "terms.version", json_integer((json_int_t)a->version));
    json_object_set_new(fields, "terms.digest",
                        json_string("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    assert_fault(check(a->id), FAULT_MISMATCH);
    json_object_del(fields, "terms.text"); /* then the signatures differ */
    assert_fault(check(a->id), FAULT_MISMATCH);
}

static void any_other_json_is_no_agreement(void **state)
{
    (void)state;
    json_object_set_new(fields, "terms.text", json_string("{\"novel\":\"It was a dark night.\"}"));
    assert_true(fault_is(check(a->id)));
    json_object_del(fields, "terms.text");
    json_object_set_new(fields, "terms.signatures", json_string("{\"novel\":\"It was dark.\"}"));
    assert_true(fault_is(check(a->id)));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_agreement_and_its_signatures_are_terms),
        WITH(another_id_version_or_digest_is_a_mismatch),
        WITH(any_other_json_is_no_agreement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

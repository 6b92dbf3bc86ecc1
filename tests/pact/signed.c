#include "pact/signed.h"

#include "pact/example.h"

struct scene {
    struct agreement *a;
    struct secret *root[2];
    struct signatures *both;
};

static struct scene scene_of(const char *path, const char *value)
{
    json_t *tree = example_tree();
    struct scene s = {0};

    if (path != NULL)
        example_set(tree, path, value);
    assert_good(tree_parse(tree, &s.a, NULL));
    json_decref(tree);
    s.root[0] = example_key("cert-a root");
    s.root[1] = example_key("cert-b root");
    s.both = signatures_new(s.a);
    assert_good(agreement_sign(s.a, "cert-b", s.root[1], s.both));
    assert_good(agreement_sign(s.a, "cert-a", s.root[0], s.both));
    return s;
}

static void scene_done(struct scene *s)
{
    agreement_free(s->a);
    secret_free(s->root[0]);
    secret_free(s->root[1]);
    signatures_free(s->both);
}

static void an_agreement_signed_by_both_is_in_force(void **state)
{
    struct scene s = scene_of(NULL, NULL);

    (void)state;
    assert_int_equal(s.both->count, 2);
    assert_string_equal(s.both->item[0].party, "cert-a");
    assert_good(agreement_signatures_verify(s.a, s.both, NULL));
    assert_good(agreement_sign(s.a, "cert-a", s.root[0], s.both)); /* again: in its place */
    assert_int_equal(s.both->count, 2);
    assert_good(agreement_signatures_verify(s.a, s.both, NULL));
    scene_done(&s);
}

static void the_shipped_signatures_hold(void **state)
{
    struct buf text = example_file("pact-2015.agreement.json.sig"), again = {0};
    struct scene s = scene_of(NULL, NULL);
    struct signatures *shipped = NULL;

    (void)state;
    assert_good(signatures_parse(buf_view(&text), &shipped, NULL));
    assert_good(agreement_signatures_verify(s.a, shipped, NULL));
    signatures_write(shipped, &again);
    assert_true(bytes_equal(buf_view(&text), buf_view(&again)));
    signatures_free(shipped);
    scene_done(&s);
    buf_done(&text);
    buf_done(&again);
}

/* "A node accepts an agreement only if every suite of every party has signed." (section 3) */
static void one_signature_is_not_enough(void **state)
{
    struct scene s = scene_of(NULL, NULL);
    struct agreement_error error = {0};

    (void)state;
    s.both->count = 1;
    assert_fault(agreement_signatures_verify(s.a, s.both, &error), FAULT_MISSING);
    assert_string_equal(error.member, "cert-b ed25519");
    s.both->count = 0;
    assert_fault(agreement_signatures_verify(s.a, s.both, &error), FAULT_MISSING);
    assert_string_equal(error.member, "cert-a ed25519");
    scene_done(&s);
}

/* "What is signed is ... by the party's root key." (section 3) */
static void nobody_signs_with_another_key_than_the_root_key(void **state)
{
    struct scene s = scene_of(NULL, NULL);

    (void)state;
    assert_fault(agreement_sign(s.a, "cert-a", s.root[1], s.both), FAULT_REFUSED);
    assert_fault(agreement_sign(s.a, "cert-c", s.root[1], s.both), FAULT_UNKNOWN);
    assert_good(agreement_signatures_verify(s.a, s.both, NULL));
    memcpy(s.both->item[0].byte, s.both->item[1].byte, 64); /* b's under a's name */
    assert_fault(agreement_signatures_verify(s.a, s.both, NULL), FAULT_FORGED);
    scene_done(&s);
}

static void a_signer_whom_the_agreement_does_not_name_is_refused(void **state)
{
    struct scene s = scene_of(NULL, NULL);

    (void)state;
    s.both->item[2] = s.both->item[1];
    snprintf(s.both->item[2].party, sizeof s.both->item[2].party, "cert-c");
    s.both->count = 3;
    assert_fault(agreement_signatures_verify(s.a, s.both, NULL), FAULT_EXTRA);
    scene_done(&s);
}

static void a_signature_of_another_length_is_forged(void **state)
{
    struct scene s = scene_of(NULL, NULL);

    (void)state;
    s.both->item[0].len = 63;
    assert_fault(agreement_signatures_verify(s.a, s.both, NULL), FAULT_FORGED);
    scene_done(&s);
}

static void one_bit_flipped_in_a_signature_or_the_digest_is_refused(void **state)
{
    struct scene s = scene_of(NULL, NULL);

    (void)state;
    for (size_t bit = 0; bit < 512; bit++) {
        s.both->item[bit % 2].byte[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_fault(agreement_signatures_verify(s.a, s.both, NULL), FAULT_FORGED);
        s.both->item[bit % 2].byte[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    s.both->digest[31] ^= 1;
    assert_fault(agreement_signatures_verify(s.a, s.both, NULL), FAULT_MISMATCH);
    scene_done(&s);
}

/* Every bit of FILE.sig: it does not read, or does not verify. */
static void one_bit_flipped_in_the_signature_file_is_refused(void **state)
{
    struct scene s = scene_of(NULL, NULL);
    struct buf text = {0};

    (void)state;
    signatures_write(s.both, &text);
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        struct signatures *read = NULL;
        struct fault f;

        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        f = signatures_parse(buf_view(&text), &read, NULL);
        assert_true(fault_is(f) == (read == NULL));
        assert_true(fault_is(f) || fault_is(agreement_signatures_verify(s.a, read, NULL)));
        signatures_free(read);
        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buf_done(&text);
    scene_done(&s);
}

static void one_bit_flipped_in_the_agreement_is_refused(void **state)
{
    struct scene s = scene_of(NULL, NULL);
    struct buf text = example_file("pact-2015.agreement.json");

    (void)state;
    for (size_t byte = 0; byte < text.len; byte++) {
        struct agreement *a = NULL;

        text.data[byte] ^= (uint8_t)(1 << byte % 8);
        if (!fault_is(agreement_parse(buf_view(&text), false, &a, NULL)))
            assert_fault(agreement_signatures_verify(a, s.both, NULL), FAULT_MISMATCH);
        agreement_free(a);
        text.data[byte] ^= (uint8_t)(1 << byte % 8);
    }
    buf_done(&text);
    scene_done(&s);
}

/* A signature over the same text under another id, or for another purpose, is none. */
static void a_signature_of_another_agreement_does_not_hold_here(void **state)
{
    struct scene s = scene_of(NULL, NULL), other = scene_of("id", "\"another\"");

    (void)state;
    memcpy(other.both->digest, s.both->digest, 32);
    assert_fault(agreement_signatures_verify(s.a, other.both, NULL), FAULT_FORGED);
    assert_fault(agreement_sign(other.a, "cert-a", other.root[0], s.both), FAULT_MISMATCH);
    scene_done(&s);
    scene_done(&other);
}

#define HEAD "{\n \"agreement\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\n"
#define SIG(party, suite, signature)                                                               \
    "  {\n   \"party\": \"" party "\",\n   \"signature\": \"" signature                            \
    "\",\n   \"suite\": \"" suite "\"\n  }"
#define ONE(list) HEAD " \"signatures\": [\n" list "\n ],\n \"v\": 1\n}\n"

static const struct {
    const char *name, *text;
    enum fault_kind kind;
    size_t line;
} wrong[] = {
    {"nothing", "", FAULT_SHORT, 1},
    {"another version", HEAD " \"signatures\": [],\n \"v\": 2\n}\n", FAULT_UNKNOWN, 4},
    {"no version", HEAD " \"signatures\": []\n}\n", FAULT_MISSING, 1},
    {"no list", HEAD " \"v\": 1\n}\n", FAULT_MISSING, 1},
    {"a short digest", "{\n \"agreement\": \"AAAA\",\n \"signatures\": [],\n \"v\": 1\n}\n",
     FAULT_SYNTAX, 2},
    {"compact", "{\"agreement\":\"\",\"signatures\":[],\"v\":1}", FAULT_MISMATCH, 1},
    {"an unknown member", HEAD " \"signatures\": [],\n \"v\": 1,\n \"x\": 1\n}\n", FAULT_EXTRA, 5},
    {"a path as party", ONE(SIG("../x", "ed25519", "AAAA")), FAULT_SYNTAX, 5},
    {"a path as suite", ONE(SIG("x", "../x", "AAAA")), FAULT_SYNTAX, 7},
    {"a long suite", ONE(SIG("x", "ed25519ed25519ed25519ed25519ed25519", "AAAA")), FAULT_RANGE, 7},
    {"no signature", ONE(SIG("x", "ed25519", "")), FAULT_RANGE, 6},
    {"loose bits", ONE(SIG("x", "ed25519", "AB==")), FAULT_SYNTAX, 6},
    {"unsorted", ONE(SIG("y", "a", "AAAA") ",\n" SIG("x", "a", "AAAA")), FAULT_ORDER, 9},
    {"unsorted suites", ONE(SIG("x", "b", "AAAA") ",\n" SIG("x", "a", "AAAA")), FAULT_ORDER, 9},
    {"twice", ONE(SIG("x", "a", "AAAA") ",\n" SIG("x", "a", "AAAA")), FAULT_ORDER, 9},
};

static void a_wrong_signature_file_is_refused_with_its_line(void **state)
{
    struct signatures *s = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct agreement_error error = {0};
        struct fault f = signatures_parse(bytes_text(wrong[i].text), &s, &error);

        if (f.kind != wrong[i].kind || error.line != wrong[i].line)
            fail_msg("%s: %s in line %zu: %s", wrong[i].name, fault_word(f.kind), error.line,
                     error.why);
    }
    assert_null(s);
    assert_good(signatures_parse(bytes_text(ONE(SIG("x", "a", "AAAA"))), &s, NULL));
    assert_int_equal(s->item[0].len, 3);
    signatures_free(s);
}

static void every_prefix_of_a_signature_file_is_refused(void **state)
{
    struct scene s = scene_of(NULL, NULL);
    struct signatures *read = NULL;
    struct buf text = {0};

    (void)state;
    signatures_write(s.both, &text);
    for (size_t n = 0; n < text.len; n++)
        assert_true(fault_is(signatures_parse(bytes_of(text.data, n), &read, NULL)));
    assert_null(read);
    buf_done(&text);
    scene_done(&s);
}

static enum fault_kind follows(const char *path, const char *value)
{
    json_t *tree = example_tree();
    struct agreement *now = NULL, *next = NULL;
    struct fault f;

    assert_good(tree_parse(tree, &now, NULL));
    example_set(tree, "version", "2");
    example_set(tree, path, value);
    assert_good(tree_parse(tree, &next, NULL));
    f = agreement_follows(now, next);
    agreement_free(now);
    agreement_free(next);
    json_decref(tree);
    return f.kind;
}

/* "Version n+1 must have the same id, parties and root keys as version n" (section 4) */
static void only_the_next_version_between_the_same_parties_follows(void **state)
{
    char key[64];
    struct secret *other = example_key("somebody else");
    struct buf text = {0};

    (void)state;
    buf_base64(&text, secret_public(other).data, 32);
    snprintf(key, sizeof key, "\"%s\"", buf_str(&text));
    assert_int_equal(follows("skew", "60"), FAULT_NONE);
    assert_int_equal(follows("parties[0].territory.prefixes[0]", "\"192.0.2.0/25\""), FAULT_NONE);
    assert_int_equal(follows("version", "1"), FAULT_ORDER);
    assert_int_equal(follows("version", "3"), FAULT_ORDER);
    assert_int_equal(follows("id", "\"another\""), FAULT_MISMATCH);
    assert_int_equal(follows("parties[1].id", "\"cert-c\""), FAULT_MISMATCH);
    assert_int_equal(follows("parties[1].roots[0].key", key), FAULT_MISMATCH);
    secret_free(other);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agreement_signed_by_both_is_in_force),
        cmocka_unit_test(the_shipped_signatures_hold),
        cmocka_unit_test(one_signature_is_not_enough),
        cmocka_unit_test(nobody_signs_with_another_key_than_the_root_key),
        cmocka_unit_test(a_signer_whom_the_agreement_does_not_name_is_refused),
        cmocka_unit_test(a_signature_of_another_length_is_forged),
        cmocka_unit_test(one_bit_flipped_in_a_signature_or_the_digest_is_refused),
        cmocka_unit_test(one_bit_flipped_in_the_signature_file_is_refused),
        cmocka_unit_test(one_bit_flipped_in_the_agreement_is_refused),
        cmocka_unit_test(a_signature_of_another_agreement_does_not_hold_here),
        cmocka_unit_test(a_wrong_signature_file_is_refused_with_its_line),
        cmocka_unit_test(every_prefix_of_a_signature_file_is_refused),
        cmocka_unit_test(only_the_next_version_between_the_same_parties_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

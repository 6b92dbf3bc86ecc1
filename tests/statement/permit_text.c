#include "test.h"

#include "statement/decision.h"
#include "statement/permit_text.h"

#define HASH      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define TOP       "parley-permit/v1\nid 000102030405060708090a0b0c0d0e0f\n"
#define AGREEMENT "agreement pact 3 " HASH "\nrules 1\n"
#define KIND      "to party-b\nkind NOTICE\nclass REAL\n"
#define CASE      "case C-0123456789ABCDEF\nanswers -\n"
#define DOCUMENT  "document " HASH " 32\ndisclosed " HASH " 2113\n"
#define TAIL      "officers 2\nexpires 2026-11-30T00:00:00Z\n"
#define GOOD      TOP AGREEMENT KIND CASE "article 4(3)\n" DOCUMENT TAIL

#define DECISION                                                                                   \
    "parley-decision/v1\npermit " HASH "\nofficer ivanova\nrole releaser\n"                        \
    "time 2026-11-25T10:00:00Z\n"

static void a_permit_text_is_written_as_it_was_read(void **state)
{
    struct permit_text p;
    struct buf text = {0};

    (void)state;
    assert_good(permit_text_parse(bytes_text(GOOD), &p));
    assert_int_equal(p.officers, 2);
    assert_string_equal(p.article, "4(3)");
    permit_text_write(&p, &text);
    assert_string_equal(buf_str(&text), GOOD);
    buf_done(&text);
}

static const struct {
    const char *name, *text;
    enum fault_kind kind;
    const char *at; /* the text from the bad byte on */
} wrong[] = {
    {"another version", "parley-permit/v2\n", FAULT_SYNTAX, "2\n"},
    {"id too short", "parley-permit/v1\nid 00\n", FAULT_SYNTAX, "00\n"},
    {"a space too many", TOP "agreement  pact 3 " HASH "\n", FAULT_SYNTAX, " pact 3 " HASH "\n"},
    {"version 0", TOP "agreement pact 0 " HASH "\n", FAULT_RANGE, "0 " HASH "\n"},
    {"an unknown kind", TOP AGREEMENT "to b\nkind ATTACK\n", FAULT_UNKNOWN, "ATTACK\n"},
    {"an unknown class", TOP AGREEMENT "to b\nkind ACK\nclass GAME\n", FAULT_UNKNOWN, "GAME\n"},
    {"case with a letter that base32 has not", TOP AGREEMENT KIND "case C-0123456789ABCDEI\n",
     FAULT_SYNTAX, "C-0123456789ABCDEI\n"},
    {"leaves no power of two", TOP AGREEMENT KIND CASE "article -\ndocument " HASH " 33\n",
     FAULT_RANGE, HASH " 33\n"},
    {"no officers", TOP AGREEMENT KIND CASE "article -\n" DOCUMENT "officers 0\n", FAULT_RANGE,
     "0\n"},
    {"four officers", TOP AGREEMENT KIND CASE "article -\n" DOCUMENT "officers 4\n", FAULT_RANGE,
     "4\n"},
    {"30 February",
     TOP AGREEMENT KIND CASE "article -\n" DOCUMENT "officers 1\nexpires 2026-02-30T00:00:00Z\n",
     FAULT_RANGE, "2026-02-30T00:00:00Z\n"},
    {"a line more", GOOD "x\n", FAULT_EXTRA, "x\n"},
};

static void wrong_permit_texts_are_refused_at_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct permit_text p;
        struct fault f = permit_text_parse(bytes_text(wrong[i].text), &p);
        size_t at = strlen(wrong[i].text) - strlen(wrong[i].at);

        if (f.kind != wrong[i].kind || f.at != at)
            fail_msg("%s: %s at %zu, expected %s at %zu", wrong[i].name, fault_word(f.kind), f.at,
                     fault_word(wrong[i].kind), at);
    }
}

static void every_prefix_of_a_permit_text_is_short(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(GOOD); n++) {
        struct permit_text p;

        assert_fault(permit_text_parse(bytes_of(GOOD, n), &p), FAULT_SHORT);
    }
}

static void a_decision_is_written_as_it_was_read_and_every_prefix_is_short(void **state)
{
    struct decision d;
    struct buf text = {0};

    (void)state;
    assert_good(decision_parse(bytes_text(DECISION), &d));
    assert_int_equal(d.role, OFFICER_RELEASER);
    decision_write(&d, &text);
    assert_string_equal(buf_str(&text), DECISION);
    buf_done(&text);
    for (size_t n = 0; n < strlen(DECISION); n++)
        assert_fault(decision_parse(bytes_of(DECISION, n), &d), FAULT_SHORT);
    assert_fault(decision_parse(bytes_text(DECISION "\n"), &d), FAULT_EXTRA);
}

/* PROTOCOL.ledger 2: "Every signature [..] is over [..] PURPOSE [..] AGREEMENT-ID [..] BYTES" */
static void a_decision_holds_under_its_key_and_agreement_alone(void **state)
{
    const struct suite *suite = suite_find(bytes_text("ed25519"));
    uint8_t seed[32] = {1}, other_seed[32] = {2};
    struct secret *key, *other;
    struct buf sig = {0}, names = {0};
    struct bytes text = bytes_text(DECISION), pact = bytes_text("pact"), by;
    struct several_key own, his;

    (void)state;
    assert_good(secret_from_seed(suite, seed, &key));
    assert_good(secret_from_seed(suite, other_seed, &other));
    decision_sign(text, pact, &key, 1, &names, &sig);
    own = (struct several_key){suite, secret_public(key)};
    his = (struct several_key){suite, secret_public(other)};
    by = buf_view(&names);
    assert_true(bytes_is(by, "ed25519"));
    assert_good(decision_verify(text, pact, &own, 1, by, buf_view(&sig)));
    assert_fault(decision_verify(text, pact, &his, 1, by, buf_view(&sig)), FAULT_FORGED);
    assert_fault(decision_verify(text, bytes_text("pact2"), &own, 1, by, buf_view(&sig)),
                 FAULT_FORGED);
    buf_done(&names);
    assert_fault(domain_verify(suite, secret_public(key), DOMAIN_ROOT, pact, text, buf_view(&sig)),
                 FAULT_FORGED);
    buf_done(&sig);
    secret_free(key);
    secret_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permit_text_is_written_as_it_was_read),
        cmocka_unit_test(wrong_permit_texts_are_refused_at_the_byte),
        cmocka_unit_test(every_prefix_of_a_permit_text_is_short),
        cmocka_unit_test(a_decision_is_written_as_it_was_read_and_every_prefix_is_short),
        cmocka_unit_test(a_decision_holds_under_its_key_and_agreement_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

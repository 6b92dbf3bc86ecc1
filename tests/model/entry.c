#include "model/entry.h"

#include "test.h"

#define H     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define HEAD  "parley-entry/v1\nagreement a-b-2015 1 " H "\nfrom a\n"
#define CASE  "case C-0123456789ABCDEF\nnumber 2\nprevious " H "\nanswers -\n"
#define REST  "time 2026-11-25T09:22:17Z\nseen 0 -\ndocument " H " 8\ndisclosed " H " 100\n"
#define GOOD  HEAD "kind NOTICE\nclass REAL\n" CASE REST "permit " H "\n"
#define KINDS HEAD "kind "

static void the_good_form_is_read_and_written_back(void **state)
{
    static const char *const good[] = {
        GOOD,
        HEAD "kind GENESIS\nclass REAL\ncase -\nnumber 0\nprevious -\nanswers -\n" REST
             "permit root\n",
        HEAD "kind EVIDENCE\nclass REAL\ncase -\nnumber 0\nprevious -\nanswers -\n" REST
             "permit automatic\n",
        HEAD "kind RECEIPT\nclass TEST\ncase -\nnumber 0\nprevious -\nanswers " H "\n" REST
             "permit automatic\n",
        HEAD "kind CHECK\nclass TEST\ncase C-ZZZZZZZZZZZZZZZZ\nnumber 1\nprevious -\nanswers " H
             "\ntime 2026-11-25T09:22:17Z\nseen 9223372036854775807 " H "\ndocument " H
             " 4096\ndisclosed " H " 262144\npermit automatic\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct entry e;
        struct buf back = {0};

        assert_good(entry_parse(bytes_text(good[i]), &e));
        entry_write(&e, &back);
        assert_string_equal(buf_str(&back), good[i]);
        buf_done(&back);
    }
}

static void the_fields_are_what_was_said(void **state)
{
    struct entry e;

    (void)state;
    assert_good(entry_parse(bytes_text(GOOD), &e));
    assert_string_equal(e.agreement, "a-b-2015");
    assert_int_equal(e.version, 1);
    assert_string_equal(e.from, "a");
    assert_int_equal(e.kind, KIND_NOTICE);
    assert_int_equal(e.class, CLASS_REAL);
    assert_string_equal(e.case_id, "C-0123456789ABCDEF");
    assert_int_equal(e.number, 2);
    assert_true(e.has_previous);
    assert_false(e.has_answers);
    assert_int_equal(instant_seconds(e.time), 1795598537);
    assert_int_equal(e.leaves, 8);
    assert_int_equal(e.disclosed_length, 100);
    assert_int_equal(e.permit_kind, PERMIT_DIGEST);
}

static size_t after(const char *text, const char *part)
{
    const char *found = strstr(text, part);

    assert_non_null(found);
    return (size_t)(found - text) + strlen(part);
}

/* Each wrong text and the words behind which its first bad byte stands. */
static void wrong_forms_are_refused_where_they_go_wrong(void **state)
{
    static const struct {
        const char *name, *text;
        enum fault_kind kind;
        const char *behind;
    } wrong[] = {
        {"another version", "parley-entry/v2\n", FAULT_SYNTAX, "parley-entry/v"},
        {"an upper-case id", "parley-entry/v1\nagreement A 1 " H "\n", FAULT_SYNTAX, "agreement "},
        {"version 0", "parley-entry/v1\nagreement a 0 " H "\n", FAULT_RANGE, "agreement a "},
        {"version 01", "parley-entry/v1\nagreement a 01 " H "\n", FAULT_SYNTAX, "agreement a "},
        {"version 2^32", "parley-entry/v1\nagreement a 4294967296 " H "\n", FAULT_RANGE,
         "agreement a "},
        {"two spaces", "parley-entry/v1\nagreement a  1 " H "\n", FAULT_SYNTAX, "agreement a "},
        {"a digest of 31 bytes",
         "parley-entry/v1\nagreement a 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
         FAULT_SYNTAX, "agreement a 1 "},
        {"loose bits in base64",
         "parley-entry/v1\nagreement a 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
         FAULT_SYNTAX, "agreement a 1 "},
        {"a line too few", HEAD "class REAL\n", FAULT_SYNTAX, "from a\n"},
        {"a kind that is none", KINDS "THREAT\nclass REAL\n", FAULT_UNKNOWN, "kind "},
        {"a frame as a kind", KINDS "CHECKPOINT\nclass REAL\n", FAULT_UNKNOWN, "kind "},
        {"the word for no kind", KINDS "NONE\nclass REAL\n", FAULT_UNKNOWN, "kind "},
        {"a class that is none", KINDS "NOTICE\nclass DRILL\n", FAULT_UNKNOWN, "class "},
        {"a case with I", KINDS "NOTICE\nclass REAL\ncase C-I123456789ABCDEF\n", FAULT_SYNTAX,
         "case "},
        {"a short case", KINDS "NOTICE\nclass REAL\ncase C-123456789ABCDEF\n", FAULT_SYNTAX,
         "case "},
        {"a notice without case", KINDS "NOTICE\nclass REAL\ncase -\n", FAULT_RANGE, "case "},
        {"genesis with a case", KINDS "GENESIS\nclass REAL\ncase C-0123456789ABCDEF\n", FAULT_RANGE,
         "case "},
        {"a number without case", KINDS "EVIDENCE\nclass REAL\ncase -\nnumber 1\n", FAULT_RANGE,
         "number "},
        {"number 0 in a case", KINDS "NOTICE\nclass REAL\ncase C-0123456789ABCDEF\nnumber 0\n",
         FAULT_RANGE, "number "},
        {"number 1 with a previous",
         KINDS "NOTICE\nclass REAL\ncase C-0123456789ABCDEF\nnumber 1\nprevious " H "\n",
         FAULT_RANGE, "previous "},
        {"number 2 without previous",
         KINDS "NOTICE\nclass REAL\ncase C-0123456789ABCDEF\nnumber 2\nprevious -\n", FAULT_RANGE,
         "previous "},
        {"a receipt of nothing",
         KINDS "RECEIPT\nclass REAL\ncase -\nnumber 0\nprevious -\nanswers -\n", FAULT_RANGE,
         "answers "},
        {"evidence that answers",
         KINDS "EVIDENCE\nclass REAL\ncase -\nnumber 0\nprevious -\nanswers " H "\n", FAULT_RANGE,
         "answers "},
        {"local time", KINDS "NOTICE\nclass REAL\n" CASE "time 2026-11-25T09:22:17+08:00\n",
         FAULT_SYNTAX, "time "},
        {"a 30 February", KINDS "NOTICE\nclass REAL\n" CASE "time 2026-02-30T09:22:17Z\n",
         FAULT_RANGE, "time "},
        {"seen 0 with a root",
         KINDS "NOTICE\nclass REAL\n" CASE "time 2026-11-25T09:22:17Z\nseen 0 " H "\n",
         FAULT_SYNTAX, "seen 0 "},
        {"seen above 2^63",
         KINDS "NOTICE\nclass REAL\n" CASE "time 2026-11-25T09:22:17Z\nseen 9223372036854775808 " H
               "\n",
         FAULT_RANGE, "seen "},
        {"nine leaves",
         KINDS "NOTICE\nclass REAL\n" CASE "time 2026-11-25T09:22:17Z\nseen 0 -\ndocument " H
               " 9\n",
         FAULT_RANGE, "document " H " "},
        {"four leaves",
         KINDS "NOTICE\nclass REAL\n" CASE "time 2026-11-25T09:22:17Z\nseen 0 -\ndocument " H
               " 4\n",
         FAULT_RANGE, "document " H " "},
        {"too long a document",
         KINDS "NOTICE\nclass REAL\n" CASE "time 2026-11-25T09:22:17Z\nseen 0 -\ndocument " H
               " 8\ndisclosed " H " 262145\n",
         FAULT_RANGE, "disclosed " H " "},
        {"a notice let out automatically",
         KINDS "NOTICE\nclass REAL\n" CASE REST "permit automatic\n", FAULT_RANGE, "permit "},
        {"a notice by the root", KINDS "NOTICE\nclass REAL\n" CASE REST "permit root\n",
         FAULT_RANGE, "permit "},
        {"a check that asks, automatically",
         KINDS "CHECK\nclass REAL\n" CASE REST "permit automatic\n", FAULT_RANGE, "permit "},
        {"a permit that is none", KINDS "NOTICE\nclass REAL\n" CASE REST "permit none\n",
         FAULT_SYNTAX, "permit "},
        {"one line more", GOOD "x\n", FAULT_EXTRA, GOOD},
        {"carriage returns", "parley-entry/v1\r\n", FAULT_SYNTAX, "parley-entry/v1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct entry e;
        struct fault f = entry_parse(bytes_text(wrong[i].text), &e);

        if (f.kind != wrong[i].kind || f.at != after(wrong[i].text, wrong[i].behind))
            fail_msg("%s: %s at %zu, expected %s at %zu", wrong[i].name, fault_word(f.kind), f.at,
                     fault_word(wrong[i].kind), after(wrong[i].text, wrong[i].behind));
    }
}

static void every_prefix_of_an_entry_is_short(void **state)
{
    struct entry e;

    (void)state;
    for (size_t n = 0; n < strlen(GOOD); n++) {
        struct fault f = entry_parse(bytes_of(GOOD, n), &e);

        assert_int_equal(f.kind, FAULT_SHORT);
        assert_int_equal(f.at, n);
    }
}

static void an_entry_of_more_than_1024_bytes_is_refused_unread(void **state)
{
    static char text[ENTRY_MAX + 1];
    struct entry e;

    (void)state;
    memset(text, 'x', sizeof text);
    assert_fault(entry_parse(bytes_of(text, sizeof text), &e), FAULT_LIMIT);
}

static void names_lead_to_kinds_and_back(void **state)
{
    (void)state;
    for (enum kind k = KIND_CHECK; k < KIND_COUNT; k++)
        assert_int_equal(kind_parse(bytes_text(kind_name(k))), k);
    for (enum class c = CLASS_REAL; c <= CLASS_TEST; c++)
        assert_int_equal(class_parse(bytes_text(class_name(c))), c);
    assert_int_equal(kind_parse(bytes_text("notice")), KIND_NONE);
    assert_int_equal(class_parse(bytes_text("NONE")), CLASS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_form_is_read_and_written_back),
        cmocka_unit_test(the_fields_are_what_was_said),
        cmocka_unit_test(wrong_forms_are_refused_where_they_go_wrong),
        cmocka_unit_test(every_prefix_of_an_entry_is_short),
        cmocka_unit_test(an_entry_of_more_than_1024_bytes_is_refused_unread),
        cmocka_unit_test(names_lead_to_kinds_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

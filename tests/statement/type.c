#include "statement/type.h"

#include "test.h"

/* DESIGN 4: "The 24 types [..] Their names are the wire names". */
static void there_are_24_types(void **state)
{
    size_t count = 0;

    (void)state;
    for (enum kind kind = KIND_NONE; kind < KIND_COUNT; kind++) {
        const struct type *t = type_find(kind);

        if (t == NULL)
            continue;
        count++;
        assert_int_equal(t->kind, kind);
        assert_int_equal(kind_parse(bytes_text(kind_name(kind))), kind);
    }
    assert_int_equal(count, 24);
    assert_null(type_find(KIND_GENESIS));
    assert_null(type_find(KIND_EVIDENCE));
}

static void these_types_can_be_said_now(void **state)
{
    static const enum kind now[] = {KIND_CHECK,   KIND_RECEIPT, KIND_ACK,     KIND_REJECT,
                                    KIND_NOTICE,  KIND_UPDATE,  KIND_ANSWER,  KIND_CLOSE,
                                    KIND_CONTACT, KIND_SHARE,   KIND_RETRACT, KIND_AGREEMENT};
    size_t available = 0;

    (void)state;
    for (enum kind kind = KIND_CHECK; kind < KIND_GENESIS; kind++)
        available += type_find(kind)->available;
    assert_int_equal(available, sizeof now / sizeof *now);
    for (size_t i = 0; i < sizeof now / sizeof *now; i++)
        assert_true(type_find(now[i])->available);
}

/* PROTOCOL.ledger 3: "The automatic kinds are RECEIPT, REJECT, EVIDENCE and the return of a CHECK"
 */
static void the_automatic_kinds_are_these(void **state)
{
    (void)state;
    for (enum kind kind = KIND_CHECK; kind < KIND_COUNT; kind++) {
        bool always = kind == KIND_RECEIPT || kind == KIND_REJECT || kind == KIND_EVIDENCE;

        assert_int_equal(type_is_automatic(kind, false), always);
        assert_int_equal(type_is_automatic(kind, true), always || kind == KIND_CHECK);
    }
}

/* PROTOCOL.hotline 3: "RECEIPT and REJECT get no RECEIPT, so a quiet link comes to rest." A chain
 * of receipts ends whatever it began with. */
static void a_receipt_makes_no_receipt_due(void **state)
{
    (void)state;
    assert_false(type_wants_receipt(KIND_RECEIPT, true));
    assert_false(type_wants_receipt(KIND_REJECT, true));
    assert_false(type_wants_receipt(KIND_CHECK, true));
    assert_true(type_wants_receipt(KIND_CHECK, false));
    assert_true(type_wants_receipt(KIND_NOTICE, false));
    assert_false(type_wants_receipt(KIND_CONTACT, false));
    for (enum kind kind = KIND_CHECK; kind < KIND_COUNT; kind++)
        assert_false(type_is_automatic(kind, true) && type_wants_receipt(kind, true));
}

static void what_can_be_due_can_be_ended(void **state)
{
    unsigned starts = 0, stops = 0;

    (void)state;
    for (enum kind kind = KIND_CHECK; kind < KIND_GENESIS; kind++) {
        starts |= type_find(kind)->starts;
        stops |= type_find(kind)->stops;
    }
    assert_int_equal(starts & ~stops, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_24_types),
        cmocka_unit_test(these_types_can_be_said_now),
        cmocka_unit_test(the_automatic_kinds_are_these),
        cmocka_unit_test(a_receipt_makes_no_receipt_due),
        cmocka_unit_test(what_can_be_due_can_be_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

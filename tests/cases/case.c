#include "cases/case.h"

#include "test.h"

static const uint32_t clocks[CLOCK_KINDS] = {0,      120,    3600,    14400, 86400,
                                             259200, 172800, 2592000, 600};

static struct digest leaf(uint8_t n)
{
    return (struct digest){{n}};
}

static struct instant at(int64_t seconds)
{
    return instant_of_seconds(seconds);
}

static struct case_said said(enum kind kind, enum variant variant, enum case_side by, uint8_t n)
{
    return (struct case_said){.kind = kind,
                              .variant = variant,
                              .by = by,
                              .class = CLASS_REAL,
                              .urgency = URGENCY_PRIORITY,
                              .leaf = leaf(n),
                              .stored = at(1000)};
}

static void apply(struct case_life *life, struct case_said s)
{
    assert_good(case_apply(life, &s, clocks));
}

static const struct due *due_of(const struct case_life *life, enum clock_kind kind)
{
    for (size_t i = 0; i < life->due_count; i++)
        if (life->due[i].clock == kind)
            return &life->due[i];
    fail_msg("no clock %d", kind);
    return NULL;
}

static struct case_life notified(void)
{
    struct case_life life = {0};

    apply(&life, said(KIND_NOTICE, VARIANT_NONE, SIDE_OPENER, 1));
    return life;
}

static void a_notice_makes_a_receipt_an_acknowledgement_and_an_answer_due(void **state)
{
    struct case_life life = notified();
    struct digest one = leaf(1);

    (void)state;
    assert_int_equal(life.state, CASE_NOTIFIED);
    assert_int_equal(life.due_count, 3);
    assert_int_equal(due_of(&life, CLOCK_RECEIPT)->due.us, at(1120).us);
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->state, DUE_WAITING);
    case_bound(&life, &one, at(1001));
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->due.us, at(1001 + 14400).us);
    assert_int_equal(due_of(&life, CLOCK_ANSWER)->due.us, at(1001 + 259200).us);
}

static void an_acknowledgement_counts_when_it_is_binding(void **state)
{
    struct case_life life = notified();
    struct digest one = leaf(1), two = leaf(2);

    (void)state;
    case_bound(&life, &one, at(1001));
    apply(&life, said(KIND_ACK, VARIANT_NONE, SIDE_OTHER, 2));
    assert_int_equal(life.state, CASE_ACKNOWLEDGED);
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->state, DUE_ENDING);
    case_bound(&life, &two, at(1001 + 14400));
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->state, DUE_KEPT);
    assert_int_equal(due_of(&life, CLOCK_ANSWER)->state, DUE_RUNNING);
}

static void a_second_too_late_is_late(void **state)
{
    struct case_life life = notified();
    struct digest one = leaf(1), two = leaf(2);

    (void)state;
    case_bound(&life, &one, at(1001));
    apply(&life, said(KIND_ACK, VARIANT_NONE, SIDE_OTHER, 2));
    case_bound(&life, &two, at(1001 + 14401));
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->state, DUE_LATE);
}

static void silence_becomes_overdue_once_and_says_which_kind(void **state)
{
    struct case_life life = notified();
    struct digest one = leaf(1), two = leaf(2);
    struct case_said receipt = said(KIND_RECEIPT, VARIANT_NONE, SIDE_OTHER, 2);
    struct instant next;

    (void)state;
    case_bound(&life, &one, at(1001));
    assert_true(case_next_due(&life, &next));
    assert_int_equal(next.us, at(1120).us);
    receipt.has_answers = true;
    receipt.answers = leaf(1);
    apply(&life, receipt);
    case_bound(&life, &two, at(1010));
    assert_int_equal(case_overdue(&life, at(1001 + 14400)), 0);
    assert_int_equal(case_overdue(&life, at(1002 + 14400)), 1);
    assert_int_equal(case_overdue(&life, at(1002 + 14400)), 0);
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->state, DUE_OVERDUE);
    assert_true(due_of(&life, CLOCK_ACK_PRIORITY)->receipt);
    assert_ptr_equal(case_pressing(&life, SIDE_OTHER), due_of(&life, CLOCK_ACK_PRIORITY));
}

static void a_node_that_never_answered_is_told_from_an_officer_who_did_not(void **state)
{
    struct case_life life = notified();
    struct digest one = leaf(1);

    (void)state;
    case_bound(&life, &one, at(1001));
    case_overdue(&life, at(1002 + 14400));
    assert_false(due_of(&life, CLOCK_ACK_PRIORITY)->receipt);
    assert_int_equal(due_of(&life, CLOCK_RECEIPT)->state, DUE_OVERDUE);
}

static void an_acknowledgement_after_overdue_is_late_and_rebuts_it(void **state)
{
    struct case_life life = notified();
    struct digest one = leaf(1), two = leaf(2);

    (void)state;
    case_bound(&life, &one, at(1001));
    case_overdue(&life, at(20000));
    apply(&life, said(KIND_ACK, VARIANT_NONE, SIDE_OTHER, 2));
    case_bound(&life, &two, at(20001));
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->state, DUE_LATE);
}

static void a_pending_answer_gives_one_more_time_at_most(void **state)
{
    struct case_life life = notified();
    struct case_said pending = said(KIND_ANSWER, VARIANT_PENDING, SIDE_OTHER, 2);
    struct digest one = leaf(1);

    (void)state;
    case_bound(&life, &one, at(1000));
    pending.until = at(1000 + 300000);
    apply(&life, pending);
    assert_int_equal(life.state, CASE_ACKNOWLEDGED);
    assert_int_equal(due_of(&life, CLOCK_ANSWER)->due.us, at(301000).us);
    pending.until = at(90000000);
    pending.leaf = leaf(3);
    apply(&life, pending);
    assert_int_equal(due_of(&life, CLOCK_ANSWER)->due.us, at(1000 + 2 * 259200).us);
}

static void what_the_table_does_not_have_cannot_happen(void **state)
{
    struct case_life life = notified(), before = life;
    struct case_said wrong[] = {said(KIND_NOTICE, VARIANT_NONE, SIDE_OPENER, 9),
                                said(KIND_ACK, VARIANT_NONE, SIDE_OPENER, 9),
                                said(KIND_ANSWER, VARIANT_NONE, SIDE_OPENER, 9),
                                said(KIND_CLOSE, VARIANT_AGREE, SIDE_OTHER, 9),
                                said(KIND_CHECK, VARIANT_NONE, SIDE_OTHER, 9)};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fault(case_apply(&life, &wrong[i], clocks), FAULT_ORDER);
    assert_memory_equal(&life, &before, sizeof life);
}

static void exercise_and_real_do_not_mix_in_a_case(void **state)
{
    struct case_life life = notified();
    struct case_said ack = said(KIND_ACK, VARIANT_NONE, SIDE_OTHER, 2);

    (void)state;
    ack.class = CLASS_EXERCISE;
    assert_fault(case_apply(&life, &ack, clocks), FAULT_REFUSED);
}

static void a_case_closes_when_the_other_side_agrees(void **state)
{
    struct case_life life = notified();

    (void)state;
    apply(&life, said(KIND_ACK, VARIANT_NONE, SIDE_OTHER, 2));
    apply(&life, said(KIND_ANSWER, VARIANT_NONE, SIDE_OTHER, 3));
    apply(&life, said(KIND_CLOSE, VARIANT_PROPOSE, SIDE_OPENER, 4));
    assert_int_equal(life.state, CASE_CLOSING);
    assert_null(move_allowed(life.state, SIDE_OPENER, life.proposer, 1 + 1));
    apply(&life, said(KIND_CLOSE, VARIANT_AGREE, SIDE_OTHER, 5));
    assert_int_equal(life.state, CASE_CLOSED);
    apply(&life, said(KIND_CLOSE, VARIANT_REOPEN, SIDE_OTHER, 6));
    assert_int_equal(life.state, CASE_ACKNOWLEDGED);
}

static void two_proposals_that_cross_agree(void **state)
{
    struct case_life a = notified(), b = a;

    (void)state;
    apply(&a, said(KIND_CLOSE, VARIANT_PROPOSE, SIDE_OPENER, 4));
    apply(&a, said(KIND_CLOSE, VARIANT_PROPOSE, SIDE_OTHER, 5));
    apply(&b, said(KIND_CLOSE, VARIANT_PROPOSE, SIDE_OTHER, 5));
    apply(&b, said(KIND_CLOSE, VARIANT_PROPOSE, SIDE_OPENER, 4));
    assert_int_equal(a.state, CASE_CLOSED);
    assert_int_equal(b.state, CASE_CLOSED);
}

static void a_rejected_notice_ends_what_was_due(void **state)
{
    struct case_life life = notified();
    struct case_said reject = said(KIND_REJECT, VARIANT_RETURN, SIDE_OTHER, 2);
    struct digest one = leaf(1);
    struct instant next;

    (void)state;
    case_bound(&life, &one, at(1001));
    reject.has_answers = true;
    reject.answers = leaf(1);
    apply(&life, reject);
    assert_int_equal(life.state, CASE_REJECTED);
    assert_false(case_next_due(&life, &next));
}

static void a_check_comes_back(void **state)
{
    struct case_life life = {0};
    struct case_said back = said(KIND_CHECK, VARIANT_RETURN, SIDE_OTHER, 2);
    struct digest one = leaf(1), two = leaf(2);

    (void)state;
    apply(&life, said(KIND_CHECK, VARIANT_NONE, SIDE_OPENER, 1));
    case_bound(&life, &one, at(1001));
    back.has_answers = true;
    back.answers = leaf(1);
    apply(&life, back);
    case_bound(&life, &two, at(1002));
    assert_int_equal(life.state, CASE_CHECKED);
    assert_int_equal(due_of(&life, CLOCK_CHECK)->state, DUE_KEPT);
}

/* A statement and the RECEIPT for it, both binding at once. */
static void update_and_receipt(struct case_life *life, uint8_t n, int64_t now, bool in_time)
{
    struct case_said receipt = said(KIND_RECEIPT, VARIANT_NONE, SIDE_OTHER, 200);
    struct case_said update = said(KIND_UPDATE, VARIANT_NONE, SIDE_OPENER, n);

    update.stored = at(now);
    apply(life, update);
    case_bound(life, &update.leaf, at(now));
    receipt.leaf.byte[1] = n;
    receipt.has_answers = true;
    receipt.answers = leaf(n);
    apply(life, receipt);
    case_bound(life, &receipt.leaf, at(in_time ? now : now + 121));
}

static void a_case_takes_any_number_of_statements_whose_clocks_are_over(void **state)
{
    struct case_life life = notified();
    struct digest one = leaf(1);

    (void)state;
    case_bound(&life, &one, at(1000));
    for (unsigned i = 0; i < 150; i++)
        update_and_receipt(&life, (uint8_t)(2 + i), 2000, i != 3);
    assert_int_equal(life.due_count, CASE_CLOCKS);
    assert_int_equal(due_of(&life, CLOCK_ANSWER)->state, DUE_RUNNING);
    assert_int_equal(due_of(&life, CLOCK_ACK_PRIORITY)->state, DUE_RUNNING);
    assert_int_equal(life.gone_kept, 3 + 150 - CASE_CLOCKS);
    assert_int_equal(life.gone_late, 0);
}

/* The RECEIPT of the opening statement is the oldest clock that is over, and still wanted. */
static void a_receipt_is_remembered_as_long_as_its_statement_can_become_overdue(void **state)
{
    struct case_life life = notified();
    struct case_said receipt = said(KIND_RECEIPT, VARIANT_NONE, SIDE_OTHER, 201);
    struct digest one = leaf(1);

    (void)state;
    case_bound(&life, &one, at(1001));
    receipt.has_answers = true;
    receipt.answers = leaf(1);
    apply(&life, receipt);
    case_bound(&life, &receipt.leaf, at(1002));
    for (unsigned i = 0; i < 150; i++)
        update_and_receipt(&life, (uint8_t)(2 + i), 2000, true);
    assert_int_equal(case_overdue(&life, at(1002 + 14400)), 1);
    assert_true(due_of(&life, CLOCK_ACK_PRIORITY)->receipt);
}

static void a_case_with_too_many_open_clocks_refuses_the_next(void **state)
{
    struct case_life life = notified(), before;
    struct case_said update;
    struct digest one = leaf(1);
    size_t taken = 0;

    (void)state;
    case_bound(&life, &one, at(1000));
    for (uint8_t n = 2; taken == 0; n++) {
        struct fault f;

        update = said(KIND_UPDATE, VARIANT_NONE, SIDE_OPENER, n);
        before = life;
        f = case_apply(&life, &update, clocks);
        if (!fault_is(f))
            continue;
        assert_fault(f, FAULT_LIMIT);
        assert_memory_equal(&life, &before, sizeof life);
        taken = n - 2u;
    }
    assert_int_equal(taken, CASE_CLOCKS - 3);
    assert_int_equal(case_overdue(&life, at(100000000)), CASE_CLOCKS);
    assert_fault(case_apply(&life, &update, clocks), FAULT_LIMIT);
}

/* docs/cases.md is drawn from the table; PARLEY_REDRAW=1 draws it anew. */
static void the_documentation_is_the_table(void **state)
{
    const char *source = getenv("PARLEY_SOURCE");
    struct buf path = {0}, table = {0}, page = {0};
    char chunk[4096];
    size_t n;
    FILE *f;

    (void)state;
    buf_print(&path, "%s/docs/cases.md", source == NULL ? "." : source);
    buf_text(&table,
             "# The moves of a case\n\nDrawn from `src/cases/move.c`; what is not here cannot "
             "happen. RECEIPT, and REJECT of\nanother statement than the one that opened the case, "
             "leave the state as it is.\nA case holds at most 64 clocks that are not over; a "
             "statement that would start one more is\nrefused.\n\n");
    moves_draw(&table);
    if (getenv("PARLEY_REDRAW") != NULL) {
        f = fopen(buf_str(&path), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(table.data, 1, table.len, f), table.len);
        fclose(f);
    }
    f = fopen(buf_str(&path), "r");
    assert_non_null(f);
    while ((n = fread(chunk, 1, sizeof chunk, f)) != 0)
        buf_add(&page, chunk, n);
    fclose(f);
    assert_true(bytes_equal(buf_view(&page), buf_view(&table)));
    buf_done(&path);
    buf_done(&table);
    buf_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_makes_a_receipt_an_acknowledgement_and_an_answer_due),
        cmocka_unit_test(an_acknowledgement_counts_when_it_is_binding),
        cmocka_unit_test(a_second_too_late_is_late),
        cmocka_unit_test(silence_becomes_overdue_once_and_says_which_kind),
        cmocka_unit_test(a_node_that_never_answered_is_told_from_an_officer_who_did_not),
        cmocka_unit_test(an_acknowledgement_after_overdue_is_late_and_rebuts_it),
        cmocka_unit_test(a_pending_answer_gives_one_more_time_at_most),
        cmocka_unit_test(what_the_table_does_not_have_cannot_happen),
        cmocka_unit_test(exercise_and_real_do_not_mix_in_a_case),
        cmocka_unit_test(a_case_closes_when_the_other_side_agrees),
        cmocka_unit_test(two_proposals_that_cross_agree),
        cmocka_unit_test(a_rejected_notice_ends_what_was_due),
        cmocka_unit_test(a_check_comes_back),
        cmocka_unit_test(a_case_takes_any_number_of_statements_whose_clocks_are_over),
        cmocka_unit_test(a_receipt_is_remembered_as_long_as_its_statement_can_become_overdue),
        cmocka_unit_test(a_case_with_too_many_open_clocks_refuses_the_next),
        cmocka_unit_test(the_documentation_is_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

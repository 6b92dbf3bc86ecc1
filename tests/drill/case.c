/*
 * Attack drills within a case: claimed times, silence, a bundle from which something was left
 * out. The arbiter has the bundle alone. docs/threat-model.md lists them.
 */
#include "cheat.h"

#include "proof/verify.h"

static struct report *judged(struct bytes bundle)
{
    struct report *r = memory_zeroed(1, sizeof *r);

    bundle_verify(bundle, r);
    return r;
}

static struct report *judged_story(const struct make_wishes *w)
{
    struct buf text = {0};
    struct report *r;

    make_text(w, &text);
    r = judged(buf_view(&text));
    buf_done(&text);
    return r;
}

static void forget(struct report *r)
{
    report_done(r);
    free(r);
}

/* ledger.md: "the two cosigned heads bracket it" */
static void a_back_dated_statement_is_outside_its_bracket(void **state)
{
    struct report *r = judged_story(&(struct make_wishes){.notice_claims = -86400});

    (void)state;
    assert_int_equal(r->verdict, VERDICT_VERIFIED); /* said it was; when it says so it was not */
    assert_int_equal(r->checks[CHECK_TIMES].state, CHECK_NOTED);
    assert_true(r->statements[0].ill_timed);
    assert_true(r->statements[0].binding.us - r->statements[0].time.us > 86000 * 1000000LL);
    forget(r);
}

static void a_forward_dated_statement_is_outside_its_bracket(void **state)
{
    struct report *r = judged_story(&(struct make_wishes){.notice_claims = 86400});

    (void)state;
    assert_int_equal(r->checks[CHECK_TIMES].state, CHECK_NOTED);
    assert_true(r->statements[0].ill_timed);
    assert_true(r->statements[0].time.us - r->statements[0].binding.us > 86000 * 1000000LL);
    forget(r);
}

/* PROTOCOL.ledger section 6: "Cosignature times never fall." The node that gets one refuses it, and
 * in a bundle it is no head. */
static void a_cosigner_who_turns_his_clock_back_is_refused(void **state)
{
    struct drill *d = drill_new();
    struct disk *disk = disk_new(2);
    struct files files = disk_files(disk);
    struct history told = {0};
    struct buf note = {0};
    struct bytes entry[4];
    uint64_t index[4];
    struct ledger *l;
    struct head h;
    struct report *r;

    (void)state;
    history_to(d, &told, 4);
    for (size_t i = 0; i < 4; i++)
        entry[i] = buf_view(&told.text[i]);
    assert_good(ledger_open(&files, 3, d->m->log[A].origin, 0, true, &l));
    assert_good(ledger_append(l, entry, 4, index));
    assert_good(head_init(&h, l, &d->trust.author[A], &d->trust.cosigner[B]));
    cheat_note(d, &told, 3, 1764063500, &note);
    assert_good(head_take_stored(&h, buf_view(&note)));
    assert_good(head_take_binding(&h, buf_view(&note)));
    cheat_note(d, &told, 4, 1764063400, &note); /* a hundred seconds earlier */
    assert_good(head_take_stored(&h, buf_view(&note)));
    assert_fault(head_take_binding(&h, buf_view(&note)), FAULT_CLOCK);
    r = judged_story(&(struct make_wishes){.falling_time = true});
    assert_int_equal(r->verdict, VERDICT_FORGED);
    assert_int_equal(r->checks[CHECK_HEADS].state, CHECK_BAD);
    assert_non_null(strstr(r->checks[CHECK_HEADS].found, "never fall"));
    forget(r);
    ledger_free(l);
    history_done(&told);
    buf_done(&note);
    disk_free(disk);
    drill_free(d);
}

/* ledger.md: "only lateness": the deadline that the receiver owes is shown late, or open. */
static void a_receiver_who_says_that_nothing_came_is_shown_late(void **state)
{
    struct make *m = make_story(&(struct make_wishes){.ack_later = 100000});
    struct bundle *b = make_bundle(m);
    struct buf text = {0};
    struct report *r;
    bool late = false, open = false;

    (void)state;
    bundle_write(b, &text);
    r = judged(buf_view(&text));
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    for (size_t i = 0; i < r->clock_count; i++)
        late = late || (r->clocks[i].kind == CLOCK_ACK_PRIORITY && r->clocks[i].party == 1 &&
                        r->clocks[i].met && r->clocks[i].late);
    assert_true(late);
    forget(r);
    /* He says nothing at all: what he cosigned shows that he held it. */
    b->logs[0].entry_count = 2; /* genesis, NOTICE */
    b->logs[1].entry_count = 1;
    buf_clear(&text);
    bundle_write(b, &text);
    r = judged(buf_view(&text));
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    assert_int_equal(r->statement_count, 1);
    assert_true(r->statements[0].bound);
    for (size_t i = 0; i < r->clock_count; i++)
        open = open ||
               (r->clocks[i].kind == CLOCK_RECEIPT && r->clocks[i].party == 1 && !r->clocks[i].met);
    assert_true(open);
    forget(r);
    bundle_free(b);
    make_free(m);
    buf_done(&text);
}

/* ledger.md: "the chain from first to last, the count in the last" */
static void a_case_with_a_statement_left_out_has_a_gap(void **state)
{
    struct make *m = make_story(&(struct make_wishes){0});

    (void)state;
    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 1; i + 1 < m->log[log].entries; i++) {
            struct bundle *b = make_bundle(m);
            struct bundle_log *l = &b->logs[log];
            struct buf text = {0};
            struct report *r;

            memmove(&l->entries[i], &l->entries[i + 1],
                    (l->entry_count - i - 1) * sizeof *l->entries);
            l->entry_count--;
            bundle_write(b, &text);
            r = judged(buf_view(&text));
            assert_int_equal(r->verdict, VERDICT_CANNOT_TELL);
            assert_int_equal(r->checks[CHECK_CHAIN].state, CHECK_UNKNOWN);
            assert_non_null(strstr(r->checks[CHECK_CHAIN].found, "one is missing here"));
            forget(r);
            buf_done(&text);
            bundle_free(b);
        }
    make_free(m);
}

/* A cheater who would rather have the rest of a case unreadable: one statement of his that answers
 * nothing, jumps a number, is of another class, or names an agreement that nobody signed. */
static void a_statement_that_hangs_in_the_air_hides_nothing_behind_it(void **state)
{
    static const struct {
        struct make_wishes wish;
        const char *name;
    } tries[] = {
        {{.no_answers_at = 2}, "answers"},
        {{.gap_at = 2}, "chain"},
        {{.other_class_at = 2}, "class"},
        {{.other_agreement_at = 2}, "agreement"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct report *r = judged_story(&tries[i].wish);

        assert_true(r->verdict == VERDICT_VERIFIED || r->verdict == VERDICT_CANNOT_TELL);
        assert_int_equal(r->statement_count, 12);
        assert_string_equal(aside_name(r->statements[2].aside), tries[i].name);
        assert_int_equal(r->statements[2].party, 1);
        for (size_t k = 3; k < r->statement_count; k++)
            assert_true(r->statements[k].bound);
        forget(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_back_dated_statement_is_outside_its_bracket),
        cmocka_unit_test(a_forward_dated_statement_is_outside_its_bracket),
        cmocka_unit_test(a_cosigner_who_turns_his_clock_back_is_refused),
        cmocka_unit_test(a_receiver_who_says_that_nothing_came_is_shown_late),
        cmocka_unit_test(a_case_with_a_statement_left_out_has_a_gap),
        cmocka_unit_test(a_statement_that_hangs_in_the_air_hides_nothing_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "proof/verify.h"

#include <stdlib.h>
#include <unistd.h>

#include "proof/make_bundle.h"
#include "test.h"

static struct report *verify(struct bytes text)
{
    struct report *r = calloc(1, sizeof *r);

    assert_non_null(r);
    bundle_verify(text, r);
    return r;
}

static struct report *verify_story(struct make_wishes w)
{
    struct buf text = {0};
    struct report *r;

    make_text(&w, &text);
    r = verify(buf_view(&text));
    buf_done(&text);
    return r;
}

static void forget(struct report *r)
{
    report_done(r);
    free(r);
}

static void print_checks(const struct report *r)
{
    for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++)
        if (r->checks[c].state != CHECK_NOT_MADE)
            print_message("%-10s %d %s\n", check_name(c), r->checks[c].state, r->checks[c].found);
}

static void assert_verdict(struct make_wishes w, enum verdict verdict, enum check at,
                           enum check_state state)
{
    struct report *r = verify_story(w);

    if (r->verdict != verdict || r->checks[at].state != state) {
        print_checks(r);
        fail_msg("verdict %d, %s %d", r->verdict, check_name(at), r->checks[at].state);
    }
    forget(r);
}

static void assert_forged(struct make_wishes w, enum check at)
{
    assert_verdict(w, VERDICT_FORGED, at, CHECK_BAD);
}

/* "VERIFIED (exit 0): all hold." (PROTOCOL.bundle section 3) */
static void a_true_story_is_verified(void **state)
{
    struct report *r = verify_story((struct make_wishes){0});

    (void)state;
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++)
        assert_int_equal(r->checks[c].state, CHECK_OK);
    assert_string_equal(r->case_id, "C-7Q2K91MDX0PA44ZT");
    assert_int_equal(r->statement_count, 12);
    assert_string_equal(r->parties[0].id, "cert-a");
    assert_int_equal(r->parties[0].root_count, 1);
    forget(r);
}

struct expected_clock {
    const char *clock, *owes;
    enum kind statement;
    bool late;
};

static void assert_clocks(const struct report *r, const struct expected_clock *clocks, size_t count)
{
    assert_int_equal(r->clock_count, count);
    for (size_t i = 0; i < count; i++) {
        const struct report_clock *c = &r->clocks[i];

        assert_string_equal(clock_name(c->kind), clocks[i].clock);
        assert_string_equal(r->parties[c->party].id, clocks[i].owes);
        assert_int_equal(c->statement, clocks[i].statement);
        assert_true(c->met);
        assert_int_equal(c->late, clocks[i].late);
    }
}

static const struct expected_clock all_clocks[] = {
    {"receipt", "cert-b", KIND_NOTICE, false}, {"ack-priority", "cert-b", KIND_NOTICE, false},
    {"answer", "cert-b", KIND_NOTICE, false},  {"receipt", "cert-a", KIND_ACK, false},
    {"receipt", "cert-b", KIND_UPDATE, false}, {"receipt", "cert-a", KIND_ANSWER, false},
    {"close", "cert-a", KIND_ANSWER, false},   {"receipt", "cert-b", KIND_CLOSE, false},
    {"close", "cert-b", KIND_CLOSE, false},    {"receipt", "cert-a", KIND_CLOSE, false},
};

enum { ALL_CLOCKS = sizeof all_clocks / sizeof *all_clocks };

/* "clocks: receipt from stored (claimed), the others from binding: kept, late or open" */
static void the_clocks_are_recomputed(void **state)
{
    struct report *r = verify_story((struct make_wishes){0});

    (void)state;
    assert_clocks(r, all_clocks, ALL_CLOCKS);
    assert_int_equal(r->clocks[1].when.us - r->statements[0].binding.us, 62 * 1000000);
    assert_int_equal(r->clocks[1].due.us - r->statements[0].binding.us, 14400LL * 1000000);
    forget(r);
}

/* Cosignature times are whole seconds of two clocks: they alone do not order what was said. */
static void what_was_seen_orders_statements_of_one_second(void **state)
{
    static const enum kind order[] = {KIND_NOTICE, KIND_RECEIPT, KIND_ACK,    KIND_RECEIPT,
                                      KIND_UPDATE, KIND_RECEIPT, KIND_ANSWER, KIND_RECEIPT,
                                      KIND_CLOSE,  KIND_RECEIPT, KIND_CLOSE,  KIND_RECEIPT};

    (void)state;
    for (int second = 0; second < 2; second++) {
        struct report *r =
            verify_story((struct make_wishes){.same_second = true, .second_opens = second != 0});

        assert_int_equal(r->verdict, VERDICT_VERIFIED);
        assert_int_equal(r->statement_count, 12);
        for (size_t i = 0; i < 12; i++)
            assert_int_equal(r->statements[i].kind, order[i]);
        assert_int_equal(r->checks[CHECK_CLOCKS].state, CHECK_OK);
        assert_int_equal(r->clock_count, ALL_CLOCKS);
        forget(r);
    }
}

static void a_late_acknowledgement_is_shown_late_and_still_verified(void **state)
{
    struct expected_clock clocks[ALL_CLOCKS];
    struct report *r = verify_story((struct make_wishes){.ack_later = 14400});

    (void)state;
    memcpy(clocks, all_clocks, sizeof clocks);
    clocks[1].late = true;
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    assert_int_equal(r->checks[CHECK_CLOCKS].state, CHECK_NOTED);
    assert_clocks(r, clocks, ALL_CLOCKS);
    forget(r);
}

/* "a bad one is reported, it is no forgery" (section 3, times) */
static void a_back_dated_statement_is_noted_and_still_verified(void **state)
{
    static const int64_t claims[] = {-86400, 86400};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct report *r = verify_story((struct make_wishes){.notice_claims = claims[i]});

        assert_int_equal(r->verdict, VERDICT_VERIFIED);
        assert_int_equal(r->checks[CHECK_TIMES].state, CHECK_NOTED);
        assert_true(r->statements[0].ill_timed);
        assert_false(r->statements[1].ill_timed);
        forget(r);
    }
    assert_verdict((struct make_wishes){.notice_claims = -30}, VERDICT_VERIFIED, CHECK_TIMES,
                   CHECK_OK);
}

static void a_statement_of_another_case_is_forged(void **state)
{
    (void)state;
    assert_forged((struct make_wishes){.other_case_at = 6}, CHECK_CHAIN);
}

/* "What a party can bring about by itself is no forgery" (section 3). All of these are in the logs,
 * truly signed by one who cheats or errs: each is named, counts for nothing, and hides nothing of
 * what was said after it. */
static void one_bad_statement_of_a_party_hides_nothing(void **state)
{
    static const struct {
        struct make_wishes wish;
        enum verdict verdict;
        enum check at;
        enum check_state state;
        enum aside aside;
    } bad[] = {
        {{.no_answers_at = 6}, VERDICT_VERIFIED, CHECK_CHAIN, CHECK_NOTED, ASIDE_ANSWERS},
        {{.other_class_at = 6}, VERDICT_VERIFIED, CHECK_CLOCKS, CHECK_NOTED, ASIDE_CLASS},
        {{.gap_at = 6}, VERDICT_CANNOT_TELL, CHECK_CHAIN, CHECK_UNKNOWN, ASIDE_CHAIN},
        {{.other_previous_at = 6}, VERDICT_CANNOT_TELL, CHECK_CHAIN, CHECK_UNKNOWN, ASIDE_CHAIN},
        {{.other_agreement_at = 6},
         VERDICT_CANNOT_TELL,
         CHECK_CHAIN,
         CHECK_UNKNOWN,
         ASIDE_AGREEMENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct report *r = verify_story(bad[i].wish);

        if (r->verdict != bad[i].verdict || r->checks[bad[i].at].state != bad[i].state) {
            print_checks(r);
            fail_msg("wish %zu: verdict %d", i, r->verdict);
        }
        assert_int_equal(r->statement_count, 12);
        assert_int_equal(r->statements[6].aside, bad[i].aside);
        assert_non_null(strstr(r->checks[CHECK_CLOCKS].found, "for nothing"));
        assert_int_equal(r->checks[CHECK_OPENINGS].state, CHECK_OK);
        forget(r);
    }
}

/* docs/STATEMENTS, nonce: "random; the return has the same". A node takes no other for a return. */
static void a_check_that_came_back_with_another_nonce_is_still_open(void **state)
{
    static const struct {
        struct make_wishes wish;
        enum aside aside;
        bool met;
    } checks[] = {
        {{.check = true}, ASIDE_NONE, true},
        {{.check = true, .other_nonce = true}, ASIDE_NONCE, false},
        {{.check = true, .no_document_at = 2}, ASIDE_NO_NONCE, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct report *r = verify_story(checks[i].wish);
        bool met = false, there = false;

        assert_int_equal(r->verdict, VERDICT_VERIFIED);
        assert_int_equal(r->statement_count, 3);
        assert_int_equal(r->statements[2].kind, KIND_CHECK);
        assert_int_equal(r->statements[2].aside, checks[i].aside);
        for (size_t k = 0; k < r->clock_count; k++)
            if (r->clocks[k].kind == CLOCK_CHECK) {
                there = true;
                met = r->clocks[k].met;
            }
        assert_true(there);
        assert_int_equal(met, checks[i].met);
        forget(r);
    }
}

/* Whose case it is, is not decided by what the other party puts before its first statement. */
static void a_statement_before_the_opening_one_does_not_take_the_case_over(void **state)
{
    struct make *m = make_story(&(struct make_wishes){.second_opens = true});
    struct bundle *b = make_bundle(m);
    struct buf text = {0};
    struct report *r;

    (void)state;
    b->logs[1].entry_count = 1; /* the opener's own are not here: a RECEIPT is the first word */
    bundle_write(b, &text);
    r = verify(buf_view(&text));
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    assert_int_equal(r->clock_count, 0);
    assert_int_equal(r->checks[CHECK_CHAIN].state, CHECK_NOTED);
    forget(r);
    buf_done(&text);
    bundle_free(b);
    make_free(m);
}

/* The story with one statement taken out of the bundle, as its exporter could. */
static void a_statement_that_is_left_out_is_missed(void **state)
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
            r = verify(buf_view(&text));
            assert_int_equal(r->verdict, VERDICT_CANNOT_TELL);
            assert_int_equal(r->checks[CHECK_CHAIN].state, CHECK_UNKNOWN);
            assert_non_null(strstr(r->checks[CHECK_CHAIN].found, "is missing here"));
            forget(r);
            buf_done(&text);
            bundle_free(b);
        }
    make_free(m);
}

static void a_document_in_anothers_place_is_forged(void **state)
{
    struct make *m = make_story(&(struct make_wishes){0});
    struct bundle *b = make_bundle(m);
    struct buf text = {0};
    struct report *r;

    (void)state;
    b->logs[0].entries[2].document = b->logs[0].entries[3].document;
    bundle_write(b, &text);
    r = verify(buf_view(&text));
    assert_int_equal(r->verdict, VERDICT_FORGED);
    assert_int_equal(r->checks[CHECK_DOCUMENTS].state, CHECK_BAD);
    assert_non_null(strstr(r->checks[CHECK_DOCUMENTS].found, "of cert-a"));
    forget(r);
    buf_done(&text);
    bundle_free(b);
    make_free(m);
}

/* "a head without the partner's cosignature (stored, not binding): the statements under it are
 * listed as such" */
static void a_head_without_cosignature_is_cannot_tell(void **state)
{
    struct make_wishes w = {.drop_cosignature = 6};
    struct report *r = verify_story(w);

    (void)state;
    assert_int_equal(r->verdict, VERDICT_CANNOT_TELL);
    assert_int_equal(r->checks[CHECK_HEADS].state, CHECK_UNKNOWN);
    assert_int_equal(r->checks[CHECK_CHAIN].state, CHECK_OK);
    assert_int_equal(r->statement_count, 12);
    assert_int_equal(r->statements[11].kind, KIND_RECEIPT);
    assert_false(r->statements[11].bound);
    for (size_t i = 0; i < 11; i++)
        assert_true(r->statements[i].bound);
    assert_true(r->clocks[ALL_CLOCKS - 1].ending);
    forget(r);
    w.other_case_at = 6; /* what is forged besides is forged */
    assert_forged(w, CHECK_CHAIN);
}

static void a_genesis_not_signed_by_the_root_is_forged(void **state)
{
    (void)state;
    assert_forged((struct make_wishes){.other_genesis_root = true}, CHECK_GENESIS);
}

static void heads_that_contradict_each_other_are_forged(void **state)
{
    struct report *r = verify_story((struct make_wishes){.fork = true});

    (void)state;
    assert_int_equal(r->verdict, VERDICT_FORGED);
    assert_int_equal(r->checks[CHECK_GROWTH].state, CHECK_BAD);
    assert_non_null(strstr(r->checks[CHECK_GROWTH].found, "cert-a signed both"));
    forget(r);
    assert_forged((struct make_wishes){.fork = true, .fork_same_size = true}, CHECK_GROWTH);
}

/* "Cosignature times never fall." (PROTOCOL.ledger section 6) */
static void a_cosignature_older_than_the_one_before_is_forged(void **state)
{
    (void)state;
    assert_forged((struct make_wishes){.falling_time = true}, CHECK_HEADS);
}

/* "Every byte of it is covered by a signature, a hash or a proof" (PROTOCOL.bundle section 1) */
static void a_line_of_somebody_else_under_a_head_is_refused(void **state)
{
    (void)state;
    assert_forged((struct make_wishes){.stray_line = true}, CHECK_HEADS);
}

static void a_wrong_opening_is_forged(void **state)
{
    (void)state;
    assert_forged((struct make_wishes){.wrong_opening = true}, CHECK_OPENINGS);
    assert_forged((struct make_wishes){.opening_elsewhere = true}, CHECK_OPENINGS);
    assert_forged((struct make_wishes){.opening_is_a_list = true}, CHECK_OPENINGS);
}

/* "document" is "" only where the exporting side erased it or refused it by rule. */
static void an_erased_document_is_noted(void **state)
{
    (void)state;
    assert_verdict((struct make_wishes){.no_document_at = 6}, VERDICT_VERIFIED, CHECK_DOCUMENTS,
                   CHECK_NOTED);
}

static void an_opening_of_a_document_that_is_not_here_is_cannot_tell(void **state)
{
    struct make *m = make_story(&(struct make_wishes){0});
    struct bundle *b = make_bundle(m);
    struct buf text = {0};
    struct report *r;

    (void)state;
    b->logs[0].entries[1].document = bytes_text("");
    bundle_write(b, &text);
    r = verify(buf_view(&text));
    assert_int_equal(r->verdict, VERDICT_CANNOT_TELL);
    assert_int_equal(r->checks[CHECK_OPENINGS].state, CHECK_UNKNOWN);
    forget(r);
    buf_done(&text);
    bundle_free(b);
    make_free(m);
}

/* The good bundle with one text in place of another of it. */
static struct report *verify_changed(const char *from, const char *to)
{
    struct buf text = {0}, changed = {0};
    const char *whole, *at;
    struct report *r;

    make_text(&(struct make_wishes){0}, &text);
    whole = buf_str(&text);
    at = strstr(whole, from);
    assert_non_null(at);
    buf_add(&changed, whole, (size_t)(at - whole));
    buf_text(&changed, to);
    buf_text(&changed, at + strlen(from));
    r = verify(buf_view(&changed));
    buf_done(&text);
    buf_done(&changed);
    return r;
}

/* "CANNOT TELL (6): an unknown version or suite" */
static void what_we_do_not_know_is_cannot_tell(void **state)
{
    static const struct {
        const char *from, *to;
        enum check at;
    } unknown[] = {
        {"\"v\":1}", "\"v\":2}", CHECK_FORM},
        {"parley-case", "parley-cast", CHECK_FORM},
        {"\\\"suites\\\":[\\\"ed25519\\\"]", "\\\"suites\\\":[\\\"ml-dsa-65\\\"]", CHECK_AGREEMENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        struct report *r = verify_changed(unknown[i].from, unknown[i].to);

        if (r->verdict != VERDICT_CANNOT_TELL || r->checks[unknown[i].at].state != CHECK_UNKNOWN) {
            print_checks(r);
            fail_msg("%s: verdict %d", unknown[i].to, r->verdict);
        }
        forget(r);
    }
    assert_verdict((struct make_wishes){.unknown_version_at = 6}, VERDICT_CANNOT_TELL,
                   CHECK_INCLUSION, CHECK_UNKNOWN);
}

static void every_prefix_is_refused(void **state)
{
    struct buf text = {0};

    (void)state;
    make_text(&(struct make_wishes){.small = true}, &text);
    for (size_t n = 0; n < text.len; n++) {
        struct report *r = verify(bytes_of(text.data, n));

        assert_int_equal(r->verdict, VERDICT_FORGED);
        forget(r);
    }
    buf_done(&text);
}

/* PARLEY_FLIP_STEP=1 tries every bit; it takes minutes with sanitizers. */
static void flip_bits(const struct make_wishes *w, size_t step)
{
    const char *asked = getenv("PARLEY_FLIP_STEP"), *seed = getenv("PARLEY_SEED");
    struct report *r = calloc(1, sizeof *r);
    struct buf text = {0};
    size_t first, tried = 0;

    step = asked == NULL ? step : strtoul(asked, NULL, 10);
    first = (seed == NULL ? (size_t)getpid() : strtoul(seed, NULL, 10)) % step;
    make_text(w, &text);
    print_message("%zu bytes, every bit of number %zu + n * %zu (PARLEY_SEED=%zu)\n", text.len,
                  first, step, first);
    for (size_t bit = first; bit < text.len * 8; bit += step, tried++) {
        text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        bundle_verify(buf_view(&text), r);
        if (r->verdict != VERDICT_FORGED && r->verdict != VERDICT_CANNOT_TELL)
            fail_msg("bit %zu: verdict %d", bit, r->verdict);
        report_done(r);
        text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    print_message("%zu flips\n", tried);
    bundle_verify(buf_view(&text), r);
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    forget(r);
    buf_done(&text);
}

static void one_flipped_bit_anywhere_is_never_verified(void **state)
{
    (void)state;
    flip_bits(&(struct make_wishes){.small = true}, 13);
    flip_bits(&(struct make_wishes){0}, 509);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_story_is_verified),
        cmocka_unit_test(the_clocks_are_recomputed),
        cmocka_unit_test(what_was_seen_orders_statements_of_one_second),
        cmocka_unit_test(a_late_acknowledgement_is_shown_late_and_still_verified),
        cmocka_unit_test(a_back_dated_statement_is_noted_and_still_verified),
        cmocka_unit_test(a_statement_of_another_case_is_forged),
        cmocka_unit_test(one_bad_statement_of_a_party_hides_nothing),
        cmocka_unit_test(a_check_that_came_back_with_another_nonce_is_still_open),
        cmocka_unit_test(a_statement_before_the_opening_one_does_not_take_the_case_over),
        cmocka_unit_test(a_statement_that_is_left_out_is_missed),
        cmocka_unit_test(a_document_in_anothers_place_is_forged),
        cmocka_unit_test(a_head_without_cosignature_is_cannot_tell),
        cmocka_unit_test(a_genesis_not_signed_by_the_root_is_forged),
        cmocka_unit_test(heads_that_contradict_each_other_are_forged),
        cmocka_unit_test(a_cosignature_older_than_the_one_before_is_forged),
        cmocka_unit_test(a_line_of_somebody_else_under_a_head_is_refused),
        cmocka_unit_test(a_wrong_opening_is_forged),
        cmocka_unit_test(an_erased_document_is_noted),
        cmocka_unit_test(an_opening_of_a_document_that_is_not_here_is_cannot_tell),
        cmocka_unit_test(what_we_do_not_know_is_cannot_tell),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(one_flipped_bit_anywhere_is_never_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A case as a bundle, made by desk and read by the stranger's check. */
#include "desk/desk.h"

#include "asking.h"
#include "partner.h"
#include "proof/bundle.h"
#include "proof/verify.h"

struct talk {
    struct rig *r;
    struct partner b;
    char case_id[CASE_TEXT];
    struct digest notice; /* leaf */
};

/* Our NOTICE is binding, theirs RECEIPT and ACK too. */
static struct talk talking(void)
{
    struct talk t = {.r = founded()};
    size_t n = say_notice(t.r, NULL, NULL);
    struct partner_says receipt = {.kind = KIND_RECEIPT, .number = 1};
    struct digest first;

    say_and_wait(t.r, n);
    snprintf(t.case_id, sizeof t.case_id, "%s", text_of(t.r, n, "case"));
    t.notice = leaf_of(t.r, n);
    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    receipt.case_id = t.case_id;
    receipt.answers = &t.notice;
    receipt.fields = json_pack("{s:o, s:i, s:s}", "received", json_digest_of(&t.notice), "size", 1,
                               "arrived", "2025-11-25T09:31:00Z");
    first = partner_says(&t.b, &receipt);
    partner_says(&t.b, &(struct partner_says){.kind = KIND_ACK,
                                              .case_id = t.case_id,
                                              .number = 2,
                                              .previous = &first,
                                              .answers = &t.notice});
    partner_push(&t.b);
    return t;
}

static void talk_done(struct talk *t)
{
    partner_done(&t->b);
    rig_free(t->r);
}

/* Exports, verifies; how many statements there are of each side, and how many were left out. */
static void export_says(struct talk *t, enum verdict verdict, size_t ours, size_t theirs,
                        long long left)
{
    size_t n = ask(t->r, json_pack("{s:s, s:s}", "do", "case.export", "case", t->case_id));
    struct bytes text;
    struct report *report = calloc(1, sizeof *report);
    struct bundle *b;
    uint8_t *bundle;
    size_t len;

    is_good(t->r, n);
    text = bytes_text(text_of(t->r, n, "bundle"));
    assert_true(base64_size(text, &len));
    bundle = malloc(len);
    assert_true(base64_read(text, bundle, len));
    bundle_verify(bytes_of(bundle, len), report);
    if (report->verdict != verdict)
        for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++)
            print_message("%s: %s\n", check_name(c), report->checks[c].found);
    assert_int_equal(report->verdict, verdict);
    assert_int_equal(report->statement_count, ours + theirs);
    assert_good(bundle_parse(bytes_of(bundle, len), &b, NULL));
    assert_int_equal(b->logs[0].entry_count, 1 + ours);
    assert_int_equal(b->logs[1].entry_count, 1 + theirs);
    assert_int_equal(json_integer_value(json_object_get(t->r->answer[n], "left-out")), left);
    bundle_free(b);
    report_done(report);
    free(report);
    free(bundle);
}

static void export_is(struct talk *t, size_t ours, size_t theirs, long long left)
{
    export_says(t, VERDICT_VERIFIED, ours, theirs, left);
}

static void a_bundle_of_a_running_case_is_verified(void **state)
{
    struct talk t = talking();

    (void)state;
    export_is(&t, 1, 2, 1); /* our RECEIPT for the ACK is not binding yet */
    partner_cosign(&t.b);
    export_is(&t, 2, 2, 0);
    talk_done(&t);
}

/* PROTOCOL.bundle section 2: a bundle holds what is binding, also where what it answers is not yet:
 * a partner who holds his cosignature back would else hide what he says meanwhile. */
static void what_answers_a_statement_that_is_not_binding_is_in_the_bundle(void **state)
{
    struct talk t = talking();
    struct digest update, receipt;
    size_t n;

    (void)state;
    partner_cosign(&t.b);
    n = say_update(t.r, t.case_id, 60);
    say_and_wait(t.r, n);
    update = leaf_of(t.r, n);
    receipt = partner_says(
        &t.b, &(struct partner_says){.kind = KIND_RECEIPT,
                                     .case_id = t.case_id,
                                     .number = 3,
                                     .previous = &t.b.leaf[2],
                                     .answers = &update,
                                     .fields = json_pack("{s:o, s:i, s:s}", "received",
                                                         json_digest_of(&update), "size", 1,
                                                         "arrived", "2025-11-25T09:31:00Z")});
    partner_says(&t.b,
                 &(struct partner_says){
                     .kind = KIND_UPDATE, .case_id = t.case_id, .number = 4, .previous = &receipt});
    partner_push(&t.b);
    export_is(&t, 2, 4, 2); /* our UPDATE and RECEIPT are left out */
    partner_cosign(&t.b);
    export_is(&t, 3, 4, 1);
    partner_cosign(&t.b); /* of the PUSH that waited for the first */
    export_is(&t, 4, 4, 0);
    talk_done(&t);
}

/* One statement of the partner's that answers what is nowhere, or does not follow his one before:
 * rejected, in the bundle by name, and what he says after it is there too. */
static void a_statement_that_hangs_in_the_air_hides_nothing_behind_it(void **state)
{
    static const struct digest nowhere = {{9, 9}};
    static const struct {
        uint64_t number;
        bool answers;
    } odd[] = {{3, true}, {5, false}, {2, false}};

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct talk t = talking();
        struct digest bad, good;

        partner_cosign(&t.b);
        bad =
            partner_says(&t.b, &(struct partner_says){.kind = KIND_UPDATE,
                                                      .case_id = t.case_id,
                                                      .number = odd[i].number,
                                                      .previous = &t.b.leaf[2],
                                                      .answers = odd[i].answers ? &nowhere : NULL});
        good = partner_says(&t.b, &(struct partner_says){.kind = KIND_UPDATE,
                                                         .case_id = t.case_id,
                                                         .number = odd[i].number + 1,
                                                         .previous = &bad});
        partner_push(&t.b);
        assert_true(we_rejected(t.r, &bad));
        assert_false(we_rejected(t.r, &good));
        partner_cosign(&t.b);
        export_says(&t, odd[i].answers ? VERDICT_VERIFIED : VERDICT_CANNOT_TELL, 4, 4, 0);
        talk_done(&t);
    }
}

/* Each UPDATE of theirs starts a RECEIPT of ours; a case had room for 64 clocks in all. */
static void a_case_of_a_hundred_statements_is_replayed_whole(void **state)
{
    struct talk t = talking();
    json_t *clocks;
    size_t n, kept = 0;

    (void)state;
    partner_cosign(&t.b);
    for (uint64_t i = 0; i < 100; i++) {
        partner_says(&t.b, &(struct partner_says){.kind = KIND_UPDATE,
                                                  .case_id = t.case_id,
                                                  .number = 3 + i,
                                                  .previous = &t.b.leaf[t.b.count - 1]});
        partner_push(&t.b);
        partner_cosign(&t.b);
    }
    n = ask(t.r, json_pack("{s:s, s:s}", "do", "case.show", "case", t.case_id));
    is_good(t.r, n);
    assert_string_equal(text_of(t.r, n, "state"), "acknowledged");
    assert_string_equal(text_of(t.r, n, "clock"), "answer");
    clocks = json_object_get(t.r->answer[n], "clocks");
    for (size_t i = 0; i < json_array_size(clocks); i++)
        kept += strcmp(json_string_value(json_object_get(json_array_get(clocks, i), "state")),
                       "kept") == 0;
    assert_int_equal(json_array_size(clocks), 64);
    assert_int_equal(kept, 63);
    export_is(&t, 102, 102, 0);
    talk_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_of_a_running_case_is_verified),
        cmocka_unit_test(what_answers_a_statement_that_is_not_binding_is_in_the_bundle),
        cmocka_unit_test(a_statement_that_hangs_in_the_air_hides_nothing_behind_it),
        cmocka_unit_test(a_case_of_a_hundred_statements_is_replayed_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

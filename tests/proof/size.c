/*
 * What a case costs a stranger: bytes of proof a statement and time to check, in logs of a million
 * entries. A bundle that outgrew it fails here.
 */
#include <time.h>

#include "base/memory.h"
#include "proof/make_bundle.h"
#include "proof/verify.h"
#include "test.h"

enum {
    LEAVES = 1000000,
    PROOF_BYTES = 2048, /* a statement: inclusion, its head, the growth to it */
    CHECK_US = 100000,  /* of 100 statements, processor time */
};

static int64_t processor_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The bundle without what proves it. */
static size_t bare_size(struct bundle *b)
{
    struct buf text = {0};
    size_t size;

    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        struct bundle_log *log = &b->logs[i];

        for (size_t k = 0; k < log->entry_count; k++)
            log->entries[k].proof.count = 0;
        log->head_count = 1;
        log->heads[0] = bytes_text("");
    }
    bundle_write(b, &text);
    size = text.len;
    buf_done(&text);
    return size;
}

static void a_statement_has_at_most_two_kilobytes_of_proof(void **state)
{
    struct make *m = make_story(&(struct make_wishes){.leaves = LEAVES, .updates = 44});
    struct bundle *b = make_bundle(m);
    struct report *r = memory_zeroed(1, sizeof *r);
    struct buf text = {0};
    int64_t began, took;
    size_t proof;

    (void)state;
    bundle_write(b, &text);
    began = processor_us();
    bundle_verify(buf_view(&text), r);
    took = processor_us() - began;
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    assert_int_equal(r->statement_count, 100);
    proof = (text.len - bare_size(b)) / r->statement_count;
    print_message("%zu bytes in all, %zu of proof a statement; checked in %lld us\n", text.len,
                  proof, (long long)took);
    assert_true(proof <= PROOF_BYTES);
#if !defined(__SANITIZE_ADDRESS__)
    assert_true(took <= CHECK_US);
#endif
    report_done(r);
    free(r);
    bundle_free(b);
    make_free(m);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_has_at_most_two_kilobytes_of_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

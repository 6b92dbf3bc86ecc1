/* "All of", never "any of": whatever is taken away, doubled or put in another's place is refused.
 */
#include "crypto/several.h"

#include "crypto/digest.h"
#include "crypto/secret.h"
#include "test.h"

enum { KEYS = 3 };

static const char *const suites[KEYS] = {"ed25519", "p256-sha256", "sm2-sm3"};
static struct secret *secret[KEYS];
static struct several_key key[KEYS];

#define AGREEMENT bytes_text("cn-ru-2015")
#define WORDS     bytes_text("what was signed")

static struct fault verify(size_t count, const struct buf *names, const struct buf *signatures)
{
    return several_verify(key, count, DOMAIN_DECISION, AGREEMENT, WORDS, buf_view(names),
                          buf_view(signatures));
}

static void sign(size_t count, struct buf *names, struct buf *signatures)
{
    buf_clear(names);
    buf_clear(signatures);
    several_sign(secret, count, DOMAIN_DECISION, AGREEMENT, WORDS, names, signatures);
}

static void all_of_one_to_three_hold(void **state)
{
    struct buf names = {0}, signatures = {0};

    (void)state;
    for (size_t count = 1; count <= KEYS; count++) {
        sign(count, &names, &signatures);
        assert_good(verify(count, &names, &signatures));
    }
    buf_done(&names);
    buf_done(&signatures);
}

static void a_signature_stripped_is_missed_by_its_suites_name(void **state)
{
    struct buf names = {0}, signatures = {0};
    struct fault f;

    (void)state;
    sign(KEYS - 1, &names, &signatures);
    f = verify(KEYS, &names, &signatures);
    assert_int_equal(f.kind, FAULT_MISSING);
    assert_non_null(strstr(f.rule, "sm2-sm3"));
    buf_done(&names);
    buf_done(&signatures);
}

static void a_signature_more_than_was_asked_for_is_refused(void **state)
{
    struct buf names = {0}, signatures = {0};

    (void)state;
    sign(KEYS, &names, &signatures);
    assert_fault(verify(KEYS - 1, &names, &signatures), FAULT_EXTRA);
    buf_done(&names);
    buf_done(&signatures);
}

/* The same names and bytes, but for one thing. */
static void what_stands_in_anothers_place_is_refused(void **state)
{
    static const struct {
        const char *names;
        enum fault_kind kind;
    } wrong[] = {
        {"ed25519,ed25519,sm2-sm3", FAULT_MISSING},
        {"p256-sha256,ed25519,sm2-sm3", FAULT_RANGE},
        {"ed25519,p256-sha256,gost12-256", FAULT_MISSING},
        {"ed25519,p256-sha256,nothing", FAULT_MISSING},
        {"ed25519,p256-sha256,", FAULT_MISSING},
        {"ed25519,p256-sha256", FAULT_EXTRA},
        {"ed25519,p256-sha256,sm2-sm3,ed25519", FAULT_SHORT},
        {"a,b,c,d,e,f,g,h,i", FAULT_LIMIT},
        {"", FAULT_MISSING},
    };
    struct buf names = {0}, signatures = {0};

    (void)state;
    sign(KEYS, &names, &signatures);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f;

        buf_clear(&names);
        buf_text(&names, wrong[i].names);
        f = verify(KEYS, &names, &signatures);
        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s, %s", wrong[i].names, fault_word(f.kind), f.rule);
    }
    buf_done(&names);
    buf_done(&signatures);
}

static void every_prefix_of_the_signatures_is_refused(void **state)
{
    struct buf names = {0}, signatures = {0};

    (void)state;
    sign(KEYS, &names, &signatures);
    for (size_t n = 0; n < signatures.len; n++)
        assert_true(fault_is(several_verify(key, KEYS, DOMAIN_DECISION, AGREEMENT, WORDS,
                                            buf_view(&names), bytes_of(signatures.data, n))));
    buf_byte(&signatures, 0);
    assert_true(fault_is(verify(KEYS, &names, &signatures)));
    buf_done(&names);
    buf_done(&signatures);
}

static void it_holds_for_its_purpose_agreement_and_words_alone(void **state)
{
    struct buf names = {0}, signatures = {0};

    (void)state;
    sign(KEYS, &names, &signatures);
    assert_fault(several_verify(key, KEYS, DOMAIN_HELLO, AGREEMENT, WORDS, buf_view(&names),
                                buf_view(&signatures)),
                 FAULT_FORGED);
    assert_fault(several_verify(key, KEYS, DOMAIN_DECISION, bytes_text("other"), WORDS,
                                buf_view(&names), buf_view(&signatures)),
                 FAULT_FORGED);
    assert_fault(several_verify(key, KEYS, DOMAIN_DECISION, AGREEMENT, bytes_text("others"),
                                buf_view(&names), buf_view(&signatures)),
                 FAULT_FORGED);
    buf_done(&names);
    buf_done(&signatures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_one_to_three_hold),
        cmocka_unit_test(a_signature_stripped_is_missed_by_its_suites_name),
        cmocka_unit_test(a_signature_more_than_was_asked_for_is_refused),
        cmocka_unit_test(what_stands_in_anothers_place_is_refused),
        cmocka_unit_test(every_prefix_of_the_signatures_is_refused),
        cmocka_unit_test(it_holds_for_its_purpose_agreement_and_words_alone),
    };
    int failed;

    crypto_start();
    for (size_t i = 0; i < KEYS; i++) {
        if (fault_is(secret_new(suite_find(bytes_text(suites[i])), &secret[i])))
            return 1;
        key[i] = (struct several_key){secret_suite(secret[i]), secret_public(secret[i])};
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < KEYS; i++)
        secret_free(secret[i]);
    return failed;
}

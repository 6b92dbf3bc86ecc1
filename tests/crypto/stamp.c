/* stamp.h against an authority that OpenSSL's command line is (tests/crypto/authority.sh). */
#include "crypto/stamp.h"

#include "authority.h"

static struct authority one, other;
static struct buf response;
static const struct digest digest = {{1, 2, 3}};

static int begin(void **state)
{
    (void)state;
    authority_init(&one);
    authority_init(&other);
    authority_stamp(&one, &digest, &response);
    return 0;
}

static int end(void **state)
{
    (void)state;
    authority_done(&one);
    authority_done(&other);
    buf_done(&response);
    return 0;
}

static void a_stamp_says_who_and_when(void **state)
{
    struct stamp s;
    struct instant now = instant_now();

    (void)state;
    assert_good(stamp_verify(buf_view(&response), &digest, buf_view(&one.ca), &s));
    assert_string_equal(s.authority, "CN=Test clock");
    assert_true(llabs(s.time.us - now.us) < 120 * 1000000LL);
}

static void a_stamp_of_another_digest_or_authority_is_none(void **state)
{
    struct digest another = {{1, 2, 4}};
    struct stamp s;

    (void)state;
    assert_fault(stamp_verify(buf_view(&response), &another, buf_view(&one.ca), &s),
                 FAULT_MISMATCH);
    assert_fault(stamp_verify(buf_view(&response), &digest, buf_view(&other.ca), &s),
                 FAULT_UNKNOWN);
    assert_fault(stamp_verify(buf_view(&response), &digest, bytes_text("no PEM"), &s),
                 FAULT_SYNTAX);
}

/* RFC 3161 section 2.4.2: "When the status contains the value zero or one, a TimeStampToken MUST be
 * present. When status contains a value other than zero or one, a TimeStampToken MUST NOT". */
static void what_the_authority_refused_is_said(void **state)
{
    static const uint8_t rejection[] = {0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02};
    struct stamp s;

    (void)state;
    assert_fault(
        stamp_verify(bytes_of(rejection, sizeof rejection), &digest, buf_view(&one.ca), &s),
        FAULT_REFUSED);
}

/* What lies beside the signed part (a certificate's own signature that is not the chain's, an
 * unsigned attribute) may change and does no harm: who and when stay what they were. */
static void no_prefix_is_taken_and_no_flipped_bit_says_another_time(void **state)
{
    struct stamp s, first;

    (void)state;
    assert_good(stamp_verify(buf_view(&response), &digest, buf_view(&one.ca), &first));
    for (size_t n = 0; n < response.len; n += 3)
        assert_fault(stamp_verify(bytes_of(response.data, n), &digest, buf_view(&one.ca), &s),
                     FAULT_SYNTAX);
    for (size_t at = 0; at < response.len; at += 5) {
        struct fault f;

        response.data[at] ^= 16;
        f = stamp_verify(buf_view(&response), &digest, buf_view(&one.ca), &s);
        response.data[at] ^= 16;
        if (!fault_is(f) && s.time.us != first.time.us)
            fail_msg("byte %zu", at);
    }
    buf_byte(&response, 0);
    assert_fault(stamp_verify(buf_view(&response), &digest, buf_view(&one.ca), &s), FAULT_SYNTAX);
    response.len--;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_says_who_and_when),
        cmocka_unit_test(a_stamp_of_another_digest_or_authority_is_none),
        cmocka_unit_test(what_the_authority_refused_is_said),
        cmocka_unit_test(no_prefix_is_taken_and_no_flipped_bit_says_another_time),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

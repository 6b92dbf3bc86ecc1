/* stamp.h against an authority that OpenSSL's command line is (tests/crypto/authority.sh). */
#include "crypto/stamp.h"

#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char folder[] = "/tmp/parley-stamp-XXXXXX", other[80];
static struct buf ca, other_ca, response;
static const struct digest digest = {{1, 2, 3}};
static const uint8_t nonce[STAMP_NONCE] = {9, 8, 7};

static void run(const char *what, const char *dir, const char *query, const char *answer)
{
    extern char **environ;
    const char *source = getenv("PARLEY_SOURCE");
    char script[500], verb[8], folder_word[100], from[200], to[200];
    char *argv[] = {script, verb, folder_word, from, to, NULL};
    pid_t child;
    int status;

    snprintf(script, sizeof script, "%s/tests/crypto/authority.sh", source == NULL ? "." : source);
    snprintf(verb, sizeof verb, "%s", what);
    snprintf(folder_word, sizeof folder_word, "%s", dir);
    snprintf(from, sizeof from, "%s/%s", dir, query);
    snprintf(to, sizeof to, "%s/%s", dir, answer);
    assert_int_equal(posix_spawn(&child, script, NULL, NULL, argv, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void read_file(const char *dir, const char *name, struct buf *out)
{
    char path[200];
    uint8_t data[STAMP_CA_MAX];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "re");
    assert_non_null(f);
    buf_clear(out);
    buf_add(out, data, fread(data, 1, sizeof data, f));
    (void)fclose(f);
}

static int authority(void **state)
{
    struct buf request = {0};
    char path[200];
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(other, sizeof other, "%s/other", folder);
    run("new", folder, "", "");
    run("new", other, "", "");
    stamp_request(&digest, nonce, &request);
    snprintf(path, sizeof path, "%s/q.tsq", folder);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(request.data, 1, request.len, f), request.len);
    (void)fclose(f);
    run("reply", folder, "q.tsq", "r.tsr");
    read_file(folder, "r.tsr", &response);
    read_file(folder, "ca.pem", &ca);
    read_file(other, "ca.pem", &other_ca);
    buf_done(&request);
    return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)type;
    (void)f;
    return remove(path);
}

static int authority_gone(void **state)
{
    (void)state;
    buf_done(&ca);
    buf_done(&other_ca);
    buf_done(&response);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void a_stamp_says_who_and_when(void **state)
{
    struct stamp s;
    struct instant now = instant_now();

    (void)state;
    assert_good(stamp_verify(buf_view(&response), &digest, buf_view(&ca), &s));
    assert_string_equal(s.authority, "CN=Test clock");
    assert_true(llabs(s.time.us - now.us) < 120 * 1000000LL);
}

static void a_stamp_of_another_digest_or_authority_is_none(void **state)
{
    struct digest another = {{1, 2, 4}};
    struct stamp s;

    (void)state;
    assert_fault(stamp_verify(buf_view(&response), &another, buf_view(&ca), &s), FAULT_MISMATCH);
    assert_fault(stamp_verify(buf_view(&response), &digest, buf_view(&other_ca), &s), FAULT_FORGED);
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
    assert_fault(stamp_verify(bytes_of(rejection, sizeof rejection), &digest, buf_view(&ca), &s),
                 FAULT_REFUSED);
}

/* What lies beside the signed part (a certificate's own signature that is not the chain's, an
 * unsigned attribute) may change and does no harm: who and when stay what they were. */
static void no_prefix_is_taken_and_no_flipped_bit_says_another_time(void **state)
{
    struct stamp s, first;

    (void)state;
    assert_good(stamp_verify(buf_view(&response), &digest, buf_view(&ca), &first));
    for (size_t n = 0; n < response.len; n += 3)
        assert_fault(stamp_verify(bytes_of(response.data, n), &digest, buf_view(&ca), &s),
                     FAULT_SYNTAX);
    for (size_t at = 0; at < response.len; at += 5) {
        struct fault f;

        response.data[at] ^= 16;
        f = stamp_verify(buf_view(&response), &digest, buf_view(&ca), &s);
        response.data[at] ^= 16;
        if (!fault_is(f) && s.time.us != first.time.us)
            fail_msg("byte %zu", at);
    }
    buf_byte(&response, 0);
    assert_fault(stamp_verify(buf_view(&response), &digest, buf_view(&ca), &s), FAULT_SYNTAX);
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
    return cmocka_run_group_tests(tests, authority, authority_gone);
}

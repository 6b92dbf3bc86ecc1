/*
 * Keys in a token: SoftHSM2, a PKCS#11 module without hardware, with a P-256 and an Ed25519 key on
 * one token.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "test.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

static char folder[] = "/tmp/parley-token-XXXXXX";

/* argv[0] is looked up in PATH; what it says goes nowhere. */
static int run(const char *const *argv)
{
    int status = -1, nowhere;
    pid_t child = fork();

    if (child == 0) {
        nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return status;
}

static void import(const char *suite, const char *label, int id)
{
    struct secret *s;
    struct buf pem = {0};
    char path[200], number[8];
    const char *const argv[] = {"softhsm2-util", "--import", path,   "--token", "parley", "--label",
                                label,           "--id",     number, "--pin",   "4711",   NULL};
    FILE *out;

    assert_good(secret_new(suite_find(bytes_text(suite)), &s));
    assert_good(secret_write_pem(s, bytes_text(""), &pem));
    snprintf(path, sizeof path, "%s/%s.pem", folder, label);
    out = fopen(path, "w");
    assert_non_null(out);
    fwrite(pem.data, 1, pem.len, out);
    fclose(out);
    snprintf(number, sizeof number, "%02d", id);
    assert_int_equal(run(argv), 0);
    secret_free(s);
    buf_wipe(&pem);
}

static int make_token(void **state)
{
    static const char *const argv[] = {
        "softhsm2-util", "--init-token", "--free",   "--label", "parley",
        "--pin",         "4711",         "--so-pin", "0815",    NULL};
    char path[200];
    FILE *conf;

    (void)state;
    if (access(MODULE, R_OK) != 0)
        return 0;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/tokens", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/softhsm2.conf", folder);
    conf = fopen(path, "w");
    fprintf(conf, "directories.tokendir = %s/tokens\nobjectstore.backend = file\n", folder);
    fclose(conf);
    setenv("SOFTHSM2_CONF", path, 1);
    if (run(argv) != 0)
        return -1;
    import("p256-sha256", "national", 1);
    import("ed25519", "log", 2);
    return 0;
}

static int remove_token(void **state)
{
    const char *const argv[] = {"rm", "-rf", folder, NULL};

    (void)state;
    return run(argv);
}

static bool no_token(void)
{
    if (access(MODULE, R_OK) == 0)
        return false;
    print_message("softhsm2 is not installed\n");
    return true;
}

static struct fault open_key(const char *rest, const char *pin, struct secret **out)
{
    char text[400];

    snprintf(text, sizeof text, "pkcs11:%s", rest);
    return secret_read(NULL, bytes_text(text), bytes_text(pin), out);
}

static void a_key_in_a_token_signs(void **state)
{
    static const struct {
        const char *uri, *suite;
    } keys[] = {
        {"token=parley;object=national?module-path=" MODULE, "p256-sha256"},
        {"token=parley;object=log;type=private?module-path=" MODULE "\n", "ed25519"},
        {"token=parley;id=%02?module-path=" MODULE "\nneeds /var/lib/softhsm\n", "ed25519"},
    };

    (void)state;
    if (no_token())
        skip();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct suite *suite = suite_find(bytes_text(keys[i].suite));
        struct secret *s = NULL;
        struct buf signature = {0}, pem = {0};

        assert_good(open_key(keys[i].uri, "4711", &s));
        assert_ptr_equal(secret_suite(s), suite);
        assert_true(secret_is_in_token(s));
        for (int round = 0; round < 20; round++) {
            signature.len = 0;
            secret_sign(s, bytes_text("said"), &signature);
            assert_good(
                suite_verify(suite, secret_public(s), bytes_text("said"), buf_view(&signature)));
            assert_fault(
                suite_verify(suite, secret_public(s), bytes_text("unsaid"), buf_view(&signature)),
                FAULT_FORGED);
        }
        assert_fault(secret_write_pem(s, bytes_text(""), &pem), FAULT_REFUSED);
        secret_free(s);
        buf_done(&signature);
    }
}

/* Two keys of one token at a time, as a node has them; one goes, the other still signs. */
static void two_keys_of_one_token_work_together(void **state)
{
    struct secret *a = NULL, *b = NULL;
    struct buf signature = {0};

    (void)state;
    if (no_token())
        skip();
    assert_good(open_key("token=parley;object=national?module-path=" MODULE, "4711", &a));
    assert_good(open_key("token=parley;object=log?module-path=" MODULE, "4711", &b));
    secret_sign(a, bytes_text("said"), &signature);
    secret_free(a);
    signature.len = 0;
    secret_sign(b, bytes_text("said"), &signature);
    assert_good(
        suite_verify(secret_suite(b), secret_public(b), bytes_text("said"), buf_view(&signature)));
    secret_free(b);
    buf_done(&signature);
}

static void what_the_token_has_not_is_said(void **state)
{
    static const struct {
        const char *rest, *pin;
        enum fault_kind kind;
    } wrong[] = {
        {"token=parley;object=log?module-path=" MODULE, "4712", FAULT_REFUSED},
        {"token=parley;object=log?module-path=" MODULE, "", FAULT_MISSING},
        {"token=parley;object=gone?module-path=" MODULE, "4711", FAULT_MISSING},
        {"token=other;object=log?module-path=" MODULE, "4711", FAULT_MISSING},
        {"token=parley?module-path=" MODULE, "4711", FAULT_DUPLICATE},
        {"token=parley;object=log", "4711", FAULT_MISSING},
        {"token=parley;object=log?module-path=/nowhere.so", "4711", FAULT_MISSING},
        {"token=parley;object=log?module-path=softhsm2", "4711", FAULT_MISSING},
        {"%zz", "4711", FAULT_SYNTAX},
        {"token=parley;object=log?module-path=" MODULE "\nneed /a", "4711", FAULT_SYNTAX},
        {"token=parley;object=log?module-path=" MODULE "\nneeds a", "4711", FAULT_SYNTAX},
        {"token=parley;object=log?module-path=" MODULE
         "\nneeds /a\nneeds /b\nneeds /c\nneeds /d\nneeds /e\n",
         "4711", FAULT_LIMIT},
    };

    (void)state;
    if (no_token())
        skip();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct secret *s = NULL;

        assert_fault(open_key(wrong[i].rest, wrong[i].pin, &s), wrong[i].kind);
        assert_null(s);
    }
}

static void what_a_token_sets_is_set_unless_it_is_ours(void **state)
{
    static const struct {
        const char *line;
        enum fault_kind kind;
    } wrong[] = {
        {"set ", FAULT_SYNTAX},
        {"set A", FAULT_SYNTAX},
        {"set =b", FAULT_SYNTAX},
        {"set 1A=b", FAULT_SYNTAX},
        {"set A B=c", FAULT_SYNTAX},
        {"sets A=b", FAULT_SYNTAX},
        {"set LD_PRELOAD=/tmp/x.so", FAULT_RANGE},
        {"set OPENSSL_CONF=/tmp/x", FAULT_RANGE},
        {"set OPENSSL_ENGINES=/tmp", FAULT_RANGE},
        {"set TZ=Asia/Shanghai", FAULT_RANGE},
        {"set PARLEY_KEY=/tmp/x", FAULT_RANGE},
        {"set A=1\nset B=2\nset C=3\nset D=4\nset E=5", FAULT_LIMIT},
    };
    struct secret_needs needs;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[200];

        snprintf(text, sizeof text, "pkcs11:token=a\n%s\n", wrong[i].line);
        assert_fault(secret_needs_parse(bytes_text(text), &needs), wrong[i].kind);
    }
    assert_good(secret_needs_parse(
        bytes_text("pkcs11:token=a\nset TokenTestPath1=/etc/a=b\nneeds /b\n"), &needs));
    assert_int_equal(needs.sets, 1);
    assert_int_equal(needs.count, 1);
    assert_good(secret_needs_set(&needs));
    assert_good(secret_needs_set(&needs));
    assert_string_equal(getenv("TokenTestPath1"), "/etc/a=b");
    assert_good(
        secret_needs_parse(bytes_text("pkcs11:token=a\nset TokenTestPath1=/other\n"), &needs));
    assert_fault(secret_needs_set(&needs), FAULT_DUPLICATE);
    assert_string_equal(getenv("TokenTestPath1"), "/etc/a=b");
    unsetenv("TokenTestPath1");
}

static void what_a_token_needs_is_listed(void **state)
{
    struct secret_needs needs;

    (void)state;
    assert_good(
        secret_needs_parse(bytes_text("pkcs11:token=a\nneeds /run/pcscd\nneeds /b\n"), &needs));
    assert_int_equal(needs.count, 2);
    assert_string_equal(needs.path[0], "/run/pcscd");
    assert_string_equal(needs.path[1], "/b");
    assert_good(secret_needs_parse(bytes_text("-----BEGIN PRIVATE KEY-----\n"), &needs));
    assert_int_equal(needs.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_in_a_token_signs),
        cmocka_unit_test(two_keys_of_one_token_work_together),
        cmocka_unit_test(what_the_token_has_not_is_said),
        cmocka_unit_test(what_a_token_needs_is_listed),
        cmocka_unit_test(what_a_token_sets_is_set_unless_it_is_ours),
    };
    return cmocka_run_group_tests(tests, make_token, remove_token);
}

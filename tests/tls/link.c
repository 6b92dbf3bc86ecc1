#include "tls/link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "io/file.h"
#include "test.h"

struct end {
    struct tls_link *link;
    unsigned ups, closes;
    struct buf got;
    char why[TLS_WHY];
    bool free_in_closed;
};

static struct loop *loop;
static struct identity {
    struct buf key, certificate;
    uint8_t pin[1][TLS_PIN];
    struct tls *tls;
} alice, bob, mallory;

static void up(void *context)
{
    ((struct end *)context)->ups++;
}

static void received(void *context)
{
    struct end *e = context;

    assert_true(tls_link_take(e->link, 0, tls_link_held(e->link), &e->got));
}

static void drained(void *context)
{
    (void)context;
}

static void closed(void *context, const char *why)
{
    struct end *e = context;

    e->closes++;
    snprintf(e->why, sizeof e->why, "%s", why);
    if (e->free_in_closed) {
        tls_link_free(e->link);
        e->link = NULL;
    }
}

static const struct tls_link_use use = {
    .up = up, .received = received, .drained = drained, .closed = closed};

static struct tls_pins pins_of(const struct identity *i)
{
    return (struct tls_pins){i->pin, 1};
}

static struct end begin(const struct identity *us, const struct identity *them, int fd, bool dial,
                        struct end *e)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    *e = (struct end){0};
    e->link = tls_link_new(us->tls, loop, fd, dial, pins_of(them), &use, e);
    return *e;
}

static void turn(unsigned rounds)
{
    while (rounds-- > 0)
        loop_turn(loop, 1000);
}

static void finish(struct end *e)
{
    tls_link_free(e->link);
    buf_done(&e->got);
}

static void connect_pair(const struct identity *a, const struct identity *a_expects,
                         const struct identity *b, const struct identity *b_expects,
                         struct end *dialler, struct end *listener)
{
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    begin(a, a_expects, fd[0], true, dialler);
    begin(b, b_expects, fd[1], false, listener);
    for (unsigned i = 0;
         i < 300 && !(dialler->ups + dialler->closes > 0 && listener->ups + listener->closes > 0);
         i++)
        turn(1);
    turn(3);
}

static void two_nodes_that_pinned_each_other_speak(void **state)
{
    struct end d, l;
    uint8_t ours[TLS_EXPORTER], theirs[TLS_EXPORTER];
    uint8_t *big = memory_zeroed(1, 3 << 20);

    (void)state;
    connect_pair(&alice, &bob, &bob, &alice, &d, &l);
    assert_int_equal(d.ups, 1);
    assert_int_equal(l.ups, 1);
    assert_memory_equal(tls_link_pin(d.link), bob.pin, TLS_PIN);
    assert_memory_equal(tls_link_pin(l.link), alice.pin, TLS_PIN);
    tls_link_exporter(d.link, ours);
    tls_link_exporter(l.link, theirs);
    assert_memory_equal(ours, theirs, TLS_EXPORTER);
    for (size_t i = 0; i < 3 << 20; i++)
        big[i] = (uint8_t)(i * 31 >> 3);
    tls_link_send(d.link, bytes_of(big, 3 << 20));
    for (unsigned i = 0; i < 3000 && l.got.len < 3 << 20; i++)
        turn(1);
    assert_int_equal(l.got.len, 3 << 20);
    assert_memory_equal(l.got.data, big, 3 << 20);
    free(big);
    finish(&d);
    finish(&l);
}

static void the_last_words_before_a_finish_arrive(void **state)
{
    struct end d, l;

    (void)state;
    connect_pair(&alice, &bob, &bob, &alice, &d, &l);
    l.free_in_closed = true;
    tls_link_send(l.link, bytes_text("never read"));
    tls_link_send(d.link, bytes_text("goodbye"));
    tls_link_finish(d.link);
    for (unsigned i = 0; i < 300 && (d.closes == 0 || l.closes == 0); i++)
        turn(1);
    assert_true(bytes_is(buf_view(&l.got), "goodbye"));
    assert_string_equal(d.why, "finished");
    assert_string_equal(l.why, "they closed the connection");
    assert_null(l.link);
    finish(&d);
    finish(&l);
}

static void a_paused_link_holds_a_bounded_part_and_stops_the_sender(void **state)
{
    struct end d, l;
    uint8_t *big = memory_zeroed(1, 1 << 20);
    size_t sent = 0;

    (void)state;
    connect_pair(&alice, &bob, &bob, &alice, &d, &l);
    tls_link_pause(l.link, true);
    for (unsigned i = 0; i < 200; i++) {
        if (tls_link_queued(d.link) < 1 << 20) {
            tls_link_send(d.link, bytes_of(big, 1 << 20));
            sent += 1 << 20;
        }
        turn(1);
    }
    assert_true(sent < 4 << 20); /* it came to rest */
    assert_true(tls_link_held(l.link) <= TLS_INPUT);
    tls_link_pause(l.link, false);
    for (unsigned i = 0; i < 3000 && l.got.len < sent; i++)
        turn(1);
    assert_int_equal(l.got.len, sent);
    free(big);
    finish(&d);
    finish(&l);
}

static void a_key_that_is_not_pinned_is_refused_by_either_side(void **state)
{
    struct end d, l;

    (void)state;
    connect_pair(&mallory, &bob, &bob, &alice, &d, &l); /* the listener refuses */
    assert_int_equal(l.ups, 0);
    assert_int_equal(l.closes, 1);
    assert_string_equal(l.why, "their certificate's key is not one that the agreement pins");
    for (unsigned i = 0; i < 100 && d.closes == 0; i++)
        turn(1);
    assert_int_equal(d.closes, 1); /* and the dialler hears of it */
    finish(&d);
    finish(&l);
    connect_pair(&alice, &bob, &mallory, &alice, &d, &l); /* the dialler refuses */
    assert_int_equal(d.ups, 0);
    assert_int_equal(l.ups, 0);
    assert_string_equal(d.why, "their certificate's key is not one that the agreement pins");
    finish(&d);
    finish(&l);
}

static void whoever_speaks_no_tls_is_refused(void **state)
{
    struct end l;
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    begin(&bob, &alice, fd[0], false, &l);
    assert_int_equal(write(fd[1], "GET / HTTP/1.1\r\n\r\n", 18), 18);
    for (unsigned i = 0; i < 100 && l.closes == 0; i++)
        turn(1);
    assert_int_equal(l.closes, 1);
    assert_int_equal(l.ups, 0);
    assert_int_equal(strncmp(l.why, "TLS: ", 5), 0);
    close(fd[1]);
    finish(&l);
}

/* ---- OpenSSL's own program as the other side ------------------------------------------------- */

static char home[] = "/tmp/parley-tls-XXXXXX";

static void path_of(const char *who, const char *what, char *out)
{
    snprintf(out, 64, "%s/%s.%s", home, who, what);
}

static uint16_t listening(int *out)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;

    *out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(*out, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(*out, 1), 0);
    assert_int_equal(getsockname(*out, (struct sockaddr *)&a, &size), 0);
    return ntohs(a.sin_port);
}

/* Runs s_client with these words against us; what our side came to. */
static void s_client(const char *const *words, struct end *l)
{
    char *argv[20] = {NULL}, to[32];
    size_t count = 0;
    posix_spawn_file_actions_t files;
    char *env[] = {NULL};
    int listener, fd, status;
    pid_t pid;

    snprintf(to, sizeof to, "127.0.0.1:%u", listening(&listener));
    argv[count++] = memory_text("openssl", 7);
    argv[count++] = memory_text("s_client", 8);
    argv[count++] = memory_text("-connect", 8);
    argv[count++] = memory_text(to, strlen(to));
    for (size_t i = 0; words[i] != NULL; i++)
        argv[count++] = memory_text(words[i], strlen(words[i]));
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/zero", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    assert_int_equal(posix_spawn(&pid, "/usr/bin/openssl", &files, NULL, argv, env), 0);
    posix_spawn_file_actions_destroy(&files);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    begin(&bob, &alice, fd, false, l);
    for (unsigned i = 0; i < 3000 && l->ups + l->closes == 0; i++)
        turn(1);
    for (unsigned i = 0; i < 300 && l->ups > 0 && l->got.len == 0; i++)
        turn(1);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    while (count > 0)
        free(argv[--count]);
}

static void openssl_is_taken_only_as_the_protocol_says(void **state)
{
    char key[64], certificate[64], foreign_key[64], foreign[64], rsa_key[64], rsa[64];
    path_of("alice", "key", key);
    path_of("alice", "cert", certificate);
    path_of("mallory", "key", foreign_key);
    path_of("mallory", "cert", foreign);
    path_of("rsa", "key", rsa_key);
    path_of("rsa", "cert", rsa);
    const struct {
        const char *name;
        const char *words[16];
        const char *why; /* NULL: taken */
    } cases[] = {
        {"the right key", {"-key", key, "-cert", certificate, "-alpn", "parley/1", "-quiet"}, NULL},
        {"no certificate", {"-alpn", "parley/1"}, "TLS: peer did not return a certificate"},
        {"another key",
         {"-key", foreign_key, "-cert", foreign, "-alpn", "parley/1"},
         "their certificate's key is not one that the agreement pins"},
        {"an RSA key",
         {"-key", rsa_key, "-cert", rsa, "-alpn", "parley/1"},
         NULL /* any reason, checked below */},
        {"TLS 1.2",
         {"-key", key, "-cert", certificate, "-alpn", "parley/1", "-tls1_2"},
         "TLS: unsupported protocol"},
        {"another ALPN",
         {"-key", key, "-cert", certificate, "-alpn", "h2"},
         "TLS: no application protocol"},
        {"no ALPN",
         {"-key", key, "-cert", certificate, "-quiet"},
         "they do not speak parley/1 (ALPN)"},
        {"another group",
         {"-key", key, "-cert", certificate, "-alpn", "parley/1", "-groups", "P-256"},
         "TLS: no suitable key share"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool rsa_case = strcmp(cases[i].name, "an RSA key") == 0;
        struct end l;

        s_client(cases[i].words, &l);
        if (cases[i].why == NULL && !rsa_case) {
            assert_int_equal(l.ups, 1);
            assert_true(l.got.len > 0);
        } else if (l.ups != 0 || l.closes != 1) {
            fail_msg("%s: was taken", cases[i].name);
        } else if (!rsa_case && strcmp(l.why, cases[i].why) != 0) {
            fail_msg("%s: %s", cases[i].name, l.why);
        }
        finish(&l);
    }
}

static void a_handshake_that_drips_is_cut_off_in_time(void **state)
{
    struct end l;
    int fd[2];
    struct tick start = tick_now();

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    begin(&bob, &alice, fd[0], false, &l);
    assert_int_equal(write(fd[1], "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 11);
    for (unsigned i = 0; l.closes == 0 && tick_now().us - start.us < 15000000; i++) {
        loop_turn(loop, 50000);
        if (i % 10 == 0)
            assert_int_equal(write(fd[1], "\x01", 1), 1);
    }
    turn(3);
    assert_int_equal(l.closes, 1);
    assert_string_equal(l.why, "no handshake in time");
    assert_in_range(tick_now().us - start.us, (TLS_HANDSHAKE - 1) * 1000000LL,
                    (TLS_HANDSHAKE + 3) * 1000000LL);
    close(fd[1]);
    finish(&l);
}

/* ---- identities ------------------------------------------------------------------------------ */

static void make(struct identity *i, const char *who)
{
    char path[64];

    assert_good(tls_identity_new(&i->key, &i->certificate));
    assert_good(tls_pin(buf_view(&i->certificate), i->pin[0]));
    assert_good(tls_new(buf_view(&i->key), buf_view(&i->certificate), &i->tls));
    path_of(who, "key", path);
    assert_good(file_replace(path, buf_view(&i->key), 0600));
    path_of(who, "cert", path);
    assert_good(file_replace(path, buf_view(&i->certificate), 0600));
}

static void unmake(struct identity *i, const char *who)
{
    char path[64];

    tls_free(i->tls);
    buf_wipe(&i->key);
    buf_done(&i->certificate);
    path_of(who, "key", path);
    unlink(path);
    path_of(who, "cert", path);
    unlink(path);
}

/* openssl x509 -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 */
static void a_pin_is_what_openssl_computes_and_the_keys_too(void **state)
{
    uint8_t pin[TLS_PIN];
    char script[300], hex[65] = "", ours[65];
    FILE *f;
    int status;
    pid_t pid;
    char out[64];

    (void)state;
    path_of("alice", "pin", out);
    snprintf(script, sizeof script,
             "openssl x509 -in %s/alice.cert -noout -pubkey | openssl pkey -pubin -outform DER | "
             "openssl dgst -sha256 -r | cut -c1-64 > %s",
             home, out);
    pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    f = fopen(out, "r");
    assert_non_null(f);
    assert_non_null(fgets(hex, sizeof hex, f));
    fclose(f);
    unlink(out);
    for (size_t i = 0; i < TLS_PIN; i++)
        snprintf(ours + 2 * i, 3, "%02x", alice.pin[0][i]);
    assert_string_equal(hex, ours);
    assert_good(tls_pin_of_key(buf_view(&alice.key), pin));
    assert_memory_equal(pin, alice.pin[0], TLS_PIN);
}

static void what_is_no_key_or_no_pair_is_refused(void **state)
{
    struct tls *t;
    uint8_t pin[TLS_PIN];

    (void)state;
    assert_fault(tls_new(buf_view(&alice.key), buf_view(&bob.certificate), &t), FAULT_MISMATCH);
    assert_fault(tls_new(bytes_text("x"), buf_view(&bob.certificate), &t), FAULT_SYNTAX);
    assert_fault(tls_new(buf_view(&alice.key), bytes_text(""), &t), FAULT_SYNTAX);
    assert_fault(tls_pin(buf_view(&alice.key), pin), FAULT_SYNTAX);
    for (size_t cut = 0; cut + 30 < alice.certificate.len; cut += 13)
        assert_fault(tls_pin(bytes_of(alice.certificate.data, cut), pin), FAULT_SYNTAX);
}

static int set_up(void **state)
{
    char key[64], certificate[64];
    const char *argv[] = {"openssl", "req",     "-x509", "-newkey", "rsa:2048",  "-nodes", "-subj",
                          "/CN=x",   "-keyout", key,     "-out",    certificate, NULL};
    int status;
    pid_t pid;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_non_null(mkdtemp(home));
    loop = loop_new();
    make(&alice, "alice");
    make(&bob, "bob");
    make(&mallory, "mallory");
    path_of("rsa", "key", key);
    path_of("rsa", "cert", certificate);
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 2);
        execv("/usr/bin/openssl", (char *const *)(uintptr_t)argv);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    return status;
}

static int clean_up(void **state)
{
    char path[64];

    (void)state;
    unmake(&alice, "alice");
    unmake(&bob, "bob");
    unmake(&mallory, "mallory");
    path_of("rsa", "key", path);
    unlink(path);
    path_of("rsa", "cert", path);
    unlink(path);
    loop_free(loop);
    return rmdir(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_nodes_that_pinned_each_other_speak),
        cmocka_unit_test(the_last_words_before_a_finish_arrive),
        cmocka_unit_test(a_paused_link_holds_a_bounded_part_and_stops_the_sender),
        cmocka_unit_test(a_key_that_is_not_pinned_is_refused_by_either_side),
        cmocka_unit_test(whoever_speaks_no_tls_is_refused),
        cmocka_unit_test(openssl_is_taken_only_as_the_protocol_says),
        cmocka_unit_test(a_handshake_that_drips_is_cut_off_in_time),
        cmocka_unit_test(a_pin_is_what_openssl_computes_and_the_keys_too),
        cmocka_unit_test(what_is_no_key_or_no_pair_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, clean_up);
}

#include "io/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "io/channel.h"
#include "io/file.h"
#include "io/log.h"
#include "test.h"

static char home[] = "/tmp/parley-sandbox-XXXXXX";
static char mine[64], theirs[64];
static int handed, listener; /* opened before the sandbox */
static uint16_t port, other_port;

enum { KILLED = 1000, BROKEN = 1001 };

#if defined(__SANITIZE_ADDRESS__)
#define WIDER 1 /* the sanitisers' superset lets an open reach Landlock: EACCES, not death */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WIDER 1
#endif
#endif
#ifndef WIDER
#define WIDER 0
#endif

/* Runs `act` in a process with these rights. What it returned (0: it worked, or an errno), or
 * KILLED by the filter. */
static int in_sandbox(const struct rights *r, int (*act)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct sandbox_report report;

        if (chdir(home) != 0 || fault_is(sandbox_enter(r, &report)))
            _exit(254);
        _exit(act());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : BROKEN;
    assert_int_not_equal(WEXITSTATUS(status), 254);
    return WEXITSTATUS(status);
}

static int result(long r)
{
    return r < 0 ? errno : 0;
}

static int do_read_mine(void)
{
    struct buf b = {0};
    struct fault f = file_read("mine/file", 100, &b);

    buf_done(&b);
    return (int)f.at;
}

static int do_read_theirs(void)
{
    return result(open(theirs, O_RDONLY));
}

static int do_read_passwd(void)
{
    return result(open("/etc/passwd", O_RDONLY));
}

static int do_climb(void)
{
    return result(open("mine/../theirs/file", O_RDONLY));
}

static int do_write_mine(void)
{
    return (int)file_replace("mine/file", bytes_text("new"), 0600).at;
}

static int do_write_theirs(void)
{
    return result(open(theirs, O_WRONLY));
}

static int do_truncate_theirs(void)
{
    return result(truncate(theirs, 0));
}

static int do_open_to_write_mine(void)
{
    return result(open("mine/file", O_WRONLY));
}

static int do_unlink_theirs(void)
{
    return result(unlink(theirs));
}

static int do_socket(void)
{
    return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int do_unix_socket(void)
{
    return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int do_udp_socket(void)
{
    return result(socket(AF_INET, SOCK_DGRAM, 0));
}

static int do_connect(uint16_t to)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(to)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return result(connect(fd, (struct sockaddr *)&a, sizeof a));
}

static int do_dial(void)
{
    return do_connect(port);
}

static int do_dial_other(void)
{
    return do_connect(other_port);
}

static int do_bind(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};

    return result(bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a));
}

static int do_accept(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    return fd < 0 && errno != EAGAIN ? errno : 0;
}

static int do_exec(void)
{
    char *argv[] = {NULL};

    return result(execve("/bin/true", argv, argv));
}

static int do_fork(void)
{
    return result(fork());
}

static int do_thread(void)
{
    return result(syscall(SYS_clone, 0x10f00, NULL, NULL, NULL, 0));
}

static void *nothing_more(void *context)
{
    return context;
}

static int do_thread_of_the_library(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing_more, NULL);

    return error != 0 ? error : pthread_join(thread, NULL);
}

static int do_clone3(void)
{
    return result(syscall(SYS_clone3, NULL, 0));
}

static int do_ptrace(void)
{
    return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int do_kill(void)
{
    return result(kill(getppid(), 0));
}

static int do_executable_memory(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? errno : 0;
}

static int do_make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int do_process_vm(void)
{
    return result(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}

static int do_io_uring(void)
{
    return result(syscall(SYS_io_uring_setup, 1, NULL));
}

static int do_become_root(void)
{
    return result(setuid(0));
}

static int do_read_handed(void)
{
    char c;
    struct stat s;

    return fstat(handed, &s) == 0 && pread(handed, &c, 1, 0) == 1 ? 0 : errno;
}

static void heard(void *context, uint16_t type, struct bytes body)
{
    *(unsigned *)context += type + (unsigned)body.len;
}

static void gone(void *context, struct fault why)
{
    (void)context;
    (void)why;
}

/* A day's work of any process: memory, time, randomness, the log, a channel in a loop made
 * before. */
static struct loop *loop;
static int pair[2];

static int do_work(void)
{
    static const struct channel_use use = {.body_max = 1 << 20, .message = heard, .closed = gone};
    unsigned got = 0;
    struct channel *a = channel_new(loop, pair[0], &use, &got);
    struct channel *b = channel_new(loop, pair[1], &use, &got);
    uint8_t *body = memory_zeroed(1, 1 << 20), random[16];

    channel_send(a, 1, bytes_of(body, 1 << 20));
    for (unsigned i = 0; i < 100 && got == 0; i++)
        loop_turn(loop, 10000);
    channel_free(a);
    channel_free(b);
    free(body);
    log_open("test", LOG_LEVEL_ERROR);
    log_warn("not shown");
    if (RAND_bytes(random, sizeof random) != 1)
        return 1;
    return got == (1 << 20) + 1 ? 0 : 2;
}

static const struct rights nothing = {.files = 64};
static const struct rights reader = {.may = RIGHT_READ, .read = {"mine", "absent"}, .files = 64};
static const struct rights writer = {.may = RIGHT_WRITE, .write = {"mine"}, .files = 64};
static const struct rights host = {.may = RIGHT_ACCEPT, .files = 64};
static const struct rights threader = {.may = RIGHT_THREAD, .files = 64};
static struct rights dialler = {.may = RIGHT_DIAL, .port_count = 1, .files = 64};

static const struct {
    const char *name;
    const struct rights *rights;
    int (*act)(void);
    int expected; /* 0 works; KILLED; else the errno */
} cases[] = {
    {"anyone does its work", &nothing, do_work, 0},
    {"anyone reads a descriptor it was handed", &nothing, do_read_handed, 0},
    {"who may not read opens no file", &nothing, do_read_mine, KILLED},
    {"who may not read opens no other file", &nothing, do_read_passwd, KILLED},
    {"who may not write replaces no file", &nothing, do_write_mine, KILLED},
    {"who may not accept does not", &nothing, do_accept, KILLED},
    {"who may not dial makes no socket", &nothing, do_socket, KILLED},
    {"nor a unix socket", &nothing, do_unix_socket, KILLED},
    {"nobody starts a program", &writer, do_exec, KILLED},
    {"nobody makes a process", &writer, do_fork, KILLED},
    {"nobody makes a thread", &writer, do_thread, KILLED},
    {"but who may have threads", &threader, do_thread_of_the_library, 0},
    {"and he only as the library does", &threader, do_thread, KILLED},
    {"he is told that there is no clone3", &threader, do_clone3, ENOSYS},
    {"he makes no process", &threader, do_fork, KILLED},
    {"nobody looks into another process", &writer, do_ptrace, KILLED},
    {"nor reads its memory", &writer, do_process_vm, KILLED},
    {"nobody signals another process", &writer, do_kill, KILLED},
    {"nobody maps executable memory", &dialler, do_executable_memory, KILLED},
    {"nobody makes memory executable", &dialler, do_make_executable, KILLED},
    {"nobody sets up a ring around the filter", &dialler, do_io_uring, KILLED},
    {"nobody changes user", &writer, do_become_root, KILLED},
    {"a reader reads its folder", &reader, do_read_mine, 0},
    {"a reader reads no other folder", &reader, do_read_theirs, EACCES},
    {"a reader does not climb out", &reader, do_climb, EACCES},
    {"a reader reads no system file", &reader, do_read_passwd, EACCES},
    {"a reader opens nothing to write", &reader, do_open_to_write_mine, KILLED},
    {"a reader replaces nothing", &reader, do_write_mine, KILLED},
    {"a reader makes no socket", &reader, do_socket, KILLED},
    {"a writer replaces a file in its folder", &writer, do_write_mine, 0},
    {"a writer writes in no other folder", &writer, do_write_theirs, EACCES},
    {"a writer deletes in no other folder", &writer, do_unlink_theirs, EACCES},
    {"a writer truncates by no path", &writer, do_truncate_theirs, KILLED},
    {"a writer makes no socket", &writer, do_socket, KILLED},
    {"a host accepts", &host, do_accept, 0},
    {"a host dials nobody", &host, do_socket, KILLED},
    {"a host opens no file", &host, do_read_mine, KILLED},
    {"a dialler dials its peer", &dialler, do_dial, 0},
    {"a dialler dials no other port", &dialler, do_dial_other, EACCES},
    {"a dialler binds nothing", &dialler, do_bind, KILLED},
    {"a dialler makes no datagram socket", &dialler, do_udp_socket, KILLED},
    {"a dialler makes no unix socket", &dialler, do_unix_socket, KILLED},
    {"a dialler opens no file", &dialler, do_read_mine, KILLED},
};

static void a_right_that_is_not_given_is_not_there(void **state)
{
    int abi = (int)syscall(444, NULL, 0, 1);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int got = in_sandbox(cases[i].rights, cases[i].act);
        bool good = got == cases[i].expected ||
                    (WIDER && cases[i].expected == KILLED && (got == EACCES || got == EPERM));

        if (cases[i].expected == EACCES && abi < 4 && got == 0)
            print_message("this kernel's Landlock cannot: %s\n", cases[i].name);
        else if (!good)
            fail_msg("%s: got %d (%s)", cases[i].name, got, got < 200 ? strerror(got) : "signal");
    }
}

/* Asked from outside, of a process that sits in its sandbox. */
static void a_process_in_its_sandbox_has_no_capabilities_and_dumps_no_core(void **state)
{
    uint32_t head[2] = {0x20080522, 0}, data[6] = {1, 1, 1, 1, 1, 1};
    struct rlimit core;
    int ready[2], status;
    char c;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct sandbox_report r;

        if (!fault_is(sandbox_enter(&nothing, &r)) && write(ready[1], "x", 1) == 1)
            for (;;)
                poll(NULL, 0, -1);
        _exit(1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    head[1] = (uint32_t)pid;
    assert_int_equal(syscall(SYS_capget, head, data), 0);
    assert_int_equal(data[0] | data[1] | data[2] | data[3] | data[4] | data[5], 0);
    if (prlimit(pid, RLIMIT_CORE, NULL, &core) == 0) /* needs rights over an undumpable process */
        assert_true(core.rlim_max == 0);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(ready[0]);
    close(ready[1]);
}

static void the_report_says_what_is_missing(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0) {
        struct sandbox_report r;

        if (fault_is(sandbox_enter(&nothing, &r)))
            _exit(1);
        _exit((r.landlock < 6) == (r.missing != NULL) && r.root == (geteuid() == 0) ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int listening(uint16_t *out)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    *out = ntohs(a.sin_port);
    return fd;
}

static void put(const char *folder, char *path)
{
    char name[64];

    snprintf(name, sizeof name, "%s/%s", home, folder);
    assert_int_equal(mkdir(name, 0700), 0);
    snprintf(path, 64, "%s/%s/file", home, folder);
    assert_good(file_replace(path, bytes_text("content"), 0600));
}

static int set_up(void **state)
{
    uint8_t once[1];

    (void)state;
    assert_int_equal(RAND_bytes(once, 1), 1); /* OpenSSL reads its configuration once, before */
    assert_non_null(mkdtemp(home));
    put("mine", mine);
    put("theirs", theirs);
    handed = open(theirs, O_RDONLY | O_CLOEXEC);
    listener = listening(&port);
    listening(&other_port);
    dialler.ports[0] = port;
    loop = loop_new();
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int clean_up(void **state)
{
    char name[64];

    (void)state;
    loop_free(loop);
    unlink(mine);
    unlink(theirs);
    snprintf(name, sizeof name, "%s/mine", home);
    rmdir(name);
    snprintf(name, sizeof name, "%s/theirs", home);
    rmdir(name);
    return rmdir(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_that_is_not_given_is_not_there),
        cmocka_unit_test(a_process_in_its_sandbox_has_no_capabilities_and_dumps_no_core),
        cmocka_unit_test(the_report_says_what_is_missing),
    };

    return cmocka_run_group_tests(tests, set_up, clean_up);
}

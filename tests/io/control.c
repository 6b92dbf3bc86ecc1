#include "io/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "io/file.h"
#include "io/spawn.h"
#include "test.h"

enum { VERSION = 1 };

static void a_body_and_a_descriptor_arrive_together(void **state)
{
    static const size_t lengths[] = {0, 1, CONTROL_INLINE, CONTROL_INLINE + 1, 3 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct control_message m;
        uint8_t *body = memory_zeroed(1, lengths[i]);
        int ends[2], handed[2];

        memset(body, (int)i + 1, lengths[i]);
        assert_good(control_pair(ends));
        assert_int_equal(pipe(handed), 0);
        assert_good(control_send(ends[0], VERSION, 7, bytes_of(body, lengths[i]), handed[1]));
        assert_good(control_receive(ends[1], CONTROL_CHILD, VERSION, &m));
        assert_int_equal(m.type, 7);
        assert_true(bytes_equal(buf_view(&m.body), bytes_of(body, lengths[i])));
        assert_true(m.fd >= 0 && (fcntl(m.fd, F_GETFD) & FD_CLOEXEC));
        assert_int_equal(write(m.fd, "x", 1), 1);
        control_done(&m);
        assert_int_equal(m.fd, -1);
        close(ends[0]);
        close(ends[1]);
        close(handed[0]);
        close(handed[1]);
        free(body);
    }
}

static void the_parent_takes_no_descriptor_and_no_memory_file_from_a_process(void **state)
{
    struct control_message m;
    uint8_t *big = memory_zeroed(1, CONTROL_INLINE + 1);
    int ends[2], before, after;

    (void)state;
    assert_good(control_pair(ends));
    before = dup(0);
    close(before);
    assert_good(control_send(ends[1], VERSION, 6, bytes_text(""), 0));
    assert_fault(control_receive(ends[0], CONTROL_PARENT, VERSION, &m), FAULT_REFUSED);
    assert_good(control_send(ends[1], VERSION, 6, bytes_of(big, CONTROL_INLINE + 1), -1));
    assert_fault(control_receive(ends[0], CONTROL_PARENT, VERSION, &m), FAULT_REFUSED);
    after = dup(0);
    close(after);
    assert_int_equal(before, after); /* what came was closed */
    free(big);
    close(ends[0]);
    close(ends[1]);
}

static void a_packet_that_breaks_a_rule_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *packet;
        size_t length;
        enum fault_kind kind;
    } wrong[] = {
        {"another version", "\0\0\0\0\0\6\0\2\0", 9, FAULT_UNKNOWN},
        {"head cut", "\0\0\0\0\0\6\0\1", 8, FAULT_SHORT},
        {"body cut", "\0\0\0\2\0\6\0\1\0x", 10, FAULT_SHORT},
        {"bytes behind the body", "\0\0\0\0\0\6\0\1\0x", 10, FAULT_EXTRA},
        {"a memory file that is not there", "\0\0\0\0\0\6\0\1\1", 9, FAULT_MISSING},
    };
    struct control_message m;
    int ends[2];

    (void)state;
    assert_good(control_pair(ends));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f;

        assert_int_equal(send(ends[0], wrong[i].packet, wrong[i].length, 0), wrong[i].length);
        f = control_receive(ends[1], CONTROL_CHILD, VERSION, &m);
        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s", wrong[i].name, fault_word(f.kind));
    }
    close(ends[0]);
    assert_fault(control_receive(ends[1], CONTROL_CHILD, VERSION, &m), FAULT_SHORT);
    close(ends[1]);
}

/* Starts a shell in place of ourselves and lets it look around. */
static void a_started_process_has_its_control_line_and_nothing_else(void **state)
{
    struct spawn s = {.program = "/bin/sh",
                      .argument = {"-c", "exec <&-; for i in 4 5 6 7 8 9; do "
                                         "if { true >&$i; } 2>/dev/null; then exit $i; fi; done; "
                                         "test \"$TZ\" = UTC0 || exit 20; "
                                         "test -z \"$HOME\" || exit 21; "
                                         "test \"$(pwd)\" = / || exit 22; "
                                         "grep -q 'NoNewPrivs:.1' /proc/self/status || exit 23; "
                                         "printf ok >&3"},
                      .uid = geteuid(),
                      .gid = getegid()};
    char word[8] = "";
    int ends[2], status, stray = open("/dev/null", O_RDONLY);
    pid_t pid;

    (void)state;
    assert_good(control_pair(ends));
    s.control = ends[1];
    assert_good(spawn_start(&s, &pid));
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(recv(ends[0], word, sizeof word, 0), 2);
    assert_string_equal(word, "ok");
    close(ends[0]);
    close(stray);
}

static void a_started_process_dies_with_its_parent(void **state)
{
    int ends[2], status;
    char c;
    pid_t middle;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    middle = fork();
    if (middle == 0) {
        struct spawn s = {.program = "/bin/sleep",
                          .argument = {"600"},
                          .control = ends[1],
                          .uid = geteuid(),
                          .gid = getegid()};
        pid_t pid;

        if (fault_is(spawn_start(&s, &pid)))
            _exit(1);
        usleep(200000);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(waitpid(middle, &status, 0), middle);
    assert_int_equal(status, 0);
    assert_int_equal(recv(ends[0], &c, 1, 0), 0); /* its end closed: it is dead */
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_and_a_descriptor_arrive_together),
        cmocka_unit_test(the_parent_takes_no_descriptor_and_no_memory_file_from_a_process),
        cmocka_unit_test(a_packet_that_breaks_a_rule_is_refused),
        cmocka_unit_test(a_started_process_has_its_control_line_and_nothing_else),
        cmocka_unit_test(a_started_process_dies_with_its_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

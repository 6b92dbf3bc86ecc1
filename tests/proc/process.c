/* The test is the parent; the processes are this same program, started with "@judge". */
#include "proc/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/channel.h"
#include "io/control.h"
#include "io/spawn.h"
#include "test.h"

/* ---- the process under test: answers each message with its own bytes and a word -------------- */

struct echo {
    struct self *self;
};

static struct fault echo_begin(void *context, struct self *self)
{
    ((struct echo *)context)->self = self;
    return bytes_is(process_setup(self)->settings, "{}") ? fault_none()
                                                         : fault_make(FAULT_SYNTAX, 0, "settings");
}

static void echo_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    struct echo *e = context;

    if (type == 99) { /* read the file we were handed and say what is in it */
        uint8_t text[16];
        int fd = process_file(e->self, "sensor.0");
        ssize_t got = pread(fd, text, sizeof text, 0);

        process_send(e->self, from, type, bytes_of(text, got > 0 ? (size_t)got : 0));
    } else if (type == 98) { /* do what the sandbox forbids */
        fork();
    } else {
        process_send(e->self, from, type, body);
    }
}

static void echo_neighbour(void *context, enum process other, bool here)
{
    struct echo *e = context;

    if (other == PROCESS_GATE && here)
        process_send(e->self, other, 77, bytes_text("you are new"));
}

static void echo_file(void *context, const char *name, int fd)
{
    struct echo *e = context;

    process_send(e->self, PROCESS_GATE, 55, bytes_text(name));
    close(fd);
}

static int echo_main(void)
{
    static const struct process_use use = {
        .process = PROCESS_JUDGE,
        .rights = {.files = 32},
        .begin = echo_begin,
        .message = echo_message,
        .neighbour = echo_neighbour,
        .file = echo_file,
    };
    struct echo e = {0};

    return process_run(&use, &e);
}

/* ---- the parent ------------------------------------------------------------------------------ */

struct child {
    pid_t pid;
    int control, channel;
};

static void say(struct child *c, uint16_t type, struct bytes body, int fd)
{
    assert_good(control_send(c->control, MESSAGE_VERSION, type, body, fd));
}

static void give_channel(struct child *c)
{
    uint8_t other = PROCESS_GATE;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    say(c, MESSAGE_CHANNEL, bytes_of(&other, 1), pair[1]);
    close(pair[1]);
    c->channel = pair[0];
}

static void give_file(struct child *c, const char *name, const char *path)
{
    struct buf body = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    buf_part(&body, bytes_text(name));
    say(c, MESSAGE_FILE, buf_view(&body), fd);
    buf_done(&body);
    close(fd);
}

static struct child begin(const char *settings)
{
    struct setup setup = {.settings = bytes_text(settings), .party = bytes_text("a")};
    struct spawn s = {.argument = {"@judge"}, .uid = geteuid(), .gid = getegid()};
    struct child c;
    struct buf body = {0};
    int ends[2];

    assert_good(control_pair(ends));
    s.control = ends[1];
    assert_good(spawn_start(&s, &c.pid));
    close(ends[1]);
    c.control = ends[0];
    setup_write(&setup, &body);
    say(&c, MESSAGE_SETUP, buf_view(&body), -1);
    buf_done(&body);
    give_file(&c, "sensor.0", "/proc/version");
    give_channel(&c);
    say(&c, MESSAGE_GO, bytes_of(NULL, 0), -1);
    return c;
}

static void expect_ready(struct child *c)
{
    struct control_message m;

    assert_good(control_receive(c->control, CONTROL_PARENT, MESSAGE_VERSION, &m));
    assert_int_equal(m.type, MESSAGE_READY);
    control_done(&m);
}

static int end(struct child *c)
{
    int status;

    close(c->control);
    close(c->channel);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    return status;
}

static void send_message(struct child *c, uint16_t version, uint16_t type, const char *text)
{
    struct buf b = {0};

    channel_head_write(&b, version, type, (uint32_t)strlen(text));
    buf_text(&b, text);
    assert_int_equal(write(c->channel, b.data, b.len), b.len);
    buf_done(&b);
}

static void expect_message(struct child *c, uint16_t type, const char *text)
{
    static const struct channel_use use = {.version = MESSAGE_VERSION, .body_max = MESSAGE_MAX};
    uint8_t head[CHANNEL_HEAD];
    char got[100] = "";
    uint32_t length;
    uint16_t got_type;

    assert_int_equal(recv(c->channel, head, sizeof head, MSG_WAITALL), sizeof head);
    assert_good(channel_head_parse(bytes_of(head, sizeof head), &use, &length, &got_type));
    assert_true(length < sizeof got);
    assert_int_equal(recv(c->channel, got, length, MSG_WAITALL), length);
    assert_int_equal(got_type, type);
    assert_int_equal(strncmp(got, text, strlen(text)), 0);
}

static void a_process_starts_works_and_stops(void **state)
{
    struct child c = begin("{}");

    (void)state;
    expect_ready(&c);
    send_message(&c, MESSAGE_VERSION, 40, "hello");
    expect_message(&c, 40, "hello");
    send_message(&c, MESSAGE_VERSION, 99, "");
    expect_message(&c, 99, "Linux version");
    say(&c, MESSAGE_STOP, bytes_of(NULL, 0), -1);
    assert_int_equal(end(&c), 0);
}

static void a_neighbour_started_anew_has_a_new_channel(void **state)
{
    struct child c = begin("{}");

    (void)state;
    expect_ready(&c);
    close(c.channel);
    give_channel(&c);
    expect_message(&c, 77, "you are new");
    send_message(&c, MESSAGE_VERSION, 41, "again");
    expect_message(&c, 41, "again");
    give_file(&c, "sensor.1", "/dev/null");
    expect_message(&c, 55, "sensor.1");
    say(&c, MESSAGE_STOP, bytes_of(NULL, 0), -1);
    assert_int_equal(end(&c), 0);
}

static void a_channel_that_breaks_a_rule_ends_the_process(void **state)
{
    struct child c = begin("{}");

    (void)state;
    expect_ready(&c);
    send_message(&c, MESSAGE_VERSION + 1, 40, "hello");
    assert_int_equal(end(&c), 1 << 8);
}

static void a_process_that_cannot_begin_says_no_ready(void **state)
{
    struct child c = begin("no settings");
    struct control_message m;

    (void)state;
    assert_fault(control_receive(c.control, CONTROL_PARENT, MESSAGE_VERSION, &m), FAULT_SHORT);
    assert_int_equal(end(&c), 1 << 8);
}

static void a_process_that_does_what_it_may_not_is_killed(void **state)
{
    struct child c = begin("{}");
    int status;

    (void)state;
    expect_ready(&c);
    send_message(&c, MESSAGE_VERSION, 98, "");
    status = end(&c);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void a_process_without_a_parent_ends(void **state)
{
    struct child c = begin("{}");

    (void)state;
    expect_ready(&c);
    assert_int_equal(end(&c), 1 << 8); /* its control line closed */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_starts_works_and_stops),
        cmocka_unit_test(a_neighbour_started_anew_has_a_new_channel),
        cmocka_unit_test(a_channel_that_breaks_a_rule_ends_the_process),
        cmocka_unit_test(a_process_that_cannot_begin_says_no_ready),
        cmocka_unit_test(a_process_that_does_what_it_may_not_is_killed),
        cmocka_unit_test(a_process_without_a_parent_ends),
    };

    if (argc > 1 && argv[1][0] == '@')
        return echo_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cmd/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cmd/args.h"
#include "cmd/node.h"
#include "cmd/say.h"
#include "json/profile.h"

static void fail(struct ask_answer *a, enum exit_code exit, const char *code, const char *message,
                 const char *why, const char *try)
{
    a->exit = exit;
    snprintf(a->code, sizeof a->code, "%s", code);
    snprintf(a->message, sizeof a->message, "%s", message);
    snprintf(a->why, sizeof a->why, "%s", why);
    snprintf(a->try, sizeof a->try, "%s", try);
}

static void fail_connect(struct ask_answer *a, const char *folder, int why)
{
    char message[600], try[400];

    snprintf(message, sizeof message, "the node at %.500s does not answer", folder);
    if (!node_is_at(folder)) {
        snprintf(message, sizeof message, "there is no node at %.500s", folder);
        fail(a, EXIT_NOT_FOUND, "no-node", message, "it holds no settings.json",
             "parley init, or --node DIR, or PARLEY_NODE");
    } else if (why == EACCES || why == EPERM) {
        fail(a, EXIT_FAILED, "no-access", message, "you may not open its control.sock",
             "become a member of the settings' operators group");
    } else {
        snprintf(try, sizeof try, "parley serve --node %.300s", folder);
        fail(a, EXIT_FAILED, "not-running", message, "it is not running", try);
    }
}

/* Through the folder's descriptor: a socket's name has 107 bytes, a folder's has 4,095. */
static int connect_node(const char *folder)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int saved;

    if (fd >= 0) {
        snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/control.sock", dir);
        if (connect(fd, (struct sockaddr *)&name, sizeof name) != 0) {
            saved = errno;
            (void)close(fd);
            fd = -1;
            errno = saved;
        }
    }
    saved = errno;
    if (dir >= 0)
        (void)close(dir);
    errno = saved;
    return fd;
}

/* Waits until the socket is ready or the time is over. */
static bool wait_for(int fd, short events, struct tick end)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = (end.us - tick_now().us) / 1000;
        int n;
        if (left <= 0)
            return false;
        n = poll(&p, 1, (int)left);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

static bool send_all(int fd, struct bytes line, struct tick end)
{
    while (line.len > 0) {
        ssize_t n = send(fd, line.data, line.len, MSG_NOSIGNAL);
        if (n > 0)
            line = bytes_of(line.data + n, line.len - (size_t)n);
        else if (n < 0 && errno == EAGAIN ? !wait_for(fd, POLLOUT, end) : errno != EINTR)
            return false;
    }
    return true;
}

/* Reads to the newline, which is dropped. NULL if it came, else what was wrong. */
static const char *read_line(int fd, struct tick end, struct buf *out)
{
    enum { PIECE = 65536 };

    for (;;) {
        const uint8_t *newline;
        ssize_t n;
        if (!wait_for(fd, POLLIN, end))
            return "it did not answer in time";
        buf_need(out, PIECE);
        n = recv(fd, out->data + out->len, PIECE, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return "it hung up in the middle of its answer";
        newline = memchr(out->data + out->len, '\n', (size_t)n);
        out->len += (size_t)n;
        if (newline != NULL) {
            if (newline + 1 != out->data + out->len)
                return "its answer goes on behind its line";
            out->len--;
            return NULL;
        }
        if (out->len > ASK_ANSWER_MAX)
            return "its answer is longer than any may be";
    }
}

static void bad_answer(struct ask_answer *a, const char *why)
{
    fail(a, EXIT_FAILED, "bad-answer", "the node's answer is not one", why, "parley doctor");
}

static void copy_text(const json_t *tree, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(tree, name));

    snprintf(out, size, "%s", text != NULL ? text : "");
}

/* Sorts an answer into a tree or an error. Takes over the reference. */
static void take(json_t *tree, struct ask_answer *a)
{
    const json_t *ok = json_object_get(tree, "ok");

    if (json_integer_value(json_object_get(tree, "v")) != 1 || !json_is_boolean(ok)) {
        bad_answer(a, "it has no \"v\":1 or no \"ok\"");
    } else if (json_is_true(ok)) {
        json_object_del(tree, "ok");
        a->exit = EXIT_DONE;
        a->tree = tree;
        return;
    } else {
        long long exit = json_integer_value(json_object_get(tree, "exit"));
        copy_text(tree, "code", a->code, sizeof a->code);
        copy_text(tree, "message", a->message, sizeof a->message);
        copy_text(tree, "why", a->why, sizeof a->why);
        copy_text(tree, "try", a->try, sizeof a->try);
        a->exit = exit > 0 && exit_is_known(exit) ? (enum exit_code)exit : EXIT_FAILED;
        if (a->code[0] == '\0' || a->message[0] == '\0')
            bad_answer(a, "it refuses without a code or a message");
    }
    json_decref(tree);
}

static void talk(int fd, struct bytes ask, struct ask_answer *a)
{
    const struct json_limits limits = {ASK_ANSWER_MAX, JSON_DEPTH};
    struct tick end = {tick_now().us + (int64_t)ASK_SECONDS * 1000000};
    struct buf line = {0};
    const char *wrong;
    json_t *tree = NULL;
    struct fault f;

    /* A node that refuses a long question may answer before it has read all of it. */
    wrong = !send_all(fd, ask, end) && errno != EPIPE && errno != ECONNRESET
                ? "it did not take the question in time"
                : read_line(fd, end, &line);
    if (wrong != NULL) {
        bad_answer(a, wrong);
    } else if (fault_is(f = json_read(buf_view(&line), limits, &tree))) {
        bad_answer(a, f.rule);
    } else if (!json_is_object(tree)) {
        json_decref(tree);
        bad_answer(a, "it is no object");
    } else {
        take(tree, a);
    }
    buf_done(&line);
}

static void put_once(const char *folder, struct bytes line, struct ask_answer *out)
{
    int fd = connect_node(folder);

    *out = (struct ask_answer){.tree = NULL};
    if (fd < 0) {
        fail_connect(out, folder, errno);
        return;
    }
    talk(fd, line, out);
    (void)close(fd);
}

/* A node is not ready while one of its processes is started anew: nobody need ask twice for that.
 */
static void put_until_ready(const char *folder, struct bytes line, struct ask_answer *out)
{
    const struct timespec pause = {.tv_nsec = 100000000};
    struct tick end = {tick_now().us + (int64_t)ASK_READY_SECONDS * 1000000};

    put_once(folder, line, out);
    while (strcmp(out->code, "not-ready") == 0 && tick_now().us < end.us) {
        (void)nanosleep(&pause, NULL);
        put_once(folder, line, out);
    }
}

void ask_put(const struct call *call, const char *command, json_t *members, struct ask_answer *out)
{
    const char *folder = node_find(call->args);
    const char *agreement = args_value(call->args, "--agreement");
    struct buf line = {0};
    json_t *ask = members != NULL ? members : json_object();

    *out = (struct ask_answer){.tree = NULL};
    json_object_set_new(ask, "v", json_integer(1));
    json_object_set_new(ask, "do", json_string(command));
    if (agreement != NULL)
        json_object_set_new(ask, "agreement", json_string(agreement));
    if (fault_is(json_check(ask))) {
        fail(out, EXIT_USAGE, "usage", "a text has characters that no statement can hold",
             "UTF-8 without control characters but newline and tab is taken", "");
    } else {
        json_canonical(ask, &line);
        buf_byte(&line, '\n');
        if (line.len > ASK_MAX)
            fail(out, EXIT_USAGE, "limit", "that is more than a node takes at once", "", "");
        else
            put_until_ready(folder, buf_view(&line), out);
    }
    buf_done(&line);
    json_decref(ask);
}

void ask_done(struct ask_answer *a)
{
    json_decref(a->tree);
    a->tree = NULL;
}

enum exit_code ask_error(struct say *s, const struct ask_answer *a)
{
    return say_error(s, a->exit, a->code, a->why, a->try, "%s", a->message);
}

json_t *ask_node(const struct call *call, const char *command, json_t *members,
                 enum exit_code *exit)
{
    struct ask_answer a;

    ask_put(call, command, members, &a);
    *exit = a.exit;
    if (a.tree == NULL)
        *exit = ask_error(call->say, &a);
    return a.tree;
}

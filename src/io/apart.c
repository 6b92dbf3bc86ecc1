#include "io/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    APART_SOCKET = 3,          /* its descriptor in the new process */
    APART_QUESTION = 64 << 20, /* bytes; more is our own mistake */
};

struct apart {
    pid_t pid;
    int fd;
};

/* ---- both ends ---------------------------------------------------------------------------------
 */

static bool send_whole(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool receive_whole(int fd, void *data, size_t len)
{
    uint8_t *at = data;

    while (len > 0) {
        ssize_t n = recv(fd, at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_message(int fd, struct bytes message)
{
    uint64_t len = message.len;

    return send_whole(fd, &len, sizeof len) && send_whole(fd, message.data, message.len);
}

/* errno says why not: EMSGSIZE, EPIPE. */
static bool receive_message(int fd, size_t most, struct buf *out)
{
    uint64_t len;

    if (!receive_whole(fd, &len, sizeof len)) {
        errno = EPIPE;
        return false;
    }
    if (len > most) {
        errno = EMSGSIZE;
        return false;
    }
    buf_need(out, (size_t)len);
    if (!receive_whole(fd, out->data + out->len, (size_t)len)) {
        errno = EPIPE;
        return false;
    }
    out->len += (size_t)len;
    return true;
}

/* ---- the new process ----------------------------------------------------------------------------
 */

static bool settle(int fd, pid_t parent)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool good = null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO &&
                dup2(null, STDOUT_FILENO) == STDOUT_FILENO;

    if (fd != APART_SOCKET)
        good = good && dup2(fd, APART_SOCKET) == APART_SOCKET;
    (void)close_range(APART_SOCKET + 1, ~0U, 0);
    (void)setenv("TZ", "UTC0", 1); /* libraries that ask for local time look for no file */
    tzset();
    (void)signal(SIGINT, SIG_IGN); /* the terminal sends it to both: the one in charge ends */
    return good && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static struct fault enter(const struct apart_use *use)
{
    struct rights rights = use->rights;
    struct sandbox_report report;
    struct fault f = fault_none();

    if (use->prepare != NULL)
        f = use->prepare(use->context, &rights);
    return fault_is(f) ? f : sandbox_enter(&rights, &report);
}

_Noreturn static void serve(const struct apart_use *use, int fd, pid_t parent)
{
    struct buf question = {0}, answer = {0};
    struct fault f;

    if (!settle(fd, parent))
        _exit(1);
    f = enter(use);
    /* A fault's rule is a constant of this program, which lies at the same place in both. */
    if (!send_whole(APART_SOCKET, &f, sizeof f) || fault_is(f))
        _exit(1);
    while (receive_message(APART_SOCKET, APART_QUESTION, &question)) {
        use->answer(use->context, buf_view(&question), &answer);
        if (!send_message(APART_SOCKET, buf_view(&answer)))
            break;
        buf_clear(&question);
        buf_clear(&answer);
    }
    _exit(0);
}

/* ---- the one who asks ---------------------------------------------------------------------------
 */

struct fault apart_start(const struct apart_use *use, struct apart **out)
{
    pid_t parent = getpid(), pid;
    struct fault f;
    struct apart *a;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_io("apart: socketpair");
    pid = fork();
    if (pid == 0)
        serve(use, pair[1], parent);
    (void)close(pair[1]);
    a = memory_zeroed(1, sizeof *a);
    a->pid = pid;
    a->fd = pair[0];
    f = pid < 0 ? fault_io("apart: fork") : fault_none();
    if (!fault_is(f) && !receive_whole(a->fd, &f, sizeof f))
        f = fault_make(FAULT_IO, EPIPE, "apart: it ended before it began");
    if (fault_is(f))
        apart_free(a);
    else
        *out = a;
    return f;
}

struct fault apart_ask(struct apart *a, struct bytes question, size_t most, struct buf *out)
{
    if (!send_message(a->fd, question))
        return fault_make(FAULT_IO, EPIPE, "apart: the process that reads strangers' bytes ended");
    if (receive_message(a->fd, most, out))
        return fault_none();
    if (errno == EMSGSIZE)
        return fault_make(FAULT_LIMIT, most, "apart: its answer is longer than any may be");
    return fault_make(FAULT_IO, EPIPE, "apart: the process that reads strangers' bytes ended");
}

void apart_free(struct apart *a)
{
    if (a == NULL)
        return;
    (void)close(a->fd);
    if (a->pid > 0) {
        (void)kill(a->pid, SIGKILL);
        while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    free(a);
}

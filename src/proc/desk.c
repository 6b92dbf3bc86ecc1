/*
 * proc/desk.c - hosts desk/
 *
 * hears: from gate LINK_UP, LINK_DOWN; from judge JUDGED, BAD; from keeper what it signed; from
 *        watch WATCH_COMMIT; on the control socket the commands of docs/PROTOCOL.control
 * says:  to gate SEND, CLOSE; to keeper SIGN, COSIGN, PEER, HELLO_SIGN; to watch WATCH_START; to
 *        exchange RELEASED
 * may:   read and write desk/, ledger/ and agreements/ in the node's folder, accept on the control
 *        socket it was handed
 * may not: use the network, see a key
 *
 * Where a write that cannot wait finds the disk full, desk is let go: what is durable is whole,
 * what was in flight is said or heard again. Commands are told so until there is room; then the
 * process ends and begins anew from what is durable.
 */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "desk/desk.h"
#include "io/file.h"
#include "io/log.h"
#include "io/loop.h"
#include "proc/children.h"
#include "proc/pacts.h"
#include "proc/process.h"
#include "proc/settings.h"
#include "store/store.h"
#include "json/profile.h"

enum {
    DESK_CLIENTS = 64,        /* commands at a time; more wait in the socket's own queue */
    DESK_LINE = 1 << 20,      /* bytes of an ask: PROTOCOL.control section 1 */
    DESK_IDLE = 60 * 1000000, /* a client that says nothing so long is closed; microseconds */
    DESK_TURN = 200 * 1000,   /* how often time is looked at; microseconds */
    DESK_ROOM = 256 << 10,    /* bytes that must fit again before a full disk counts as mended */
    DESK_ROOM_EVERY = 1000 * 1000, /* how often that is tried; microseconds */
};

struct client {
    struct host *host;
    int fd; /* -1: free */
    struct loop_fd *event;
    struct loop_timer *idle;
    struct buf in, out;
    bool busy; /* an answer is due */
};

struct host {
    struct self *self;
    struct pacts pacts;
    struct desk *desk; /* NULL: the disk is full */
    struct desk_host say;
    struct loop_timer *turn;
    struct loop_fd *listen;
    int control, lock;
    gid_t operators; /* of the control socket's file */
    struct client client[DESK_CLIENTS];
};

/* --- the control socket --------------------------------------------------------------------- */

static void client_close(struct client *c)
{
    if (c->fd < 0)
        return;
    if (c->host->desk != NULL)
        desk_forget(c->host->desk, c);
    loop_fd_free(c->event);
    loop_timer_free(c->idle);
    close(c->fd);
    buf_done(&c->in);
    buf_done(&c->out);
    *c = (struct client){.host = c->host, .fd = -1};
    loop_fd_want(c->host->listen, LOOP_READ);
}

static void client_want(struct client *c)
{
    loop_fd_want(c->event, (c->busy ? 0 : (unsigned)LOOP_READ) |
                               (c->out.len != 0 ? (unsigned)LOOP_WRITE : 0));
}

static void client_write(struct client *c)
{
    ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        client_close(c);
        return;
    }
    if (n > 0)
        buf_drop(&c->out, (size_t)n);
    client_want(c);
}

static void client_answer(void *context, json_t *answer)
{
    struct client *c = context;

    ssize_t n;

    json_canonical(answer, &c->out);
    json_decref(answer);
    buf_byte(&c->out, '\n');
    c->busy = false;
    loop_timer_in(c->idle, DESK_IDLE);
    /* Now, and not after what desk has still to write; what goes wrong here the loop finds too. */
    n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        buf_drop(&c->out, (size_t)n);
    client_want(c);
}

static json_t *not_understood(struct fault f)
{
    char text[200];

    log_fault_text(f, text, sizeof text);
    return json_pack("{s:i, s:b, s:s, s:i, s:s, s:s, s:s}", "v", 1, "ok", 0, "code", "usage",
                     "exit", 2, "message", "the command is not in the signed profile", "why", text,
                     "try", "docs/PROTOCOL.control section 1");
}

static json_t *no_room(void)
{
    return json_pack("{s:i, s:b, s:s, s:i, s:s, s:s, s:s}", "v", 1, "ok", 0, "code", "io", "exit",
                     10, "message", "the disk of the node is full", "why",
                     "nothing is said or taken until there is room; nothing acknowledged is lost",
                     "try", "make room: the node goes on by itself");
}

/* One whole line, if there is one. */
static void client_ask(struct client *c)
{
    struct json_limits limits = {DESK_LINE, JSON_DEPTH};
    uint8_t *end = c->in.len == 0 ? NULL : memchr(c->in.data, '\n', c->in.len);
    json_t *ask;
    struct fault f;

    if (end == NULL || c->busy)
        return;
    f = json_read(bytes_of(c->in.data, (size_t)(end - c->in.data)), limits, &ask);
    c->busy = true;
    if (fault_is(f)) {
        client_answer(c, not_understood(f));
    } else if (!json_is_object(ask)) {
        json_decref(ask);
        client_answer(c, not_understood(fault_make(FAULT_SYNTAX, 0, "an object is expected")));
    } else if (c->host->desk == NULL) {
        json_decref(ask);
        client_answer(c, no_room());
    } else {
        desk_command(c->host->desk, ask, instant_now(), tick_now(), client_answer, c);
        json_decref(ask);
    }
    buf_drop(&c->in, (size_t)(end - c->in.data) + 1);
    client_want(c);
}

static void client_ready(void *context, unsigned what)
{
    struct client *c = context;
    uint8_t chunk[65536];

    if ((what & LOOP_WRITE) != 0 && c->out.len != 0) {
        client_write(c);
        if (c->fd < 0)
            return;
    }
    if ((what & LOOP_READ) != 0 && !c->busy) {
        ssize_t n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            client_close(c);
            return;
        }
        if (n > 0)
            buf_add(&c->in, chunk, (size_t)n);
        if (c->in.len > DESK_LINE) {
            log_warn("control: a line above its limit");
            client_close(c);
            return;
        }
    }
    while (c->fd >= 0 && !c->busy && c->in.len != 0 && memchr(c->in.data, '\n', c->in.len) != NULL)
        client_ask(c);
}

static void client_idle(void *context)
{
    struct client *c = context;

    if (c->busy) /* keeper is slow; the answer is still due */
        loop_timer_in(c->idle, DESK_IDLE);
    else
        client_close(c);
}

/* Root, the node's own user, or a member of the socket file's group. */
static bool is_operator(const struct host *h, int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;
    gid_t groups[64];

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        return false;
    if (who.uid == 0 || who.uid == geteuid() || who.gid == h->operators)
        return true;
    len = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
        return false;
    for (size_t i = 0; i < len / sizeof groups[0]; i++)
        if (groups[i] == h->operators)
            return true;
    return false;
}

static struct client *client_free(struct host *h)
{
    for (size_t i = 0; i < DESK_CLIENTS; i++)
        if (h->client[i].fd < 0)
            return &h->client[i];
    return NULL;
}

static void accept_client(void *context, unsigned what)
{
    struct host *h = context;
    struct client *c = client_free(h);
    int fd;

    (void)what;
    if (c == NULL) {
        loop_fd_want(h->listen, 0);
        return;
    }
    fd = accept4(h->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (!is_operator(h, fd)) {
        log_warn("control: refused: not root, not the node's user, not an operator");
        close(fd);
        return;
    }
    c->fd = fd;
    c->event = loop_fd_new(process_loop(h->self), fd, client_ready, c);
    c->idle = loop_timer_new(process_loop(h->self), client_idle, c);
    loop_timer_in(c->idle, DESK_IDLE);
    loop_fd_want(c->event, LOOP_READ);
}

/* --- desk's wishes -------------------------------------------------------------------------- */

static void host_send(void *context, enum process to, uint16_t type, struct bytes body)
{
    struct host *h = context;

    process_send(h->self, to, type, body);
}

static void host_reload(void *context)
{
    struct host *h = context;

    process_tell_parent(h->self, MESSAGE_RELOAD, bytes_text(""));
}

static void host_say(void *context, const char *what, struct fault why)
{
    (void)context;
    log_fault(LOG_LEVEL_WARN, what, why);
}

/* --- a full disk ---------------------------------------------------------------------------- */

static bool is_full(struct fault f)
{
    return f.kind == FAULT_IO && (f.at == ENOSPC || f.at == EDQUOT || f.at == EFBIG);
}

/* The disk is full in the middle of something: desk is let go, whoever waits is told. */
static void let_go(struct host *h, struct fault why)
{
    log_fault(LOG_LEVEL_ERROR, "disk full", why);
    log_error("nothing is said or taken until there is room; nothing acknowledged is lost");
    desk_free(h->desk);
    h->desk = NULL;
    for (size_t i = 0; i < DESK_CLIENTS; i++)
        if (h->client[i].fd >= 0 && h->client[i].busy)
            client_answer(&h->client[i], no_room());
}

static bool has_room(void)
{
    struct buf bytes = {0};
    struct fault f;

    buf_need(&bytes, DESK_ROOM);
    memset(bytes.data, 1, DESK_ROOM);
    f = file_replace("desk/room", bytes_of(bytes.data, DESK_ROOM), 0600);
    unlink("desk/room");
    unlink("desk/room.new");
    buf_done(&bytes);
    return !fault_is(f);
}

/* Begins anew rather than going on: what is durable is read again, and the neighbours with it. */
static void look_for_room(struct host *h)
{
    if (!has_room()) {
        loop_timer_in(h->turn, DESK_ROOM_EVERY);
        return;
    }
    log_warn("there is room on the disk again: desk begins anew");
    process_stop(h->self, 1);
}

/* --- the process ---------------------------------------------------------------------------- */

static void turn(void *context)
{
    struct host *h = context;

    if (h->desk == NULL) {
        look_for_room(h);
        return;
    }
    desk_turn(h->desk, instant_now(), tick_now());
    if (desk_is_broken(h->desk)) {
        log_error("a log was stopped by a write that failed: desk starts anew and reads it again");
        process_stop(h->self, 1);
        return;
    }
    loop_timer_in(h->turn, DESK_TURN);
}

static struct fault prepare(void *context, struct self *self, struct rights *rights)
{
    (void)context;
    (void)self;
    (void)rights;
    store_start();
    return fault_none();
}

static struct fault open_control(struct host *h)
{
    struct stat s;

    h->control = process_file(h->self, "control");
    h->lock = process_file(h->self, "lock");
    if (h->control < 0)
        return fault_make(FAULT_MISSING, 0, "desk: no control socket was handed over");
    h->operators = stat("control.sock", &s) == 0 ? s.st_gid : getegid();
    h->listen = loop_fd_new(process_loop(h->self), h->control, accept_client, h);
    loop_fd_want(h->listen, LOOP_READ);
    return fault_none();
}

static void neighbour(void *context, enum process other, bool here)
{
    struct host *h = context;

    if (h->desk != NULL)
        desk_neighbour(h->desk, other, here, instant_now(), tick_now());
}

static struct fault begin(void *context, struct self *self)
{
    struct host *h = context;
    struct settings *settings = memory_zeroed(1, sizeof *settings);
    int64_t sample_bytes;
    struct desk_start start;
    struct fault f;

    h->self = self;
    f = settings_parse(process_setup(self)->settings, settings, NULL);
    sample_bytes = settings->sample_bytes;
    free(settings);
    if (!fault_is(f))
        f = pacts_read(process_setup(self), &h->pacts);
    process_forget(self);
    if (fault_is(f))
        return f;
    h->say = (struct desk_host){host_send, host_reload, host_say, h};
    start = (struct desk_start){(const struct agreement *const *)h->pacts.agreement, h->pacts.count,
                                h->pacts.party, &h->say, sample_bytes};
    f = desk_new(&start, "desk/parley.db", instant_now(), tick_now(), &h->desk);
    if (is_full(f)) {
        let_go(h, f);
        f = fault_none();
    }
    if (!fault_is(f))
        f = open_control(h);
    if (fault_is(f))
        return f;
    h->turn = loop_timer_new(process_loop(self), turn, h);
    loop_timer_in(h->turn, DESK_TURN);
    neighbour(h, PROCESS_WATCH, process_has(self, PROCESS_WATCH));
    neighbour(h, PROCESS_EXCHANGE, process_has(self, PROCESS_EXCHANGE));
    return f;
}

static void message(void *context, enum process from, uint16_t type, struct bytes body)
{
    struct host *h = context;
    struct fault f = fault_none();

    if (h->desk != NULL)
        f = desk_message(h->desk, from, type, body, instant_now(), tick_now());
    if (!fault_is(f))
        return;
    if (is_full(f)) {
        let_go(h, f);
        return;
    }
    log_fault(LOG_LEVEL_ERROR, process_name(from), f);
    process_stop(h->self, 1);
}

static void stop(void *context)
{
    struct host *h = context;

    if (h->desk != NULL)
        desk_publish(h->desk);
    process_stop(h->self, 0);
}

int desk_main(void)
{
    static const struct process_use use = {
        .process = PROCESS_DESK,
        .suites = true,
        .brief = true,
        .rights = {.may = RIGHT_READ | RIGHT_WRITE | RIGHT_ACCEPT,
                   .read = {"control.sock"},
                   .write = {"desk", "ledger", "agreements"},
                   .files = 128},
        .prepare = prepare,
        .begin = begin,
        .message = message,
        .neighbour = neighbour,
        .stop = stop,
    };
    struct host h = {.control = -1, .lock = -1};
    int status;

    for (size_t i = 0; i < DESK_CLIENTS; i++)
        h.client[i] = (struct client){.host = &h, .fd = -1};
    status = process_run(&use, &h);
    for (size_t i = 0; i < DESK_CLIENTS; i++)
        client_close(&h.client[i]);
    loop_fd_free(h.listen);
    loop_timer_free(h.turn);
    desk_free(h.desk);
    pacts_done(&h.pacts);
    return status;
}

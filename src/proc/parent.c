/*
 * parent.c - hears: READY, RELOAD, REOPEN, LISTS (from its own processes); signals
 * says:  SETUP, SETTINGS, FILE, CHANNEL, GO, STOP
 * may:   open the node's files, sockets and sensors, start processes
 * may not: read a byte that comes from outside (node.h reads agreements in a process without
 * rights)
 */
#include "proc/parent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "io/control.h"
#include "io/file.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/spawn.h"
#include "proc/listing.h"
#include "proc/node.h"
#include "proc/process.h"

enum child_state {
    CHILD_NONE = 0,
    CHILD_RUNNING,
    CHILD_STOPPING, /* STOP was said; killed when the timer rings */
    CHILD_WAITING,  /* dead; started when the timer rings */
    CHILD_DOWN,     /* dead, and the node ends */
};

struct child {
    struct parent *parent;
    enum process process;
    enum child_state state;
    pid_t pid;
    int control; /* our end */
    struct loop_fd *ear;
    struct loop_timer *timer;
    struct tick began;
    unsigned deaths; /* since it was calm */
    bool ready;
};

struct parent {
    struct loop *loop;
    const char *directory; /* as given; for ps and for people */
    struct node *node;
    uid_t uid; /* the directory's owner: what the processes run as */
    gid_t gid;
    int lock, listen, socket;
    int visits;                   /* listening for TAXII clients; -1 without an exchange */
    int passphrase;               /* of keeper's keys; -1: they have none. Never read here */
    int sensor[SETTINGS_SENSORS]; /* sockets on which sensors call us; -1 */
    struct listing listing;       /* lists as watch had them last */
    struct child children[PROCESS_COUNT];
    bool announced, ending;
    bool again, again_desk;         /* a reload is due; desk too */
    struct loop_timer *again_timer; /* it is put off no longer */
    bool together;                  /* the first start: GO waits until all have their channels */
    int status;
};

static const enum process all[] = {PROCESS_KEEPER, PROCESS_DESK,     PROCESS_WATCH,
                                   PROCESS_JUDGE,  PROCESS_EXCHANGE, PROCESS_GATE};
enum { ALL = sizeof all / sizeof all[0] };

/* ipc/message.h draws the same. */
static const enum process neighbours[][2] = {
    {PROCESS_GATE, PROCESS_JUDGE},     {PROCESS_GATE, PROCESS_DESK},
    {PROCESS_JUDGE, PROCESS_DESK},     {PROCESS_DESK, PROCESS_KEEPER},
    {PROCESS_DESK, PROCESS_WATCH},     {PROCESS_GATE, PROCESS_EXCHANGE},
    {PROCESS_JUDGE, PROCESS_EXCHANGE}, {PROCESS_DESK, PROCESS_EXCHANGE},
};

static void child_start(struct child *c);
static void child_stop(struct child *c);
static void parent_end(struct parent *p, int status);

/* ---- saying --------------------------------------------------------------------------------- */

/* A process that does not take what it is told is not well: it is killed and comes back. */
static void tell(struct child *c, uint16_t type, struct bytes body, int fd)
{
    struct fault f = control_send(c->control, MESSAGE_VERSION, type, body, fd);

    if (!fault_is(f) || (f.kind == FAULT_IO && f.at == EPIPE)) /* dead: SIGCHLD comes */
        return;
    log_fault(LOG_LEVEL_ERROR, process_name(c->process), f);
    kill(c->pid, SIGKILL);
}

static void tell_file(struct child *c, const char *name, int fd)
{
    struct buf body = {0};

    if (fd < 0)
        return;
    buf_part(&body, bytes_text(name));
    tell(c, MESSAGE_FILE, buf_view(&body), fd);
    buf_done(&body);
}

/* Our standard input, which must not keep watch from the other sensors while it has nothing. */
static int open_input(void)
{
    int flags = fcntl(STDIN_FILENO, F_GETFL);

    if (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) != 0)
        return -1;
    return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* A file is opened anew each time, for it may have been rotated; a socket once, for its life. */
static void tell_sensor(struct child *c, size_t index)
{
    const struct settings_sensor *s = &c->parent->node->settings.sensors[index];
    int *socket = &c->parent->sensor[index];
    char name[32];
    int fd = -1;

    snprintf(name, sizeof name, "sensor.%zu", index);
    if (s->kind == SENSOR_FILE)
        fd = open(settings_path(s), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    else if (s->kind == SENSOR_INPUT)
        fd = open_input();
    else if (*socket < 0 && fault_is(node_sensor(s, c->parent->uid, c->parent->gid, socket)))
        *socket = -1;
    if (fd < 0 && *socket < 0) {
        log_warn("sensor %s: %s: %s", s->name, s->where, strerrordesc_np(errno));
        return;
    }
    tell_file(c, name, fd >= 0 ? fd : *socket);
    if (fd >= 0)
        close(fd);
}

/* The sockets of settings that are left. */
static void close_sensors(struct parent *p)
{
    for (size_t i = 0; i < SETTINGS_SENSORS; i++) {
        const struct settings_sensor *s = &p->node->settings.sensors[i];

        if (p->sensor[i] < 0)
            continue;
        close(p->sensor[i]);
        p->sensor[i] = -1;
        if (s->kind == SENSOR_UNIX || s->kind == SENSOR_DATAGRAM)
            unlink(settings_path(s));
    }
}

/* In the node's directory, where the others have no business. */
static bool writes_at_home(enum process p)
{
    return p == PROCESS_DESK || p == PROCESS_KEEPER || p == PROCESS_EXCHANGE;
}

static void tell_files(struct child *c)
{
    struct parent *p = c->parent;

    if (c->process == PROCESS_GATE)
        tell_file(c, "listen", p->listen);
    if (c->process == PROCESS_GATE)
        tell_file(c, "visits", p->visits);
    if (c->process == PROCESS_DESK)
        tell_file(c, "control", p->socket);
    /* Who writes holds the lock: no other node starts before the last of them is dead. */
    if (writes_at_home(c->process))
        tell_file(c, "lock", p->lock);
    if (c->process == PROCESS_KEEPER)
        tell_file(c, "passphrase", p->passphrase);
    for (size_t i = 0; c->process == PROCESS_WATCH && i < p->node->settings.sensor_count; i++)
        tell_sensor(c, i);
}

/* Exchange is there only where the settings have one. */
static bool is_wanted(const struct parent *p, enum process process)
{
    return process != PROCESS_EXCHANGE || p->node->settings.has_exchange;
}

static bool child_is_up(const struct child *c)
{
    return c->state == CHILD_RUNNING;
}

static void tell_channel(struct child *c, enum process other, int fd)
{
    uint8_t body = (uint8_t)other;

    tell(c, MESSAGE_CHANNEL, bytes_of(&body, 1), fd);
}

static void connect_pair(struct child *a, struct child *b)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        log_fault(LOG_LEVEL_ERROR, "channel", fault_io("parent: socketpair"));
        kill(a->pid, SIGKILL);
        return;
    }
    tell_channel(a, b->process, pair[0]);
    tell_channel(b, a->process, pair[1]);
    close(pair[0]);
    close(pair[1]);
}

/* A gate that finishes still asks exchange and judge for what it has in hand, a new one too if the
 * one that it knew died meanwhile. */
static bool may_talk(const struct child *a, const struct child *b)
{
    bool finishes = a->process == PROCESS_GATE && a->state == CHILD_STOPPING;

    return (child_is_up(a) || (finishes && b->process != PROCESS_DESK)) && child_is_up(b);
}

/* New channels between this process and every neighbour that is up. */
static void connect_neighbours(struct child *c)
{
    for (size_t i = 0; i < sizeof neighbours / sizeof neighbours[0]; i++) {
        struct child *a = &c->parent->children[neighbours[i][0]];
        struct child *b = &c->parent->children[neighbours[i][1]];

        if ((a == c || b == c) && may_talk(a, b))
            connect_pair(a, b);
    }
}

/* ---- hearing -------------------------------------------------------------------------------- */

/* sd_notify(3), without its library: one datagram. */
static void notify_manager(const char *words)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t length = path != NULL ? strlen(path) : 0;
    int fd;

    if (length == 0 || length >= sizeof a.sun_path)
        return;
    memcpy(a.sun_path, path, length);
    if (a.sun_path[0] == '@')
        a.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&a,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

/* All that are wanted work; an exchange whose server does not answer keeps nobody waiting, for the
 * parties' statements do not depend on it. */
static bool all_are_ready(const struct parent *p)
{
    for (size_t i = 0; i < ALL; i++) {
        const struct child *c = &p->children[all[i]];

        if (is_wanted(p, all[i]) && !c->ready && (all[i] != PROCESS_EXCHANGE || c->deaths == 0))
            return false;
    }
    return true;
}

static void announce(struct parent *p)
{
    if (p->announced || p->ending || !all_are_ready(p))
        return;
    p->announced = true;
    printf("parley: ready: %s in %s\n", p->node->settings.party, p->directory);
    fflush(stdout);
    notify_manager("READY=1");
    log_info("ready");
}

static void reload_if_calm(struct parent *p);

static void heard_ready(struct child *c)
{
    c->ready = true;
    announce(c->parent);
    reload_if_calm(c->parent);
}

/* The file of that number beside `path`, where rotation put it: its name begins as `path`'s does.
 * -1: it is not there. */
static int open_rotated(const char *path, uint64_t device, uint64_t inode)
{
    const char *name = strrchr(path, '/') + 1;
    size_t folder = (size_t)(name - path), stem = strcspn(name, ".");
    char full[SETTINGS_PATH + 256];
    struct dirent *entry;
    struct stat st;
    DIR *dir;
    int fd = -1;

    snprintf(full, sizeof full, "%.*s", (int)folder, path);
    dir = opendir(full);
    while (dir != NULL && fd < 0 && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, name, stem) != 0)
            continue;
        snprintf(full + folder, sizeof full - folder, "%s", entry->d_name);
        if (lstat(full, &st) != 0 || !S_ISREG(st.st_mode) || st.st_ino != inode ||
            st.st_dev != device)
            continue;
        fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    }
    if (dir != NULL)
        closedir(dir);
    return fd;
}

static void heard_reopen(struct child *c, struct bytes body)
{
    struct cursor in = cursor_over(body, "parent: REOPEN");
    uint32_t index = cursor_u32(&in);
    uint64_t device = cursor_u64(&in), inode = cursor_u64(&in);
    const struct settings *s = &c->parent->node->settings;
    char name[32];
    int fd;

    cursor_end(&in);
    if (!cursor_ok(&in) || c->process != PROCESS_WATCH || index >= s->sensor_count) {
        log_warn("%s asks for a sensor that it may not have", process_name(c->process));
        return;
    }
    if (s->sensors[index].kind != SENSOR_FILE)
        return; /* a socket stays the same */
    fd = inode != 0 ? open_rotated(settings_path(&s->sensors[index]), device, inode) : -1;
    if (fd < 0) {
        tell_sensor(c, index);
        return;
    }
    snprintf(name, sizeof name, "rotated.%u", index);
    tell_file(c, name, fd);
    close(fd);
}

/* The exchange's socket: the same as long as the address is, for gate still listens on it. */
static void take_up_visits(struct parent *p, const struct settings *old, const struct settings *new)
{
    struct fault f;

    if (old->has_exchange && new->has_exchange && p->visits >= 0 &&
        memcmp(&old->exchange.listen, &new->exchange.listen, sizeof old->exchange.listen) == 0)
        return;
    if (p->visits >= 0)
        close(p->visits);
    p->visits = -1;
    f = new->has_exchange ? node_listen(&new->exchange.listen, &p->visits) : fault_none();
    if (fault_is(f))
        log_fault(LOG_LEVEL_ERROR, "exchange: listen", f);
}

static void heard_lists(struct child *c, struct bytes body)
{
    struct cursor in = cursor_over(body, "parent: LISTS");
    bool every = cursor_u8(&in) != 0;
    struct listing_file file[LISTING_FILES];
    size_t count;

    cursor_end(&in);
    if (!cursor_ok(&in) || c->process != PROCESS_WATCH) {
        log_warn("%s asks for lists that it may not have", process_name(c->process));
        return;
    }
    count = listing_open(&c->parent->listing, &c->parent->node->settings, every, file);
    for (size_t i = 0; i < count; i++) {
        tell_file(c, file[i].name, file[i].fd);
        close(file[i].fd);
    }
}

static void take_over(struct parent *p, struct node *fresh)
{
    node_done(p->node);
    free(p->node);
    p->node = fresh;
}

/* Lists are taken up by watch beside the stream: nobody is begun anew, no socket is closed. */
static void reload_lists(struct parent *p, struct node *fresh)
{
    struct child *watch = &p->children[PROCESS_WATCH];

    take_over(p, fresh);
    p->listing = (struct listing){0}; /* it went by their place in the settings */
    if (child_is_up(watch))
        tell(watch, MESSAGE_SETTINGS, buf_view(&fresh->settings_text), -1);
    log_info("reloaded: lists");
}

/* Reads settings and agreements again and starts those processes anew that were told the old
 * ones. What is wrong changes nothing. */
static void reload(struct parent *p, bool desk_too)
{
    struct node *fresh = memory_zeroed(1, sizeof *fresh);
    struct fault f = node_read(fresh);

    if (fault_is(f)) {
        log_error("not reloaded: %s", fresh->why);
        free(fresh);
        return;
    }
    if (desk_too && node_differs_by_lists(p->node, fresh)) {
        reload_lists(p, fresh);
        return;
    }
    close_sensors(p); /* they go by their place in the settings */
    take_up_visits(p, &p->node->settings, &fresh->settings);
    take_over(p, fresh);
    log_info("reloaded");
    for (size_t i = 0; i < ALL; i++)
        if ((all[i] != PROCESS_DESK || desk_too) && child_is_up(&p->children[all[i]]))
            child_stop(&p->children[all[i]]);
    if (is_wanted(p, PROCESS_EXCHANGE) && p->children[PROCESS_EXCHANGE].state == CHILD_DOWN)
        child_start(&p->children[PROCESS_EXCHANGE]);
}

static void reload_now(void *context)
{
    struct parent *p = context;
    bool desk_too = p->again_desk;

    if (!p->again || p->ending)
        return;
    p->again = p->again_desk = false;
    loop_timer_stop(p->again_timer);
    reload(p, desk_too);
}

/* A process that is just being started has requests waiting for it: to begin it anew in the middle
 * would leave them unanswered. One that dies again and again is not waited for. */
static void reload_if_calm(struct parent *p)
{
    for (size_t i = 0; i < ALL; i++) {
        const struct child *c = &p->children[all[i]];

        if (c->state == CHILD_STOPPING || (is_wanted(p, all[i]) && !c->ready && c->deaths < 2))
            return;
    }
    reload_now(p);
}

static void reload_soon(struct parent *p, bool desk_too)
{
    if (!p->again)
        loop_timer_in(p->again_timer, PARENT_RELOAD * 1000000LL);
    p->again = true;
    p->again_desk |= desk_too;
    reload_if_calm(p);
}

static void heard(struct child *c, const struct control_message *m)
{
    switch (m->type) {
    case MESSAGE_READY:
        heard_ready(c);
        break;
    case MESSAGE_REOPEN:
        heard_reopen(c, buf_view(&m->body));
        break;
    case MESSAGE_LISTS:
        heard_lists(c, buf_view(&m->body));
        break;
    case MESSAGE_RELOAD:
        if (c->process == PROCESS_DESK && !c->parent->ending)
            reload_soon(c->parent, false);
        break;
    default:
        log_warn("%s says %s to the parent", process_name(c->process),
                 message_name((enum message_type)m->type));
    }
}

static void child_speaks(void *context, unsigned what)
{
    struct child *c = context;
    struct control_message m;
    struct fault f = control_receive(c->control, CONTROL_PARENT, MESSAGE_VERSION, &m);

    (void)what;
    if (!fault_is(f)) {
        heard(c, &m);
        control_done(&m);
        return;
    }
    if (f.kind == FAULT_IO && f.at == EAGAIN)
        return;
    loop_fd_want(c->ear, 0); /* it is dead or dying: SIGCHLD comes */
    if (f.kind != FAULT_SHORT) {
        log_fault(LOG_LEVEL_ERROR, process_name(c->process), f);
        kill(c->pid, SIGKILL);
    }
}

/* ---- life and death ------------------------------------------------------------------------- */

static struct fault child_spawn(struct child *c)
{
    struct parent *p = c->parent;
    char word[16];
    struct spawn s = {
        .folder = writes_at_home(c->process) ? "." : NULL, .uid = p->uid, .gid = p->gid};
    int ends[2];
    struct fault f = control_pair(ends);

    if (fault_is(f))
        return f;
    snprintf(word, sizeof word, "@%s", process_name(c->process));
    s.argument[0] = word;
    s.argument[1] = p->directory;
    s.control = ends[1];
    f = spawn_start(&s, &c->pid);
    close(ends[1]);
    if (fault_is(f)) {
        close(ends[0]);
        return f;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c->control = ends[0];
    return f;
}

static void child_brief(struct child *c)
{
    struct buf setup = {0};

    node_setup(c->parent->node, c->process, &setup);
    tell(c, MESSAGE_SETUP, buf_view(&setup), -1);
    buf_wipe(&setup);
    tell_files(c);
    connect_neighbours(c);
    if (!c->parent->together)
        tell(c, MESSAGE_GO, bytes_of(NULL, 0), -1);
}

static void child_wait(struct child *c);

static void child_start(struct child *c)
{
    struct fault f = child_spawn(c);

    c->began = tick_now();
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, process_name(c->process), f);
        c->deaths++;
        child_wait(c);
        return;
    }
    c->state = CHILD_RUNNING;
    c->ready = false;
    c->ear = loop_fd_new(c->parent->loop, c->control, child_speaks, c);
    loop_fd_want(c->ear, LOOP_READ);
    child_brief(c);
}

/* Back-off: at once, then 1, 2, 4 .. seconds. */
static void child_wait(struct child *c)
{
    unsigned steps = c->deaths < 2 ? 0 : c->deaths - 2;
    int64_t seconds = c->deaths < 2 ? 0 : steps > 5 ? PARENT_BACKOFF : 1 << steps;

    if (seconds > PARENT_BACKOFF)
        seconds = PARENT_BACKOFF;
    c->state = CHILD_WAITING;
    loop_timer_in(c->timer, seconds * 1000000);
}

static void child_stop(struct child *c)
{
    c->state = CHILD_STOPPING;
    tell(c, MESSAGE_STOP, bytes_of(NULL, 0), -1);
    loop_timer_in(c->timer, PARENT_STOP * 1000000LL);
}

static void child_timer(void *context)
{
    struct child *c = context;

    if (c->state == CHILD_WAITING)
        child_start(c);
    else if (c->state == CHILD_STOPPING) {
        log_warn("%s does not stop", process_name(c->process));
        kill(c->pid, SIGKILL);
    }
}

static void log_death(const struct child *c, int status)
{
    const char *name = process_name(c->process);

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        log_error("%s was killed by its sandbox: it did what it may not", name);
    else if (WIFSIGNALED(status))
        log_error("%s was killed by signal %d", name, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0 || c->state != CHILD_STOPPING)
        log_error("%s ended with status %d", name, WEXITSTATUS(status));
}

static bool parent_is_empty(const struct parent *p)
{
    for (size_t i = 0; i < ALL; i++)
        if (p->children[all[i]].state != CHILD_DOWN)
            return false;
    return true;
}

static void child_died(struct child *c, int status)
{
    struct parent *p = c->parent;
    bool asked = c->state == CHILD_STOPPING;

    log_death(c, status);
    loop_fd_free(c->ear);
    c->ear = NULL;
    close(c->control);
    c->ready = false;
    loop_timer_stop(c->timer);
    if (tick_now().us - c->began.us > PARENT_CALM * 1000000LL || asked)
        c->deaths = 0;
    c->deaths += !asked;
    if (!p->ending && WIFEXITED(status) && WEXITSTATUS(status) == PROCESS_REFUSED) {
        c->state = CHILD_DOWN;
        log_error("%s refuses to start: the node ends", process_name(c->process));
        parent_end(p, PARENT_EXIT_FAILED);
    } else if (p->ending) {
        c->state = CHILD_DOWN;
    } else if (!is_wanted(p, c->process)) {
        c->state = CHILD_DOWN;
    } else if (asked) {
        child_start(c);
    } else {
        child_wait(c);
        announce(p);
    }
    if (p->ending && parent_is_empty(p))
        loop_stop(p->loop);
}

static void parent_end(struct parent *p, int status)
{
    p->ending = true;
    p->status = status;
    notify_manager("STOPPING=1");
    for (size_t i = 0; i < ALL; i++) {
        struct child *c = &p->children[all[i]];

        if (child_is_up(c))
            child_stop(c);
        else if (c->state == CHILD_WAITING)
            c->state = CHILD_DOWN;
    }
    if (parent_is_empty(p))
        loop_stop(p->loop);
}

static void signal_came(void *context, int number)
{
    struct parent *p = context;
    int status;

    if (number == SIGHUP && !p->ending)
        reload_soon(p, true);
    if ((number == SIGTERM || number == SIGINT) && !p->ending) {
        log_info("stopping");
        parent_end(p, PARENT_EXIT_STOPPED);
    }
    for (size_t i = 0; number == SIGCHLD && i < ALL; i++) {
        struct child *c = &p->children[all[i]];

        if ((c->state == CHILD_RUNNING || c->state == CHILD_STOPPING) &&
            waitpid(c->pid, &status, WNOHANG) == c->pid)
            child_died(c, status);
    }
}

/* ---- start ---------------------------------------------------------------------------------- */

/* The last processes of a node that was killed may still be dying. */
static int take_lock(struct parent *p)
{
    struct tick end = {tick_now().us + PARENT_LOCK * 1000000LL};
    struct fault f;

    for (;;) {
        f = file_lock("lock", &p->lock);
        if (f.kind != FAULT_REFUSED || tick_now().us > end.us)
            break;
        poll(NULL, 0, 50);
    }
    if (f.kind == FAULT_REFUSED) {
        log_error("another node runs in %s", p->directory);
        return PARENT_EXIT_LOCKED;
    }
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, "lock", f);
        return PARENT_EXIT_SETTINGS;
    }
    if (geteuid() == 0 && fchown(p->lock, p->uid, p->gid) != 0)
        log_warn("lock: cannot be given to the node's user");
    return 0;
}

static int open_directory(struct parent *p, const char *directory)
{
    struct stat s;

    if (chdir(directory) != 0 || stat(".", &s) != 0) {
        log_error("%s: %s", directory, strerrordesc_np(errno));
        return PARENT_EXIT_SETTINGS;
    }
    p->uid = geteuid() == 0 ? s.st_uid : geteuid();
    p->gid = geteuid() == 0 ? s.st_gid : getegid();
    return take_lock(p);
}

/* Folders that processes write in; the rights of sandbox.h need them to exist. */
static bool make_folders(const struct parent *p)
{
    static const char *const folders[] = {"keeper", "desk", "ledger", "exchange"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (mkdir(folders[i], 0700) != 0 && errno != EEXIST)
            return false;
        if (geteuid() == 0 && chown(folders[i], p->uid, p->gid) != 0)
            return false;
    }
    return true;
}

static int open_all(struct parent *p)
{
    struct fault f = node_read(p->node);

    if (fault_is(f)) {
        log_error("%s", p->node->why);
        return PARENT_EXIT_SETTINGS;
    }
    if (!make_folders(p)) {
        log_error("%s: folders: %s", p->directory, strerrordesc_np(errno));
        return PARENT_EXIT_SETTINGS;
    }
    if (p->node->settings.listens)
        f = node_listen(&p->node->settings.listen, &p->listen);
    if (!fault_is(f) && p->node->settings.has_exchange)
        f = node_listen(&p->node->settings.exchange.listen, &p->visits);
    if (!fault_is(f))
        f = node_control(&p->node->settings, p->uid, p->gid, &p->socket);
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, "start", f);
        return PARENT_EXIT_FAILED;
    }
    return 0;
}

/* Started by root, it keeps what starting and stopping others and opening sensors need. */
static void drop_privileges(void)
{
    const uint64_t keep =
        1ULL << CAP_KILL | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_DAC_READ_SEARCH;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
        {.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)}};
    struct rlimit none = {0, 0};

    if (geteuid() == 0 && syscall(SYS_capset, &head, data) != 0)
        log_warn("parent: cannot give up capabilities");
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

static void run(struct parent *p)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    struct loop_signal *ears[sizeof signals / sizeof signals[0]];

    p->loop = loop_new();
    p->together = true;
    p->again_timer = loop_timer_new(p->loop, reload_now, p);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        ears[i] = loop_signal_new(p->loop, signals[i], signal_came, p);
    for (size_t i = 0; i < ALL; i++) {
        struct child *c = &p->children[all[i]];

        *c = (struct child){.parent = p, .process = all[i]};
        c->timer = loop_timer_new(p->loop, child_timer, c);
        c->state = CHILD_DOWN;
        if (is_wanted(p, all[i]))
            child_start(c);
    }
    p->together = false;
    for (size_t i = 0; i < ALL; i++)
        if (child_is_up(&p->children[all[i]]))
            tell(&p->children[all[i]], MESSAGE_GO, bytes_of(NULL, 0), -1);
    loop_run(p->loop);
    for (size_t i = 0; i < ALL; i++)
        loop_timer_free(p->children[all[i]].timer);
    loop_timer_free(p->again_timer);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        loop_signal_free(ears[i]);
    loop_free(p->loop);
}

static void parent_done(struct parent *p)
{
    const int fds[] = {p->listen, p->visits, p->socket, p->lock, p->passphrase};

    close_sensors(p);
    if (p->socket >= 0)
        unlink("control.sock");
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    node_done(p->node);
    free(p->node);
}

int parent_run(const char *directory, int passphrase)
{
    struct parent p = {.directory = directory,
                       .lock = -1,
                       .listen = -1,
                       .visits = -1,
                       .socket = -1,
                       .passphrase = passphrase};

    for (size_t i = 0; i < SETTINGS_SENSORS; i++)
        p.sensor[i] = -1;
    log_open("parent", LOG_LEVEL_INFO);
    signal(SIGPIPE, SIG_IGN);
    p.node = memory_zeroed(1, sizeof *p.node);
    if (fault_is(process_libraries()))
        p.status = PARENT_EXIT_FAILED;
    if (p.status == 0)
        p.status = open_directory(&p, directory);
    if (p.status == 0)
        p.status = open_all(&p);
    if (p.status == 0) {
        drop_privileges();
        run(&p);
    }
    parent_done(&p);
    return p.status;
}

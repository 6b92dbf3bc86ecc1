#include "proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sodium.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "crypto/suite.h"
#include "io/channel.h"
#include "io/control.h"
#include "io/log.h"
#include "io/pace.h"
#include "io/spawn.h"

/* A neighbour as seen from here. */
struct line {
    struct self *self;
    enum process other;
    struct channel *channel; /* NULL while it is away */
    bool paused;
};

struct file {
    char name[PROCESS_FILE_NAME];
    int fd;
};

struct self {
    const struct process_use *use;
    void *context;
    struct loop *loop;
    struct loop_fd *control;
    struct buf setup_body;
    struct setup setup;
    struct file files[PROCESS_FILES];
    size_t file_count;
    struct line lines[PROCESS_COUNT];
    bool running; /* READY was said: callbacks may be called */
    int status;
};

/* ---- channels ------------------------------------------------------------------------------- */

static void line_message(void *context, uint16_t type, struct bytes body)
{
    struct line *l = context;

    l->self->use->message(l->self->context, l->other, type, body);
}

static void line_drained(void *context)
{
    struct line *l = context;

    if (l->self->use->drained != NULL)
        l->self->use->drained(l->self->context, l->other);
}

static void line_tell(struct line *l, bool here)
{
    if (l->self->running && l->self->use->neighbour != NULL)
        l->self->use->neighbour(l->self->context, l->other, here);
}

/* A neighbour that was killed leaves half a message or a reset connection behind; anything else
 * is a breach. */
static bool is_breach(struct fault why)
{
    return why.kind == FAULT_LIMIT || why.kind == FAULT_UNKNOWN;
}

static void line_closed(void *context, struct fault why)
{
    struct line *l = context;

    channel_free(l->channel);
    l->channel = NULL;
    if (is_breach(why)) {
        log_fault(LOG_LEVEL_ERROR, process_name(l->other), why);
        process_stop(l->self, 1);
        return;
    }
    log_info("%s is gone", process_name(l->other));
    line_tell(l, false);
}

static const struct channel_use line_use = {
    .version = MESSAGE_VERSION,
    .body_max = MESSAGE_MAX,
    .message = line_message,
    .drained = line_drained,
    .closed = line_closed,
};

static void line_open(struct line *l, int fd)
{
    if (l->channel != NULL) {
        channel_free(l->channel);
        l->channel = NULL;
        line_tell(l, false);
    }
    l->channel = channel_new(l->self->loop, fd, &line_use, l);
    if (l->paused || !l->self->running)
        channel_pause(l->channel);
    line_tell(l, true);
}

/* ---- what the parent says ------------------------------------------------------------------- */

static struct fault hear_setup(struct self *s, struct control_message *m)
{
    if (s->setup_body.len > 0)
        return fault_make(FAULT_DUPLICATE, 0, "process: SETUP");
    s->setup_body = m->body;
    m->body = (struct buf){0}; /* transferred */
    return setup_parse(buf_view(&s->setup_body), &s->setup);
}

static struct fault hear_file(struct self *s, struct control_message *m)
{
    struct cursor in = cursor_over(buf_view(&m->body), "process: FILE");
    struct bytes name = cursor_part(&in, PROCESS_FILE_NAME - 1);
    struct file f = {.fd = m->fd};

    cursor_end(&in);
    if (!cursor_ok(&in))
        return in.fault;
    if (m->fd < 0 || !bytes_to_text(name, f.name, sizeof f.name))
        return fault_make(FAULT_MISSING, 0, in.rule);
    if (!s->running && s->file_count == PROCESS_FILES)
        return fault_make(FAULT_LIMIT, 0, in.rule);
    if (s->running && s->use->file == NULL)
        return fault_none(); /* closed with the message */
    m->fd = -1;              /* transferred */
    if (s->running)
        s->use->file(s->context, f.name, f.fd);
    else
        s->files[s->file_count++] = f;
    return fault_none();
}

static struct fault hear_channel(struct self *s, struct control_message *m)
{
    struct cursor in = cursor_over(buf_view(&m->body), "process: CHANNEL");
    uint8_t other = cursor_u8(&in);

    cursor_end(&in);
    if (!cursor_ok(&in))
        return in.fault;
    if (m->fd < 0 || other == PROCESS_NONE || other >= PROCESS_COUNT)
        return fault_make(FAULT_RANGE, 0, in.rule);
    line_open(&s->lines[other], m->fd);
    m->fd = -1; /* transferred */
    return fault_none();
}

static void hear_stop(struct self *s)
{
    if (s->use->stop != NULL && s->running)
        s->use->stop(s->context);
    else
        process_stop(s, 0);
}

static struct fault hear(struct self *s, struct control_message *m)
{
    switch (m->type) {
    case MESSAGE_SETUP:
        return hear_setup(s, m);
    case MESSAGE_FILE:
        return hear_file(s, m);
    case MESSAGE_CHANNEL:
        return hear_channel(s, m);
    case MESSAGE_STOP:
        hear_stop(s);
        return fault_none();
    case MESSAGE_SETTINGS:
        if (s->running && s->use->settings != NULL)
            s->use->settings(s->context, buf_view(&m->body));
        return fault_none();
    case MESSAGE_GO:
        return fault_none();
    default:
        return fault_make(FAULT_UNKNOWN, m->type, "process: message from the parent");
    }
}

static struct fault hear_next(struct self *s, uint16_t *type)
{
    struct control_message m;
    struct fault f = control_receive(SPAWN_CONTROL, CONTROL_CHILD, MESSAGE_VERSION, &m);

    if (fault_is(f))
        return f;
    f = hear(s, &m);
    *type = m.type;
    control_done(&m);
    return f;
}

static void control_ready(void *context, unsigned what)
{
    struct self *s = context;
    uint16_t type;
    struct fault f = hear_next(s, &type);

    (void)what;
    if (!fault_is(f) || (f.kind == FAULT_IO && f.at == EAGAIN))
        return;
    log_fault(LOG_LEVEL_ERROR, "parent", f);
    process_stop(s, 1);
}

/* ---- start ---------------------------------------------------------------------------------- */

struct fault process_libraries(void)
{
    uint8_t some[16];

    json_object_seed(0);
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                             OPENSSL_INIT_LOAD_SSL_STRINGS,
                         NULL) != 1 ||
        RAND_bytes(some, sizeof some) != 1 || sodium_init() < 0)
        return fault_make(FAULT_IO, ENOSYS, "process: cryptographic libraries");
    return fault_none();
}

static struct fault enter(struct self *s)
{
    struct rights rights = s->use->rights;
    struct sandbox_report report;
    struct fault f = fault_none();

    if (s->use->prepare != NULL)
        f = s->use->prepare(s->context, s, &rights);
    if (s->use->suites)
        suite_start();
    suite_settle();
    if (!fault_is(f))
        f = sandbox_enter(&rights, &report);
    if (fault_is(f))
        return f;
    if (report.missing != NULL)
        log_warn("sandbox: this kernel lacks %s", report.missing);
    if (report.root)
        log_warn("sandbox: still user 0, because root owns the node's directory");
    if (report.sanitised)
        log_debug("sandbox: the wider filter of a sanitised build");
    return f;
}

static struct fault start(struct self *s)
{
    uint16_t type = MESSAGE_NONE;
    struct fault f = process_libraries();

    if (s->use->brief && !pace_brief())
        log_info("the scheduler keeps its own slices: answers wait behind busy neighbours");
    s->loop = loop_new();
    while (!fault_is(f) && type != MESSAGE_GO && type != MESSAGE_STOP)
        f = hear_next(s, &type);
    if (fault_is(f) || type == MESSAGE_STOP)
        return f;
    if (fcntl(SPAWN_CONTROL, F_SETFL, O_NONBLOCK) != 0)
        return fault_io("process: control");
    s->control = loop_fd_new(s->loop, SPAWN_CONTROL, control_ready, s);
    loop_fd_want(s->control, LOOP_READ);
    f = enter(s);
    if (!fault_is(f) && s->use->begin != NULL)
        f = s->use->begin(s->context, s);
    if (fault_is(f))
        return f;
    s->running = true;
    for (size_t i = 0; i < PROCESS_COUNT; i++)
        if (s->lines[i].channel != NULL && !s->lines[i].paused)
            channel_resume(s->lines[i].channel);
    return control_send(SPAWN_CONTROL, MESSAGE_VERSION, MESSAGE_READY, bytes_of(NULL, 0), -1);
}

static void done(struct self *s)
{
    for (size_t i = 0; i < PROCESS_COUNT; i++)
        channel_free(s->lines[i].channel);
    for (size_t i = 0; i < s->file_count; i++)
        if (s->files[i].fd >= 0)
            close(s->files[i].fd);
    loop_fd_free(s->control);
    loop_free(s->loop);
    buf_wipe(&s->setup_body);
}

int process_run(const struct process_use *use, void *context)
{
    struct self s = {.use = use, .context = context};
    struct fault f;

    log_open(process_name(use->process), LOG_LEVEL_INFO);
    for (size_t i = 0; i < PROCESS_COUNT; i++)
        s.lines[i] = (struct line){.self = &s, .other = (enum process)i};
    f = start(&s);
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, "start", f);
        s.status = f.kind == FAULT_REFUSED ? PROCESS_REFUSED : 1;
    } else if (s.running) {
        loop_run(s.loop);
    }
    done(&s);
    return s.status;
}

/* ---- what a process file asks for ----------------------------------------------------------- */

const struct setup *process_setup(const struct self *s)
{
    return &s->setup;
}

void process_forget(struct self *s)
{
    s->setup = (struct setup){0};
    buf_wipe(&s->setup_body);
}

struct loop *process_loop(struct self *s)
{
    return s->loop;
}

int process_file(struct self *s, const char *name)
{
    for (size_t i = 0; i < s->file_count; i++) {
        int fd = s->files[i].fd;

        if (fd < 0 || strcmp(s->files[i].name, name) != 0)
            continue;
        s->files[i].fd = -1; /* transferred */
        return fd;
    }
    return -1;
}

void process_send(struct self *s, enum process to, uint16_t type, struct bytes body)
{
    if (s->lines[to].channel != NULL)
        channel_send(s->lines[to].channel, type, body);
}

void process_send_two(struct self *s, enum process to, uint16_t type, struct bytes body,
                      struct bytes tail)
{
    if (s->lines[to].channel != NULL)
        channel_send_two(s->lines[to].channel, type, body, tail);
}

bool process_may_send(const struct self *s, enum process to)
{
    return s->lines[to].channel != NULL && channel_may_send(s->lines[to].channel);
}

bool process_has(const struct self *s, enum process other)
{
    return s->lines[other].channel != NULL;
}

void process_pause(struct self *s, enum process from, bool pause)
{
    struct line *l = &s->lines[from];

    l->paused = pause;
    if (l->channel != NULL && s->running)
        (pause ? channel_pause : channel_resume)(l->channel);
}

void process_tell_parent(struct self *s, uint16_t type, struct bytes body)
{
    struct fault f = control_send(SPAWN_CONTROL, MESSAGE_VERSION, type, body, -1);

    if (!fault_is(f))
        return;
    log_fault(LOG_LEVEL_ERROR, "parent", f);
    process_stop(s, 1);
}

void process_stop(struct self *s, int status)
{
    s->status = status;
    loop_stop(s->loop);
}

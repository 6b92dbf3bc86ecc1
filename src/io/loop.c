#include "io/loop.h"

#include <event2/event.h>
#include <sys/time.h>

#include "base/memory.h"

struct loop {
    struct event_base *base;
};

struct loop_fd {
    struct event_base *base;
    struct event *event;
    int fd;
    unsigned want;
    void (*ready)(void *context, unsigned what);
    void *context;
};

struct loop_timer {
    struct event *event;
    void (*ring)(void *context);
    void *context;
};

struct loop_signal {
    struct event *event;
    void (*came)(void *context, int number);
    void *context;
};

struct loop *loop_new(void)
{
    struct event_config *config = event_config_new();
    struct loop *l = memory_zeroed(1, sizeof *l);

    if (config == NULL)
        die("libevent: no configuration\n");
    /* The environment must not choose how we wait, and there are no threads to lock out. */
    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    l->base = event_base_new_with_config(config);
    event_config_free(config);
    if (l->base == NULL)
        die("libevent: no event base\n");
    return l;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    event_base_free(l->base);
    free(l);
}

void loop_run(struct loop *l)
{
    event_base_dispatch(l->base);
}

void loop_stop(struct loop *l)
{
    event_base_loopexit(l->base, NULL);
}

static struct timeval timeval_of(int64_t us)
{
    if (us < 0)
        us = 0;
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

static struct event *event_made(struct event *event)
{
    if (event == NULL)
        die("libevent: no event\n");
    return event;
}

static void turn_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

void loop_turn(struct loop *l, int64_t us)
{
    struct timeval most = timeval_of(us);
    struct event *over = event_made(event_new(l->base, -1, 0, turn_over, NULL));

    event_add(over, &most);
    event_base_loop(l->base, EVLOOP_ONCE);
    event_free(over);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

static void fd_ready(evutil_socket_t fd, short what, void *context)
{
    struct loop_fd *f = context;

    (void)fd;
    f->ready(f->context, (what & EV_READ ? LOOP_READ : 0U) | (what & EV_WRITE ? LOOP_WRITE : 0U));
}

struct loop_fd *loop_fd_new(struct loop *l, int fd, void (*ready)(void *context, unsigned what),
                            void *context)
{
    struct loop_fd *f = memory_zeroed(1, sizeof *f);

    *f = (struct loop_fd){.base = l->base, .fd = fd, .ready = ready, .context = context};
    f->event = event_made(event_new(l->base, fd, EV_PERSIST, fd_ready, f));
    return f;
}

void loop_fd_want(struct loop_fd *f, unsigned what)
{
    short events = EV_PERSIST;

    if (what == f->want)
        return;
    event_del(f->event);
    f->want = what;
    if (what == 0)
        return;
    events |= what & LOOP_READ ? EV_READ : 0;
    events |= what & LOOP_WRITE ? EV_WRITE : 0;
    if (event_assign(f->event, f->base, f->fd, events, fd_ready, f) != 0 ||
        event_add(f->event, NULL) != 0)
        die("libevent: cannot wait for a descriptor\n");
}

void loop_fd_free(struct loop_fd *f)
{
    if (f == NULL)
        return;
    event_free(f->event);
    free(f);
}

static void timer_ring(evutil_socket_t fd, short what, void *context)
{
    struct loop_timer *t = context;

    (void)fd;
    (void)what;
    t->ring(t->context);
}

struct loop_timer *loop_timer_new(struct loop *l, void (*ring)(void *context), void *context)
{
    struct loop_timer *t = memory_zeroed(1, sizeof *t);

    *t = (struct loop_timer){.ring = ring, .context = context};
    t->event = event_made(event_new(l->base, -1, 0, timer_ring, t));
    return t;
}

void loop_timer_in(struct loop_timer *t, int64_t us)
{
    struct timeval wait = timeval_of(us);

    if (event_add(t->event, &wait) != 0)
        die("libevent: cannot set a timer\n");
}

void loop_timer_at(struct loop_timer *t, struct tick when)
{
    loop_timer_in(t, when.us - tick_now().us);
}

bool loop_timer_is_set(const struct loop_timer *t)
{
    return event_pending(t->event, EV_TIMEOUT, NULL) != 0;
}

void loop_timer_stop(struct loop_timer *t)
{
    event_del(t->event);
}

void loop_timer_free(struct loop_timer *t)
{
    if (t == NULL)
        return;
    event_free(t->event);
    free(t);
}

static void signal_came(evutil_socket_t number, short what, void *context)
{
    struct loop_signal *s = context;

    (void)what;
    s->came(s->context, (int)number);
}

struct loop_signal *loop_signal_new(struct loop *l, int number,
                                    void (*came)(void *context, int number), void *context)
{
    struct loop_signal *s = memory_zeroed(1, sizeof *s);

    *s = (struct loop_signal){.came = came, .context = context};
    s->event = event_made(evsignal_new(l->base, number, signal_came, s));
    if (event_add(s->event, NULL) != 0)
        die("libevent: cannot wait for a signal\n");
    return s;
}

void loop_signal_free(struct loop_signal *s)
{
    if (s == NULL)
        return;
    event_free(s->event);
    free(s);
}

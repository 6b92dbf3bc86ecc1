/*
 * loop.h - the one loop a process turns in: descriptors, timers, signals.
 *
 * A thin cover over libevent's event_base, so that a process file says what it waits for and
 * nothing else. Knows nothing of what is read or written. One loop a process, no threads.
 * All three kinds of event may be freed inside their own callback.
 */
#ifndef PARLEY_IO_LOOP_H
#define PARLEY_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct event_base;
struct loop;

enum {
    LOOP_READ = 1,
    LOOP_WRITE = 2,
};

/* Makes the loop. Before the sandbox: it opens an epoll descriptor and a pipe of its own. */
struct loop *loop_new(void);
void loop_free(struct loop *l); /* NULL is fine; after everything that hangs in it */

/* Turns until loop_stop, or until nothing is left to wait for. */
void loop_run(struct loop *l);

/* Ends loop_run after the callbacks that are due now. */
void loop_stop(struct loop *l);

/* Waits for at most one round of events, at most `us` microseconds; for tests and for closing
 * down. */
void loop_turn(struct loop *l, int64_t us);

/* The event_base below, for what libevent itself provides (bufferevents). Borrowed. */
struct event_base *loop_base(struct loop *l);

/* A descriptor: `ready` gets the LOOP_* bits that are possible now. Level-triggered. The
 * descriptor stays the caller's and must live longer than the loop_fd. Waits for nothing until
 * loop_fd_want. */
struct loop_fd;
struct loop_fd *loop_fd_new(struct loop *l, int fd, void (*ready)(void *context, unsigned what),
                            void *context);
void loop_fd_want(struct loop_fd *f, unsigned what); /* LOOP_* bits; 0 rests */
void loop_fd_free(struct loop_fd *f);                /* NULL is fine */

/* A timer that rings once; it may be set again, also while it rings. */
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *l, void (*ring)(void *context), void *context);
void loop_timer_at(struct loop_timer *t, struct tick when); /* past: in the next round */
void loop_timer_in(struct loop_timer *t, int64_t us);       /* microseconds from now */
bool loop_timer_is_set(const struct loop_timer *t);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); /* NULL is fine */

/* A signal, delivered as a callback in the loop. */
struct loop_signal;
struct loop_signal *loop_signal_new(struct loop *l, int number,
                                    void (*came)(void *context, int number), void *context);
void loop_signal_free(struct loop_signal *s); /* NULL is fine */

#endif

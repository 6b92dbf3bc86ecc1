#include "io/aside.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"

struct aside {
    int bell; /* an eventfd: the thread rings, the loop hears */
    struct loop_fd *ear;
    pthread_t thread;
    bool threaded; /* it was made */
    bool busy;     /* the loop's: what was begun is not yet done */
    pthread_mutex_t lock;
    pthread_cond_t moved; /* `given` or `ending` is another one */
    bool given;           /* and not yet run */
    bool ending;
    void (*run)(void *context);
    void (*done)(void *context);
    void *context;
};

static void *turn(void *context)
{
    struct aside *a = context;
    const uint64_t one = 1;

    pthread_mutex_lock(&a->lock);
    while (a->given || !a->ending) {
        if (!a->given) {
            pthread_cond_wait(&a->moved, &a->lock);
            continue;
        }
        pthread_mutex_unlock(&a->lock);
        a->run(a->context);
        pthread_mutex_lock(&a->lock);
        a->given = false;
        pthread_cond_broadcast(&a->moved);
        if (write(a->bell, &one, sizeof one) != (ssize_t)sizeof one)
            die("aside: the loop cannot be woken\n");
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* Signals are the loop's. */
static void thread_make(struct aside *a)
{
    sigset_t all, before;

    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0 ||
        pthread_create(&a->thread, NULL, turn, a) != 0 ||
        pthread_sigmask(SIG_SETMASK, &before, NULL) != 0)
        die("aside: no thread\n");
    a->threaded = true;
}

/* If it was waited for meanwhile, the bell has been heard. */
static void settle(struct aside *a)
{
    uint64_t count;

    if (read(a->bell, &count, sizeof count) != (ssize_t)sizeof count)
        return;
    a->busy = false;
    a->done(a->context);
}

static void bell_rings(void *context, unsigned what)
{
    (void)what;
    settle(context);
}

struct aside *aside_new(struct loop *l)
{
    struct aside *a = memory_zeroed(1, sizeof *a);

    a->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (a->bell < 0)
        die("aside: no descriptor\n");
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->moved, NULL);
    a->ear = loop_fd_new(l, a->bell, bell_rings, a);
    loop_fd_want(a->ear, LOOP_READ);
    return a;
}

void aside_free(struct aside *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    a->ending = true;
    pthread_cond_broadcast(&a->moved);
    pthread_mutex_unlock(&a->lock);
    if (a->threaded)
        pthread_join(a->thread, NULL);
    loop_fd_free(a->ear);
    close(a->bell);
    pthread_cond_destroy(&a->moved);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

void aside_begin(struct aside *a, void (*run)(void *context), void (*done)(void *context),
                 void *context)
{
    if (!a->threaded)
        thread_make(a);
    assert(!a->busy);
    a->busy = true;
    pthread_mutex_lock(&a->lock);
    a->run = run;
    a->done = done;
    a->context = context;
    a->given = true;
    pthread_cond_broadcast(&a->moved);
    pthread_mutex_unlock(&a->lock);
}

bool aside_is_busy(const struct aside *a)
{
    return a->busy;
}

void aside_wait(struct aside *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->given)
        pthread_cond_wait(&a->moved, &a->lock);
    pthread_mutex_unlock(&a->lock);
    settle(a);
}

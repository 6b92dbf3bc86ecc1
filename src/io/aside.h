/*
 * aside.h - one thing at a time that waits for the disk or a server, while the loop turns on.
 *
 * One thread, which runs what it is given and nothing else: whoever gives it something touches
 * nothing of that until it is done. The thread is made when it is first needed, inside the sandbox
 * and so held by it (RIGHT_THREAD); it takes no signal. Knows nothing of what it runs.
 */
#ifndef PARLEY_IO_ASIDE_H
#define PARLEY_IO_ASIDE_H

#include <stdbool.h>

#include "io/loop.h"

struct aside; /* opaque, owned */

/* Before the sandbox: opens a descriptor. */
struct aside *aside_new(struct loop *l);
void aside_free(struct aside *a); /* NULL is fine; waits for what runs, and does not say `done` */

/* Runs `run` in the thread, then `done` in the loop. Nothing is being run (aside_is_busy). */
void aside_begin(struct aside *a, void (*run)(void *context), void (*done)(void *context),
                 void *context);

/* From aside_begin until `done` is called: not inside of it any more. */
bool aside_is_busy(const struct aside *a);

/* Waits until what runs has ended and calls its `done` now; nothing to do if nothing runs. */
void aside_wait(struct aside *a);

#endif

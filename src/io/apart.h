/*
 * apart.h - a piece of a command's work in a process of its own, in a sandbox, asked one question
 * at a time.
 *
 * For programs that are no node and yet read what a stranger sent: `parley collection` has one
 * that meets the network and one that parses. The process is a copy of this one that keeps no
 * descriptor but its socket and standard error, enters its rights, and only then is asked. It ends
 * with the one who made it. Neither the questions nor the answers mean anything here.
 */
#ifndef PARLEY_IO_APART_H
#define PARLEY_IO_APART_H

#include "base/buf.h"
#include "base/fault.h"
#include "io/sandbox.h"

struct apart; /* opaque, owned */

struct apart_use {
    struct rights rights;
    /* In the new process, before its sandbox: opens what must be opened, completes the rights. Its
     * fault is apart_start's. May be NULL. */
    struct fault (*prepare)(void *context, struct rights *rights);
    /* In the sandbox: one question; appends the answer. */
    void (*answer)(void *context, struct bytes question, struct buf *out);
    void *context; /* as it was when apart_start was called */
};

/* IO (no process, no sandbox), and what `prepare` answered. */
MUST_CHECK struct fault apart_start(const struct apart_use *use, struct apart **out);

/* Asks, waits, appends the answer of at most `most` bytes. IO (EPIPE: the process ended, as when
 * it called what its rights do not allow), LIMIT: it is of no use any more. */
MUST_CHECK struct fault apart_ask(struct apart *a, struct bytes question, size_t most,
                                  struct buf *out);

void apart_free(struct apart *a); /* ends the process; NULL is fine */

#endif

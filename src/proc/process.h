/*
 * process.h - what every process but the parent begins with, and how it talks to the others.
 *
 * At its start a process hears from the parent, on fd 3: SETUP, its files, its channels, GO. It
 * then enters its sandbox, begins, and says READY. From there it turns in its loop until STOP.
 * A process file is its rights, its handlers, and a main:
 *
 *     static const struct process_use use = {
 *         .process = PROCESS_JUDGE, .rights = {.files = 32}, .begin = judge_begin,
 *         .message = judge_message };
 *     int judge_main(void) { struct judge j = {0}; return process_run(&use, &j); }
 *
 * A neighbour may die and be started anew at any time: then its channel is new, what was in
 * flight is lost, and `neighbour` tells. What is sent to one that is away is dropped. A channel
 * that breaks a rule (not: one that just ends) ends this process; the parent starts it anew with
 * clean channels.
 */
#ifndef PARLEY_PROC_PROCESS_H
#define PARLEY_PROC_PROCESS_H

#include "base/bytes.h"
#include "base/fault.h"
#include "io/loop.h"
#include "io/sandbox.h"
#include "ipc/message.h"
#include "ipc/setup.h"

enum {
    PROCESS_FILES = 72,     /* descriptors by name: 64 sensors, listen, control, lock */
    PROCESS_FILE_NAME = 64, /* with its NUL */
    PROCESS_REFUSED = 78,   /* exit status: it will not start however often it is tried; the node
                               ends (begin or prepare answered REFUSED) */
};

struct self;

struct process_use {
    enum process process;
    struct rights rights;
    bool suites; /* it meets keys in its sandbox: all suites are loaded before (crypto/suite.h) */
    bool brief;  /* it answers others, briefly and often: io/pace.h */
    /* Before the sandbox, when all is there: may narrow or complete the rights (ports of the
     * peers) and load what needs files of the system. NULL: nothing to do. */
    struct fault (*prepare)(void *context, struct self *self, struct rights *rights);
    /* In the sandbox, before READY. A fault ends the process: it is tried again later, but for
     * REFUSED, which ends the node. NULL: nothing to do. */
    struct fault (*begin)(void *context, struct self *self);
    /* One message of a neighbour; `body` is borrowed until it returns. */
    void (*message)(void *context, enum process from, uint16_t type, struct bytes body);
    /* process_may_send(to) says yes again. May be NULL. */
    void (*drained)(void *context, enum process to);
    /* A neighbour is gone (here false) or a new one is there (true). Not called for those that
     * were there at the start. May be NULL. */
    void (*neighbour)(void *context, enum process other, bool here);
    /* The parent sent a descriptor after the start; now yours. May be NULL: it is closed. */
    void (*file)(void *context, const char *name, int fd);
    /* The parent sent settings.json anew: of it `indicators` and `lists` alone are others. May be
     * NULL: it matters to no other process. */
    void (*settings)(void *context, struct bytes text);
    /* Finish what is in hand, then call process_stop. NULL: stops at once. */
    void (*stop)(void *context);
};

/* Runs the process from its first message to its end; answers the exit status. */
int process_run(const struct process_use *use, void *context);

/* What libraries open or ask once in their life: before any sandbox. */
MUST_CHECK struct fault process_libraries(void);

/* What the parent said at the start; lives as long as the process, save for process_forget. */
const struct setup *process_setup(const struct self *s);

/* Overwrites what SETUP brought, once all that is needed was taken out of it: for processes that
 * were given keys. process_setup is empty afterwards. */
void process_forget(struct self *s);

struct loop *process_loop(struct self *s);

/* Takes the descriptor of this name out of what the parent handed over at the start: now yours.
 * -1 if there is none. */
int process_file(struct self *s, const char *name);

/* Sends to a neighbour; dropped if it is away. */
void process_send(struct self *s, enum process to, uint16_t type, struct bytes body);

/* The same, with a body of two parts that need not lie together. */
void process_send_two(struct self *s, enum process to, uint16_t type, struct bytes body,
                      struct bytes tail);

/* May more be sent to it without filling memory? False if it is away. */
bool process_may_send(const struct self *s, enum process to);
bool process_has(const struct self *s, enum process other);

/* Stops and goes on hearing a neighbour (channel.h tells which ones may be paused). Holds for a
 * new channel of the same neighbour too. */
void process_pause(struct self *s, enum process from, bool pause);

/* RELOAD, REOPEN or LISTS to the parent. */
void process_tell_parent(struct self *s, uint16_t type, struct bytes body);

/* Ends the loop; process_run answers `status`. */
void process_stop(struct self *s, int status);

#endif

/*
 * desk.h - the node's state and what follows from it: what was said, heard, and is due.
 *
 * Brings the rooms together: cases/ says what may happen, release/ what may leave, ledger/ keeps,
 * hotline/ converses, store/ remembers; keeper signs elsewhere. Has no socket and no clock: its
 * host (proc/desk.c) brings messages, commands and times, and carries away what desk sends.
 *
 * Invariants:
 *  D1 What a command was answered is durable: the answer goes out after the commit, and for a
 *     statement after keeper's signature.
 *  D2 A statement's entry is fixed, byte for byte, in one transaction before it is appended; so
 *     whatever is done again after a crash is the same entry, and the log knows it by its leaf.
 *  D3 A partner's entry is answered (COSIGN, RECEIPT) only when its bytes and its document, or the
 *     document's digest and a REJECT, are durable.
 *  D4 The life of a case is a function of its statements and their times: it is replayed, never
 *     stored (cases/case.h).
 *  D5 A store transaction is lazy (store.h) only where all that it writes is read again at start
 *     from what is synced: own entries as stored and binding and their heads from the log and its
 *     notes, the state of a case from its statements. What is said or held is never lazy.
 */
#ifndef PARLEY_DESK_DESK_H
#define PARLEY_DESK_DESK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "ipc/message.h"
#include "pact/agreement.h"

#define DESK_BACKUP "desk/backup.db" /* a copy of the store, made anew by each backup command */

struct desk; /* opaque, owned */

/* What desk asks of its host. */
struct desk_host {
    void (*send)(void *context, enum process to, uint16_t type, struct bytes body);
    void (*reload)(void *context); /* a new version of an agreement lies in the node's folder */
    void (*say)(void *context, const char *what, struct fault why); /* for the log */
    void *context;
};

/* `agreements` ascending by id and version; they outlive desk. `party` is us. */
struct desk_start {
    const struct agreement *const *agreements;
    size_t agreement_count;
    const char *party;
    const struct desk_host *host;
    int64_t sample_bytes; /* of sample records kept for an agreement; 0: DESK_SAMPLES */
};

enum {
    DESK_SAMPLES = 256 << 20, /* bytes, if the settings say nothing: 60,000 records or more */
};

/* Opens the store at `store` ("desk/parley.db"). Logs open when keeper has said what it remembers
 * (MESSAGE_KEEPER_STATE). Relative paths: the node's directory is the working directory. */
MUST_CHECK struct fault desk_new(const struct desk_start *start, const char *store,
                                 struct instant now, struct tick tick, struct desk **out);
void desk_free(struct desk *d); /* NULL is fine */

/* One message of a neighbour. Faults are our own processes': the host ends. */
MUST_CHECK struct fault desk_message(struct desk *d, enum process from, uint16_t type,
                                     struct bytes body, struct instant now, struct tick tick);
void desk_neighbour(struct desk *d, enum process other, bool here, struct instant now,
                    struct tick tick);

/*
 * A command of docs/PROTOCOL.control. Answers at once or later: `answer` is called once, with an
 * object that it owns, unless desk_forget(client) came first.
 */
typedef void (*desk_answer)(void *client, json_t *answer);
void desk_command(struct desk *d, const json_t *ask, struct instant now, struct tick tick,
                  desk_answer answer, void *client);
void desk_forget(struct desk *d, void *client);

/* Time passed. Clocks, evidence roots, silent links, publishing. */
void desk_turn(struct desk *d, struct instant now, struct tick tick);

/* A log was stopped by a write that failed: what the disk holds is known only after opening it
 * anew, so the host ends the process and the parent starts it again. */
bool desk_is_broken(const struct desk *d);

/* Publishes what is not yet in the static directories; at the end too. */
void desk_publish(struct desk *d);

#endif

/*
 * remote.h - a foreign TAXII server, asked from the command line.
 *
 * The command itself never touches the server's bytes. Two processes of its own stand between, each
 * in a sandbox: one meets the network (TLS, HTTP; our credentials; no file, no other port), one
 * reads what was brought (JSON, STIX; nothing else at all). What reaches the command is our own
 * form of it (exchange/foreign.h), and the objects' bytes to be kept as they came.
 */
#ifndef PARLEY_CMD_REMOTE_H
#define PARLEY_CMD_REMOTE_H

#include "cmd/command.h"
#include "exchange/foreign.h"
#include "http/fetch.h"
#include "io/apart.h"

enum { REMOTE_URL = FETCH_URL };

struct remote {
    struct apart *network, *reader;
    char origin[REMOTE_URL]; /* "https://host:port" */
};

/* Starts the two for the server of `url`, with the flags of WITH_REMOTE. Says what went wrong. */
enum exit_code remote_open(const struct call *call, const char *url, struct remote *out);
void remote_close(struct remote *r);

struct remote_answer {
    struct fetch_answer http; /* its body is what `read` has slices of */
    bool typed;               /* its Content-Type is TAXII 2.1 */
    struct foreign read; /* of a 2xx: the body of the kind asked for; of others FOREIGN_ERROR */
};

/* Asks. The answer begins zeroed and is freed with remote_answer_done. IO: one of the two processes
 * died; then nothing more can be asked. */
MUST_CHECK struct fault remote_ask(struct remote *r, const char *method, const char *url,
                                   struct bytes body, enum foreign_kind kind,
                                   struct remote_answer *out);
void remote_answer_done(struct remote_answer *a);

/* Lets the reader look at bytes that did not come from the server: a person's file. */
MUST_CHECK struct fault remote_read(struct remote *r, enum foreign_kind kind, struct bytes body,
                                    struct foreign *out);

/* Says why there is no good answer (a trouble, or a status that is not 2xx), with the exit code
 * that fits. */
enum exit_code remote_error(struct say *s, const char *url, const struct remote_answer *a);
/* .. that one of the two processes died. */
enum exit_code remote_died(struct say *s, struct fault f);

/* A URL of the same server from what the server wrote: "/root/" or "https://same/root/", with a
 * slash at its end. False: it names another server, or is none. */
bool remote_join(const struct remote *r, const char *wrote, char out[REMOTE_URL]);

#endif

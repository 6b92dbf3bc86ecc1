/*
 * node.h - what lies in a node's directory, as the parent hands it out: docs/settings.md.
 *
 * The parent may run with privileges, so it looks into no bytes that may stem from outside: an
 * agreement's file is read, verified and turned into its canonical form by a short-lived process
 * in a sandbox without any right.
 *
 * All paths are relative to the node's directory, which is the working directory.
 */
#ifndef PARLEY_PROC_NODE_H
#define PARLEY_PROC_NODE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/fault.h"
#include "ipc/message.h"
#include "ipc/setup.h"
#include "proc/settings.h"

enum { NODE_TABLES = SETUP_PARTS, NODE_WHY = 600 };

struct node_agreement {
    struct buf canonical, signatures;
};

struct node_table {
    char name[SETUP_NAME]; /* "ID/FILE" */
    struct buf content;
};

struct node {
    struct settings settings;
    struct buf settings_text;
    struct node_agreement agreements[SETUP_AGREEMENTS]; /* by id as the settings list them, then
                                                           by version */
    size_t agreement_count;
    struct node_table tables[NODE_TABLES];
    size_t table_count;
    struct buf tls_key, tls_certificate;
    struct buf exchange_key, exchange_certificate; /* empty: those of the hotline serve */
    char why[NODE_WHY]; /* of the last fault: file, line and rule, for a person */
};

/* Reads settings, agreements, tables and the TLS identity. *out is written on success alone, but
 * for `why`. Faults: IO, LIMIT, those of the parsers, MISMATCH (an agreement under another id or
 * version, or without us). */
MUST_CHECK struct fault node_read(struct node *out);
void node_done(struct node *n);

/* Does `n` differ from what was read before in its settings' lists alone (settings.h)? */
bool node_differs_by_lists(const struct node *before, const struct node *n);

/* Appends the body of SETUP for this process: keys to gate alone, tables to watch alone. */
void node_setup(const struct node *n, enum process process, struct buf *out);

/* Opens the node's sockets, those for TCP without delay (TCP_NODELAY); group of the control socket
 * by the settings, owner uid. */
MUST_CHECK struct fault node_listen(const struct endpoint *at, int *out);
MUST_CHECK struct fault node_control(const struct settings *s, uid_t uid, gid_t gid, int *out);

/* The socket on which a sensor calls us (UNIX, DATAGRAM, UDP), nonblocking; a local one's path
 * belongs to the node's user and group. */
MUST_CHECK struct fault node_sensor(const struct settings_sensor *s, uid_t uid, gid_t gid,
                                    int *out);

#endif

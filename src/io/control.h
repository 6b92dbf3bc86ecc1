/*
 * control.h - the line between the parent and one of its processes: messages with a descriptor.
 *
 * One packet a message over SOCK_SEQPACKET, which keeps borders and carries descriptors:
 * u32 length of the body, u16 type, u16 version, u8 1 if the body lies in a memory file passed
 * along (bodies over CONTROL_INLINE do), body. The parent takes no descriptor from a process.
 */
#ifndef PARLEY_IO_CONTROL_H
#define PARLEY_IO_CONTROL_H

#include "base/buf.h"
#include "base/fault.h"

enum {
    CONTROL_INLINE = 32 << 10, /* a packet fits the kernel's default buffer several times */
    CONTROL_MAX = 32 << 20,    /* body: sixteen agreements with their signatures and to spare */
};

enum control_side {
    CONTROL_NONE = 0,
    CONTROL_PARENT, /* hears a process: small bodies, no descriptors */
    CONTROL_CHILD,  /* hears the parent */
};

struct control_message {
    uint16_t type;
    struct buf body; /* owned */
    int fd;          /* owned; -1 if none came */
};

/* Makes the pair: out[0] for the parent, out[1] for the process. Both close on exec. */
MUST_CHECK struct fault control_pair(int out[2]);

/* Sends one message; `fd` (or -1) is passed along and stays the caller's. Never waits if the
 * socket is non-blocking: IO with EAGAIN then. */
MUST_CHECK struct fault control_send(int socket, uint16_t version, uint16_t type, struct bytes body,
                                     int fd);

/* Receives one. IO (EAGAIN on a non-blocking socket with nothing there), SHORT (the other side
 * is gone, or a cut packet), UNKNOWN (version), LIMIT, REFUSED (a descriptor from a process).
 * *out is written on success alone; then control_done. */
MUST_CHECK struct fault control_receive(int socket, enum control_side side, uint16_t version,
                                        struct control_message *out);

/* Wipes the body (it may hold keys) and closes the descriptor, unless it was set to -1. */
void control_done(struct control_message *m);

#endif

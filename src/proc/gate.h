/*
 * gate.h - the limits of the process that holds the sockets; gate.c is the process.
 */
#ifndef PARLEY_PROC_GATE_H
#define PARLEY_PROC_GATE_H

enum {
    GATE_PEERS = 8,            /* partners: one an agreement id (SETTINGS_AGREEMENTS) */
    GATE_LINKS = 96,           /* connections at a time, of all kinds */
    GATE_STRANGERS = 64,       /* of them accepted and not yet known: the listener rests beyond */
    GATE_STRANGERS_SOURCE = 8, /* .. from one IPv4 address or IPv6 /64: closed beyond */
    GATE_BACKOFF = 60,         /* seconds between dials at most; PROTOCOL.hotline section 6 */
    GATE_CALM = 3,             /* seconds a link must live for the back-off to begin anew */
    GATE_FIRST = 30,           /* seconds from the handshake to the other side's first frame */
    GATE_FRAME = 300,          /* seconds from a frame's first byte to its last: 4 MiB at 14 kB/s */
    GATE_QUEUE = 16 << 20,     /* bytes that may wait to go out on a link: a PUSH, a MIRROR and
                                  their answers; a partner that does not read is closed */
    GATE_RATE = 16 << 20,      /* bytes a second that a link may bring for long .. */
    GATE_BURST = 64 << 20,     /* .. and at once */
    GATE_FRAMES = 1000,        /* frames a second for long .. */
    GATE_FRAMES_BURST = 4000,  /* .. and at once; beyond, it is read more slowly */
};

#endif

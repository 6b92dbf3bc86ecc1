/*
 * message.h - every message between our own processes, in one place.
 *
 * On a channel (io/channel.h) a message is u32 length of the body, u16 type, u16 version, body;
 * numbers big-endian, "part" as in buf_part. The body of each type is given beside its name; `*`
 * repeats a group behind a u32 count. Both ends are ours, yet every body is read through a
 * cursor to its end: a process that was taken over must not take over the next.
 *
 *   parent --control--> everyone      gate <-> judge      gate <-> desk
 *   judge  --> desk                   desk <-> keeper     desk <-> watch
 */
#ifndef PARLEY_IPC_MESSAGE_H
#define PARLEY_IPC_MESSAGE_H

#include <stdint.h>

enum {
    MESSAGE_VERSION = 1,
    MESSAGE_MAX = 8 << 20, /* body; a frame or a posted envelope of 4 MiB and what goes with it */
};

enum process {
    PROCESS_NONE = 0,
    PROCESS_PARENT,
    PROCESS_GATE,
    PROCESS_JUDGE,
    PROCESS_WATCH,
    PROCESS_DESK,
    PROCESS_KEEPER,
    PROCESS_EXCHANGE, /* only in a node that has one: settings.md */
    PROCESS_COUNT,
};

enum message_type {
    MESSAGE_NONE = 0,

    /* parent -> any, on the control channel (fd 3), descriptors beside them */
    MESSAGE_SETUP = 1,     /* part settings JSON; part own party; *{part agreement canonical,
                              part signatures file}; *{part name, part bytes}: secrets and files the
                              process needs as bytes (gate: "tls-key", "tls-cert") */
    MESSAGE_FILE = 2,      /* part name + fd: "listen", "control", "lock", "sensor.0", ... */
    MESSAGE_CHANNEL = 3,   /* u8 process at the other end + fd; replaces one that was there */
    MESSAGE_GO = 4,        /* empty: all is there, enter the sandbox and work */
    MESSAGE_STOP = 5,      /* empty: finish what is in hand and exit 0 */
    MESSAGE_SETTINGS = 10, /* watch: settings JSON as it is now; of it `indicators` and `lists`
                              alone are another, and are to be taken up while it works */
    /* any -> parent */
    MESSAGE_READY = 6,  /* empty: in the sandbox, working */
    MESSAGE_RELOAD = 7, /* desk: a new agreement version lies in the node's directory; the parent
                           starts gate, judge, watch and keeper anew with it */
    MESSAGE_LISTS = 9,  /* watch: u8 1 all of them, 0 if any has changed since: answered by a
                           MESSAGE_FILE each, "indicators.N" and "list.N" as the settings number
                           them, then "lists.end"; by nothing where none has changed */
    MESSAGE_REOPEN = 8, /* watch: u32 sensor index; u64 device, u64 inode (0: that of the path):
                           answered by MESSAGE_FILE, "sensor.N", or "rotated.N" for that inode */

    /* gate -> desk and judge */
    MESSAGE_LINK_UP = 20,   /* u32 link; part agreement id; part party; u8 1 if we dialled;
                               exporter[32]; part address */
    MESSAGE_LINK_DOWN = 21, /* u32 link; part why */
    /* gate -> judge */
    MESSAGE_FRAME = 22, /* u32 link; u8 frame type; part payload (untrusted) */
    /* desk -> gate */
    MESSAGE_SEND = 23,  /* u32 link; u8 frame type; part payload */
    MESSAGE_CLOSE = 24, /* u32 link; part rule; part text: BYE, then close */

    /* judge -> desk: checked frames (docs/PROTOCOL.hotline section 2) */
    MESSAGE_JUDGED = 30, /* u32 link; u8 frame type; part payload, canonical and verified;
                            for PUSH and MIRROR *{u8 ground (0 good), part rule} an entry */
    MESSAGE_BAD = 31,    /* u32 link; part rule: the frame broke it; desk ends the link */

    /* desk -> keeper */
    MESSAGE_SIGN = 40,       /* part agreement; u64 first index; *{part entry text; part permit
                                text; part disclosed document (empty for automatic kinds);
                                *{part decision text; part suites; part signatures}}: at most 256
                                entries, what goes into one PUSH; none: the last head again */
    MESSAGE_COSIGN = 41,     /* part agreement; part partner's note; u64 first; *{leaf[32]};
                              *{u64 index; part entry; part document}: the KEYS among them */
    MESSAGE_PEER = 42,       /* part agreement; part partner's genesis entry; part its document */
    MESSAGE_HELLO_SIGN = 43, /* part agreement; u32 link; part bytes to sign */
    MESSAGE_CATCH_UP = 50,   /* after a refill that keeper's own record lacks: part agreement; part
                                own note with our signatures; u64 first index; *{part entry text;
                                part disclosed document (CONTACT, KEYS, else empty)} */
    /* keeper -> desk */
    MESSAGE_KEEPER_STATE = 44,   /* *{part agreement; part origin; u64 size; root[32]; i64 last
                                    cosignature time; part the role keys that our own log names
                                    and keeper lacks, a line "ROLE SUITE FINGERPRINT" each},
                                    once at start */
    MESSAGE_SIGNED = 45,         /* part agreement; part note with our signature lines */
    MESSAGE_SIGN_REFUSED = 46,   /* part agreement; u64 index of the entry refused; part rule */
    MESSAGE_COSIGNED = 47,       /* part agreement; part note with both signature lines */
    MESSAGE_COSIGN_REFUSED = 48, /* part agreement; part rule */
    MESSAGE_HELLO_SIGNED = 49,   /* part agreement; u32 link; part suite; part signature */
    MESSAGE_KEEPER_REFUSED = 51, /* part agreement; u16 the message refused (PEER, HELLO_SIGN,
                                    CATCH_UP); part rule; part the role keys that a HELLO named
                                    and it lacks. CATCH_UP done: KEEPER_STATE again */

    /* desk -> watch */
    MESSAGE_WATCH_START = 60, /* part agreement id; part saved state (empty: from the start); one
                                 an agreement, then watch begins */
    MESSAGE_WATCH_COMMITTED = 61, /* part agreement id; u64 sequence: it is durable */
    /* watch -> desk */
    MESSAGE_WATCH_COMMIT =
        62, /* part agreement id; u64 sequence; part state; *{part incident, one JSON object as
               `watch replay --json` prints it, with counts}; *{sample, ipc/sample.h: its digest is
               for the next evidence root}; part sources JSON; *{part sighting,
               one JSON object: watch/sightings.h} */

    /* TAXII: asking.h spells the bodies. A request has gate's number all its way */
    /* gate -> exchange */
    MESSAGE_ASK = 70,    /* u64 number; u8 method; parts path, query, accept, content type,
                            authorization, from; u8 1 and pin[32]: a request, and of a POST whether
                            its body may be read */
    MESSAGE_FORGET = 71, /* u64 number: the client of an admitted POST has gone */
    /* desk -> exchange */
    MESSAGE_RELEASED = 76, /* part agreement; u8 TLP of the SHARE, 0: a RETRACT; u8 1: the
                              partner's; u32 count; *{SHA-256[32] of an object's bytes}: may be
                              given to the partner of that agreement, or may not any more */
    /* exchange -> gate */
    MESSAGE_ANSWER = 72, /* u64 number; u16 status; u8 challenge; u8 dates, i64 first, i64 last;
                            u8 methods allowed (of a 405); u16 seconds to wait; part body */
    MESSAGE_ADMIT = 73,  /* u64 number: judge may read its body */
    /* gate -> judge */
    MESSAGE_POSTED = 74, /* u64 number; part body (untrusted) */
    /* judge -> exchange */
    MESSAGE_ENVELOPE = 75, /* u64 number; part body; part what is in it (stix/judged.h) */
};

/* "gate", "desk" ..: the word in logs and in the process title. */
const char *process_name(enum process p);
const char *message_name(enum message_type type);

#endif

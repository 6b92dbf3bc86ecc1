/*
 * event.h - one sensor record: what it says, who began it, whose territory both ends lie in.
 *
 * sensor/ fills the first part, watch/orient the second, watch/judge the third. Plain values;
 * party ids are borrowed from the agreement, texts from the line and its room (event_text).
 */
#ifndef PARLEY_MODEL_EVENT_H
#define PARLEY_MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/addr.h"
#include "net/territory.h"

/* What the record is about. Alerts, fileinfo, flows, dns and all others are NONE: an application
 * record counts once, not again by its twins. */
enum service {
    SERVICE_NONE = 0,
    SERVICE_SSH,
    SERVICE_SMB,
    SERVICE_RDP,
    SERVICE_HTTP,
    SERVICE_TLS,
    SERVICE_SIP,
    SERVICE_COUNT,
};

enum transport { TRANSPORT_NONE = 0, TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_OTHER };

/* How it was decided who began. */
enum orient_ground {
    ORIENT_NONE = 0,     /* not decided: such an event is attributed to nobody */
    ORIENT_DEST_SERVES,  /* only the destination port is the service's: the source began */
    ORIENT_SRC_SERVES,   /* only the source port is: the destination began */
    ORIENT_OWN_DEST,     /* both ports are; the destination is our own end: the source began */
    ORIENT_OWN_SRC,      /* both ports are; the source is our own end: the destination began */
    ORIENT_RECORD_ORDER, /* neither is; the sensor writes this service client first */
    ORIENT_HANDSHAKE,    /* the record shows the source's SYN */
    ORIENT_ZEEK_ORIG,    /* Zeek's originator, and the ports do not say otherwise */
    ORIENT_BIFLOW,       /* the exporter says that the source initiated (RFC 5103) */
    ORIENT_FLOW_SRC,     /* the record names its source as who began the flow it belongs to */
    ORIENT_FLOW_DEST,    /* .. its destination */
    ORIENT_FLOW_ID_SRC,  /* a record before of the same flow id said that this one's source began */
    ORIENT_FLOW_ID_DEST, /* .. this one's destination */
    ORIENT_ACCEPTED,     /* the record is the server's own: the source called it */
    ORIENT_GROUNDS,
};

/* Which family of sensors wrote the record: what it can tell differs. */
enum family {
    FAMILY_EVE = 0,
    FAMILY_ZEEK,
    FAMILY_FLOW,
    FAMILY_SERVER, /* the server that was called, on its own connections: a honeypot */
    FAMILIES,
};

/* TCP flags as the wire has them. */
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

/* How a connection went, as Zeek's conn_state says it. */
enum conn_state {
    CONN_NONE = 0,    /* not said */
    CONN_ESTABLISHED, /* S1 S2 S3 SF RSTO RSTR: the handshake was completed */
    CONN_ATTEMPT,     /* S0 REJ SH RSTOS0: the originator's word alone, or refused */
    CONN_ANSWER,      /* SHR RSTRH: the answer to something that was not seen */
    CONN_OTHER,       /* OTH and what we do not know: no beginning was seen */
};

enum conn_saw { CONN_SAW_SYN = 1, CONN_SAW_SYN_ACK = 2, CONN_SAW_ACK = 4, CONN_SAW_ANSWER = 8 };

/* What the record of a connection or flow says beside its ends; all zero for application records,
 * whose existence says enough. */
struct contact {
    bool is;        /* such a record */
    bool both;      /* it counts both directions */
    bool initiator; /* the exporter says that the source began */
    uint8_t state;  /* enum conn_state */
    uint8_t saw;    /* CONN_SAW_*, by Zeek's history; 0 where it gave none */
    uint8_t flags, back_flags;
    uint64_t packets, bytes, back_packets, back_bytes;
};

/* Who began the flow that a record belongs to, by the sensor's word; watch/flows.h fills it. */
enum began { BEGAN_UNSAID = 0, BEGAN_SRC, BEGAN_DEST };

/* Was it shown that the initiator could hear the answer? */
enum proof {
    PROOF_NONE = 0,
    PROOF_TWO_WAY,
    PROOF_ONE_SIDED, /* by the flags of one direction alone, which a blind sender could forge: it
                        counts as two-way, and lowers the confidence */
};

enum event_has {
    EVENT_HAS_SRC = 1,
    EVENT_HAS_DEST = 2,
    EVENT_HAS_SRC_PORT = 4,
    EVENT_HAS_DEST_PORT = 8,
    EVENT_HAS_ENDS = 15, /* all four */
};

/* What indicators can be held against, as the sensor's words say it, whatever family it is. */
enum event_text {
    EVENT_TEXT_TYPE = 0,  /* EVE event_type, Zeek _path: "ssh", "dns" .. */
    EVENT_TEXT_HOST,      /* HTTP host name, as sent */
    EVENT_TEXT_URL,       /* HTTP request target */
    EVENT_TEXT_AGENT,     /* HTTP user agent */
    EVENT_TEXT_NAME,      /* DNS name asked for; the first where a message asks several */
    EVENT_TEXT_SNI,       /* TLS server name */
    EVENT_TEXT_JA3,       /* TLS client fingerprint, 32 hex digits */
    EVENT_TEXT_SHA256,    /* of a file that was seen, in hex; case as the sensor wrote it */
    EVENT_TEXT_SHA1,      /* .. */
    EVENT_TEXT_MD5,       /* .. */
    EVENT_TEXT_SIGNATURE, /* the alert's words */
    EVENT_TEXT_BEGAN, /* address of who began the flow, as EVE's alerts name it: no indicator's */
    EVENT_TEXT_COUNT,
};

/* Kinds of lists that say why an address is a weak ground: the bit 1 << kind of event.cautions. */
enum caution {
    CAUTION_WARNING = 0, /* of shared or harmless infrastructure, as MISP's warninglists */
    CAUTION_VPN,         /* exits: who uses them sits elsewhere */
    CAUTION_TOR,
    CAUTION_SCANNER, /* who looks at everybody, for research */
    CAUTION_KINDS,
};

/* Whose territory, seen from the party that watches. */
enum side { SIDE_NONE = 0, SIDE_OWN, SIDE_OTHER };

/* One end of an oriented event. */
struct end {
    struct addr addr;
    uint16_t port;
    enum side side;
    const char *party; /* id; NULL for nobody */
    struct territory_answer territory;
};

struct event {
    struct instant time;
    struct addr src, dest;
    uint16_t src_port, dest_port;
    unsigned has; /* EVENT_HAS_* */
    enum service service;
    enum transport transport;
    uint64_t flow;     /* the sensor's flow id; 0 where it gave none */
    uint64_t alert;    /* signature id of an alert; 0 where there is none */
    uint32_t severity; /* of an alert, 1 the worst; 0 where there is none */
    /* Empty where the record has none. Unescaped UTF-8. Borrowed from the line, or from the buf
     * that its reader was given as room: both must outlive them. */
    struct bytes text[EVENT_TEXT_COUNT];
    enum family family;
    struct contact contact;
    enum began began;
    bool began_before; /* it was said by a record before, of the same flow id */

    enum orient_ground ground;
    enum proof proof;

    struct end from, to; /* initiator and responder; valid if ground is not NONE */
    uint32_t from_as;    /* 0 where no table says */
    uint8_t cautions;    /* of the initiator, at the event's time: bits by enum caution */
};

/* "ssh" ..; "none". And back; SERVICE_NONE for any other word. */
const char *service_name(enum service s);
enum service service_by_name(struct bytes name);

/* "type", "host", "url", "agent", "name", "sni", "ja3", "sha256", "sha1", "md5", "signature",
 * "began" */
const char *event_text_name(enum event_text t);

enum { SERVICE_PORTS = 8089 }; /* no service has a higher port */

/* enum service by port. A table, for the ports of flows are nothing that branches could guess. */
extern const uint8_t service_ports[SERVICE_PORTS];

/* The service whose well-known port this is; over TCP, or SIP over UDP, too. Inline: each flow asks
 * several times. */
static inline enum service service_by_port(uint16_t port)
{
    return port < SERVICE_PORTS ? (enum service)service_ports[port] : SERVICE_NONE;
}

static inline enum service service_by_transport(uint16_t port, enum transport t)
{
    enum service s = service_by_port(port);

    return t == TRANSPORT_TCP || (t == TRANSPORT_UDP && s == SERVICE_SIP) ? s : SERVICE_NONE;
}

/* "tcp", "udp", "other", "none" */
const char *transport_name(enum transport t);

/* "dest-serves", "src-serves", "own-dest", "own-src", "record-order", "handshake", "zeek-orig",
 * "biflow-initiator", "flow-src", "flow-dest", "flow-id-src", "flow-id-dest", "accepted", "none" */
const char *orient_ground_name(enum orient_ground g);

/* "warning", "vpn", "tor", "scanner" */
const char *caution_name(enum caution c);

/* "own", "other", "none" */
const char *side_name(enum side s);

/* "two-way" (a one-sided one, too), "none" */
const char *proof_name(enum proof p);

#endif

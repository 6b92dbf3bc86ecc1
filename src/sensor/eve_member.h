/*
 * eve_member.h - which members of an EVE record we read, and the spellings of their values.
 *
 * For this folder's two readers, eve_plain.c and eve.c, and nobody else. They share the list of
 * members and the values' spellings, not the walk through the line.
 */
#ifndef PARLEY_SENSOR_EVE_MEMBER_H
#define PARLEY_SENSOR_EVE_MEMBER_H

#include "base/buf.h"
#include "base/fault.h"
#include "model/event.h"

/* Objects whose members we read. */
enum eve_node {
    NODE_NONE = 0, /* none of its members count */
    NODE_TOP,
    NODE_ALERT,
    NODE_HTTP,
    NODE_DNS,
    NODE_QUERY, /* an item of dns.query (in alerts) or dns.queries (Suricata 8) */
    NODE_TLS,
    NODE_JA3,
    NODE_FILE,
    NODE_FLOW,
};

/* The first five are the header's: a value of another form is damage. The others are read if they
 * have the form, and left out if not: versions differ. */
enum eve_kind {
    KIND_TIME,
    KIND_STRING,
    KIND_ADDR,
    KIND_PORT,
    KIND_FLOW,
    KIND_TEXT,
    KIND_NUMBER,
    KIND_OBJECT,
    KIND_LIST
};

enum eve_member {
    MEMBER_TIMESTAMP,
    MEMBER_EVENT_TYPE,
    MEMBER_SRC_IP,
    MEMBER_SRC_PORT,
    MEMBER_DEST_IP,
    MEMBER_DEST_PORT,
    MEMBER_PROTO,
    MEMBER_FLOW_ID,
    MEMBER_ALERT,
    MEMBER_HTTP,
    MEMBER_DNS,
    MEMBER_TLS,
    MEMBER_FILEINFO,
    MEMBER_FLOW,
    MEMBER_SIGNATURE_ID,
    MEMBER_SEVERITY,
    MEMBER_SIGNATURE,
    MEMBER_HOSTNAME,
    MEMBER_URL,
    MEMBER_AGENT,
    MEMBER_RRNAME,
    MEMBER_QUERY,
    MEMBER_QUERIES,
    MEMBER_QUERY_RRNAME,
    MEMBER_SNI,
    MEMBER_JA3,
    MEMBER_JA3_HASH,
    MEMBER_SHA256,
    MEMBER_SHA1,
    MEMBER_MD5,
    MEMBER_BEGAN,
    MEMBER_COUNT, /* also: a member that we do not read */
};

enum { EVE_NAME = 16 }; /* the longest name and its closing quote */

struct eve_row {
    char name[EVE_NAME + 1]; /* with its closing quote */
    uint8_t node;            /* enum eve_node: in which object it counts */
    uint8_t kind;            /* enum eve_kind */
    uint8_t length;          /* of the name, without the quote */
    uint8_t target; /* KIND_TEXT: enum event_text; KIND_OBJECT and KIND_LIST: the node inside */
};

extern const struct eve_row eve_rows[MEMBER_COUNT];

/* The member of this name (without its quote) in such an object; MEMBER_COUNT: not read. */
enum eve_member eve_member_of(enum eve_node node, struct bytes name);

/* What an event must have; what may come again, where the first counts. */
#define EVE_HEADER (1u << MEMBER_TIMESTAMP | 1u << MEMBER_EVENT_TYPE)
#define EVE_MANY   (1u << MEMBER_QUERY_RRNAME)

/* An event of which nothing is known. Not a constant where it is used: copying it is quicker than
 * what compilers make of a large zero. */
extern const struct event eve_nothing;

extern const char eve_json_rule[], eve_header_rule[];

/* EVENT_HAS_* of the members seen, a bit each. */
unsigned eve_has(unsigned seen);

/* The text of a string whose escapes were checked: UTF-8, the escapes resolved in `room`, which
 * must have at least raw.len bytes free (so that it does not move). A surrogate without its other
 * half becomes U+FFFD. */
struct bytes eve_unescape(struct bytes raw, struct buf *room);

/* "+hhmm", "+hh:mm" or "Z" to minutes east; false for anything else. */
bool eve_zone(const uint8_t *p, size_t len, int *out);

enum transport eve_transport(struct bytes text);

#endif

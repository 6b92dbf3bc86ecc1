/*
 * template.h - the templates of NetFlow v9 and IPFIX: read, kept, withdrawn, and records by them.
 *
 * RFC 7011 sections 3.4, 7 and 8, RFC 3954 section 5.2, RFC 5103 (reverse elements). Kept compact:
 * what we do not read is a number of bytes to pass over. Sizes are checked when a template comes,
 * so that a record costs no more than its own bytes.
 */
#ifndef PARLEY_SENSOR_TEMPLATE_H
#define PARLEY_SENSOR_TEMPLATE_H

#include "base/cursor.h"
#include "model/event.h"

enum { TEMPLATE_VARIABLE = 0xffff /* RFC 7011 section 7: the length stands in the record */ };

/* What the message says about its times. */
struct flow_base {
    int64_t export_us;  /* when it was sent */
    uint32_t uptime_ms; /* the exporter's uptime then */
    bool has_uptime;
};

struct template_field {
    uint16_t len; /* or TEMPLATE_VARIABLE */
    uint8_t what; /* template.c's; 0: pass over */
};

struct template
{
    unsigned where; /* the exporter's stream */
    uint16_t id;
    bool options;                 /* its records tell of the exporter, not of flows */
    uint16_t count;               /* of fields */
    uint32_t least;               /* bytes of the shortest record; at least 1 */
    struct template_field *field; /* owned */
};

struct templates {
    struct template *list; /* owned; sorted by where, id */
    size_t count, room;
};

void templates_done(struct templates *t);

/* NULL for none. Lent until the next take. */
const struct template *templates_find(const struct templates *t, unsigned where, uint16_t id);

/*
 * Reads one template record and keeps it, or withdraws what it withdraws. Faults are damage of the
 * record: LIMIT (fields, templates), RANGE (an id below 256; no length, or one above 65535),
 * SHORT. A bad template withdraws the older one of its id.
 */
MUST_CHECK struct fault templates_take(struct templates *t, unsigned where, bool ipfix,
                                       bool options, struct cursor *in);

/* One record: fills the event, answers its length; 0 if it is longer than `in`. */
size_t template_read(const struct template *t, struct bytes in, const struct flow_base *base,
                     struct event *e);

/* An uptime of the exporter in milliseconds as a time; it wraps every 49 days. */
int64_t flow_uptime(const struct flow_base *base, uint32_t ms);

/* The IP protocol's number, and what follows from it and the ports. */
void flow_protocol(struct event *e, uint8_t protocol);

#endif

#include "sensor/cowrie.h"

#include "base/text.h"
#include "sensor/eve.h"
#include "sensor/eve_member.h"
#include "sensor/members.h"

static const char rule[] = "Cowrie: eventid, timestamp, src_ip; a connection has both ends";

/* What we read of a record. */
enum field {
    FIELD_EVENTID = 0,
    FIELD_TIMESTAMP,
    FIELD_SRC_IP,
    FIELD_SRC_PORT,
    FIELD_DST_IP,
    FIELD_DST_PORT,
    FIELD_PROTOCOL,
    FIELD_URL,
    FIELD_SHASUM,
    FIELD_COUNT,
};

static const struct {
    const char *name;
    bool number;
} fields[FIELD_COUNT] = {{"eventid", false},  {"timestamp", false}, {"src_ip", false},
                         {"src_port", true},  {"dst_ip", false},    {"dst_port", true},
                         {"protocol", false}, {"url", false},       {"shasum", false}};

struct record {
    struct bytes value[FIELD_COUNT]; /* of a string: between its quotes, still escaped */
    unsigned has;                    /* 1 << field */
    const uint8_t *start;            /* of the line */
};

static bool has(const struct record *r, enum field f)
{
    return (r->has >> f & 1) != 0;
}

static bool take_member(void *context, const struct member_text *m)
{
    struct record *r = context;

    for (int f = 0; f < FIELD_COUNT; f++)
        if (bytes_is(m->name, fields[f].name) && m->string != fields[f].number) {
            if (has(r, (enum field)f))
                return false;
            r->has |= 1u << f;
            r->value[f] = m->value;
        }
    return true;
}

/* Where a value that is wrong stands; what is missing, at the line's beginning. */
static struct fault wrong(const struct record *r, enum field f, enum fault_kind kind)
{
    if (!has(r, f))
        return fault_make(FAULT_MISSING, 0, rule);
    return fault_make(kind, (size_t)(r->value[f].data - r->start), rule);
}

static struct fault take_end(const struct record *r, enum field ip, enum field port,
                             struct addr *addr_out, uint16_t *port_out)
{
    uint64_t n;

    if (!has(r, ip) || fault_is(addr_parse(r->value[ip], addr_out)))
        return wrong(r, ip, FAULT_SYNTAX);
    if (!has(r, port) || !decimal_read(r->value[port], UINT16_MAX, &n))
        return wrong(r, port, FAULT_RANGE);
    *port_out = (uint16_t)n;
    return fault_none();
}

/* TCP was accepted: whoever called heard our answer. */
static struct fault take_connection(const struct record *r, struct event *e)
{
    struct fault f = take_end(r, FIELD_SRC_IP, FIELD_SRC_PORT, &e->src, &e->src_port);

    if (!fault_is(f))
        f = take_end(r, FIELD_DST_IP, FIELD_DST_PORT, &e->dest, &e->dest_port);
    if (fault_is(f))
        return f;
    e->has = EVENT_HAS_ENDS;
    e->transport = TRANSPORT_TCP;
    if (has(r, FIELD_PROTOCOL) && bytes_is(r->value[FIELD_PROTOCOL], "ssh"))
        e->service = SERVICE_SSH; /* the other is telnet, which no article names */
    return fault_none();
}

static struct fault take_record(const struct record *r, struct event *e)
{
    struct fault f;

    if (!has(r, FIELD_EVENTID) || !has(r, FIELD_TIMESTAMP))
        return fault_make(FAULT_MISSING, 0, rule);
    f = eve_time_parse(r->value[FIELD_TIMESTAMP], &e->time);
    if (fault_is(f))
        return wrong(r, FIELD_TIMESTAMP, f.kind);
    if (bytes_is(r->value[FIELD_EVENTID], "cowrie.session.connect"))
        return take_connection(r, e);
    if (!has(r, FIELD_SRC_IP))
        return fault_none(); /* of the pot itself */
    if (fault_is(addr_parse(r->value[FIELD_SRC_IP], &e->src)))
        return wrong(r, FIELD_SRC_IP, FAULT_SYNTAX);
    e->has = EVENT_HAS_SRC;
    return fault_none();
}

static void take_texts(const struct record *r, struct buf *room, struct event *e)
{
    e->text[EVENT_TEXT_TYPE] = eve_unescape(r->value[FIELD_EVENTID], room);
    if (has(r, FIELD_URL))
        e->text[EVENT_TEXT_URL] = eve_unescape(r->value[FIELD_URL], room);
    if (has(r, FIELD_SHASUM))
        e->text[EVENT_TEXT_SHA256] = eve_unescape(r->value[FIELD_SHASUM], room);
}

/* What begins so is a record's eventid; inside a string the quotes would be escaped. */
static bool cowrie_is(struct bytes head)
{
    static const char token[] = "\"cowrie.";

    return head.len > 1 && head.data[0] == '{' &&
           memmem(head.data, head.len, token, sizeof token - 1) != NULL;
}

static struct fault cowrie_read(void *state, struct bytes frame, const struct reader_sink *sink)
{
    struct event e = {.family = FAMILY_SERVER};
    struct record r = {.start = frame.data};
    struct fault f;

    (void)state;
    if (frame.len == 0)
        return fault_none();
    f = members_read(frame, take_member, &r);
    if (!fault_is(f))
        f = take_record(&r, &e);
    if (fault_is(f))
        return f;
    buf_clear(sink->room);
    buf_need(sink->room, frame.len);
    take_texts(&r, sink->room, &e);
    sink->take(sink->context, &e, frame, 0);
    return fault_none();
}

const struct reader_format cowrie_format = {.name = "cowrie", .is = cowrie_is, .read = cowrie_read};

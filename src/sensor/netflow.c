#include "sensor/netflow.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "sensor/template.h"

static const char v5_rule[] = "NetFlow v5: 24 bytes, then 48 for each of `count` flows";
static const char v9_rule[] = "RFC 3954 section 5: flow sets";
static const char ipfix_rule[] = "RFC 7011 section 3: messages and sets";
static const char lost_rule[] = "flows: sequence numbers missing (lost on the way)";
static const char order_rule[] = "flows: a sequence number from before (reordered, or doubled)";
static const char restart_rule[] = "flows: an exporter's sequence began anew";
static const char no_template_rule[] = "flows: data before their template";
static const char full_rule[] = "flows: more than 256 exporters and domains; this one is not read";

enum {
    V5_HEADER = 24,
    V5_RECORD = 48,
    V9_HEADER = 20,
    IPFIX_HEADER = 16,
    SET_HEADER = 4,
    SET_FIRST_DATA = 256,
    JUMP = 1 << 20, /* a sequence further off than this is a new beginning */
};

/* One exporter's observation domain. */
struct stream {
    uint8_t origin[READER_ORIGIN - 2];
    uint32_t domain, next; /* sequence number to come */
    uint8_t version;
    bool used, known; /* `next` is known */
};

struct netflow {
    struct stream stream[NETFLOW_STREAMS];
    struct templates templates;
};

/* The message that is being read. */
struct message {
    struct netflow *n;
    const struct reader_sink *sink;
    const uint8_t *start; /* of the frame */
    struct stream *stream;
    unsigned where; /* the stream's number: templates are kept by it */
    struct flow_base base;
    struct fault fault; /* the first damage */
    uint64_t records;   /* data records, IPFIX's sequence counts them */
    bool uncounted;     /* a set whose records could not be counted */
};

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void bad(struct message *m, enum fault_kind kind, const uint8_t *at, const char *rule)
{
    if (!fault_is(m->fault))
        m->fault = fault_make(kind, (size_t)(at - m->start), rule);
}

static void note(struct message *m, const char *rule, uint64_t n)
{
    m->sink->note(m->sink->context, rule, n);
}

static void take(struct message *m, struct event *e, const uint8_t *at, size_t len)
{
    m->sink->take(m->sink->context, e, bytes_of(at, len), (size_t)(at - m->start));
}

/* ---- streams and their sequence ---- */

/* NULL: there are too many; without its own place its templates would be taken for another's. */
static struct stream *stream_of(struct message *m, const uint8_t *origin, uint32_t domain,
                                uint8_t version)
{
    struct netflow *n = m->n;

    for (m->where = 0; m->where < NETFLOW_STREAMS; m->where++) {
        struct stream *s = &n->stream[m->where];

        if (!s->used) {
            memcpy(s->origin, origin, sizeof s->origin);
            s->domain = domain;
            s->version = version;
            s->used = true;
            return s;
        }
        if (s->domain == domain && s->version == version &&
            memcmp(s->origin, origin, sizeof s->origin) == 0)
            return s;
    }
    note(m, full_rule, 1);
    return NULL;
}

/* `step`: by how much this message moves the number on. */
static void watch_sequence(struct message *m, uint32_t got, uint32_t step)
{
    struct stream *s = m->stream;
    uint32_t ahead = got - s->next, behind = s->next - got;

    if (s->known && ahead != 0 && ahead < JUMP)
        note(m, lost_rule, ahead);
    else if (s->known && behind != 0 && behind < JUMP)
        note(m, order_rule, 1);
    else if (s->known && ahead != 0)
        note(m, restart_rule, 1);
    if (s->known && behind != 0 && behind < JUMP)
        return; /* what comes next is still to come */
    s->next = got + step;
    s->known = !m->uncounted;
}

/* ---- v5 ---- */

static void v5_event(const uint8_t *p, const struct flow_base *base, struct event *e)
{
    struct contact *c = &e->contact;

    e->family = FAMILY_FLOW;
    e->src = addr_from_v4(u32(p));
    e->dest = addr_from_v4(u32(p + 4));
    c->is = true;
    c->packets = u32(p + 16);
    c->bytes = u32(p + 20);
    e->time.us = flow_uptime(base, u32(p + 28));
    e->src_port = u16(p + 32);
    e->dest_port = u16(p + 34);
    c->flags = p[37];
    flow_protocol(e, p[38]);
    e->has = EVENT_HAS_ENDS;
}

static void read_v5(struct message *m, struct bytes in, const uint8_t *origin)
{
    uint16_t count = u16(in.data + 2);

    if (in.len < V5_HEADER + (size_t)count * V5_RECORD) {
        bad(m, FAULT_SHORT, in.data + in.len, v5_rule);
        return;
    }
    if (in.len > V5_HEADER + (size_t)count * V5_RECORD)
        bad(m, FAULT_EXTRA, in.data + V5_HEADER + (size_t)count * V5_RECORD, v5_rule);
    m->stream = stream_of(m, origin, u16(in.data + 20), 5);
    if (m->stream == NULL)
        return;
    m->base = (struct flow_base){.export_us =
                                     (int64_t)u32(in.data + 8) * 1000000 + u32(in.data + 12) / 1000,
                                 .uptime_ms = u32(in.data + 4),
                                 .has_uptime = true};
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = in.data + V5_HEADER + i * V5_RECORD;
        struct event e = {.has = 0};

        v5_event(p, &m->base, &e);
        take(m, &e, p, V5_RECORD);
    }
    watch_sequence(m, u32(in.data + 16), count);
}

/* ---- sets, as v9 and IPFIX both have them ---- */

static void read_data(struct message *m, uint16_t id, struct bytes in)
{
    const struct template *t = templates_find(&m->n->templates, m->where, id);
    size_t at = 0, len;

    if (t == NULL) {
        note(m, no_template_rule, 1);
        m->uncounted = true;
        return;
    }
    while (at < in.len && in.len - at >= t->least) {
        struct event e = {.has = 0};

        len = template_read(t, bytes_of(in.data + at, in.len - at), &m->base, &e);
        if (len == 0) {
            bad(m, FAULT_SHORT, in.data + at, "RFC 7011 section 7: a record longer than its set");
            return;
        }
        m->records++;
        if (!t->options)
            take(m, &e, in.data + at, len);
        at += len;
    }
    if (in.len - at > 64) /* padding is shorter than a record; and than this in any real one */
        bad(m, FAULT_EXTRA, in.data + at, ipfix_rule);
}

static void read_templates(struct message *m, struct bytes in, bool ipfix, bool options)
{
    struct cursor c = cursor_over(in, "RFC 7011 section 3.4: template records");

    while (cursor_left(&c) >= SET_HEADER && u16(in.data + c.at) != 0) {
        struct fault f = templates_take(&m->n->templates, m->where, ipfix, options, &c);

        if (fault_is(f))
            bad(m, f.kind, in.data + (f.at < in.len ? f.at : in.len), f.rule);
    }
}

static bool is_zero(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] != 0)
            return false;
    return true;
}

static void read_set(struct message *m, uint16_t id, struct bytes in, bool ipfix)
{
    uint16_t first = ipfix ? 2 : 0;

    if (id == first || id == first + 1)
        read_templates(m, in, ipfix, id == first + 1);
    else if (id >= SET_FIRST_DATA)
        read_data(m, id, in);
    else
        bad(m, FAULT_RANGE, in.data, ipfix ? ipfix_rule : v9_rule);
}

static void read_sets(struct message *m, struct bytes in, bool ipfix)
{
    size_t at = 0;

    while (in.len - at >= SET_HEADER) {
        uint16_t id = u16(in.data + at), len = u16(in.data + at + 2);

        if (len < SET_HEADER || len > in.len - at) {
            if (!is_zero(bytes_of(in.data + at, in.len - at))) /* zeros to the end are padding */
                bad(m, len < SET_HEADER ? FAULT_SYNTAX : FAULT_SHORT, in.data + at,
                    ipfix ? ipfix_rule : v9_rule);
            return;
        }
        read_set(m, id, bytes_of(in.data + at + SET_HEADER, (size_t)len - SET_HEADER), ipfix);
        at += len;
    }
}

static void read_v9(struct message *m, struct bytes in, const uint8_t *origin)
{
    m->stream = stream_of(m, origin, u32(in.data + 16), 9);
    if (m->stream == NULL)
        return;
    m->base = (struct flow_base){.export_us = (int64_t)u32(in.data + 8) * 1000000,
                                 .uptime_ms = u32(in.data + 4),
                                 .has_uptime = true};
    read_sets(m, bytes_of(in.data + V9_HEADER, in.len - V9_HEADER), false);
    m->uncounted = false; /* v9 counts messages */
    watch_sequence(m, u32(in.data + 12), 1);
}

static void read_ipfix(struct message *m, struct bytes in, const uint8_t *origin)
{
    uint16_t len = u16(in.data + 2);

    if (len < IPFIX_HEADER || len > in.len) {
        bad(m, len > in.len ? FAULT_SHORT : FAULT_RANGE, in.data + 2, ipfix_rule);
        return;
    }
    if (len < in.len)
        bad(m, FAULT_EXTRA, in.data + len, ipfix_rule);
    m->stream = stream_of(m, origin, u32(in.data + 12), 10);
    if (m->stream == NULL)
        return;
    m->base = (struct flow_base){.export_us = (int64_t)u32(in.data + 4) * 1000000};
    read_sets(m, bytes_of(in.data + IPFIX_HEADER, (size_t)len - IPFIX_HEADER), true);
    watch_sequence(m, u32(in.data + 8), (uint32_t)m->records);
}

static struct fault netflow_read(void *state, struct bytes frame, const struct reader_sink *sink)
{
    static const uint8_t file[READER_ORIGIN - 2];
    static const struct {
        uint16_t version;
        size_t header;
        void (*read)(struct message *m, struct bytes in, const uint8_t *origin);
    } versions[] = {
        {5, V5_HEADER, read_v5}, {9, V9_HEADER, read_v9}, {10, IPFIX_HEADER, read_ipfix}};
    struct message m = {.n = state, .sink = sink, .start = frame.data};
    const uint8_t *origin = file;
    struct bytes in = frame;

    if (in.len > READER_ORIGIN && in.data[0] == READER_ORIGIN_MARK) {
        origin = in.data + 2;
        in = bytes_of(in.data + READER_ORIGIN, in.len - READER_ORIGIN);
    }
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (in.len < 2 || u16(in.data) != versions[i].version)
            continue;
        if (in.len < versions[i].header)
            return fault_make(FAULT_SHORT, frame.len, ipfix_rule);
        versions[i].read(&m, in, origin);
        return m.fault;
    }
    return fault_make(FAULT_UNKNOWN, 0, "flows: NetFlow v5, v9 or IPFIX");
}

/* ---- messages in a file ---- */

/* v9 says nowhere how long it is: its flow sets follow until a version stands where a set's id
 * would, which no set can have; some exporters fill up with zeros. */
static struct fault cut_v9(struct bytes have, bool final, size_t *out)
{
    size_t at = V9_HEADER;

    *out = final ? have.len : 0;
    while (have.len >= at + SET_HEADER) {
        uint16_t id = u16(have.data + at), len = u16(have.data + at + 2);

        if (id == 5 || id == 9 || id == 10) {
            *out = at;
            break;
        }
        if (len < SET_HEADER && (id | len) != 0)
            break; /* the reader says what is wrong with it, when all is there */
        at += len != 0 ? len : 2;
    }
    return fault_none();
}

static struct fault netflow_cut(struct bytes have, bool final, size_t *out)
{
    *out = 0;
    if (have.len < V5_HEADER)
        return final ? fault_make(FAULT_SHORT, have.len, ipfix_rule) : fault_none();
    switch (u16(have.data)) {
    case 5:
        *out = V5_HEADER + (size_t)u16(have.data + 2) * V5_RECORD;
        break;
    case 9:
        return cut_v9(have, final, out);
    case 10:
        *out = u16(have.data + 2);
        if (*out < IPFIX_HEADER)
            return fault_make(FAULT_RANGE, 2, ipfix_rule);
        break;
    default:
        return fault_make(FAULT_SYNTAX, 0, "flows: NetFlow v5, v9 or IPFIX");
    }
    if (*out > have.len)
        *out = 0;
    return *out == 0 && final ? fault_make(FAULT_SHORT, have.len, ipfix_rule) : fault_none();
}

static bool netflow_is(struct bytes head)
{
    if (head.len > READER_ORIGIN && head.data[0] == READER_ORIGIN_MARK)
        return true;
    return head.len >= 2 && head.data[0] == 0 &&
           (head.data[1] == 5 || head.data[1] == 9 || head.data[1] == 10);
}

static void netflow_done(void *state)
{
    struct netflow *n = state;

    templates_done(&n->templates);
}

const struct reader_format netflow_format = {
    .name = "netflow",
    .is = netflow_is,
    .cut = netflow_cut,
    .from_start = true,
    .state = sizeof(struct netflow),
    .done = netflow_done,
    .read = netflow_read,
};

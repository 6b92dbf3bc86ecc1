#include "sensor/template.h"

#include "base/memory.h"
#include "sensor/netflow.h"

static const char rule[] = "RFC 7011 section 3.4: template records";

enum { REVERSE = 29305, ENTERPRISE = 0x8000 };

/* What we read of a record. */
enum what {
    WHAT_SKIP = 0,
    WHAT_BYTES,
    WHAT_PACKETS,
    WHAT_PROTOCOL,
    WHAT_FLAGS,
    WHAT_SRC_PORT,
    WHAT_DEST_PORT,
    WHAT_SRC_V4,
    WHAT_DEST_V4,
    WHAT_SRC_V6,
    WHAT_DEST_V6,
    WHAT_END_UPTIME,
    WHAT_START_UPTIME,
    WHAT_END_S,
    WHAT_START_S,
    WHAT_END_MS,
    WHAT_START_MS,
    WHAT_END_NTP,
    WHAT_START_NTP,
    WHAT_BOOT_MS,
    WHAT_BACK_BYTES,
    WHAT_BACK_PACKETS,
    WHAT_BACK_FLAGS,
    WHAT_INITIATOR_BYTES,
    WHAT_INITIATOR_PACKETS,
    WHAT_BIFLOW,
    WHAT_COUNT,
};

/* IANA's information elements; v9 numbers the same below 128. `most`: longest form that is read. */
static const struct {
    uint16_t id;
    uint8_t most, what;
    bool reverse;
} elements[] = {
    {1, 8, WHAT_BYTES, false},
    {2, 8, WHAT_PACKETS, false},
    {4, 1, WHAT_PROTOCOL, false},
    {6, 2, WHAT_FLAGS, false},
    {7, 2, WHAT_SRC_PORT, false},
    {8, 4, WHAT_SRC_V4, false},
    {11, 2, WHAT_DEST_PORT, false},
    {12, 4, WHAT_DEST_V4, false},
    {21, 4, WHAT_END_UPTIME, false},
    {22, 4, WHAT_START_UPTIME, false},
    {27, 16, WHAT_SRC_V6, false},
    {28, 16, WHAT_DEST_V6, false},
    {85, 8, WHAT_BYTES, false},
    {86, 8, WHAT_PACKETS, false},
    {150, 4, WHAT_START_S, false},
    {151, 4, WHAT_END_S, false},
    {152, 8, WHAT_START_MS, false},
    {153, 8, WHAT_END_MS, false},
    {154, 8, WHAT_START_NTP, false},
    {155, 8, WHAT_END_NTP, false},
    {156, 8, WHAT_START_NTP, false},
    {157, 8, WHAT_END_NTP, false},
    {160, 8, WHAT_BOOT_MS, false},
    {180, 2, WHAT_SRC_PORT, false},
    {181, 2, WHAT_DEST_PORT, false},
    {182, 2, WHAT_SRC_PORT, false},
    {183, 2, WHAT_DEST_PORT, false},
    {231, 8, WHAT_INITIATOR_BYTES, false},
    {232, 8, WHAT_BACK_BYTES, false},
    {239, 1, WHAT_BIFLOW, false},
    {298, 8, WHAT_INITIATOR_PACKETS, false},
    {299, 8, WHAT_BACK_PACKETS, false},
    {323, 8, WHAT_START_MS, false}, /* observationTimeMilliseconds */
    {1, 8, WHAT_BACK_BYTES, true},
    {2, 8, WHAT_BACK_PACKETS, true},
    {6, 2, WHAT_BACK_FLAGS, true},
    {85, 8, WHAT_BACK_BYTES, true},
    {86, 8, WHAT_BACK_PACKETS, true},
};

/* An element of a length that it cannot have is passed over, as one that we do not know. */
static uint8_t what_of(uint16_t id, uint32_t enterprise, uint16_t len)
{
    if (enterprise != 0 && enterprise != REVERSE)
        return WHAT_SKIP;
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        if (elements[i].id != id || elements[i].reverse != (enterprise == REVERSE))
            continue;
        if (len == 0 || len > elements[i].most)
            return WHAT_SKIP;
        /* addresses have one length; numbers may be shorter (RFC 7011 section 6.2) */
        return elements[i].what >= WHAT_SRC_V4 && elements[i].what <= WHAT_DEST_V6 &&
                       len != elements[i].most
                   ? WHAT_SKIP
                   : elements[i].what;
    }
    return WHAT_SKIP;
}

/* ---- keeping ---- */

void templates_done(struct templates *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->list[i].field);
    free(t->list);
    *t = (struct templates){NULL, 0, 0};
}

/* Where it is, or would be. */
static size_t place_of(const struct templates *t, unsigned where, uint16_t id)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct template *m = &t->list[middle];

        if (m->where < where || (m->where == where && m->id < id))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct templates *t, size_t place, unsigned where, uint16_t id)
{
    return place < t->count && t->list[place].where == where && t->list[place].id == id;
}

const struct template *templates_find(const struct templates *t, unsigned where, uint16_t id)
{
    size_t place = place_of(t, where, id);

    return is_at(t, place, where, id) ? &t->list[place] : NULL;
}

static void drop(struct templates *t, size_t place)
{
    free(t->list[place].field);
    memmove(t->list + place, t->list + place + 1, (t->count - place - 1) * sizeof *t->list);
    t->count--;
}

static void withdraw(struct templates *t, unsigned where, uint16_t id)
{
    size_t place = place_of(t, where, id);

    if (is_at(t, place, where, id))
        drop(t, place);
}

/* RFC 7011 section 8.1: all templates, or all option templates, of a domain. */
static void withdraw_all(struct templates *t, unsigned where, bool options)
{
    for (size_t i = t->count; i-- != 0;)
        if (t->list[i].where == where && t->list[i].options == options)
            drop(t, i);
}

static void keep(struct templates *t, const struct template *new)
{
    size_t place = place_of(t, new->where, new->id);

    if (t->count == t->room) {
        t->room = t->room == 0 ? 16 : t->room * 2;
        t->list = memory_resize(t->list, t->room, sizeof *t->list);
    }
    memmove(t->list + place + 1, t->list + place, (t->count - place) * sizeof *t->list);
    t->list[place] = *new;
    t->count++;
}

/* ---- reading templates ---- */

static uint64_t number(const uint8_t *p, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++)
        n = n << 8 | p[i];
    return n;
}

/* Adds a field; neighbours that are passed over become one. */
static void add_field(struct template *t, uint16_t len, uint8_t what)
{
    struct template_field *last = t->count == 0 ? NULL : &t->field[t->count - 1];

    t->least += len == TEMPLATE_VARIABLE ? 1 : len;
    if (what == WHAT_SKIP && last != NULL && last->what == WHAT_SKIP && len != TEMPLATE_VARIABLE &&
        last->len != TEMPLATE_VARIABLE && last->len + len < TEMPLATE_VARIABLE)
        last->len = (uint16_t)(last->len + len);
    else
        t->field[t->count++] = (struct template_field){len, what};
}

static void read_field(struct template *t, bool ipfix, struct cursor *in)
{
    uint16_t id = cursor_u16(in), len = cursor_u16(in);
    uint32_t enterprise = 0;

    if (ipfix && (id & ENTERPRISE) != 0) {
        enterprise = cursor_u32(in);
        id &= (uint16_t)~ENTERPRISE;
        enterprise = enterprise == 0 ? UINT32_MAX : enterprise;
    }
    if (cursor_ok(in))
        add_field(t, len,
                  len == TEMPLATE_VARIABLE ? (uint8_t)WHAT_SKIP : what_of(id, enterprise, len));
}

/* How many fields are to come; for v9 options that is said in bytes of two lists. */
static uint32_t field_count(bool ipfix, bool options, struct cursor *in)
{
    uint32_t scopes;

    if (!options)
        return cursor_u16(in);
    scopes = cursor_u16(in);
    if (!ipfix)
        return (scopes + cursor_u16(in)) / 4;
    cursor_u16(in); /* IPFIX: of the count, so many are scopes */
    return scopes;
}

static struct fault read_fields(struct templates *t, struct template *new, uint32_t count,
                                bool ipfix, struct cursor *in)
{
    size_t at = in->at;

    new->field = memory_new(count * sizeof *new->field);
    for (uint32_t i = 0; i < count && cursor_ok(in); i++)
        read_field(new, ipfix, in);
    if (!cursor_ok(in))
        return in->fault;
    if (new->least == 0 || new->least > NETFLOW_RECORD)
        return fault_make(FAULT_RANGE, at, rule);
    if (t->count == NETFLOW_TEMPLATES)
        return fault_make(FAULT_LIMIT, at, "flows: at most 1024 templates of a source");
    new->field = memory_resize(new->field, new->count, sizeof *new->field);
    keep(t, new);
    new->field = NULL; /* transferred */
    return fault_none();
}

struct fault templates_take(struct templates *t, unsigned where, bool ipfix, bool options,
                            struct cursor *in)
{
    struct template new = {.where = where, .options = options};
    size_t at = in->at;
    uint32_t count;
    struct fault f;

    new.id = cursor_u16(in);
    if (ipfix && (new.id == 2 || new.id == 3) && cursor_left(in) >= 2 && cursor_u16(in) == 0) {
        withdraw_all(t, where, new.id == 3);
        return in->fault;
    }
    if (ipfix && options && cursor_left(in) >= 2 && number(in->over.data + in->at, 2) == 0) {
        cursor_u16(in); /* withdrawn: no count of scopes follows */
        withdraw(t, where, new.id);
        return in->fault;
    }
    if (new.id < 256)
        cursor_fail(in, FAULT_RANGE, at);
    if (cursor_ok(in))
        withdraw(t, where, new.id);
    count = field_count(ipfix, options, in);
    if (!cursor_ok(in) || count == 0)
        return in->fault;
    if (count > NETFLOW_FIELDS || count * 4 > cursor_left(in))
        cursor_fail(in, count > NETFLOW_FIELDS ? FAULT_LIMIT : FAULT_SHORT, at);
    if (!cursor_ok(in))
        return in->fault;
    f = read_fields(t, &new, count, ipfix, in);
    free(new.field);
    return f;
}

/* ---- reading records ---- */

/* What a record's fields said, before they are put together. */
struct said {
    uint64_t number[WHAT_COUNT];
    uint32_t has; /* 1 << what */
};

int64_t flow_uptime(const struct flow_base *base, uint32_t ms)
{
    return base->export_us - (int64_t)(int32_t)(base->uptime_ms - ms) * 1000;
}

void flow_protocol(struct event *e, uint8_t protocol)
{
    e->transport = protocol == 6 ? TRANSPORT_TCP : protocol == 17 ? TRANSPORT_UDP : TRANSPORT_OTHER;
    e->service = service_by_transport(e->dest_port, e->transport);
    if (e->service == SERVICE_NONE)
        e->service = service_by_transport(e->src_port, e->transport);
}

/* RFC 7011 section 6.1.9: seconds since 1900 and their fraction. */
static int64_t ntp_us(uint64_t n)
{
    return ((int64_t)(n >> 32) - 2208988800) * 1000000 +
           (int64_t)((n & 0xffffffff) * 1000000 >> 32);
}

static int64_t time_of(const struct said *s, const struct flow_base *base)
{
    static const struct {
        uint8_t what;
        int64_t us;
    } units[] = {{WHAT_END_MS, 1000},   {WHAT_END_S, 1000000},   {WHAT_END_NTP, 0},
                 {WHAT_START_MS, 1000}, {WHAT_START_S, 1000000}, {WHAT_START_NTP, 0}};
    enum what uptime = (s->has >> WHAT_END_UPTIME & 1) != 0 ? WHAT_END_UPTIME : WHAT_START_UPTIME;
    const uint64_t most = 253402300799000; /* milliseconds to the end of year 9999 */

    for (size_t i = 0; i < 3; i++)
        if ((s->has >> units[i].what & 1) != 0 && s->number[units[i].what] != 0)
            return units[i].us == 0 ? ntp_us(s->number[units[i].what])
                   : s->number[units[i].what] <= most
                       ? (int64_t)s->number[units[i].what] * units[i].us
                       : base->export_us;
    if ((s->has >> uptime & 1) != 0 && base->has_uptime)
        return flow_uptime(base, (uint32_t)s->number[uptime]);
    if ((s->has >> uptime & 1) != 0 && (s->has >> WHAT_BOOT_MS & 1) != 0 &&
        s->number[WHAT_BOOT_MS] <= most)
        return (int64_t)(s->number[WHAT_BOOT_MS] + s->number[uptime]) * 1000;
    for (size_t i = 3; i < 6; i++)
        if ((s->has >> units[i].what & 1) != 0 && s->number[units[i].what] <= most)
            return units[i].us == 0 ? ntp_us(s->number[units[i].what])
                                    : (int64_t)s->number[units[i].what] * units[i].us;
    return base->export_us;
}

static void put_contact(const struct said *s, struct contact *c)
{
    const uint64_t *n = s->number;
    const uint32_t back = 1u << WHAT_BACK_BYTES | 1u << WHAT_BACK_PACKETS | 1u << WHAT_BACK_FLAGS;
    const uint32_t began = 1u << WHAT_INITIATOR_BYTES | 1u << WHAT_INITIATOR_PACKETS;

    c->is = true;
    c->both = (s->has & (back | began)) != 0;
    /* RFC 5103 section 6.3: 1 initiator, 2 reverse initiator, 3 perimeter */
    c->initiator = (s->has & began) != 0 || n[WHAT_BIFLOW] == 1;
    c->flags = (uint8_t)n[WHAT_FLAGS];
    c->back_flags = (uint8_t)n[WHAT_BACK_FLAGS];
    c->bytes = n[WHAT_BYTES] + n[WHAT_INITIATOR_BYTES];
    c->packets = n[WHAT_PACKETS] + n[WHAT_INITIATOR_PACKETS];
    c->back_bytes = n[WHAT_BACK_BYTES];
    c->back_packets = n[WHAT_BACK_PACKETS];
}

static void put_event(const struct said *s, const struct flow_base *base, struct event *e)
{
    e->family = FAMILY_FLOW;
    e->time.us = time_of(s, base);
    if ((s->has >> WHAT_SRC_PORT & 1) != 0) {
        e->src_port = (uint16_t)s->number[WHAT_SRC_PORT];
        e->has |= EVENT_HAS_SRC_PORT;
    }
    if ((s->has >> WHAT_DEST_PORT & 1) != 0) {
        e->dest_port = (uint16_t)s->number[WHAT_DEST_PORT];
        e->has |= EVENT_HAS_DEST_PORT;
    }
    flow_protocol(e, (uint8_t)s->number[WHAT_PROTOCOL]);
    put_contact(s, &e->contact);
}

static void put_addr(struct event *e, uint8_t what, const uint8_t *p)
{
    bool src = what == WHAT_SRC_V4 || what == WHAT_SRC_V6;
    struct addr *to = src ? &e->src : &e->dest;
    unsigned bit = src ? EVENT_HAS_SRC : EVENT_HAS_DEST;
    bool v4 = what == WHAT_SRC_V4 || what == WHAT_DEST_V4;

    if (!v4 && number(p, 8) == 0 && number(p + 8, 8) == 0)
        return; /* a template for both families leaves one of them zero */
    if (v4 && number(p, 4) == 0 && (e->has & bit) != 0)
        return;
    if (v4)
        *to = addr_from_v4((uint32_t)number(p, 4));
    else
        memcpy(to->byte, p, 16);
    e->has |= bit;
}

/* RFC 7011 section 7: one byte, or 255 and two. 0 if it is longer than what is there. */
static bool variable_length(struct bytes in, size_t *at, size_t *len)
{
    if (in.len - *at < 1)
        return false;
    *len = in.data[(*at)++];
    if (*len < 255)
        return true;
    if (in.len - *at < 2)
        return false;
    *len = (size_t)number(in.data + *at, 2);
    *at += 2;
    return true;
}

/* TCP's port, UDP's and that of either may all be there; those that do not apply are zero. */
static void put_number(struct said *s, uint8_t what, uint64_t n)
{
    if (n != 0 || (what != WHAT_SRC_PORT && what != WHAT_DEST_PORT))
        s->number[what] = n;
}

size_t template_read(const struct template *t, struct bytes in, const struct flow_base *base,
                     struct event *e)
{
    struct said s = {.has = 0};
    size_t at = 0;

    for (size_t i = 0; i < t->count; i++) {
        uint8_t what = t->field[i].what;
        size_t len = t->field[i].len;

        if (len == TEMPLATE_VARIABLE && !variable_length(in, &at, &len))
            return 0;
        if (in.len - at < len)
            return 0;
        if (what >= WHAT_SRC_V4 && what <= WHAT_DEST_V6)
            put_addr(e, what, in.data + at);
        else if (what != WHAT_SKIP)
            put_number(&s, what, number(in.data + at, len));
        s.has |= 1u << what;
        at += len;
    }
    put_event(&s, base, e);
    return at;
}

#include "stix/event.h"

enum {
    PARTY_FROM,
    PARTY_TO,
    PARTY_FROM_ID,
    PARTY_TO_ID,
    FROM_GROUND,
    TO_GROUND,
    FROM_AS,
    SERVICE,
    PROOF,
    ORIENTED,
    SRC,
    DST,
    SRC_PORT,
    DST_PORT,
    PROTOCOLS,
    START,
};

static const struct pattern_property properties[] = {
    {"x-parley-event:x_party_from", PATTERN_STRING, PARTY_FROM},
    {"x-parley-event:x_party_to", PATTERN_STRING, PARTY_TO},
    {"x-parley-event:x_party_from_id", PATTERN_STRING, PARTY_FROM_ID},
    {"x-parley-event:x_party_to_id", PATTERN_STRING, PARTY_TO_ID},
    {"x-parley-event:x_from_ground", PATTERN_STRING, FROM_GROUND},
    {"x-parley-event:x_to_ground", PATTERN_STRING, TO_GROUND},
    {"x-parley-event:x_from_as", PATTERN_INTEGER, FROM_AS},
    {"x-parley-event:x_service", PATTERN_STRING, SERVICE},
    {"x-parley-event:x_proof", PATTERN_STRING, PROOF},
    {"x-parley-event:x_oriented", PATTERN_STRING, ORIENTED},
    {"x-parley-event:src_ref.value", PATTERN_STRING, SRC},
    {"x-parley-event:dst_ref.value", PATTERN_STRING, DST},
    {"x-parley-event:src_port", PATTERN_INTEGER, SRC_PORT},
    {"x-parley-event:dst_port", PATTERN_INTEGER, DST_PORT},
    {"x-parley-event:protocols[*]", PATTERN_STRING, PROTOCOLS},
    {"x-parley-event:start", PATTERN_TIME, START},
    {"network-traffic:src_ref.value", PATTERN_STRING, SRC},
    {"network-traffic:dst_ref.value", PATTERN_STRING, DST},
    {"network-traffic:src_port", PATTERN_INTEGER, SRC_PORT},
    {"network-traffic:dst_port", PATTERN_INTEGER, DST_PORT},
    {"network-traffic:protocols[*]", PATTERN_STRING, PROTOCOLS},
    {"network-traffic:start", PATTERN_TIME, START},
};

static struct pattern_value none(void)
{
    return (struct pattern_value){PATTERN_NONE, 0, {NULL, 0}};
}

static struct pattern_value text(const char *t)
{
    return t == NULL ? none() : (struct pattern_value){PATTERN_STRING, 0, bytes_text(t)};
}

static struct pattern_value number(int64_t n)
{
    return (struct pattern_value){PATTERN_INTEGER, n, {NULL, 0}};
}

static struct pattern_value address(struct addr a, char *room)
{
    addr_write(a, room);
    return text(room);
}

/* STIX 2.1 section 6.11: from the outer to the inner protocol. */
static struct pattern_value protocol(const struct event *e, size_t nth)
{
    const char *list[3];
    size_t n = 0;

    list[n++] = addr_is_v4(e->from.addr) ? "ipv4" : "ipv6";
    if (e->transport == TRANSPORT_TCP || e->transport == TRANSPORT_UDP)
        list[n++] = transport_name(e->transport);
    if (e->service != SERVICE_NONE)
        list[n++] = service_name(e->service);
    return nth < n ? text(list[nth]) : none();
}

static struct pattern_value ground(const struct end *end)
{
    return text(territory_ground_name((enum territory_ground)end->territory.ground));
}

static struct pattern_value get(const void *object, unsigned id, size_t nth, char *room)
{
    const struct event *e = object;

    if (id == PROTOCOLS)
        return protocol(e, nth);
    if (nth != 0)
        return none();
    switch (id) {
    case PARTY_FROM:
        return text(side_name(e->from.side));
    case PARTY_TO:
        return text(side_name(e->to.side));
    case PARTY_FROM_ID:
        return text(e->from.party);
    case PARTY_TO_ID:
        return text(e->to.party);
    case FROM_GROUND:
        return ground(&e->from);
    case TO_GROUND:
        return ground(&e->to);
    case FROM_AS:
        return e->from_as == 0 ? none() : number(e->from_as);
    case SERVICE:
        return text(service_name(e->service));
    case PROOF:
        return text(proof_name(e->proof));
    case ORIENTED:
        return text(orient_ground_name(e->ground));
    case SRC:
        return address(e->from.addr, room);
    case DST:
        return address(e->to.addr, room);
    case SRC_PORT:
        return number(e->from.port);
    case DST_PORT:
        return number(e->to.port);
    default:
        return (struct pattern_value){PATTERN_TIME, e->time.us, {NULL, 0}};
    }
}

const struct pattern_vocabulary event_vocabulary = {properties,
                                                    sizeof properties / sizeof properties[0], get};

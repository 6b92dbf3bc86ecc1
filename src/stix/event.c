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
    ADDRESS_V4,
    ADDRESS_V6,
};

/* The object types: what stands before the colon. */
enum { KIND_EVENT, KIND_TRAFFIC, KIND_V4, KIND_V6 };

static const struct pattern_property properties[] = {
    {"x-parley-event:x_party_from", PATTERN_STRING, PARTY_FROM, KIND_EVENT},
    {"x-parley-event:x_party_to", PATTERN_STRING, PARTY_TO, KIND_EVENT},
    {"x-parley-event:x_party_from_id", PATTERN_STRING, PARTY_FROM_ID, KIND_EVENT},
    {"x-parley-event:x_party_to_id", PATTERN_STRING, PARTY_TO_ID, KIND_EVENT},
    {"x-parley-event:x_from_ground", PATTERN_STRING, FROM_GROUND, KIND_EVENT},
    {"x-parley-event:x_to_ground", PATTERN_STRING, TO_GROUND, KIND_EVENT},
    {"x-parley-event:x_from_as", PATTERN_INTEGER, FROM_AS, KIND_EVENT},
    {"x-parley-event:x_service", PATTERN_STRING, SERVICE, KIND_EVENT},
    {"x-parley-event:x_proof", PATTERN_STRING, PROOF, KIND_EVENT},
    {"x-parley-event:x_oriented", PATTERN_STRING, ORIENTED, KIND_EVENT},
    {"x-parley-event:src_ref.value", PATTERN_ADDRESS, SRC, KIND_EVENT},
    {"x-parley-event:dst_ref.value", PATTERN_ADDRESS, DST, KIND_EVENT},
    {"x-parley-event:src_port", PATTERN_INTEGER, SRC_PORT, KIND_EVENT},
    {"x-parley-event:dst_port", PATTERN_INTEGER, DST_PORT, KIND_EVENT},
    {"x-parley-event:protocols[*]", PATTERN_STRING, PROTOCOLS, KIND_EVENT},
    {"x-parley-event:start", PATTERN_TIME, START, KIND_EVENT},
    {"network-traffic:src_ref.value", PATTERN_ADDRESS, SRC, KIND_TRAFFIC},
    {"network-traffic:dst_ref.value", PATTERN_ADDRESS, DST, KIND_TRAFFIC},
    {"network-traffic:src_port", PATTERN_INTEGER, SRC_PORT, KIND_TRAFFIC},
    {"network-traffic:dst_port", PATTERN_INTEGER, DST_PORT, KIND_TRAFFIC},
    {"network-traffic:protocols[*]", PATTERN_STRING, PROTOCOLS, KIND_TRAFFIC},
    {"network-traffic:start", PATTERN_TIME, START, KIND_TRAFFIC},
    {"ipv4-addr:value", PATTERN_ADDRESS, ADDRESS_V4, KIND_V4},
    {"ipv6-addr:value", PATTERN_ADDRESS, ADDRESS_V6, KIND_V6},
};

static struct pattern_value none(void)
{
    return (struct pattern_value){.type = PATTERN_NONE};
}

static struct pattern_value text(const char *t)
{
    return t == NULL ? none()
                     : (struct pattern_value){.type = PATTERN_STRING, .text = bytes_text(t)};
}

static struct pattern_value number(int64_t n)
{
    return (struct pattern_value){.type = PATTERN_INTEGER, .integer = n};
}

static struct pattern_value address(struct addr a)
{
    return (struct pattern_value){.type = PATTERN_ADDRESS, .addr = a};
}

/* The two ends as address objects of their family: the initiator first. */
static unsigned addresses(const struct event *e, bool v4)
{
    return (unsigned)(addr_is_v4(e->from.addr) == v4) + (addr_is_v4(e->to.addr) == v4);
}

static struct pattern_value address_at(const struct event *e, bool v4, unsigned root)
{
    bool is_from = root == 0 && addr_is_v4(e->from.addr) == v4;

    return address(is_from ? e->from.addr : e->to.addr);
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

static struct pattern_value get(const void *object, unsigned id, unsigned root, size_t nth,
                                char *room)
{
    const struct event *e = object;

    (void)room;
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
        return address(e->from.addr);
    case DST:
        return address(e->to.addr);
    case SRC_PORT:
        return number(e->from.port);
    case DST_PORT:
        return number(e->to.port);
    case ADDRESS_V4:
    case ADDRESS_V6:
        return address_at(e, id == ADDRESS_V4, root);
    default:
        return (struct pattern_value){.type = PATTERN_TIME, .integer = e->time.us};
    }
}

static unsigned roots(const void *object, unsigned kind)
{
    return kind == KIND_V4 || kind == KIND_V6 ? addresses(object, kind == KIND_V4) : 1;
}

static int64_t when(const void *object)
{
    const struct event *e = object;

    return e->time.us;
}

const struct pattern_vocabulary event_vocabulary = {
    properties, sizeof properties / sizeof properties[0], get, roots, when};

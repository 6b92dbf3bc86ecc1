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
    NAME,
    MD5,
    SHA1,
    SHA256,
    HTTP_HOST,
    HTTP_AGENT,
    HTTP_TARGET,
};

/* The object types: what stands before the colon. */
enum { KIND_EVENT, KIND_TRAFFIC, KIND_V4, KIND_V6, KIND_NAME, KIND_FILE };

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
    {"domain-name:value", PATTERN_STRING, NAME, KIND_NAME},
    {"file:hashes.MD5", PATTERN_STRING, MD5, KIND_FILE},
    {"file:hashes.'SHA-1'", PATTERN_STRING, SHA1, KIND_FILE},
    {"file:hashes.'SHA-256'", PATTERN_STRING, SHA256, KIND_FILE},
    {"network-traffic:extensions.'http-request-ext'.request_header.Host", PATTERN_STRING, HTTP_HOST,
     KIND_TRAFFIC},
    {"network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'", PATTERN_STRING,
     HTTP_AGENT, KIND_TRAFFIC},
    {"network-traffic:extensions.'http-request-ext'.request_value", PATTERN_STRING, HTTP_TARGET,
     KIND_TRAFFIC},
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

/* An end: the initiator or the responder; where nobody knows who began, as the record has them. */
static const struct addr *end_of(const struct event *e, bool first)
{
    if (e->ground != ORIENT_NONE)
        return first ? &e->from.addr : &e->to.addr;
    if ((e->has & (first ? EVENT_HAS_SRC : EVENT_HAS_DEST)) == 0)
        return NULL;
    return first ? &e->src : &e->dest;
}

static struct pattern_value end_address(const struct event *e, bool first)
{
    const struct addr *a = end_of(e, first);

    return a == NULL ? none() : address(*a);
}

static struct pattern_value end_port(const struct event *e, bool first)
{
    unsigned has = first ? EVENT_HAS_SRC_PORT : EVENT_HAS_DEST_PORT;

    if (e->ground != ORIENT_NONE)
        return number(first ? e->from.port : e->to.port);
    return (e->has & has) != 0 ? number(first ? e->src_port : e->dest_port) : none();
}

static bool is_of(const struct event *e, bool first, bool v4)
{
    const struct addr *a = end_of(e, first);

    return a != NULL && addr_is_v4(*a) == v4;
}

/* The two ends as address objects of their family: the initiator first. */
static unsigned addresses(const struct event *e, bool v4)
{
    return (unsigned)is_of(e, true, v4) + is_of(e, false, v4);
}

static struct pattern_value address_at(const struct event *e, bool v4, unsigned root)
{
    return end_address(e, root == 0 && is_of(e, true, v4));
}

/* The names that a record holds, as the sensor wrote them: asked for, of TLS, of HTTP. */
static const enum event_text names[] = {EVENT_TEXT_NAME, EVENT_TEXT_SNI, EVENT_TEXT_HOST};

enum { NAMES = sizeof names / sizeof names[0] };

static unsigned name_count(const struct event *e)
{
    unsigned n = 0;

    for (size_t i = 0; i < NAMES; i++)
        n += e->text[names[i]].len != 0;
    return n;
}

static struct pattern_value sensor_text(struct bytes b)
{
    return b.len == 0 ? none() : (struct pattern_value){.type = PATTERN_STRING, .text = b};
}

static struct pattern_value name_at(const struct event *e, unsigned root)
{
    for (size_t i = 0; i < NAMES; i++)
        if (e->text[names[i]].len != 0 && root-- == 0)
            return sensor_text(e->text[names[i]]);
    return none();
}

/* STIX 2.1 section 6.11: from the outer to the inner protocol. */
static struct pattern_value protocol(const struct event *e, size_t nth)
{
    const char *list[3];
    size_t n = 0;

    if (end_of(e, true) == NULL)
        return none();
    list[n++] = addr_is_v4(*end_of(e, true)) ? "ipv4" : "ipv6";
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
        return end_address(e, true);
    case DST:
        return end_address(e, false);
    case SRC_PORT:
        return end_port(e, true);
    case DST_PORT:
        return end_port(e, false);
    case ADDRESS_V4:
    case ADDRESS_V6:
        return address_at(e, id == ADDRESS_V4, root);
    case NAME:
        return name_at(e, root);
    case MD5:
        return sensor_text(e->text[EVENT_TEXT_MD5]);
    case SHA1:
        return sensor_text(e->text[EVENT_TEXT_SHA1]);
    case SHA256:
        return sensor_text(e->text[EVENT_TEXT_SHA256]);
    case HTTP_HOST:
        return sensor_text(e->text[EVENT_TEXT_HOST]);
    case HTTP_AGENT:
        return sensor_text(e->text[EVENT_TEXT_AGENT]);
    case HTTP_TARGET:
        return sensor_text(e->text[EVENT_TEXT_URL]);
    default:
        return (struct pattern_value){.type = PATTERN_TIME, .integer = e->time.us};
    }
}

static unsigned roots(const void *object, unsigned kind)
{
    if (kind == KIND_NAME)
        return name_count(object);
    return kind == KIND_V4 || kind == KIND_V6 ? addresses(object, kind == KIND_V4) : 1;
}

static int64_t when(const void *object)
{
    const struct event *e = object;

    return e->time.us;
}

const struct pattern_vocabulary event_vocabulary = {
    properties, sizeof properties / sizeof properties[0], get, roots, when};

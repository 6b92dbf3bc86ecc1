#include "watch/orient.h"

#include "watch/orient_family.h"

/* How a service is recorded. A row that is not here is no application record. */
static const struct {
    bool client_first; /* Suricata writes the client as source, whatever the port */
    enum proof proof;  /* two-way: the record exists only once both sides have spoken */
} services[SERVICE_COUNT] = {
    [SERVICE_SSH] = {true, PROOF_TWO_WAY},
    [SERVICE_SMB] = {true, PROOF_TWO_WAY},
    [SERVICE_RDP] = {false, PROOF_TWO_WAY},
    [SERVICE_HTTP] = {true, PROOF_TWO_WAY},
    [SERVICE_TLS] = {true, PROOF_TWO_WAY},
    [SERVICE_SIP] = {false, PROOF_NONE}, /* UDP: the source may be spoofed */
};

bool orient_is_service_port(enum service s, uint16_t port)
{
    return s != SERVICE_NONE && service_by_port(port) == s;
}

enum orient_ground orient_by_port(const struct event *e, bool own_src, bool own_dest)
{
    bool src = orient_is_service_port(e->service, e->src_port);
    bool dest = orient_is_service_port(e->service, e->dest_port);

    if (src != dest)
        return src ? ORIENT_SRC_SERVES : ORIENT_DEST_SERVES;
    if (src && own_src != own_dest)
        return own_src ? ORIENT_OWN_SRC : ORIENT_OWN_DEST;
    return ORIENT_NONE;
}

enum proof orient_service_proof(enum service s)
{
    return services[s].proof;
}

/* Services that answer a small question with a large answer, to whoever the question named. */
bool orient_is_reflector(const struct event *e)
{
    static const uint16_t ports[] = {17, 19, 53, 111, 123, 137, 161, 389, 1900, 3702, 11211};

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        if (e->transport == TRANSPORT_UDP && e->src_port == ports[i])
            return true;
    return false;
}

/* The record names who began its flow. A flow that was picked up in its middle may be told
 * backwards: where one port alone says otherwise it stays open. */
static enum orient_ground by_own_word(const struct event *e, enum orient_ground by_port)
{
    if (by_port == (e->began == BEGAN_SRC ? ORIENT_SRC_SERVES : ORIENT_DEST_SERVES))
        return ORIENT_NONE;
    return e->began == BEGAN_SRC ? ORIENT_FLOW_SRC : ORIENT_FLOW_DEST;
}

static enum orient_ground decide_eve(struct event *e, bool own_src, bool own_dest)
{
    enum orient_ground g = orient_by_port(e, own_src, own_dest);
    bool neither = !orient_is_service_port(e->service, e->src_port) &&
                   !orient_is_service_port(e->service, e->dest_port);

    e->proof = services[e->service].proof;
    if (e->began != BEGAN_UNSAID && !e->began_before)
        return by_own_word(e, g);
    if (neither && services[e->service].client_first)
        return ORIENT_RECORD_ORDER;
    if (g != ORIENT_NONE || e->began == BEGAN_UNSAID)
        return g;
    return e->began == BEGAN_SRC ? ORIENT_FLOW_ID_SRC : ORIENT_FLOW_ID_DEST;
}

/* Its system told it of the connection only once the handshake was complete. */
static enum orient_ground decide_server(struct event *e, bool own_src, bool own_dest)
{
    (void)own_src;
    (void)own_dest;
    if (e->transport != TRANSPORT_TCP)
        return ORIENT_NONE;
    e->proof = PROOF_TWO_WAY;
    return ORIENT_ACCEPTED;
}

bool orient_is_turned(enum orient_ground g)
{
    return g == ORIENT_SRC_SERVES || g == ORIENT_OWN_SRC || g == ORIENT_FLOW_DEST ||
           g == ORIENT_FLOW_ID_DEST;
}

void orient_decide(struct event *e, bool own_src, bool own_dest)
{
    static enum orient_ground (*const families[])(struct event * e, bool own_src, bool own_dest) = {
        [FAMILY_EVE] = decide_eve,
        [FAMILY_ZEEK] = orient_zeek,
        [FAMILY_FLOW] = orient_flow,
        [FAMILY_SERVER] = decide_server,
    };
    bool turned;

    e->ground = ORIENT_NONE;
    e->proof = PROOF_NONE;
    if (e->service == SERVICE_NONE || e->has != EVENT_HAS_ENDS || orient_is_reflector(e))
        return;
    e->ground = families[e->family](e, own_src, own_dest);
    turned = orient_is_turned(e->ground);
    e->from = (struct end){.addr = turned ? e->dest : e->src};
    e->from.port = turned ? e->dest_port : e->src_port;
    e->to = (struct end){.addr = turned ? e->src : e->dest};
    e->to.port = turned ? e->src_port : e->dest_port;
}

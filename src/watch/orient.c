#include "watch/orient.h"

/* How a service is recorded. A row that is not here is no application record. */
static const struct {
    uint16_t ports[4]; /* well known; 0 ends */
    bool client_first; /* Suricata writes the client as source, whatever the port */
    enum proof proof;  /* two-way: the record exists only once both sides have spoken */
} services[SERVICE_COUNT] = {
    [SERVICE_SSH] = {{22}, true, PROOF_TWO_WAY},
    [SERVICE_SMB] = {{139, 445}, true, PROOF_TWO_WAY},
    [SERVICE_RDP] = {{3389}, false, PROOF_TWO_WAY},
    [SERVICE_HTTP] = {{80, 8000, 8080, 8088}, true, PROOF_TWO_WAY},
    [SERVICE_TLS] = {{443}, true, PROOF_TWO_WAY},
    [SERVICE_SIP] = {{5060, 5061}, false, PROOF_NONE}, /* UDP: the source may be spoofed */
};

bool orient_is_service_port(enum service s, uint16_t port)
{
    for (size_t i = 0; i < 4; i++)
        if (port != 0 && services[s].ports[i] == port)
            return true;
    return false;
}

static enum orient_ground ground_of(const struct event *e, bool own_src, bool own_dest)
{
    bool src = orient_is_service_port(e->service, e->src_port);
    bool dest = orient_is_service_port(e->service, e->dest_port);

    if (src != dest)
        return src ? ORIENT_SRC_SERVES : ORIENT_DEST_SERVES;
    if (src && own_src != own_dest)
        return own_src ? ORIENT_OWN_SRC : ORIENT_OWN_DEST;
    return !src && services[e->service].client_first ? ORIENT_RECORD_ORDER : ORIENT_NONE;
}

bool orient_is_turned(enum orient_ground g)
{
    return g == ORIENT_SRC_SERVES || g == ORIENT_OWN_SRC;
}

void orient_decide(struct event *e, bool own_src, bool own_dest)
{
    struct end src = {.addr = e->src, .port = e->src_port};
    struct end dest = {.addr = e->dest, .port = e->dest_port};

    e->ground = ORIENT_NONE;
    if (e->service == SERVICE_NONE || e->has != EVENT_HAS_ENDS)
        return;
    e->ground = ground_of(e, own_src, own_dest);
    e->proof = services[e->service].proof;
    e->from = orient_is_turned(e->ground) ? dest : src;
    e->to = orient_is_turned(e->ground) ? src : dest;
}

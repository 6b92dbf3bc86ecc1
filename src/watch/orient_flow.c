/*
 * What a flow is worth. One that counts both directions tells of a whole connection. One of a
 * single direction is half of it: the client's half is the record, the server's half its twin, and
 * no second event.
 */
#include "watch/orient_family.h"

enum {
    CLIENT_PACKETS = 3, /* SYN, ACK, and something said */
    SERVER_PACKETS = 2, /* SYN-ACK, and something said */
};

static bool has_all(uint8_t flags, unsigned all)
{
    return (flags & all) == all;
}

/* Did the server say something of its own? A forged source draws SYN-ACKs and resets, but no data:
 * the server's TCP waits for the number that only the true client has seen. */
static bool server_spoke(uint8_t flags, uint64_t packets, uint64_t bytes)
{
    enum { BARE = 60 }; /* IP and TCP headers with options, and nothing in them */

    if (packets < SERVER_PACKETS)
        return false;
    return flags != 0 ? (flags & (TCP_PSH | TCP_FIN)) != 0 : bytes > packets * BARE;
}

static enum proof both_proof(const struct contact *c, bool turned)
{
    uint64_t client = turned ? c->back_packets : c->packets;
    bool spoke = turned ? server_spoke(c->flags, c->packets, c->bytes)
                        : server_spoke(c->back_flags, c->back_packets, c->back_bytes);

    return has_all(c->flags | c->back_flags, TCP_SYN | TCP_ACK) && client >= CLIENT_PACKETS && spoke
               ? PROOF_TWO_WAY
               : PROOF_NONE;
}

static enum proof half_proof(const struct contact *c)
{
    return has_all(c->flags, TCP_SYN | TCP_ACK) && (c->flags & (TCP_PSH | TCP_FIN)) != 0 &&
                   c->packets >= CLIENT_PACKETS
               ? PROOF_ONE_SIDED
               : PROOF_NONE;
}

static enum orient_ground decide_both(const struct event *e, bool own_src, bool own_dest)
{
    if (e->contact.initiator)
        return ORIENT_BIFLOW;
    return orient_by_port(e, own_src, own_dest);
}

static enum orient_ground decide_half(const struct event *e, bool own_src, bool own_dest)
{
    enum orient_ground g = orient_by_port(e, own_src, own_dest);
    unsigned flags = e->contact.flags;

    if (g == ORIENT_SRC_SERVES || g == ORIENT_OWN_SRC)
        return ORIENT_NONE; /* the answer's half, or backscatter */
    if (e->transport == TRANSPORT_TCP && (flags & TCP_SYN) != 0 && (flags & TCP_ACK) == 0)
        return ORIENT_HANDSHAKE;
    return g;
}

enum orient_ground orient_flow(struct event *e, bool own_src, bool own_dest)
{
    const struct contact *c = &e->contact;
    enum orient_ground g =
        c->both ? decide_both(e, own_src, own_dest) : decide_half(e, own_src, own_dest);

    if (e->transport == TRANSPORT_TCP)
        e->proof = c->both ? both_proof(c, orient_is_turned(g)) : half_proof(c);
    return g;
}

/* What Zeek's word is worth: the originator where a SYN was seen or the ports agree. */
#include "watch/orient_family.h"

/* Zeek saw no SYN: the originator is whoever it saw first. Good where the ports agree. */
static enum orient_ground without_syn(const struct event *e, bool own_src, bool own_dest)
{
    enum orient_ground g = orient_by_port(e, own_src, own_dest);

    return g == ORIENT_DEST_SERVES ? ORIENT_ZEEK_ORIG : g == ORIENT_OWN_DEST ? g : ORIENT_NONE;
}

static enum proof proof_of(const struct event *e)
{
    const struct contact *c = &e->contact;
    const unsigned both = CONN_SAW_SYN_ACK | CONN_SAW_ACK;

    if (e->transport != TRANSPORT_TCP || c->state != CONN_ESTABLISHED)
        return PROOF_NONE; /* over UDP an answer shows that it was sent, not that it arrived */
    if (c->saw != 0 && (c->saw & both) != both)
        return PROOF_NONE;
    return (c->packets == 0 && c->back_packets == 0) || (c->packets > 1 && c->back_packets > 0)
               ? PROOF_TWO_WAY
               : PROOF_NONE;
}

static enum orient_ground decide_conn(struct event *e, bool own_src, bool own_dest)
{
    const struct contact *c = &e->contact;

    e->proof = proof_of(e);
    if (e->transport == TRANSPORT_TCP && c->state == CONN_ANSWER)
        return ORIENT_NONE; /* backscatter: who asked was not seen, or was never there */
    if (e->transport == TRANSPORT_TCP && (c->saw & CONN_SAW_SYN) != 0)
        return ORIENT_HANDSHAKE;
    if (c->saw != 0 && (c->saw & CONN_SAW_SYN_ACK) != 0)
        return ORIENT_NONE;
    return without_syn(e, own_src, own_dest);
}

enum orient_ground orient_zeek(struct event *e, bool own_src, bool own_dest)
{
    enum orient_ground by_port = orient_by_port(e, own_src, own_dest);

    if (e->contact.is)
        return decide_conn(e, own_src, own_dest);
    e->proof = e->transport == TRANSPORT_UDP ? PROOF_NONE : orient_service_proof(e->service);
    /* An application log names the client first; ports that say otherwise leave it open. */
    return by_port == ORIENT_SRC_SERVES || by_port == ORIENT_OWN_SRC ? ORIENT_NONE
                                                                     : ORIENT_ZEEK_ORIG;
}

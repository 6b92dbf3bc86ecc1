/*
 * orient.h - who began: the first question to any record, before anybody is looked up.
 *
 * EVE's src and dest are not attacker and victim: thousands of real rdp and sip records name the
 * victim as source. The decision is by the flow's own source where the record names it, then by the
 * service's well-known port, then by our own end, then by the order in which the sensor writes that
 * service, then by what a record before said of the same flow id; else it is not made, and an event
 * whose direction is not known is attributed to nobody.
 *
 * Zeek names the originator and tells of the handshake; a flow has flags, counts and ports; a
 * server's own record (a honeypot's) names who called it. What Zeek's and a flow's word is worth
 * stands in orient_zeek.c and orient_flow.c; reflectors' answers (UDP from port 53, 123 ..) are
 * nobody's beginning in any of them.
 */
#ifndef PARLEY_WATCH_ORIENT_H
#define PARLEY_WATCH_ORIENT_H

#include "model/event.h"

/*
 * Decides and fills ground, proof, and addr and port of `from` and `to`. `own_src` and `own_dest`:
 * is that end in our own territory or a declared sensor? Sets ground NONE where the record is no
 * application record, lacks an end, or does not tell.
 */
void orient_decide(struct event *e, bool own_src, bool own_dest);

/* Did the record name the responder as its source? */
bool orient_is_turned(enum orient_ground g);

/* Is this a well-known port of the service? */
bool orient_is_service_port(enum service s, uint16_t port);

#endif

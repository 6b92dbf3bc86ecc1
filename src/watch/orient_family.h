/* orient_family.h - the families' own decisions, for orient.c alone. Each sets e->proof, too. */
#ifndef PARLEY_WATCH_ORIENT_FAMILY_H
#define PARLEY_WATCH_ORIENT_FAMILY_H

#include "watch/orient.h"

/* DEST_SERVES or SRC_SERVES if one port alone is the service's; both: our own end serves. */
enum orient_ground orient_by_port(const struct event *e, bool own_src, bool own_dest);

/* What an application record of this service proves by being there. */
enum proof orient_service_proof(enum service s);

/* Does it come from a port that answers whoever is named as asking? */
bool orient_is_reflector(const struct event *e);

enum orient_ground orient_zeek(struct event *e, bool own_src, bool own_dest);
enum orient_ground orient_flow(struct event *e, bool own_src, bool own_dest);

#endif

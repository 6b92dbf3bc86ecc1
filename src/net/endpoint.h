/*
 * endpoint.h - "address:port", as in an agreement's nodes and in the settings.
 *
 * 192.0.2.1:7315 or [2001:db8::1]:7315. Literal addresses only: no process of ours that could
 * ask for a name may read an answer from the network.
 */
#ifndef PARLEY_NET_ENDPOINT_H
#define PARLEY_NET_ENDPOINT_H

#include "net/addr.h"

struct endpoint {
    struct addr addr;
    uint16_t port; /* 1 to 65535 */
};

enum { ENDPOINT_TEXT = ADDR_TEXT + 8 };

/* SYNTAX, RANGE (port). */
MUST_CHECK struct fault endpoint_parse(struct bytes text, struct endpoint *out);
void endpoint_write(const struct endpoint *e, char *out); /* `out` has ENDPOINT_TEXT */

#endif

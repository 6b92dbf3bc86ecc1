/*
 * addr.h - IP addresses and prefixes as values.
 *
 * An IPv4 address is kept as its IPv4-mapped IPv6 form (RFC 4291 section 2.5.5.2), so that one
 * comparison and one ordering serve both families; IPv4 sorts before most of IPv6 and never
 * equals a native IPv6 address, because a mapped one in IPv6 spelling is refused on reading.
 * Territory tables and tries are not here but in territory.h.
 */
#ifndef PARLEY_NET_ADDR_H
#define PARLEY_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

struct addr {
    uint8_t byte[16]; /* network order; ::ffff:a.b.c.d for IPv4 */
};

struct prefix {
    struct addr first; /* host bits are zero */
    uint8_t bits;      /* 0 to 128, counted in the 128-bit form: an IPv4 /24 has 120 */
};

enum { ADDR_TEXT = 46, PREFIX_TEXT = 50 }; /* room for a written one and its NUL */

/* Inline, with addr_v4: every event asks. */
static inline bool addr_is_v4(struct addr a)
{
    static const uint8_t zero[8] = {0}, mapped[4] = {0, 0, 0xff, 0xff};

    /* Two comparisons of a word each, where one of twelve bytes would be a call. */
    return memcmp(a.byte, zero, 8) == 0 && memcmp(a.byte + 8, mapped, 4) == 0;
}

/* The IPv4 address as a host-order number; 0 for an IPv6 address. */
static inline uint32_t addr_v4(struct addr a)
{
    if (!addr_is_v4(a))
        return 0;
    return (uint32_t)a.byte[12] << 24 | (uint32_t)a.byte[13] << 16 | (uint32_t)a.byte[14] << 8 |
           a.byte[15];
}

static inline struct addr addr_from_v4(uint32_t host_order)
{
    struct addr a = {{[10] = 0xff, [11] = 0xff}};

    for (int i = 0; i < 4; i++)
        a.byte[12 + i] = (uint8_t)(host_order >> (24 - 8 * i));
    return a;
}

int addr_compare(struct addr a, struct addr b);

/* Dotted quad or RFC 4291 text, no zone, no mapped form. SYNTAX. */
MUST_CHECK struct fault addr_parse(struct bytes text, struct addr *out);

/* Writes the RFC 5952 form and a NUL into `out` of ADDR_TEXT. */
void addr_write(struct addr a, char *out);

/* "192.0.2.0/24" or "2001:db8::/32", host bits zero. SYNTAX, RANGE (bits, or host bits set). */
MUST_CHECK struct fault prefix_parse(struct bytes text, struct prefix *out);
void prefix_write(struct prefix p, char *out); /* `out` has PREFIX_TEXT */
bool prefix_has(struct prefix p, struct addr a);

#endif

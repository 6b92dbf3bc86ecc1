/*
 * six.h - the IPv6 spans of a lookup, in few bytes: a /48 is what registries and routes count in.
 *
 * A span's beginning is the first 48 bits of its address: 16 bits that are listed once, and the 32
 * behind them. Where one begins inside a /48, that /48 says so, and the whole addresses of what
 * begins in it stand in a second list. For lookup.c.
 */
#ifndef PARLEY_NET_SIX_H
#define PARLEY_NET_SIX_H

#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct six;

struct six *six_new(void);
void six_free(struct six *s); /* NULL is fine */

/* The next span; the first is at ::, they ascend. All of them before six_seal. */
void six_add(struct six *s, struct addr first, uint32_t slot);

/* Ends the adding; every slot is below `slots`. */
void six_seal(struct six *s, uint32_t slots);

/* The slot of the span in force at `a`. After six_seal. */
uint32_t six_find(const struct six *s, struct addr a);

size_t six_bytes(const struct six *s);

#endif

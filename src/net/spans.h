/*
 * spans.h - which value holds at an address, when prefixes nest: longest prefix wins.
 *
 * Nested prefixes are flattened into a sorted list of spans, each ending where the next begins,
 * so that a look-up is one binary search; IPv4 goes through an index of the upper 16 bits first.
 * Knows values as numbers only; what they mean is territory.h's.
 */
#ifndef PARLEY_NET_SPANS_H
#define PARLEY_NET_SPANS_H

#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/* One prefix and the value it claims for its addresses. */
struct claim {
    struct prefix prefix;
    uint32_t value;
};

/* From `first` up to the next span's first this value holds. */
struct span {
    struct addr first;
    uint32_t value;
};

/* Sorted, without two equal values in a row; list[0].first is `::`. Owned; zero is empty. */
struct spans {
    struct span *list;
    size_t count, room;
};

/* What holds where `a` and `b` both speak. 0 stands for silence. */
typedef uint32_t spans_join(uint32_t a, uint32_t b);

/*
 * Flattens: at each address the value of the longest prefix that has it, 0 where none does. Where
 * one prefix is claimed twice, `join` of the two values holds. Sorts `claims` in place. *out must
 * be empty or done.
 */
void spans_flatten(struct claim *claims, size_t count, spans_join *join, struct spans *out);

/* At each address join(value in a, value in b). *out is none of the two. */
void spans_overlay(const struct spans *a, const struct spans *b, spans_join *join,
                   struct spans *out);

/* The value at `a` by binary search over the list: the form for building and for tests. */
uint32_t spans_find(const struct spans *s, struct addr a);

void spans_done(struct spans *s);

/* The form for many look-ups, in as few bytes as they need: an IPv4 span is two bytes of address
 * behind an index of 65,536 buckets, an IPv6 span four (six.h; sixteen more where one begins inside
 * a /48), and its value a slot of one, two or four bytes in the list of distinct values. */
struct lookup;

struct lookup *lookup_new(const struct spans *s); /* copies; `s` may go */
void lookup_free(struct lookup *l);               /* NULL is fine */

uint32_t lookup_find(const struct lookup *l, struct addr a); /* the value */

/* The same as a number from 0 to lookup_slots - 1, and the value behind it: so that a caller can
 * keep more about each distinct value than a number. */
uint32_t lookup_slot(const struct lookup *l, struct addr a);
size_t lookup_slots(const struct lookup *l);
uint32_t lookup_value(const struct lookup *l, uint32_t slot);

size_t lookup_bytes(const struct lookup *l); /* of memory */

#endif

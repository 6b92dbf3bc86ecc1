/*
 * index.h - many patterns, one object: which of them can match it?
 *
 * A pattern names, in its comparisons, facts of which at least one must hold: that a property
 * equals a value, or that an address lies in a subnet. The index finds the patterns whose facts an
 * object has, by hashing, so that the cost of an object follows what it has and not how many
 * patterns there are. What it gives are candidates: pattern_matches decides. A pattern of which
 * no such fact is known (only LIKE, MATCHES, an order) is a candidate for every object.
 *
 * Of an AND the rarer side is taken: the one whose facts fewer patterns share.
 */
#ifndef PARLEY_STIX_INDEX_H
#define PARLEY_STIX_INDEX_H

#include "stix/pattern.h"

struct index;

/* For patterns read with this vocabulary. Free with index_free, which does not free patterns. */
struct index *index_new(const struct pattern_vocabulary *words);
void index_free(struct index *x); /* NULL is fine */

/* Adds one; p must outlive the index. `id` is given back. Before index_seal alone. */
void index_add(struct index *x, const struct pattern *p, uint32_t id);

/* Chooses the facts and builds the tables; once, before the first object. */
void index_seal(struct index *x);

/*
 * Calls `each` once for every pattern that can match `object`, until it answers false. Does not
 * allocate. Not for two threads at once: it marks whom it has named.
 */
void index_candidates(struct index *x, const void *object,
                      bool (*each)(void *with, const struct pattern *p, uint32_t id), void *with);

struct index_numbers {
    size_t patterns, facts; /* facts: entries of the tables */
    size_t always;          /* patterns that are candidates for every object */
    size_t bytes;           /* of the index, without the patterns */
};
struct index_numbers index_count(const struct index *x);

#endif

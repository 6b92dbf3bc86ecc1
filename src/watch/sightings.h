/*
 * sightings.h - which indicators were seen, how often, when first and last.
 *
 * A row an indicator (list, kind, value, id), whatever number of events met it: bounded, and what
 * had no room is counted. Of each the first event is kept by its place and the digest of its line.
 * An event outside the indicator's validity counts and is told apart; how much a hit is worth has a
 * word (low, moderate, high) and printed reasons.
 */
#ifndef PARLEY_WATCH_SIGHTINGS_H
#define PARLEY_WATCH_SIGHTINGS_H

#include "crypto/digest.h"
#include "indicator/worth.h"
#include "watch/cautions.h"
#include "watch/lookout.h"

struct sighting {
    char list[LOOKOUT_NAME];
    struct worth worth; /* its kind, validity and counts */
    char *value;        /* owned; "" of a pattern */
    char *id;           /* owned; "" where it has none */
    enum tlp tlp;
    enum pap pap;
    struct instant first, last;
    /* The first event that met it. */
    struct addr src, dest;
    unsigned has;    /* EVENT_HAS_SRC, EVENT_HAS_DEST */
    uint32_t source; /* number of the file or sensor */
    uint64_t offset;
    struct digest line; /* SHA-256 of it */
};

struct sightings;

/* At most so many indicators, and so many bytes of their JSON. */
struct sightings *sightings_new(size_t most, size_t bytes);
void sightings_free(struct sightings *s); /* NULL is fine */

/* Warning lists by which values are told apart from now on; NULL: none. */
void sightings_warn(struct sightings *s, const struct cautions *c);

/* Counts what the event meets. `raw` is its line. */
void sightings_see(struct sightings *s, struct lookout *l, const struct event *e, struct bytes raw,
                   uint32_t source, uint64_t offset);

size_t sightings_count(const struct sightings *s);
const struct sighting *sightings_at(const struct sightings *s, size_t i); /* in the order seen */
uint64_t sightings_further(const struct sightings *s); /* hits of indicators beyond `most` */
bool sightings_is_full(const struct sightings *s);     /* half of either: time to clear */
void sightings_clear(struct sightings *s);

/* Whole days between the beginning of its validity and when it was seen last; -1: not known. */
int64_t sighting_age(const struct sighting *s);

/* One JSON object, compact, without newline; `sensor` is what its source is called. */
void sighting_json(const struct sighting *s, const char *sensor, struct buf *out);

#endif

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
#include "model/incident.h"
#include "watch/lookout.h"

enum {
    SIGHTINGS_REASONS = 6,
};

struct sighting {
    char list[LOOKOUT_NAME];
    enum indicator_kind kind; /* NONE: a pattern */
    char *value;              /* owned; "" of a pattern */
    char *id;                 /* owned; "" where it has none */
    enum tlp tlp;
    enum pap pap;
    struct instant from, until; /* its validity: INT64_MIN, INT64_MAX where not said */
    uint64_t events;
    uint64_t outside; /* of them outside its validity */
    uint64_t warned;  /* of them while a warning list named the value */
    struct instant first, last;
    /* The first event that met it. */
    struct addr src, dest;
    unsigned has;    /* EVENT_HAS_SRC, EVENT_HAS_DEST */
    uint32_t source; /* number of the file or sensor */
    uint64_t offset;
    struct digest line; /* SHA-256 of it */
};

struct sightings;

struct sightings *sightings_new(size_t most);
void sightings_free(struct sightings *s); /* NULL is fine */

/* Counts what the event meets. `raw` is its line. */
void sightings_see(struct sightings *s, struct lookout *l, const struct event *e, uint32_t source,
                   uint64_t offset, struct bytes raw);

size_t sightings_count(const struct sightings *s);
const struct sighting *sightings_at(const struct sightings *s, size_t i); /* in the order seen */
uint64_t sightings_further(const struct sightings *s); /* hits of indicators beyond `most` */
void sightings_clear(struct sightings *s);

/*
 * By hash, name or URL: high; by address, endpoint or pattern: moderate; by subnet: low. One step
 * lower where no event lay within its validity, and where a warning list names the value.
 */
enum confidence sighting_confidence(const struct sighting *s);
/* "by-hash", "by-name", "by-url", "by-address", "by-subnet", "by-pattern"; "out-of-validity" (all),
 * "partly-out-of-validity", "validity-unknown"; "warning-list". At most SIGHTINGS_REASONS. */
size_t sighting_reasons(const struct sighting *s, const char **out);

/* Whole days between the beginning of its validity and when it was seen last; -1: not known. */
int64_t sighting_age(const struct sighting *s);

/* One JSON object, compact, without newline; `sensor` is what its source is called. */
void sighting_json(const struct sighting *s, const char *sensor, struct buf *out);

#endif

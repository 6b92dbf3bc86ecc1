/*
 * incident.h - what watch makes of many events: the same counter-party, source or AS, article and
 * kind of target. Observed from a territory, never by a state.
 */
#ifndef PARLEY_MODEL_INCIDENT_H
#define PARLEY_MODEL_INCIDENT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "model/event.h"
#include "net/addr.h"

enum {
    INCIDENT_TARGETS = 256, /* addresses listed; matches on others are counted */
    INCIDENT_PLACES = 4,    /* places told apart; more are as good as these */
};

enum confidence { CONFIDENCE_NONE = 0, CONFIDENCE_LOW, CONFIDENCE_MODERATE, CONFIDENCE_HIGH };

/* Why an incident is told about. */
enum incident_report {
    INCIDENT_NONE = 0,
    INCIDENT_OPENED, /* at the article's threshold */
    INCIDENT_GROWN,  /* at ten times the events of the report before: never silent, never a flood */
    INCIDENT_ENDED,  /* no match for longer than the article's gap */
};

struct incident {
    const char *article, *from;           /* ids; borrowed from the agreement */
    bool has_source, has_as, has_service; /* what it is grouped by, or known of the source */
    struct addr source;
    uint32_t as;
    enum service service;
    struct instant first, last, opened;
    uint64_t events;
    uint64_t proven;    /* events with two-way proof */
    uint64_t one_sided; /* .. which one direction's flags alone gave (a unidirectional flow) */
    uint64_t turned;    /* events whose record named the victim as source */
    uint64_t disputed;  /* events whose source another test of territory places elsewhere */
    uint64_t by_caution[CAUTION_KINDS];          /* events whose source stood on such a list then */
    uint64_t by_ground[TERRITORY_CONTESTED + 1]; /* events by the test that placed the initiator */
    struct addr *targets;                        /* sorted; owned */
    size_t target_count;
    uint64_t targets_more;           /* matches on targets that the list has no room for */
    uint32_t place[INCIDENT_PLACES]; /* from which it was seen, as they came; then 0 */
};

/* The place as incidents know it, of the name that the settings give it: two share a number once in
 * 2^32. 0: none was said. */
uint32_t incident_place(struct bytes name);

/* One of its events was seen from there. 0: nothing. */
void incident_seen(struct incident *i, uint32_t place);
size_t incident_places(const struct incident *i);

/* Was it seen from several places, and from one of them in full two-way contact? */
bool incident_is_corroborated(const struct incident *i);

/* Frees the targets. */
void incident_done(struct incident *i);
void incident_copy(const struct incident *i, struct incident *out); /* owns targets of its own */

/* Puts an address into the sorted list, or counts it where the list is full. */
void incident_target(struct incident *i, struct addr a);

/* The order of output: opened, source, service, article. */
int incident_compare(const struct incident *a, const struct incident *b);

/*
 * Low if any event lacks two-way proof (its source may be spoofed); high if every initiator was
 * placed by what the other party itself declared; moderate if a table placed it, or if the proof
 * is one direction's flags and no other place corroborates it. One step lower where the tests of
 * territory disagree about a source, and where a warning list or one of research scanners names it;
 * low where it is an exit of a VPN or of Tor, for then whoever began sits elsewhere.
 */
enum confidence incident_confidence(const struct incident *i);
const char *confidence_name(enum confidence c); /* "low", "moderate", "high" */

/* The reasons by their stable names, at most INCIDENT_REASONS; returns how many. */
enum { INCIDENT_REASONS = 13 };
size_t incident_reasons(const struct incident *i, const char **out);

const char *incident_report_name(enum incident_report r); /* "opened", "grown", "ended" */

/* One JSON object, compact, without newline: what `watch replay --json` prints; for a live report,
 * unless it is NONE, with "counts", what the confidence rests on, and "report" at the end. */
void incident_json(const struct incident *i, enum incident_report report, struct buf *out);

#endif

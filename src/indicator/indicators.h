/*
 * indicators.h - all lists of what to look for, built once and then asked about every event.
 *
 * Kinds have a set each (set.h), subnets net/spans' packed map. Built: new, list, add .., seal;
 * from then on it never changes, so many may ask at once; a new version is another one that takes
 * its place between two events (indicators_offer, indicators_take). Memory has a hard cap, and what
 * did not fit is counted by its list. Every list has a canary for each kind it holds: a value
 * that no sensor can see, which must be found through the same door as an event.
 * Validity is told with the hit and not judged here: the event's time decides. No file, no clock.
 */
#ifndef PARLEY_INDICATOR_INDICATORS_H
#define PARLEY_INDICATOR_INDICATORS_H

#include "indicator/indicator.h"
#include "model/event.h"

enum {
    INDICATORS_LISTS = 4096, /* names the canaries by two bytes, and lists are files of people */
    INDICATORS_LIST_NAME = 200,
    INDICATORS_BATCH = 16, /* questions whose memory is fetched at once */
};

struct indicators_limits {
    size_t entries, bytes; /* of all lists together */
};

/* What a node of the smallest machine can hold beside its other work. */
extern const struct indicators_limits indicators_usual;

struct indicators;

/* `seed` is secret, so that nobody can write a list that makes the table slow. */
struct indicators *indicators_new(struct indicators_limits limits, uint64_t seed);
void indicators_free(struct indicators *x); /* NULL is fine */

/* A list of this name (cut at INDICATORS_LIST_NAME); its number, or INDICATORS_LISTS if there are
 * that many. Before indicators_seal, as all building. */
unsigned indicators_list(struct indicators *x, const char *name);

/* False where the cap is reached: counted with the list as overflow, and nothing is added. */
bool indicators_add(struct indicators *x, unsigned list, const struct indicator_value *v,
                    const struct indicator_about *about);

void indicators_seal(struct indicators *x);

/* The same in steps of about so many keys, so that a stream need not wait: true while there is
 * more to do. */
bool indicators_seal_step(struct indicators *x, size_t keys);

/* ---- what is in it ---- */

struct indicators_numbers {
    const char *name;
    size_t kind[INDICATOR_KINDS]; /* entries, without canaries */
    size_t entries;               /* of all kinds */
    size_t duplicates;            /* were there already, from the same source with the same times */
    size_t overflow;              /* did not fit */
    size_t bytes;                 /* its share of the memory */
};

unsigned indicators_lists(const struct indicators *x);
struct indicators_numbers indicators_count(const struct indicators *x, unsigned list);
size_t indicators_bytes(const struct indicators *x); /* of all, canaries too */

/* ---- asking; only after indicators_seal ---- */

/* One question. `text` as the sensor wrote it; the kind of an address says nothing more than that
 * it is one: address, endpoint (port not 0) and subnets are asked. Hashes are hex. */
struct indicator_key {
    enum indicator_kind kind;
    struct addr addr;
    uint16_t port;
    struct bytes text;
};

struct indicator_hit {
    size_t key; /* which question */
    unsigned list;
    uint32_t about_no; /* the same number: the same list, times, marking and id */
    bool canary;
    bool below;                   /* DOMAIN: what was asked lies below the entry */
    struct indicator_value value; /* the entry's; text borrowed until the callback returns */
    struct indicator_about about; /* id borrowed from the set */
};

typedef void indicators_each(void *with, const struct indicator_hit *hit);

/* Tells each entry that any of the questions meets. Does not allocate. */
void indicators_find(const struct indicators *x, const struct indicator_key *key, size_t count,
                     indicators_each *each, void *with);

/* What can be asked of an event: both ends, names, URL, hashes; at most INDICATORS_BATCH. `room`
 * is scratch for a URL and must stay with the keys. */
size_t indicators_keys(const struct event *e, uint8_t room[INDICATOR_URL_MAX],
                       struct indicator_key out[INDICATORS_BATCH]);

/* indicators_keys and indicators_find. */
void indicators_event(const struct indicators *x, const struct event *e, indicators_each *each,
                      void *with);

enum { QUIET_NAME = 63 }; /* bytes of the longest name that is kept */

/* What was asked lately and is in no list. Zero is empty; of one set of indicators alone: with the
 * next it begins at zero. */
struct indicators_quiet {
    uint64_t address[1024]; /* IPv4; with its port where lists have endpoints */
    struct quiet_name {
        uint8_t length;
        uint8_t text[QUIET_NAME]; /* as it was sent */
    } name[256];
};

/* The same as indicators_event, to the hit; what is known to be in no list is not asked again. */
void indicators_event_quietly(const struct indicators *x, struct indicators_quiet *q,
                              const struct event *e, indicators_each *each, void *with);

/* Do all canaries of this list fire, asked as events are? True for an empty list too. */
bool indicators_canary(const struct indicators *x, unsigned list);

/* ---- taking turns ---- */

/* Where the stream looks. Zero is empty. */
struct indicators_place {
    _Atomic(struct indicators *) next; /* offered and not yet taken */
    struct indicators *now;            /* of the stream alone */
};

/* From any thread: a sealed one that the stream is to take. One that was offered and not taken is
 * freed. */
void indicators_offer(struct indicators_place *p, struct indicators *x);

/* The stream, between two events: what to ask now; NULL if none was ever offered. Never waits; the
 * one before is freed. */
const struct indicators *indicators_take(struct indicators_place *p);

void indicators_place_done(struct indicators_place *p);

#endif

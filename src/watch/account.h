/*
 * account.h - how one event was judged, in the few bytes that are kept until it becomes a sample.
 *
 * What `parley watch explain` tells between the raw line and the incident: who was found to have
 * begun and on which ground, whose territory both ends lie in and by which table, which comparisons
 * of the article held, what shows contact in both directions. Made when the event is judged,
 * because the texts that it was judged by are gone afterwards. Judges nothing itself.
 */
#ifndef PARLEY_WATCH_ACCOUNT_H
#define PARLEY_WATCH_ACCOUNT_H

#include "watch/group.h"
#include "watch/rules.h"

enum {
    ACCOUNT_SAVED = 40,     /* bytes of its saved form */
    ACCOUNT_TEXT = 4 << 10, /* longest JSON of one; comparisons that would not fit are left out */
};

struct account {
    bool known;     /* false: a state saved before there were accounts */
    uint8_t family; /* enum family */
    uint8_t ground; /* enum orient_ground */
    uint8_t transport;
    uint16_t from_port, to_port;
    struct territory_answer from, to;
    bool contact, both;        /* of struct contact: is, both */
    uint8_t state, saw;        /* .. */
    uint8_t flags, back_flags; /* .. */
    uint32_t packets, back;    /* .. at most 2^32 - 1 are told */
    uint64_t comparisons;      /* pattern_why's */
};

/* Of an event that rules_judge matched with this article. */
void account_of(const struct rules *r, const struct event *e, size_t article, struct account *out);

/* ACCOUNT_SAVED bytes, and back; faults as cursor's, and RANGE. */
void account_save(const struct account *a, struct buf *out);
void account_load(struct cursor *in, struct account *out);

/*
 * Appends the account as one JSON object of at most ACCOUNT_TEXT bytes (docs/PROTOCOL.control,
 * watch.explain); `m` is the same event's. `nth`: the event's number within its incident.
 */
void account_json(const struct account *a, const struct match *m, const struct rules *r,
                  uint64_t nth, struct buf *out);

/* What the proof of contact rests on, in words for a person. */
const char *account_proof(const struct account *a, enum service service, enum proof proof);

#endif

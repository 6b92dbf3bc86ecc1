/*
 * rules.h - an agreement made ready to watch by: its territories, and its articles' patterns.
 *
 * Seen from one party. Opens no file: the bytes of the territory tables come in and must have the
 * digest that both parties signed.
 */
#ifndef PARLEY_WATCH_RULES_H
#define PARLEY_WATCH_RULES_H

#include "model/event.h"
#include "pact/agreement.h"
#include "stix/pattern.h"
#include "watch/cautions.h"

enum {
    RULES_SENSORS = 64, /* addresses declared as sensors beside the territory */
};

struct rules;

/* What was wrong with an article's pattern. */
struct rules_error {
    const char *article; /* its id; borrowed from the agreement; NULL if it is not about one */
    struct pattern_error pattern;
};

/*
 * Reads the patterns and declared territories of `a`, seen from its party `us`. `a` must outlive
 * *out, which rules_free frees. `error` may be NULL. Faults: UNKNOWN (no such party), those of
 * pattern_parse.
 */
MUST_CHECK struct fault rules_new(const struct agreement *a, const char *us, struct rules **out,
                                  struct rules_error *error);
void rules_free(struct rules *r); /* NULL is fine */

/* The bytes of a->parties[party].tables[table].file. MISMATCH (digest), faults of table_parse. */
MUST_CHECK struct fault rules_table(struct rules *r, size_t party, size_t table, struct bytes raw);

/* A table of AS numbers, "NUMBER<TAB>PREFIX"; without one the AS of a source is not known. */
MUST_CHECK struct fault rules_as_table(struct rules *r, struct bytes raw);

/* An address of ours that lies outside our declared territory: it helps to orient, and is never
 * accused. LIMIT. */
MUST_CHECK struct fault rules_sensor(struct rules *r, struct addr a);

/* After all tables, before the first event. */
void rules_seal(struct rules *r);

/* Lists that name sources as weak ground, from now on; NULL: none. They must stay until the next
 * call. Matters for events that an article covers. */
void rules_caution(struct rules *r, const struct cautions *c);

const struct agreement *rules_agreement(const struct rules *r);

/* The table of this number in a territory answer; NULL where there is none. */
const struct territory_table *rules_table_numbered(const struct rules *r, unsigned number);

/* Whose territory, by the strongest test. Only after rules_seal. */
struct territory_answer rules_territory(const struct rules *r, struct addr a, struct instant time);
size_t rules_bytes(const struct rules *r);      /* of the maps of territory */
const char *rules_other(const struct rules *r); /* the other party's id */

/* How far an event got. */
enum judged {
    JUDGED_NONE = 0,   /* an event, but no application record, or of unknown direction */
    JUDGED_ORIENTED,   /* who began is known */
    JUDGED_ATTRIBUTED, /* who began lies in one party's territory */
    JUDGED_MATCHED,    /* an article covers it, and the other party's end began */
};

/* Orients, attributes and matches. *article_out is the first article that covers the event. */
enum judged rules_judge(const struct rules *r, struct event *e, size_t *article_out);

/* Why the article covers an event that was judged so: pattern_why. And one comparison of it, as the
 * agreement spells it. */
uint64_t rules_why(const struct rules *r, const struct event *e, size_t article);
void rules_comparison(const struct rules *r, size_t article, size_t i, struct buf *out);

#endif

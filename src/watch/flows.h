/*
 * flows.h - who began a flow, by the word of the sensor that followed it.
 *
 * Since version 7 Suricata's alerts name the source of their flow (flow.src_ip), whatever way the
 * packet went that raised them; records of rdp and sip do not, and on odd ports their own order
 * says nothing. So what an alert said is kept until a record with the same flow id and the same
 * ends comes. Bounded: the last FLOWS of those whose ports leave the direction open; the oldest
 * makes room. A record that comes before the alert stays undecided. Judges nothing.
 */
#ifndef PARLEY_WATCH_FLOWS_H
#define PARLEY_WATCH_FLOWS_H

#include "base/cursor.h"
#include "model/event.h"

enum {
    FLOWS = 1 << 10,
    FLOWS_SAVED = 44, /* bytes of one's saved form */
};

struct flows;

struct flows *flows_new(void);
void flows_free(struct flows *f); /* NULL is fine */

/* Fills e->began and e->began_before: by the record's own word, which is kept, or else by that of a
 * record before. Every event in its order; before it is judged. */
void flows_meet(struct flows *f, struct event *e);

/* All that is kept as bytes, and back into a new one. Faults as cursor's, and RANGE. */
void flows_save(const struct flows *f, struct buf *out);
void flows_load(struct flows *f, struct cursor *in);

#endif

/*
 * acts.h - what keeper did once and must not do again: permits used, root-signed documents taken,
 * the genesis of the partner.
 *
 * A journal of keeper's own (ledger/journal.h), which desk cannot write. An act names the place in
 * the log and the leaf for which it was done: done again for the same place and leaf it is a
 * repetition after a crash and harmless, for any other it is a second use and refused. Officers
 * are known from here too: each CONTACT taken is kept as it was disclosed and is read back, in its
 * order, at the start. So who controls desk can neither add nor withdraw one, nor bring an old
 * CONTACT a second time.
 *
 * Acts are staged, then written by one record and one sync: all of a group or nothing.
 */
#ifndef PARLEY_KEEPER_ACTS_H
#define PARLEY_KEEPER_ACTS_H

#include "ledger/journal.h"

enum {
    ACTS_PERMIT_ID = 16, /* bytes; PROTOCOL.ledger section 5 */
    ACTS_STAGED = 4096,  /* acts of one group: an entry has at most one */
};

struct acts; /* opaque, owned */

/* The place for which an act is done. */
struct act_place {
    uint64_t index;     /* in our log */
    struct digest leaf; /* of the entry there */
};

enum act_seen {
    ACT_NEW = 0,
    ACT_SAME,  /* done for this very place */
    ACT_OTHER, /* done for another place: a second use */
};

/* Hears the documents of the CONTACT entries taken, in order, at opening. A fault ends it. */
typedef struct fault (*acts_contact)(void *context, struct bytes document);

/*
 * Opens or makes the journal `name`; `label` says whose it is. A torn end is dropped: it was never
 * acknowledged. Faults: as journal_open; DAMAGED for a record that is none of ours; contact's.
 */
MUST_CHECK struct fault acts_open(const struct files *files, int dir, const char *name,
                                  const char *label, acts_contact contact, void *context,
                                  struct acts **out);
void acts_free(struct acts *a); /* NULL is fine */

/* Was this done, durably or staged? */
enum act_seen acts_permit(const struct acts *a, const uint8_t *permit_id,
                          const struct act_place *place);
enum act_seen acts_root(const struct acts *a, const struct digest *document,
                        const struct act_place *place);

/* Stage an act that acts_* called new. A GENESIS is staged with an empty document. */
void acts_stage_permit(struct acts *a, const uint8_t *permit_id, const struct act_place *place);
void acts_stage_root(struct acts *a, const struct digest *document,
                     const struct act_place *place, struct bytes contact);

/* Forgets, or makes durable, what is staged. Nothing staged costs no sync. IO: what is staged
 * stays staged; after anything but ENOSPC the journal is stopped. */
void acts_drop(struct acts *a);
MUST_CHECK struct fault acts_commit(struct acts *a);

/* The partner's genesis: entry and document as taken last; empty if none was. */
struct bytes acts_peer_entry(const struct acts *a);
struct bytes acts_peer_document(const struct acts *a);

/* Takes the partner's genesis, durably. IO. */
MUST_CHECK struct fault acts_put_peer(struct acts *a, struct bytes entry, struct bytes document);

#endif

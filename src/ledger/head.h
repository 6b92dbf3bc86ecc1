/*
 * head.h - how far our own log has come: stored (synced here, our head signed) and binding (the
 * partner's cosignature over it), told apart.
 *
 * The only place where a struct stored is made: for an entry under a head that bears all our own
 * valid signatures and is this log's. Notes are kept in the log's journal without a sync of
 * their own; one that a crash takes is signed again by keeper, to the same root.
 */
#ifndef PARLEY_LEDGER_HEAD_H
#define PARLEY_LEDGER_HEAD_H

#include "ledger/ledger.h"
#include "ledger/note.h"
#include "model/stored.h"

struct head {
    struct ledger *log;                /* borrowed */
    const struct note_signer *own;     /* borrowed: our log keys */
    const struct note_signer *partner; /* borrowed: the partner's cosigner keys; NULL: not known
                                          yet, then nothing can be binding */
    uint64_t stored, binding;          /* sizes */
    struct instant binding_time;       /* of the newest cosignature; seconds */
};

/* Reads the notes that lie in the journal. DAMAGED: one does not hold. */
MUST_CHECK struct fault head_init(struct head *h, struct ledger *log, const struct note_signer *own,
                                  const struct note_signer *partner);

/* Keeper's note. Faults: as note_verify_checkpoint; MISMATCH its root is not ours at that size;
 * RANGE beyond the log; ORDER smaller than the one we have; IO. */
MUST_CHECK struct fault head_take_stored(struct head *h, struct bytes note);

/* The partner's COSIGN of a head of ours, with our own signature lines in it. The same faults;
 * CLOCK: its time falls. A note that is held already, or that cosigns a smaller head again, is
 * no fault and changes nothing. */
MUST_CHECK struct fault head_take_binding(struct head *h, struct bytes note);

/* The newest notes, empty if there is none; borrowed from the log. */
struct bytes head_stored_note(const struct head *h);
struct bytes head_binding_note(const struct head *h);

/* A struct stored for an entry under the stored head, freed with stored_free. RANGE. */
MUST_CHECK struct fault head_stored(const struct head *h, uint64_t index, struct stored **out);

#endif

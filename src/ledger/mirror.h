/*
 * mirror.h - the partner's log as we hold it: every entry, under the head that leads to it.
 *
 * Takes entries only together with a head that the partner signed and that extends what is held,
 * by a root computed here. What contradicts is handed back as evidence and changes nothing. The
 * documents that belong to the entries are the store's; that they are held too is the caller's
 * to see to before he asks keeper for the cosignature.
 */
#ifndef PARLEY_LEDGER_MIRROR_H
#define PARLEY_LEDGER_MIRROR_H

#include "ledger/evidence.h"
#include "ledger/ledger.h"

struct mirror {
    struct ledger *log;               /* owned */
    const struct note_signer *author; /* borrowed: the partner's log keys */
};

struct mirror_answer {
    bool fresh;             /* something new is held now, synced */
    enum evidence evidence; /* with FAULT_MISMATCH: the note given and this one contradict */
    struct buf held;        /* that one: the newest note held; the caller's, buf_done */
};

/* `cosigned` is the size that keeper's record says we cosigned: as ledger_open's promised. */
MUST_CHECK struct fault mirror_open(struct mirror *m, const struct files *files, int dir,
                                    const struct note_signer *author, uint64_t cosigned,
                                    bool create);
void mirror_done(struct mirror *m);

/*
 * Entries first, first + 1, .. and the partner's note of size first + count. Entries already
 * held are skipped, a note that is held already is no fault. Faults: as note_verify_checkpoint;
 * ORDER a gap before `first`; RANGE the size is not first + count; MISMATCH with the evidence in
 * *answer (SPLIT: same size, other root; NO_EXTENSION); LIMIT and IO as ledger_append_exact.
 * *answer is always written.
 */
MUST_CHECK struct fault mirror_take(struct mirror *m, uint64_t first, const struct bytes *entries,
                                    size_t count, struct bytes note, struct mirror_answer *answer);

/* The note with our own cosignature, kept without a sync of its own. MISMATCH, RANGE, IO. */
MUST_CHECK struct fault mirror_take_cosigned(struct mirror *m, struct bytes note);

/* The newest note held, and the newest that we cosigned (for HELLO). Borrowed. */
struct bytes mirror_note(const struct mirror *m);
struct bytes mirror_cosigned_note(const struct mirror *m);

#endif

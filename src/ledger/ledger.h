/*
 * ledger.h - one log on disk: its entries in a journal, its tree in memory.
 *
 * docs/PROTOCOL.ledger section 7. The file `log` is all there is; what static readers see
 * (publish.h) can be made from it again. Knows no keys: what a head is worth is head.h's and
 * mirror.h's to judge; they tell it how far the log is promised.
 *
 * Invariants: 1. An entry is in the tree only after its group's one sync, or, appended unsynced,
 * after its write: the caller lets nothing of it out before ledger_sync. 2. What lies below the
 * promised size is never cut; where it cannot be read the log does not open and the leaf is
 * named. 3. After a write or sync that failed nothing more is accepted until the log is opened
 * anew.
 */
#ifndef PARLEY_LEDGER_LEDGER_H
#define PARLEY_LEDGER_LEDGER_H

#include "ledger/journal.h"
#include "ledger/tree.h"
#include "model/entry.h"

enum {
    LEDGER_GROUP = 4096,         /* entries of one commit; with ENTRY_MAX 4 MiB of body */
    LEDGER_SIZE_MAX = INT32_MAX, /* leaves: the exact index of hashes counts in 32 bits */
    LEDGER_DAMAGED = 99,         /* files set aside before a person must look */
    LEDGER_NOTE_MAX = 1 << 16,   /* bytes of a note, note.h's NOTE_MAX */
};

/* The notes that lie in the journal beside the entries: the newest of each is kept. */
enum ledger_note {
    LEDGER_NOTE_STORED = 1, /* author's signatures */
    LEDGER_NOTE_BINDING,    /* and the other side's cosignature */
    LEDGER_NOTE_COUNT,
};

struct ledger; /* opaque, owned */

/*
 * Opens the log in the directory, or makes it if `create`. `promised` is the size of the largest
 * head known to lie over synced entries (one that was let out; of a mirror, keeper's record): up
 * to it, what is not there whole is damage; behind it, the torn end of a crash is dropped and the
 * rest synced again. Faults: DAMAGED with the leaf in `at`; as journal_open. A log that is whole
 * but shorter than promised opens: fence.h says what to do.
 */
MUST_CHECK struct fault ledger_open(const struct files *files, int dir, const char *origin,
                                    uint64_t promised, bool create, struct ledger **out);

/* After DAMAGED: opens what can be read before the damage, and leaves the damaged file beside it
 * as `log.damaged.N`. The rest is then refilled from the partner's mirror. */
MUST_CHECK struct fault ledger_salvage(const struct files *files, int dir, const char *origin,
                                       struct ledger **out);
void ledger_free(struct ledger *l); /* NULL is fine */

const char *ledger_origin(const struct ledger *l);
uint64_t ledger_size(const struct ledger *l); /* leaves */
struct digest ledger_root(const struct ledger *l);
MUST_CHECK struct fault ledger_root_at(const struct ledger *l, uint64_t size, struct digest *out);
/* The root that what is there and these entries would make; nothing is appended. */
MUST_CHECK struct fault ledger_root_with(const struct ledger *l, const struct bytes *entries,
                                         size_t count, struct digest *out);
struct tree_reader
ledger_reader(const struct ledger *l); /* borrows l; for proofs, until it changes */
const struct digest *ledger_leaf(const struct ledger *l,
                                 uint64_t index); /* index < size; borrowed */

/* The index of the first entry with this leaf hash. */
bool ledger_find(const struct ledger *l, const struct digest *leaf, uint64_t *index);

/*
 * Appends a group by one write and one sync. index[i] becomes the place of entries[i]; an entry
 * that is there already keeps its old one (resending is harmless) and a group of none but such
 * costs nothing. Faults: LIMIT (LEDGER_GROUP, an entry empty or above ENTRY_MAX, LEDGER_SIZE_MAX);
 * IO: with ENOSPC nothing happened and it may be tried again, else the log is stopped and what of
 * the group is there is known only after opening it anew.
 */
MUST_CHECK struct fault ledger_append(struct ledger *l, const struct bytes *entries, size_t count,
                                      uint64_t *index);

/* The same without its sync, so that keeper can work meanwhile: no head over these entries may be
 * let out, and nothing else be written, before ledger_sync has returned. */
MUST_CHECK struct fault ledger_append_unsynced(struct ledger *l, const struct bytes *entries,
                                               size_t count, uint64_t *index);

/* For the mirror: exactly these entries in this order, none left out, and a note with them under
 * the same sync. */
MUST_CHECK struct fault ledger_append_exact(struct ledger *l, const struct bytes *entries,
                                            size_t count, enum ledger_note kind, struct bytes note);

/* Appends the bytes of entry `index` to out, checked against its leaf hash. RANGE, IO, DAMAGED
 * with the leaf in `at`. */
MUST_CHECK struct fault ledger_read(const struct ledger *l, uint64_t index, struct buf *out);

/* Reads all entries again and compares them with the tree. As ledger_read. */
MUST_CHECK struct fault ledger_check_all(const struct ledger *l);

/* Records a note without a sync of its own: the next group's, or ledger_sync, makes it durable. One
 * that is lost is signed anew, to the same root. `size` is the note's: up to it the log is
 * promised from now on. LIMIT, RANGE (beyond the log), IO. */
MUST_CHECK struct fault ledger_put_note(struct ledger *l, enum ledger_note kind, uint64_t size,
                                        struct bytes note);
MUST_CHECK struct fault ledger_sync(struct ledger *l);

/* The newest note of a kind, empty if there is none; borrowed until the next one. */
struct bytes ledger_note(const struct ledger *l, enum ledger_note kind);

/* Cuts the tail that nobody was promised. REFUSED below the promised size; ORDER where `size`
 * is not the end of a group; IO. */
MUST_CHECK struct fault ledger_truncate(struct ledger *l, uint64_t size);
uint64_t ledger_promised(const struct ledger *l);

/* The nearest size from `size` on at which ledger_truncate can cut: groups are written whole. */
uint64_t ledger_group_end(const struct ledger *l, uint64_t size);

bool ledger_is_stopped(const struct ledger *l);

#endif

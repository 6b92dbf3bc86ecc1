/*
 * journal.h - records in one pre-written file, each chained to the one before: what is synced.
 *
 * docs/PROTOCOL.ledger section 7 gives the bytes. Knows nothing of what the records mean: ledger.h
 * and keeping.h do. A record counts when its check bytes fit; the first that does not ends the
 * journal, as the torn end of a crash or as damage. A damaged one is only read.
 *
 * After a write or sync that failed, the journal is stopped for good: what the disk holds is not
 * known until the file is read again. It is never synced a second time in hope.
 */
#ifndef PARLEY_LEDGER_JOURNAL_H
#define PARLEY_LEDGER_JOURNAL_H

#include "base/buf.h"
#include "ledger/files.h"

enum {
    JOURNAL_HEAD = 24,            /* bytes before a body: length, type, head's check, check */
    JOURNAL_BODY_MAX = 16 << 20,  /* a group of 4,096 entries of 1 kB fits three times */
    JOURNAL_GROW_MIN = 256 << 10, /* zeros written ahead: what is written into blocks that are
                                     there needs no change of the file's metadata */
    JOURNAL_GROW_MAX = 16 << 20,
};

struct journal; /* opaque, owned */

struct journal_record {
    uint8_t type;
    uint64_t at;           /* the body's offset in the file */
    struct bytes body;     /* borrowed */
    const uint8_t *before; /* check bytes of the record before it, 16; borrowed */
};

/* Hears every good record at opening, in order; what is borrowed is so until it returns. A fault
 * ends the opening. */
typedef struct fault (*journal_take)(void *context, const struct journal_record *r);

/*
 * Opens or, with `create`, makes the journal `name`. `label` names what it is of and must be the
 * one it was made with. Faults: IO; MISSING it is not there; MISMATCH another label; DAMAGED its
 * first record is not whole; take's.
 */
MUST_CHECK struct fault journal_open(const struct files *files, int dir, const char *name,
                                     const char *label, bool create, journal_take take,
                                     void *context, struct journal **out);
void journal_free(struct journal *j); /* NULL is fine */

/*
 * How did the records end? In zeros; torn: a write is there in part, as a crash leaves it (a
 * head is in one sector, a sector is written whole or not at all, and what was not written is
 * zero); or damaged: something that was whole has been changed. Of the first bad record, its
 * body as far as it could be read (empty if not) and its type. torn_last: and nothing was
 * written behind it, which is so where every append was synced.
 */
bool journal_is_torn(const struct journal *j);
bool journal_is_torn_last(const struct journal *j);
bool journal_is_damaged(const struct journal *j);
struct bytes journal_bad_body(const struct journal *j);
uint8_t journal_bad_type(const struct journal *j);

/* Overwrites everything behind the last good record with zeros and syncs: the torn end goes. */
MUST_CHECK struct fault journal_clear(struct journal *j);

/*
 * Writes every record again that begins at or after `at`, and syncs: after a sync that failed,
 * the file's cached pages may say more than the disk holds. IO; then it is stopped.
 */
MUST_CHECK struct fault journal_rewrite(struct journal *j, uint64_t at);

/*
 * Drops the records from the one whose body is at `at` on (as take or journal_append said), the
 * check before it being `check` of 16 bytes as journal_check gave it then. Zeros, synced.
 */
MUST_CHECK struct fault journal_truncate(struct journal *j, uint64_t at, const uint8_t *check);
const uint8_t *journal_check(const struct journal *j); /* after the last record; 16 bytes */

/*
 * Appends a record by one write and, if asked, one sync. *at is its body's offset. Without room
 * on the disk: IO with ENOSPC, nothing has changed and it may be tried again. Any other fault:
 * IO, and the journal is stopped. LIMIT: the body is longer than JOURNAL_BODY_MAX.
 */
MUST_CHECK struct fault journal_append(struct journal *j, uint8_t type, struct bytes body,
                                       bool sync, uint64_t *at);
/* Room for records of so many bytes in all, heads included, so that the appends that follow do
 * not find the disk full. As journal_append. */
MUST_CHECK struct fault journal_reserve(struct journal *j, size_t bytes);
MUST_CHECK struct fault journal_sync(struct journal *j); /* nothing if all is synced */

/* Exactly `len` bytes at `at`. IO, SHORT. */
MUST_CHECK struct fault journal_read(const struct journal *j, uint64_t at, void *to, size_t len);

bool journal_is_stopped(const struct journal *j);
uint64_t journal_end(const struct journal *j); /* offset behind the last record */
uint64_t journal_records(const struct journal *j);

#endif

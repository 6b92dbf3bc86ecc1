/*
 * keeping.h - what keeper remembers and by it decides: per log the head it signed last.
 *
 * Keeper signs a head of our own log only when the entries since the last one, which it hashes
 * itself, lead from the root it remembers to the new one; and cosigns a head of the partner's
 * only when the leaf hashes do. So no other history can ever be signed, whoever asks. Every
 * decision is in its file, by one sync, before the signature is made; whether an entry has its
 * permit is asked of the caller's function (release/ judges, this room counts: each permit
 * once). Keys and time come in as arguments. docs/PROTOCOL.ledger section 10.
 */
#ifndef PARLEY_LEDGER_KEEPING_H
#define PARLEY_LEDGER_KEEPING_H

#include "ledger/journal.h"
#include "ledger/note.h"
#include "ledger/tree.h"
#include "ledger/uses.h"
#include "model/entry.h"

enum {
    KEEPING_LOGS = 256,      /* two for each agreement */
    KEEPING_GROUP = 4096,    /* entries or leaves of one decision, ledger.h's LEDGER_GROUP */
    KEEPING_USED = 262144,   /* permits used and not yet expired: 7 days at one in 2 seconds */
    KEEPING_COMPACT = 4096,  /* records from which opening writes the file anew */
    KEEPING_PERMIT_DAYS = 7, /* PROTOCOL.ledger 5: a permit lives at most so long */
};

struct keeping; /* opaque, owned */

enum keeping_role {
    KEEPING_NONE = 0,
    KEEPING_OWN,     /* we sign its heads */
    KEEPING_PARTNER, /* we cosign them */
};

/* What is remembered of one log. */
struct keeping_log {
    enum keeping_role role;
    char origin[CHECKPOINT_ORIGIN];
    struct tree tree;    /* frontier: its size and root are those of the last head */
    struct instant time; /* of the last cosignature, whole seconds; 0 for our own */
};

/* One record of the file: a decision. */
struct keeping_record {
    struct keeping_log log;
    size_t use_count;
    struct bytes uses; /* use_count x { digest[32], i64 seconds }; borrowed */
};

/*
 * Opens or makes keeper's file `keeper` in the directory. `now` only forgets used permits that
 * have expired. Faults: as journal_open; DAMAGED: something in the file was changed, its place
 * in `at`. A torn end is a decision of which no signature was made, and goes.
 */
MUST_CHECK struct fault keeping_open(const struct files *files, int dir, struct instant now,
                                     bool create, struct keeping **out);
void keeping_free(struct keeping *k); /* NULL is fine */

size_t keeping_count(const struct keeping *k);
const struct keeping_log *keeping_at(const struct keeping *k, size_t i);              /* borrowed */
const struct keeping_log *keeping_find(const struct keeping *k, struct bytes origin); /* or NULL */

/*
 * Has entry i (read already) what it needs to be signed? For PERMIT_DIGEST it also says when the
 * permit expires. Automatic kinds are asked about too. A fault refuses the whole head.
 */
typedef struct fault (*keeping_permit)(void *context, size_t i, const struct entry *e,
                                       struct instant *expires);

/* Who signs: the log's name is the origin, the cosigner's its own. */
struct keeping_pen {
    const char *name;
    struct secret *const *secret; /* one of each suite */
    size_t count;
};

struct keeping_sign {
    const char *party, *agreement; /* the origin is PARTY/parley/AGREEMENT and the entries' too */
    uint64_t first;                /* index of texts[0]: the size of the last head */
    const struct bytes *texts;     /* the entries' exact bytes */
    size_t count;                  /* 0: the last head again, its note was lost */
    keeping_permit permit;
    void *context;
    struct instant now;
};

/*
 * Signs the head over all entries, by every suite, and appends the note. Faults: ORDER `first`
 * is not the remembered size (KEEPER_STATE tells it); LIMIT; entry_parse's; MISMATCH an entry of
 * another party or agreement, a GENESIS elsewhere than at 0; REFUSED a permit used before;
 * CLOCK an expired one; the permit function's; IO. *refused is then the entry's index (or first).
 */
MUST_CHECK struct fault keeping_sign_head(struct keeping *k, const struct keeping_sign *s,
                                          const struct keeping_pen *pen, struct buf *note,
                                          uint64_t *refused);

struct keeping_cosign {
    const struct note_signer *author; /* the partner's log keys; its name is the origin */
    struct bytes note;                /* the partner's */
    uint64_t first;                   /* index of leaves[0]: the size cosigned last */
    const struct digest *leaves;
    size_t count; /* 0: the same head again, with a new time */
    struct instant now;
};

/*
 * Cosigns the partner's head: appends its text, its author's lines and ours. Faults: as
 * note_verify_checkpoint; ORDER `first` is not the size cosigned last, or the note's is smaller;
 * RANGE the note's size is not first + count; FORGED the leaves do not lead to its root (the
 * same size and another root: MISMATCH, contradictory heads); CLOCK time would fall; IO.
 */
MUST_CHECK struct fault keeping_cosign(struct keeping *k, const struct keeping_cosign *c,
                                       const struct keeping_pen *pen, struct buf *note);

/*
 * After a refill: moves the record of our own log forward to a head that bears all our own valid
 * signatures, by the entries in between, whose permits then count as used. Signs nothing. As
 * keeping_cosign, without CLOCK.
 */
MUST_CHECK struct fault keeping_catch_up(struct keeping *k, const struct note_signer *own,
                                         struct bytes note, uint64_t first,
                                         const struct bytes *texts, size_t count,
                                         struct instant now);

/* A record's body, strictly. SHORT, SYNTAX, RANGE, EXTRA, MISMATCH (frontier). */
MUST_CHECK struct fault keeping_record_parse(struct bytes body, struct keeping_record *out);
void keeping_record_write(const struct keeping_log *log, const struct use *uses, size_t count,
                          struct buf *out);

#endif

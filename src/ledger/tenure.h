/*
 * tenure.h - a party's role keys over the life of its log: its genesis, then each KEYS entry.
 *
 * docs/PROTOCOL.ledger section 11. A head is signed by the keys that the newest KEYS entry below it
 * names, so the log itself says which they are; the partner's heads are cosigned by the newest, and
 * by those before no further than the KEYS entry's `seen`. Each KEYS document is root-signed and
 * numbered. Knows neither logs nor files: where an entry stands is its caller's to say.
 */
#ifndef PARLEY_LEDGER_TENURE_H
#define PARLEY_LEDGER_TENURE_H

#include "ledger/roles.h"

enum { TENURE_MAX = 64 }; /* of one log, the genesis among them: five years of a change a month */

struct tenure_keys {
    uint64_t index; /* of the entry that names them */
    struct digest leaf;
    struct roles_change change; /* of the genesis: serial 0 */
    struct roles roles;
    struct note_signer author, cosigner; /* with those before */
    bool hello_revoked;                  /* a hello key of these was */
};

/* Zeroed: empty. Moves with its struct; what it points to is on the heap. */
struct tenure {
    size_t count;
    struct tenure_keys *keys[TENURE_MAX];
    struct note_signer author, cosigner; /* the newest, those before behind them; count 0: none */
};

/* Begins with these keys, or with a genesis's (as roles_from_genesis). It was empty. */
MUST_CHECK struct fault tenure_begin_with(struct tenure *k, const struct roles *roles);
MUST_CHECK struct fault tenure_begin(struct tenure *k, const struct agreement *a, const char *party,
                                     struct bytes entry, struct bytes document);

/*
 * The KEYS entry at `index` comes next. As roles_from_keys; ORDER: its serial or index does not
 * follow; DUPLICATE: a key that another role or an earlier time had; MISSING: it changes none;
 * LIMIT. Nothing is changed then.
 */
MUST_CHECK struct fault tenure_change(struct tenure *k, const struct agreement *a,
                                      const char *party, uint64_t index, struct bytes entry,
                                      struct bytes document);

/* The same, for a document that is not said yet: would it follow? */
MUST_CHECK struct fault tenure_would_follow(const struct tenure *k, const struct roles *roles,
                                            const struct roles_change *change);

/* Forgets what is named at this index and behind it; never the genesis. */
void tenure_cut(struct tenure *k, uint64_t index);
void tenure_done(struct tenure *k);

/* The keys that sign a head of this size, of the own log; the genesis's for 0. Borrowed. */
const struct tenure_keys *tenure_at(const struct tenure *k, uint64_t size);

/* Is this entry among them, at this index? */
bool tenure_has(const struct tenure *k, uint64_t index, const struct digest *leaf);

#endif

/*
 * verifying.h - the checks of docs/PROTOCOL.bundle section 3, one function each. For verify.c.
 *
 * Each takes what the earlier ones have established and adds its own. FAULT_UNKNOWN means
 * "cannot tell", every other fault "forged or altered".
 */
#ifndef PARLEY_PROOF_VERIFYING_H
#define PARLEY_PROOF_VERIFYING_H

#include "ledger/checkpoint.h"
#include "ledger/tenure.h"
#include "proof/bundle.h"
#include "proof/verify.h"
#include "statement/document.h"

struct verified_head {
    uint64_t size;
    struct digest root;
    bool bound;          /* the partner cosigned it */
    struct instant time; /* of his cosignature, if bound */
};

/* Where an entry stands in the bundle. */
struct place {
    struct digest leaf;
    size_t log, at;
};

struct verified_entry {
    struct entry entry;
    struct digest leaf;
    struct disclosed *document;  /* NULL where the bundle has none */
    const struct place *answers; /* borrowed from places; NULL if it answers nothing here */
    enum aside aside;            /* by what the checks up to `chain` saw */
};

struct verified_log {
    const struct party *party;
    struct note_signer author, cosigner; /* the party's own log key; its key for the other's log */
    struct tenure keys;                  /* all of them, by its genesis and its KEYS entries */
    struct verified_head *heads;         /* as many as the bundle's */
    struct verified_entry *entries;
};

struct verifying {
    struct bundle *bundle;
    const struct anchor_trust *anchors; /* borrowed; NULL: nobody outside is trusted */
    struct agreement *agreements[BUNDLE_AGREEMENTS];
    struct verified_log logs[BUNDLE_LOGS];
    struct place *places; /* of all entries, sorted by leaf; from the check of the chain on */
    size_t place_count;
};

/* The version of the agreement that the entry names, or NULL. */
const struct agreement *verifying_agreement_of(const struct verifying *v, const struct entry *e);

/* Where the entry with this leaf stands, or NULL. After find_places in the check of the chain. */
const struct place *verifying_place(const struct verifying *v, const struct digest *leaf);

struct fault verifying_agreement(struct verifying *v, struct report *r);
struct fault verifying_genesis(struct verifying *v, struct report *r);
struct fault verifying_heads(struct verifying *v, struct report *r);
struct fault verifying_growth(struct verifying *v, struct report *r);
struct fault verifying_inclusion(struct verifying *v, struct report *r);
struct fault verifying_documents(struct verifying *v, struct report *r);
struct fault verifying_chain(struct verifying *v, struct report *r);
struct fault verifying_times(struct verifying *v, struct report *r);
struct fault verifying_openings(struct verifying *v, struct report *r);
struct fault verifying_clocks(struct verifying *v, struct report *r);
struct fault verifying_anchors(struct verifying *v, struct report *r);
void verifying_done(struct verifying *v);

/* Sets the sentence of a check. */
void report_say(struct report *r, enum check c, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

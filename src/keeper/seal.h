/*
 * seal.h - keeper's judgement: what it signs under one agreement, and what it refuses.
 *
 * Holds the role keys and what keeper remembers; believes nothing that desk says (DESIGN section
 * 3: "a compromised gate and desk together can not release a statement"). The head rules are
 * ledger/keeping.h's, the permit rules release/holds.h's; this room brings them together with the
 * officers' registry and the partner's keys, and keeps those two durable in files of its own:
 *   ID.officers   the registry's text form, replaced before a CONTACT's head is signed
 *   ID.partner    the partner's keys: part genesis entry, part its document, then for each KEYS
 *                 entry u64 index, part entry, part document
 *   ID.keys       our own, in the same form
 * The time comes in as an argument. Which files: keeper's folder, nobody else writes there.
 *
 * Invariants: S1 a head of ours is signed only when each new entry holds; S2 a withdrawal is
 * durable before the head over it is signed; S3 the partner's heads are cosigned by leaves that
 * start at the genesis whose keys verify them; S5 a change of keys is durable before the first
 * signature under the new ones, and its root signatures were checked here; S4 once taken, a
 * partner's genesis is never exchanged here (DESIGN section 5, rule 1 asks for a new log for that).
 */
#ifndef PARLEY_KEEPER_SEAL_H
#define PARLEY_KEEPER_SEAL_H

#include "keeper/order.h"
#include "ledger/keeping.h"
#include "ledger/roles.h"

enum {
    SEAL_VERSIONS = 16,      /* of one agreement */
    SEAL_FILE = REGISTRY_MAX /* bytes of a file of keeper's own; the registry is the largest */
};

/* The role keys: one of each suite, in the agreement's order, and beside them those that may take
 * their place: `next` is NULL, or as long, NULL where there is none. Borrowed. */
struct seal_keys {
    struct secret *const *role[ROLE_COUNT];
    struct secret *const *next[ROLE_COUNT];
    size_t suites;
};

/* Keeper's folder, as calls: proc/keeper.c brings the real one, tests a pretended one. */
struct seal_folder {
    /* Appends the file's bytes to *out; a file that is not there is empty. */
    struct fault (*read)(void *context, const char *name, struct buf *out);
    /* Durable, whole or not at all, when it returns NONE. */
    struct fault (*replace)(void *context, const char *name, struct bytes content);
    void *context;
};

struct seal_start {
    const struct agreement *const *versions; /* ascending, of one id, verified and pinned */
    size_t count;
    const char *party; /* us */
    const struct seal_keys *keys;
    struct keeping *keeping;
    const struct seal_folder *folder;
};

struct seal; /* opaque, owned */

/* Everything in *start must outlive it. Faults: the folder's, registry_parse's, tenure_change's,
 * DAMAGED. Keys that the log names and that are not held are no fault: seal_lacking. */
MUST_CHECK struct fault seal_new(const struct seal_start *start, struct seal **out);
void seal_free(struct seal *s); /* NULL is fine */

const char *seal_agreement(const struct seal *s); /* its id */
const char *seal_origin(const struct seal *s);    /* of our own log */

/* Appends the role keys that our log names as far as we signed it and that are not held, a line
 * "ROLE SUITE FINGERPRINT" each. A node restored from before a change of keys has such; it signs
 * nothing by the keys that it does hold. */
void seal_lacking(const struct seal *s, struct buf *out);

/*
 * Signs the head over the entries of the order and appends the note. Faults: as keeping_sign_head,
 * release_holds, registry_apply and tenure_change; MISMATCH a GENESIS or KEYS that names keys we do
 * not hold; ORDER a KEYS whose `seen` is not what we cosigned last; UNKNOWN a version of the
 * agreement that we do not have. *refused is then the entry's index.
 */
MUST_CHECK struct fault seal_sign(struct seal *s, const struct order_sign *order,
                                  struct instant now, struct buf *note, uint64_t *refused);

/* After a refill: as keeping_catch_up. CONTACT and KEYS entries must have their documents. What a
 * KEYS entry names need not be held: seal_lacking says it from then on. */
MUST_CHECK struct fault seal_catch_up(struct seal *s, const struct order_sign *order,
                                      struct instant now);

/* Takes the partner's genesis. As roles_from_genesis; REFUSED if another one was taken before. */
MUST_CHECK struct fault seal_peer(struct seal *s, const struct order_peer *order);

/* As keeping_cosign, and tenure_change for each KEYS entry of the partner's among the leaves, which
 * the order brings. MISSING: the partner's genesis is not known. */
MUST_CHECK struct fault seal_cosign(struct seal *s, const struct order_cosign *order,
                                    struct instant now, struct buf *note);

/* Signs a HELLO by the hello keys that its KEYS entries name last: appends suite and signature.
 * REFUSED if the bytes are no HELLO of ours, or name other KEYS; as tenure_change for those behind
 * our last; MISMATCH: those hello keys are not held, and all that are lacking of what was named is
 * appended to *lacking, as seal_lacking. */
MUST_CHECK struct fault seal_hello(struct seal *s, const struct order_hello *order,
                                   struct buf *suite, struct buf *signature, struct buf *lacking);

#endif

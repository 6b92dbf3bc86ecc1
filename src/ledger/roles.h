/*
 * roles.h - which keys a party's nodes use: what the genesis of its log says, under its root keys.
 *
 * The genesis is entry 0; its document (PROTOCOL.ledger section 4) has the fields
 *   agreement, party, origin             texts: the agreement's id, the party's, the log's name
 *   key.log.SUITE, key.cosign.SUITE, key.hello.SUITE
 *                                        base64 public keys, one of each for every suite of the
 *                                        agreement, all different
 * and nothing else, all disclosed, signed by all the party's root keys. Who has the agreement needs
 * nothing else to know all keys of both parties as they began.
 *
 * A KEYS entry names others, from its place on; its document has the same fields, all keys again,
 * and serial, state, issued (docs/STATEMENTS). tenure.h puts them one behind the other.
 */
#ifndef PARLEY_LEDGER_ROLES_H
#define PARLEY_LEDGER_ROLES_H

#include "crypto/suite.h"
#include "ledger/note.h"
#include "model/entry.h"
#include "pact/agreement.h"
#include "statement/document.h"

enum role {
    ROLE_NONE = 0,
    ROLE_LOG,    /* signs the heads of the party's own log */
    ROLE_COSIGN, /* signs the partner's heads */
    ROLE_HELLO,  /* signs the greeting of a link */
    ROLE_COUNT,
};

/* "log", "cosign", "hello". */
const char *role_name(enum role role);
enum role role_parse(struct bytes name); /* ROLE_NONE if it is none of them */

/* Where a node keeps its key of a role: "keys/ROLE.pem" for ed25519, "keys/ROLE.SUITE.pem" for
 * every other suite. `len` is the room. */
void role_key_path(enum role role, const struct suite *suite, char *out, size_t len);

/* Where the key lies that is to take its place: the same in "keys/next/". */
void role_next_path(enum role role, const struct suite *suite, char *out, size_t len);

enum { ROLES_ORIGIN = 140 /* PARTY/parley/AGREEMENT and a NUL; CHECKPOINT_ORIGIN */ };

struct role_key {
    const struct suite *suite;
    size_t len;
    uint8_t key[SUITE_KEY_MAX]; /* public, as the suite spells it */
};

struct roles {
    char origin[ROLES_ORIGIN]; /* the log's name */
    size_t suites;             /* keys of each role, in the agreement's order of suites */
    struct role_key key[ROLE_COUNT][AGREEMENT_SUITES];
};

/*
 * What keys does this genesis give the party? Faults: those of entry_parse and of the document;
 * MISMATCH another agreement, party, kind or log, a document that is not the entry's; MISSING and
 * EXTRA fields; DUPLICATE a key in two roles; UNKNOWN a suite we do not have; FORGED a root
 * signature that is not there or does not hold. *out is written on success alone.
 */
MUST_CHECK struct fault roles_from_genesis(const struct agreement *a, const char *party,
                                           struct bytes entry, struct bytes document,
                                           struct roles *out);

/* What a KEYS document says beside the keys. */
struct roles_change {
    uint32_t serial;       /* 1, 2, 3 .. */
    bool revokes;          /* somebody else may hold the keys that it replaces */
    struct instant issued; /* when it was planned */
};

/* As roles_from_genesis, of a KEYS entry. RANGE, UNKNOWN, SYNTAX: serial, state, issued. */
MUST_CHECK struct fault roles_from_keys(const struct agreement *a, const char *party,
                                        struct bytes entry, struct bytes document,
                                        struct roles *out, struct roles_change *change);

/* The same of a document alone, which is not said in an entry yet; with its root signatures, or
 * `is_signed` false before they are there. */
MUST_CHECK struct fault roles_from_plan(const struct agreement *a, const char *party,
                                        const struct disclosed *d, bool is_signed,
                                        struct roles *out, struct roles_change *change);

/* Did all the party's root keys sign this document, and nobody else? For GENESIS, KEYS, CONTACT.
 * MISSING, EXTRA, UNKNOWN (a suite we do not have), FORGED. */
MUST_CHECK struct fault roots_verify(const struct agreement *a, const struct party *party,
                                     const struct disclosed *d);

/*
 * The keys as whose signatures notes are checked: `author` of the party's own log, under its
 * origin; `cosigner` of the other one, under "ORIGIN/cosign". Either may be NULL. As
 * note_signer_add; both are written on success alone.
 */
MUST_CHECK struct fault roles_signers(const struct roles *r, struct note_signer *author,
                                      struct note_signer *cosigner);

/* "PARTY/parley/AGREEMENT". `out` has ROLES_ORIGIN bytes. */
void roles_origin(const char *party, const char *agreement, char *out);

#endif

/*
 * suite.h - the signature suites, one row each in one const table (suite.c).
 *
 * A suite names everything that decides how a signature is checked: algorithm, group, hash,
 * lengths. Nothing beside the signature ever chooses it. The parties' suites stand in their
 * agreement and all of them must hold; there is no negotiation. Keys are spelled as the suite
 * spells them (docs/PROTOCOL.ledger section 1) and only in their canonical form.
 */
#ifndef PARLEY_CRYPTO_SUITE_H
#define PARLEY_CRYPTO_SUITE_H

#include "base/buf.h"
#include "base/fault.h"
#include "crypto/digest.h"

enum {
    SUITE_NAME = 32,            /* longest name and its NUL */
    SUITE_KEY_MAX = 2048,       /* public key bytes; ml-dsa-65 has 1,952 */
    SUITE_SIGNATURE_MAX = 3328, /* ml-dsa-65 has 3,309 */
    SUITE_KEY_ID = 16,          /* bytes of a key id */
    FINGERPRINT_TEXT = 4 * 5,   /* "7Q2K-91MD-X0PA-44ZT" and its NUL */
};

struct suite; /* opaque; points into the table, never freed */

struct key_id {
    uint8_t byte[SUITE_KEY_ID];
};

/* What a signature or key broke. suite_rule says it in words that name the suite. */
enum suite_rule {
    SUITE_RULE_AWAY = 0, /* the suite is not available here */
    SUITE_RULE_KEY_LENGTH,
    SUITE_RULE_KEY,    /* no canonical key */
    SUITE_RULE_LENGTH, /* of the signature */
    SUITE_RULE_FORGED,
    SUITE_RULE_MISSING, /* all suites sign; this one did not */
    SUITE_RULE_TWICE,
    SUITE_RULE_EXTRA,
    SUITE_RULES,
};

/* The row of this name, NULL if the table has none. A row may still not be available here. */
const struct suite *suite_find(struct bytes name);
const struct suite *suite_at(size_t i); /* NULL behind the last */

const char *suite_name(const struct suite *s);
const char *suite_standard(const struct suite *s); /* who specifies it */
bool suite_is_available(const struct suite *s);    /* false: every use answers UNKNOWN */

/* Loads every suite that this machine has: before a sandbox closes, for a process that does not
 * know yet which it will meet. */
void suite_start(void);

/* From here on nothing is loaded: a suite that nobody asked about is not available. Each process
 * calls it as it enters its sandbox, where loading would fail, or end it. */
void suite_settle(void);

const char *suite_library(const struct suite *s);  /* what computes it here, or why nothing does */
size_t suite_key_length(const struct suite *s);    /* exact */
size_t suite_signature_max(const struct suite *s); /* exact, or the most where it is DER */
const char *suite_rule(const struct suite *s, enum suite_rule rule);

/* The type byte of the suite's lines in a C2SP signed note, as a head's author and as a
 * cosigner. 0xff: the suite's name follows. */
uint8_t suite_note_type(const struct suite *s);
uint8_t suite_cosignature_type(const struct suite *s);

/*
 * Is this a public key of the suite, canonically spelled and safe to trust? To be asked once,
 * when a key is read. Faults: UNKNOWN (suite not available here), RANGE (length), SYNTAX (another
 * type or group, no point of the curve, not canonical, or of small order). A key is 32 raw bytes
 * for ed25519, the raw bytes for ml-dsa, else the whole SubjectPublicKeyInfo in DER.
 */
MUST_CHECK struct fault suite_key_check(const struct suite *s, struct bytes key);

/*
 * Does the signature hold? Faults: UNKNOWN (not available here), RANGE (length of key or
 * signature is not exactly the suite's), FORGED (so is DER that is not strict). Every rule names
 * the suite.
 */
MUST_CHECK struct fault suite_verify(const struct suite *s, struct bytes key, struct bytes message,
                                     struct bytes signature);

/* SHA-256("parley-key/v1\n" SUITE "\n" KEY), its first 16 bytes. */
struct key_id suite_key_id(const struct suite *s, struct bytes key);

/*
 * The key id as persons compare it: its first 80 bits in Crockford's base32, four groups of
 * four. 80 bits: to make a second key with the same text takes 2^80 tries. `out` has
 * FINGERPRINT_TEXT bytes.
 */
void fingerprint_write(struct key_id id, char *out);

#endif

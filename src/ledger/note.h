/*
 * note.h - a text with signatures below it: C2SP signed-note, and the cosignatures of C2SP
 * tlog-cosignature on a checkpoint.
 *
 * A party signs with every suite of the agreement, one line each; a party's signature is there
 * when all its keys' lines are there and hold ("all of", never "any of"). Lines of keys we do
 * not know are ignored, as the specification says. Knows no files and no clock.
 */
#ifndef PARLEY_LEDGER_NOTE_H
#define PARLEY_LEDGER_NOTE_H

#include "base/clock.h"
#include "crypto/secret.h"
#include "ledger/checkpoint.h"

enum {
    NOTE_MAX = 1 << 16, /* bytes; 16 lines of 4.6 kB and a text need less */
    NOTE_LINES = 32,    /* signature lines; the specification asks for at least 16 */
    NOTE_KEYS = 8,      /* suites of an agreement, pact/'s AGREEMENT_SUITES */
    NOTE_NAME = CHECKPOINT_ORIGIN + 16,
};

struct note_line {
    struct bytes name;      /* borrowed from the note */
    uint32_t id;            /* C2SP's short key id */
    struct bytes signature; /* base64 of id and signature; borrowed */
};

struct note {
    struct bytes text; /* with its last newline; borrowed from what was parsed */
    size_t count;
    struct note_line line[NOTE_LINES];
};

enum note_role {
    NOTE_NONE = 0,
    NOTE_AUTHOR,   /* the log's own party: signs the text */
    NOTE_COSIGNER, /* the other one: signs time and text */
};

struct note_key {
    const struct suite *suite;
    size_t len;
    uint8_t key[SUITE_KEY_MAX]; /* public, as the suite spells it */
};

/*
 * Whose signature is asked for: a name, a role, and a key of each suite of the agreement. Where
 * the party changed its keys, the newest, and behind them those before (tenure.h makes the row).
 * An author's keys sign what is larger than `since`, the index of the entry that names them, and
 * nothing else does. A cosigner's keys before these sign no head larger than `since`, what it had
 * cosigned when it changed them.
 */
struct note_signer {
    char name[NOTE_NAME];
    enum note_role role;
    size_t count; /* at least 1 */
    struct note_key key[NOTE_KEYS];
    uint64_t since;
    bool revoked;                     /* one of these keys was: it may be in other hands */
    const struct note_signer *before; /* borrowed; NULL: there were none */
};

/* Adds a key to a signer. As suite_key_check; LIMIT: NOTE_KEYS are there; DUPLICATE: that suite
 * is there. */
MUST_CHECK struct fault note_signer_add(struct note_signer *s, const struct suite *suite,
                                        struct bytes key);

/*
 * Splits a note at its last empty line and reads the lines' form; verifies nothing. Faults:
 * SHORT, SYNTAX (no UTF-8, a control character, a line of another form, a key name with space or
 * plus, bad base64), LIMIT (NOTE_MAX, NOTE_LINES).
 */
MUST_CHECK struct fault note_parse(struct bytes text, struct note *out);

/*
 * Is the signer's signature there, by all its keys, each exactly once? `time` may be NULL; for a
 * cosigner it is the time it says (all suites the same). Faults: MISSING a key has no line,
 * DUPLICATE it has two, FORGED one does not hold, MISMATCH the times differ, UNKNOWN a suite not
 * available here; SYNTAX where a line's length is not the suite's. The rule names the suite.
 * Where the signer has older keys, the text must be a checkpoint's (its faults), whose size says
 * which are asked for; REFUSED: only keys signed that were replaced before this head.
 */
MUST_CHECK struct fault note_verify(const struct note *n, const struct note_signer *signer,
                                    struct instant *time);

/* Of the signer's keys, newest and older, those that are asked for on this note; the newest where
 * there is none of them. Borrowed. */
const struct note_signer *note_signer_of(const struct note *n, const struct note_signer *signer);

/* note_parse, checkpoint_parse of its text, the origin equal to `origin`, and note_verify. All
 * in *out and *note is borrowed from `text`. MISMATCH for another origin. `note` may be NULL. */
MUST_CHECK struct fault note_verify_checkpoint(struct bytes text, struct bytes origin,
                                               const struct note_signer *signer,
                                               struct checkpoint *out, struct note *note);

/* Appends the signature lines of `secrets` over `text` (which ends in a newline) under `name`.
 * For the role COSIGNER the text is a checkpoint's and `time` the cosignature's, not before
 * 1970. The empty line before the first signature line is the caller's: note_begin. */
void note_sign(struct bytes text, const char *name, enum note_role role, struct instant time,
               struct secret *const *secrets, size_t count, struct buf *out);

/* Appends the lines of a note that are the signer's, and no others: what is handed on carries
 * nothing that we did not look at. */
void note_copy_lines(const struct note *n, const struct note_signer *signer, struct buf *out);

/* Appends the text and the empty line. */
void note_begin(struct bytes text, struct buf *out);

/* C2SP's short key id, first 4 bytes of SHA-256(name || 0x0A || type || key). For type 0xff
 * "parley-", the suite's name and a newline stand between type and key. */
uint32_t note_key_id(const char *name, enum note_role role, const struct suite *suite,
                     struct bytes key);

#endif

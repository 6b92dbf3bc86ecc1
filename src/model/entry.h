/*
 * entry.h - the text record of a statement in the ledger: docs/PROTOCOL.ledger section 3.
 *
 * Reads and writes the text. Knows no tree, no file, no key. That an entry IS in a ledger is
 * said by a struct stored (stored.h), which only ledger/ can make.
 */
#ifndef PARLEY_MODEL_ENTRY_H
#define PARLEY_MODEL_ENTRY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "crypto/digest.h"

enum {
    ENTRY_MAX = 1024, /* bytes; a full entry has about 700 */
    ENTRY_NAME = 65,  /* longest agreement or party id, and a NUL */
    CASE_TEXT = 19,   /* "C-" and 16 characters, and a NUL */
};

/* The 24 statement types of DESIGN section 4 by their wire names, and the ledger's own three. */
enum kind {
    KIND_NONE = 0,
    KIND_CHECK,
    KIND_RECEIPT,
    KIND_ACK,
    KIND_REJECT,
    KIND_CONTACT,
    KIND_WARNING,
    KIND_NOTICE,
    KIND_UPDATE,
    KIND_INQUIRY,
    KIND_ASSIST,
    KIND_PRESERVE,
    KIND_LEGAL,
    KIND_ANSWER,
    KIND_DISPUTE,
    KIND_CONSULT,
    KIND_CLOSE,
    KIND_SHARE,
    KIND_SIGHTING,
    KIND_CONSENT,
    KIND_RETRACT,
    KIND_DESTROY,
    KIND_AGREEMENT,
    KIND_CHECKPOINT,
    KIND_EXERCISE,
    KIND_GENESIS,
    KIND_EVIDENCE,
    KIND_KEYS,
    KIND_COUNT,
};

const char *kind_name(enum kind kind);   /* "NOTICE"; "NONE" for 0 */
enum kind kind_parse(struct bytes name); /* KIND_NONE if there is none */

/* Kept apart from the first day: an EXERCISE or TEST entry never mixes with REAL ones. */
enum class {
    CLASS_NONE = 0,
    CLASS_REAL,
    CLASS_EXERCISE,
    CLASS_TEST,
};

const char *class_name(enum class class);
enum class class_parse(struct bytes name); /* CLASS_NONE if there is none */

enum permit_kind {
    PERMIT_NONE = 0,
    PERMIT_DIGEST,    /* officers released it */
    PERMIT_AUTOMATIC, /* RECEIPT, REJECT, EVIDENCE, return of CHECK */
    PERMIT_ROOT,      /* GENESIS, KEYS, CONTACT: the root keys signed the document */
};

struct entry {
    char agreement[ENTRY_NAME];
    uint32_t version;
    struct digest agreement_digest;
    char from[ENTRY_NAME];
    enum kind kind;
    enum class class;
    char case_id[CASE_TEXT]; /* "" where there is none */
    uint64_t number;
    bool has_previous, has_answers;
    struct digest previous, answers;
    struct instant time; /* whole seconds */
    uint64_t seen_size;
    struct digest seen_root; /* zero if seen_size is 0 */
    struct digest document;  /* root */
    uint32_t leaves;
    struct digest disclosed;
    uint32_t disclosed_length;
    enum permit_kind permit_kind;
    struct digest permit; /* for PERMIT_DIGEST */
};

/*
 * Reads the text of an entry; it must be exactly what entry_write would write. Checks form and
 * the rules of section 3 that need nothing else (number and previous, which kinds carry which
 * permit, case or none). Faults: SHORT, SYNTAX, RANGE, EXTRA, LIMIT, UNKNOWN (kind, class).
 */
MUST_CHECK struct fault entry_parse(struct bytes text, struct entry *out);

/* Appends the text. The entry must be one that entry_parse would accept. */
void entry_write(const struct entry *e, struct buf *out);

#endif

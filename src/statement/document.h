/*
 * document.h - a statement's content: fields under salted commitments, docs/PROTOCOL.ledger
 * section 4.
 *
 * struct document is ours: it has the secret, so it can disclose and open. struct disclosed is
 * what somebody was given: some fields with salt and value, some withheld by a named rule, some
 * decoys; from it the root is recomputed. Which fields a type may carry is not known here but in
 * fields.h.
 */
#ifndef PARLEY_STATEMENT_DOCUMENT_H
#define PARLEY_STATEMENT_DOCUMENT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/fault.h"
#include "crypto/digest.h"
#include "crypto/suite.h"
#include "model/entry.h"

enum {
    DOCUMENT_MAX = 262144,   /* bytes of a disclosed form */
    DOCUMENT_LEAVES = 4096,  /* padded; a statement has some dozen fields, an evidence root 1,024 */
    DOCUMENT_LEAVES_MIN = 8, /* padded: so few fields are not told apart */
    DOCUMENT_PATH = 64,      /* bytes of a field's path */
    DOCUMENT_SECRET = 32,
    DOCUMENT_SALT = 16,
    DOCUMENT_RULE = 64,      /* bytes of the rule by which a field is withheld */
    DOCUMENT_SIGNATURES = 8, /* suites of an agreement */
};

/* [a-z0-9.-]{1,64} */
bool document_path_is_good(struct bytes path);

struct document; /* opaque, owned */

/*
 * Makes a document of `fields`, a JSON object { path: value } in the signed profile, which is
 * copied. Faults: SYNTAX (a path), RANGE (a value that is no text, integer, boolean or list of
 * texts), LIMIT (too many fields).
 */
MUST_CHECK struct fault document_new(const json_t *fields, const uint8_t secret[DOCUMENT_SECRET],
                                     struct document **out);
void document_free(struct document *d); /* wipes the secret; NULL is fine */

struct digest document_root(const struct document *d);
uint32_t document_leaves(const struct document *d);

/* One field that is not disclosed, and the rule that says so. */
struct withheld {
    const char *path, *rule;
};

/* A root key's signature over the root, for GENESIS and CONTACT. */
struct document_signature {
    char suite[SUITE_NAME];
    struct bytes key, signature;
};

/* Appends the disclosed form without the values of `withheld`; a path that is not in the document
 * is ignored. */
void document_disclose(const struct document *d, const struct withheld *withheld, size_t count,
                       const struct document_signature *signatures, size_t signature_count,
                       struct buf *out);

/* Appends the opening of a field. MISSING: the document has no such field. */
MUST_CHECK struct fault document_open(const struct document *d, const char *path, struct buf *out);

struct disclosed; /* opaque, owned */

/*
 * Reads a disclosed form; it must be what document_disclose would write. `text` is untrusted and
 * may be freed afterwards. The root is recomputed over all leaves. Faults: LIMIT, and those of
 * json_read_canonical and of members; ORDER (leaves not sorted, a path twice), RANGE (number of
 * leaves no power of two).
 */
MUST_CHECK struct fault disclosed_parse(struct bytes text, struct disclosed **out);
void disclosed_free(struct disclosed *d); /* NULL is fine */

/* The same for another owner, who frees it too. It is never changed once it is read. One thread. */
struct disclosed *disclosed_again(struct disclosed *d);

struct digest disclosed_root(const struct disclosed *d);
uint32_t disclosed_leaves(const struct disclosed *d);

/* Is it the document that the entry names, and are these the bytes it says were disclosed?
 * MISMATCH with the line of the entry that differs. */
MUST_CHECK struct fault disclosed_matches(const struct disclosed *d, struct bytes text,
                                          const struct entry *e);

/* The value of a field, or NULL if it is withheld or not there; and as a text, "" likewise or
 * where it is of another type. Borrowed. */
const json_t *disclosed_value(const struct disclosed *d, const char *path);
const char *disclosed_text(const struct disclosed *d, const char *path);

/* Leaf number i in order: its path (NULL for a decoy), value (NULL unless disclosed), rule (NULL
 * unless withheld) and hash. False at the end. Borrowed. */
struct disclosed_leaf {
    const char *path, *rule;
    const json_t *value;
    struct digest hash;
};
bool disclosed_leaf_at(const struct disclosed *d, size_t i, struct disclosed_leaf *out);

size_t disclosed_signature_count(const struct disclosed *d);
const struct document_signature *disclosed_signature(const struct disclosed *d, size_t i);

/* What an opening says. */
struct opening {
    struct digest document; /* root of the document it opens a field of */
    char path[DOCUMENT_PATH + 1];
    struct digest leaf; /* recomputed */
    json_t *value;      /* owned: opening_done */
};

/* Reads an opening, canonical form. As json_read_canonical and members. */
MUST_CHECK struct fault opening_parse(struct bytes text, struct opening *out);
void opening_done(struct opening *o);

/* Does it open the withheld field of this document? MISMATCH (another document), MISSING (no such
 * withheld field), FORGED (another value or salt than committed). */
MUST_CHECK struct fault opening_check(const struct opening *o, const struct disclosed *d);

#endif

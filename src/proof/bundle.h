/*
 * bundle.h - a case for a stranger: docs/PROTOCOL.bundle section 2, read and written.
 *
 * Knows the members and their bounds and says nothing of whether they hold: verify.h does.
 * What it hands out is borrowed from the bundle until bundle_free.
 */
#ifndef PARLEY_PROOF_BUNDLE_H
#define PARLEY_PROOF_BUNDLE_H

#include "base/buf.h"
#include "base/fault.h"
#include "ledger/tree.h"
#include "proof/anchor.h"

enum {
    BUNDLE_MAX = 64 << 20,     /* bytes; 100 statements with full documents have under 1 MiB */
    BUNDLE_AGREEMENTS = 64,    /* versions named by one case */
    BUNDLE_HEADS = 4096,       /* heads of one log */
    BUNDLE_ENTRIES = 1 << 16,  /* entries of one log */
    BUNDLE_NOTE_MAX = 1 << 16, /* bytes of one note, as ledger/note.h's */
    BUNDLE_CASE = 1024,        /* statements of a party that a node exports: far above a case */
    BUNDLE_LOGS = 2,
    BUNDLE_KEYS = 63,    /* KEYS entries of one log; ledger/tenure.h, without the genesis */
    BUNDLE_ANCHORS = 16, /* of one log; an exporter gives one of a kind */
    BUNDLE_PATH = 300,   /* a member path, a colon, a sentence, and a NUL */
};

struct bundle_agreement {
    struct bytes text, signatures; /* canonical form; bytes of the .sig file */
};

struct bundle_entry {
    uint64_t index;
    struct bytes text;
    struct bytes document; /* disclosed form; empty if erased or refused by rule */
    struct tree_path proof;
};

/* What an outsider said of heads[head]. */
struct bundle_anchor {
    enum anchor_kind kind;
    size_t head;
    struct bytes data;
};

struct bundle_log {
    struct bytes origin;
    size_t head_count; /* at least 1; ascending by size, the newest last */
    struct bytes *heads;
    struct tree_path *growth; /* head_count - 1: from heads[i] to heads[i + 1] */
    size_t entry_count;       /* at least 1 */
    struct bundle_entry *entries;
    size_t key_count; /* KEYS entries under the newest head; may be 0: then no member */
    struct bundle_entry *keys;
    size_t anchor_count; /* may be 0; then the member is not there */
    struct bundle_anchor anchors[BUNDLE_ANCHORS];
    uint8_t *anchor_data; /* owned; of a parsed bundle */
};

struct bundle {
    struct bytes case_id;
    size_t agreement_count; /* at least 1 */
    struct bundle_agreement agreements[BUNDLE_AGREEMENTS];
    struct bundle_log logs[BUNDLE_LOGS];
    void *owned; /* the JSON tree that the bytes point into; NULL for one made by hand */
};

/* A bundle with room for this much in each log; the caller fills it. Freed with bundle_free. */
struct bundle *bundle_new(const size_t heads[BUNDLE_LOGS], const size_t entries[BUNDLE_LOGS]);
void bundle_free(struct bundle *b); /* NULL is fine */

/*
 * Reads a bundle; it must be what bundle_write would write. `text` is untrusted and may be freed
 * afterwards. Faults: as json_read_canonical; MISSING, EXTRA, RANGE, SYNTAX of members; UNKNOWN
 * for a version or kind we do not have. `path` (BUNDLE_PATH bytes, may be NULL) gets the member at
 * fault and why.
 */
MUST_CHECK struct fault bundle_parse(struct bytes text, struct bundle **out, char *path);

/* Appends the bundle's bytes. */
void bundle_write(const struct bundle *b, struct buf *out);

#endif

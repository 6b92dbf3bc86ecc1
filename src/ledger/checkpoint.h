/*
 * checkpoint.h - one side's promise about its log: "at this size, this root".
 *
 * Spells the three lines of C2SP tlog-checkpoint, "Note text". Knows no keys, no files, no
 * network: the signatures below the text are note.h's.
 */
#ifndef PARLEY_LEDGER_CHECKPOINT_H
#define PARLEY_LEDGER_CHECKPOINT_H

#include "base/buf.h"
#include "base/fault.h"
#include "crypto/digest.h"

enum {
    CHECKPOINT_ORIGIN = 140, /* bytes: PARTY/parley/AGREEMENT, ids of at most 64, and a NUL */
    CHECKPOINT_MAX = 512,    /* bytes of a text */
};

struct checkpoint {
    struct bytes origin; /* the log's name; borrowed from the text it was read from */
    uint64_t size;       /* leaves in the tree, 0 to INT64_MAX */
    struct digest root;  /* RFC 6962 root over leaves [0, size) */
};

/*
 * Reads the text of a checkpoint. `text` is untrusted and must outlive *out. Faults carry the
 * offset of the first bad byte: SHORT a line is missing, SYNTAX an origin that is no key name
 * (empty, or with a space, plus, control or non-ASCII character), a leading zero, bad base64;
 * RANGE size above INT64_MAX, EXTRA bytes after the root (we take no extension lines), LIMIT.
 */
MUST_CHECK struct fault checkpoint_parse(struct bytes text, struct checkpoint *out);

/* Appends the text. */
void checkpoint_write(const struct checkpoint *c, struct buf *out);

/* Is this a name that a C2SP key may have here: printable ASCII but space and plus? */
bool checkpoint_name_is_good(struct bytes name);

#endif

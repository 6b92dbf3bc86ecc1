/*
 * directory.h - a whole log as it lies in a directory for C2SP readers, checked from its first
 * byte to its last: docs/PROTOCOL.ledger section 7.
 *
 * Reads checkpoint, entry bundles and tiles by a table of file calls; nothing of the journal, so
 * that a copy, a medium or the partner's mirror is checked alike. Names what is wrong by its leaf
 * or its file. Knows keys only by trust.h.
 */
#ifndef PARLEY_PROOF_DIRECTORY_H
#define PARLEY_PROOF_DIRECTORY_H

#include "ledger/evidence.h"
#include "ledger/files.h"
#include "proof/trust.h"

enum {
    DIRECTORY_HEADS = 64,                 /* older heads that can be compared in one go */
    DIRECTORY_BUNDLE = 256 * (2 + 65535), /* bytes of an entry bundle, as tlog-tiles allows */
};

struct directory {
    const struct files *files;
    int dir;
    const struct trust *trust; /* NULL: nobody's */
    const struct bytes *heads; /* other notes of this log, to be found in its history */
    size_t head_count;         /* at most DIRECTORY_HEADS */
};

struct directory_result {
    uint64_t size;          /* of the checkpoint */
    bool has_bad;           /* a leaf is named */
    uint64_t bad_leaf;      /* the first that does not fit */
    enum evidence evidence; /* against the log's author, from `heads` */
};

/*
 * Rows: checkpoint, signatures, cosignatures, entries (every leaf against its tile, its form, its
 * author, the genesis first), tiles, root, heads. A head that the author signed and that is not
 * what these entries make, while they are what his checkpoint promises, makes CONTRADICTION.
 */
void directory_verify(const struct directory *d, struct directory_result *result,
                      struct findings *out);

#endif

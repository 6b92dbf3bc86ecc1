/*
 * anchor.h - outside anchors that a person brought: kept, and found again for bundles.
 */
#ifndef PARLEY_DESK_ANCHOR_H
#define PARLEY_DESK_ANCHOR_H

#include "desk/state.h"
#include "proof/anchor.h"

struct anchor_kept {
    enum anchor_kind kind;
    uint64_t size;         /* of the head it is over */
    struct buf note, data; /* the caller's, buf_done */
};

/* The tightest one over a head that has entry `index` under it, else the newest. False if none. */
bool anchor_find(struct desk_pact *p, bool theirs, enum anchor_kind kind, uint64_t index,
                 struct anchor_kept *out);

/* The command ledger.anchor: docs/PROTOCOL.control section 2. */
json_t *anchor_add(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);

#endif

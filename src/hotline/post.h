/*
 * post.h - the last door: the only way in which a statement enters what a conversation sends.
 *
 * Who has no permit (release/ alone makes them) or no stored (ledger/ alone makes them) has nothing
 * to pass here; who has those of another statement is refused. It looks at what the two say and at
 * the bytes, and trusts nobody's word that they belong together.
 */
#ifndef PARLEY_HOTLINE_POST_H
#define PARLEY_HOTLINE_POST_H

#include "hotline/conversation.h"
#include "model/permit.h"
#include "model/stored.h"

/*
 * Lets the entry at stored_index(stored) and its disclosed document into the outgoing range of
 * `c`. Entries are posted in the order of the log; one already posted is fine and changes nothing.
 * Nothing is sent yet: conversation_own does that. The bytes are not kept: the host sends what is
 * in the ledger at that index.
 * Faults: ORDER (an entry before it was not posted), MISMATCH (leaf, disclosed bytes, length,
 * permit or recipient do not belong together), and those of entry_parse.
 */
MUST_CHECK struct fault hotline_post(struct conversation *c, struct bytes entry,
                                     struct bytes disclosed, const struct permit *permit,
                                     const struct stored *stored);

#endif

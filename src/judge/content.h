/*
 * content.h - may a statement's content be taken in? The rules by which an entry that came whole
 * is held and answered by REJECT.
 *
 * The type is asked first: what is of no type that we take is not parsed (DESIGN section 8: inbound
 * content is refused unread). Knows the agreement, the table of types, the document's form. Knows
 * no case: whether a statement may be said in its case is cases/.
 */
#ifndef PARLEY_JUDGE_CONTENT_H
#define PARLEY_JUDGE_CONTENT_H

#include "judge/ground.h"
#include "model/entry.h"
#include "pact/agreement.h"

/* Judges the document of an entry by party `from` under the version `a` that it names. The entry's
 * disclosed hash and length were found equal before. */
struct judgement content_judge(const struct agreement *a, const struct party *from,
                               const struct entry *e, struct bytes document);

#endif

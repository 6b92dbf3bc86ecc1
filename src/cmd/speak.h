/*
 * speak.h - from "I want to say" to an officer's signature: draft, show, ask, decide.
 *
 * What is shown as "sent" and what is signed are taken from the disclosed form and the permit
 * themselves, after their digests were recomputed here: a node that shows one thing and has
 * another signed is found out (docs/PROTOCOL.ledger section 5).
 */
#ifndef PARLEY_CMD_SPEAK_H
#define PARLEY_CMD_SPEAK_H

#include <jansson.h>

#include "cmd/command.h"

/* Drafts with these members of `draft` (taken over) and the flags of WITH_FIELDS, shows, asks,
 * signs as --officer. `case_id` is for the error where there is none of it; may be NULL. */
enum exit_code speak_draft(const struct call *call, json_t *members, const char *case_id);

/* Drafts with these members (taken over), and no more: an officer releases it with `parley release
 * approve`. *draft is its name. Says what stands against it. */
enum exit_code speak_propose(const struct call *call, json_t *members, char *draft, size_t size);

/* The same from a draft that is there: `release approve`. */
enum exit_code speak_release(const struct call *call, const char *draft);

/* Shows a draft as the node has it, checks its digests, changes nothing. */
enum exit_code speak_show(const struct call *call, const char *draft);

#endif

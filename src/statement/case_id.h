/*
 * case_id.h - names of cases and drafts: a letter, a dash, 80 random bits in Crockford's base32.
 *
 * docs/PROTOCOL.ledger section 3. Random, so that nobody learns from a name how many there are
 * (RFC 8134 section 7.4). Randomness is an argument.
 */
#ifndef PARLEY_STATEMENT_CASE_ID_H
#define PARLEY_STATEMENT_CASE_ID_H

#include "model/entry.h"

enum { CASE_ID_RANDOM = 10 /* bytes; 16 characters of 5 bits */ };

/* "C-" and 16 characters, and a NUL. `out` has CASE_TEXT bytes. */
void case_id_make(const uint8_t random[CASE_ID_RANDOM], char *out);

/* The same with "D-": a draft. */
void draft_id_make(const uint8_t random[CASE_ID_RANDOM], char *out);

bool case_id_is(struct bytes text);
bool draft_id_is(struct bytes text);

#endif

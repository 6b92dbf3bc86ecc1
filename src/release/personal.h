/*
 * personal.h - looks for personal data in free text: e-mail addresses, accounts, telephone numbers.
 *
 * A guard against slips, not against intent: who wants to smuggle a number will spell it. It errs
 * on the side of refusal; the officer sees the place and writes it otherwise. IP addresses,
 * prefixes, dates, times, hashes and AS numbers are no personal data here.
 */
#ifndef PARLEY_RELEASE_PERSONAL_H
#define PARLEY_RELEASE_PERSONAL_H

#include "base/bytes.h"

enum personal_kind {
    PERSONAL_NONE = 0,
    PERSONAL_MAIL,    /* something@somewhere */
    PERSONAL_ACCOUNT, /* @somebody */
    PERSONAL_PHONE,   /* digits in the manner of a telephone number */
};

/* The first one in the text: its kind, and its offset in *at (which is untouched for NONE). */
enum personal_kind personal_find(struct bytes text, size_t *at);

/* "personal-data: an e-mail address" ...: the rule for a fault. */
const char *personal_rule(enum personal_kind kind);

#endif

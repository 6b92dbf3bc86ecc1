/*
 * page.h - `next`: where a walk goes on, as a client carries it. TAXII 2.1 section 3.4.
 *
 * base64url of version, collection, date_added and a MAC over them: stateless, so the same page
 * comes when it is asked for twice, and after a restart; signed, so that nobody asks for places
 * that we did not give out.
 */
#ifndef PARLEY_EXCHANGE_PAGE_H
#define PARLEY_EXCHANGE_PAGE_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fault.h"

enum {
    PAGE_KEY = 32,
    PAGE_TEXT = 44 + 1, /* 33 bytes, and a NUL */
};

void page_write(const uint8_t *key, int64_t collection, struct instant after, char *out);

/* FORGED: not ours, or of another collection. */
MUST_CHECK struct fault page_parse(const uint8_t *key, int64_t collection, const char *text,
                                   struct instant *out);

#endif

/*
 * media.h - what a client accepts and what it sends: TAXII 2.1 section 1.6.8 and RFC 9110 12.5.1.
 */
#ifndef PARLEY_EXCHANGE_MEDIA_H
#define PARLEY_EXCHANGE_MEDIA_H

#include <stdbool.h>

#include "base/bytes.h"

/* Of every answer, an error's too. */
#define MEDIA_TAXII "application/taxii+json;version=2.1"
/* Of an object inside an envelope. */
#define MEDIA_STIX_21 "application/stix+json;version=2.1"
#define MEDIA_STIX_20 "application/stix+json;version=2.0"

/*
 * Would this Accept take MEDIA_TAXII? With or without the version (then the newest we have), with
 * q-values (q=0 refuses), in a list, with wildcards; the more specific range decides. An absent or
 * empty header takes everything, as RFC 9110 has it.
 */
bool media_accepts(struct bytes accept);

/* Is this Content-Type an envelope of TAXII 2.1? The version must be there: a sender that does not
 * say what it sends is not guessed at. */
bool media_is_taxii(struct bytes content_type);

#endif

/*
 * visitors.h - who is asking: by the pin of his certificate, a bearer token, or a password.
 *
 * RFC 9110 section 11.1: the scheme's name in any case (MISP sends "basic"). A password's slow
 * hash is checked once; then a keyed digest of the whole header, under a key that lives as long as
 * the process, knows it again. Tokens are compared as digests, in constant time.
 */
#ifndef PARLEY_EXCHANGE_VISITORS_H
#define PARLEY_EXCHANGE_VISITORS_H

#include "exchange/config.h"

enum {
    VISITORS_KNOWN = 256,  /* headers remembered; the oldest gives way */
    VISITORS_HEADER = 512, /* bytes of an Authorization header */
};

struct visitors; /* opaque, owned */

/* `config` must outlive it. */
struct visitors *visitors_new(const struct config *config);
void visitors_free(struct visitors *v); /* NULL is fine */

/* Would visitors_find have to compute a slow hash for this header? */
bool visitors_is_slow(const struct visitors *v, struct bytes authorization);

/*
 * `authorization` is the header's value, empty if there is none; `pin` has 32 bytes or is NULL. The
 * header decides if there is one. *out is the visitor's index in the configuration. UNKNOWN: nobody
 * of ours. A password that is met for the first time costs tens of milliseconds.
 */
MUST_CHECK struct fault visitors_find(struct visitors *v, struct bytes authorization,
                                      const uint8_t *pin, size_t *out);

#endif

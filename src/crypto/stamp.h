/*
 * stamp.h - an RFC 3161 time stamp: somebody outside saw this digest at that time.
 *
 * Makes the request and checks the response; knows no network and no files: the request is
 * carried to the authority and the answer back. A response is opened only against an authority
 * that the caller trusts. Its chain is checked as of the time it names, so that a stamp stays
 * good when its certificate has expired; revocation is not asked for.
 */
#ifndef PARLEY_CRYPTO_STAMP_H
#define PARLEY_CRYPTO_STAMP_H

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/digest.h"

enum {
    STAMP_MAX = 16384,     /* bytes of a response; with a chain of three certificates 6 kB */
    STAMP_AUTHORITY = 128, /* bytes of its name */
    STAMP_NONCE = 8,
    STAMP_CA_MAX = 65536, /* bytes of the PEM of trusted certificates */
};

/* Appends a TimeStampReq over the digest that asks for the authority's certificate. */
void stamp_request(const struct digest *of, const uint8_t nonce[STAMP_NONCE], struct buf *out);

/* What this certificate (DER, nothing behind it) is called: its subject in `out`, of
 * STAMP_AUTHORITY bytes. SYNTAX: it is none. */
MUST_CHECK struct fault stamp_authority_read(struct bytes der, char *out);

struct stamp {
    struct instant time;             /* as the authority says; whole seconds */
    char authority[STAMP_AUTHORITY]; /* the subject of its certificate; from outside */
};

/*
 * Is this TimeStampResp (DER, nothing behind it) granted, over the digest, by an authority whose
 * chain ends in one of the certificates of `ca` (PEM)? Faults: LIMIT; SYNTAX no response, or no
 * certificate in `ca`; UNKNOWN its chain ends in none of them; REFUSED the authority did not grant
 * it; MISMATCH of another digest; FORGED signature, chain or purpose do not hold.
 */
MUST_CHECK struct fault stamp_verify(struct bytes response, const struct digest *of,
                                     struct bytes ca, struct stamp *out);

#endif

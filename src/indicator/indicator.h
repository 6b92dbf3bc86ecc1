/*
 * indicator.h - one thing to look for: an address, a subnet, a name, a URL or a file's hash.
 *
 * Reads a value in the spellings that feeds use and keeps it in one form, so that two spellings of
 * a thing are one entry and a sensor's word for it meets it. Knows no list and no index.
 * Accounts, persons and content have no kind here and cannot get one (DESIGN section 8).
 */
#ifndef PARLEY_INDICATOR_INDICATOR_H
#define PARLEY_INDICATOR_INDICATOR_H

#include "base/buf.h"
#include "base/clock.h"
#include "model/marking.h"
#include "net/addr.h"

enum indicator_kind {
    INDICATOR_NONE = 0,
    INDICATOR_IPV4,
    INDICATOR_IPV6,
    INDICATOR_ENDPOINT, /* an address with a port */
    INDICATOR_SUBNET,
    INDICATOR_DOMAIN,
    INDICATOR_URL,
    INDICATOR_MD5,
    INDICATOR_SHA1,
    INDICATOR_SHA256,
    INDICATOR_KINDS,
};

enum {
    INDICATOR_NAME = 253, /* bytes of a domain name in text (RFC 1035 section 2.3.4) */
    INDICATOR_LABEL = 63, /* of one label */
    INDICATOR_URL_MAX = 2048,
    INDICATOR_ID = 200, /* bytes of an id; a STIX id has 47 */
    INDICATOR_KEY = INDICATOR_URL_MAX,
    INDICATOR_V4_BITS = 8,  /* a subnet wider than a /8 would accuse a continent */
    INDICATOR_V6_BITS = 16, /* .. */
};

/* A value in its one form. */
struct indicator_value {
    enum indicator_kind kind;
    struct addr addr; /* IPV4, IPV6, ENDPOINT; SUBNET: its first */
    uint8_t bits;     /* SUBNET, counted as in struct prefix */
    uint16_t port;    /* ENDPOINT */
    struct bytes
        text; /* DOMAIN, URL: lower case as far as case does not count; hashes: raw bytes */
};

/* What is kept of where it comes from. */
struct indicator_about {
    struct instant from;  /* valid from, inclusive; INT64_MIN: not said */
    struct instant until; /* valid until, exclusive; INT64_MAX: not said */
    enum tlp tlp;
    enum pap pap;
    bool exact;      /* DOMAIN: the name alone; else what lies below it, too */
    struct bytes id; /* at most INDICATOR_ID bytes; borrowed; empty where it has none */
};

/* "ipv4", "ipv6", "endpoint", "subnet", "domain", "url", "md5", "sha1", "sha256"; "none" */
const char *indicator_kind_name(enum indicator_kind k);

/* Nothing said: no times, no marking, no id, not exact. */
struct indicator_about indicator_about_none(void);

/*
 * Each reads one spelling; `room` is scratch of INDICATOR_KEY bytes, from which out->text is
 * borrowed. *out is written on success alone. SYNTAX; RANGE (a prefix that covers too much, a
 * single label); LIMIT (longer than a name or URL can be).
 */
MUST_CHECK struct fault indicator_address(struct bytes text, struct indicator_value *out);
MUST_CHECK struct fault indicator_subnet(struct bytes text, struct indicator_value *out);
MUST_CHECK struct fault indicator_endpoint(struct bytes text, struct indicator_value *out);
/* A trailing dot, and "*." or "." before it, go; letters become lower case. */
MUST_CHECK struct fault indicator_domain(struct bytes text, uint8_t *room,
                                         struct indicator_value *out);
/* Scheme, user, fragment and the ports 80 and 443 go; the host becomes lower case; "/" where there
 * is no path. So "HTTP://A.example" and "a.example/" are one. */
MUST_CHECK struct fault indicator_url(struct bytes text, uint8_t *room,
                                      struct indicator_value *out);
/* Hex in either case: 32, 40 or 64 digits. */
MUST_CHECK struct fault indicator_hash(struct bytes text, uint8_t *room,
                                       struct indicator_value *out);

/* Of a kind the feed names. */
MUST_CHECK struct fault indicator_read(enum indicator_kind kind, struct bytes text, uint8_t *room,
                                       struct indicator_value *out);

/* Of a kind that nobody named: address, subnet, endpoint, hash, URL (with "://" or a slash), else
 * a domain. "[.]" is read as ".", "hxxp" as "http". */
MUST_CHECK struct fault indicator_guess(struct bytes text, uint8_t *room,
                                        struct indicator_value *out);

/* Appends the value as text: hashes in hex, URLs without a scheme. */
void indicator_write(const struct indicator_value *v, struct buf *out);

#endif

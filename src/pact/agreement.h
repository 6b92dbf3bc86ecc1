/*
 * agreement.h - the agreement as the node obeys it: docs/PROTOCOL.agreement, read once, then
 * never changed.
 *
 * Knows the members and their bounds. Knows no files: the caller brings bytes, and the bytes of
 * the territory tables to net/territory.h himself. Does not verify signatures: signed.h does.
 */
#ifndef PARLEY_PACT_AGREEMENT_H
#define PARLEY_PACT_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fault.h"
#include "crypto/suite.h"
#include "net/addr.h"

enum {
    AGREEMENT_MAX = 1 << 20, /* bytes on disk; two parties' prefixes fit many times over */
    AGREEMENT_PARTIES = 2,
    AGREEMENT_ARTICLES = 64,
    AGREEMENT_SUITES = 8,
    AGREEMENT_TLS = 4,
    AGREEMENT_NODES = 4,
    AGREEMENT_OFFICES = 16,
    AGREEMENT_TABLES = 64,
    AGREEMENT_PREFIXES = 65536, /* inline ones; more belong into a table */
    AGREEMENT_OFFICERS = 3,     /* signatures that a release can be made to need */
    AGREEMENT_ID = 64,          /* longest id; ids are safe as names of files (text.h) */
    AGREEMENT_LANGUAGES = 16,
    AGREEMENT_WITHHOLD = 256,     /* field paths withheld by default */
    AGREEMENT_COUNT = 65536,      /* largest N: watch keeps N times a group */
    AGREEMENT_WITHIN = 2592000,   /* largest W and G, 30 days: as long lives a group in memory */
    AGREEMENT_CLOCK = 31622400,   /* longest clock: a leap year */
    AGREEMENT_SLOTS = 1024,       /* evidence samples: their document fits into 256 KiB */
    AGREEMENT_PATTERN = 8192,     /* bytes of `covers` */
    AGREEMENT_OUTSIDERS = 4,      /* of each kind: more would only be more to be fooled by */
    AGREEMENT_CERTIFICATE = 4096, /* bytes of DER; roots have 600 to 2,000 */
};

/* The clocks of an agreement, in the order of PROTOCOL.agreement section 2. Values in seconds. */
enum clock_kind {
    CLOCK_NONE = 0,
    CLOCK_RECEIPT,
    CLOCK_ACK_IMMEDIATE,
    CLOCK_ACK_PRIORITY,
    CLOCK_ACK_ROUTINE,
    CLOCK_ANSWER,
    CLOCK_INQUIRY,
    CLOCK_CLOSE,
    CLOCK_CHECK,
    CLOCK_KINDS,
};

/* "receipt", "ack-immediate" ...: the member's name; "none" for CLOCK_NONE. */
const char *clock_name(enum clock_kind kind);

struct root_key {
    const char *suite;
    uint8_t key[SUITE_KEY_MAX]; /* public, as the suite spells it */
    size_t key_len;
};

struct territory_table {
    const char *file;   /* a safe name, beside the agreement */
    uint8_t sha256[32]; /* of the file's bytes */
    const char *code;
    struct instant valid_from, valid_until; /* until: INT64_MAX where it has no end */
};

struct office {
    const char *id, *name, *hours;
    const char *const *languages;
    size_t language_count;
};

struct party {
    const char *id, *name;
    struct root_key roots[AGREEMENT_SUITES];
    size_t root_count;
    uint8_t tls[AGREEMENT_TLS][32]; /* SHA-256 of SubjectPublicKeyInfo */
    size_t tls_count;
    const char *nodes[AGREEMENT_NODES]; /* "host:port" */
    size_t node_count;
    struct office offices[AGREEMENT_OFFICES];
    size_t office_count;
    const struct prefix *prefixes;
    size_t prefix_count;
    const uint32_t *as_numbers;
    size_t as_count;
    struct territory_table tables[AGREEMENT_TABLES];
    size_t table_count;
};

enum article_carries {
    ARTICLE_NONE = 0,
    ARTICLE_NOTICE,  /* machine-read matching, NOTICE statements */
    ARTICLE_CONSULT, /* a two-signature CONSULT of bounded text, nothing else ever */
    ARTICLE_CHECK,   /* the line itself: CHECK and CONTACT; matches nothing */
};

enum {
    GROUP_SOURCE = 1,  /* the initiator's address */
    GROUP_AS = 2,      /* its AS number */
    GROUP_SERVICE = 4, /* the event's service */
};

struct article {
    const char *id;
    const char *title; /* the English one */
    enum article_carries carries;
    const char *covers;                    /* STIX pattern; NULL unless it carries NOTICE */
    unsigned group;                        /* GROUP_* bits */
    uint32_t threshold_count;              /* N */
    uint32_t threshold_within;             /* W, seconds */
    uint32_t gap;                          /* G, seconds */
    unsigned officers;                     /* signatures a release needs */
    const char *roles[AGREEMENT_OFFICERS]; /* roles that may give one */
    size_t role_count;
    uint32_t clocks[CLOCK_KINDS]; /* seconds, overrides applied; 0 for CLOCK_NONE only */
    bool unverified;
};

/* Outsiders whom both parties take at their word for when a head was there (PROTOCOL.bundle 4). */
struct outside_authority {
    const char *name;        /* for persons */
    const char *certificate; /* base64 of DER: the root that its stamps' chains end in */
};

struct outside_witness {
    const char *name; /* C2SP key name */
    uint8_t key[32];  /* ed25519 */
};

struct agreement {
    const char *id;
    uint32_t version;
    const char *title; /* the English one */
    struct instant valid_from, valid_until;
    const char *suites[AGREEMENT_SUITES];
    size_t suite_count;
    struct party parties[AGREEMENT_PARTIES];
    struct article articles[AGREEMENT_ARTICLES];
    size_t article_count;
    uint32_t clocks[CLOCK_KINDS];
    uint32_t skew;            /* seconds */
    uint32_t evidence_period; /* seconds */
    uint32_t evidence_slots;
    const char *const *withhold; /* field paths withheld by default */
    size_t withhold_count;
    const char *const *languages; /* the ones free text may be in */
    size_t language_count;
    const char *tlp; /* the highest marking that may leave, canonical lower case */
    uint64_t quota_entries, quota_bytes;
    struct outside_authority authorities[AGREEMENT_OUTSIDERS];
    size_t authority_count; /* may be 0 */
    struct outside_witness witnesses[AGREEMENT_OUTSIDERS];
    size_t witness_count;   /* may be 0 */
    struct bytes canonical; /* the compact form; owned by the agreement */
    uint8_t digest[32];     /* SHA-256 over canonical */
    void *owned;            /* everything the pointers above point into */
};

/* What was wrong with an agreement file, for the person who wrote it. */
struct agreement_error {
    size_t line;      /* 1-based, in the file; 0 if it concerns the whole file */
    char member[128]; /* e.g. "articles[2].threshold.count" */
    char why[160];    /* one sentence */
};

/*
 * Reads an agreement from the bytes of its file (indented form) or, if `canonical` is true, from
 * its compact form. The text may be freed afterwards. *out is written on success alone and then
 * freed with agreement_free. `error` may be NULL; it is filled on a fault.
 * Faults, at the first byte of the line: LIMIT, SHORT, SYNTAX, DUPLICATE, EXTRA, MISSING, RANGE,
 * UNKNOWN (version of the format, a suite, a word), MISMATCH (the re-dump differs), REFUSED (an
 * article that cannot carry a NOTICE).
 */
MUST_CHECK struct fault agreement_parse(struct bytes text, bool canonical, struct agreement **out,
                                        struct agreement_error *error);
void agreement_free(struct agreement *a); /* NULL is fine */

/* The party with this id, or NULL. */
const struct party *agreement_party(const struct agreement *a, const char *id);

/* The other one of the two. `p` is one of a's parties. */
const struct party *agreement_other(const struct agreement *a, const struct party *p);

const struct article *agreement_article(const struct agreement *a, const char *id);

/* The DER of its certificate, in `out`: it was in the right form when the agreement was read. */
struct bytes outside_certificate(const struct outside_authority *a,
                                 uint8_t out[AGREEMENT_CERTIFICATE]);

#endif

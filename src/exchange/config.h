/*
 * config.h - what a node offers: API roots, collections, and who may do what with them.
 *
 * The `exchange` member of settings.json (docs/settings.md). A visitor is known by the pin of his
 * TLS certificate, a bearer token or a password; none of them stands there in clear. Deny by
 * default: who is not named in `readers` or `writers` has no right, and `hidden` keeps even the
 * collection's existence from him.
 */
#ifndef PARLEY_EXCHANGE_CONFIG_H
#define PARLEY_EXCHANGE_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "model/marking.h"
#include "json/member.h"

enum {
    CONFIG_NAME = 65, /* of a root, an alias or a visitor, and its NUL */
    CONFIG_TITLE = 201,
    CONFIG_UUID = 37,
    CONFIG_MARKING = 57, /* "marking-definition--" and a UUID, and its NUL */
    CONFIG_ROOTS = 16,
    CONFIG_COLLECTIONS = 64, /* in all roots */
    CONFIG_VISITORS = 64,    /* rights are a bit each */
    CONFIG_RATE = 1000,      /* requests a second of a visitor, if nothing is said */
    CONFIG_STATEMENTS = 16,
    CONFIG_PASSWORD = 129, /* libsodium's crypto_pwhash_STRBYTES and a NUL */
};

/* For whom a root is. What goes into a PARTNER root leaves the house: the allow-list of technical
 * objects and release control stand at its door. */
enum audience {
    AUDIENCE_NONE = 0,
    AUDIENCE_OWN,     /* our own people, sensors, tools */
    AUDIENCE_PARTNER, /* a partner reads it, and may write what his rights say */
    AUDIENCE_LOCAL,   /* other organisations on our side */
};

struct config_visitor {
    char name[CONFIG_NAME];
    char party[CONFIG_NAME]; /* whose; "" for ours */
    bool has_pin, has_token, has_password;
    uint8_t pin[32];                /* SHA-256 of the certificate's public key (tls/link.h) */
    uint8_t token[32];              /* SHA-256 of the bearer token, which is 32 random bytes */
    char password[CONFIG_PASSWORD]; /* argon2id, as libsodium writes it */
    unsigned rate;                  /* requests a second */
    struct marking clearance;       /* objects marked above are not shown to him */
};

struct config_collection {
    char id[CONFIG_UUID];
    char alias[CONFIG_NAME];
    char title[CONFIG_TITLE], description[CONFIG_TITLE];
    size_t root; /* index */
    bool hidden;
    bool expire;               /* what its own valid_until ended is taken away */
    uint64_t readers, writers; /* bit i: visitor i */
    enum tlp most;             /* an object marked above is not taken in */
    enum tlp marking;          /* of what bears none; NONE: nothing is said */
};

struct config_root {
    char name[CONFIG_NAME];
    char title[CONFIG_TITLE], description[CONFIG_TITLE];
    enum audience audience;
    char agreement[CONFIG_NAME]; /* of a PARTNER root */
};

struct config {
    char title[CONFIG_TITLE], description[CONFIG_TITLE], contact[CONFIG_TITLE];
    size_t root_count, collection_count, visitor_count, statement_count;
    struct config_root root[CONFIG_ROOTS];
    struct config_collection collection[CONFIG_COLLECTIONS]; /* ascending by (root, id) */
    struct config_visitor visitor[CONFIG_VISITORS];
    char statement[CONFIG_STATEMENTS][CONFIG_MARKING]; /* markings that name no rule of sharing */
};

struct config_error {
    char member[128];
    char why[160];
};

/* Reads the members of `exchange` with a reader that is there; *out is filled even after a fault.
 * `listen` and `store` are let be: who hosts us reads those. */
void config_read(const struct member *exchange, struct config *out);

/* Reads the `exchange` member. *out is written on success alone; `error` may be NULL. Faults as
 * json/member.h; also DUPLICATE (a name or id twice) and UNKNOWN (a right of nobody). */
MUST_CHECK struct fault config_parse(const json_t *tree, struct config *out,
                                     struct config_error *error);

/* Does a visitor of the partner's read, or write, there? */
bool config_partner_reads(const struct config *c, const struct config_collection *k);
bool config_partner_writes(const struct config *c, const struct config_collection *k);

/* Rights of a visitor (index) in a collection. */
static inline bool config_may_read(const struct config_collection *c, size_t visitor)
{
    return (c->readers >> visitor & 1) != 0;
}

static inline bool config_may_write(const struct config_collection *c, size_t visitor)
{
    return (c->writers >> visitor & 1) != 0;
}

#endif

/*
 * rooted.h - documents that the root keys sign themselves, GENESIS and CONTACT: docs/
 * PROTOCOL.ledger section 4, "signatures"; and what a CONTACT says.
 */
#ifndef PARLEY_STATEMENT_ROOTED_H
#define PARLEY_STATEMENT_ROOTED_H

#include "statement/decision.h"
#include "statement/document.h"

/* A root key as an agreement names it; borrowed. */
struct rooted_by {
    const char *suite;
    struct bytes key;
};

/*
 * Did all these keys sign the document under this agreement, and nobody else? MISSING (one did
 * not), EXTRA (another did, or one twice), UNKNOWN (a suite we do not have), FORGED.
 */
MUST_CHECK struct fault rooted_verify(const struct disclosed *d, struct bytes agreement,
                                      const struct rooted_by *roots, size_t count);

/* An officer's key of one suite. */
struct contact_key {
    const struct suite *suite;
    size_t len;
    uint8_t byte[SUITE_KEY_MAX];
};

/*
 * An officer's enrolment or withdrawal. Its document has these fields and no other, all disclosed:
 *   agreement, party    ids
 *   officer             his name in decisions, [a-z0-9.-]
 *   role                list out of "drafter", "releaser", sorted, at least one
 *   suite, key          his own key of the agreement's first suite, base64
 *   key.SUITE           and of each other suite of the agreement
 *   state               "appointed" or "withdrawn"
 *   issued              time; a later one replaces an earlier one of the same officer
 */
struct contact {
    char agreement[ENTRY_NAME], party[ENTRY_NAME], officer[ENTRY_NAME];
    unsigned roles; /* OFFICER_* bits */
    size_t keys;    /* 1 to SEVERAL_MAX, the first suite's first, the others as their names sort */
    struct contact_key key[SEVERAL_MAX];
    bool appointed;
    struct instant issued;
};

/* Reads the fields; the signatures are rooted_verify's, and whether these are the agreement's
 * suites its caller asks. MISSING, SYNTAX, RANGE, EXTRA, UNKNOWN (suite, role, state), DUPLICATE
 * (two keys of one suite), LIMIT; those of suite_key_check. */
MUST_CHECK struct fault contact_read(const struct disclosed *d, struct contact *out);

/* Adds a key. As suite_key_check; DUPLICATE, LIMIT. */
MUST_CHECK struct fault contact_add_key(struct contact *c, const struct suite *suite,
                                        struct bytes key);
bool contact_same_keys(const struct contact *a, const struct contact *b);

/* The keys as several.h wants them, into room for SEVERAL_MAX; how many. Borrowed. */
size_t contact_several(const struct contact *c, struct several_key *out);

/* The fields as document_new takes them. The caller owns the object. */
json_t *contact_fields(const struct contact *c);

#endif

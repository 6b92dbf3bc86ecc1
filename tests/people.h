/*
 * people.h - two parties with all their keys, for tests that need what they sign.
 */
#ifndef PARLEY_TESTS_PEOPLE_H
#define PARLEY_TESTS_PEOPLE_H

#include <string.h>

#include "base/text.h"
#include "crypto/domain.h"
#include "ledger/roles.h"
#include "statement/document.h"
#include "test.h"

struct person {
    const char *id;
    char origin[ROLES_ORIGIN];
    struct secret *root, *role[ROLE_COUNT];
    struct buf genesis, document; /* entry 0 and its document as disclosed */
    struct digest document_root;
};

struct people {
    struct agreement agreement;
    struct person a, b;
};

static inline const struct suite *people_suite(void)
{
    return suite_find(bytes_text("ed25519"));
}

static inline struct secret *people_key(const char *id, uint8_t number)
{
    uint8_t seed[32] = {number, (uint8_t)id[0]};
    struct secret *s;

    assert_good(secret_from_seed(people_suite(), seed, &s));
    return s;
}

/* Discloses `fields` (taken over), signed by `root` unless that is NULL. */
static inline void people_document(json_t *fields, const char *agreement, struct secret *root,
                                   uint8_t salt, struct buf *out, struct digest *hash,
                                   uint32_t *leaves)
{
    const uint8_t secret[DOCUMENT_SECRET] = {salt, 9};
    struct document_signature s = {.suite = "ed25519"};
    struct buf signature = {0};
    struct document *d;

    assert_non_null(fields);
    assert_good(document_new(fields, secret, &d));
    *hash = document_root(d);
    *leaves = document_leaves(d);
    if (root != NULL) {
        domain_sign(root, DOMAIN_ROOT, bytes_text(agreement), bytes_of(hash->byte, 32), &signature);
        s.key = secret_public(root);
        s.signature = buf_view(&signature);
    }
    document_disclose(d, NULL, 0, &s, root != NULL, out);
    buf_done(&signature);
    document_free(d);
    json_decref(fields);
}

/* An entry for this document, with what every entry of the agreement has. */
static inline struct entry people_entry(const struct agreement *a, const char *from, enum kind kind,
                                        const struct buf *document, struct digest root,
                                        uint32_t leaves)
{
    struct entry e = {.version = a->version,
                      .kind = kind,
                      .class = CLASS_REAL,
                      .time = instant_of_seconds(1764063000),
                      .document = root,
                      .leaves = leaves,
                      .disclosed = digest_of(buf_view(document)),
                      .disclosed_length = (uint32_t)document->len};

    memcpy(e.agreement, a->id, strlen(a->id));
    memcpy(e.agreement_digest.byte, a->digest, sizeof a->digest);
    memcpy(e.from, from, strlen(from));
    if (kind == KIND_GENESIS || kind == KIND_KEYS || kind == KIND_CONTACT)
        e.permit_kind = PERMIT_ROOT;
    return e;
}

static inline json_t *people_genesis_fields(const struct agreement *a, const struct person *p)
{
    json_t *fields =
        json_pack("{s:s, s:s, s:s}", "agreement", a->id, "party", p->id, "origin", p->origin);

    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++) {
        struct bytes key = secret_public(p->role[role]);
        char path[80], text[80];

        base64_write(key.data, key.len, text);
        snprintf(path, sizeof path, "key.%s.ed25519", role_name(role));
        json_object_set_new(fields, path, json_string(text));
    }
    return fields;
}

/* The fields of a KEYS: the person's keys, but those of `role` (ROLE_NONE: all) are new ones made
 * of `number`, which go to out[role]; the others are the person's own, borrowed. */
static inline json_t *people_keys_fields(const struct agreement *a, const struct person *p,
                                         enum role role, uint8_t number, const char *state,
                                         struct secret **out)
{
    json_t *fields =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "agreement", a->id, "party", p->id, "origin",
                  p->origin, "serial", 1, "state", state, "issued", "2025-11-25T09:30:00Z");

    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++) {
        char path[80], text[80];

        out[r] =
            role == ROLE_NONE || role == r ? people_key(p->id, (uint8_t)(number + r)) : p->role[r];
        base64_write(secret_public(out[r]).data, secret_public(out[r]).len, text);
        snprintf(path, sizeof path, "key.%s.ed25519", role_name(r));
        json_object_set_new(fields, path, json_string(text));
    }
    return fields;
}

/* A KEYS entry and its document, signed by `root` unless that is NULL; `fields` are taken over. */
static inline void people_keys(const struct agreement *a, const struct person *p, json_t *fields,
                               struct secret *root, uint64_t seen, struct buf *text,
                               struct buf *document)
{
    struct digest hash;
    uint32_t leaves;
    struct entry e;

    people_document(fields, a->id, root, 7, document, &hash, &leaves);
    e = people_entry(a, p->id, KIND_KEYS, document, hash, leaves);
    e.seen_size = seen;
    buf_clear(text);
    entry_write(&e, text);
}

static inline void people_person(struct agreement *a, struct party *party, struct person *p)
{
    struct entry e;
    uint32_t leaves;

    p->id = party->id;
    roles_origin(p->id, a->id, p->origin);
    p->root = people_key(p->id, 1);
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        p->role[role] = people_key(p->id, (uint8_t)(10 + role));
    party->root_count = 1;
    party->roots[0] = (struct root_key){.suite = "ed25519", .key_len = 32};
    memcpy(party->roots[0].key, secret_public(p->root).data, 32);
    people_document(people_genesis_fields(a, p), a->id, p->root, 1, &p->document, &p->document_root,
                    &leaves);
    e = people_entry(a, p->id, KIND_GENESIS, &p->document, p->document_root, leaves);
    entry_write(&e, &p->genesis);
}

static inline struct people *people_new(void)
{
    struct people *p = calloc(1, sizeof *p);
    struct agreement *a;

    assert_non_null(p);
    a = &p->agreement;
    a->id = "cn-ru-2015";
    a->version = 1;
    memset(a->digest, 7, sizeof a->digest);
    a->suites[0] = "ed25519";
    a->suite_count = 1;
    a->skew = 60;
    a->tlp = "amber+strict";
    a->parties[0].id = "a";
    a->parties[1].id = "b";
    people_person(a, &a->parties[0], &p->a);
    people_person(a, &a->parties[1], &p->b);
    return p;
}

static inline void people_forget(struct person *p)
{
    secret_free(p->root);
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        secret_free(p->role[role]);
    buf_done(&p->genesis);
    buf_done(&p->document);
}

static inline void people_free(struct people *p)
{
    people_forget(&p->a);
    people_forget(&p->b);
    free(p);
}

#endif

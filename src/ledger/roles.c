#include "ledger/roles.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "statement/rooted.h"

static const char *const names[ROLE_COUNT] = {"none", "log", "cosign", "hello"};

const char *role_name(enum role role)
{
    return (size_t)role < ROLE_COUNT ? names[role] : names[ROLE_NONE];
}

enum role role_parse(struct bytes name)
{
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        if (bytes_is(name, names[r]))
            return r;
    return ROLE_NONE;
}

static void path_in(const char *folder, enum role role, const struct suite *suite, char *out,
                    size_t len)
{
    const char *name = suite_name(suite);

    if (strcmp(name, "ed25519") == 0)
        snprintf(out, len, "%s/%s.pem", folder, role_name(role));
    else
        snprintf(out, len, "%s/%s.%s.pem", folder, role_name(role), name);
}

void role_key_path(enum role role, const struct suite *suite, char *out, size_t len)
{
    path_in("keys", role, suite, out, len);
}

void role_next_path(enum role role, const struct suite *suite, char *out, size_t len)
{
    path_in("keys/next", role, suite, out, len);
}

void roles_origin(const char *party, const char *agreement, char *out)
{
    snprintf(out, ROLES_ORIGIN, "%s/parley/%s", party, agreement);
}

struct fault roots_verify(const struct agreement *a, const struct party *party,
                          const struct disclosed *d)
{
    struct rooted_by roots[AGREEMENT_SUITES];

    for (size_t i = 0; i < party->root_count; i++)
        roots[i] = (struct rooted_by){party->roots[i].suite,
                                      bytes_of(party->roots[i].key, party->roots[i].key_len)};
    return rooted_verify(d, bytes_text(a->id), roots, party->root_count);
}

/* A field that must be this text. */
static struct fault field_is(const struct disclosed *d, const char *path, const char *want)
{
    if (strcmp(disclosed_text(d, path), want) != 0)
        return fault_make(FAULT_MISMATCH, 0, "genesis: agreement, party or origin differ");
    return fault_none();
}

static struct fault read_key(const struct disclosed *d, enum role role, const char *suite,
                             struct role_key *out)
{
    char path[DOCUMENT_PATH + 1];
    const char *text;

    snprintf(path, sizeof path, "key.%s.%s", role_name(role), suite);
    text = disclosed_text(d, path);
    out->suite = suite_find(bytes_text(suite));
    if (out->suite == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "PROTOCOL.ledger 1: no such suite here");
    if (text[0] == '\0')
        return fault_make(FAULT_MISSING, 0, "genesis: a key of each role and suite");
    if (!base64_size(bytes_text(text), &out->len) || out->len > sizeof out->key ||
        !base64_read(bytes_text(text), out->key, out->len))
        return fault_make(FAULT_SYNTAX, 0, "genesis: a key in base64");
    return suite_key_check(out->suite, bytes_of(out->key, out->len));
}

static struct fault read_keys(const struct agreement *a, const struct disclosed *d,
                              struct roles *out)
{
    out->suites = a->suite_count;
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        for (size_t i = 0; i < a->suite_count; i++) {
            struct fault f = read_key(d, role, a->suites[i], &out->key[role][i]);

            if (fault_is(f))
                return f;
        }
    return fault_none();
}

static bool key_equal(const struct role_key *a, const struct role_key *b)
{
    return bytes_equal(bytes_of(a->key, a->len), bytes_of(b->key, b->len));
}

static bool is_root(const struct party *p, const struct role_key *k)
{
    for (size_t i = 0; i < p->root_count; i++)
        if (bytes_equal(bytes_of(p->roots[i].key, p->roots[i].key_len), bytes_of(k->key, k->len)))
            return true;
    return false;
}

/* "No key has two roles." */
static struct fault keys_differ(const struct party *p, const struct roles *r)
{
    size_t all = (ROLE_COUNT - 1) * r->suites;

    for (size_t i = 0; i < all; i++) {
        const struct role_key *a = &r->key[1 + i / r->suites][i % r->suites];

        if (is_root(p, a))
            return fault_make(FAULT_DUPLICATE, 0, "PROTOCOL.ledger 1: no key has two roles");
        for (size_t k = 0; k < i; k++)
            if (key_equal(a, &r->key[1 + k / r->suites][k % r->suites]))
                return fault_make(FAULT_DUPLICATE, 0, "PROTOCOL.ledger 1: no key has two roles");
    }
    return fault_none();
}

/* Nothing but what was read: `texts` and a key of each role and suite, all disclosed. */
static struct fault fields_only(const struct disclosed *d, size_t texts, size_t suites)
{
    struct disclosed_leaf leaf;
    size_t fields = 0;

    for (size_t i = 0; disclosed_leaf_at(d, i, &leaf); i++)
        if (leaf.path != NULL)
            fields++;
    if (fields != texts + (ROLE_COUNT - 1) * suites)
        return fault_make(FAULT_EXTRA, 0, "genesis: a field that does not belong");
    return fault_none();
}

enum { GENESIS_TEXTS = 3, KEYS_TEXTS = 6 }; /* fields that are no keys */

static struct fault read_document(const struct agreement *a, const struct party *p,
                                  const struct disclosed *d, bool is_signed, size_t texts,
                                  struct roles *out)
{
    struct fault f = is_signed ? roots_verify(a, p, d) : fault_none();

    roles_origin(p->id, a->id, out->origin);
    if (!fault_is(f))
        f = field_is(d, "agreement", a->id);
    if (!fault_is(f))
        f = field_is(d, "party", p->id);
    if (!fault_is(f))
        f = field_is(d, "origin", out->origin);
    if (!fault_is(f))
        f = read_keys(a, d, out);
    if (!fault_is(f))
        f = fields_only(d, texts, out->suites);
    return fault_is(f) ? f : keys_differ(p, out);
}

static struct fault read_change(const struct disclosed *d, struct roles_change *out)
{
    const json_t *serial = disclosed_value(d, "serial");
    const char *state = disclosed_text(d, "state");
    json_int_t n = json_is_integer(serial) ? json_integer_value(serial) : 0;

    if (n < 1 || n > UINT32_MAX)
        return fault_make(FAULT_RANGE, 0, "docs/STATEMENTS: KEYS: serial");
    out->serial = (uint32_t)n;
    out->revokes = strcmp(state, "revoked") == 0;
    if (!out->revokes && strcmp(state, "rotated") != 0)
        return fault_make(FAULT_UNKNOWN, 0, "docs/STATEMENTS: KEYS: state");
    return instant_parse(bytes_text(disclosed_text(d, "issued")), &out->issued);
}

static struct fault entry_is(const struct agreement *a, const char *party, enum kind kind,
                             struct bytes entry, struct entry *e)
{
    struct fault f = entry_parse(entry, e);

    if (fault_is(f))
        return f;
    if (e->kind != kind)
        return fault_make(FAULT_MISMATCH, 0, "genesis: an entry of another kind");
    if (strcmp(e->agreement, a->id) != 0 || strcmp(e->from, party) != 0)
        return fault_make(FAULT_MISMATCH, 0, "genesis: another agreement or party");
    return f;
}

/* `change` is NULL for a genesis. */
static struct fault from_entry(const struct agreement *a, const char *party, struct bytes entry,
                               struct bytes document, struct roles *out,
                               struct roles_change *change)
{
    const struct party *p = agreement_party(a, party);
    struct roles *r;
    struct disclosed *d;
    struct entry e;
    struct fault f = entry_is(a, party, change == NULL ? KIND_GENESIS : KIND_KEYS, entry, &e);

    if (fault_is(f))
        return f;
    if (p == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "genesis: no such party");
    f = disclosed_parse(document, &d);
    if (fault_is(f))
        return f;
    r = memory_zeroed(1, sizeof *r);
    f = disclosed_matches(d, document, &e);
    if (!fault_is(f))
        f = read_document(a, p, d, true, change == NULL ? GENESIS_TEXTS : KEYS_TEXTS, r);
    if (!fault_is(f) && change != NULL)
        f = read_change(d, change);
    if (!fault_is(f))
        *out = *r;
    free(r);
    disclosed_free(d);
    return f;
}

struct fault roles_from_genesis(const struct agreement *a, const char *party, struct bytes entry,
                                struct bytes document, struct roles *out)
{
    return from_entry(a, party, entry, document, out, NULL);
}

struct fault roles_from_keys(const struct agreement *a, const char *party, struct bytes entry,
                             struct bytes document, struct roles *out, struct roles_change *change)
{
    struct roles_change c;
    struct fault f = from_entry(a, party, entry, document, out, &c);

    if (!fault_is(f))
        *change = c;
    return f;
}

struct fault roles_from_plan(const struct agreement *a, const char *party,
                             const struct disclosed *d, bool is_signed, struct roles *out,
                             struct roles_change *change)
{
    const struct party *p = agreement_party(a, party);
    struct roles *r;
    struct roles_change c;
    struct fault f;

    if (p == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "genesis: no such party");
    r = memory_zeroed(1, sizeof *r);
    f = read_document(a, p, d, is_signed, KEYS_TEXTS, r);
    if (!fault_is(f))
        f = read_change(d, &c);
    if (!fault_is(f)) {
        *out = *r;
        *change = c;
    }
    free(r);
    return f;
}

static struct fault add_keys(const struct roles *r, enum role role, struct note_signer *out)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < r->suites && !fault_is(f); i++) {
        const struct role_key *k = &r->key[role][i];

        f = note_signer_add(out, k->suite, bytes_of(k->key, k->len));
    }
    return f;
}

struct fault roles_signers(const struct roles *r, struct note_signer *author,
                           struct note_signer *cosigner)
{
    struct note_signer log = {.role = NOTE_AUTHOR}, other = {.role = NOTE_COSIGNER};
    struct fault f = add_keys(r, ROLE_LOG, &log);

    snprintf(log.name, sizeof log.name, "%s", r->origin);
    snprintf(other.name, sizeof other.name, "%s/cosign", r->origin);
    if (!fault_is(f))
        f = add_keys(r, ROLE_COSIGN, &other);
    if (!fault_is(f) && author != NULL)
        *author = log;
    if (!fault_is(f) && cosigner != NULL)
        *cosigner = other;
    return f;
}

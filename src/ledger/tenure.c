#include "ledger/tenure.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ledger/tree.h"

static const char section[] = "PROTOCOL.ledger section 11";

static bool same(const struct role_key *a, const struct role_key *b)
{
    return a->suite == b->suite && bytes_equal(bytes_of(a->key, a->len), bytes_of(b->key, b->len));
}

/* Was this key used anywhere but in this role and place of the newest keys? */
static bool was_used(const struct tenure *k, enum role role, size_t suite,
                     const struct role_key *key)
{
    const struct role_key *now = &k->keys[k->count - 1]->roles.key[role][suite];

    if (same(now, key))
        return false; /* it stays what it is */
    for (size_t i = 0; i < k->count; i++)
        for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
            for (size_t n = 0; n < k->keys[i]->roles.suites; n++)
                if (same(&k->keys[i]->roles.key[r][n], key))
                    return true;
    return false;
}

struct fault tenure_would_follow(const struct tenure *k, const struct roles *roles,
                                 const struct roles_change *change)
{
    const struct tenure_keys *last = k->keys[k->count - 1];
    size_t changed = 0;

    if (k->count == TENURE_MAX)
        return fault_make(FAULT_LIMIT, 0, section);
    if (change->serial != last->change.serial + 1 || roles->suites != last->roles.suites)
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.ledger section 11: the serial does not follow");
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        for (size_t i = 0; i < roles->suites; i++) {
            const struct role_key *key = &roles->key[role][i];

            changed += !same(key, &last->roles.key[role][i]);
            if (was_used(k, role, i, key))
                return fault_make(FAULT_DUPLICATE, 0,
                                  "PROTOCOL.ledger section 11: a key that was used before");
        }
    return changed != 0
               ? fault_none()
               : fault_make(FAULT_MISSING, 0, "PROTOCOL.ledger section 11: no key is another one");
}

/* Its own two stand for the newest keys, wherever the struct lies. */
static void point(struct tenure *k)
{
    k->author = k->keys[k->count - 1]->author;
    k->cosigner = k->keys[k->count - 1]->cosigner;
}

/* Which keys of this role does `next` replace, and do these have one of them? */
static bool has_replaced(const struct roles *these, const struct roles *last,
                         const struct roles *next, enum role role)
{
    for (size_t i = 0; i < last->suites; i++)
        for (size_t n = 0; n < these->suites; n++)
            if (!same(&last->key[role][i], &next->key[role][i]) &&
                same(&last->key[role][i], &these->key[role][n]))
                return true;
    return false;
}

static void revoke(struct tenure *k, const struct roles *next)
{
    const struct roles *last = &k->keys[k->count - 1]->roles;

    for (size_t i = 0; i < k->count; i++) {
        struct tenure_keys *keys = k->keys[i];

        keys->author.revoked |= has_replaced(&keys->roles, last, next, ROLE_LOG);
        keys->cosigner.revoked |= has_replaced(&keys->roles, last, next, ROLE_COSIGN);
        keys->hello_revoked |= has_replaced(&keys->roles, last, next, ROLE_HELLO);
    }
}

static struct fault add(struct tenure *k, struct tenure_keys *keys, uint64_t seen)
{
    struct fault f = roles_signers(&keys->roles, &keys->author, &keys->cosigner);

    if (fault_is(f))
        return f;
    keys->author.since = keys->index;
    keys->cosigner.since = seen;
    if (keys->change.revokes)
        revoke(k, &keys->roles);
    if (k->count != 0) {
        keys->author.before = &k->keys[k->count - 1]->author;
        keys->cosigner.before = &k->keys[k->count - 1]->cosigner;
    }
    k->keys[k->count++] = keys;
    point(k);
    return f;
}

struct fault tenure_begin_with(struct tenure *k, const struct roles *roles)
{
    struct tenure_keys *keys = memory_zeroed(1, sizeof *keys);
    struct fault f;

    assert(k->count == 0);
    keys->roles = *roles;
    f = add(k, keys, 0);
    if (fault_is(f))
        free(keys);
    return f;
}

struct fault tenure_begin(struct tenure *k, const struct agreement *a, const char *party,
                          struct bytes entry, struct bytes document)
{
    struct roles *roles = memory_zeroed(1, sizeof *roles);
    struct fault f = roles_from_genesis(a, party, entry, document, roles);

    if (!fault_is(f))
        f = tenure_begin_with(k, roles);
    if (!fault_is(f))
        k->keys[0]->leaf = tree_leaf(entry);
    free(roles);
    return f;
}

struct fault tenure_change(struct tenure *k, const struct agreement *a, const char *party,
                           uint64_t index, struct bytes entry, struct bytes document)
{
    struct tenure_keys *keys;
    struct entry e;
    struct fault f;

    if (k->count == 0 || index <= k->keys[k->count - 1]->index)
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.ledger section 11: not behind the keys before");
    keys = memory_zeroed(1, sizeof *keys);
    keys->index = index;
    keys->leaf = tree_leaf(entry);
    f = roles_from_keys(a, party, entry, document, &keys->roles, &keys->change);
    if (!fault_is(f))
        f = tenure_would_follow(k, &keys->roles, &keys->change);
    if (!fault_is(f))
        f = entry_parse(entry, &e);
    if (!fault_is(f))
        f = add(k, keys, e.seen_size);
    if (fault_is(f))
        free(keys);
    return f;
}

void tenure_cut(struct tenure *k, uint64_t index)
{
    bool revoked = false;

    while (k->count > 1 && k->keys[k->count - 1]->index >= index) {
        revoked |= k->keys[k->count - 1]->change.revokes;
        free(k->keys[--k->count]);
    }
    /* What the cut ones revoked is not revoked; what is left says it again. */
    for (size_t i = 0; revoked && i < k->count; i++)
        k->keys[i]->author.revoked = k->keys[i]->cosigner.revoked = k->keys[i]->hello_revoked =
            false;
    for (size_t i = 1, all = k->count; revoked && i < all; i++) {
        k->count = i;
        if (k->keys[i]->change.revokes)
            revoke(k, &k->keys[i]->roles);
        k->count = all;
    }
    if (k->count != 0)
        point(k);
}

void tenure_done(struct tenure *k)
{
    for (size_t i = 0; i < k->count; i++)
        free(k->keys[i]);
    *k = (struct tenure){.count = 0};
}

const struct tenure_keys *tenure_at(const struct tenure *k, uint64_t size)
{
    size_t i = k->count;

    while (i > 1 && k->keys[i - 1]->index >= size)
        i--;
    return i == 0 ? NULL : k->keys[i - 1];
}

bool tenure_has(const struct tenure *k, uint64_t index, const struct digest *leaf)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->keys[i]->index == index && digest_equal(&k->keys[i]->leaf, leaf))
            return true;
    return false;
}

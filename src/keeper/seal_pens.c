/* seal_pens.c - which of the keys that we hold sign, by what our log names. */
#include "keeper/sealing.h"

/* Which of the keys that we hold is this one? NULL: none. */
static struct secret *held(const struct seal *s, enum role role, size_t suite,
                           const struct role_key *key)
{
    struct secret *const *from[] = {s->keys->role[role], s->keys->next[role]};

    for (size_t i = 0; i < 2; i++)
        if (from[i] != NULL && from[i][suite] != NULL &&
            secret_suite(from[i][suite]) == key->suite &&
            bytes_equal(bytes_of(key->key, key->len), secret_public(from[i][suite])))
            return from[i][suite];
    return NULL;
}

/* The secrets of a role's keys. */
struct fault pens_take(const struct seal *s, const struct roles *r, enum role role,
                       struct pens *out)
{
    if (r->suites != s->keys->suites)
        return fault_make(FAULT_MISMATCH, 0, "keeper: other suites than our keys");
    for (size_t i = 0; i < r->suites; i++) {
        out->key[i] = held(s, role, i, &r->key[role][i]);
        if (out->key[i] == NULL)
            return fault_make(FAULT_MISMATCH, 0,
                              "keeper: a key that the log names is not in keys/ or keys/next/");
    }
    return fault_none();
}

struct fault pens_take_all(const struct seal *s, const struct roles *r)
{
    struct fault f = fault_none();
    struct pens pens;

    for (enum role role = ROLE_LOG; role < ROLE_COUNT && !fault_is(f); role++)
        f = pens_take(s, r, role, &pens);
    return f;
}

void pens_lacking(const struct seal *s, const struct roles *r, struct buf *out)
{
    char fingerprint[FINGERPRINT_TEXT];

    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        for (size_t i = 0; i < r->suites && i < s->keys->suites; i++) {
            const struct role_key *key = &r->key[role][i];

            if (held(s, role, i, key) != NULL)
                continue;
            fingerprint_write(suite_key_id(key->suite, bytes_of(key->key, key->len)), fingerprint);
            buf_print(out, "%s %s %s\n", role_name(role), suite_name(key->suite), fingerprint);
        }
}

/*
 * The partner may not hold the entry yet that names our newest keys. So, as long as we have the
 * keys before them, their lines stand in the cosignature too; who holds the entry asks for none of
 * these. How many there are.
 */
size_t pens_add_before(const struct seal *s, const struct tenure_keys *now, struct pens *pens)
{
    const struct tenure_keys *before = tenure_at(&s->ours.tenure, now->index);
    size_t count = s->keys->suites;

    for (size_t i = 0; before != now && i < s->keys->suites; i++) {
        struct secret *old = held(s, ROLE_COSIGN, i, &before->roles.key[ROLE_COSIGN][i]);

        if (old != NULL && old != pens->key[i])
            pens->key[count++] = old;
    }
    return count;
}

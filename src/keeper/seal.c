#include "keeper/seal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "crypto/several.h"
#include "hotline/hello.h"
#include "keeper/sealing.h"

const struct agreement *seal_newest(const struct seal *s)
{
    return s->version[s->count - 1];
}

/* --- files of keeper's own ------------------------------------------------------------------- */

void seal_file(const struct seal *s, const char *what, char *out)
{
    snprintf(out, SEAL_NAME, "%s.%s", seal_newest(s)->id, what);
}

static struct fault load_registry(struct seal *s)
{
    struct buf text = {0};
    char name[SEAL_NAME];
    struct fault f;

    seal_file(s, "officers", name);
    f = s->folder->read(s->folder->context, name, &text);
    if (!fault_is(f) && text.len == 0)
        s->registry = registry_new();
    else if (!fault_is(f))
        f = registry_parse(buf_view(&text), &s->registry);
    buf_done(&text);
    return f;
}

static struct fault load_keys(struct seal *s, const char *what, const char *party,
                              struct keysfile *out)
{
    struct buf text = {0};
    char name[SEAL_NAME];
    struct fault f;

    seal_file(s, what, name);
    f = s->folder->read(s->folder->context, name, &text);
    if (!fault_is(f) && text.len != 0)
        f = keysfile_parse(seal_newest(s), party, buf_view(&text), out);
    buf_done(&text);
    return f;
}

struct fault seal_save_keys(const struct seal *s, const char *what, const struct keysfile *keys)
{
    char name[SEAL_NAME];

    seal_file(s, what, name);
    return s->folder->replace(s->folder->context, name, buf_view(&keys->text));
}

void seal_forget_tentative(const struct seal *s, const char *origin, struct keysfile *keys)
{
    const struct keeping_log *log = keeping_find(s->keeping, bytes_text(origin));
    uint64_t size = log == NULL ? 0 : log->tree.size;

    keysfile_cut(keys, size);
}

/* --- start ----------------------------------------------------------------------------------- */

uint64_t seal_signed_size(const struct seal *s)
{
    const struct keeping_log *log = keeping_find(s->keeping, bytes_text(s->origin));

    return log == NULL ? 0 : log->tree.size;
}

/* Before there is a genesis, and in a node older than ID.keys: what we hold is what it names. */
static struct fault begin_with_held(struct seal *s)
{
    struct roles *r = memory_zeroed(1, sizeof *r);
    struct fault f;

    memcpy(r->origin, s->origin, sizeof r->origin);
    r->suites = s->keys->suites;
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        for (size_t i = 0; i < r->suites; i++) {
            const struct secret *secret = s->keys->role[role][i];
            struct bytes public = secret_public(secret);
            struct role_key *key = &r->key[role][i];

            key->suite = secret_suite(secret);
            key->len = public.len;
            memcpy(key->key, public.data, public.len);
        }
    f = tenure_begin_with(&s->ours.tenure, r);
    free(r);
    return f;
}

static struct fault learn_ourselves(struct seal *s)
{
    struct fault f;

    roles_origin(s->own->id, seal_newest(s)->id, s->origin);
    snprintf(s->cosigner, sizeof s->cosigner, "%s/cosign", s->origin);
    f = load_keys(s, "keys", s->own->id, &s->ours);
    if (!fault_is(f) && s->ours.tenure.count == 0)
        f = begin_with_held(s);
    if (fault_is(f))
        return f;
    seal_forget_tentative(s, s->origin, &s->ours);
    return f;
}

static struct fault learn_partner(struct seal *s)
{
    char origin[ROLES_ORIGIN];
    struct fault f = load_keys(s, "partner", s->partner->id, &s->theirs);

    roles_origin(s->partner->id, seal_newest(s)->id, origin);
    if (!fault_is(f))
        seal_forget_tentative(s, origin, &s->theirs);
    return f;
}

struct fault seal_new(const struct seal_start *start, struct seal **out)
{
    struct seal *s = memory_zeroed(1, sizeof *s);
    struct fault f;

    if (start->count == 0 || start->count > SEAL_VERSIONS)
        die("parley: keeper has no agreement, or too many versions of one\n");
    memcpy(s->version, start->versions, start->count * sizeof s->version[0]);
    s->count = start->count;
    s->keys = start->keys;
    s->keeping = start->keeping;
    s->folder = start->folder;
    s->own = agreement_party(seal_newest(s), start->party);
    if (s->own == NULL)
        die("parley: keeper has an agreement of others\n");
    s->partner = agreement_other(seal_newest(s), s->own);
    f = learn_ourselves(s);
    if (!fault_is(f))
        f = load_registry(s);
    if (!fault_is(f))
        f = learn_partner(s);
    if (fault_is(f))
        seal_free(s);
    else
        *out = s;
    return f;
}

void seal_free(struct seal *s)
{
    if (s == NULL)
        return;
    registry_free(s->registry);
    keysfile_done(&s->ours);
    keysfile_done(&s->theirs);
    free(s);
}

const char *seal_agreement(const struct seal *s)
{
    return seal_newest(s)->id;
}

const char *seal_origin(const struct seal *s)
{
    return s->origin;
}

void seal_lacking(const struct seal *s, struct buf *out)
{
    pens_lacking(s, &tenure_at(&s->ours.tenure, seal_signed_size(s))->roles, out);
}

/* --- the greeting ---------------------------------------------------------------------------- */

/* exporter || "dialler" or "listener" || what a HELLO of ours says, borrowed from *whole. */
static struct fault hello_is_ours(const struct seal *s, struct bytes bytes, struct buf *whole,
                                  struct frame_hello *h)
{
    static const char *const side[] = {"dialler", "listener"};

    for (size_t i = 0; i < 2; i++) {
        size_t skip = HELLO_EXPORTER + strlen(side[i]);

        if (bytes.len < skip || memcmp(bytes.data + HELLO_EXPORTER, side[i], strlen(side[i])) != 0)
            continue;
        buf_clear(whole);
        buf_add(whole, bytes.data + skip, bytes.len - skip);
        frame_hello_sign(bytes_text("-"), bytes_text("-"), whole);
        if (!fault_is(frame_hello_parse(buf_view(whole), h)) &&
            bytes_is(h->agreement, seal_newest(s)->id) && bytes_is(h->party, s->own->id))
            return fault_none();
    }
    return fault_make(FAULT_REFUSED, 0, "PROTOCOL.hotline 2: no HELLO of ours");
}

/* The next of our KEYS entries is this one; behind the last, it is tried on. */
static struct fault follow(struct seal *s, size_t number, const struct frame_keys *k)
{
    const struct tenure *t = &s->ours.tenure;
    struct digest leaf = tree_leaf(k->entry);

    if (number >= t->count)
        return tenure_change(&s->ours.tenure, seal_newest(s), s->own->id, k->index, k->entry,
                             k->document);
    return t->keys[number]->index == k->index && digest_equal(&t->keys[number]->leaf, &leaf)
               ? fault_none()
               : fault_make(FAULT_REFUSED, 0, "PROTOCOL.ledger section 11: KEYS that are not ours");
}

/* A HELLO is signed by the hello keys that it names itself, the last of its KEYS entries. It may
 * name fewer than we know (the newest are not held), or more: the log lost them, and the partner
 * showed them. The latter are root-signed, and forgotten here until they are in the log again. */
static struct fault take_named(struct seal *s, const struct frame_hello *h, struct pens *pens,
                               struct buf *lacking)
{
    struct tenure *t = &s->ours.tenure;
    size_t known = t->count;
    struct fault f = fault_none();

    for (uint32_t i = 0; i < h->key_count && !fault_is(f); i++)
        f = follow(s, i + 1, &h->keys[i]);
    if (!fault_is(f)) {
        const struct roles *roles = &t->keys[h->key_count]->roles;

        f = pens_take(s, roles, ROLE_HELLO, pens);
        if (fault_is(f))
            pens_lacking(s, roles, lacking);
    }
    if (t->count > known)
        tenure_cut(t, t->keys[known]->index);
    return f;
}

struct fault seal_hello(struct seal *s, const struct order_hello *order, struct buf *suite,
                        struct buf *signature, struct buf *lacking)
{
    struct frame_hello *h = memory_zeroed(1, sizeof *h);
    struct buf whole = {0};
    struct pens pens;
    struct fault f = hello_is_ours(s, order->bytes, &whole, h);

    if (!fault_is(f))
        f = take_named(s, h, &pens, lacking);
    if (!fault_is(f))
        several_sign(pens.key, s->keys->suites, DOMAIN_HELLO, bytes_text(seal_newest(s)->id),
                     order->bytes, suite, signature);
    buf_done(&whole);
    free(h);
    return f;
}

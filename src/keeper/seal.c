#include "keeper/seal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "crypto/several.h"
#include "hotline/hello.h"
#include "keeper/keysfile.h"
#include "ledger/note.h"

enum { NAME_MAX_ = AGREEMENT_ID + 16 }; /* a file name */

struct seal {
    const struct agreement *version[SEAL_VERSIONS];
    size_t count;
    const struct party *own, *partner; /* of the newest version */
    const struct seal_keys *keys;
    struct keeping *keeping;
    const struct seal_folder *folder;
    struct registry *registry; /* owned */
    char origin[ROLES_ORIGIN], cosigner[NOTE_NAME];
    struct keysfile ours;   /* ID.keys; no text in a node whose file is not there */
    struct keysfile theirs; /* ID.partner; no keys: not known */
};

static const struct agreement *newest(const struct seal *s)
{
    return s->version[s->count - 1];
}

/* --- files of keeper's own ------------------------------------------------------------------- */

static void file_name(const struct seal *s, const char *what, char *out)
{
    snprintf(out, NAME_MAX_, "%s.%s", newest(s)->id, what);
}

static struct fault load_registry(struct seal *s)
{
    struct buf text = {0};
    char name[NAME_MAX_];
    struct fault f;

    file_name(s, "officers", name);
    f = s->folder->read(s->folder->context, name, &text);
    if (!fault_is(f) && text.len == 0)
        s->registry = registry_new();
    else if (!fault_is(f))
        f = registry_parse(buf_view(&text), &s->registry);
    buf_done(&text);
    return f;
}

static struct fault save_registry(const struct seal *s, const struct registry *r)
{
    struct buf text = {0};
    char name[NAME_MAX_];
    struct fault f;

    file_name(s, "officers", name);
    registry_write(r, &text);
    f = s->folder->replace(s->folder->context, name, buf_view(&text));
    buf_done(&text);
    return f;
}

/* --- keys ------------------------------------------------------------------------------------ */

static struct fault load_keys(struct seal *s, const char *what, const char *party,
                              struct keysfile *out)
{
    struct buf text = {0};
    char name[NAME_MAX_];
    struct fault f;

    file_name(s, what, name);
    f = s->folder->read(s->folder->context, name, &text);
    if (!fault_is(f) && text.len != 0)
        f = keysfile_parse(newest(s), party, buf_view(&text), out);
    buf_done(&text);
    return f;
}

static struct fault save_keys(const struct seal *s, const char *what, const struct keysfile *keys)
{
    char name[NAME_MAX_];

    file_name(s, what, name);
    return s->folder->replace(s->folder->context, name, buf_view(&keys->text));
}

/* S5 lets the file be ahead of a head that then was not signed: what it names at or behind the
 * size of the last decision was never signed under. */
static void forget_tentative(const struct seal *s, const char *origin, struct keysfile *keys)
{
    const struct keeping_log *log = keeping_find(s->keeping, bytes_text(origin));
    uint64_t size = log == NULL ? 0 : log->tree.size;

    keysfile_cut(keys, size);
}

/* --- the partner ----------------------------------------------------------------------------- */

struct fault seal_peer(struct seal *s, const struct order_peer *order)
{
    struct digest leaf = tree_leaf(order->entry);
    struct fault f;

    if (s->theirs.tenure.count != 0)
        return tenure_has(&s->theirs.tenure, 0, &leaf)
                   ? fault_none()
                   : fault_make(FAULT_REFUSED, 0,
                                "DESIGN 5, rule 1: the partner's genesis is known");
    f = keysfile_begin(&s->theirs, newest(s), s->partner->id, order->entry, order->document);
    if (fault_is(f))
        return f;
    f = save_keys(s, "partner", &s->theirs);
    if (fault_is(f))
        keysfile_done(&s->theirs);
    return f;
}

/* --- start ----------------------------------------------------------------------------------- */

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

struct pens {
    struct secret *key[2 * AGREEMENT_SUITES]; /* the second half: add_before */
};

/* The secrets of a role's keys. */
static struct fault take_pens(const struct seal *s, const struct roles *r, enum role role,
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

static struct fault take_all(const struct seal *s, const struct roles *r)
{
    struct fault f = fault_none();
    struct pens pens;

    for (enum role role = ROLE_LOG; role < ROLE_COUNT && !fault_is(f); role++)
        f = take_pens(s, r, role, &pens);
    return f;
}

/* The size of our log that we signed last. */
static uint64_t signed_size(const struct seal *s)
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

    roles_origin(s->own->id, newest(s)->id, s->origin);
    snprintf(s->cosigner, sizeof s->cosigner, "%s/cosign", s->origin);
    f = load_keys(s, "keys", s->own->id, &s->ours);
    if (!fault_is(f) && s->ours.tenure.count == 0)
        f = begin_with_held(s);
    if (fault_is(f))
        return f;
    forget_tentative(s, s->origin, &s->ours);
    return take_all(s, &tenure_at(&s->ours.tenure, signed_size(s))->roles);
}

static struct fault learn_partner(struct seal *s)
{
    char origin[ROLES_ORIGIN];
    struct fault f = load_keys(s, "partner", s->partner->id, &s->theirs);

    roles_origin(s->partner->id, newest(s)->id, origin);
    if (!fault_is(f))
        forget_tentative(s, origin, &s->theirs);
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
    s->own = agreement_party(newest(s), start->party);
    if (s->own == NULL)
        die("parley: keeper has an agreement of others\n");
    s->partner = agreement_other(newest(s), s->own);
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
    return newest(s)->id;
}

const char *seal_origin(const struct seal *s)
{
    return s->origin;
}

/* --- our own heads --------------------------------------------------------------------------- */

/* What is found out about the entries of an order, before keeping signs. */
struct judged {
    struct seal *seal;
    struct registry *registry; /* with the order's CONTACTs applied */
    bool registry_changed;
    bool keys_changed; /* the seal has the order's GENESIS or KEYS */
    struct instant expires[ORDER_ENTRIES];
};

static const struct agreement *version_of(const struct seal *s, const struct entry *e)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->version[i]->version == e->version &&
            memcmp(s->version[i]->digest, e->agreement_digest.byte, 32) == 0)
            return s->version[i];
    return NULL;
}

/* Our genesis must name the very keys that we hold: else our heads could not be verified. */
static struct fault apply_genesis(struct judged *j, const struct order_entry *o)
{
    struct seal *s = j->seal;
    struct keysfile keys = {.tenure = {.count = 0}};
    struct fault f = keysfile_begin(&keys, newest(s), s->own->id, o->text, o->disclosed);

    if (!fault_is(f))
        f = take_all(s, &keys.tenure.keys[0]->roles);
    if (fault_is(f)) {
        keysfile_done(&keys);
        return f;
    }
    keysfile_done(&s->ours);
    s->ours = keys;
    j->keys_changed = true;
    return f;
}

/* What was cosigned up to now was cosigned by the keys before, and the entry must say how far. */
static struct fault seen_is_cosigned(const struct seal *s, const struct entry *e)
{
    char origin[ROLES_ORIGIN];
    const struct keeping_log *log;

    roles_origin(s->partner->id, newest(s)->id, origin);
    log = keeping_find(s->keeping, bytes_text(origin));
    return e->seen_size == (log == NULL ? 0 : log->tree.size)
               ? fault_none()
               : fault_make(FAULT_ORDER, 0,
                            "PROTOCOL.ledger section 11: KEYS says how far we cosigned");
}

static struct fault take_change(struct judged *j, uint64_t index, const struct order_entry *o)
{
    struct seal *s = j->seal;
    struct fault f = keysfile_change(&s->ours, newest(s), s->own->id, index, o->text, o->disclosed);

    j->keys_changed |= !fault_is(f);
    return fault_is(f) ? f : take_all(s, &s->ours.tenure.keys[s->ours.tenure.count - 1]->roles);
}

static struct fault apply_keys(struct judged *j, const struct entry *e, uint64_t index,
                               const struct order_entry *o)
{
    struct fault f = seen_is_cosigned(j->seal, e);

    if (!fault_is(f) && j->seal->ours.text.len == 0)
        f = fault_make(FAULT_MISSING, 0, "keeper: the genesis that the keys follow is not here");
    return fault_is(f) ? f : take_change(j, index, o);
}

static struct fault apply_contact(struct judged *j, const struct agreement *a,
                                  struct bytes document)
{
    const struct party *own = agreement_party(a, j->seal->own->id);
    struct disclosed *d;
    struct fault f = disclosed_parse(document, &d);

    if (fault_is(f))
        return f;
    f = registry_apply(j->registry, a, own, d);
    disclosed_free(d);
    j->registry_changed = true;
    return f;
}

static struct fault judge_entry(struct judged *j, const struct order_entry *o, uint64_t index,
                                struct instant now, struct instant *expires)
{
    struct permit_text permit = {0};
    struct holds in = {.registry = j->registry,
                       .now = now,
                       .permit = o->permit,
                       .disclosed = o->disclosed,
                       .decisions = o->decision,
                       .decision_count = o->decision_count};
    struct entry e;
    struct fault f = entry_parse(o->text, &e);

    if (fault_is(f))
        return f;
    in.agreement = version_of(j->seal, &e);
    if (in.agreement == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "keeper: a version of the agreement that is not here");
    in.own = agreement_party(in.agreement, j->seal->own->id);
    in.entry = &e;
    f = release_holds(&in, &permit);
    if (!fault_is(f) && e.kind == KIND_GENESIS)
        f = apply_genesis(j, o);
    if (!fault_is(f) && e.kind == KIND_KEYS)
        f = apply_keys(j, &e, index, o);
    if (!fault_is(f) && e.kind == KIND_CONTACT)
        f = apply_contact(j, in.agreement, o->disclosed);
    *expires = permit.expires;
    return f;
}

static struct fault judge_all(struct judged *j, const struct order_sign *order, struct instant now,
                              uint64_t *refused)
{
    for (size_t i = 0; i < order->count; i++) {
        struct fault f = judge_entry(j, &order->entry[i], order->first + i, now, &j->expires[i]);

        if (fault_is(f)) {
            *refused = order->first + i;
            return f;
        }
    }
    return fault_none();
}

/* S2: the registry first, then the head. It holds root-signed words alone, so that it may be ahead
 * of a head that then is not signed. */
static struct fault commit_registry(struct seal *s, struct judged *j)
{
    struct registry *old = s->registry;
    struct fault f;

    if (!j->registry_changed)
        return fault_none();
    f = save_registry(s, j->registry);
    if (fault_is(f))
        return f;
    s->registry = j->registry;
    j->registry = old;
    return f;
}

/* S5 */
static struct fault commit_keys(struct seal *s, const struct judged *j)
{
    return j->keys_changed ? save_keys(s, "keys", &s->ours) : fault_none();
}

static struct fault was_judged(void *context, size_t i, const struct entry *e,
                               struct instant *expires)
{
    const struct judged *j = context;

    (void)e;
    *expires = j->expires[i];
    return fault_none();
}

static struct fault sign_head(struct seal *s, const struct order_sign *order, struct judged *j,
                              struct instant now, struct buf *note, uint64_t *refused)
{
    struct bytes text[ORDER_ENTRIES];
    struct keeping_sign sign = {.party = s->own->id,
                                .agreement = newest(s)->id,
                                .first = order->first,
                                .texts = text,
                                .count = order->count,
                                .permit = was_judged,
                                .context = j,
                                .now = now};
    struct pens pens;
    struct keeping_pen pen = {s->origin, pens.key, s->keys->suites};
    struct fault f = take_pens(s, &tenure_at(&s->ours.tenure, order->first + order->count)->roles,
                               ROLE_LOG, &pens);

    for (size_t i = 0; i < order->count; i++)
        text[i] = order->entry[i].text;
    return fault_is(f) ? f : keeping_sign_head(s->keeping, &sign, &pen, note, refused);
}

struct fault seal_sign(struct seal *s, const struct order_sign *order, struct instant now,
                       struct buf *note, uint64_t *refused)
{
    struct judged *j;
    struct fault f;

    *refused = order->first;
    if (order->first != signed_size(s))
        return fault_make(FAULT_ORDER, 0, "keeper: not where the last head ended");
    j = memory_zeroed(1, sizeof *j);
    j->seal = s;
    j->registry = registry_copy(s->registry); /* to try a CONTACT on */
    f = judge_all(j, order, now, refused);
    if (!fault_is(f))
        f = commit_registry(s, j);
    if (!fault_is(f))
        f = commit_keys(s, j);
    if (!fault_is(f))
        f = sign_head(s, order, j, now, note, refused);
    if (fault_is(f))
        forget_tentative(s, s->origin, &s->ours);
    registry_free(j->registry);
    free(j);
    return f;
}

/* --- after a refill -------------------------------------------------------------------------- */

/* Our own old words: signed by us once, but what officers and keys they named is to be known
 * again. */
static struct fault learn_again(struct judged *j, const struct order_sign *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct agreement *a;
        struct entry e;
        struct fault f = entry_parse(order->entry[i].text, &e);

        if (fault_is(f))
            return f;
        a = version_of(j->seal, &e);
        f = e.kind == KIND_KEYS ? take_change(j, order->first + i, &order->entry[i]) : f;
        if (fault_is(f))
            return f;
        if (e.kind != KIND_CONTACT || a == NULL)
            continue;
        f = apply_contact(j, a, order->entry[i].disclosed);
        if (fault_is(f) && f.kind != FAULT_ORDER) /* one that a later one replaced */
            return f;
    }
    return fault_none();
}

struct fault seal_catch_up(struct seal *s, const struct order_sign *order, struct instant now)
{
    struct judged *j;
    struct bytes text[ORDER_ENTRIES];
    struct fault f;

    if (order->first != signed_size(s))
        return fault_make(FAULT_ORDER, 0, "keeper: not where the last head ended");
    j = memory_zeroed(1, sizeof *j);
    for (size_t i = 0; i < order->count; i++)
        text[i] = order->entry[i].text;
    j->seal = s;
    j->registry = registry_copy(s->registry);
    f = learn_again(j, order);
    if (!fault_is(f))
        f = commit_registry(s, j);
    if (!fault_is(f))
        f = commit_keys(s, j);
    if (!fault_is(f))
        f = keeping_catch_up(s->keeping, &s->ours.tenure.author, order->note, order->first, text,
                             order->count, now);
    if (fault_is(f))
        forget_tentative(s, s->origin, &s->ours);
    registry_free(j->registry);
    free(j);
    return f;
}

/* --- the partner's heads, the greeting -------------------------------------------------------- */

/* The changes of the partner's keys among the leaves. */
static struct fault take_changes(struct seal *s, const struct order_cosign *order)
{
    for (size_t i = 0; i < order->key_count; i++) {
        const struct order_keys *k = &order->keys[i];
        struct digest leaf = tree_leaf(k->entry);
        struct fault f;

        if (k->index < order->first || k->index - order->first >= order->count ||
            !digest_equal(&leaf, &order->leaf[k->index - order->first]))
            return fault_make(FAULT_MISMATCH, 0, "keeper: KEYS that are not among the leaves");
        f = keysfile_change(&s->theirs, newest(s), s->partner->id, k->index, k->entry, k->document);
        if (fault_is(f))
            return f;
    }
    return order->key_count == 0 ? fault_none() : save_keys(s, "partner", &s->theirs);
}

/*
 * The partner may not hold the entry yet that names our newest keys. So, as long as we have the
 * keys before them, their lines stand in the cosignature too; who holds the entry asks for none of
 * these. How many there are.
 */
static size_t add_before(const struct seal *s, const struct tenure_keys *now, struct pens *pens)
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

static struct fault cosign(struct seal *s, const struct order_cosign *order, struct instant now,
                           struct buf *note)
{
    struct keeping_cosign cosign = {.author = &s->theirs.tenure.author,
                                    .note = order->note,
                                    .first = order->first,
                                    .leaves = order->leaf,
                                    .count = order->count,
                                    .now = now};
    const struct tenure_keys *ours = tenure_at(&s->ours.tenure, signed_size(s));
    struct pens pens;
    struct keeping_pen pen = {s->cosigner, pens.key, 0};
    struct fault f = take_pens(s, &ours->roles, ROLE_COSIGN, &pens);

    if (fault_is(f))
        return f;
    pen.count = add_before(s, ours, &pens);
    return keeping_cosign(s->keeping, &cosign, &pen, note);
}

struct fault seal_cosign(struct seal *s, const struct order_cosign *order, struct instant now,
                         struct buf *note)
{
    const struct keeping_log *log;
    struct fault f;

    if (s->theirs.tenure.count == 0)
        return fault_make(FAULT_MISSING, 0, "keeper: the partner's genesis is not known");
    if (order->first == 0 && order->count != 0 &&
        !tenure_has(&s->theirs.tenure, 0, &order->leaf[0]))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: another genesis at index 0");
    log = keeping_find(s->keeping, bytes_text(s->theirs.tenure.author.name));
    if (order->key_count != 0 && order->first != (log == NULL ? 0 : log->tree.size))
        return fault_make(FAULT_ORDER, 0, "keeper: not where the last head ended");
    f = take_changes(s, order);
    if (!fault_is(f))
        f = cosign(s, order, now, note);
    if (fault_is(f))
        forget_tentative(s, s->theirs.tenure.author.name, &s->theirs);
    return f;
}

/* exporter || "dialler" or "listener" || what a HELLO of ours says. */
static struct fault hello_is_ours(const struct seal *s, struct bytes bytes)
{
    static const char *const side[] = {"dialler", "listener"};
    struct frame_hello h;

    for (size_t i = 0; i < 2; i++) {
        size_t skip = HELLO_EXPORTER + strlen(side[i]);
        struct buf whole = {0};
        bool good;

        if (bytes.len < skip || memcmp(bytes.data + HELLO_EXPORTER, side[i], strlen(side[i])) != 0)
            continue;
        buf_add(&whole, bytes.data + skip, bytes.len - skip);
        frame_hello_sign(bytes_text("-"), bytes_text("-"), &whole);
        good = !fault_is(frame_hello_parse(buf_view(&whole), &h)) &&
               bytes_is(h.agreement, newest(s)->id) && bytes_is(h.party, s->own->id);
        buf_done(&whole);
        if (good)
            return fault_none();
    }
    return fault_make(FAULT_REFUSED, 0, "PROTOCOL.hotline 2: no HELLO of ours");
}

struct fault seal_hello(struct seal *s, const struct order_hello *order, struct buf *suite,
                        struct buf *signature)
{
    struct fault f = hello_is_ours(s, order->bytes);
    struct pens pens;

    if (!fault_is(f))
        f = take_pens(s, &tenure_at(&s->ours.tenure, signed_size(s))->roles, ROLE_HELLO, &pens);
    if (!fault_is(f))
        several_sign(pens.key, s->keys->suites, DOMAIN_HELLO, bytes_text(newest(s)->id),
                     order->bytes, suite, signature);
    return f;
}

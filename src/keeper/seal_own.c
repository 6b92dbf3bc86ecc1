/* seal_own.c - heads of our own log: each entry judged, then signed; after a refill, learned. */
#include <stdlib.h>

#include "base/memory.h"
#include "keeper/sealing.h"

static struct fault save_registry(const struct seal *s, const struct registry *r)
{
    struct buf text = {0};
    char name[SEAL_NAME];
    struct fault f;

    seal_file(s, "officers", name);
    registry_write(r, &text);
    f = s->folder->replace(s->folder->context, name, buf_view(&text));
    buf_done(&text);
    return f;
}

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
    struct fault f = keysfile_begin(&keys, seal_newest(s), s->own->id, o->text, o->disclosed);

    if (!fault_is(f))
        f = pens_take_all(s, &keys.tenure.keys[0]->roles);
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

    roles_origin(s->partner->id, seal_newest(s)->id, origin);
    log = keeping_find(s->keeping, bytes_text(origin));
    return e->seen_size == (log == NULL ? 0 : log->tree.size)
               ? fault_none()
               : fault_make(FAULT_ORDER, 0,
                            "PROTOCOL.ledger section 11: KEYS says how far we cosigned");
}

static struct fault take_change(struct judged *j, uint64_t index, const struct order_entry *o)
{
    struct seal *s = j->seal;
    struct fault f =
        keysfile_change(&s->ours, seal_newest(s), s->own->id, index, o->text, o->disclosed);

    j->keys_changed |= !fault_is(f);
    return f;
}

static struct fault apply_keys(struct judged *j, const struct entry *e, uint64_t index,
                               const struct order_entry *o)
{
    const struct tenure *ours = &j->seal->ours.tenure;
    struct fault f = seen_is_cosigned(j->seal, e);

    if (!fault_is(f) && j->seal->ours.text.len == 0)
        f = fault_make(FAULT_MISSING, 0, "keeper: the genesis that the keys follow is not here");
    if (!fault_is(f))
        f = take_change(j, index, o);
    return fault_is(f) ? f : pens_take_all(j->seal, &ours->keys[ours->count - 1]->roles);
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
    return j->keys_changed ? seal_save_keys(s, "keys", &s->ours) : fault_none();
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
                                .agreement = seal_newest(s)->id,
                                .first = order->first,
                                .texts = text,
                                .count = order->count,
                                .permit = was_judged,
                                .context = j,
                                .now = now};
    struct pens pens;
    struct keeping_pen pen = {s->origin, pens.key, s->keys->suites};
    struct fault f = pens_take(s, &tenure_at(&s->ours.tenure, order->first + order->count)->roles,
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
    if (order->first != seal_signed_size(s))
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
        seal_forget_tentative(s, s->origin, &s->ours);
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

    if (order->first != seal_signed_size(s))
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
        seal_forget_tentative(s, s->origin, &s->ours);
    registry_free(j->registry);
    free(j);
    return f;
}

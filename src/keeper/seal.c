#include "keeper/seal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "crypto/several.h"
#include "hotline/hello.h"
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
    struct note_signer own_log;  /* our log keys, public */
    struct note_signer peer_log; /* the partner's; count 0: not known */
    struct digest peer_genesis;  /* leaf of its entry 0 */
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

/* --- the partner ----------------------------------------------------------------------------- */

static struct fault take_peer(struct seal *s, struct bytes entry, struct bytes document)
{
    struct roles *roles = memory_new(sizeof *roles);
    struct fault f = roles_from_genesis(newest(s), s->partner->id, entry, document, roles);

    if (!fault_is(f))
        f = roles_signers(roles, &s->peer_log, NULL);
    if (!fault_is(f))
        s->peer_genesis = tree_leaf(entry);
    free(roles);
    return f;
}

static struct fault load_peer(struct seal *s)
{
    struct buf text = {0};
    struct order_peer peer = {0};
    struct cursor in;
    char name[NAME_MAX_];
    struct fault f;

    file_name(s, "partner", name);
    f = s->folder->read(s->folder->context, name, &text);
    if (!fault_is(f) && text.len != 0) {
        in = cursor_over(buf_view(&text), "keeper: the partner's genesis");
        peer.entry = cursor_part(&in, FRAME_ENTRY);
        peer.document = cursor_part(&in, FRAME_DOCUMENT);
        cursor_end(&in);
        f = fault_is(in.fault) ? in.fault : take_peer(s, peer.entry, peer.document);
    }
    buf_done(&text);
    return f;
}

static struct fault save_peer(const struct seal *s, const struct order_peer *order)
{
    struct buf text = {0};
    char name[NAME_MAX_];
    struct fault f;

    file_name(s, "partner", name);
    buf_part(&text, order->entry);
    buf_part(&text, order->document);
    f = s->folder->replace(s->folder->context, name, buf_view(&text));
    buf_done(&text);
    return f;
}

struct fault seal_peer(struct seal *s, const struct order_peer *order)
{
    struct digest leaf = tree_leaf(order->entry);
    struct note_signer before = s->peer_log;
    struct fault f;

    if (s->peer_log.count != 0)
        return digest_equal(&leaf, &s->peer_genesis)
                   ? fault_none()
                   : fault_make(FAULT_REFUSED, 0,
                                "DESIGN 5, rule 1: the partner's genesis is known");
    f = take_peer(s, order->entry, order->document);
    if (!fault_is(f))
        f = save_peer(s, order);
    if (fault_is(f))
        s->peer_log = before;
    return f;
}

/* --- start ----------------------------------------------------------------------------------- */

static struct fault learn_ourselves(struct seal *s)
{
    struct note_signer *n = &s->own_log;
    struct fault f = fault_none();

    roles_origin(s->own->id, newest(s)->id, s->origin);
    snprintf(s->cosigner, sizeof s->cosigner, "%s/cosign", s->origin);
    *n = (struct note_signer){.role = NOTE_AUTHOR};
    memcpy(n->name, s->origin, strlen(s->origin));
    for (size_t i = 0; i < s->keys->suites && !fault_is(f); i++) {
        struct secret *log = s->keys->role[ROLE_LOG][i];

        f = note_signer_add(n, secret_suite(log), secret_public(log));
    }
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
        f = load_peer(s);
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
    const struct seal *seal;
    struct registry *registry; /* with the order's CONTACTs applied */
    bool registry_changed;
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
static struct fault genesis_is_ours(const struct seal *s, const struct order_entry *o)
{
    struct roles *roles = memory_new(sizeof *roles);
    struct fault f = roles_from_genesis(newest(s), s->own->id, o->text, o->disclosed, roles);

    if (!fault_is(f) && roles->suites != s->keys->suites)
        f = fault_make(FAULT_MISMATCH, 0, "keeper: a genesis with other suites than our keys");
    for (enum role role = ROLE_LOG; role < ROLE_COUNT && !fault_is(f); role++)
        for (size_t i = 0; i < roles->suites; i++) {
            const struct role_key *k = &roles->key[role][i];

            if (!bytes_equal(bytes_of(k->key, k->len), secret_public(s->keys->role[role][i])))
                f = fault_make(FAULT_MISMATCH, 0, "keeper: a genesis with other keys than ours");
        }
    free(roles);
    return f;
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

static struct fault judge_entry(struct judged *j, const struct order_entry *o, struct instant now,
                                struct instant *expires)
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
        f = genesis_is_ours(j->seal, o);
    if (!fault_is(f) && e.kind == KIND_CONTACT)
        f = apply_contact(j, in.agreement, o->disclosed);
    *expires = permit.expires;
    return f;
}

static struct fault judge_all(struct judged *j, const struct order_sign *order, struct instant now,
                              uint64_t *refused)
{
    for (size_t i = 0; i < order->count; i++) {
        struct fault f = judge_entry(j, &order->entry[i], now, &j->expires[i]);

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
    struct keeping_pen pen = {s->origin, s->keys->role[ROLE_LOG], s->keys->suites};

    for (size_t i = 0; i < order->count; i++)
        text[i] = order->entry[i].text;
    return keeping_sign_head(s->keeping, &sign, &pen, note, refused);
}

struct fault seal_sign(struct seal *s, const struct order_sign *order, struct instant now,
                       struct buf *note, uint64_t *refused)
{
    struct judged *j = memory_zeroed(1, sizeof *j);
    struct fault f;

    *refused = order->first;
    j->seal = s;
    j->registry = registry_copy(s->registry); /* to try a CONTACT on */
    f = judge_all(j, order, now, refused);
    if (!fault_is(f))
        f = commit_registry(s, j);
    if (!fault_is(f))
        f = sign_head(s, order, j, now, note, refused);
    registry_free(j->registry);
    free(j);
    return f;
}

/* --- after a refill -------------------------------------------------------------------------- */

/* Our own old words: signed by us once, but the officers that they named are to be known again. */
static struct fault learn_contacts(struct judged *j, const struct order_sign *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct agreement *a;
        struct entry e;
        struct fault f = entry_parse(order->entry[i].text, &e);

        if (fault_is(f))
            return f;
        a = version_of(j->seal, &e);
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
    struct judged *j = memory_zeroed(1, sizeof *j);
    struct bytes text[ORDER_ENTRIES];
    struct fault f;

    for (size_t i = 0; i < order->count; i++)
        text[i] = order->entry[i].text;
    j->seal = s;
    j->registry = registry_copy(s->registry);
    f = learn_contacts(j, order);
    if (!fault_is(f))
        f = commit_registry(s, j);
    if (!fault_is(f))
        f = keeping_catch_up(s->keeping, &s->own_log, order->note, order->first, text, order->count,
                             now);
    registry_free(j->registry);
    free(j);
    return f;
}

/* --- the partner's heads, the greeting -------------------------------------------------------- */

struct fault seal_cosign(struct seal *s, const struct order_cosign *order, struct instant now,
                         struct buf *note)
{
    struct keeping_cosign cosign = {.author = &s->peer_log,
                                    .note = order->note,
                                    .first = order->first,
                                    .leaves = order->leaf,
                                    .count = order->count,
                                    .now = now};
    struct keeping_pen pen = {s->cosigner, s->keys->role[ROLE_COSIGN], s->keys->suites};

    if (s->peer_log.count == 0)
        return fault_make(FAULT_MISSING, 0, "keeper: the partner's genesis is not known");
    if (order->first == 0 && order->count != 0 && !digest_equal(&order->leaf[0], &s->peer_genesis))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: another genesis at index 0");
    return keeping_cosign(s->keeping, &cosign, &pen, note);
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

    if (!fault_is(f))
        several_sign(s->keys->role[ROLE_HELLO], s->keys->suites, DOMAIN_HELLO,
                     bytes_text(newest(s)->id), order->bytes, suite, signature);
    return f;
}

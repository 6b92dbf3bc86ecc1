#include "judge/judging.h"

#include <stdlib.h>

#include "base/memory.h"
#include "judge/content.h"
#include "ledger/note.h"
#include "ledger/tenure.h"
#include "ledger/tree.h"
#include "model/entry.h"
#include "statement/type.h"

/* What is known of a link. */
struct link {
    bool used, greeted, broken;
    uint32_t number;
    const struct agreement *agreement; /* the version in force */
    const struct party *us, *them;
    enum hello_side side; /* theirs */
    uint8_t exporter[HELLO_EXPORTER];
    struct tenure keys; /* theirs: as their HELLO and their entries named them */
};

struct judging {
    const struct agreement *agreement[JUDGING_AGREEMENTS];
    size_t count;
    char party[ENTRY_NAME];
    struct link link[JUDGING_LINKS];
};

struct judging *judging_new(const struct agreement *const *agreements, size_t count,
                            const char *party)
{
    struct judging *j = memory_zeroed(1, sizeof *j);

    if (count > JUDGING_AGREEMENTS || strlen(party) >= sizeof j->party)
        die("parley: more agreements than judge can hold\n");
    memcpy(j->agreement, agreements, count * sizeof *agreements);
    j->count = count;
    memcpy(j->party, party, strlen(party));
    return j;
}

void judging_free(struct judging *j)
{
    for (size_t i = 0; j != NULL && i < JUDGING_LINKS; i++)
        tenure_done(&j->link[i].keys);
    free(j);
}

/* The newest version of this agreement, NULL if there is none. */
static const struct agreement *newest(const struct judging *j, struct bytes id)
{
    const struct agreement *found = NULL;

    for (size_t i = 0; i < j->count; i++)
        if (bytes_is(id, j->agreement[i]->id) &&
            (found == NULL || j->agreement[i]->version > found->version))
            found = j->agreement[i];
    return found;
}

/* The version that an entry names, NULL if we do not have it or it has another digest. */
static const struct agreement *version_of(const struct judging *j, const struct entry *e)
{
    for (size_t i = 0; i < j->count; i++) {
        const struct agreement *a = j->agreement[i];

        if (strcmp(a->id, e->agreement) == 0 && a->version == e->version &&
            memcmp(a->digest, e->agreement_digest.byte, sizeof a->digest) == 0)
            return a;
    }
    return NULL;
}

static struct link *link_find(struct judging *j, uint32_t number)
{
    for (size_t i = 0; i < JUDGING_LINKS; i++)
        if (j->link[i].used && j->link[i].number == number)
            return &j->link[i];
    return NULL;
}

static struct link *link_free(struct judging *j)
{
    for (size_t i = 0; i < JUDGING_LINKS; i++)
        if (!j->link[i].used)
            return &j->link[i];
    return NULL;
}

struct fault judging_link_up(struct judging *j, uint32_t link, struct bytes agreement,
                             struct bytes party, bool dialled, const uint8_t *exporter)
{
    const struct agreement *a = newest(j, agreement);
    struct link *l = link_free(j);
    char name[ENTRY_NAME];

    if (link_find(j, link) != NULL)
        return fault_make(FAULT_DUPLICATE, 0, "judge: a link of that number is up");
    if (l == NULL)
        return fault_make(FAULT_LIMIT, 0, "judge: more than 64 links");
    if (a == NULL || !bytes_to_text(party, name, sizeof name) || agreement_party(a, name) == NULL ||
        agreement_party(a, j->party) == NULL || strcmp(name, j->party) == 0)
        return fault_make(FAULT_UNKNOWN, 0, "judge: no such agreement or party");
    *l = (struct link){.used = true, .number = link, .agreement = a};
    l->them = agreement_party(a, name);
    l->us = agreement_party(a, j->party);
    l->side = dialled ? HELLO_LISTENER : HELLO_DIALLER;
    memcpy(l->exporter, exporter, sizeof l->exporter);
    return fault_none();
}

void judging_link_down(struct judging *j, uint32_t link)
{
    struct link *l = link_find(j, link);

    if (l == NULL)
        return;
    l->used = false;
    tenure_done(&l->keys);
}

/* The version that a HELLO names, where we have it; else the newest: who was told of a later
 * version first must be able to say so to the other (PROTOCOL.agreement section 4). */
static const struct agreement *greeted_by(const struct judging *j, const struct link *l,
                                          uint32_t version)
{
    for (size_t i = 0; i < j->count; i++)
        if (strcmp(j->agreement[i]->id, l->agreement->id) == 0 &&
            j->agreement[i]->version == version)
            return j->agreement[i];
    return l->agreement;
}

/* A head of our log with the partner's cosignature. Whether the other line is ours, desk knows. */
static struct fault our_head(const struct link *l, struct bytes note)
{
    char origin[ROLES_ORIGIN];
    struct checkpoint c;

    roles_origin(l->us->id, l->agreement->id, origin);
    return note_verify_checkpoint(note, bytes_text(origin), &l->keys.cosigner, &c, NULL);
}

/* All keys that a HELLO brings, each change under the root keys. */
static struct fault learn_keys(struct link *l, const struct frame_hello *h)
{
    struct fault f =
        tenure_begin(&l->keys, l->agreement, l->them->id, h->genesis_entry, h->genesis_document);

    for (uint32_t i = 0; i < h->key_count && !fault_is(f); i++)
        f = tenure_change(&l->keys, l->agreement, l->them->id, h->keys[i].index, h->keys[i].entry,
                          h->keys[i].document);
    return f;
}

/* KEYS entries of ours that the partner shows: desk may not have them any more. That they follow
 * ours, and what the head above them proves, is desk's to find out. */
static struct fault check_shown(const struct link *l, const struct frame_hello *h)
{
    struct roles *roles = memory_zeroed(1, sizeof *roles);
    struct roles_change change;
    struct fault f = fault_none();

    for (uint32_t i = 0; i < h->shown_count && !fault_is(f); i++)
        f = roles_from_keys(l->agreement, l->us->id, h->shown[i].entry, h->shown[i].document, roles,
                            &change);
    free(roles);
    return f;
}

/* By the hello keys of this number in the party's log? */
static struct fault signed_by(const struct link *l, const struct frame_hello *h, size_t number)
{
    const struct roles *roles = &l->keys.keys[number]->roles;
    const struct role_key *hello = roles->key[ROLE_HELLO];
    struct several_key keys[SEVERAL_MAX];

    for (size_t i = 0; i < roles->suites; i++)
        keys[i] = (struct several_key){hello[i].suite, bytes_of(hello[i].key, hello[i].len)};
    return hello_verify(h, l->exporter, l->side, keys, roles->suites);
}

/* Only for the word that the officer reads: it is refused in any case. */
static struct fault why_forged(const struct link *l, const struct frame_hello *h, struct fault f)
{
    for (size_t i = 0; i + 1 < l->keys.count; i++)
        if (!fault_is(signed_by(l, h, i)))
            return fault_make(FAULT_REFUSED, 0,
                              l->keys.keys[i]->hello_revoked
                                  ? "PROTOCOL.ledger section 11: HELLO by a key that was revoked"
                                  : "PROTOCOL.ledger section 11: HELLO by a key that was replaced");
    return f;
}

static struct fault verify_hello(struct link *l, const struct frame_hello *h)
{
    struct fault f = signed_by(l, h, l->keys.count - 1);

    if (f.kind == FAULT_FORGED)
        f = why_forged(l, h, f);
    if (!fault_is(f) && h->head.len != 0)
        f = our_head(l, h->head);
    return fault_is(f) ? f : check_shown(l, h);
}

static struct fault judge_hello(struct judging *j, struct link *l, struct bytes payload,
                                struct judging_verdict *out)
{
    struct frame_hello h;
    struct fault f = frame_hello_parse(payload, &h);

    (void)out;
    if (fault_is(f))
        return f;
    if (l->greeted)
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.hotline 2: HELLO once");
    f = hello_check(&h, greeted_by(j, l, h.version), l->them->id);
    if (fault_is(f))
        return f;
    f = learn_keys(l, &h);
    if (!fault_is(f))
        f = verify_hello(l, &h);
    l->greeted = !fault_is(f);
    return f;
}

/* Who sends it has it no more, or never kept it: he erased it, or refused it by a rule. What the
 * log's reader cannot do without is always there. */
static bool is_left_out(const struct frame_item *item, const struct entry *e)
{
    return item->document.len == 0 && !type_is_rooted(e->kind);
}

/* Bytes that are no entry of this log, or not the document that the entry names, end the link. */
static struct fault entry_check(const struct link *l, const struct party *author, uint64_t index,
                                const struct frame_item *item, struct entry *e)
{
    struct digest hash = digest_of(item->document), leaf = tree_leaf(item->entry);
    struct fault f = entry_parse(item->entry, e);

    if (fault_is(f))
        return f;
    if (strcmp(e->agreement, l->agreement->id) != 0)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: an entry of another agreement");
    if (strcmp(e->from, author->id) != 0)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: an entry of another party");
    if ((index == 0) != (e->kind == KIND_GENESIS))
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.ledger 3: index 0 is the only GENESIS");
    if (index == 0 && author == l->them && !tenure_has(&l->keys, 0, &leaf))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: another genesis than HELLO's");
    if (!is_left_out(item, e) &&
        (!digest_equal(&hash, &e->disclosed) || item->document.len != e->disclosed_length))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: not the document disclosed");
    return f;
}

/* What is an entry and came whole is held; what a rule forbids is answered by REJECT. */
static struct judgement entry_judge(const struct judging *j, const struct link *l,
                                    const struct entry *e, const struct frame_item *item)
{
    const struct agreement *a = version_of(j, e);

    if (is_left_out(item, e))
        return (struct judgement){GROUND_FORM, "PROTOCOL.hotline 2: its document did not come"};
    if (a == NULL)
        return (struct judgement){GROUND_AGREEMENT,
                                  "PROTOCOL.ledger 3: a version of the agreement unknown here"};
    return content_judge(a, agreement_party(a, l->them->id), e, item->document);
}

static struct fault judge_entries(struct judging *j, struct link *l, const struct frame_push *p,
                                  const struct party *author, struct judging_verdict *out)
{
    out->count = p->count;
    for (uint32_t i = 0; i < p->count; i++) {
        struct entry e;
        struct fault f = entry_check(l, author, p->first + i, &p->item[i], &e);

        if (fault_is(f))
            return f;
        out->entry[i] = (struct judgement){GROUND_NONE, ""};
        /* A KEYS that does not hold ended the link before this: learn_changes. */
        if (author == l->them && e.kind != KIND_KEYS)
            out->entry[i] = entry_judge(j, l, &e, &p->item[i]);
    }
    return fault_none();
}

/* Does this text call itself KEYS? So that not all of a PUSH is parsed before its note holds. */
static bool is_keys(struct bytes entry)
{
    static const char line[] = "\nkind KEYS\n";

    return memmem(entry.data, entry.len, line, sizeof line - 1) != NULL;
}

/* A note is signed by the keys that the entries below it name: those in this very PUSH first. They
 * are root-signed, so that nobody needs to have signed the note before they are read. */
static struct fault learn_changes(struct link *l, const struct frame_push *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct digest leaf = tree_leaf(p->item[i].entry);
        struct fault f;

        if (!is_keys(p->item[i].entry) || tenure_has(&l->keys, p->first + i, &leaf))
            continue;
        tenure_cut(&l->keys, p->first + i);
        f = tenure_change(&l->keys, l->agreement, l->them->id, p->first + i, p->item[i].entry,
                          p->item[i].document);
        if (fault_is(f))
            return f;
    }
    return fault_none();
}

/* Is the note of this log, signed so, and of just the size that the frame's range ends at? */
static struct fault note_check(const struct link *l, const struct party *author,
                               const struct note_signer *signer, const struct frame_push *p)
{
    char origin[ROLES_ORIGIN];
    struct checkpoint c;
    struct fault f;

    roles_origin(author->id, l->agreement->id, origin);
    f = note_verify_checkpoint(p->note, bytes_text(origin), signer, &c, NULL);
    if (!fault_is(f) && c.size != p->first + p->count)
        f = fault_make(FAULT_MISMATCH, 0, "PROTOCOL.hotline 2: the note's size is first + count");
    return f;
}

static struct fault judge_range(struct judging *j, struct link *l, struct bytes payload,
                                const struct party *author, const struct note_signer *signer,
                                struct judging_verdict *out)
{
    struct frame_push *p = memory_new(sizeof *p);
    struct fault f = frame_push_parse(payload, p);

    if (!fault_is(f) && author == l->them)
        f = learn_changes(l, p);
    if (!fault_is(f))
        f = note_check(l, author, signer, p);
    if (!fault_is(f))
        f = judge_entries(j, l, p, author, out);
    free(p);
    return f;
}

static struct fault judge_push(struct judging *j, struct link *l, struct bytes payload,
                               struct judging_verdict *out)
{
    return judge_range(j, l, payload, l->them, &l->keys.author, out);
}

/* Our own entries come back as the partner's mirror has them, under its cosignature. */
static struct fault judge_mirror(struct judging *j, struct link *l, struct bytes payload,
                                 struct judging_verdict *out)
{
    return judge_range(j, l, payload, l->us, &l->keys.cosigner, out);
}

static struct fault judge_cosign(struct judging *j, struct link *l, struct bytes payload,
                                 struct judging_verdict *out)
{
    struct bytes note;
    struct fault f = frame_cosign_parse(payload, &note);

    (void)j;
    (void)out;
    return fault_is(f) ? f : our_head(l, note);
}

static struct fault judge_refill(struct judging *j, struct link *l, struct bytes payload,
                                 struct judging_verdict *out)
{
    uint64_t from;

    (void)j;
    (void)l;
    (void)out;
    return frame_refill_parse(payload, &from);
}

static struct fault judge_bye(struct judging *j, struct link *l, struct bytes payload,
                              struct judging_verdict *out)
{
    struct frame_bye bye;

    (void)j;
    (void)l;
    (void)out;
    return frame_bye_parse(payload, &bye);
}

static const struct {
    bool before_hello; /* may come before the partner's HELLO */
    struct fault (*judge)(struct judging *j, struct link *l, struct bytes payload,
                          struct judging_verdict *out);
} frames[FRAME_TYPES] = {
    [FRAME_HELLO] = {true, judge_hello},    [FRAME_PUSH] = {false, judge_push},
    [FRAME_COSIGN] = {false, judge_cosign}, [FRAME_REFILL] = {false, judge_refill},
    [FRAME_MIRROR] = {false, judge_mirror}, [FRAME_BYE] = {true, judge_bye},
};

struct fault judging_frame(struct judging *j, uint32_t link, uint8_t type, struct bytes payload,
                           struct judging_verdict *out)
{
    struct link *l = link_find(j, link);
    struct fault f;

    out->count = 0;
    if (l == NULL || l->broken)
        return fault_make(FAULT_ORDER, 0, "judge: no such link");
    if (type >= FRAME_TYPES || frames[type].judge == NULL)
        f = fault_make(FAULT_UNKNOWN, 0, "PROTOCOL.hotline 2: no such frame");
    else if (!l->greeted && !frames[type].before_hello)
        f = fault_make(FAULT_ORDER, 0, "PROTOCOL.hotline 2: HELLO comes first");
    else
        f = frames[type].judge(j, l, payload, out);
    l->broken = fault_is(f);
    return f;
}

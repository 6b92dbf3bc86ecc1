/*
 * partner.h - the other party on the bench: its log, what it says in it, what it cosigns. judge's
 * own judgement (judge/content.h) stands between it and desk.
 */
#ifndef PARLEY_TESTS_DESK_PARTNER_H
#define PARLEY_TESTS_DESK_PARTNER_H

#include "hotline/frame.h"
#include "judge/content.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"
#include "rig.h"
#include "statement/type.h"

enum { PARTNER_ENTRIES = 200 };

struct partner {
    struct rig *r;
    const struct agreement *version; /* under which it speaks, and that its HELLO names */
    uint32_t link;
    struct bytes head; /* of our log, that its HELLO shows */
    int64_t clock;     /* seconds that its HELLO is ahead of the bench */
    size_t count, pushed;
    struct buf text[PARTNER_ENTRIES], document[PARTNER_ENTRIES];
    struct digest leaf[PARTNER_ENTRIES];
    bool judge_is_old; /* our judge does not know the newest version yet */
    size_t keys;       /* place of its KEYS entry that its HELLO brings; 0: none */
    bool hasty;        /* its HELLO is here before ours is signed */
    bool hangs_up;     /* its HELLO is judged when gate has said that the link is gone */
};

/* What the partner says; `fields` is taken over and may be NULL. */
struct partner_says {
    enum kind kind;
    const char *case_id;
    uint64_t number; /* in the case, in its log */
    const struct digest *previous, *answers;
    json_t *fields;
};

static inline void partner_init(struct partner *b, struct rig *r)
{
    *b = (struct partner){.r = r, .version = r->terms[0], .count = 1};
    buf_bytes(&b->text[0], buf_view(&r->b->p->b.genesis));
    buf_bytes(&b->document[0], buf_view(&r->b->p->b.document));
    b->leaf[0] = tree_leaf(buf_view(&b->text[0]));
}

static inline void partner_done(struct partner *b)
{
    for (size_t i = 0; i < b->count; i++) {
        buf_done(&b->text[i]);
        buf_done(&b->document[i]);
    }
}

static inline json_t *partner_fields(const struct partner *b, json_t *own)
{
    json_t *fields =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "agreement", b->version->id,
                  "article", "5", "class", "REAL", "from", "b", "to", "a", "urgency", "routine",
                  "tlp", "amber", "issued", "2025-11-25T09:30:00Z", "language", "en", "text", "");

    if (own != NULL)
        assert_int_equal(json_object_update(fields, own), 0);
    json_decref(own);
    return fields;
}

static inline json_t *json_digest_of(const struct digest *d)
{
    char text[45];

    base64_write(d->byte, 32, text);
    return json_string(text);
}

/* Appends an entry with this document to its log; the leaf. */
static inline struct digest partner_append(struct partner *b, const struct partner_says *s,
                                           const struct document *d,
                                           const struct withheld *withheld, size_t count)
{
    size_t i = b->count++;
    struct entry e;

    assert_true(i < PARTNER_ENTRIES);
    document_disclose(d, withheld, count, NULL, 0, &b->document[i]);
    e = people_entry(b->version, "b", s->kind, &b->document[i], document_root(d),
                     document_leaves(d));
    snprintf(e.case_id, sizeof e.case_id, "%s", s->case_id);
    e.number = s->number;
    e.has_previous = s->previous != NULL;
    e.time = instant_of_seconds(instant_seconds(b->r->now));
    if (s->previous != NULL)
        e.previous = *s->previous;
    e.has_answers = s->answers != NULL;
    if (s->answers != NULL)
        e.answers = *s->answers;
    e.permit_kind = type_is_automatic(s->kind, e.has_answers) ? PERMIT_AUTOMATIC : PERMIT_DIGEST;
    entry_write(&e, &b->text[i]);
    b->leaf[i] = tree_leaf(buf_view(&b->text[i]));
    return b->leaf[i];
}

static inline struct document *partner_document(const struct partner *b, json_t *own)
{
    const uint8_t secret[DOCUMENT_SECRET] = {(uint8_t)b->count, 44};
    json_t *fields = partner_fields(b, own);
    struct document *d;

    assert_good(document_new(fields, secret, &d));
    json_decref(fields);
    return d;
}

static inline struct digest partner_says(struct partner *b, const struct partner_says *s)
{
    struct document *d = partner_document(b, s->fields);
    struct digest leaf = partner_append(b, s, d, NULL, 0);

    document_free(d);
    return leaf;
}

static inline void partner_judged(struct partner *b, enum frame_type type,
                                  const struct buf *payload, const struct buf *verdicts)
{
    struct buf body = {0};

    buf_u32(&body, b->link);
    buf_byte(&body, (uint8_t)type);
    buf_part(&body, buf_view(payload));
    if (verdicts != NULL)
        buf_bytes(&body, buf_view(verdicts));
    rig_hear(b->r, PROCESS_JUDGE, MESSAGE_JUDGED, &body);
    buf_done(&body);
}

/* A link comes up, and both HELLO are said. */
static inline void partner_greet(struct partner *b)
{
    struct rig *r = b->r;
    struct link_up up = {.link = ++b->link,
                         .agreement = bytes_text(b->version->id),
                         .party = bytes_text("b"),
                         .dialled = true,
                         .address = bytes_text("192.0.2.9:1")};
    struct frame_hello hello = {.agreement = bytes_text(b->version->id),
                                .version = b->version->version,
                                .agreement_digest = bytes_of(b->version->digest, 32),
                                .party = bytes_text("b"),
                                .time = (uint64_t)(instant_seconds(r->now) + b->clock),
                                .head = b->head,
                                .genesis_entry = buf_view(&b->text[0]),
                                .genesis_document = buf_view(&b->document[0]),
                                .key_count = b->keys != 0};
    struct buf body = {0};

    if (b->keys != 0)
        hello.keys[0] = (struct frame_keys){b->keys, buf_view(&b->text[b->keys]),
                                            buf_view(&b->document[b->keys])};
    link_up_write(&up, &body);
    rig_hear(r, PROCESS_GATE, MESSAGE_LINK_UP, &body);
    if (!b->hasty)
        rig_keeper(r);
    buf_clear(&body);
    if (b->hangs_up) {
        link_down_write(up.link, bytes_text(""), &body);
        rig_hear(r, PROCESS_GATE, MESSAGE_LINK_DOWN, &body);
        buf_clear(&body);
    }
    frame_hello_say(&hello, &body);
    frame_hello_sign(bytes_text("ed25519"), bytes_text("judge has looked at it"), &body);
    partner_judged(b, FRAME_HELLO, &body, NULL);
    rig_keeper(r);
    buf_done(&body);
}

/* The newest frame of this type that desk sent since the last call; false if there is none. */
static inline bool partner_got(struct rig *r, enum frame_type type, struct buf *payload)
{
    struct rig_message m;
    bool found = false;

    while (rig_take(r, PROCESS_GATE, &m)) {
        struct link_frame frame;

        if (m.type == MESSAGE_SEND && !fault_is(link_frame_parse(buf_view(&m.body), &frame)) &&
            frame.type == type) {
            buf_clear(payload);
            buf_bytes(payload, frame.payload);
            found = true;
        }
        buf_done(&m.body);
    }
    return found;
}

/* Cosigns the head of the PUSH that desk sent last, and says that it is this time. */
static inline void partner_cosign_at(struct partner *b, struct instant time)
{
    struct person *who = &b->r->b->p->b;
    struct frame_push *push = calloc(1, sizeof *push);
    struct buf payload = {0}, note = {0}, frame = {0};
    struct note parsed;
    char name[NOTE_NAME];

    assert_true(partner_got(b->r, FRAME_PUSH, &payload));
    assert_good(frame_push_parse(buf_view(&payload), push));
    assert_good(note_parse(push->note, &parsed));
    buf_bytes(&note, push->note);
    snprintf(name, sizeof name, "%s/cosign", who->origin);
    if (parsed.count == 1) /* else it was cosigned before, and is shown again */
        note_sign(parsed.text, name, NOTE_COSIGNER, time, &who->role[ROLE_COSIGN], 1, &note);
    frame_cosign_write(buf_view(&note), &frame);
    partner_judged(b, FRAME_COSIGN, &frame, NULL);
    buf_done(&payload);
    buf_done(&note);
    buf_done(&frame);
    free(push);
}

static inline void partner_cosign(struct partner *b)
{
    partner_cosign_at(b, b->r->now);
}

static inline struct judgement partner_judgement(const struct partner *b, size_t i)
{
    const struct agreement *a = NULL;
    struct entry e;

    assert_good(entry_parse(buf_view(&b->text[i]), &e));
    for (size_t k = 0; k < 2; k++)
        if (b->r->terms[k] != NULL && b->r->terms[k]->version == e.version)
            a = b->r->terms[k];
    if (a == NULL || (b->judge_is_old && e.version > 1))
        return (struct judgement){GROUND_AGREEMENT, "a version of the agreement unknown here"};
    return content_judge(a, &a->parties[1], &e, buf_view(&b->document[i]));
}

/* Pushes what it has said since the last time; keeper has not answered yet. */
static inline void partner_pushes(struct partner *b)
{
    struct person *who = &b->r->b->p->b;
    struct tree tree = {0};
    struct checkpoint c = {.origin = bytes_text(who->origin), .size = b->count};
    struct buf text = {0}, note = {0}, frame = {0}, verdicts = {0};

    for (size_t i = 0; i < b->count; i++)
        tree_append(&tree, &b->leaf[i]);
    c.root = tree_root(&tree);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), &note);
    note_sign(buf_view(&text), who->origin, NOTE_AUTHOR, b->r->now, &who->role[ROLE_LOG], 1, &note);
    frame_push_write(b->pushed, buf_view(&note), (uint32_t)(b->count - b->pushed), &frame);
    buf_u32(&verdicts, (uint32_t)(b->count - b->pushed));
    for (size_t i = b->pushed; i < b->count; i++) {
        struct frame_item item = {buf_view(&b->text[i]), buf_view(&b->document[i])};
        struct judgement j = partner_judgement(b, i);

        frame_item_write(&item, &frame);
        buf_byte(&verdicts, (uint8_t)j.ground);
        buf_part(&verdicts, bytes_text(j.rule));
    }
    b->pushed = b->count;
    partner_judged(b, FRAME_PUSH, &frame, &verdicts);
    buf_done(&text);
    buf_done(&note);
    buf_done(&frame);
    buf_done(&verdicts);
}

static inline void partner_push(struct partner *b)
{
    partner_pushes(b);
    rig_keeper(b->r);
}

#endif

#include "judge/judging.h"

#include "ledger/note.h"
#include "ledger/tree.h"
#include "people.h"

static const uint8_t exporter[HELLO_EXPORTER] = {1, 2, 3};

/* We are a; b dialled us on link 1. */
struct room {
    struct people *p;
    const struct agreement *agreement;
    struct judging *j;
    struct judging_verdict v;
};

static struct room open_room(void)
{
    struct room r = {.p = people_new()};

    r.agreement = &r.p->agreement;
    r.j = judging_new(&r.agreement, 1, "a");
    assert_good(
        judging_link_up(r.j, 1, bytes_text("cn-ru-2015"), bytes_text("b"), false, exporter));
    return r;
}

static void close_room(struct room *r)
{
    judging_free(r->j);
    people_free(r->p);
}

/* A note over these leaves of a person's log, cosigned by the other if asked. */
static void make_note(const struct person *author, const struct person *cosigner,
                      const struct digest *leaf, size_t count, struct buf *out)
{
    struct tree tree = {0};
    struct checkpoint c = {.origin = bytes_text(author->origin), .size = count};
    struct buf text = {0};
    struct secret *log = author->role[ROLE_LOG];
    char name[ROLES_ORIGIN + 8];

    for (size_t i = 0; i < count; i++)
        tree_append(&tree, &leaf[i]);
    c.root = tree_root(&tree);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), out);
    note_sign(buf_view(&text), author->origin, NOTE_AUTHOR, (struct instant){0}, &log, 1, out);
    if (cosigner != NULL) {
        struct secret *cosign = cosigner->role[ROLE_COSIGN];

        snprintf(name, sizeof name, "%s/cosign", cosigner->origin);
        note_sign(buf_view(&text), name, NOTE_COSIGNER, instant_of_seconds(1764063000), &cosign, 1,
                  out);
    }
    buf_done(&text);
}

/* With a change of its keys, signed by this key, and showing a change of ours; NULL: none, and by
 * its first one. */
struct greeting_keys {
    const struct frame_keys *change;
    struct secret *sign;
    const struct frame_keys *shown;
};

static void make_hello_by(const struct room *r, const struct person *who, const uint8_t *over,
                          enum hello_side side, struct bytes head, struct greeting_keys keys,
                          struct buf *out)
{
    struct buf bytes = {0}, signature = {0};
    struct frame_hello h = {
        .agreement = bytes_text(r->agreement->id),
        .version = r->agreement->version,
        .agreement_digest = bytes_of(r->agreement->digest, 32),
        .party = bytes_text(who->id),
        .time = 1764063000,
        .genesis_entry = buf_view(&who->genesis),
        .genesis_document = buf_view(&who->document),
        .head = head,
        .key_count = keys.change != NULL,
    };

    if (keys.change != NULL)
        h.keys[0] = *keys.change;
    if (keys.shown != NULL)
        h.shown[h.shown_count++] = *keys.shown;
    frame_hello_say(&h, out);
    hello_bytes(over, side, buf_view(out), &bytes);
    domain_sign(keys.sign != NULL ? keys.sign : who->role[ROLE_HELLO], DOMAIN_HELLO, h.agreement,
                buf_view(&bytes), &signature);
    frame_hello_sign(bytes_text("ed25519"), buf_view(&signature), out);
    buf_done(&bytes);
    buf_done(&signature);
}

static void make_hello(const struct room *r, const struct person *who, const uint8_t *over,
                       enum hello_side side, struct bytes head, struct buf *out)
{
    make_hello_by(r, who, over, side, head, (struct greeting_keys){.change = NULL}, out);
}

static struct fault say(struct room *r, enum frame_type type, struct buf *payload)
{
    struct fault f = judging_frame(r->j, 1, (uint8_t)type, buf_view(payload), &r->v);

    buf_done(payload);
    return f;
}

static void greet(struct room *r)
{
    struct buf hello = {0};

    make_hello(r, &r->p->b, exporter, HELLO_DIALLER, bytes_text(""), &hello);
    assert_good(say(r, FRAME_HELLO, &hello));
}

/* b's log: the genesis and one more statement, as the fields say. */
struct statement {
    enum kind kind;
    uint32_t version;
    json_t *fields;       /* NULL: NOTICE */
    struct secret *root;  /* signs the document */
    const char *document; /* other bytes than a document */
    const char *from;
    bool left_out;       /* its document does not go with it .. */
    const char *instead; /* .. but this; NULL: nothing */
};

/* A whole NOTICE, and a CONTACT that is wrong in nothing but perhaps its signature. */
#define NOTICE                                                                                     \
    "{\"agreement\":\"cn-ru-2015\",\"article\":\"5\",\"class\":\"REAL\",\"from\":\"b\","           \
    "\"incident.confidence\":\"high\",\"incident.events\":50,"                                     \
    "\"incident.first\":\"2025-11-25T08:00:00Z\",\"incident.from\":\"b\","                         \
    "\"incident.last\":\"2025-11-25T09:00:00Z\",\"incident.opened\":\"2025-11-25T08:59:00Z\","     \
    "\"incident.reasons\":[],\"issued\":\"2025-11-25T09:30:00Z\",\"language\":\"en\","             \
    "\"text\":\"\",\"tlp\":\"amber\",\"to\":\"a\",\"urgency\":\"routine\"}"
#define CONTACT                                                                                    \
    "{\"agreement\":\"cn-ru-2015\",\"issued\":\"2025-11-25T09:30:00Z\","                           \
    "\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"officer\":\"x\","                  \
    "\"party\":\"b\",\"role\":[\"drafter\"],\"state\":\"appointed\",\"suite\":\"ed25519\"}"

static json_t *with_field(const char *path, const char *text)
{
    json_t *fields = json_loads(NOTICE, 0, NULL);

    json_object_del(fields, path);
    if (text != NULL)
        json_object_set_new(fields, path, json_string(text));
    return fields;
}

static void make_statement(const struct room *r, const struct statement *s, struct buf *entry,
                           struct buf *document)
{
    json_t *fields = s->fields != NULL ? s->fields : json_loads(NOTICE, 0, NULL);
    struct digest root;
    uint32_t leaves;
    struct entry e;

    people_document(fields, r->agreement->id, s->root, 5, document, &root, &leaves);
    if (s->document != NULL) {
        buf_clear(document);
        buf_text(document, s->document);
    }
    e = people_entry(r->agreement, s->from != NULL ? s->from : "b", s->kind, document, root,
                     leaves);
    if (s->kind != KIND_CONTACT) {
        memcpy(e.case_id, "C-0123456789ABCDEF", 18);
        e.number = 1;
        e.permit_kind = PERMIT_DIGEST;
    }
    if (s->version != 0)
        e.version = s->version;
    entry_write(&e, entry);
}

static void make_push(const struct room *r, const struct statement *s, struct buf *out)
{
    const struct person *b = &r->p->b;
    struct buf entry = {0}, document = {0}, note = {0};
    struct frame_item genesis = {buf_view(&b->genesis), buf_view(&b->document)}, more;
    struct digest leaf[2] = {tree_leaf(genesis.entry)};

    make_statement(r, s, &entry, &document);
    if (s->left_out)
        buf_clear(&document);
    if (s->instead != NULL)
        buf_text(&document, s->instead);
    more = (struct frame_item){buf_view(&entry), buf_view(&document)};
    leaf[1] = tree_leaf(more.entry);
    make_note(b, NULL, leaf, 2, &note);
    frame_push_write(0, buf_view(&note), 2, out);
    frame_item_write(&genesis, out);
    frame_item_write(&more, out);
    buf_done(&entry);
    buf_done(&document);
    buf_done(&note);
}

static void what_a_partner_must_send_is_good(void **state)
{
    struct room r = open_room();
    const struct person *a = &r.p->a;
    struct digest leaf = tree_leaf(buf_view(&a->genesis));
    struct frame_item genesis = {buf_view(&a->genesis), buf_view(&a->document)};
    struct statement notice = {.kind = KIND_NOTICE};
    struct buf head = {0}, hello = {0}, push = {0}, cosign = {0}, mirror = {0}, refill = {0},
               bye = {0};

    (void)state;
    make_note(a, &r.p->b, &leaf, 1, &head);
    make_hello(&r, &r.p->b, exporter, HELLO_DIALLER, buf_view(&head), &hello);
    assert_good(say(&r, FRAME_HELLO, &hello));
    make_push(&r, &notice, &push);
    assert_good(say(&r, FRAME_PUSH, &push));
    assert_int_equal(r.v.count, 2);
    assert_int_equal(r.v.entry[0].ground, GROUND_NONE);
    assert_int_equal(r.v.entry[1].ground, GROUND_NONE);
    frame_cosign_write(buf_view(&head), &cosign);
    assert_good(say(&r, FRAME_COSIGN, &cosign));
    frame_push_write(0, buf_view(&head), 1, &mirror);
    frame_item_write(&genesis, &mirror);
    assert_good(say(&r, FRAME_MIRROR, &mirror));
    frame_refill_write(0, &refill);
    assert_good(say(&r, FRAME_REFILL, &refill));
    frame_bye_write(bytes_text("rule"), bytes_text("text"), &bye);
    assert_good(say(&r, FRAME_BYE, &bye));
    buf_done(&head);
    close_room(&r);
}

/* PROTOCOL.ledger section 11: HELLO "is signed by the newest hello keys". */
static void a_greeting_by_a_key_that_was_revoked_is_refused_by_name(void **state)
{
    static const struct {
        const char *state, *rule;
        bool new_key;
    } greetings[] = {{"revoked", "by a key that was revoked", false},
                     {"rotated", "by a key that was replaced", false},
                     {"revoked", "", true}};

    (void)state;
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        struct room r = open_room();
        struct secret *next[ROLE_COUNT];
        struct buf entry = {0}, document = {0}, hello = {0};
        struct frame_keys change;
        struct fault f;

        people_keys(
            r.agreement, &r.p->b,
            people_keys_fields(r.agreement, &r.p->b, ROLE_NONE, 30, greetings[i].state, next),
            r.p->b.root, 0, &entry, &document);
        change = (struct frame_keys){5, buf_view(&entry), buf_view(&document)};
        make_hello_by(
            &r, &r.p->b, exporter, HELLO_DIALLER, bytes_text(""),
            (struct greeting_keys){.change = &change,
                                   .sign = greetings[i].new_key ? next[ROLE_HELLO] : NULL},
            &hello);
        f = say(&r, FRAME_HELLO, &hello);
        assert_int_equal(f.kind, greetings[i].new_key ? FAULT_NONE : FAULT_REFUSED);
        if (!greetings[i].new_key)
            assert_non_null(strstr(f.rule, greetings[i].rule));
        for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
            secret_free(next[role]);
        buf_done(&entry);
        buf_done(&document);
        close_room(&r);
    }
}

/* PROTOCOL.hotline section 5: "they are root-signed": by our root, whoever shows them. */
static void keys_of_ours_that_are_shown_are_signed_by_our_root(void **state)
{
    (void)state;
    for (int forged = 0; forged < 2; forged++) {
        struct room r = open_room();
        struct secret *next[ROLE_COUNT];
        struct buf entry = {0}, document = {0}, hello = {0};
        struct frame_keys shown;

        people_keys(r.agreement, &r.p->a,
                    people_keys_fields(r.agreement, &r.p->a, ROLE_NONE, 30, "rotated", next),
                    forged ? r.p->b.root : r.p->a.root, 0, &entry, &document);
        shown = (struct frame_keys){5, buf_view(&entry), buf_view(&document)};
        make_hello_by(&r, &r.p->b, exporter, HELLO_DIALLER, bytes_text(""),
                      (struct greeting_keys){.shown = &shown}, &hello);
        assert_int_equal(say(&r, FRAME_HELLO, &hello).kind, forged ? FAULT_MISSING : FAULT_NONE);
        for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
            secret_free(next[role]);
        buf_done(&entry);
        buf_done(&document);
        close_room(&r);
    }
}

/* crypto.md 5, attack 2: "HELLO bound to TLS exporter (replay in another session rejected)". */
static void a_greeting_from_elsewhere_ends_the_link(void **state)
{
    static const uint8_t other[HELLO_EXPORTER] = {1, 2, 4};
    const struct {
        const char *name;
        const uint8_t *over;
        enum hello_side side;
        bool ours;
        enum fault_kind kind;
    } wrong[] = {
        {"another link's", other, HELLO_DIALLER, false, FAULT_FORGED},
        {"the other direction's", exporter, HELLO_LISTENER, false, FAULT_FORGED},
        {"our own, thrown back", exporter, HELLO_DIALLER, true, FAULT_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct room r = open_room();
        struct buf hello = {0}, again = {0};
        struct fault f;

        make_hello(&r, wrong[i].ours ? &r.p->a : &r.p->b, wrong[i].over, wrong[i].side,
                   bytes_text(""), &hello);
        f = say(&r, FRAME_HELLO, &hello);
        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s: %s", wrong[i].name, fault_word(f.kind), f.rule);
        make_hello(&r, &r.p->b, exporter, HELLO_DIALLER, bytes_text(""), &again);
        assert_fault(say(&r, FRAME_HELLO, &again), FAULT_ORDER); /* broken once, broken for good */
        close_room(&r);
    }
}

static void a_head_not_cosigned_by_the_partner_ends_the_link(void **state)
{
    struct room r = open_room();
    struct digest leaf = tree_leaf(buf_view(&r.p->a.genesis));
    struct buf head = {0}, hello = {0};

    (void)state;
    make_note(&r.p->a, NULL, &leaf, 1, &head);
    make_hello(&r, &r.p->b, exporter, HELLO_DIALLER, buf_view(&head), &hello);
    assert_fault(say(&r, FRAME_HELLO, &hello), FAULT_MISSING);
    buf_done(&head);
    close_room(&r);
}

static void nothing_comes_before_hello_and_hello_once(void **state)
{
    (void)state;
    for (uint8_t type = 0; type < 9; type++) {
        struct room r = open_room();
        struct buf payload = {0};

        if (type == FRAME_HELLO)
            greet(&r);
        if (type == FRAME_HELLO)
            make_hello(&r, &r.p->b, exporter, HELLO_DIALLER, bytes_text(""), &payload);
        if (type != FRAME_BYE)
            assert_true(fault_is(say(&r, (enum frame_type)type, &payload)));
        close_room(&r);
    }
}

static void what_a_rule_forbids_is_held_and_has_a_ground(void **state)
{
    struct room r = open_room();
    const struct {
        const char *name;
        struct statement s;
        enum ground ground;
    } table[] = {
        {"a type not yet taken", {.kind = KIND_WARNING}, GROUND_TYPE},
        {"and it is not parsed", {.kind = KIND_CONSENT, .document = "\x1b[2J"}, GROUND_TYPE},
        {"no document", {.kind = KIND_NOTICE, .document = "{\"a\":1,\"a\":2}"}, GROUND_FORM},
        {"another version", {.kind = KIND_NOTICE, .version = 9}, GROUND_AGREEMENT},
        {"an unsigned CONTACT",
         {.kind = KIND_CONTACT, .fields = json_loads(CONTACT, 0, NULL)},
         GROUND_SIGNATURE},
        {"a CONTACT signed by our root",
         {.kind = KIND_CONTACT, .fields = json_loads(CONTACT, 0, NULL), .root = r.p->a.root},
         GROUND_SIGNATURE},
        {"a CONTACT signed by theirs",
         {.kind = KIND_CONTACT, .fields = json_loads(CONTACT, 0, NULL), .root = r.p->b.root},
         GROUND_NONE},
        {"a NOTICE that carries a person",
         {.kind = KIND_NOTICE, .fields = with_field("person", "somebody")},
         GROUND_CONTENT},
        {"a NOTICE that does not say its urgency",
         {.kind = KIND_NOTICE, .fields = with_field("urgency", NULL)},
         GROUND_CONTENT},
        {"signatures on a NOTICE", {.kind = KIND_NOTICE, .root = r.p->b.root}, GROUND_FORM},
        {"from somebody else",
         {.kind = KIND_NOTICE,
          .fields = json_pack("{s:s, s:s, s:s, s:s}", "agreement", "cn-ru-2015", "from", "a", "to",
                              "b", "class", "REAL")},
         GROUND_FORM},
        {"of another class",
         {.kind = KIND_NOTICE,
          .fields = json_pack("{s:s, s:s, s:s, s:s}", "agreement", "cn-ru-2015", "from", "b", "to",
                              "a", "class", "TEST")},
         GROUND_FORM},
    };

    (void)state;
    greet(&r);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct buf push = {0};

        make_push(&r, &table[i].s, &push);
        assert_good(say(&r, FRAME_PUSH, &push));
        if (r.v.entry[1].ground != table[i].ground)
            fail_msg("%s: %s: %s", table[i].name, ground_name(r.v.entry[1].ground),
                     r.v.entry[1].rule);
        assert_int_equal(r.v.entry[0].ground, GROUND_NONE);
    }
    close_room(&r);
}

static void an_entry_of_somebody_else_ends_the_link(void **state)
{
    struct room r = open_room();
    struct statement s = {.kind = KIND_NOTICE, .from = "a"};
    struct buf push = {0};

    (void)state;
    greet(&r);
    make_push(&r, &s, &push);
    assert_fault(say(&r, FRAME_PUSH, &push), FAULT_MISMATCH);
    close_room(&r);
}

/* PROTOCOL.hotline section 2: "the document is "" where the sender has it no more .. Never of a
 * GENESIS, KEYS or CONTACT". */
static void a_document_that_was_left_out_is_told_from_a_wrong_one(void **state)
{
    const struct {
        enum kind kind;
        const char *instead;
        enum fault_kind fault;
    } table[] = {
        {KIND_NOTICE, NULL, FAULT_NONE},
        {KIND_NOTICE, "{}", FAULT_MISMATCH},
        {KIND_CONTACT, NULL, FAULT_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct room r = open_room();
        struct statement s = {.kind = table[i].kind, .left_out = true, .instead = table[i].instead};
        struct buf push = {0};

        if (s.kind == KIND_CONTACT) {
            s.fields = json_loads(CONTACT, 0, NULL);
            s.root = r.p->b.root;
        }
        greet(&r);
        make_push(&r, &s, &push);
        if (table[i].fault == FAULT_NONE) {
            assert_good(say(&r, FRAME_PUSH, &push));
            assert_int_equal(r.v.entry[1].ground, GROUND_FORM);
        } else {
            assert_fault(say(&r, FRAME_PUSH, &push), table[i].fault);
        }
        close_room(&r);
    }
}

/* "Bytes that are no entry at all end the link"; one flipped bit anywhere in a message is refused.
 */
static void no_flipped_bit_of_a_push_is_good(void **state)
{
    struct room r = open_room();
    struct statement s = {.kind = KIND_NOTICE};
    struct buf push = {0};

    (void)state;
    make_push(&r, &s, &push);
    for (size_t bit = 0; bit < push.len * 8; bit += 7) {
        struct fault f;

        judging_link_down(r.j, 1);
        assert_good(
            judging_link_up(r.j, 1, bytes_text("cn-ru-2015"), bytes_text("b"), false, exporter));
        greet(&r);
        push.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        f = judging_frame(r.j, 1, FRAME_PUSH, buf_view(&push), &r.v);
        push.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        /* An entry's text is bound to the head by the tree, which desk and keeper compute. */
        if (!fault_is(f) && bit / 8 < 300)
            fail_msg("bit %zu of %zu", bit, push.len * 8);
    }
    buf_done(&push);
    close_room(&r);
}

static void links_are_told_apart_and_counted(void **state)
{
    struct room r = open_room();
    struct bytes id = bytes_text("cn-ru-2015"), b = bytes_text("b");

    (void)state;
    assert_fault(judging_link_up(r.j, 1, id, b, true, exporter), FAULT_DUPLICATE);
    assert_fault(judging_link_up(r.j, 2, bytes_text("x"), b, true, exporter), FAULT_UNKNOWN);
    assert_fault(judging_link_up(r.j, 2, id, bytes_text("a"), true, exporter), FAULT_UNKNOWN);
    for (uint32_t n = 2; n <= JUDGING_LINKS; n++)
        assert_good(judging_link_up(r.j, n, id, b, true, exporter));
    assert_fault(judging_link_up(r.j, 99, id, b, true, exporter), FAULT_LIMIT);
    judging_link_down(r.j, 5);
    assert_good(judging_link_up(r.j, 99, id, b, true, exporter));
    close_room(&r);
}

/* PROTOCOL.hotline 2: "the other's may be older or newer (one takes over first). Of one version
 * both must have the same digest." */
static void a_partner_at_another_version_is_greeted(void **state)
{
    static const struct {
        const char *name;
        uint32_t theirs;
        uint8_t digest;
        size_t ours; /* versions 1 .. ours */
        enum fault_kind kind;
    } table[] = {
        {"still at the old one", 1, 7, 2, FAULT_NONE},
        {"already at the new one", 2, 8, 1, FAULT_NONE},
        {"at the same", 2, 8, 2, FAULT_NONE},
        {"another text of the same", 2, 9, 2, FAULT_MISMATCH},
        {"another text of the old one", 1, 9, 2, FAULT_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct room r = open_room();
        struct agreement said = r.p->agreement, second = r.p->agreement;
        const struct agreement *held[] = {&r.p->agreement, &second};
        struct buf hello = {0};
        struct fault f;

        second.version = 2;
        memset(second.digest, 8, sizeof second.digest);
        judging_free(r.j);
        r.j = judging_new(held, table[i].ours, "a");
        assert_good(
            judging_link_up(r.j, 1, bytes_text("cn-ru-2015"), bytes_text("b"), false, exporter));
        said.version = table[i].theirs;
        memset(said.digest, table[i].digest, sizeof said.digest);
        r.agreement = &said;
        make_hello(&r, &r.p->b, exporter, HELLO_DIALLER, bytes_text(""), &hello);
        f = say(&r, FRAME_HELLO, &hello);
        if (f.kind != table[i].kind)
            fail_msg("%s: %s: %s", table[i].name, fault_word(f.kind), f.rule);
        close_room(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_partner_must_send_is_good),
        cmocka_unit_test(a_document_that_was_left_out_is_told_from_a_wrong_one),
        cmocka_unit_test(a_greeting_from_elsewhere_ends_the_link),
        cmocka_unit_test(a_greeting_by_a_key_that_was_revoked_is_refused_by_name),
        cmocka_unit_test(keys_of_ours_that_are_shown_are_signed_by_our_root),
        cmocka_unit_test(a_partner_at_another_version_is_greeted),
        cmocka_unit_test(a_head_not_cosigned_by_the_partner_ends_the_link),
        cmocka_unit_test(nothing_comes_before_hello_and_hello_once),
        cmocka_unit_test(what_a_rule_forbids_is_held_and_has_a_ground),
        cmocka_unit_test(an_entry_of_somebody_else_ends_the_link),
        cmocka_unit_test(no_flipped_bit_of_a_push_is_good),
        cmocka_unit_test(links_are_told_apart_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

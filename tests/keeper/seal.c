/*
 * Desk and gate are hostile here: they hold every byte, choose every order, and have everything
 * but the officers' and the root keys. Nothing that a person did not release gets under a head.
 */
#include "keeper/seal.h"

#include "hotline/hello.h"
#include "keeper/bench.h"
#include "ledger/note.h"

static void an_honest_notice_is_signed(void **state)
{
    struct bench *b = bench_new();
    struct notice n = honest_notice(b);
    struct item item = {0};

    (void)state;
    bench_found(b);
    item_notice(b, &item, &n);
    assert_good(bench_say(b, &item));
    assert_int_equal(b->tree.size, 5);
    bench_free(b);
}

static void the_note_is_our_head_over_what_desk_has(void **state)
{
    struct bench *b = bench_new();
    struct note_signer signer = {.name = "a/parley/cn-ru-2015", .role = NOTE_AUTHOR};
    struct checkpoint c;
    struct digest root;
    struct item item = {0};
    struct buf note = {0}, again = {0};

    (void)state;
    item_genesis(b, &item);
    assert_good(bench_sign(b, 0, &item, 1, &note));
    root = tree_root(&b->tree);
    assert_good(note_signer_add(&signer, people_suite(), secret_public(b->p->a.role[ROLE_LOG])));
    assert_good(
        note_verify_checkpoint(buf_view(&note), bytes_text(signer.name), &signer, &c, NULL));
    assert_int_equal(c.size, 1);
    assert_memory_equal(&c.root, &root, sizeof root);
    /* A note that was lost is signed anew, to the same root. */
    bench_restart(b);
    assert_good(bench_sign(b, 1, NULL, 0, &again));
    assert_true(bytes_equal(buf_view(&note), buf_view(&again)));
    buf_done(&note);
    buf_done(&again);
    item_done(&item);
    bench_free(b);
}

/* --- tricks with a statement ------------------------------------------------------------------ */

static void other_document(struct permit_text *p)
{
    p->document.byte[0] ^= 1;
}

static void other_bytes(struct permit_text *p)
{
    p->disclosed.byte[0] ^= 1;
}

static void other_case(struct permit_text *p)
{
    p->case_id[5] = 'Z';
}

static void other_kind(struct permit_text *p)
{
    p->kind = KIND_ANSWER;
}

static void other_agreement(struct permit_text *p)
{
    p->agreement[0] = 'x';
}

static void other_version(struct permit_text *p)
{
    p->version = 2;
}

static void other_rules(struct permit_text *p)
{
    p->rules = 99;
}

static void other_article(struct permit_text *p)
{
    p->article[0] = '6';
}

static void no_article(struct permit_text *p)
{
    p->article[0] = '\0';
}

static void test_class(struct permit_text *p)
{
    p->class = CLASS_TEST;
}

static void without_permit(struct item *i)
{
    buf_clear(&i->permit);
}

static void without_document(struct item *i)
{
    buf_clear(&i->disclosed);
}

static void permit_bit(struct item *i)
{
    i->permit.data[i->permit.len - 5] ^= 1;
}

static void entry_bit(struct item *i)
{
    i->text.data[i->text.len - 20] ^= 1;
}

static void signature_bit(struct item *i)
{
    i->signature[1].data[10] ^= 1;
}

static void decision_bit(struct item *i)
{
    i->decision[1].data[i->decision[1].len - 3] ^= 1;
}

static void swapped_signatures(struct item *i)
{
    struct buf first = i->signature[0];

    i->signature[0] = i->signature[1];
    i->signature[1] = first;
}

/* The entry says that it is the node's own word. */
static void automatic(struct item *i)
{
    struct entry e;

    assert_good(entry_parse(buf_view(&i->text), &e));
    e.permit_kind = PERMIT_AUTOMATIC;
    buf_clear(&i->text);
    buf_clear(&i->permit);
    i->o.decision_count = 0;
    entry_write(&e, &i->text);
}

/* .. or that the root keys spoke. */
static void root(struct item *i)
{
    struct entry e;

    assert_good(entry_parse(buf_view(&i->text), &e));
    e.permit_kind = PERMIT_ROOT;
    buf_clear(&i->text);
    buf_clear(&i->permit);
    i->o.decision_count = 0;
    entry_write(&e, &i->text);
}

struct trick {
    const char *name;
    struct notice n;
};

static struct notice with_deciders(struct bench *b, struct decider one, struct decider two)
{
    struct notice n = honest_notice(b);

    n.decider[0] = one;
    n.decider[1] = two;
    n.deciders = (size_t)(one.officer != NULL) + (size_t)(two.officer != NULL);
    return n;
}

static struct notice before(struct bench *b, void (*change)(struct permit_text *))
{
    struct notice n = honest_notice(b);

    n.before = change;
    return n;
}

static struct notice after(struct bench *b, void (*change)(struct item *))
{
    struct notice n = honest_notice(b);

    n.after = change;
    return n;
}

/* Tries it, and then sees that nothing moved. */
static void expect_refused(struct bench *b, const char *name, const struct notice *n)
{
    uint64_t size = keeping_find(b->keeping, bytes_text("a/parley/cn-ru-2015"))->tree.size;
    struct buf note = {0};
    struct item item = {0};
    struct fault f;

    item_notice(b, &item, n);
    f = bench_sign(b, b->tree.size, &item, 1, &note);
    if (!fault_is(f))
        fail_msg("%s was signed", name);
    if (note.len != 0 ||
        keeping_find(b->keeping, bytes_text("a/parley/cn-ru-2015"))->tree.size != size)
        fail_msg("%s: refused by %s, but something moved", name, f.rule);
    buf_done(&note);
    item_done(&item);
}

/* DESIGN section 3: "A compromised gate and desk together can therefore not release a statement (a
 * test shows it)." */
static void desk_and_gate_together_cannot_release(void **state)
{
    struct bench *b = bench_new();
    const struct decider anna = {"anna", OFFICER_DRAFTER, b->anna},
                         boris = {"boris", OFFICER_RELEASER, b->boris}, none = {0},
                         clara = {"clara", OFFICER_DRAFTER, b->clara},
                         clara_too = {"clara", OFFICER_RELEASER, b->clara};
    const struct trick tricks[] = {
        {"a notice without permit", after(b, without_permit)},
        {"a notice that calls itself automatic", after(b, automatic)},
        {"a notice that calls itself root-signed", after(b, root)},
        {"a notice without its document", after(b, without_document)},
        {"a permit for another document", before(b, other_document)},
        {"a permit for other bytes", before(b, other_bytes)},
        {"a permit of another case", before(b, other_case)},
        {"a permit for another kind", before(b, other_kind)},
        {"a permit of another agreement", before(b, other_agreement)},
        {"a permit of another version", before(b, other_version)},
        {"a permit of another rule set", before(b, other_rules)},
        {"a permit of an article that is not", before(b, other_article)},
        {"a permit of no article", before(b, no_article)},
        {"a permit of another class", before(b, test_class)},
        {"one bit of the permit", after(b, permit_bit)},
        {"one bit of the entry", after(b, entry_bit)},
        {"one bit of a signature", after(b, signature_bit)},
        {"one bit of a decision", after(b, decision_bit)},
        {"each other's signature", after(b, swapped_signatures)},
        {"no decision", with_deciders(b, none, none)},
        {"only the drafter's", with_deciders(b, anna, none)},
        {"only the releaser's", with_deciders(b, boris, none)},
        {"one officer in both roles", with_deciders(b, clara, clara_too)},
        {"two drafters", with_deciders(b, anna, clara)},
        {"two releasers", with_deciders(b, boris, clara_too)},
        {"a drafter who releases",
         with_deciders(b, clara, (struct decider){"anna", OFFICER_RELEASER, b->anna})},
        {"an officer nobody enrolled",
         with_deciders(b, anna, (struct decider){"diana", OFFICER_RELEASER, b->intruder})},
        {"an officer's name with another key",
         with_deciders(b, anna, (struct decider){"boris", OFFICER_RELEASER, b->intruder})},
        {"the node's own key as an officer's",
         with_deciders(b, anna, (struct decider){"boris", OFFICER_RELEASER, b->role[ROLE_LOG]})},
        {"an officer of the partner",
         with_deciders(b, anna, (struct decider){"boris", OFFICER_RELEASER, b->p->b.root})},
    };

    (void)state;
    bench_found(b);
    for (size_t i = 0; i < sizeof tricks / sizeof tricks[0]; i++)
        expect_refused(b, tricks[i].name, &tricks[i].n);
    for (size_t i = 0; i < sizeof tricks / sizeof tricks[0]; i++) {
        bench_restart(b);
        expect_refused(b, tricks[i].name, &tricks[i].n);
    }
    {
        struct notice n = honest_notice(b);
        struct item item = {0};

        item_notice(b, &item, &n); /* and none of it stands in the way of an honest one */
        assert_good(bench_say(b, &item));
    }
    bench_free(b);
}

static void permits_with_other_terms_are_refused(void **state)
{
    struct bench *b = bench_new();
    struct notice n;

    (void)state;
    bench_found(b);
    n = honest_notice(b);
    n.to = "a";
    expect_refused(b, "to ourselves", &n);
    n = honest_notice(b);
    n.field_to = "c";
    expect_refused(b, "a document to somebody else", &n);
    n = honest_notice(b);
    n.article = "6";
    expect_refused(b, "a document under another article", &n);
    n = honest_notice(b);
    n.officers = 1;
    n.decider[0] = n.decider[1];
    n.deciders = 1;
    expect_refused(b, "one officer where the article asks two", &n);
    n = honest_notice(b);
    n.expires = -1;
    expect_refused(b, "a permit that is over", &n);
    n = honest_notice(b);
    n.expires = 8 * 86400;
    expect_refused(b, "a permit of eight days", &n);
    bench_free(b);
}

static void a_permit_is_used_once(void **state)
{
    struct bench *b = bench_new();
    struct notice n = honest_notice(b);
    struct item item = {0};

    (void)state;
    bench_found(b);
    item_notice(b, &item, &n);
    assert_good(bench_say(b, &item));
    expect_refused(b, "the same again", &n);
    bench_restart(b);
    expect_refused(b, "the same after a restart", &n);
    item_notice(b, &item, &n);
    {
        struct item two[2] = {0};
        struct notice other = honest_notice(b);
        struct buf note = {0};

        other.id = 9;
        other.number = 2;
        other.previous = tree_leaf(item.o.text);
        item_notice(b, &two[0], &other);
        item_notice(b, &two[1], &other);
        assert_fault(bench_sign(b, b->tree.size, two, 2, &note), FAULT_REFUSED);
        assert_int_equal(note.len, 0);
        assert_good(bench_sign(b, b->tree.size, two, 1, &note));
        buf_done(&note);
        item_done(&two[0]);
        item_done(&two[1]);
    }
    item_done(&item);
    bench_free(b);
}

/* --- tricks with officers ----------------------------------------------------------------------
 */

static void nobody_enrols_an_officer_but_the_root_keys(void **state)
{
    struct bench *b = bench_new();
    struct secret *const signers[] = {
        NULL, b->p->b.root, b->role[ROLE_LOG], b->role[ROLE_HELLO], b->boris, b->intruder};
    struct notice n;
    struct item item = {0};

    (void)state;
    bench_found(b);
    for (size_t i = 0; i < sizeof signers / sizeof signers[0]; i++) {
        item_contact(b, &item, "diana", b->intruder, OFFICER_RELEASER, true, 103, signers[i]);
        assert_true(fault_is(bench_say(b, &item)));
    }
    n = with_deciders(b, (struct decider){"anna", OFFICER_DRAFTER, b->anna},
                      (struct decider){"diana", OFFICER_RELEASER, b->intruder});
    expect_refused(b, "by the self-enrolled", &n);
    bench_restart(b);
    expect_refused(b, "by the self-enrolled, later", &n);
    /* In one order: the enrolment before the statement that it would carry. */
    {
        struct item two[2] = {0};
        struct buf note = {0};

        item_contact(b, &two[0], "diana", b->intruder, OFFICER_RELEASER, true, 103, NULL);
        item_notice(b, &two[1], &n);
        assert_true(fault_is(bench_sign(b, b->tree.size, two, 2, &note)));
        assert_int_equal(note.len, 0);
        item_done(&two[0]);
        item_done(&two[1]);
    }
    bench_free(b);
}

static void a_withdrawn_officer_stays_withdrawn(void **state)
{
    struct bench *b = bench_new();
    struct notice n = honest_notice(b);
    struct item item = {0};

    (void)state;
    bench_found(b);
    item_contact(b, &item, "boris", b->boris, OFFICER_RELEASER, false, 200, b->p->a.root);
    assert_good(bench_say(b, &item));
    expect_refused(b, "by a withdrawn officer", &n);
    bench_restart(b);
    expect_refused(b, "by a withdrawn officer, after a restart", &n);
    item_contact(b, &item, "boris", b->boris, OFFICER_RELEASER, true, 101, b->p->a.root);
    assert_fault(bench_say(b, &item), FAULT_ORDER); /* his old appointment, shown again */
    expect_refused(b, "by a withdrawn officer with an old paper", &n);
    bench_free(b);
}

/* S2: with a withdrawal that could not be written down, no head goes out over it. */
static void a_withdrawal_is_durable_before_its_head(void **state)
{
    struct bench *b = bench_new();
    struct item item = {0};

    (void)state;
    bench_found(b);
    b->disk_full = true;
    item_contact(b, &item, "boris", b->boris, OFFICER_RELEASER, false, 200, b->p->a.root);
    assert_fault(bench_say(b, &item), FAULT_IO);
    b->disk_full = false;
    item_contact(b, &item, "boris", b->boris, OFFICER_RELEASER, false, 200, b->p->a.root);
    assert_good(bench_say(b, &item));
    bench_free(b);
}

/* --- tricks with history ------------------------------------------------------------------------
 */

static void no_second_history_is_signed(void **state)
{
    struct bench *b = bench_new();
    struct notice n = honest_notice(b);
    struct item item = {0}, genesis = {0};
    struct buf note = {0};

    (void)state;
    bench_found(b);
    item_notice(b, &item, &n);
    for (uint64_t first = 0; first < 10; first++)
        if (first != b->tree.size)
            assert_fault(bench_sign(b, first, &item, 1, &note), FAULT_ORDER);
    item_genesis(b, &genesis);
    assert_true(fault_is(bench_sign(b, b->tree.size, &genesis, 1, &note)));
    assert_int_equal(note.len, 0);
    bench_restart(b);
    assert_fault(bench_sign(b, 3, &item, 1, &note), FAULT_ORDER);
    assert_good(bench_sign(b, 4, &item, 1, &note));
    buf_done(&note);
    item_done(&item);
    item_done(&genesis);
    bench_free(b);
}

static void a_genesis_with_other_keys_is_refused(void **state)
{
    struct bench *b = bench_new();
    struct secret *ours = b->p->a.role[ROLE_COSIGN];
    struct item item = {0};

    (void)state;
    b->role[ROLE_COSIGN] = b->intruder;
    item_genesis(b, &item);
    assert_fault(bench_say(b, &item), FAULT_MISMATCH);
    b->role[ROLE_COSIGN] = ours;
    item_genesis(b, &item);
    assert_good(bench_say(b, &item));
    bench_free(b);
}

/* --- the partner's heads
 * -------------------------------------------------------------------------- */

static void partner_note(struct bench *b, struct secret *log, const struct tree *tree,
                         struct buf *out)
{
    struct checkpoint c = {.origin = bytes_text(b->p->b.origin), .size = tree->size};
    struct buf text = {0};

    c.root = tree_root(tree);
    checkpoint_write(&c, &text);
    buf_clear(out);
    note_begin(buf_view(&text), out);
    note_sign(buf_view(&text), b->p->b.origin, NOTE_AUTHOR, b->now, &log, 1, out);
    buf_done(&text);
}

static struct fault ask_cosign(struct bench *b, const struct buf *note, uint64_t first,
                               const struct digest *leaf, size_t count)
{
    struct order_cosign *o = calloc(1, sizeof *o), *back = calloc(1, sizeof *back);
    struct buf body = {0}, out = {0};
    struct fault f;

    o->agreement = bytes_text(b->agreement->id);
    o->note = buf_view(note);
    o->first = first;
    o->count = count;
    if (count != 0)
        memcpy(o->leaf, leaf, count * sizeof *leaf);
    order_cosign_write(o, &body);
    assert_good(order_cosign_parse(buf_view(&body), back));
    f = seal_cosign(b->seal, back, b->now, &out);
    assert_true(fault_is(f) == (out.len == 0));
    buf_done(&out);
    buf_done(&body);
    free(back);
    free(o);
    return f;
}

static struct fault ask_peer(struct bench *b, const struct person *p)
{
    struct order_peer o = {bytes_text(b->agreement->id), buf_view(&p->genesis),
                           buf_view(&p->document)};

    return seal_peer(b->seal, &o);
}

static void the_partners_heads_are_cosigned_by_their_leaves(void **state)
{
    struct bench *b = bench_new();
    struct secret *log = b->p->b.role[ROLE_LOG];
    struct digest leaf[4] = {tree_leaf(buf_view(&b->p->b.genesis)), {{1}}, {{2}}, {{3}}};
    struct tree one = {0}, three = {0}, forked = {0};
    struct buf note = {0};

    (void)state;
    tree_append(&one, &leaf[0]);
    three = one;
    tree_append(&three, &leaf[1]);
    tree_append(&three, &leaf[2]);
    forked = one;
    tree_append(&forked, &leaf[3]);
    tree_append(&forked, &leaf[2]);
    partner_note(b, log, &one, &note);
    assert_fault(ask_cosign(b, &note, 0, leaf, 1), FAULT_MISSING); /* whose keys? */
    assert_true(fault_is(ask_peer(b, &b->p->a)));                  /* not ours */
    assert_good(ask_peer(b, &b->p->b));
    assert_fault(ask_cosign(b, &note, 0, &leaf[1], 1), FAULT_MISMATCH); /* another genesis */
    assert_good(ask_cosign(b, &note, 0, leaf, 1));
    partner_note(b, b->intruder, &three, &note);
    assert_true(fault_is(ask_cosign(b, &note, 1, &leaf[1], 2))); /* signed by another key */
    partner_note(b, log, &three, &note);
    assert_fault(ask_cosign(b, &note, 1, &leaf[2], 2), FAULT_FORGED); /* other leaves */
    assert_fault(ask_cosign(b, &note, 2, &leaf[2], 1), FAULT_ORDER);  /* a gap */
    bench_restart(b);
    assert_good(ask_cosign(b, &note, 1, &leaf[1], 2));
    assert_good(ask_cosign(b, &note, 3, NULL, 0)); /* again: harmless */
    partner_note(b, log, &forked, &note);
    assert_true(fault_is(ask_cosign(b, &note, 3, NULL, 0)));
    assert_true(fault_is(ask_cosign(b, &note, 1, &leaf[1], 2)));
    partner_note(b, log, &one, &note);
    assert_true(fault_is(ask_cosign(b, &note, 0, leaf, 1)));
    assert_true(fault_is(ask_cosign(b, &note, 1, NULL, 0)));
    buf_done(&note);
    bench_free(b);
}

static void a_partners_genesis_is_taken_once(void **state)
{
    struct bench *b = bench_new();
    struct buf document = {0}, entry = {0};
    struct digest hash;
    uint32_t leaves;
    struct order_peer other;
    struct entry e;

    (void)state;
    assert_good(ask_peer(b, &b->p->b));
    assert_good(ask_peer(b, &b->p->b));
    people_document(people_genesis_fields(b->agreement, &b->p->b), b->agreement->id, b->p->b.root,
                    77, &document, &hash, &leaves);
    e = people_entry(b->agreement, "b", KIND_GENESIS, &document, hash, leaves);
    entry_write(&e, &entry);
    other =
        (struct order_peer){bytes_text(b->agreement->id), buf_view(&entry), buf_view(&document)};
    assert_fault(seal_peer(b->seal, &other), FAULT_REFUSED);
    bench_restart(b);
    assert_fault(seal_peer(b->seal, &other), FAULT_REFUSED);
    assert_good(ask_peer(b, &b->p->b));
    buf_done(&document);
    buf_done(&entry);
    bench_free(b);
}

/* --- the greeting
 * ------------------------------------------------------------------------------------ */

static void only_a_hello_of_ours_is_signed_as_one(void **state)
{
    static const uint8_t exporter[HELLO_EXPORTER] = {1};
    struct bench *b = bench_new();
    struct frame_hello h = {.agreement = bytes_text("cn-ru-2015"),
                            .version = 1,
                            .agreement_digest = bytes_of(b->agreement->digest, 32),
                            .party = bytes_text("a"),
                            .genesis_entry = buf_view(&b->p->a.genesis),
                            .genesis_document = buf_view(&b->p->a.document)};
    struct order_hello o = {bytes_text("cn-ru-2015"), 1, bytes_text("")};
    struct buf said = {0}, bytes = {0}, suite = {0}, signature = {0}, lacking = {0};

    (void)state;
    assert_fault(seal_hello(b->seal, &o, &suite, &signature, &lacking), FAULT_REFUSED);
    frame_hello_say(&h, &said);
    hello_bytes(exporter, HELLO_DIALLER, buf_view(&said), &bytes);
    o.bytes = buf_view(&bytes);
    assert_good(seal_hello(b->seal, &o, &suite, &signature, &lacking));
    assert_good(domain_verify(people_suite(), secret_public(b->p->a.role[ROLE_HELLO]), DOMAIN_HELLO,
                              bytes_text("cn-ru-2015"), buf_view(&bytes), buf_view(&signature)));
    for (size_t n = 0; n < bytes.len; n++) {
        o.bytes = bytes_of(bytes.data, n);
        assert_fault(seal_hello(b->seal, &o, &suite, &signature, &lacking), FAULT_REFUSED);
    }
    buf_clear(&said);
    buf_clear(&bytes);
    h.party = bytes_text("b");
    frame_hello_say(&h, &said);
    hello_bytes(exporter, HELLO_DIALLER, buf_view(&said), &bytes);
    o.bytes = buf_view(&bytes);
    assert_fault(seal_hello(b->seal, &o, &suite, &signature, &lacking), FAULT_REFUSED);
    buf_done(&said);
    buf_done(&bytes);
    buf_done(&suite);
    assert_int_equal(lacking.len, 0); /* nothing that it holds would help */
    buf_done(&signature);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_notice_is_signed),
        cmocka_unit_test(the_note_is_our_head_over_what_desk_has),
        cmocka_unit_test(desk_and_gate_together_cannot_release),
        cmocka_unit_test(permits_with_other_terms_are_refused),
        cmocka_unit_test(a_permit_is_used_once),
        cmocka_unit_test(nobody_enrols_an_officer_but_the_root_keys),
        cmocka_unit_test(a_withdrawn_officer_stays_withdrawn),
        cmocka_unit_test(a_withdrawal_is_durable_before_its_head),
        cmocka_unit_test(no_second_history_is_signed),
        cmocka_unit_test(a_genesis_with_other_keys_is_refused),
        cmocka_unit_test(the_partners_heads_are_cosigned_by_their_leaves),
        cmocka_unit_test(a_partners_genesis_is_taken_once),
        cmocka_unit_test(only_a_hello_of_ours_is_signed_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

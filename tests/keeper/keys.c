/* Keeper and a change of keys: PROTOCOL.ledger section 11. */
#include "bench.h"
#include "hotline/hello.h"

/* A bench with the genesis said, and new keys laid where keeper finds them. */
struct turn {
    struct bench *b;
    struct secret *next[ROLE_COUNT];
    struct secret *const *slot[ROLE_COUNT];
    struct item keys;
};

static void write_keys(struct turn *t, const char *state, struct secret *root, uint64_t seen)
{
    struct bench *b = t->b;
    struct secret *same[ROLE_COUNT];

    item_done(&t->keys);
    people_keys(b->agreement, &b->p->a,
                people_keys_fields(b->agreement, &b->p->a, ROLE_NONE, 30, state, same), root, seen,
                &t->keys.text, &t->keys.disclosed);
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        secret_free(same[r]);
    item_view(&t->keys);
}

/* As if the node had been begun anew with keys in keys/next/. */
static void lay_next(struct turn *t)
{
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        t->b->keys.next[r] = &t->next[r];
    bench_restart(t->b);
}

static void turn_init(struct turn *t)
{
    struct item genesis = {0};
    struct buf note = {0};

    *t = (struct turn){.b = bench_new()};
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        t->next[r] = people_key("a", (uint8_t)(30 + r));
    item_genesis(t->b, &genesis);
    assert_good(bench_sign(t->b, 0, &genesis, 1, &note));
    buf_done(&note);
    item_done(&genesis);
    write_keys(t, "rotated", t->b->p->a.root, 0);
}

static void turn_done(struct turn *t)
{
    item_done(&t->keys);
    bench_free(t->b);
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        secret_free(t->next[r]);
}

static bool is_signed_by(const struct turn *t, const struct buf *note, const struct secret *key)
{
    struct note_signer signer = {.role = NOTE_AUTHOR};
    struct note n;

    snprintf(signer.name, sizeof signer.name, "%s", t->b->p->a.origin);
    assert_good(note_signer_add(&signer, people_suite(), secret_public(key)));
    assert_good(note_parse(buf_view(note), &n));
    return !fault_is(note_verify(&n, &signer, NULL));
}

/* The last head again: by which key? */
static bool signs_by(struct turn *t, const struct secret *key)
{
    struct buf note = {0};
    bool is;

    assert_good(bench_sign(t->b, t->b->tree.size, NULL, 0, &note));
    is = is_signed_by(t, &note, key);
    buf_done(&note);
    return is;
}

static void the_head_over_keys_is_signed_by_them(void **state)
{
    struct turn t;
    struct secret *old;
    struct buf note = {0};

    (void)state;
    turn_init(&t);
    old = t.b->p->a.role[ROLE_LOG];
    assert_true(signs_by(&t, old));
    lay_next(&t);
    assert_true(signs_by(&t, old)); /* they only lie there */
    assert_good(bench_sign(t.b, 1, &t.keys, 1, &note));
    assert_true(is_signed_by(&t, &note, t.next[ROLE_LOG]));
    assert_false(is_signed_by(&t, &note, old));
    bench_restart(t.b);
    assert_true(signs_by(&t, t.next[ROLE_LOG]));
    /* The new files take the old ones' names: the old keys are nowhere any more. */
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++) {
        t.b->keys.role[r] = &t.next[r];
        t.b->keys.next[r] = NULL;
    }
    bench_restart(t.b);
    assert_true(signs_by(&t, t.next[ROLE_LOG]));
    buf_done(&note);
    turn_done(&t);
}

/* A HELLO that names these KEYS entries, as keeper is asked to sign it. */
static struct fault hello(struct turn *t, const struct frame_keys *keys, uint32_t count,
                          struct buf *bytes, struct buf *signature, struct buf *lacking)
{
    static const uint8_t exporter[HELLO_EXPORTER] = {1};
    struct frame_hello *h = calloc(1, sizeof *h);
    struct order_hello o = {bytes_text(t->b->agreement->id), 1, bytes_text("")};
    struct buf said = {0}, suite = {0};
    struct fault f;

    *h = (struct frame_hello){.agreement = bytes_text(t->b->agreement->id),
                              .version = 1,
                              .agreement_digest = bytes_of(t->b->agreement->digest, 32),
                              .party = bytes_text("a"),
                              .genesis_entry = buf_view(&t->b->p->a.genesis),
                              .genesis_document = buf_view(&t->b->p->a.document),
                              .key_count = count};
    memcpy(h->keys, keys, count * sizeof *keys);
    frame_hello_say(h, &said);
    buf_clear(bytes);
    buf_clear(signature);
    buf_clear(lacking);
    hello_bytes(exporter, HELLO_DIALLER, buf_view(&said), bytes);
    o.bytes = buf_view(bytes);
    f = seal_hello(t->b->seal, &o, &suite, signature, lacking);
    buf_done(&said);
    buf_done(&suite);
    free(h);
    return f;
}

static bool greets_by(const struct turn *t, const struct buf *bytes, const struct buf *signature,
                      const struct secret *key)
{
    return !fault_is(domain_verify(people_suite(), secret_public(key), DOMAIN_HELLO,
                                   bytes_text(t->b->agreement->id), buf_view(bytes),
                                   buf_view(signature)));
}

/* What a refill brings back: the head over genesis and KEYS, as the new key signed it once. */
static struct fault catch_up(struct turn *t, const struct buf *note)
{
    struct order_sign *o = calloc(1, sizeof *o);
    struct fault f;

    o->agreement = bytes_text(t->b->agreement->id);
    o->note = buf_view(note);
    o->first = 1;
    o->count = 1;
    o->entry[0] = (struct order_entry){.text = buf_view(&t->keys.text),
                                       .disclosed = buf_view(&t->keys.disclosed)};
    f = seal_catch_up(t->b->seal, o, t->b->now);
    free(o);
    return f;
}

/* Restored from before the change, and the private keys of after it are not there: by the log's own
 * words nothing that the old ones sign is worth anything, so they sign nothing. */
static void a_keeper_without_the_keys_of_its_log_signs_nothing_and_says_which(void **state)
{
    struct turn t, later;
    struct buf note = {0}, bytes = {0}, signature = {0}, lacking = {0}, expected = {0};
    struct frame_keys shown;
    char fingerprint[FINGERPRINT_TEXT];

    (void)state;
    turn_init(&later);
    lay_next(&later);
    assert_good(bench_sign(later.b, 1, &later.keys, 1, &note));

    turn_init(&t); /* the same people: the backup */
    shown = (struct frame_keys){1, buf_view(&t.keys.text), buf_view(&t.keys.disclosed)};
    seal_lacking(t.b->seal, &lacking);
    assert_int_equal(lacking.len, 0);

    /* The partner shows the entry: the greeting is by its keys if they are here, */
    assert_fault(hello(&t, &shown, 1, &bytes, &signature, &lacking), FAULT_MISMATCH);
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++) {
        fingerprint_write(secret_key_id(t.next[r]), fingerprint);
        buf_print(&expected, "%s %s %s\n", role_name(r), suite_name(people_suite()), fingerprint);
    }
    assert_true(bytes_equal(buf_view(&lacking), buf_view(&expected)));
    assert_good(hello(&t, &shown, 0, &bytes, &signature, &lacking)); /* else by those before */
    assert_true(greets_by(&t, &bytes, &signature, t.b->p->a.role[ROLE_HELLO]));

    assert_good(catch_up(&t, &note));
    buf_clear(&lacking);
    seal_lacking(t.b->seal, &lacking);
    assert_true(bytes_equal(buf_view(&lacking), buf_view(&expected)));
    assert_fault(bench_sign(t.b, 2, NULL, 0, &note), FAULT_MISMATCH);
    bench_restart(t.b); /* starts, and is as silent as before */
    assert_fault(bench_sign(t.b, 2, NULL, 0, &note), FAULT_MISMATCH);

    lay_next(&t);
    buf_clear(&lacking);
    seal_lacking(t.b->seal, &lacking);
    assert_int_equal(lacking.len, 0);
    assert_good(hello(&t, &shown, 1, &bytes, &signature, &lacking));
    assert_true(greets_by(&t, &bytes, &signature, t.next[ROLE_HELLO]));
    t.b->tree.size = 2;
    assert_true(signs_by(&t, t.next[ROLE_LOG]));
    buf_done(&note);
    buf_done(&bytes);
    buf_done(&signature);
    buf_done(&lacking);
    buf_done(&expected);
    turn_done(&t);
    turn_done(&later);
}

/* The keys lie in keys/next/, the entry is in the partner's log alone: who greets by them is let in
 * also where those before were revoked. What is named and is none of ours is not signed. */
static void a_hello_is_signed_by_the_keys_that_it_names(void **state)
{
    struct turn t;
    struct buf bytes = {0}, signature = {0}, lacking = {0};
    struct frame_keys shown, forged;

    (void)state;
    turn_init(&t);
    lay_next(&t);
    shown = (struct frame_keys){1, buf_view(&t.keys.text), buf_view(&t.keys.disclosed)};
    forged = (struct frame_keys){1, buf_view(&t.keys.text), buf_view(&t.b->p->a.document)};
    assert_true(fault_is(hello(&t, &forged, 1, &bytes, &signature, &lacking)));
    assert_good(hello(&t, &shown, 1, &bytes, &signature, &lacking));
    assert_true(greets_by(&t, &bytes, &signature, t.next[ROLE_HELLO]));
    assert_true(signs_by(&t, t.b->p->a.role[ROLE_LOG])); /* it is not in force yet */
    assert_good(hello(&t, &shown, 0, &bytes, &signature, &lacking));
    assert_true(greets_by(&t, &bytes, &signature, t.b->p->a.role[ROLE_HELLO]));
    buf_done(&bytes);
    buf_done(&signature);
    buf_done(&lacking);
    turn_done(&t);
}

/* Desk and gate in an attacker's hands: whatever they send, without the root key nothing changes.
 */
static void nobody_changes_keys_without_the_root_key(void **state)
{
    struct turn t;
    struct secret *by[5];

    (void)state;
    turn_init(&t);
    lay_next(&t);
    by[0] = NULL;
    by[1] = t.b->p->a.role[ROLE_LOG];
    by[2] = t.b->p->b.root;
    by[3] = t.b->anna;
    by[4] = t.next[ROLE_LOG];
    for (size_t i = 0; i < 5; i++) {
        write_keys(&t, "rotated", by[i], 0);
        assert_fault(bench_say(t.b, &t.keys), FAULT_MISSING);
        write_keys(&t, "rotated", t.b->p->a.root, 0); /* bench_say took it apart */
        assert_true(signs_by(&t, t.b->p->a.role[ROLE_LOG]));
    }
    bench_restart(t.b);
    assert_true(signs_by(&t, t.b->p->a.role[ROLE_LOG]));
    turn_done(&t);
}

static void keys_that_keeper_does_not_hold_are_refused(void **state)
{
    struct turn t;

    (void)state;
    turn_init(&t);
    assert_fault(bench_say(t.b, &t.keys), FAULT_MISMATCH); /* keys/next/ is empty */
    assert_true(signs_by(&t, t.b->p->a.role[ROLE_LOG]));
    lay_next(&t);
    write_keys(&t, "rotated", t.b->p->a.root, 7); /* we cosigned nothing */
    assert_fault(bench_say(t.b, &t.keys), FAULT_ORDER);
    write_keys(&t, "rotated", t.b->p->a.root, 0);
    t.b->disk_full = true;
    assert_fault(bench_say(t.b, &t.keys), FAULT_IO);
    t.b->disk_full = false;
    write_keys(&t, "rotated", t.b->p->a.root, 0);
    assert_true(signs_by(&t, t.b->p->a.role[ROLE_LOG]));
    assert_good(bench_say(t.b, &t.keys));
    assert_true(signs_by(&t, t.next[ROLE_LOG]));
    turn_done(&t);
}

/* S5: keeper's file of keys is ahead of its record when it dies between the two. */
static void a_crash_between_the_keys_and_the_head_changes_nothing(void **state)
{
    struct turn t;
    struct buf ahead = {0}, note = {0};
    struct bench_file *file;

    (void)state;
    turn_init(&t);
    lay_next(&t);
    file = bench_file(t.b, "cn-ru-2015.keys");
    buf_bytes(&ahead, buf_view(&file->content));
    buf_u64(&ahead, 1);
    buf_part(&ahead, buf_view(&t.keys.text));
    buf_part(&ahead, buf_view(&t.keys.disclosed));
    buf_clear(&file->content);
    buf_bytes(&file->content, buf_view(&ahead));
    bench_restart(t.b);
    assert_true(signs_by(&t, t.b->p->a.role[ROLE_LOG]));
    assert_good(bench_sign(t.b, 1, &t.keys, 1, &note)); /* asked again */
    assert_true(is_signed_by(&t, &note, t.next[ROLE_LOG]));
    assert_true(bytes_equal(buf_view(&file->content), buf_view(&ahead)));
    buf_done(&ahead);
    buf_done(&note);
    turn_done(&t);
}

/* --- the partner's ---------------------------------------------------------------------------- */

static void their_note(struct bench *b, struct secret *log, const struct tree *tree,
                       struct buf *out)
{
    struct checkpoint c = {bytes_text(b->p->b.origin), tree->size, tree_root(tree)};
    struct buf text = {0};

    checkpoint_write(&c, &text);
    buf_clear(out);
    note_begin(buf_view(&text), out);
    note_sign(buf_view(&text), b->p->b.origin, NOTE_AUTHOR, b->now, &log, 1, out);
    buf_done(&text);
}

static struct fault cosign(struct bench *b, const struct buf *note, uint64_t first,
                           const struct digest *leaf, size_t count, const struct order_keys *keys,
                           struct buf *out)
{
    struct order_cosign *o = calloc(1, sizeof *o), *back = calloc(1, sizeof *back);
    struct buf body = {0};
    struct fault f;

    *o = (struct order_cosign){.agreement = bytes_text(b->agreement->id),
                               .note = buf_view(note),
                               .first = first,
                               .count = count,
                               .key_count = keys != NULL};
    memcpy(o->leaf, leaf, count * sizeof *leaf);
    if (keys != NULL)
        o->keys[0] = *keys;
    order_cosign_write(o, &body);
    assert_good(order_cosign_parse(buf_view(&body), back));
    buf_clear(out);
    f = seal_cosign(b->seal, back, b->now, out);
    buf_done(&body);
    free(back);
    free(o);
    return f;
}

static void a_partners_heads_follow_the_partners_keys(void **state)
{
    struct turn t;
    struct bench *b;
    struct secret *theirs[ROLE_COUNT], *old;
    struct buf entry = {0}, document = {0}, note = {0}, out = {0};
    struct digest leaf[3];
    struct tree one = {0}, two, three;
    struct order_keys keys;
    struct order_peer peer;

    (void)state;
    turn_init(&t);
    b = t.b;
    old = b->p->b.role[ROLE_LOG];
    peer = (struct order_peer){bytes_text(b->agreement->id), buf_view(&b->p->b.genesis),
                               buf_view(&b->p->b.document)};
    assert_good(seal_peer(b->seal, &peer));
    people_keys(b->agreement, &b->p->b,
                people_keys_fields(b->agreement, &b->p->b, ROLE_NONE, 30, "revoked", theirs),
                b->p->b.root, 0, &entry, &document);
    keys = (struct order_keys){1, buf_view(&entry), buf_view(&document)};
    leaf[0] = tree_leaf(buf_view(&b->p->b.genesis));
    leaf[1] = tree_leaf(buf_view(&entry));
    leaf[2] = (struct digest){{9}};
    tree_append(&one, &leaf[0]);
    two = one;
    tree_append(&two, &leaf[1]);
    three = two;
    tree_append(&three, &leaf[2]);
    their_note(b, old, &one, &note);
    assert_good(cosign(b, &note, 0, leaf, 1, NULL, &out));
    their_note(b, theirs[ROLE_LOG], &two, &note);
    assert_fault(cosign(b, &note, 1, &leaf[1], 1, NULL, &out), FAULT_MISSING); /* whose keys? */
    keys.index = 2;
    assert_fault(cosign(b, &note, 1, &leaf[1], 1, &keys, &out), FAULT_MISMATCH);
    keys.index = 1;
    keys.document = buf_view(&b->p->b.document);
    assert_true(fault_is(cosign(b, &note, 1, &leaf[1], 1, &keys, &out)));
    keys.document = buf_view(&document);
    their_note(b, old, &two, &note); /* the thief's: it is not his any more */
    assert_fault(cosign(b, &note, 1, &leaf[1], 1, &keys, &out), FAULT_REFUSED);
    their_note(b, theirs[ROLE_LOG], &two, &note);
    assert_good(cosign(b, &note, 1, &leaf[1], 1, &keys, &out));
    bench_restart(b);
    their_note(b, old, &three, &note);
    assert_fault(cosign(b, &note, 2, &leaf[2], 1, NULL, &out), FAULT_REFUSED);
    their_note(b, theirs[ROLE_LOG], &three, &note);
    assert_good(cosign(b, &note, 2, &leaf[2], 1, NULL, &out));
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        secret_free(theirs[r]);
    buf_done(&entry);
    buf_done(&document);
    buf_done(&note);
    buf_done(&out);
    turn_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_over_keys_is_signed_by_them),
        cmocka_unit_test(a_keeper_without_the_keys_of_its_log_signs_nothing_and_says_which),
        cmocka_unit_test(a_hello_is_signed_by_the_keys_that_it_names),
        cmocka_unit_test(nobody_changes_keys_without_the_root_key),
        cmocka_unit_test(keys_that_keeper_does_not_hold_are_refused),
        cmocka_unit_test(a_crash_between_the_keys_and_the_head_changes_nothing),
        cmocka_unit_test(a_partners_heads_follow_the_partners_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

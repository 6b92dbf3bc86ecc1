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

/* The keys that the log names now are gone, and those before lie there again: no start, or the next
 * head would be one that nobody can verify. */
static void a_keeper_without_the_keys_of_its_log_does_not_start(void **state)
{
    struct turn t;
    struct buf note = {0};
    struct seal_start start;
    struct seal *seal = NULL;

    (void)state;
    turn_init(&t);
    lay_next(&t);
    assert_good(bench_sign(t.b, 1, &t.keys, 1, &note));
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        t.b->keys.next[r] = NULL;
    start = (struct seal_start){&t.b->agreement, 1, "a", &t.b->keys, t.b->keeping, &t.b->folder};
    assert_fault(seal_new(&start, &seal), FAULT_MISMATCH);
    buf_done(&note);
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
        cmocka_unit_test(a_keeper_without_the_keys_of_its_log_does_not_start),
        cmocka_unit_test(nobody_changes_keys_without_the_root_key),
        cmocka_unit_test(keys_that_keeper_does_not_hold_are_refused),
        cmocka_unit_test(a_crash_between_the_keys_and_the_head_changes_nothing),
        cmocka_unit_test(a_partners_heads_follow_the_partners_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

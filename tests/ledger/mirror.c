#include "ledger/mirror.h"

#include "disk.h"
#include "ledger/head.h"
#include "ledger/proof.h"
#include "party.h"

/* What b's log is: entries of a variant from 0 on, and from `turn` on of another. */
struct history {
    unsigned variant, then;
    uint64_t turn;
};

static void entry_of(const struct party_keys *p, const struct history *h, uint64_t i,
                     struct buf *out)
{
    party_entry(p, i, i < h->turn ? h->variant : h->then, out);
}

static void note_of(const struct party_keys *p, const struct history *h, uint64_t size,
                    struct buf *out)
{
    struct tree t = {0};
    struct buf text = {0};

    for (uint64_t i = 0; i < size; i++) {
        struct digest leaf;

        entry_of(p, h, i, &text);
        leaf = tree_leaf(buf_view(&text));
        tree_append(&t, &leaf);
    }
    party_note(p, &t, out);
    buf_done(&text);
}

static const struct history honest = {0, 0, UINT64_MAX};

static struct fault take(struct mirror *m, const struct party_keys *p, const struct history *h,
                         uint64_t first, size_t count, struct mirror_answer *answer)
{
    struct buf text[8] = {0}, note = {0};
    struct bytes entries[8];
    struct fault f;

    for (size_t i = 0; i < count; i++) {
        entry_of(p, h, first + i, &text[i]);
        entries[i] = buf_view(&text[i]);
    }
    note_of(p, h, first + count, &note);
    f = mirror_take(m, first, entries, count, buf_view(&note), answer);
    for (size_t i = 0; i < count; i++)
        buf_done(&text[i]);
    buf_done(&note);
    return f;
}

static void what_extends_is_held_and_resending_is_harmless(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct party_keys b;
    struct mirror m;
    struct mirror_answer answer;
    long syncs;

    (void)state;
    party_init(&b, 'b');
    assert_good(mirror_open(&m, &files, 3, &b.author, 0, true));
    syncs = d->syncs;
    assert_good(take(&m, &b, &honest, 0, 3, &answer));
    assert_true(answer.fresh);
    assert_int_equal(d->syncs, syncs + 1);
    assert_good(take(&m, &b, &honest, 0, 3, &answer));
    assert_false(answer.fresh);
    assert_good(take(&m, &b, &honest, 1, 4, &answer)); /* overlaps by two */
    assert_true(answer.fresh);
    assert_int_equal(ledger_size(m.log), 5);
    assert_good(take(&m, &b, &honest, 0, 2, &answer)); /* an old head of the same history */
    assert_good(take(&m, &b, &honest, 5, 0, &answer)); /* the head again */
    assert_fault(take(&m, &b, &honest, 6, 1, &answer), FAULT_ORDER);
    mirror_done(&m);
    assert_good(mirror_open(&m, &files, 3, &b.author, 5, false));
    assert_int_equal(ledger_size(m.log), 5);
    assert_true(mirror_note(&m).len != 0);
    mirror_done(&m);
    party_done(&b);
    disk_free(d);
}

/* Attack: split view. Evidence: two heads signed by b, same size, other root: stands alone. */
static void a_split_view_is_evidence_that_stands_alone(void **state)
{
    static const struct history other = {0, 7, 3};
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct party_keys b;
    struct mirror m;
    struct mirror_answer answer;
    struct buf note = {0};
    enum evidence e;

    (void)state;
    party_init(&b, 'b');
    assert_good(mirror_open(&m, &files, 3, &b.author, 0, true));
    assert_good(take(&m, &b, &honest, 0, 5, &answer));
    assert_fault(take(&m, &b, &other, 3, 2, &answer), FAULT_MISMATCH);
    assert_int_equal(answer.evidence, EVIDENCE_SPLIT);
    note_of(&b, &other, 5, &note);
    assert_good(evidence_decide(buf_view(&note), buf_view(&answer.held), &b.author, NULL, &e));
    assert_int_equal(e, EVIDENCE_SPLIT);
    assert_int_equal(ledger_size(m.log), 5);
    buf_done(&answer.held);
    buf_done(&note);
    mirror_done(&m);
    party_done(&b);
    disk_free(d);
}

/* Attack: rewriting, deleting, inserting below what was shown. */
static void a_rewritten_history_is_refused_with_both_heads(void **state)
{
    static const struct history other = {0, 7, 2};
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct party_keys b;
    struct mirror m;
    struct mirror_answer answer;

    (void)state;
    party_init(&b, 'b');
    assert_good(mirror_open(&m, &files, 3, &b.author, 0, true));
    assert_good(take(&m, &b, &honest, 0, 5, &answer));
    assert_fault(take(&m, &b, &other, 5, 2, &answer), FAULT_MISMATCH);
    assert_int_equal(answer.evidence, EVIDENCE_NO_EXTENSION);
    assert_true(answer.held.len != 0);
    buf_done(&answer.held);
    /* Attack: rollback from a restored backup, then another continuation. */
    assert_fault(take(&m, &b, &other, 0, 4, &answer), FAULT_MISMATCH);
    assert_int_equal(answer.evidence, EVIDENCE_NO_EXTENSION);
    buf_done(&answer.held);
    assert_int_equal(ledger_size(m.log), 5);
    mirror_done(&m);
    party_done(&b);
    disk_free(d);
}

static void a_head_that_others_signed_is_evidence_of_nothing(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct party_keys a, b;
    struct mirror m;
    struct mirror_answer answer;
    struct buf note = {0}, forged = {0};
    enum evidence e;

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    assert_good(mirror_open(&m, &files, 3, &b.author, 0, true));
    assert_fault(take(&m, &a, &honest, 0, 2, &answer), FAULT_MISMATCH); /* another origin */
    assert_int_equal(answer.evidence, EVIDENCE_NONE);
    note_of(&b, &honest, 2, &note);
    buf_bytes(&forged, buf_view(&note));
    forged.data[strlen(b.origin) + 1] = '3'; /* size 3 under b's signature of size 2 */
    assert_fault(evidence_decide(buf_view(&note), buf_view(&forged), &b.author, NULL, &e),
                 FAULT_FORGED);
    assert_fault(mirror_take(&m, 3, NULL, 0, buf_view(&forged), &answer), FAULT_FORGED);
    buf_done(&note);
    buf_done(&forged);
    mirror_done(&m);
    party_done(&a);
    party_done(&b);
    disk_free(d);
}

static void a_consistency_proof_that_fails_is_evidence(void **state)
{
    static const struct history other = {0, 7, 2};
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct party_keys b;
    struct mirror m;
    struct mirror_answer answer;
    struct buf small = {0}, large = {0}, false_one = {0};
    struct tree_path path;
    enum evidence e;

    (void)state;
    party_init(&b, 'b');
    assert_good(mirror_open(&m, &files, 3, &b.author, 0, true));
    assert_good(take(&m, &b, &honest, 0, 6, &answer));
    assert_good(tree_prove_consistency(ledger_reader(m.log), 4, 6, &path));
    note_of(&b, &honest, 4, &small);
    note_of(&b, &honest, 6, &large);
    note_of(&b, &other, 4, &false_one);
    assert_good(evidence_decide(buf_view(&small), buf_view(&large), &b.author, &path, &e));
    assert_int_equal(e, EVIDENCE_NONE);
    assert_good(evidence_decide(buf_view(&large), buf_view(&false_one), &b.author, &path, &e));
    assert_int_equal(e, EVIDENCE_NO_EXTENSION);
    assert_string_equal(evidence_name(e), "not an extension");
    buf_done(&small);
    buf_done(&large);
    buf_done(&false_one);
    mirror_done(&m);
    party_done(&b);
    disk_free(d);
}

/* A crash may leave the entries and take the note: pushing again brings it back. */
static void every_cut_leaves_a_mirror_that_goes_on(void **state)
{
    struct party_keys b;

    (void)state;
    party_init(&b, 'b');
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct disk *d = disk_new(seed);
        struct files files = disk_files(d);
        struct mirror m;
        struct mirror_answer answer;
        uint64_t held = 0;

        for (int round = 0; round < 3; round++) {
            d->cut_at = 1 + (long)(disk_random(d) % 40);
            if (!fault_is(mirror_open(&m, &files, 3, &b.author, held, true))) {
                uint64_t size = ledger_size(m.log);

                if (size < held)
                    fail_msg("seed %u: %u of %u held", (unsigned)seed, (unsigned)size,
                             (unsigned)held);
                while (size < 200 && !fault_is(take(&m, &b, &honest, size, 2, &answer)))
                    held = size += 2;
                mirror_done(&m);
            }
            disk_cut(d);
        }
        assert_good(mirror_open(&m, &files, 3, &b.author, held, true));
        assert_true(ledger_size(m.log) >= held);
        assert_good(take(&m, &b, &honest, ledger_size(m.log), 0, &answer));
        assert_good(take(&m, &b, &honest, ledger_size(m.log), 2, &answer));
        mirror_done(&m);
        disk_free(d);
    }
    party_done(&b);
}

static struct ledger *own_log(const struct files *files, const struct party_keys *a, uint64_t size)
{
    struct ledger *l;
    struct buf text = {0};

    assert_good(ledger_open(files, 3, a->origin, 0, true, &l));
    for (uint64_t i = 0; i < size; i++) {
        struct bytes entry;
        uint64_t index;

        party_entry(a, i, 0, &text);
        entry = buf_view(&text);
        assert_good(ledger_append(l, &entry, 1, &index));
    }
    buf_done(&text);
    return l;
}

static void binding_note(const struct party_keys *a, const struct party_keys *b, uint64_t size,
                         int64_t seconds, struct buf *out)
{
    struct note n;

    note_of(a, &honest, size, out);
    assert_good(note_parse(buf_view(out), &n));
    struct buf text = {0};
    buf_bytes(&text, n.text);
    note_sign(buf_view(&text), b->cosign_name, NOTE_COSIGNER, instant_of_seconds(seconds),
              &b->cosign, 1, out);
    buf_done(&text);
}

static void stored_and_binding_are_told_apart(void **state)
{
    static const struct history other = {3, 3, 0};
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct party_keys a, b;
    struct buf note = {0};
    struct head h;
    struct stored *s = NULL;
    struct ledger *l;

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    l = own_log(&files, &a, 5);
    assert_good(head_init(&h, l, &a.author, &b.cosigner));
    assert_fault(head_stored(&h, 0, &s), FAULT_RANGE); /* synced, but under no signed head */
    note_of(&a, &honest, 3, &note);
    assert_good(head_take_stored(&h, buf_view(&note)));
    assert_good(head_stored(&h, 2, &s));
    assert_int_equal(stored_index(s), 2);
    stored_free(s);
    assert_fault(head_stored(&h, 3, &s), FAULT_RANGE);
    assert_int_equal(h.binding, 0);
    assert_fault(head_take_binding(&h, buf_view(&note)), FAULT_MISSING);
    note_of(&a, &other, 3, &note); /* signed by our key, yet not our log */
    assert_fault(head_take_stored(&h, buf_view(&note)), FAULT_MISMATCH);
    note_of(&a, &honest, 2, &note);
    assert_fault(head_take_stored(&h, buf_view(&note)), FAULT_ORDER);
    binding_note(&a, &b, 3, 1000, &note);
    assert_good(head_take_binding(&h, buf_view(&note)));
    assert_int_equal(h.binding, 3);
    assert_true(bytes_equal(head_stored_note(&h), buf_view(&note)));
    assert_good(head_take_binding(&h, buf_view(&note)));
    binding_note(&a, &b, 4, 999, &note); /* "cosignature times never fall" */
    assert_fault(head_take_binding(&h, buf_view(&note)), FAULT_CLOCK);
    binding_note(&a, &b, 5, 1001, &note);
    assert_good(head_take_binding(&h, buf_view(&note)));
    assert_int_equal(h.stored, 5);
    assert_good(ledger_sync(l));
    ledger_free(l);
    assert_good(ledger_open(&files, 3, a.origin, 5, false, &l));
    assert_good(head_init(&h, l, &a.author, &b.cosigner));
    assert_int_equal(h.stored, 5);
    assert_int_equal(h.binding, 5);
    assert_int_equal(instant_seconds(h.binding_time), 1001);
    ledger_free(l);
    buf_done(&note);
    party_done(&a);
    party_done(&b);
    disk_free(d);
}

static void a_proof_stands_alone_and_no_bit_of_it_can_change(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct party_keys a, b;
    struct buf note = {0}, text = {0}, entry = {0};
    struct proof p, q;
    struct ledger *l;

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    l = own_log(&files, &a, 7);
    binding_note(&a, &b, 7, 1000, &note);
    assert_good(proof_make(l, 4, buf_view(&note), &p));
    proof_write(&p, &text);
    assert_good(ledger_read(l, 4, &entry));
    assert_good(proof_parse(buf_view(&text), &q));
    assert_good(proof_verify(&q, buf_view(&entry), &a.author, &b.cosigner));
    assert_fault(proof_make(l, 7, buf_view(&note), &p), FAULT_RANGE);
    for (size_t n = 0; n < text.len; n++)
        assert_true(fault_is(proof_parse(bytes_of(text.data, n), &q)) ||
                    fault_is(proof_verify(&q, buf_view(&entry), &a.author, &b.cosigner)));
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!fault_is(proof_parse(buf_view(&text), &q)))
            assert_true(fault_is(proof_verify(&q, buf_view(&entry), &a.author, &b.cosigner)));
        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_good(proof_parse(buf_view(&text), &q));
    entry.data[20] ^= 1;
    assert_fault(proof_verify(&q, buf_view(&entry), &a.author, &b.cosigner), FAULT_FORGED);
    ledger_free(l);
    buf_done(&note);
    buf_done(&text);
    buf_done(&entry);
    party_done(&a);
    party_done(&b);
    disk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_extends_is_held_and_resending_is_harmless),
        cmocka_unit_test(a_split_view_is_evidence_that_stands_alone),
        cmocka_unit_test(a_rewritten_history_is_refused_with_both_heads),
        cmocka_unit_test(a_head_that_others_signed_is_evidence_of_nothing),
        cmocka_unit_test(a_consistency_proof_that_fails_is_evidence),
        cmocka_unit_test(every_cut_leaves_a_mirror_that_goes_on),
        cmocka_unit_test(stored_and_binding_are_told_apart),
        cmocka_unit_test(a_proof_stands_alone_and_no_bit_of_it_can_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

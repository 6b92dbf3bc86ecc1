#include "ledger/keeping.h"

#include "disk.h"
#include "ledger/fence.h"
#include "party.h"

static const struct instant noon = {1795608000LL * 1000000};

static struct keeping *open_keeping(const struct files *files)
{
    struct keeping *k;

    assert_good(keeping_open(files, 3, noon, true, &k));
    return k;
}

/* Asks for entries from..from+count-1 of the party, of this variant. */
static struct fault sign(struct keeping *k, const struct party_keys *p, uint64_t from, size_t count,
                         unsigned variant, struct instant now, struct buf *note, uint64_t *refused)
{
    struct buf text[8] = {0};
    struct bytes texts[8];
    struct keeping_sign s = {p->id, "a-b-2015", from, texts, count, party_permits, &now, now};
    struct fault f;

    for (size_t i = 0; i < count; i++) {
        party_entry(p, from + i, variant, &text[i]);
        texts[i] = buf_view(&text[i]);
    }
    buf_clear(note);
    f = keeping_sign_head(k, &s, &p->log_pen, note, refused);
    for (size_t i = 0; i < count; i++)
        buf_done(&text[i]);
    return f;
}

static struct tree tree_of(const struct party_keys *p, uint64_t size, unsigned variant)
{
    struct tree t = {0};
    struct buf text = {0};

    for (uint64_t i = 0; i < size; i++) {
        struct digest leaf;

        party_entry(p, i, variant, &text);
        leaf = tree_leaf(buf_view(&text));
        tree_append(&t, &leaf);
    }
    buf_done(&text);
    return t;
}

static void check_note(const struct party_keys *p, const struct buf *note, uint64_t size)
{
    struct checkpoint c;
    struct tree t = tree_of(p, size, 0);
    struct digest root = tree_root(&t);

    assert_good(
        note_verify_checkpoint(buf_view(note), bytes_text(p->origin), &p->author, &c, NULL));
    assert_int_equal(c.size, size);
    assert_true(digest_equal(&c.root, &root));
}

static void a_head_is_signed_from_where_the_last_one_ended(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct buf note = {0}, again = {0};
    uint64_t refused;
    long syncs;

    (void)state;
    party_init(&a, 'a');
    assert_good(sign(k, &a, 0, 4, 0, noon, &note, &refused));
    check_note(&a, &note, 4);
    assert_fault(sign(k, &a, 0, 4, 0, noon, &again, &refused), FAULT_ORDER);
    assert_fault(sign(k, &a, 5, 1, 0, noon, &again, &refused), FAULT_ORDER);
    syncs = d->syncs;
    assert_good(sign(k, &a, 4, 3, 0, noon, &note, &refused));
    assert_int_equal(d->syncs, syncs + 1); /* one sync for the decision */
    check_note(&a, &note, 7);
    keeping_free(k);
    k = open_keeping(&files);
    assert_int_equal(keeping_count(k), 1);
    assert_int_equal(keeping_at(k, 0)->tree.size, 7);
    assert_good(sign(k, &a, 7, 0, 0, noon, &again, &refused)); /* its note was lost */
    assert_true(bytes_equal(buf_view(&note), buf_view(&again)));
    keeping_free(k);
    buf_done(&note);
    buf_done(&again);
    party_done(&a);
    disk_free(d);
}

/* Attack: rewriting, deleting, inserting. Keeper hashes the entries himself from the frontier he
 * remembers, so another history cannot even be asked for; what is asked for is the old one with
 * another continuation, and that is a continuation. */
static void what_was_signed_stands_below_all_that_is_signed_later(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct buf note = {0}, text = {0};
    struct tree t;
    struct digest root, leaf;
    struct checkpoint c;
    uint64_t refused;

    (void)state;
    party_init(&a, 'a');
    assert_good(sign(k, &a, 0, 4, 0, noon, &note, &refused));
    assert_good(sign(k, &a, 4, 1, 9, noon, &note, &refused));
    t = tree_of(&a, 4, 0);
    party_entry(&a, 4, 9, &text);
    leaf = tree_leaf(buf_view(&text));
    tree_append(&t, &leaf);
    root = tree_root(&t);
    assert_good(note_verify_checkpoint(buf_view(&note), bytes_text(a.origin), &a.author, &c, NULL));
    assert_true(digest_equal(&root, &c.root));
    keeping_free(k);
    buf_done(&note);
    buf_done(&text);
    party_done(&a);
    disk_free(d);
}

static struct fault refuse_three(void *context, size_t i, const struct entry *e,
                                 struct instant *expires)
{
    (void)e;
    *expires = *(struct instant *)context;
    return i == 3 ? fault_make(FAULT_REFUSED, 0, "no permit") : fault_none();
}

static void an_entry_without_permit_refuses_the_whole_head(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct buf text[5] = {0}, note = {0};
    struct bytes texts[5];
    struct instant later = {noon.us + 1000000};
    struct keeping_sign s = {"a", "a-b-2015", 0, texts, 5, refuse_three, &later, noon};
    uint64_t refused;

    (void)state;
    party_init(&a, 'a');
    for (size_t i = 0; i < 5; i++) {
        party_entry(&a, i, 0, &text[i]);
        texts[i] = buf_view(&text[i]);
    }
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_REFUSED);
    assert_int_equal(refused, 3);
    assert_int_equal(note.len, 0);
    assert_int_equal(keeping_count(k), 0);
    s.count = 3;
    assert_good(keeping_sign_head(k, &s, &a.log_pen, &note, &refused));
    for (size_t i = 0; i < 5; i++)
        buf_done(&text[i]);
    buf_done(&note);
    keeping_free(k);
    party_done(&a);
    disk_free(d);
}

static void a_permit_serves_once_even_after_a_restart(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct buf text = {0}, note = {0};
    struct bytes texts[2];
    struct instant now = noon;
    struct keeping_sign s = {"a", "a-b-2015", 4, texts, 1, party_permits, &now, noon};
    uint64_t refused;

    (void)state;
    party_init(&a, 'a');
    assert_good(sign(k, &a, 0, 4, 0, noon, &note, &refused)); /* entry 3 used permit 3 */
    party_entry(&a, 3, 7, &text);                             /* another entry, the same permit */
    texts[0] = texts[1] = buf_view(&text);
    buf_clear(&note);
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_REFUSED);
    keeping_free(k);
    k = open_keeping(&files);
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_REFUSED);
    party_entry(&a, 6, 0, &text); /* a new one, but twice in one head */
    texts[0] = texts[1] = buf_view(&text);
    s.count = 2;
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_REFUSED);
    assert_int_equal(refused, 5);
    keeping_free(k);
    buf_done(&text);
    buf_done(&note);
    party_done(&a);
    disk_free(d);
}

static struct fault fixed_expiry(void *context, size_t i, const struct entry *e,
                                 struct instant *expires)
{
    (void)i;
    (void)e;
    *expires = *(struct instant *)context;
    return fault_none();
}

/* An expired permit is refused; one that was used, expired and forgotten stays refused when the
 * clock goes back. */
static void an_expired_permit_is_refused_whatever_the_clock_does(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct buf text[4] = {0}, note = {0};
    struct bytes texts[4];
    struct instant expires = {noon.us + 3600LL * 1000000};
    struct keeping_sign s = {"a", "a-b-2015", 0, texts, 4, fixed_expiry, &expires, noon};
    struct instant later = {noon.us + 7200LL * 1000000};
    uint64_t refused;

    (void)state;
    party_init(&a, 'a');
    for (size_t i = 0; i < 4; i++) {
        party_entry(&a, i, 0, &text[i]);
        texts[i] = buf_view(&text[i]);
    }
    s.now = later;
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_CLOCK);
    assert_int_equal(refused, 3);
    s.now = (struct instant){noon.us - 9LL * 86400 * 1000000};
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_CLOCK);
    s.now = noon;
    assert_good(keeping_sign_head(k, &s, &a.log_pen, &note, &refused));
    keeping_free(k);
    assert_good(keeping_open(&files, 3, later, false, &k)); /* forgets it */
    s.first = 4;
    s.count = 1;
    texts[0] = texts[3];
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_CLOCK);
    keeping_free(k);
    for (size_t i = 0; i < 4; i++)
        buf_done(&text[i]);
    buf_done(&note);
    party_done(&a);
    disk_free(d);
}

static void entries_that_do_not_belong_are_refused(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a, b;
    struct buf text = {0}, note = {0};
    struct bytes texts[1];
    struct instant now = noon;
    struct keeping_sign s = {"a", "a-b-2015", 0, texts, 1, party_permits, &now, noon};
    uint64_t refused;

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    party_entry(&b, 0, 0, &text);
    texts[0] = buf_view(&text);
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_MISMATCH);
    party_entry(&a, 1, 0, &text); /* not a genesis */
    texts[0] = buf_view(&text);
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_MISMATCH);
    texts[0].len--;
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_SHORT);
    s.count = 0;
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_RANGE);
    assert_good(sign(k, &a, 0, 1, 0, noon, &note, &refused));
    party_entry(&a, 0, 1, &text); /* a second genesis */
    texts[0] = buf_view(&text);
    s.count = s.first = 1;
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_MISMATCH);
    keeping_free(k);
    buf_done(&text);
    buf_done(&note);
    party_done(&a);
    party_done(&b);
    disk_free(d);
}

/* What a's keeper is asked to cosign of b's log. */
struct pushed {
    struct digest leaf[8];
    struct buf note;
};

static void push(const struct party_keys *b, uint64_t from, size_t count, unsigned variant,
                 struct pushed *out)
{
    struct tree t = tree_of(b, from, 0);
    struct buf text = {0};

    for (size_t i = 0; i < count; i++) {
        party_entry(b, from + i, variant, &text);
        out->leaf[i] = tree_leaf(buf_view(&text));
        tree_append(&t, &out->leaf[i]);
    }
    party_note(b, &t, &out->note);
    buf_done(&text);
}

static struct fault cosign(struct keeping *k, const struct party_keys *a,
                           const struct party_keys *b, const struct pushed *p, uint64_t first,
                           size_t count, struct instant now, struct buf *note)
{
    struct keeping_cosign c = {&b->author, buf_view(&p->note), first, p->leaf, count, now};

    buf_clear(note);
    return keeping_cosign(k, &c, &a->cosign_pen, note);
}

static void a_partners_head_is_cosigned_where_its_leaves_lead_to_it(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a, b;
    struct pushed p = {0}, q = {0};
    struct buf note = {0};
    struct note n;
    struct instant time, later = {noon.us + 61LL * 1000000}, before = {noon.us - 1000000};

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    push(&b, 0, 3, 0, &p);
    assert_good(cosign(k, &a, &b, &p, 0, 3, noon, &note));
    assert_good(note_parse(buf_view(&note), &n));
    assert_int_equal(n.count, 2);
    assert_good(note_verify(&n, &b.author, NULL));
    assert_good(note_verify(&n, &a.cosigner, &time));
    assert_int_equal(instant_seconds(time), instant_seconds(noon));
    assert_good(cosign(k, &a, &b, &p, 3, 0, later, &note)); /* the same head again */
    assert_fault(cosign(k, &a, &b, &p, 3, 0, noon, &note), FAULT_CLOCK);
    push(&b, 3, 2, 0, &q);
    assert_fault(cosign(k, &a, &b, &q, 3, 2, before, &note), FAULT_CLOCK);
    assert_good(cosign(k, &a, &b, &q, 3, 2, later, &note));
    keeping_free(k);
    k = open_keeping(&files);
    assert_int_equal(keeping_find(k, bytes_text(b.origin))->tree.size, 5);
    assert_int_equal(keeping_find(k, bytes_text(b.origin))->time.us, later.us);
    /* rollback: a head that is smaller than the last */
    assert_fault(cosign(k, &a, &b, &p, 0, 3, later, &note), FAULT_ORDER);
    keeping_free(k);
    buf_done(&p.note);
    buf_done(&q.note);
    buf_done(&note);
    party_done(&a);
    party_done(&b);
    disk_free(d);
}

static void a_partners_other_history_is_not_cosigned(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a, b;
    struct pushed p = {0}, split = {0}, wrong = {0};
    struct buf note = {0};

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    push(&b, 0, 3, 0, &p);
    assert_good(cosign(k, &a, &b, &p, 0, 3, noon, &note));
    push(&b, 0, 3, 5, &split); /* the same size, another history */
    assert_fault(cosign(k, &a, &b, &split, 3, 0, noon, &note), FAULT_MISMATCH);
    assert_fault(cosign(k, &a, &b, &split, 0, 3, noon, &note), FAULT_ORDER);
    push(&b, 3, 2, 0, &wrong);
    wrong.leaf[1].byte[0] ^= 1; /* leaves that do not lead to the root */
    assert_fault(cosign(k, &a, &b, &wrong, 3, 2, noon, &note), FAULT_FORGED);
    wrong.leaf[1].byte[0] ^= 1;
    assert_fault(cosign(k, &a, &b, &wrong, 3, 1, noon, &note), FAULT_RANGE);
    wrong.note.data[wrong.note.len - 10] ^= 4; /* not signed by b */
    assert_true(fault_is(cosign(k, &a, &b, &wrong, 3, 2, noon, &note)));
    assert_int_equal(note.len, 0);
    keeping_free(k);
    buf_done(&p.note);
    buf_done(&split.note);
    buf_done(&wrong.note);
    buf_done(&note);
    party_done(&a);
    party_done(&b);
    disk_free(d);
}

static void a_log_is_ours_or_the_partners_never_both(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct pushed p = {0};
    struct buf note = {0};
    uint64_t refused;

    (void)state;
    party_init(&a, 'a');
    assert_good(sign(k, &a, 0, 2, 0, noon, &note, &refused));
    push(&a, 2, 1, 0, &p);
    assert_fault(cosign(k, &a, &a, &p, 2, 1, noon, &note), FAULT_REFUSED);
    keeping_free(k);
    buf_done(&p.note);
    buf_done(&note);
    party_done(&a);
    disk_free(d);
}

/* Flips each bit: keeper says that his memory was changed, or remembers all. Never less. */
static void a_changed_memory_is_refused_never_shortened(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct buf note = {0}, whole = {0}, *file;
    uint64_t refused;
    size_t used;

    (void)state;
    party_init(&a, 'a');
    for (uint64_t i = 0; i < 6; i++)
        assert_good(sign(k, &a, i, 1, 0, noon, &note, &refused));
    keeping_free(k);
    file = disk_file(d, "keeper");
    buf_bytes(&whole, buf_view(file));
    for (used = whole.len; used > 0 && whole.data[used - 1] == 0; used--)
        ;
    for (size_t bit = 0; bit < (used + 100) * 8; bit++) {
        struct fault f;

        k = NULL;
        file->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        f = keeping_open(&files, 3, noon, false, &k);
        if (!fault_is(f))
            assert_int_equal(keeping_at(k, 0)->tree.size, 6);
        else
            assert_int_equal(f.kind, FAULT_DAMAGED);
        keeping_free(k);
        buf_clear(file);
        buf_bytes(file, buf_view(&whole));
    }
    buf_done(&whole);
    buf_done(&note);
    party_done(&a);
    disk_free(d);
}

static void a_long_memory_is_written_anew_and_is_the_same(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a, b;
    struct buf note = {0};
    struct pushed p = {0};
    uint64_t refused;
    size_t before;

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    assert_good(sign(k, &a, 0, 4, 0, noon, &note, &refused));
    push(&b, 0, 3, 0, &p);
    for (size_t i = 0; i < KEEPING_COMPACT; i++)
        assert_good(cosign(k, &a, &b, &p, i == 0 ? 0 : 3, i == 0 ? 3 : 0, noon, &note));
    keeping_free(k);
    before = disk_file(d, "keeper")->len;
    k = open_keeping(&files);
    assert_true(disk_file(d, "keeper")->len < before);
    assert_int_equal(keeping_count(k), 2);
    assert_int_equal(keeping_find(k, bytes_text(a.origin))->tree.size, 4);
    assert_int_equal(keeping_find(k, bytes_text(b.origin))->time.us, noon.us);
    assert_good(sign(k, &a, 4, 1, 0, noon, &note, &refused));
    keeping_free(k);
    k = open_keeping(&files);
    assert_int_equal(keeping_find(k, bytes_text(a.origin))->tree.size, 5);
    keeping_free(k);
    buf_done(&p.note);
    buf_done(&note);
    party_done(&a);
    party_done(&b);
    disk_free(d);
}

static void a_record_reads_back_and_every_prefix_is_short(void **state)
{
    struct keeping_log log = {.role = KEEPING_PARTNER, .origin = "b/parley/x", .time = noon};
    struct use use = {{{1, 2, 3}}, noon};
    struct keeping_record r;
    struct party_keys a;
    struct buf body = {0};

    (void)state;
    party_init(&a, 'a');
    log.tree = tree_of(&a, 7, 0);
    keeping_record_write(&log, &use, 1, &body);
    assert_good(keeping_record_parse(buf_view(&body), &r));
    assert_int_equal(r.log.tree.size, 7);
    assert_int_equal(r.use_count, 1);
    for (size_t n = 0; n < body.len; n++)
        assert_fault(keeping_record_parse(bytes_of(body.data, n), &r), FAULT_SHORT);
    buf_byte(&body, 0);
    assert_fault(keeping_record_parse(buf_view(&body), &r), FAULT_EXTRA);
    body.data[0] = 3;
    assert_fault(keeping_record_parse(buf_view(&body), &r), FAULT_RANGE);
    buf_done(&body);
    party_done(&a);
}

/* The start-up fence, DESIGN section 5 rule 5. */
static void the_fence_tells_behind_from_ahead_from_damaged(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping_log kept = {.role = KEEPING_OWN};
    struct party_keys a;
    struct ledger *l;
    struct tree t;
    struct checkpoint head = {0};
    struct fence_verdict v;

    (void)state;
    party_init(&a, 'a');
    assert_good(ledger_open(&files, 3, a.origin, 0, true, &l));
    v = fence_decide(l, NULL, NULL);
    assert_int_equal(v.what, FENCE_OK);
    for (uint64_t i = 0; i < 5; i++) {
        struct buf text = {0};
        struct bytes entry;
        uint64_t index;

        party_entry(&a, i, 0, &text);
        entry = buf_view(&text);
        assert_good(ledger_append(l, &entry, 1, &index));
        buf_done(&text);
    }
    kept.tree = tree_of(&a, 5, 0);
    assert_int_equal(fence_decide(l, &kept, NULL).what, FENCE_OK);
    kept.tree = tree_of(&a, 3, 0);
    v = fence_decide(l, &kept, NULL);
    assert_int_equal(v.what, FENCE_TRUNCATE_TAIL);
    assert_int_equal(v.size, 3);
    kept.tree = tree_of(&a, 9, 0);
    v = fence_decide(l, &kept, NULL);
    assert_int_equal(v.what, FENCE_BEHIND);
    assert_int_equal(v.size, 9);
    kept.tree = tree_of(&a, 4, 1); /* another history */
    assert_int_equal(fence_decide(l, &kept, NULL).what, FENCE_DAMAGED);
    kept.tree = tree_of(&a, 3, 0);
    t = tree_of(&a, 5, 0);
    head.size = 5;
    head.root = tree_root(&t);
    v = fence_decide(l, &kept, &head);
    assert_int_equal(v.what, FENCE_CATCH_UP);
    t = tree_of(&a, 8, 0);
    head.size = 8;
    head.root = tree_root(&t);
    v = fence_decide(l, &kept, &head);
    assert_int_equal(v.what, FENCE_BEHIND);
    assert_int_equal(v.size, 8);
    kept.tree = tree_of(&a, 8, 1);
    assert_int_equal(fence_decide(l, &kept, &head).what, FENCE_DAMAGED);
    assert_true(strlen(v.words) > 20);
    ledger_free(l);
    party_done(&a);
    disk_free(d);
}

static void keeper_catches_up_to_a_head_of_his_own(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct keeping *k = open_keeping(&files);
    struct party_keys a;
    struct buf text[6] = {0}, note = {0};
    struct bytes texts[6];
    struct tree t;
    struct instant now = noon;
    struct keeping_sign s = {"a", "a-b-2015", 6, texts, 1, party_permits, &now, noon};
    uint64_t refused;

    (void)state;
    party_init(&a, 'a');
    for (size_t i = 0; i < 6; i++) {
        party_entry(&a, i, 0, &text[i]);
        texts[i] = buf_view(&text[i]);
    }
    assert_good(sign(k, &a, 0, 2, 0, noon, &note, &refused));
    t = tree_of(&a, 6, 0);
    party_note(&a, &t, &note);
    assert_fault(keeping_catch_up(k, &a.author, buf_view(&note), 2, texts + 1, 4, noon),
                 FAULT_FORGED);
    assert_good(keeping_catch_up(k, &a.author, buf_view(&note), 2, texts + 2, 4, noon));
    assert_int_equal(keeping_at(k, 0)->tree.size, 6);
    texts[0] = texts[3]; /* its permit counts as used */
    assert_fault(keeping_sign_head(k, &s, &a.log_pen, &note, &refused), FAULT_REFUSED);
    for (size_t i = 0; i < 6; i++)
        buf_done(&text[i]);
    buf_done(&note);
    keeping_free(k);
    party_done(&a);
    disk_free(d);
}

/* Ledger and keeper together on a disk that loses its unsynced sectors: at the end every head
 * that was ever signed is one history, and every entry under one is there. */
struct signed_heads {
    struct digest root[4000];
    bool there[4000];
};

static void run_until_the_cut(struct disk *d, const struct party_keys *a,
                              struct signed_heads *heads, unsigned *variant)
{
    struct files files = disk_files(d);
    struct keeping *k = NULL;
    struct ledger *l = NULL;
    struct buf note = {0};
    struct fault f = keeping_open(&files, 3, noon, true, &k);
    uint64_t size = 0;

    if (!fault_is(f)) {
        size = keeping_count(k) == 0 ? 0 : keeping_at(k, 0)->tree.size;
        f = ledger_open(&files, 3, a->origin, size, true, &l);
    }
    if (!fault_is(f)) {
        struct fence_verdict v =
            fence_decide(l, keeping_count(k) == 0 ? NULL : keeping_at(k, 0), NULL);

        if (v.what != FENCE_OK && v.what != FENCE_TRUNCATE_TAIL)
            fail_msg("%s: kept %u, log %u", v.words, (unsigned)size, (unsigned)ledger_size(l));
        if (v.what == FENCE_TRUNCATE_TAIL)
            f = ledger_truncate(l, size);
    }
    while (!fault_is(f) && size < 3990) {
        struct buf text[4] = {0};
        struct bytes texts[4];
        uint64_t index[4], refused;
        size_t count = 1 + disk_random(d) % 4;
        struct instant now = noon;
        struct keeping_sign s = {"a", "a-b-2015", size, texts, count, party_permits, &now, noon};

        ++*variant;
        for (size_t i = 0; i < count; i++) {
            /* no permits here (every third number): the same one could come twice */
            bool third = (size + i) % 3 == 0 && size + i != 0;

            party_entry(a, size + i + third, 2 * *variant + third, &text[i]);
            texts[i] = buf_view(&text[i]);
        }
        f = ledger_append(l, texts, count, index);
        buf_clear(&note);
        if (!fault_is(f))
            f = keeping_sign_head(k, &s, &a->log_pen, &note, &refused);
        if (!fault_is(f)) {
            size += count;
            heads->root[size] = ledger_root(l);
            heads->there[size] = true;
            f = ledger_put_note(l, LEDGER_NOTE_STORED, size, buf_view(&note));
        } else if (note.len != 0) {
            fail_msg("a note and a fault");
        }
        for (size_t i = 0; i < count; i++)
            buf_done(&text[i]);
    }
    buf_done(&note);
    ledger_free(l);
    keeping_free(k);
}

static void no_two_contradictory_heads_are_signed_in_power_cuts(void **state)
{
    struct party_keys a;
    static struct signed_heads heads;
    unsigned cuts = 0;

    (void)state;
    party_init(&a, 'a');
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct disk *d = disk_new(seed);
        struct files files = disk_files(d);
        struct keeping *k;
        struct ledger *l;
        unsigned variant = 0;
        struct fault f;

        memset(&heads, 0, sizeof heads);
        for (int round = 0; round < 6; round++, cuts++) {
            d->cut_at = 1 + (long)(disk_random(d) % 90);
            run_until_the_cut(d, &a, &heads, &variant);
            disk_cut(d);
        }
        f = keeping_open(&files, 3, noon, true, &k);
        if (fault_is(f))
            fail_msg("seed %u: keeper: %s", (unsigned)seed, f.rule);
        f = ledger_open(&files, 3, a.origin, keeping_count(k) ? keeping_at(k, 0)->tree.size : 0,
                        true, &l);
        if (fault_is(f))
            fail_msg("seed %u: ledger: %s", (unsigned)seed, f.rule);
        for (uint64_t size = 1; size < 4000; size++) {
            struct digest root;

            if (!heads.there[size])
                continue;
            if (fault_is(ledger_root_at(l, size, &root)) || !digest_equal(&root, &heads.root[size]))
                fail_msg("seed %u: the head of size %u is lost or contradicted", (unsigned)seed,
                         (unsigned)size);
        }
        assert_good(ledger_check_all(l));
        ledger_free(l);
        keeping_free(k);
        disk_free(d);
    }
    party_done(&a);
    print_message("%u power cuts\n", cuts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_signed_from_where_the_last_one_ended),
        cmocka_unit_test(what_was_signed_stands_below_all_that_is_signed_later),
        cmocka_unit_test(an_entry_without_permit_refuses_the_whole_head),
        cmocka_unit_test(a_permit_serves_once_even_after_a_restart),
        cmocka_unit_test(an_expired_permit_is_refused_whatever_the_clock_does),
        cmocka_unit_test(entries_that_do_not_belong_are_refused),
        cmocka_unit_test(a_partners_head_is_cosigned_where_its_leaves_lead_to_it),
        cmocka_unit_test(a_partners_other_history_is_not_cosigned),
        cmocka_unit_test(a_log_is_ours_or_the_partners_never_both),
        cmocka_unit_test(a_changed_memory_is_refused_never_shortened),
        cmocka_unit_test(a_long_memory_is_written_anew_and_is_the_same),
        cmocka_unit_test(a_record_reads_back_and_every_prefix_is_short),
        cmocka_unit_test(the_fence_tells_behind_from_ahead_from_damaged),
        cmocka_unit_test(keeper_catches_up_to_a_head_of_his_own),
        cmocka_unit_test(no_two_contradictory_heads_are_signed_in_power_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

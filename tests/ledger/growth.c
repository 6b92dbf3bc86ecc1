#include "ledger/growth.h"

#include "disk.h"
#include "party.h"

static struct ledger *log_of(const struct files *files, const struct party_keys *a, size_t count)
{
    struct buf text[32] = {{0}};
    struct bytes entry[32];
    uint64_t index[32];
    struct ledger *l;

    assert_good(ledger_open(files, 3, a->origin, 0, true, &l));
    for (size_t i = 0; i < count; i++) {
        party_entry(a, i, 0, &text[i]);
        entry[i] = buf_view(&text[i]);
    }
    assert_good(ledger_append(l, entry, count, index));
    for (size_t i = 0; i < count; i++)
        buf_done(&text[i]);
    return l;
}

static void note_at(const struct ledger *l, const struct party_keys *a, uint64_t size,
                    struct buf *out)
{
    struct tree t;

    assert_good(tree_read_frontier(ledger_reader(l), size, &t));
    party_note(a, &t, out);
}

/* tlog-witness: "the consistency proof lines MUST encode a Merkle Consistency Proof from the old
 * size to the checkpoint size"; "If the old size is zero, the consistency proof MUST be empty". */
static void every_growth_is_shown_and_no_other(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct buf note = {0}, text = {0};
    struct party_keys a;
    struct ledger *l;

    (void)state;
    party_init(&a, 'a');
    l = log_of(&files, &a, 20);
    note_at(l, &a, 20, &note);
    for (uint64_t old = 0; old <= 20; old++) {
        struct digest root, other = {{1}};
        struct checkpoint c;
        struct growth g;

        assert_good(growth_make(l, old, buf_view(&note), &g));
        buf_clear(&text);
        growth_write(&g, &text);
        assert_good(growth_parse(buf_view(&text), &g));
        assert_int_equal(g.old, old);
        assert_true(old != 0 || g.path.count == 0);
        assert_good(ledger_root_at(l, old, &root));
        assert_good(growth_verify(&g, &root, &a.author, &c));
        assert_int_equal(c.size, 20);
        assert_fault(growth_verify(&g, &other, &a.author, &c), FAULT_FORGED);
    }
    {
        struct growth g;

        assert_fault(growth_make(l, 21, buf_view(&note), &g), FAULT_RANGE);
    }
    ledger_free(l);
    buf_done(&note);
    buf_done(&text);
    party_done(&a);
    disk_free(d);
}

static void no_bit_of_it_can_change(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct buf note = {0}, text = {0};
    struct party_keys a;
    struct checkpoint c;
    struct digest root;
    struct growth g;
    struct ledger *l;

    (void)state;
    party_init(&a, 'a');
    l = log_of(&files, &a, 13);
    note_at(l, &a, 13, &note);
    assert_good(ledger_root_at(l, 6, &root));
    assert_good(growth_make(l, 6, buf_view(&note), &g));
    growth_write(&g, &text);
    for (size_t n = 0; n < text.len; n++)
        assert_true(fault_is(growth_parse(bytes_of(text.data, n), &g)) ||
                    fault_is(growth_verify(&g, &root, &a.author, &c)));
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!fault_is(growth_parse(buf_view(&text), &g)))
            assert_true(fault_is(growth_verify(&g, &root, &a.author, &c)));
        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ledger_free(l);
    buf_done(&note);
    buf_done(&text);
    party_done(&a);
    disk_free(d);
}

#define HASH "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
#define NOTE "a\n1\n" HASH "\n\xe2\x80\x94 a AAAAAAE=\n"

static void a_text_of_another_form_is_refused(void **state)
{
    static const struct {
        const char *name, *text;
        enum fault_kind kind;
        size_t at;
    } wrong[] = {
        {"nothing", "", FAULT_SHORT, 0},
        {"another first word", "new 1\n\n" NOTE, FAULT_SYNTAX, 0},
        {"a leading zero", "old 01\n\n" NOTE, FAULT_SYNTAX, 4},
        {"a size beyond tlog-checkpoint's", "old 9223372036854775808\n\n" NOTE, FAULT_RANGE, 4},
        {"a hash that is short", "old 1\nAAAA\n\n" NOTE, FAULT_SYNTAX, 6},
        {"no note", "old 1\n\n", FAULT_SHORT, 7},
    };
    struct growth g;

    (void)state;
    assert_good(growth_parse(bytes_text("old 1\n" HASH "\n" NOTE), &g));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = growth_parse(bytes_text(wrong[i].text), &g);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %u", wrong[i].name, fault_word(f.kind), (unsigned)f.at);
    }
}

static void more_hashes_than_a_witness_takes_are_refused(void **state)
{
    struct buf text = {0};
    struct growth g;

    (void)state;
    buf_text(&text, "old 1\n");
    for (int i = 0; i < GROWTH_HASHES + 1; i++)
        buf_text(&text, HASH);
    buf_text(&text, "\n" NOTE);
    assert_fault(growth_parse(buf_view(&text), &g), FAULT_LIMIT);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_growth_is_shown_and_no_other),
        cmocka_unit_test(no_bit_of_it_can_change),
        cmocka_unit_test(a_text_of_another_form_is_refused),
        cmocka_unit_test(more_hashes_than_a_witness_takes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

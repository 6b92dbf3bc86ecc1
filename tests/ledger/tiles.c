#include "ledger/tiles.h"

#include "base/memory.h"
#include "disk.h"
#include "ledger/publish.h"
#include "party.h"

enum { OLDER = 300 /* a head that was published before, where the log is longer */ };

/* A published log on the pretended disk, and the log itself to compare with. */
struct shown {
    struct disk *disk;
    struct files files;
    struct party_keys a;
    struct ledger *log;
};

static void head_note(struct shown *s, uint64_t size, struct buf *note)
{
    struct checkpoint c = {bytes_text(s->a.origin), size, {{0}}};
    struct buf text = {0};

    assert_good(ledger_root_at(s->log, size, &c.root));
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), note);
    note_sign(buf_view(&text), s->a.origin, NOTE_AUTHOR, (struct instant){0}, &s->a.log, 1, note);
    buf_done(&text);
}

static void shown_init(struct shown *s, uint64_t size)
{
    struct publish p;
    struct buf note = {0}, text = {0};

    s->disk = disk_new(1);
    s->files = disk_files(s->disk);
    party_init(&s->a, 'a');
    assert_good(ledger_open(&s->files, 0, s->a.origin, 0, true, &s->log));
    while (ledger_size(s->log) < size) {
        struct bytes entry;
        uint64_t index;

        buf_clear(&text);
        buf_print(&text, "entry %llu\n", (unsigned long long)ledger_size(s->log));
        entry = buf_view(&text);
        assert_good(ledger_append(s->log, &entry, 1, &index));
    }
    assert_good(publish_init(&p, &s->files, 0, s->log));
    for (uint64_t at = size > OLDER ? OLDER : size;; at = size) {
        buf_clear(&note);
        head_note(s, at, &note);
        assert_good(publish_note(&p, buf_view(&note)));
        if (at == size)
            break;
    }
    buf_done(&note);
    buf_done(&text);
}

static void shown_done(struct shown *s)
{
    ledger_free(s->log);
    party_done(&s->a);
    disk_free(s->disk);
}

static void assert_same_path(const struct tree_path *a, const struct tree_path *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hash, b->hash, a->count * sizeof a->hash[0]);
}

/* From four tiles held, so that they are thrown out and read again. */
static void proofs_from_tiles_are_those_from_memory(void **state)
{
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 700, 1500};

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        uint64_t size = sizes[k];
        struct shown s;
        struct tiles *t;
        struct tree_path want, got;
        struct digest root, from_tiles;
        struct buf ours = {0}, theirs = {0};

        shown_init(&s, size);
        t = tiles_new(&s.files, 0, size, 4);
        root = ledger_root(s.log);
        assert_good(tree_read_root(tiles_reader(t), size, &from_tiles));
        assert_true(digest_equal(&root, &from_tiles));
        for (uint64_t i = 0; i < size; i += 1 + size / 97) {
            assert_good(tree_prove_inclusion(ledger_reader(s.log), i, size, &want));
            assert_good(tree_prove_inclusion(tiles_reader(t), i, size, &got));
            assert_same_path(&want, &got);
            assert_good(tree_prove_consistency(ledger_reader(s.log), i + 1, size, &want));
            assert_good(tree_prove_consistency(tiles_reader(t), i + 1, size, &got));
            assert_same_path(&want, &got);
            buf_clear(&ours);
            buf_clear(&theirs);
            assert_good(ledger_read(s.log, i, &ours));
            assert_good(tiles_entry(t, i, &theirs));
            assert_true(bytes_equal(buf_view(&ours), buf_view(&theirs)));
        }
        assert_fault(tree_prove_inclusion(tiles_reader(t), size, size, &got), FAULT_RANGE);
        assert_fault(tiles_entry(t, size, &theirs), FAULT_RANGE);
        tiles_free(t);
        buf_done(&ours);
        buf_done(&theirs);
        shown_done(&s);
    }
}

/* 1,500 leaves: six tiles of leaves, one above them. A proof reads its own, the last, and that. */
static void a_proof_reads_the_tiles_on_its_way_once(void **state)
{
    struct shown s;
    struct tiles *t;
    struct tree_path path;

    (void)state;
    shown_init(&s, 1500);
    t = tiles_new(&s.files, 0, 1500, TILES_HELD);
    assert_int_equal(tiles_read(t), 0);
    assert_good(tree_prove_inclusion(tiles_reader(t), 300, 1500, &path));
    assert_int_equal(tiles_read(t), 3);
    assert_good(tree_prove_inclusion(tiles_reader(t), 301, 1500, &path));
    assert_int_equal(tiles_read(t), 3);
    tiles_free(t);
    shown_done(&s);
}

/* Who read the checkpoint before the log grew: tile/0/001.p/44 is gone, the full one is there. */
static void an_older_head_is_proved_from_fuller_tiles(void **state)
{
    struct shown s;
    struct tiles *t;
    struct tree_path want, got;

    (void)state;
    shown_init(&s, 700);
    t = tiles_new(&s.files, 0, OLDER, 4);
    assert_good(tree_prove_inclusion(ledger_reader(s.log), OLDER - 1, OLDER, &want));
    assert_good(tree_prove_inclusion(tiles_reader(t), OLDER - 1, OLDER, &got));
    assert_same_path(&want, &got);
    tiles_free(t);
    shown_done(&s);
}

static void a_tile_that_is_gone_or_cut_is_named_by_its_number(void **state)
{
    struct shown s;
    struct tiles *t;
    struct tree_path path;
    struct fault f;

    (void)state;
    shown_init(&s, 700);
    disk_file(s.disk, "tile/0/000")->len = 100;
    assert_int_equal(s.files.unlink(s.files.context, 0, "tile/0/001"), 0);
    t = tiles_new(&s.files, 0, 700, 4);
    assert_fault(tree_prove_inclusion(tiles_reader(t), 3, 700, &path), FAULT_SHORT);
    f = tree_prove_inclusion(tiles_reader(t), 300, 700, &path);
    assert_fault(f, FAULT_MISSING);
    assert_int_equal(f.at, 1);
    assert_good(tree_prove_inclusion(tiles_reader(t), 600, 700, &path)); /* needs neither */
    tiles_free(t);
    shown_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_from_tiles_are_those_from_memory),
        cmocka_unit_test(a_proof_reads_the_tiles_on_its_way_once),
        cmocka_unit_test(an_older_head_is_proved_from_fuller_tiles),
        cmocka_unit_test(a_tile_that_is_gone_or_cut_is_named_by_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

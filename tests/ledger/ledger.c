#include "ledger/ledger.h"

#include "disk.h"
#include "test.h"

#define ORIGIN "a/parley/a-b-2015"

static struct ledger *open_log(const struct files *files, uint64_t promised)
{
    struct ledger *l;

    assert_good(ledger_open(files, 3, ORIGIN, promised, true, &l));
    return l;
}

static void add(struct ledger *l, uint64_t from, size_t count)
{
    char text[16][32];
    struct bytes entry[16];
    uint64_t index[16];

    for (size_t i = 0; i < count; i++) {
        snprintf(text[i], sizeof text[i], "entry %u", (unsigned)(from + i));
        entry[i] = bytes_text(text[i]);
    }
    assert_good(ledger_append(l, entry, count, index));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(index[i], from + i);
}

static void check_entries(const struct ledger *l, uint64_t count)
{
    struct tree t = {0};
    struct digest root, want;

    assert_int_equal(ledger_size(l), count);
    for (uint64_t i = 0; i < count; i++) {
        struct buf text = {0};
        char expected[32];
        struct digest leaf;

        snprintf(expected, sizeof expected, "entry %u", (unsigned)i);
        assert_good(ledger_read(l, i, &text));
        assert_string_equal(buf_str(&text), expected);
        leaf = tree_leaf(bytes_text(expected));
        tree_append(&t, &leaf);
        buf_done(&text);
    }
    root = ledger_root(l);
    want = tree_root(&t);
    assert_true(digest_equal(&root, &want));
}

static void what_was_appended_is_there_after_opening_again(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);

    (void)state;
    add(l, 0, 1);
    add(l, 1, 5);
    assert_good(ledger_put_note(l, LEDGER_NOTE_STORED, 6, bytes_text("note")));
    add(l, 6, 3);
    check_entries(l, 9);
    ledger_free(l);
    l = open_log(&files, 6);
    check_entries(l, 9);
    assert_true(bytes_is(ledger_note(l, LEDGER_NOTE_STORED), "note"));
    assert_int_equal(ledger_promised(l), 6);
    assert_good(ledger_check_all(l));
    add(l, 9, 2);
    check_entries(l, 11);
    ledger_free(l);
    disk_free(d);
}

static void an_entry_that_is_there_keeps_its_place(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);
    struct bytes entry[4] = {bytes_text("entry 1"), bytes_text("new"), bytes_text("new"),
                             bytes_text("entry 0")};
    uint64_t index[4];
    long syncs;

    (void)state;
    add(l, 0, 2);
    assert_good(ledger_append(l, entry, 4, index));
    assert_int_equal(index[0], 1);
    assert_int_equal(index[1], 2);
    assert_int_equal(index[2], 2);
    assert_int_equal(index[3], 0);
    assert_int_equal(ledger_size(l), 3);
    syncs = d->syncs;
    assert_good(ledger_append(l, entry, 4, index));
    assert_int_equal(d->syncs, syncs);
    ledger_free(l);
    disk_free(d);
}

/* DESIGN section 5: one sync of the log per group commit, no file created per commit. */
static void a_group_costs_one_sync_and_no_new_file(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);

    (void)state;
    add(l, 0, 1);
    for (uint64_t i = 1; i < 100; i += 3) {
        long syncs = d->syncs, opens = d->opens;

        add(l, i, 3);
        assert_int_equal(d->syncs, syncs + 1);
        assert_int_equal(d->opens, opens);
    }
    ledger_free(l);
    disk_free(d);
}

static void the_unpromised_tail_can_be_cut_and_nothing_else(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);

    (void)state;
    add(l, 0, 2);
    add(l, 2, 2);
    assert_good(ledger_put_note(l, LEDGER_NOTE_STORED, 2, bytes_text("head of 2")));
    assert_fault(ledger_truncate(l, 1), FAULT_REFUSED);
    assert_fault(ledger_truncate(l, 3), FAULT_ORDER);
    assert_int_equal(ledger_group_end(l, 1), 2);
    assert_int_equal(ledger_group_end(l, 3), 4);
    assert_good(ledger_truncate(l, 2));
    check_entries(l, 2);
    add(l, 2, 1);
    add(l, 3, 4);
    ledger_free(l);
    l = open_log(&files, 2);
    check_entries(l, 7);
    assert_true(bytes_is(ledger_note(l, LEDGER_NOTE_STORED), "head of 2"));
    ledger_free(l);
    disk_free(d);
}

/* Flips each bit of a small log's file: the log does not open and a leaf is named, or what it
 * holds is untouched. Nothing below the promise is ever cut silently. */
static void every_flipped_bit_is_named_or_harmless(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);
    struct buf *file, whole = {0};
    size_t used, named = 0;

    (void)state;
    add(l, 0, 1);
    add(l, 1, 3);
    add(l, 4, 2);
    ledger_free(l);
    file = disk_file(d, "log");
    buf_bytes(&whole, buf_view(file));
    for (used = whole.len; used > 0 && whole.data[used - 1] == 0; used--)
        ;
    for (size_t bit = 0; bit < (used + 64) * 8; bit++) {
        struct fault f;

        file->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        l = NULL;
        f = ledger_open(&files, 3, ORIGIN, 6, false, &l);
        if (fault_is(f)) {
            assert_int_equal(f.kind, FAULT_DAMAGED);
            assert_true(f.at <= 6);
            named++;
        } else {
            check_entries(l, 6);
        }
        ledger_free(l);
        file = disk_file(d, "log");
        buf_clear(file);
        buf_bytes(file, buf_view(&whole));
    }
    assert_true(named >= used * 8);
    buf_done(&whole);
    disk_free(d);
}

static void a_flipped_byte_of_an_entry_names_that_entry(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);

    (void)state;
    add(l, 0, 1);
    add(l, 1, 9);
    add(l, 10, 3);
    for (uint64_t i = 0; i < 13; i++) {
        struct buf *file = disk_file(d, "log");
        char text[32];
        uint8_t *at;
        struct fault f;
        struct ledger *other = NULL;
        struct buf out = {0};

        snprintf(text, sizeof text, "entry %u", (unsigned)i);
        at = memmem(file->data, file->len, text, strlen(text));
        assert_non_null(at);
        at[2] ^= 1;
        f = ledger_open(&files, 3, ORIGIN, 13, false, &other);
        assert_int_equal(f.kind, FAULT_DAMAGED);
        assert_int_equal(f.at, i);
        f = ledger_read(l, i, &out);
        assert_int_equal(f.kind, FAULT_DAMAGED);
        assert_int_equal(f.at, i);
        f = ledger_check_all(l);
        assert_int_equal(f.at, i);
        at[2] ^= 1;
        buf_done(&out);
    }
    ledger_free(l);
    disk_free(d);
}

static void a_damaged_log_is_salvaged_up_to_the_damage(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0), *left;
    uint8_t *at;

    (void)state;
    add(l, 0, 1);
    add(l, 1, 3);
    add(l, 4, 3);
    assert_good(ledger_put_note(l, LEDGER_NOTE_STORED, 4, bytes_text("n")));
    ledger_free(l);
    at = memmem(disk_file(d, "log")->data, disk_file(d, "log")->len, "entry 5", 7);
    at[0] ^= 4;
    assert_fault(ledger_open(&files, 3, ORIGIN, 7, false, &left), FAULT_DAMAGED);
    assert_good(ledger_salvage(&files, 3, ORIGIN, &left));
    check_entries(left, 4);
    assert_non_null(disk_file(d, "log.damaged.1"));
    add(left, 4, 3);
    ledger_free(left);
    left = open_log(&files, 7);
    check_entries(left, 7);
    ledger_free(left);
    disk_free(d);
}

static void a_full_disk_is_said_and_harms_nothing(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);
    struct bytes big[300];
    static uint8_t text[300][ENTRY_MAX];
    uint64_t index[300];
    struct fault f;

    (void)state;
    add(l, 0, 3);
    for (size_t i = 0; i < 300; i++) {
        memset(text[i], 'x', ENTRY_MAX);
        memcpy(text[i], &i, sizeof i);
        big[i] = bytes_of(text[i], ENTRY_MAX);
    }
    d->full_at = disk_used(d) + 1000;
    f = ledger_append(l, big, 300, index);
    assert_int_equal(f.kind, FAULT_IO);
    assert_int_equal(f.at, ENOSPC);
    assert_false(ledger_is_stopped(l));
    check_entries(l, 3);
    d->full_at = 0;
    assert_good(ledger_append(l, big, 300, index));
    ledger_free(l);
    l = open_log(&files, 3);
    assert_int_equal(ledger_size(l), 303);
    ledger_free(l);
    disk_free(d);
}

/* A sync that failed is never tried again in hope; the log stops, and reading it anew writes
 * again what only the cache may hold. */
static void a_failed_sync_stops_the_log_until_it_is_opened_anew(void **state)
{
    struct disk *d = disk_new(7);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);
    struct bytes entry = bytes_text("entry 2");
    uint64_t index;

    (void)state;
    add(l, 0, 2);
    d->fail_at = d->calls + 2; /* the write, then its sync */
    d->fail_errno = EIO;
    assert_fault(ledger_append(l, &entry, 1, &index), FAULT_IO);
    assert_true(ledger_is_stopped(l));
    assert_int_equal(ledger_size(l), 2);
    assert_fault(ledger_append(l, &entry, 1, &index), FAULT_IO);
    assert_fault(ledger_sync(l), FAULT_IO);
    ledger_free(l);
    l = open_log(&files, 2);
    assert_int_equal(ledger_size(l), 3); /* the cache still has it.. */
    disk_cut(d);                         /* ..and now the disk too */
    ledger_free(l);
    l = open_log(&files, 3);
    check_entries(l, 3);
    ledger_free(l);
    disk_free(d);
}

/* Whichever call failed as the log came into being: once it opens, its name is durable too. */
static void a_log_whose_making_failed_is_there_after_a_power_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 96; seed++) {
        struct disk *d = disk_new(seed); /* which names a cut leaves is the seed's to say */
        struct files files = disk_files(d);
        struct ledger *l = NULL;

        d->fail_at = 1 + (long)(seed % 12);
        d->fail_errno = EIO;
        if (fault_is(ledger_open(&files, 3, ORIGIN, 0, true, &l)))
            l = open_log(&files, 0);
        d->fail_at = 0;
        add(l, 0, 2);
        disk_cut(d);
        ledger_free(l);
        l = open_log(&files, 2);
        check_entries(l, 2);
        ledger_free(l);
        disk_free(d);
    }
}

static void short_writes_are_gone_on_with(void **state)
{
    struct disk *d = disk_new(3);
    struct files files = disk_files(d);
    struct ledger *l;

    (void)state;
    d->short_writes = true;
    l = open_log(&files, 0);
    add(l, 0, 10);
    ledger_free(l);
    l = open_log(&files, 10);
    check_entries(l, 10);
    ledger_free(l);
    disk_free(d);
}

/* Cuts the power at a random call of a random run: every group that was acknowledged is there,
 * whole; the rest is there as a whole or not at all; and it goes on from there. */
static void nothing_acknowledged_is_lost_in_a_power_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct disk *d = disk_new(seed);
        struct files files = disk_files(d);
        uint64_t acknowledged = 0;

        for (int round = 0; round < 4; round++) {
            struct ledger *l = NULL;
            uint64_t written = acknowledged;

            d->cut_at = 1 + (long)(disk_random(d) % 60);
            if (!fault_is(ledger_open(&files, 3, ORIGIN, acknowledged, true, &l))) {
                written = ledger_size(l);
                if (written < acknowledged)
                    fail_msg("seed %u: %u of %u left", (unsigned)seed, (unsigned)written,
                             (unsigned)acknowledged);
                acknowledged = written;
                for (;;) {
                    char text[3][700];
                    struct bytes entry[3];
                    uint64_t index[3];
                    size_t count = 1 + disk_random(d) % 3;

                    for (size_t i = 0; i < count; i++) {
                        snprintf(text[i], sizeof text[i], "%0*u", (int)(1 + disk_random(d) % 600),
                                 (unsigned)(written + i + 1));
                        entry[i] = bytes_text(text[i]);
                    }
                    written += count;
                    if (fault_is(ledger_append(l, entry, count, index)))
                        break;
                    acknowledged = written;
                    if (disk_random(d) % 3 == 0 &&
                        fault_is(ledger_put_note(l, LEDGER_NOTE_STORED, acknowledged,
                                                 bytes_text("note"))))
                        break;
                }
            }
            ledger_free(l);
            disk_cut(d);
        }
        struct ledger *l = NULL;
        struct fault f = ledger_open(&files, 3, ORIGIN, acknowledged, true, &l);

        if (fault_is(f) || ledger_size(l) < acknowledged)
            fail_msg("seed %u: %s %s, %u acknowledged", (unsigned)seed, fault_word(f.kind),
                     fault_is(f) ? f.rule : "", (unsigned)acknowledged);
        for (uint64_t i = 0; i < ledger_size(l); i++) {
            struct buf text = {0};

            assert_good(ledger_read(l, i, &text));
            assert_int_equal(strtoull(buf_str(&text), NULL, 10), i + 1);
            buf_done(&text);
        }
        ledger_free(l);
        disk_free(d);
    }
}

static void a_log_of_another_origin_is_refused(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);

    (void)state;
    ledger_free(l);
    assert_fault(ledger_open(&files, 3, "b/parley/a-b-2015", 0, true, &l), FAULT_MISMATCH);
    disk_free(d);
}

static void bounds_are_kept(void **state)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = open_log(&files, 0);
    static uint8_t big[ENTRY_MAX + 1];
    struct bytes entry = bytes_of(big, sizeof big);
    uint64_t index;
    struct buf out = {0};

    (void)state;
    assert_fault(ledger_append(l, &entry, 1, &index), FAULT_LIMIT);
    entry.len = 0;
    assert_fault(ledger_append(l, &entry, 1, &index), FAULT_LIMIT);
    assert_fault(ledger_append(l, NULL, LEDGER_GROUP + 1, NULL), FAULT_LIMIT);
    assert_fault(ledger_read(l, 0, &out), FAULT_RANGE);
    assert_fault(ledger_put_note(l, LEDGER_NOTE_STORED, 1, bytes_text("x")), FAULT_RANGE);
    ledger_free(l);
    disk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_appended_is_there_after_opening_again),
        cmocka_unit_test(an_entry_that_is_there_keeps_its_place),
        cmocka_unit_test(a_group_costs_one_sync_and_no_new_file),
        cmocka_unit_test(the_unpromised_tail_can_be_cut_and_nothing_else),
        cmocka_unit_test(every_flipped_bit_is_named_or_harmless),
        cmocka_unit_test(a_flipped_byte_of_an_entry_names_that_entry),
        cmocka_unit_test(a_damaged_log_is_salvaged_up_to_the_damage),
        cmocka_unit_test(a_full_disk_is_said_and_harms_nothing),
        cmocka_unit_test(a_failed_sync_stops_the_log_until_it_is_opened_anew),
        cmocka_unit_test(a_log_whose_making_failed_is_there_after_a_power_cut),
        cmocka_unit_test(short_writes_are_gone_on_with),
        cmocka_unit_test(nothing_acknowledged_is_lost_in_a_power_cut),
        cmocka_unit_test(a_log_of_another_origin_is_refused),
        cmocka_unit_test(bounds_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

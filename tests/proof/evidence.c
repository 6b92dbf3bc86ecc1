/* trust.h, heads.h, alone.h, directory.h: what is true is verified, and no bit of it can change. */
#include "proof/directory.h"

#include "../drill/cheat.h"
#include "proof/heads.h"

static void only_a_bundle_that_its_roots_signed_brings_keys(void **state)
{
    struct drill *d = drill_new();
    struct trust t;
    struct findings f;
    struct buf text = {0};

    (void)state;
    findings_init(&f);
    assert_good(trust_read(buf_view(&d->bundle), &t, &f));
    assert_finding(&f, "keys", CHECK_OK, "cert-a");
    assert_string_equal(t.author[B].name, "cert-b/parley/pact-2015-example");
    make_text(&(struct make_wishes){.other_genesis_root = true}, &text);
    findings_init(&f);
    assert_true(fault_is(trust_read(buf_view(&text), &t, &f)));
    assert_int_equal(f.verdict, VERDICT_FORGED);
    assert_finding(&f, "keys", CHECK_BAD, "genesis");
    for (size_t n = 0; n < d->bundle.len; n += 997) {
        findings_init(&f);
        assert_true(fault_is(trust_read(bytes_of(d->bundle.data, n), &t, &f)));
    }
    trust_done(&t);
    buf_done(&text);
    drill_free(d);
}

static void two_heads_of_one_history_are_told_from_two_histories(void **state)
{
    struct drill *d = drill_new();
    struct history told = {0};
    struct buf small = {0}, large = {0}, growth = {0};
    struct disk *disk = disk_new(2);
    struct files files = disk_files(disk);
    struct bytes entry[9];
    uint64_t index[9];
    enum evidence evidence;
    struct findings f;
    struct ledger *l;
    struct growth g;

    (void)state;
    history_to(d, &told, 9);
    for (size_t i = 0; i < 9; i++)
        entry[i] = buf_view(&told.text[i]);
    assert_good(ledger_open(&files, 3, d->m->log[A].origin, 0, true, &l));
    assert_good(ledger_append(l, entry, 9, index));
    cheat_note(d, &told, 5, 1764063500, &small);
    cheat_note(d, &told, 9, 1764063600, &large);
    assert_good(growth_make(l, 5, buf_view(&large), &g));
    growth_write(&g, &growth);
    /* without a proof nobody can tell; with it, it is verified, in either order */
    findings_init(&f);
    heads_verify(buf_view(&small), buf_view(&large), &d->trust, &f, &evidence);
    assert_int_equal(f.verdict, VERDICT_CANNOT_TELL);
    for (int order = 0; order < 2; order++) {
        findings_init(&f);
        heads_verify(order ? buf_view(&growth) : buf_view(&small),
                     order ? buf_view(&small) : buf_view(&growth), &d->trust, &f, &evidence);
        assert_int_equal(f.verdict, VERDICT_VERIFIED);
        assert_finding(&f, "history", CHECK_OK, "extends");
    }
    findings_init(&f); /* nobody's keys: nothing is verified and nobody is convicted */
    heads_verify(buf_view(&small), buf_view(&growth), NULL, &f, &evidence);
    assert_int_equal(f.verdict, VERDICT_CANNOT_TELL);
    for (size_t bit = 0; bit < growth.len * 8; bit++) {
        growth.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        findings_init(&f);
        heads_verify(buf_view(&small), buf_view(&growth), &d->trust, &f, &evidence);
        /* one bit may make a cosignature's line a stranger's, which is ignored, and says so */
        if (f.verdict == VERDICT_VERIFIED)
            assert_finding(&f, "cosignatures", CHECK_NOTED, "1 of 2");
        assert_int_not_equal(f.verdict, VERDICT_CONTRADICTION);
        growth.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ledger_free(l);
    history_done(&told);
    buf_done(&small);
    buf_done(&large);
    buf_done(&growth);
    disk_free(disk);
    drill_free(d);
}

static void a_whole_log_in_a_directory_is_verified(void **state)
{
    struct drill *d = drill_new();
    struct history told = {0};
    struct buf note = {0}, older = {0};
    struct disk *disk = disk_new(2);
    struct directory_result r;
    struct findings f;
    struct bytes head;

    (void)state;
    history_to(d, &told, 40);
    cheat_note(d, &told, 40, 1764063600, &note);
    cheat_note(d, &told, 17, 1764063500, &older);
    hand_over(d, &told, 40, buf_view(&note), disk);
    head = buf_view(&older);
    r = judge_directory(d, disk, &head, 1, &f);
    assert_int_equal(f.verdict, VERDICT_VERIFIED);
    assert_int_equal(r.size, 40);
    assert_finding(&f, "heads", CHECK_OK, "1 of 1");
    assert_finding(&f, "cosignatures", CHECK_OK, "cert-b cosigned");
    history_done(&told);
    buf_done(&note);
    buf_done(&older);
    disk_free(disk);
    drill_free(d);
}

/* "Flipped bits anywhere: found by audit, named by leaf." */
static void a_flipped_bit_in_any_file_of_it_is_found(void **state)
{
    static const char *const names[] = {"checkpoint", "tile/entries/000.p/40", "tile/0/000.p/40"};
    struct drill *d = drill_new();
    struct history told = {0};
    struct buf note = {0};
    struct disk *disk = disk_new(2);

    (void)state;
    history_to(d, &told, 40);
    cheat_note(d, &told, 40, 1764063600, &note);
    hand_over(d, &told, 40, buf_view(&note), disk);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct buf *file = disk_file(disk, names[i]);
        size_t leaf = 0, start = 0;

        assert_non_null(file);
        for (size_t at = 0; at < file->len; at += i == 1 ? 13 : 1) {
            struct directory_result r;
            struct findings f;

            file->data[at] ^= 4;
            r = judge_directory(d, disk, NULL, 0, &f);
            file->data[at] ^= 4;
            if (f.verdict == VERDICT_VERIFIED) /* the partner's line became a stranger's */
                assert_finding(&f, "cosignatures", CHECK_NOTED, "has not cosigned");
            while (i == 1 && at >= start + 2 + told.text[leaf].len)
                start += 2 + told.text[leaf++].len;
            if (i == 1) {
                assert_true(r.has_bad);
                assert_true(r.bad_leaf == leaf || at < start + 2); /* a length: what follows it */
            }
            if (i == 2)
                assert_finding(&f, "tiles", CHECK_BAD, "tile/0/000.p/40");
        }
    }
    history_done(&told);
    buf_done(&note);
    disk_free(disk);
    drill_free(d);
}

static void a_file_that_is_missing_or_cut_is_named(void **state)
{
    struct drill *d = drill_new();
    struct history told = {0};
    struct buf note = {0};
    struct disk *disk = disk_new(2);
    struct directory_result r;
    struct findings f;

    (void)state;
    history_to(d, &told, 9);
    cheat_note(d, &told, 9, 0, &note);
    hand_over(d, &told, 9, buf_view(&note), disk);
    disk_file(disk, "tile/entries/000.p/9")->len -= 5;
    r = judge_directory(d, disk, NULL, 0, &f);
    assert_int_equal(r.bad_leaf, 8);
    assert_finding(&f, "entries", CHECK_BAD, "tile/entries/000.p/9");
    disk_set(disk->now, &disk->names, "tile/entries/000.p/9", -1);
    r = judge_directory(d, disk, NULL, 0, &f);
    assert_int_equal(r.bad_leaf, 0);
    assert_int_equal(f.verdict, VERDICT_FORGED);
    disk_set(disk->now, &disk->names, "checkpoint", -1);
    (void)judge_directory(d, disk, NULL, 0, &f);
    assert_finding(&f, "checkpoint", CHECK_BAD, "");
    history_done(&told);
    buf_done(&note);
    disk_free(disk);
    drill_free(d);
}

static enum verdict show(struct drill *d, const struct buf *a, const struct buf *b,
                         struct findings *f)
{
    enum evidence evidence;

    findings_init(f);
    heads_verify(buf_view(a), buf_view(b), &d->trust, f, &evidence);
    return f->verdict;
}

/* Whoever stole A's log key signs another history of A's, to have A convicted. */
static void a_revoked_key_convicts_nobody(void **state)
{
    struct drill *d = drill_new();
    struct history told = {0}, forged = {0};
    struct buf honest = {0}, thief = {0}, late = {0};
    struct note_signer old = d->trust.author[A], *now = &d->trust.author[A];
    uint8_t seed[32] = {99};
    struct secret *fresh;
    struct findings f;

    (void)state;
    history_to(d, &told, 9);
    history_to(d, &forged, 9);
    cheat_entry(d, 3, 7, &forged.text[3]);
    cheat_note(d, &told, 5, 1764063500, &honest);
    cheat_note(d, &forged, 5, 0, &thief);
    cheat_note(d, &forged, 9, 0, &late);
    assert_int_equal(show(d, &honest, &thief, &f), VERDICT_CONTRADICTION); /* not revoked yet */

    assert_good(secret_from_seed(suite_find(bytes_text("ed25519")), seed, &fresh));
    old.revoked = true;
    *now = (struct note_signer){.role = NOTE_AUTHOR, .since = 8, .before = &old};
    snprintf(now->name, sizeof now->name, "%s", old.name);
    assert_good(note_signer_add(now, secret_suite(fresh), secret_public(fresh)));
    assert_int_equal(show(d, &honest, &thief, &f), VERDICT_CANNOT_TELL);
    assert_finding(&f, "keys", CHECK_UNKNOWN, "whoever stole the key");
    assert_int_equal(show(d, &thief, &honest, &f), VERDICT_CANNOT_TELL);
    /* behind the entry that revoked it, it is no signature at all */
    assert_int_equal(show(d, &late, &honest, &f), VERDICT_FORGED);
    assert_finding(&f, "signatures", CHECK_BAD, "replaced");
    /* what the partner had cosigned twice stays what it is */
    cheat_note(d, &forged, 5, 1764063500, &thief);
    assert_int_equal(show(d, &honest, &thief, &f), VERDICT_CONTRADICTION);
    secret_free(fresh);
    history_done(&told);
    history_done(&forged);
    buf_done(&honest);
    buf_done(&thief);
    buf_done(&late);
    drill_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_bundle_that_its_roots_signed_brings_keys),
        cmocka_unit_test(two_heads_of_one_history_are_told_from_two_histories),
        cmocka_unit_test(a_revoked_key_convicts_nobody),
        cmocka_unit_test(a_whole_log_in_a_directory_is_verified),
        cmocka_unit_test(a_flipped_bit_in_any_file_of_it_is_found),
        cmocka_unit_test(a_file_that_is_missing_or_cut_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

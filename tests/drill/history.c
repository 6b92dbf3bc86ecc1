/*
 * Attack drills on a log's history: split view, rewriting, rollback, withholding by the sender,
 * re-ordering, document swap, lost signatures, encodings. Each mounts the attack with the cheater's
 * real keys, shows what the honest node does, and asserts by name the evidence that convinces
 * somebody who has the two root keys and files. docs/threat-model.md lists them.
 */
#include "cheat.h"

#include "base/text.h"

/* ledger.md: "two heads signed by A, same size, other root: stands alone" */
static void a_split_view_is_convicted_by_two_heads(void **state)
{
    struct drill *d = drill_new();
    struct history shown = {0}, other = {0};
    struct buf cosigned = {0}, note = {0};
    struct mirror_answer answer;
    enum evidence evidence;
    struct findings f;

    (void)state;
    history_to(d, &shown, 6);
    agree_on(d, &shown, 6, &cosigned);

    history_to(d, &other, 4);
    cheat_entry(d, 4, 1, &other.text[other.count++]);
    history_to(d, &other, 6);
    /* B, if he ever sees the other one: */
    assert_fault(cheat_push(d, &other, 6, 6, &answer), FAULT_MISMATCH);
    assert_int_equal(answer.evidence, EVIDENCE_SPLIT);
    buf_done(&answer.held);
    assert_fault(keeper_cosigns(d, &other, 6, 6, &note), FAULT_MISMATCH);
    /* The arbiter, shown the other one by A and this one by B: */
    cheat_note(d, &other, 6, 0, &note);
    findings_init(&f);
    heads_verify(buf_view(&cosigned), buf_view(&note), &d->trust, &f, &evidence);
    assert_int_equal(f.verdict, VERDICT_CONTRADICTION);
    assert_string_equal(evidence_name(evidence), "split view");
    assert_finding(&f, "history", CHECK_BAD, "two roots of one size");
    assert_finding(&f, "cosignatures", CHECK_NOTED, "1 of 2");
    history_done(&shown);
    history_done(&other);
    buf_done(&cosigned);
    buf_done(&note);
    drill_free(d);
}

/* Changes a history in one of the three ways, behind what B holds. */
enum change { CHANGE, DELETE, INSERT, CHANGES };

static void change_history(const struct drill *d, enum change how, struct history *h)
{
    history_to(d, h, 3);
    if (how == CHANGE || how == INSERT)
        cheat_entry(d, 3, 7, &h->text[h->count++]);
    for (size_t i = how == INSERT ? 3 : 4; h->count < 9; i++)
        cheat_entry(d, i, 0, &h->text[h->count++]);
}

/* ledger.md: "A's old signed head + failing proof; B's copy of the entry under it" */
static void a_rewritten_log_is_convicted_by_its_own_directory_and_by_two_proofs(void **state)
{
    (void)state;
    for (enum change how = CHANGE; how < CHANGES; how++) {
        struct drill *d = drill_new();
        struct disk *disk = disk_new(2);
        struct history told = {0}, rewritten = {0};
        struct buf cosigned = {0}, note = {0}, one = {0}, two = {0};
        struct mirror_answer answer;
        struct directory_result r;
        enum evidence evidence;
        struct findings f;
        struct bytes head;

        history_to(d, &told, 6);
        agree_on(d, &told, 6, &cosigned);
        change_history(d, how, &rewritten);
        assert_fault(cheat_push(d, &rewritten, 6, 9, &answer), FAULT_MISMATCH);
        assert_int_equal(answer.evidence, EVIDENCE_NO_EXTENSION);
        buf_done(&answer.held);
        assert_fault(keeper_cosigns(d, &rewritten, 6, 9, &note), FAULT_FORGED);
        /* A's whole log as he shows it now, and the head that he signed then: */
        cheat_note(d, &rewritten, 9, 0, &note);
        hand_over(d, &rewritten, 9, buf_view(&note), disk);
        head = buf_view(&cosigned);
        r = judge_directory(d, disk, &head, 1, &f);
        assert_int_equal(f.verdict, VERDICT_CONTRADICTION);
        assert_string_equal(evidence_name(r.evidence), "not an extension");
        /* Without his log: what B can prove of entry 3, and what A can. */
        prove(&told, 3, 6, buf_view(&cosigned), &one);
        prove(&rewritten, 3, 9, buf_view(&note), &two);
        findings_init(&f);
        alone_compare(&(struct alone){buf_view(&one), buf_view(&told.text[3]), {0}},
                      &(struct alone){buf_view(&two), buf_view(&rewritten.text[3]), {0}}, &d->trust,
                      &f, &evidence);
        assert_int_equal(f.verdict, VERDICT_CONTRADICTION);
        assert_string_equal(evidence_name(evidence), "an entry replaced");
        history_done(&told);
        history_done(&rewritten);
        buf_done(&cosigned);
        buf_done(&note);
        buf_done(&one);
        buf_done(&two);
        disk_free(disk);
        drill_free(d);
    }
}

/* ledger.md: "the larger head signed by A" */
static void a_log_rolled_back_to_a_backup_is_convicted_by_its_larger_head(void **state)
{
    struct drill *d = drill_new();
    struct disk *disk = disk_new(2), *own = disk_new(3);
    struct files own_files = disk_files(own);
    struct history told = {0};
    struct buf cosigned = {0}, note = {0};
    struct bytes entry[4], head;
    uint64_t index[4];
    struct checkpoint larger;
    struct mirror_answer answer;
    struct ledger *restored;
    struct findings f;

    (void)state;
    history_to(d, &told, 6);
    agree_on(d, &told, 6, &cosigned);
    /* B is shown the shorter log: nothing new, and no cosignature of it. */
    assert_good(cheat_push(d, &told, 4, 4, &answer));
    assert_false(answer.fresh);
    buf_done(&answer.held);
    assert_fault(keeper_cosigns(d, &told, 4, 4, &note), FAULT_ORDER);
    assert_int_equal(ledger_size(d->mirror.log), 6);
    /* The arbiter: A's log as it is now, and the larger head. */
    cheat_note(d, &told, 4, 0, &note);
    hand_over(d, &told, 4, buf_view(&note), disk);
    head = buf_view(&cosigned);
    (void)judge_directory(d, disk, &head, 1, &f);
    assert_int_equal(f.verdict, VERDICT_VERIFIED); /* a part of the truth, and it says so: */
    assert_finding(&f, "heads", CHECK_NOTED, "signed a head of 6: this copy of his log is older");
    /* An honest A who restored a backup: his node does not sign before it is refilled. */
    for (size_t i = 0; i < 4; i++)
        entry[i] = buf_view(&told.text[i]);
    assert_good(ledger_open(&own_files, 3, d->m->log[A].origin, 0, true, &restored));
    assert_good(ledger_append(restored, entry, 4, index));
    assert_good(note_verify_checkpoint(buf_view(&cosigned), bytes_text(d->m->log[A].origin),
                                       &d->trust.author[A], &larger, NULL));
    assert_int_equal(fence_decide(restored, NULL, &larger).what, FENCE_BEHIND);
    ledger_free(restored);
    history_done(&told);
    buf_done(&cosigned);
    buf_done(&note);
    disk_free(disk);
    disk_free(own);
    drill_free(d);
}

/* ledger.md: "no B cosignature covering it = not notified" */
static void what_the_sender_kept_back_is_shown_as_not_binding(void **state)
{
    struct drill *d = drill_new();
    struct history kept = {0};
    struct buf cosigned = {0}, note = {0}, proof = {0};
    struct findings f;

    (void)state;
    history_to(d, &kept, 8);
    agree_on(d, &kept, 6, &cosigned);
    /* Without the entries B's keeper signs nothing. */
    {
        struct keeping_pen pen = {d->trust.cosigner[B].name, &d->m->log[B].role[ROLE_COSIGN], 1};
        struct keeping_cosign c = {&d->trust.author[A], {0}, 6, NULL, 0, d->now};
        struct buf out = {0};

        cheat_note(d, &kept, 8, 0, &note);
        c.note = buf_view(&note);
        assert_fault(keeping_cosign(d->keeping, &c, &pen, &out), FAULT_RANGE);
        buf_done(&out);
    }
    /* "We did notify you": entry 7 under a head that A alone signed. */
    prove(&kept, 7, 8, buf_view(&note), &proof);
    findings_init(&f);
    alone_verify(&(struct alone){buf_view(&proof), buf_view(&kept.text[7]), {0}}, &d->trust, &f);
    assert_int_equal(f.verdict, VERDICT_CANNOT_TELL);
    assert_finding(&f, "cosignatures", CHECK_UNKNOWN, "stored, not binding");
    /* And with a cosignature that B made for another head: forged. */
    {
        struct note_signer *b = &d->trust.cosigner[B];
        struct buf forged = {0};
        struct note n;

        buf_bytes(&forged, buf_view(&note));
        assert_good(note_parse(buf_view(&cosigned), &n));
        note_copy_lines(&n, b, &forged);
        prove(&kept, 7, 8, buf_view(&forged), &proof);
        findings_init(&f);
        alone_verify(&(struct alone){buf_view(&proof), buf_view(&kept.text[7]), {0}}, &d->trust,
                     &f);
        assert_int_equal(f.verdict, VERDICT_FORGED);
        assert_finding(&f, "cosignatures", CHECK_BAD, "cert-b");
        buf_done(&forged);
    }
    history_done(&kept);
    buf_done(&cosigned);
    buf_done(&note);
    buf_done(&proof);
    drill_free(d);
}

/* ledger.md: "not caught, and harmless: nothing there is binding yet" */
static void an_order_changed_in_the_uncosigned_tail_binds_nobody(void **state)
{
    struct drill *d = drill_new();
    struct history one = {0}, two = {0};
    struct buf cosigned = {0}, note = {0}, proof = {0};
    struct mirror_answer answer;
    struct findings f;

    (void)state;
    history_to(d, &one, 6);
    history_to(d, &two, 4);
    agree_on(d, &one, 4, &cosigned);
    cheat_entry(d, 5, 0, &two.text[two.count++]); /* 5 before 4 */
    cheat_entry(d, 4, 0, &two.text[two.count++]);
    /* A had signed the first order and sends the second: B knows of no other, and takes it. */
    assert_good(cheat_push(d, &two, 4, 6, &answer));
    buf_done(&answer.held);
    assert_good(keeper_cosigns(d, &two, 4, 6, &cosigned));
    cheat_note(d, &one, 6, 0, &note);
    prove(&one, 4, 6, buf_view(&note), &proof);
    findings_init(&f);
    alone_verify(&(struct alone){buf_view(&proof), buf_view(&one.text[4]), {0}}, &d->trust, &f);
    assert_finding(&f, "cosignatures", CHECK_UNKNOWN, "not binding");
    history_done(&one);
    history_done(&two);
    buf_done(&cosigned);
    buf_done(&note);
    buf_done(&proof);
    drill_free(d);
}

/* ledger.md: "denying a key ('stolen')". There is no way to take a key back that was not in the
 * record (docs/limits.md): who shows another genesis has signed two. */
static void a_party_that_denies_its_keys_has_signed_two_geneses(void **state)
{
    struct drill *d = drill_new();
    struct history told = {0};
    struct buf denied = {0}, cosigned = {0}, proof = {0};
    enum evidence evidence;
    struct findings f;

    (void)state;
    history_to(d, &told, 6);
    agree_on(d, &told, 6, &cosigned);
    make_text(&(struct make_wishes){.new_keys = true}, &denied);
    findings_init(&f);
    trust_compare(buf_view(&d->bundle), buf_view(&denied), &f, &evidence);
    assert_int_equal(f.verdict, VERDICT_CONTRADICTION);
    assert_string_equal(evidence_name(evidence), "two geneses");
    assert_finding(&f, "genesis", CHECK_BAD, "cert-a");
    findings_init(&f);
    trust_compare(buf_view(&d->bundle), buf_view(&d->bundle), &f, &evidence);
    assert_int_equal(f.verdict, VERDICT_VERIFIED);
    /* What he said under the first keys stays said: B cosigned it. */
    prove(&told, 4, 6, buf_view(&cosigned), &proof);
    findings_init(&f);
    alone_verify(&(struct alone){buf_view(&proof), buf_view(&told.text[4]), {0}}, &d->trust, &f);
    assert_int_equal(f.verdict, VERDICT_VERIFIED);
    history_done(&told);
    buf_done(&denied);
    buf_done(&cosigned);
    buf_done(&proof);
    drill_free(d);
}

/* The node restored to another disk, the journal edited: what B's copy names. */
static void an_entry_edited_in_a_copy_is_named_by_its_leaf(void **state)
{
    struct drill *d = drill_new();
    struct history told = {0};
    struct buf cosigned = {0};

    (void)state;
    history_to(d, &told, 20);
    agree_on(d, &told, 20, &cosigned);
    for (size_t leaf = 0; leaf < 20; leaf += 3) {
        struct disk *disk = disk_new(2);
        struct directory_result r;
        struct findings f;
        struct buf *file;
        size_t at = 2;

        hand_over(d, &told, 20, buf_view(&cosigned), disk);
        file = disk_file(disk, "tile/entries/000.p/20");
        assert_non_null(file);
        for (size_t i = 0; i < leaf; i++)
            at += told.text[i].len + 2;
        file->data[at + told.text[leaf].len / 2] ^= 1;
        r = judge_directory(d, disk, NULL, 0, &f);
        assert_int_equal(f.verdict, VERDICT_FORGED);
        assert_true(r.has_bad);
        assert_int_equal(r.bad_leaf, leaf);
        assert_finding(&f, "root", CHECK_BAD, "do not lead");
        disk_free(disk);
    }
    history_done(&told);
    buf_done(&cosigned);
    drill_free(d);
}

/* ledger.md: "signature lines do not cover each other: the policy is in genesis: all of the
 * listed suites, not any" */
static void a_head_without_one_suites_line_is_no_head(void **state)
{
    struct drill *d = drill_new();
    struct history told = {0};
    struct buf note = {0}, stripped = {0}, proof = {0};
    struct mirror_answer answer;
    struct note_signer both = d->trust.author[A];
    struct checkpoint c;
    struct findings f;
    struct note n;

    (void)state;
    history_to(d, &told, 3);
    cheat_note(d, &told, 3, 1764063100, &note);
    assert_good(note_parse(buf_view(&note), &n));
    note_begin(n.text, &stripped);
    note_copy_lines(&n, &d->trust.cosigner[B], &stripped); /* the author's line is gone */
    assert_fault(mirror_take(&d->mirror, 0,
                             (struct bytes[]){buf_view(&told.text[0]), buf_view(&told.text[1]),
                                              buf_view(&told.text[2])},
                             3, buf_view(&stripped), &answer),
                 FAULT_MISSING);
    prove(&told, 1, 3, buf_view(&stripped), &proof);
    findings_init(&f);
    alone_verify(&(struct alone){buf_view(&proof), buf_view(&told.text[1]), {0}}, &d->trust, &f);
    assert_int_equal(f.verdict, VERDICT_FORGED);
    assert_finding(&f, "signatures", CHECK_BAD, "missing");
    /* A second suite in the policy, whose line is not there: not enough, whoever holds the first.
     */
    {
        const struct suite *second = suite_find(bytes_text("sm2-sm3"));
        struct secret *secret;

        if (second == NULL || !suite_is_available(second)) {
            print_message("one suite here: the second line of a policy is not tried\n");
        } else {
            assert_good(secret_new(second, &secret));
            assert_good(note_signer_add(&both, second, secret_public(secret)));
            secret_free(secret);
            assert_fault(
                note_verify_checkpoint(buf_view(&note), bytes_text(both.name), &both, &c, NULL),
                FAULT_MISSING);
        }
    }
    history_done(&told);
    buf_done(&note);
    buf_done(&stripped);
    buf_done(&proof);
    drill_free(d);
}

/* ledger.md: "commitment root + length in the entry" */
static void a_document_swapped_under_an_entry_is_not_the_entrys(void **state)
{
    struct drill *d = drill_new();
    const struct make_log *log = &d->m->log[A];
    const struct make_entry *e = &log->entry[1], *other = &log->entry[2];
    struct bundle *b = make_bundle(d->m);
    struct buf proof = {0}, text = {0}, longer = {0};
    struct proof p = {e->index, b->logs[A].entries[1].proof, b->logs[A].heads[log->heads - 1]};
    struct report *r = memory_zeroed(1, sizeof *r);
    struct findings f;

    (void)state;
    proof_write(&p, &proof);
    buf_bytes(&longer, buf_view(&e->document));
    buf_byte(&longer, ' ');
    const struct bytes wrong[] = {buf_view(&other->document), buf_view(&longer)};
    findings_init(&f);
    alone_verify(&(struct alone){buf_view(&proof), buf_view(&e->text), buf_view(&e->document)},
                 &d->trust, &f);
    assert_int_equal(f.verdict, VERDICT_VERIFIED);
    for (size_t i = 0; i < 2; i++) {
        findings_init(&f);
        alone_verify(&(struct alone){buf_view(&proof), buf_view(&e->text), wrong[i]}, &d->trust,
                     &f);
        assert_int_equal(f.verdict, VERDICT_FORGED);
        assert_finding(&f, "document", CHECK_BAD, "not the entry's");
    }
    b->logs[A].entries[1].document = buf_view(&other->document);
    bundle_write(b, &text);
    bundle_verify(buf_view(&text), r);
    assert_int_equal(r->verdict, VERDICT_FORGED);
    assert_int_equal(r->checks[CHECK_DOCUMENTS].state, CHECK_BAD);
    report_done(r);
    free(r);
    bundle_free(b);
    buf_done(&proof);
    buf_done(&text);
    buf_done(&longer);
    drill_free(d);
}

static size_t find(const struct buf *text, const char *what)
{
    const uint8_t *at = memmem(text->data, text->len, what, strlen(what));

    assert_non_null(at);
    return (size_t)(at - text->data);
}

/* Puts `with` in the place of the first `what`. */
static void replace(const struct buf *text, const char *what, const char *with, struct buf *out)
{
    size_t at = find(text, what);

    buf_clear(out);
    buf_bytes(out, bytes_of(text->data, at));
    buf_text(out, with);
    buf_bytes(out, bytes_of(text->data + at + strlen(what), text->len - at - strlen(what)));
}

/* ledger.md: "hash exact bytes; strict decoder refuses what it would not itself write" */
static void two_encodings_of_one_thing_are_never_both_taken(void **state)
{
    static const char *const entry_games[][2] = {
        {"number 1\n", "number 01\n"},
        {"class REAL\n", "class  REAL\n"},
        {"seen ", "seen +"},
        {"permit ", "permit  "},
    };
    static const char *const bundle_games[][2] = {
        {"{\"agreements\"", "{\"kind\":\"parley-case\",\"agreements\""}, /* a member twice */
        {"\"v\":1}", "\"v\":1.0}"},
        {"\"case\":\"C-", "\"case\":\"\\u0043-"},
        {"\"kind\":", "\"kind\": "},
    };
    struct drill *d = drill_new();
    const struct make_log *log = &d->m->log[A];
    const struct make_entry *e = &log->entry[1];
    struct bundle *b = make_bundle(d->m);
    struct buf proof = {0}, game = {0};
    struct proof p = {e->index, b->logs[A].entries[1].proof, b->logs[A].heads[log->heads - 1]};
    struct findings f;
    struct entry parsed;

    (void)state;
    proof_write(&p, &proof);
    for (size_t i = 0; i < sizeof entry_games / sizeof entry_games[0]; i++) {
        replace(&e->text, entry_games[i][0], entry_games[i][1], &game);
        assert_true(fault_is(entry_parse(buf_view(&game), &parsed)));
        findings_init(&f);
        alone_verify(&(struct alone){buf_view(&proof), buf_view(&game), {0}}, &d->trust, &f);
        assert_int_equal(f.verdict, VERDICT_FORGED);
        assert_finding(&f, "inclusion", CHECK_BAD, "do not lie");
    }
    for (size_t i = 0; i < sizeof bundle_games / sizeof bundle_games[0]; i++) {
        struct report *r = memory_zeroed(1, sizeof *r);

        replace(&d->bundle, bundle_games[i][0], bundle_games[i][1], &game);
        bundle_verify(buf_view(&game), r);
        assert_int_equal(r->verdict, VERDICT_FORGED);
        assert_int_equal(r->checks[CHECK_FORM].state, CHECK_BAD);
        report_done(r);
        free(r);
    }
    bundle_free(b);
    buf_done(&proof);
    buf_done(&game);
    drill_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_view_is_convicted_by_two_heads),
        cmocka_unit_test(a_rewritten_log_is_convicted_by_its_own_directory_and_by_two_proofs),
        cmocka_unit_test(a_log_rolled_back_to_a_backup_is_convicted_by_its_larger_head),
        cmocka_unit_test(what_the_sender_kept_back_is_shown_as_not_binding),
        cmocka_unit_test(an_order_changed_in_the_uncosigned_tail_binds_nobody),
        cmocka_unit_test(a_party_that_denies_its_keys_has_signed_two_geneses),
        cmocka_unit_test(an_entry_edited_in_a_copy_is_named_by_its_leaf),
        cmocka_unit_test(a_head_without_one_suites_line_is_no_head),
        cmocka_unit_test(a_document_swapped_under_an_entry_is_not_the_entrys),
        cmocka_unit_test(two_encodings_of_one_thing_are_never_both_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

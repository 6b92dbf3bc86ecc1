#include "ledger/note.h"

#include "base/memory.h"
#include "base/text.h"
#include "test.h"

#define ORIGIN "a/parley/a-b-2015"
#define TEXT   ORIGIN "\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define DASH   "\xe2\x80\x94 "

struct pen {
    struct secret *secret;
    struct note_signer signer;
};

static struct pen pen(uint8_t seed, const char *name, enum note_role role)
{
    const struct suite *ed25519 = suite_find(bytes_text("ed25519"));
    uint8_t bytes[32] = {seed};
    struct pen p = {0};

    assert_good(secret_from_seed(ed25519, bytes, &p.secret));
    assert_true(bytes_to_text(bytes_text(name), p.signer.name, sizeof p.signer.name));
    p.signer.role = role;
    assert_good(note_signer_add(&p.signer, ed25519, secret_public(p.secret)));
    return p;
}

static struct pen author(void)
{
    return pen(1, ORIGIN, NOTE_AUTHOR);
}

static struct pen cosigner(void)
{
    return pen(2, "b/parley/a-b-2015/cosign", NOTE_COSIGNER);
}

static void sign(struct pen *p, int64_t seconds, struct buf *out)
{
    note_sign(bytes_text(TEXT), p->signer.name, p->signer.role, instant_of_seconds(seconds),
              &p->secret, 1, out);
}

/* signed-note, example of golang.org/x/mod/sumdb/note: PeterNeumann, key hash c74f20a3. Made by
 * other code than ours. */
static void a_note_of_another_program_verifies(void **state)
{
    static const char text[] =
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n" DASH
        "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
        "qdngotpRZb6KE6RyyBwJnAM=\n";
    struct note_signer signer = {.name = "PeterNeumann", .role = NOTE_AUTHOR};
    uint8_t key[33];
    struct note n;

    (void)state;
    assert_true(
        base64_read(bytes_text("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), key, sizeof key));
    assert_good(note_signer_add(&signer, suite_find(bytes_text("ed25519")), bytes_of(key + 1, 32)));
    assert_good(note_parse(bytes_text(text), &n));
    assert_int_equal(n.line[0].id, 0xc74f20a3);
    assert_good(note_verify(&n, &signer, NULL));
}

static void author_and_cosigner_sign_one_checkpoint(void **state)
{
    struct pen a = author(), b = cosigner();
    struct buf text = {0};
    struct note n;
    struct checkpoint c;
    struct instant time;

    (void)state;
    note_begin(bytes_text(TEXT), &text);
    sign(&a, 0, &text);
    assert_good(note_verify_checkpoint(buf_view(&text), bytes_text(ORIGIN), &a.signer, &c, &n));
    assert_int_equal(c.size, 7);
    assert_fault(note_verify(&n, &b.signer, &time), FAULT_MISSING);
    sign(&b, 1795598537, &text);
    assert_good(note_parse(buf_view(&text), &n));
    assert_good(note_verify(&n, &a.signer, NULL));
    assert_good(note_verify(&n, &b.signer, &time));
    assert_int_equal(instant_seconds(time), 1795598537);
    assert_fault(note_verify_checkpoint(buf_view(&text), bytes_text("b/parley/a-b-2015"), &a.signer,
                                        &c, NULL),
                 FAULT_MISMATCH);
    buf_done(&text);
    secret_free(a.secret);
    secret_free(b.secret);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct pen a = author(), b = cosigner();
    struct buf text = {0};
    struct checkpoint c;
    struct note n;

    (void)state;
    note_begin(bytes_text(TEXT), &text);
    sign(&a, 0, &text);
    sign(&b, 1795598537, &text);
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        struct fault f;

        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        f = note_verify_checkpoint(buf_view(&text), bytes_text(ORIGIN), &a.signer, &c, &n);
        if (!fault_is(f))
            f = note_verify(&n, &b.signer, NULL);
        assert_true(fault_is(f));
        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buf_done(&text);
    secret_free(a.secret);
    secret_free(b.secret);
}

/* The policy is "all of": a note without one suite's line is no note of that party, and a suite
 * that this machine cannot check is not skipped. */
static void a_stripped_signature_is_missed(void **state)
{
    struct pen a = author();
    struct buf text = {0};
    struct note n;

    (void)state;
    note_begin(bytes_text(TEXT), &text);
    sign(&a, 0, &text);
    a.signer.key[1] = (struct note_key){suite_find(bytes_text("sm2-sm3")), 3, {1, 2, 3}};
    a.signer.count = 2;
    assert_good(note_parse(buf_view(&text), &n));
    assert_fault(note_verify(&n, &a.signer, NULL), FAULT_MISSING);
    a.signer.count = 0;
    assert_fault(note_verify(&n, &a.signer, NULL), FAULT_MISSING);
    buf_done(&text);
    secret_free(a.secret);
}

/* "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not
 * both) with a known key"; "MUST accept at least up to 16 signatures". */
static void unknown_lines_are_ignored_up_to_a_bound(void **state)
{
    struct pen a = author();
    struct buf text = {0};
    struct note n;

    (void)state;
    note_begin(bytes_text(TEXT), &text);
    for (int i = 0; i < NOTE_LINES - 1; i++)
        buf_print(&text, DASH "%s AAAAAAA=\n", i % 2 ? ORIGIN : "other.example");
    sign(&a, 0, &text);
    assert_good(note_parse(buf_view(&text), &n));
    assert_int_equal(n.count, NOTE_LINES);
    assert_good(note_verify(&n, &a.signer, NULL));
    buf_text(&text, DASH "x AAAAAAA=\n");
    assert_fault(note_parse(buf_view(&text), &n), FAULT_LIMIT);
    buf_done(&text);
    secret_free(a.secret);
}

static void two_lines_of_one_key_are_refused(void **state)
{
    struct pen b = cosigner();
    struct buf text = {0};
    struct note n;

    (void)state;
    note_begin(bytes_text(TEXT), &text);
    sign(&b, 100, &text);
    sign(&b, 200, &text);
    assert_good(note_parse(buf_view(&text), &n));
    assert_fault(note_verify(&n, &b.signer, NULL), FAULT_DUPLICATE);
    buf_done(&text);
    secret_free(b.secret);
}

/* One key per role: an author's signature is no cosignature and the other way round, because the
 * type byte is in the key id and the time line in the message. */
static void a_signature_of_one_role_is_none_of_the_other(void **state)
{
    struct pen a = author();
    struct buf text = {0};
    struct note n;

    (void)state;
    note_begin(bytes_text(TEXT), &text);
    sign(&a, 0, &text);
    assert_good(note_parse(buf_view(&text), &n));
    a.signer.role = NOTE_COSIGNER;
    assert_fault(note_verify(&n, &a.signer, NULL), FAULT_MISSING);
    buf_done(&text);
    secret_free(a.secret);
}

static void wrong_forms_are_refused(void **state)
{
    static const struct {
        const char *name, *text;
        enum fault_kind kind;
        size_t at;
    } wrong[] = {
        {"empty", "", FAULT_SHORT, 0},
        {"no empty line", "a\n" DASH "x AAAAAAA=\n", FAULT_SHORT, 17},
        {"no signature", "a\n\n", FAULT_SHORT, 3},
        {"nothing before the line", "\n\n" DASH "x AAAAAAA=\n", FAULT_SHORT, 17},
        {"another dash", "a\n\n- x AAAAAAA=\n", FAULT_SYNTAX, 3},
        {"no name", "a\n\n" DASH " AAAAAAA=\n", FAULT_SYNTAX, 7},
        {"a plus in a name", "a\n\n" DASH "x+y AAAAAAA=\n", FAULT_SYNTAX, 7},
        {"an id alone", "a\n\n" DASH "x AAAAAA==\n", FAULT_SYNTAX, 9},
        {"loose bits", "a\n\n" DASH "x AAAAAAB=\n", FAULT_SYNTAX, 9},
        {"a tab", "a\tb\n\n" DASH "x AAAAAAA=\n", FAULT_SYNTAX, 1},
        {"no UTF-8", "a\xff\n\n" DASH "x AAAAAAA=\n", FAULT_SYNTAX, 1},
        {"no last newline", "a\n\n" DASH "x AAAAAAA=", FAULT_SHORT, 17},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct note n;
        struct fault f = note_parse(bytes_text(wrong[i].text), &n);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
    }
}

static void every_prefix_is_refused(void **state)
{
    static const char good[] = "a\n\n" DASH "x AAAAAAA=\n";
    struct note n;

    (void)state;
    assert_good(note_parse(bytes_text(good), &n));
    for (size_t i = 0; i < sizeof good - 1; i++)
        assert_true(fault_is(note_parse(bytes_of(good, i), &n)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_of_another_program_verifies),
        cmocka_unit_test(author_and_cosigner_sign_one_checkpoint),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(a_stripped_signature_is_missed),
        cmocka_unit_test(unknown_lines_are_ignored_up_to_a_bound),
        cmocka_unit_test(two_lines_of_one_key_are_refused),
        cmocka_unit_test(a_signature_of_one_role_is_none_of_the_other),
        cmocka_unit_test(wrong_forms_are_refused),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

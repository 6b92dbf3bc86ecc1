/* Outside anchors in a bundle: an RFC 3161 stamp and a third C2SP witness over a head. */
#include "proof/anchor.h"

#include "../crypto/authority.h"
#include "base/memory.h"
#include "proof/make_bundle.h"
#include "proof/verify.h"

static struct authority authority;
static struct secret *witness_key;
static char vkey[200];

static const char witness_name[] = "witness.example/w1";

static int begin(void **state)
{
    const struct suite *ed25519 = suite_find(bytes_text("ed25519"));
    uint8_t seed[32] = {77}, raw[33] = {4};
    struct buf base64 = {0};

    (void)state;
    authority_init(&authority);
    assert_good(secret_from_seed(ed25519, seed, &witness_key));
    memcpy(raw + 1, secret_public(witness_key).data, 32);
    buf_base64(&base64, raw, sizeof raw);
    snprintf(vkey, sizeof vkey, "%s+%08x+%s", witness_name,
             note_key_id(witness_name, NOTE_COSIGNER, ed25519, secret_public(witness_key)),
             buf_str(&base64));
    buf_done(&base64);
    return 0;
}

static int end(void **state)
{
    (void)state;
    authority_done(&authority);
    secret_free(witness_key);
    return 0;
}

/* A story whose first party's last head is anchored in both ways. */
struct anchored_story {
    struct make *m;
    struct bundle *b;
    struct buf stamp, lines, text;
};

static struct anchored_story anchored_story(const struct make_wishes *w, int64_t witness_time)
{
    struct anchored_story s = {.m = make_story(w)};
    struct bundle_log *log;
    struct note n;
    struct digest digest;

    s.b = make_bundle(s.m);
    log = &s.b->logs[0];
    assert_good(note_parse(log->heads[log->head_count - 1], &n));
    digest = digest_of(n.text);
    authority_stamp(&authority, &digest, &s.stamp);
    note_sign(n.text, witness_name, NOTE_COSIGNER, instant_of_seconds(witness_time), &witness_key,
              1, &s.lines);
    log->anchor_count = 2;
    log->anchors[0] = (struct bundle_anchor){ANCHOR_STAMP, log->head_count - 1, buf_view(&s.stamp)};
    log->anchors[1] =
        (struct bundle_anchor){ANCHOR_WITNESS, log->head_count - 1, buf_view(&s.lines)};
    bundle_write(s.b, &s.text);
    return s;
}

static void anchored_done(struct anchored_story *s)
{
    bundle_free(s->b);
    make_free(s->m);
    buf_done(&s->stamp);
    buf_done(&s->lines);
    buf_done(&s->text);
}

static struct report *judged(struct bytes text, const struct anchor_trust *t)
{
    struct report *r = memory_zeroed(1, sizeof *r);

    bundle_verify_anchored(text, t, r);
    return r;
}

static void forget(struct report *r)
{
    report_done(r);
    free(r);
}

static struct anchor_trust trusted(void)
{
    struct anchor_trust t = {.ca = buf_view(&authority.ca)};

    assert_good(anchor_trust_add(&t, bytes_text(vkey)));
    return t;
}

static void anchors_are_carried_and_looked_at_where_somebody_is_trusted(void **state)
{
    struct anchored_story s = anchored_story(&(struct make_wishes){0}, 1764064000);
    struct anchor_trust t = trusted();
    struct report *r = judged(buf_view(&s.text), NULL);

    (void)state;
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    assert_int_equal(r->checks[CHECK_ANCHORS].state, CHECK_NOTED);
    assert_non_null(strstr(r->checks[CHECK_ANCHORS].found, "2 carried, not looked at"));
    forget(r);
    r = judged(buf_view(&s.text), &t);
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    assert_int_equal(r->checks[CHECK_ANCHORS].state, CHECK_OK);
    assert_non_null(strstr(r->checks[CHECK_ANCHORS].found, "CN=Test clock"));
    assert_non_null(strstr(r->checks[CHECK_ANCHORS].found, "witness.example/w1"));
    forget(r);
    anchored_done(&s);
}

/* PROTOCOL.agreement section 2, outside: authorities and witnesses that both parties signed for. */
static json_t *agreed(const char *name, bool authorities, bool witnesses)
{
    json_t *outside = json_object();
    const char *pem = strchr(buf_str(&authority.ca), '\n') + 1;
    struct buf certificate = {0}, key = {0};

    for (; *pem != '-'; pem++)
        if (*pem != '\n')
            buf_byte(&certificate, (uint8_t)*pem);
    buf_base64(&key, secret_public(witness_key).data, 32);
    if (authorities)
        json_object_set_new(
            outside, "authorities",
            json_pack("[{s:s, s:s}]", "name", "Test clock", "certificate", buf_str(&certificate)));
    if (witnesses)
        json_object_set_new(outside, "witnesses",
                            json_pack("[{s:s, s:s}]", "name", name, "key", buf_str(&key)));
    buf_done(&certificate);
    buf_done(&key);
    return outside;
}

static void whom_the_agreement_names_needs_no_word_of_the_reader(void **state)
{
    static const struct {
        const char *name;
        bool authorities, witnesses;
        enum check_state state;
        const char *found;
    } named[] = {
        {witness_name, true, true, CHECK_OK, "CN=Test clock"},
        {witness_name, true, true, CHECK_OK, "witness.example/w1"},
        {witness_name, true, false, CHECK_OK, "CN=Test clock"},
        {witness_name, false, true, CHECK_OK, "witness.example/w1"},
        {"witness.example/w2", false, true, CHECK_NOTED, "2 carried, not looked at"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        json_t *outside = agreed(named[i].name, named[i].authorities, named[i].witnesses);
        struct anchored_story s =
            anchored_story(&(struct make_wishes){.outside = outside}, 1764064000);
        struct report *r = judged(buf_view(&s.text), NULL);

        assert_int_equal(r->verdict, VERDICT_VERIFIED);
        assert_int_equal(r->checks[CHECK_ANCHORS].state, named[i].state);
        assert_non_null(strstr(r->checks[CHECK_ANCHORS].found, named[i].found));
        forget(r);
        s.b->logs[0].anchors[0].head--; /* of another head, by one whom both trust */
        buf_clear(&s.text);
        bundle_write(s.b, &s.text);
        r = judged(buf_view(&s.text), NULL);
        assert_int_equal(r->verdict, named[i].authorities ? VERDICT_FORGED : VERDICT_VERIFIED);
        forget(r);
        anchored_done(&s);
        json_decref(outside);
    }
}

/* A stamp of somebody nobody named is not looked at, beside one of somebody who is. */
static void an_authority_that_nobody_named_is_a_stranger(void **state)
{
    struct anchored_story s = anchored_story(&(struct make_wishes){0}, 1764064000);
    struct anchor_trust t = {.witness_count = 0};
    struct authority other;
    struct report *r;

    (void)state;
    authority_init(&other);
    t.ca = buf_view(&other.ca);
    r = judged(buf_view(&s.text), &t);
    assert_int_equal(r->verdict, VERDICT_VERIFIED);
    assert_non_null(strstr(r->checks[CHECK_ANCHORS].found, "not looked at"));
    forget(r);
    authority_done(&other);
    anchored_done(&s);
}

/* Both parties together, a year later, with another history: what the outsider signed is another
 * head. */
static void an_anchor_of_another_head_is_forged(void **state)
{
    struct anchored_story s = anchored_story(&(struct make_wishes){0}, 1764064000);
    struct anchor_trust t = trusted();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bundle_log *log = &s.b->logs[0];
        struct bundle_anchor kept[2] = {log->anchors[0], log->anchors[1]};
        struct report *r;

        log->anchors[0] = kept[i];
        log->anchors[0].head--;
        log->anchor_count = 1;
        buf_clear(&s.text);
        bundle_write(s.b, &s.text);
        r = judged(buf_view(&s.text), &t);
        assert_int_equal(r->verdict, VERDICT_FORGED);
        assert_int_equal(r->checks[CHECK_ANCHORS].state, CHECK_BAD);
        forget(r);
        log->anchors[0] = kept[0];
        log->anchor_count = 2;
    }
    anchored_done(&s);
}

/* ledger.md, "forward-dating, lying cosigner clock": "RFC 3161 token on each day's head" */
static void a_cosignature_from_the_future_is_shown_by_an_anchor(void **state)
{
    struct anchored_story s = anchored_story(&(struct make_wishes){0}, 1764063000 - 7200);
    struct anchor_trust t = {.witness_count = 0};
    struct report *r;

    (void)state;
    assert_good(anchor_trust_add(&t, bytes_text(vkey)));
    r = judged(buf_view(&s.text), &t);
    assert_int_equal(r->checks[CHECK_ANCHORS].state, CHECK_NOTED);
    assert_non_null(strstr(r->checks[CHECK_ANCHORS].found, "claims to be later"));
    forget(r);
    anchored_done(&s);
}

static void a_bundle_with_anchors_is_read_as_it_was_written(void **state)
{
    struct anchored_story s = anchored_story(&(struct make_wishes){.small = true}, 1764064000);
    struct buf again = {0};
    struct bundle *b;
    char path[BUNDLE_PATH];

    (void)state;
    assert_good(bundle_parse(buf_view(&s.text), &b, path));
    assert_int_equal(b->logs[0].anchor_count, 2);
    assert_true(bytes_equal(b->logs[0].anchors[0].data, buf_view(&s.stamp)));
    bundle_write(b, &again);
    assert_true(bytes_equal(buf_view(&again), buf_view(&s.text)));
    bundle_free(b);
    buf_done(&again);
    anchored_done(&s);
}

/* C2SP signed-note: "The key name and ID MUST match those used in the signatures." */
static void a_key_of_another_form_is_refused(void **state)
{
    struct anchor_trust t = {.witness_count = 0};
    char wrong[200];

    (void)state;
    assert_fault(anchor_trust_add(&t, bytes_text("")), FAULT_SYNTAX);
    assert_fault(anchor_trust_add(&t, bytes_text("name+00000000+AAAA")), FAULT_SYNTAX);
    memcpy(wrong, vkey, sizeof wrong);
    wrong[sizeof witness_name] ^= 1; /* the id */
    assert_true(fault_is(anchor_trust_add(&t, bytes_text(wrong))));
    memcpy(wrong, vkey, sizeof wrong);
    wrong[0] ^= 1; /* another name has another id */
    assert_fault(anchor_trust_add(&t, bytes_text(wrong)), FAULT_MISMATCH);
    for (size_t i = 0; i < ANCHOR_WITNESSES; i++)
        assert_good(anchor_trust_add(&t, bytes_text(vkey)));
    assert_fault(anchor_trust_add(&t, bytes_text(vkey)), FAULT_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_are_carried_and_looked_at_where_somebody_is_trusted),
        cmocka_unit_test(whom_the_agreement_names_needs_no_word_of_the_reader),
        cmocka_unit_test(an_authority_that_nobody_named_is_a_stranger),
        cmocka_unit_test(an_anchor_of_another_head_is_forged),
        cmocka_unit_test(a_cosignature_from_the_future_is_shown_by_an_anchor),
        cmocka_unit_test(a_bundle_with_anchors_is_read_as_it_was_written),
        cmocka_unit_test(a_key_of_another_form_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

#include "statement/document.h"

#include "base/memory.h"
#include "test.h"

static const uint8_t secret[DOCUMENT_SECRET] = "a secret of thirty-two bytes....";

static struct document *example(void)
{
    json_t *fields =
        json_pack("{s:s, s:i, s:[s,s], s:b, s:s}", "text", "words", "incident.events", 60,
                  "victim.address", "192.0.2.1", "192.0.2.2", "a.flag", 1, "zz", "last");
    struct document *d;

    assert_good(document_new(fields, secret, &d));
    json_decref(fields);
    return d;
}

static void the_root_is_the_same_whatever_is_withheld(void **state)
{
    static const struct withheld hide[] = {{"victim.address", "victim"}, {"absent", "x"}};
    struct document *d = example();
    struct digest root = document_root(d);

    (void)state;
    for (size_t n = 0; n <= 2; n++) {
        struct buf text = {0};
        struct disclosed *got;
        struct digest seen;

        document_disclose(d, hide, n, NULL, 0, &text);
        assert_good(disclosed_parse(buf_view(&text), &got));
        seen = disclosed_root(got);
        assert_memory_equal(seen.byte, root.byte, 32);
        assert_int_equal(disclosed_leaves(got), 8);
        assert_string_equal(disclosed_text(got, "text"), "words");
        assert_int_equal(json_integer_value(disclosed_value(got, "incident.events")), 60);
        assert_true((disclosed_value(got, "victim.address") == NULL) == (n != 0));
        disclosed_free(got);
        buf_done(&text);
    }
    document_free(d);
}

/* PROTOCOL.ledger section 4, by the definition: slow, and nothing shared but the hash. */
static void the_root_is_what_the_protocol_says(void **state)
{
    struct document *d;
    json_t *fields = json_pack("{s:s}", "b", "v");
    struct digest level[8], root;

    (void)state;
    assert_good(document_new(fields, secret, &d));
    for (size_t i = 0; i < 8; i++) {
        char path[16] = "b";
        const char *value = i == 0 ? "\"v\"" : "\"\"";
        struct digest salt;
        struct buf leaf = {0};

        if (i != 0)
            snprintf(path, sizeof path, "~%zu", i - 1);
        salt = hmac_sha256(bytes_of(secret, 32), bytes_text(path));
        buf_byte(&leaf, 0x10);
        buf_add(&leaf, salt.byte, 16);
        buf_u16(&leaf, (uint16_t)strlen(path));
        buf_text(&leaf, path);
        buf_part(&leaf, bytes_text(value));
        level[i] = digest_of(buf_view(&leaf));
        buf_done(&leaf);
    }
    for (size_t n = 8; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++) {
            struct buf node = {0};

            buf_byte(&node, 0x11);
            buf_add(&node, level[2 * i].byte, 32);
            buf_add(&node, level[2 * i + 1].byte, 32);
            level[i] = digest_of(buf_view(&node));
            buf_done(&node);
        }
    root = document_root(d);
    assert_memory_equal(root.byte, level[0].byte, 32);
    document_free(d);
    json_decref(fields);
}

static void one_flipped_bit_in_a_disclosed_form_is_seen(void **state)
{
    static const struct withheld hide[] = {{"victim.address", "victim"}};
    struct document *d = example();
    struct buf text = {0};
    struct entry e = {.leaves = 8};

    (void)state;
    document_disclose(d, hide, 1, NULL, 0, &text);
    e.document = document_root(d);
    e.disclosed = digest_of(buf_view(&text));
    e.disclosed_length = (uint32_t)text.len;
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        struct disclosed *got = NULL;
        struct fault f;

        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        f = disclosed_parse(buf_view(&text), &got);
        if (!fault_is(f))
            f = disclosed_matches(got, buf_view(&text), &e);
        assert_true(fault_is(f));
        disclosed_free(got);
        text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buf_done(&text);
    document_free(d);
}

static void every_prefix_of_a_disclosed_form_is_refused(void **state)
{
    struct document *d = example();
    struct buf text = {0};
    struct disclosed *got = NULL;

    (void)state;
    document_disclose(d, NULL, 0, NULL, 0, &text);
    for (size_t n = 0; n < text.len; n++)
        assert_true(fault_is(disclosed_parse(bytes_of(text.data, n), &got)));
    assert_null(got);
    buf_done(&text);
    document_free(d);
}

static void a_withheld_field_opened_later_is_provably_the_same(void **state)
{
    static const struct withheld hide[] = {{"victim.address", "victim"}};
    struct document *d = example();
    struct buf text = {0}, open = {0}, other = {0};
    struct disclosed *got;
    struct opening o;
    char *at;

    (void)state;
    document_disclose(d, hide, 1, NULL, 0, &text);
    assert_good(disclosed_parse(buf_view(&text), &got));
    assert_good(document_open(d, "victim.address", &open));
    assert_good(opening_parse(buf_view(&open), &o));
    assert_good(opening_check(&o, got));
    opening_done(&o);
    at = memory_text(open.data, open.len);
    strstr(at, "192.0.2.1")[8] = '9';
    assert_good(opening_parse(bytes_text(at), &o));
    assert_fault(opening_check(&o, got), FAULT_FORGED);
    opening_done(&o);
    free(at);
    assert_good(document_open(d, "text", &other));
    assert_good(opening_parse(buf_view(&other), &o));
    assert_fault(opening_check(&o, got), FAULT_MISSING);
    opening_done(&o);
    assert_fault(document_open(d, "none", &other), FAULT_MISSING);
    disclosed_free(got);
    document_free(d);
    buf_done(&text);
    buf_done(&open);
    buf_done(&other);
}

static void root_signatures_travel_with_the_form(void **state)
{
    uint8_t key[32] = {1}, signature[64] = {2};
    struct document_signature s = {"ed25519", bytes_of(key, 32), bytes_of(signature, 64)};
    struct document *d = example();
    struct buf text = {0};
    struct disclosed *got;

    (void)state;
    document_disclose(d, NULL, 0, &s, 1, &text);
    assert_good(disclosed_parse(buf_view(&text), &got));
    assert_int_equal(disclosed_signature_count(got), 1);
    assert_string_equal(disclosed_signature(got, 0)->suite, "ed25519");
    assert_memory_equal(disclosed_signature(got, 0)->key.data, key, 32);
    assert_memory_equal(disclosed_signature(got, 0)->signature.data, signature, 64);
    disclosed_free(got);
    document_free(d);
    buf_done(&text);
}

static void a_field_that_is_no_field_is_refused(void **state)
{
    json_t *wrong[] = {json_pack("{s:s}", "Path", "x"), json_pack("{s:s}", "", "x"),
                       json_pack("{s:n}", "a"),         json_pack("{s:{}}", "a"),
                       json_pack("{s:[i]}", "a", 1),    json_pack("{s:s}", "~0", "x")};
    struct document *d = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_true(fault_is(document_new(wrong[i], secret, &d)));
        json_decref(wrong[i]);
    }
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_is_the_same_whatever_is_withheld),
        cmocka_unit_test(the_root_is_what_the_protocol_says),
        cmocka_unit_test(one_flipped_bit_in_a_disclosed_form_is_seen),
        cmocka_unit_test(every_prefix_of_a_disclosed_form_is_refused),
        cmocka_unit_test(a_withheld_field_opened_later_is_provably_the_same),
        cmocka_unit_test(root_signatures_travel_with_the_form),
        cmocka_unit_test(a_field_that_is_no_field_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

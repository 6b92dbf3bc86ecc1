#include "hotline/hello.h"

#include "test.h"

static const uint8_t seed[32] = {7}, exporter[HELLO_EXPORTER] = {1, 2, 3};
static uint8_t digest[32] = {9};

struct greeting {
    struct secret *key;
    struct buf payload;
    struct frame_hello hello;
};

static const struct suite *ed25519(void)
{
    return suite_find(bytes_text("ed25519"));
}

static struct greeting greet(const uint8_t *over, enum hello_side side)
{
    struct greeting g = {0};
    struct buf bytes = {0}, signature = {0};
    struct frame_hello h = {
        .agreement = bytes_text("cn-ru-2015"),
        .version = 2,
        .agreement_digest = bytes_of(digest, sizeof digest),
        .party = bytes_text("cn"),
        .time = 1764063000,
        .genesis_entry = bytes_text("entry\n"),
        .genesis_document = bytes_text("{}"),
        .suite = bytes_text("ed25519"),
    };

    assert_good(secret_from_seed(ed25519(), seed, &g.key));
    frame_hello_say(&h, &g.payload);
    hello_bytes(over, side, buf_view(&g.payload), &bytes);
    domain_sign(g.key, DOMAIN_HELLO, h.agreement, buf_view(&bytes), &signature);
    frame_hello_sign(h.suite, buf_view(&signature), &g.payload);
    assert_good(frame_hello_parse(buf_view(&g.payload), &g.hello));
    buf_done(&bytes);
    buf_done(&signature);
    return g;
}

static void forget(struct greeting *g)
{
    secret_free(g->key);
    buf_done(&g->payload);
}

/* "The signature is by the hello key, purpose "hello", over exporter[32] || "dialler" or
 * "listener" (the sender's side) || the payload up to and without the two last parts." */
static void a_greeting_holds_on_its_own_link_and_side_only(void **state)
{
    uint8_t other[HELLO_EXPORTER] = {1, 2, 4};
    struct greeting g = greet(exporter, HELLO_DIALLER);
    struct several_key key = {ed25519(), secret_public(g.key)};

    (void)state;
    assert_good(hello_verify(&g.hello, exporter, HELLO_DIALLER, &key, 1));
    assert_fault(hello_verify(&g.hello, other, HELLO_DIALLER, &key, 1), FAULT_FORGED);
    assert_fault(hello_verify(&g.hello, exporter, HELLO_LISTENER, &key, 1), FAULT_FORGED);
    forget(&g);
}

static void every_bit_of_what_is_said_is_signed(void **state)
{
    struct greeting g = greet(exporter, HELLO_LISTENER);
    struct several_key key = {ed25519(), secret_public(g.key)};
    size_t said = g.hello.said.len;

    (void)state;
    for (size_t bit = 0; bit < said * 8; bit++) {
        struct frame_hello h;

        g.payload.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (!fault_is(frame_hello_parse(buf_view(&g.payload), &h)))
            assert_true(fault_is(hello_verify(&h, exporter, HELLO_LISTENER, &key, 1)));
        g.payload.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    forget(&g);
}

static void a_difference_of_agreements_is_named(void **state)
{
    static const struct {
        const char *id;
        uint32_t version;
        uint8_t digest;
        const char *party;
        enum fault_kind kind;
        const char *rule;
    } wrong[] = {
        {"other", 2, 9, "cn", FAULT_MISMATCH, "HELLO: another agreement"},
        {"cn-ru-2015", 2, 9, "ru", FAULT_MISMATCH,
         "HELLO: not the party whose channel key this is"},
        {"other", 3, 9, "cn", FAULT_MISMATCH, "HELLO: another agreement"},
        {"cn-ru-2015", 2, 8, "cn", FAULT_MISMATCH, "HELLO: another text of the same version"},
    };
    struct greeting g = greet(exporter, HELLO_DIALLER);
    struct agreement ours = {.id = "cn-ru-2015", .version = 2, .digest = {9}};

    (void)state;
    assert_good(hello_check(&g.hello, &ours, "cn"));
    for (uint32_t version = 1; version <= 3; version += 2) {
        struct agreement other = {.id = "cn-ru-2015", .version = version, .digest = {8}};

        assert_good(hello_check(&g.hello, &other, "cn"));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct agreement a = {
            .id = wrong[i].id, .version = wrong[i].version, .digest = {wrong[i].digest}};
        struct fault f = hello_check(&g.hello, &a, wrong[i].party);

        assert_int_equal(f.kind, wrong[i].kind);
        assert_string_equal(f.rule, wrong[i].rule);
    }
    forget(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_holds_on_its_own_link_and_side_only),
        cmocka_unit_test(every_bit_of_what_is_said_is_signed),
        cmocka_unit_test(a_difference_of_agreements_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

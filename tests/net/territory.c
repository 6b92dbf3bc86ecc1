/* net/spans.h and net/territory.h against a linear scan, which is all the rule says. */
#include "net/territory.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "net/spans.h"
#include "net/table.h"
#include "test.h"

static struct addr addr(const char *text)
{
    struct addr a;

    assert_good(addr_parse(bytes_text(text), &a));
    return a;
}

static struct prefix prefix(const char *text)
{
    struct prefix p;

    assert_good(prefix_parse(bytes_text(text), &p));
    return p;
}

static uint32_t random_state = 7;

static uint32_t random_u32(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8 | random_state << 24;
}

static uint32_t join_max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The plain reference: look at every claim, keep the longest. */
static uint32_t scan(const struct claim *claims, size_t count, struct addr a)
{
    uint32_t value = 0;
    int bits = -1;

    for (size_t i = 0; i < count; i++) {
        if (!prefix_has(claims[i].prefix, a) || claims[i].prefix.bits < bits)
            continue;
        value = claims[i].prefix.bits == bits ? join_max(value, claims[i].value) : claims[i].value;
        bits = claims[i].prefix.bits;
    }
    return value;
}

static struct prefix random_prefix(void)
{
    struct addr a = addr_from_v4(random_u32() & 0x0f0f0fff);
    struct prefix p = {a, (uint8_t)(96 + random_u32() % 33)};

    if (random_u32() % 3 == 0) {
        for (int i = 0; i < 16; i++)
            p.first.byte[i] = (uint8_t)(random_u32() % 3 == 0 ? 0xff : 0);
        p.bits = (uint8_t)(random_u32() % 129);
    }
    for (unsigned bit = p.bits; bit < 128; bit++)
        p.first.byte[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return p;
}

static struct addr near(struct prefix p)
{
    struct addr a = p.first;
    int off = (int)(random_u32() % 3) - 1;

    if (random_u32() % 2 == 0)
        for (unsigned bit = p.bits; bit < 128; bit++)
            a.byte[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    for (int i = 15; i >= 0 && off != 0; i--) {
        a.byte[i] = (uint8_t)(a.byte[i] + off);
        if (off > 0 ? a.byte[i] != 0 : a.byte[i] != 255)
            break;
    }
    return a;
}

static void the_flat_forms_answer_as_a_linear_scan_does(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct claim claims[64], kept[64];
        size_t count = random_u32() % 64;
        struct spans s;
        struct lookup *l;

        for (size_t i = 0; i < count; i++)
            claims[i] = kept[i] = (struct claim){random_prefix(), random_u32() % 4};
        spans_flatten(claims, count, join_max, &s);
        l = lookup_new(&s);
        for (size_t i = 0; i < 500; i++) {
            struct addr a =
                count != 0 ? near(kept[random_u32() % count].prefix) : addr_from_v4(random_u32());

            assert_int_equal(spans_find(&s, a), scan(kept, count, a));
            assert_int_equal(lookup_find(l, a), scan(kept, count, a));
        }
        lookup_free(l);
        spans_done(&s);
    }
}

/* Many spans side by side, inside one /48, at its ends, over several, up to the last address. */
static void six_spans_answer_wherever_they_begin(void **state)
{
    enum { COUNT = 300 };
    static const uint8_t starts[][2] = {
        {0x20, 0x01}, {0x20, 0x01}, {0xff, 0xff}, {0, 0}, {0x2a, 0}};

    (void)state;
    for (int round = 0; round < 40; round++) {
        struct claim claims[COUNT], kept[COUNT];
        struct spans s;
        struct lookup *l;

        for (size_t i = 0; i < COUNT; i++) {
            struct prefix p = {.bits = (uint8_t)(40 + random_u32() % 60)};

            memcpy(p.first.byte, starts[random_u32() % 5], 2);
            p.first.byte[3] = (uint8_t)(random_u32() % 2);
            for (int b = 4; b < 13; b++)
                p.first.byte[b] = random_u32() % 4 == 0 ? 0xff : (uint8_t)(random_u32() % 2);
            for (unsigned bit = p.bits; bit < 128; bit++)
                p.first.byte[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
            claims[i] = kept[i] = (struct claim){p, random_u32() % 300};
        }
        spans_flatten(claims, COUNT, join_max, &s);
        l = lookup_new(&s);
        for (size_t i = 0; i < 1000; i++) {
            struct addr a = near(kept[random_u32() % COUNT].prefix);

            assert_int_equal(lookup_find(l, a), spans_find(&s, a));
            assert_int_equal(lookup_find(l, a), scan(kept, COUNT, a));
        }
        lookup_free(l);
        spans_done(&s);
    }
}

static void an_overlay_joins_what_both_say(void **state)
{
    struct claim a[] = {{prefix("10.0.0.0/8"), 1}}, b[] = {{prefix("10.1.0.0/16"), 2}};
    struct spans sa, sb, both;

    (void)state;
    spans_flatten(a, 1, join_max, &sa);
    spans_flatten(b, 1, join_max, &sb);
    spans_overlay(&sa, &sb, join_max, &both);
    assert_int_equal(spans_find(&both, addr("10.0.0.1")), 1);
    assert_int_equal(spans_find(&both, addr("10.1.2.3")), 2);
    assert_int_equal(spans_find(&both, addr("11.0.0.0")), 0);
    spans_done(&sa);
    spans_done(&sb);
    spans_done(&both);
}

static const char table_text[] = "XA\t198.51.100.0/24\n"
                                 "XB\t198.51.100.128/25\n"
                                 "XA\t198.51.100.192/26\n"
                                 "XA\t2001:db8:a::/48\n"
                                 "XC\t203.0.113.0/24\n"
                                 "XA\t203.0.113.0/24\n";

static void expect(const struct territory *t, const char *text, int64_t second, unsigned party,
                   enum territory_ground ground)
{
    struct territory_answer got = territory_find(t, addr(text), instant_of_seconds(second));

    if (got.party != party || got.ground != ground)
        fail_msg("%s at %lld: party %u by %s, expected %u by %s", text, (long long)second,
                 got.party, territory_ground_name(got.ground), party,
                 territory_ground_name(ground));
}

static void a_table_counts_inside_its_dates_and_other_codes_cut_holes(void **state)
{
    struct territory *t = territory_new();
    unsigned number;

    (void)state;
    assert_good(territory_table(t, 2, bytes_text(table_text), "XA", instant_of_seconds(100),
                                instant_of_seconds(200), &number));
    assert_int_equal(number, 0);
    territory_seal(t);
    expect(t, "198.51.100.1", 100, 2, TERRITORY_TABLE);
    expect(t, "198.51.100.1", 99, 0, TERRITORY_NONE);
    expect(t, "198.51.100.1", 200, 0, TERRITORY_NONE);
    expect(t, "198.51.100.130", 150, 0, TERRITORY_NONE);
    expect(t, "198.51.100.200", 150, 2, TERRITORY_TABLE);
    expect(t, "2001:db8:a::1", 150, 2, TERRITORY_TABLE);
    expect(t, "203.0.113.1", 150, 0, TERRITORY_NONE); /* listed under two codes */
    territory_free(t);
}

static void declared_beats_as_number_beats_table(void **state)
{
    struct territory *t = territory_new();
    unsigned number;

    (void)state;
    territory_prefix(t, 1, prefix("198.51.100.1/32"));
    territory_as_number(t, 1, 64500);
    assert_good(territory_as_table(t, bytes_text("64500\t198.51.100.0/28\n")));
    assert_good(territory_table(t, 2, bytes_text(table_text), "XA", instant_of_seconds(0),
                                (struct instant){INT64_MAX}, &number));
    territory_seal(t);
    expect(t, "198.51.100.1", 0, 1, TERRITORY_PREFIX);
    expect(t, "198.51.100.2", 0, 1, TERRITORY_AS);
    expect(t, "198.51.100.16", 0, 2, TERRITORY_TABLE);
    assert_int_equal(territory_as(t, addr("198.51.100.2")), 64500);
    assert_int_equal(territory_as(t, addr("198.51.100.16")), 0);
    territory_free(t);
}

static void equal_claims_of_both_belong_to_nobody(void **state)
{
    struct territory *t = territory_new();
    unsigned number;

    (void)state;
    territory_prefix(t, 1, prefix("192.0.2.0/24"));
    territory_prefix(t, 2, prefix("192.0.2.0/24"));
    territory_prefix(t, 2, prefix("192.0.2.128/25"));
    for (unsigned party = 1; party <= 2; party++)
        assert_good(territory_table(t, party, bytes_text(table_text), party == 1 ? "XA" : "XB",
                                    instant_of_seconds(0), (struct instant){INT64_MAX}, &number));
    assert_good(territory_table(t, 2, bytes_text("ZZ\t198.51.100.0/30\n"), "ZZ",
                                instant_of_seconds(0), (struct instant){INT64_MAX}, &number));
    territory_seal(t);
    expect(t, "192.0.2.1", 0, 0, TERRITORY_CONTESTED);
    expect(t, "192.0.2.129", 0, 2, TERRITORY_PREFIX);
    expect(t, "198.51.100.1", 0, 0, TERRITORY_CONTESTED);
    expect(t, "198.51.100.4", 0, 1, TERRITORY_TABLE);
    expect(t, "198.51.100.129", 0, 2, TERRITORY_TABLE);
    territory_free(t);
}

static uint32_t one(struct bytes code, void *ctx)
{
    (void)code;
    (void)ctx;
    return 1;
}

static void a_broken_table_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *name, *text;
        enum fault_kind kind;
        size_t at;
    } wrong[] = {
        {"no newline at the end", "XA\t192.0.2.0/24", FAULT_SHORT, 15},
        {"no tab", "XA\t192.0.2.0/24\nXA 192.0.2.0/24\n", FAULT_SHORT, 16},
        {"no code", "\t192.0.2.0/24\n", FAULT_LIMIT, 0},
        {"host bits", "XA\t192.0.2.1/24\n", FAULT_RANGE, 3},
        {"no prefix", "XA\t192.0.2.0\n", FAULT_SYNTAX, 12},
        {"an empty line", "XA\t192.0.2.0/24\n\n", FAULT_SHORT, 16},
    };
    struct claim *claims = NULL;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = table_parse(bytes_text(wrong[i].text), one, NULL, &claims, &count);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
    }
    assert_null(claims);
}

static void a_broken_zstd_frame_is_refused(void **state)
{
    struct buf out = {0};

    (void)state;
    assert_fault(table_unpack(bytes_of("\x28\xb5\x2f\xfd", 4), &out), FAULT_SHORT);
    assert_fault(
        table_unpack(bytes_of("\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                              "\xff\xff\xff\xff\xff\xff\xff\xff",
                              23),
                     &out),
        FAULT_SYNTAX);
    assert_int_equal(out.len, 0);
}

static void nowhere_is_nobodys(void **state)
{
    static const char *const nowhere[] = {
        "10.1.2.3",        "172.31.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1", "224.0.0.1",
        "255.255.255.255", "0.0.0.0",    "::1",         "fe80::1",    "fd00::1",   "ff02::1"};
    static const char *const somewhere[] = {"192.0.2.1",   "198.51.100.1", "203.0.113.9",
                                            "2001:db8::1", "100.128.0.1",  "172.32.0.1"};

    (void)state;
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        assert_true(territory_is_nowhere(addr(nowhere[i])));
    for (size_t i = 0; i < sizeof somewhere / sizeof somewhere[0]; i++)
        assert_false(territory_is_nowhere(addr(somewhere[i])));
}

/* The answer stays the strongest test's; that another speaks against it is told. */
static void a_weaker_test_that_speaks_against_it_disputes_the_answer(void **state)
{
    static const struct {
        const char *addr;
        unsigned party;
        bool disputed;
    } cases[] = {
        {"198.51.100.1", 1, true},   /* declared by 1, in 2's table */
        {"198.51.100.130", 1, true}, /* declared by 1, whose own table has a foreign code */
        {"198.51.100.20", 2, false}, /* 2's table alone */
        {"203.0.113.9", 2, true},    /* 2's table, but an AS number that 2 did not declare */
        {"192.0.2.1", 1, false},     /* declared, and no other test knows it */
        {"192.0.2.200", 0, false},   /* nobody's */
    };
    static const struct instant open = {INT64_MAX};
    struct territory *t = territory_new();
    unsigned number;

    (void)state;
    territory_prefix(t, 1, prefix("198.51.100.1/32"));
    territory_prefix(t, 1, prefix("198.51.100.128/25"));
    territory_prefix(t, 1, prefix("192.0.2.0/28"));
    territory_as_number(t, 2, 64500);
    assert_good(territory_as_table(t, bytes_text("64501\t203.0.113.0/24\n")));
    assert_good(territory_table(t, 2, bytes_text("XA\t198.51.100.0/25\nXA\t203.0.113.0/24\n"), "XA",
                                instant_of_seconds(0), open, &number));
    assert_good(territory_table(t, 1, bytes_text("XB\t198.51.100.128/25\n"), "XC",
                                instant_of_seconds(0), open, &number));
    territory_seal(t);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct territory_answer got = territory_find(t, addr(cases[i].addr), instant_of_seconds(1));

        if (got.party != cases[i].party || got.disputed != cases[i].disputed)
            fail_msg("%s: party %u, disputed %d", cases[i].addr, got.party, got.disputed);
    }
    territory_free(t);
}

/* RFC 4291 prefixes longer than /64 and many distinct values take the wider forms. */
static void wide_maps_answer_as_narrow_ones_do(void **state)
{
    enum { COUNT = 70000 };
    struct claim *claims = calloc(COUNT, sizeof *claims);
    struct spans s;
    struct lookup *l;

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++)
        claims[i] = (struct claim){{addr_from_v4(i << 8), 120}, i + 1};
    claims[COUNT - 1].prefix = prefix("2001:db8::8000:0:0:0/65");
    spans_flatten(claims, COUNT, join_max, &s);
    l = lookup_new(&s);
    for (uint32_t i = 0; i < 200000; i++) {
        struct addr a = addr_from_v4(random_u32() >> 7);

        assert_int_equal(lookup_find(l, a), spans_find(&s, a));
    }
    assert_int_equal(lookup_find(l, addr("2001:db8::8000:0:0:1")), COUNT);
    assert_int_equal(lookup_find(l, addr("2001:db8::7000:0:0:1")), 0);
    assert_true(lookup_bytes(l) < 65537 * 4 + COUNT * (2 + 4) + COUNT * 8);
    lookup_free(l);
    spans_done(&s);
    free(claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weaker_test_that_speaks_against_it_disputes_the_answer),
        cmocka_unit_test(wide_maps_answer_as_narrow_ones_do),
        cmocka_unit_test(the_flat_forms_answer_as_a_linear_scan_does),
        cmocka_unit_test(six_spans_answer_wherever_they_begin),
        cmocka_unit_test(an_overlay_joins_what_both_say),
        cmocka_unit_test(a_table_counts_inside_its_dates_and_other_codes_cut_holes),
        cmocka_unit_test(declared_beats_as_number_beats_table),
        cmocka_unit_test(equal_claims_of_both_belong_to_nobody),
        cmocka_unit_test(a_broken_table_is_refused_with_its_place),
        cmocka_unit_test(a_broken_zstd_frame_is_refused),
        cmocka_unit_test(nowhere_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

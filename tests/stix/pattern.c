/* stix/pattern.h over the vocabulary of stix/event.h. */
#include "stix/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#include "stix/event.h"
#include "test.h"

#define X "x-parley-event:"

static struct event event(void)
{
    struct event e = {.time = {1577836800500000}, /* 2020-01-01T00:00:00.5Z */
                      .service = SERVICE_SSH,
                      .transport = TRANSPORT_TCP,
                      .ground = ORIENT_DEST_SERVES,
                      .proof = PROOF_TWO_WAY};

    assert_good(addr_parse(bytes_text("198.51.100.7"), &e.from.addr));
    assert_good(addr_parse(bytes_text("192.0.2.1"), &e.to.addr));
    e.from.port = 40000;
    e.to.port = 22;
    e.from.side = SIDE_OTHER;
    e.from.party = "it's";
    e.to.side = SIDE_OWN;
    e.to.party = "cert-a";
    return e;
}

static bool matches(const char *text)
{
    struct event e = event();
    struct pattern *p = NULL;
    struct pattern_error error = {0, ""};
    struct fault f = pattern_parse(bytes_text(text), &event_vocabulary, &p, &error);
    bool yes;

    if (fault_is(f))
        fail_msg("%s: column %zu, expected %s", text, error.column, error.expected);
    yes = pattern_matches(p, &e);
    pattern_free(p);
    return yes;
}

/* The comparisons that held on the way to the match, joined by "|". */
static void why_is(const char *text, const char *expected)
{
    struct event e = event();
    struct pattern *p = NULL;
    struct buf said = {0};
    uint64_t held;

    assert_good(pattern_parse(bytes_text(text), &event_vocabulary, &p, NULL));
    held = pattern_why(p, &e);
    assert_true((held != 0) == pattern_matches(p, &e));
    for (size_t i = 0; i < PATTERN_WHY; i++)
        if ((held >> i & 1) != 0) {
            buf_text(&said, said.len == 0 ? "" : "|");
            pattern_comparison(p, bytes_text(text), i, &said);
        }
    assert_string_equal(said.len == 0 ? "" : buf_str(&said), expected);
    pattern_comparison(p, bytes_text(text), 5000, &said); /* there is none: nothing */
    buf_done(&said);
    pattern_free(p);
}

static void a_match_is_told_by_the_comparisons_that_held(void **state)
{
    (void)state;
    why_is("[" X "x_service = 'ssh' AND " X "dst_port = 22 ]",
           X "x_service = 'ssh'|" X "dst_port = 22");
    why_is("[" X "x_service = 'smb' OR ( " X "dst_port NOT  = 23 )]", X "dst_port NOT  = 23");
    why_is("[" X "dst_port = 23 OR " X "x_service IN ('a' , 'ssh')]",
           X "x_service IN ('a' , 'ssh')");
    why_is("[ipv4-addr:value = '192.0.2.1'] OR [" X "dst_port = 22]",
           "ipv4-addr:value = '192.0.2.1'");
    why_is("[EXISTS " X "x_party_to_id AND NOT EXISTS " X "x_from_as]",
           "EXISTS " X "x_party_to_id|NOT EXISTS " X "x_from_as");
    why_is("[" X "x_service = 'smb']", "");
    /* What held and did not suffice is told, too: it is true. */
    why_is("[" X "dst_port = 22 AND " X "src_port = 1 OR " X "x_service LIKE 's%']",
           X "dst_port = 22|" X "x_service LIKE 's%'");
}

static void a_pattern_says_what_it_covers(void **state)
{
    static const struct {
        const char *text;
        bool yes;
    } cases[] = {
        {"[" X "x_service = 'ssh']", true},
        {"[" X "x_service == 'smb']", false},
        {"[" X "x_service != 'smb']", true},
        {"[" X "x_service NOT = 'ssh']", false},
        {"[" X "x_service NOT != 'ssh']", true},
        {"[" X "x_service IN ('smb', 'ssh')]", true},
        {"[" X "x_service NOT IN ('smb','ssh')]", false},
        {"[" X "dst_port = 22 AND " X "src_port > 1023]", true},
        {"[" X "dst_port <> 22]", false},
        {"[" X "dst_port >= 22 AND " X "dst_port <= 22]", true},
        {"[" X "dst_port < 22 OR " X "dst_port > -1]", true},
        {"[" X "x_party_from = 'other' AND " X "x_party_to = 'own' AND " X "x_proof = 'two-way']",
         true},
        {"[" X "x_party_from_id = 'it\\'s']", true},
        {"[" X "x_service LIKE 's%']", true},
        {"[" X "x_service LIKE '_s_']", true},
        {"[" X "x_service LIKE 's%b']", false},
        {"[" X "x_service LIKE '%%%s%%h%']", true},
        {"[" X "src_ref.value ISSUBSET '198.51.100.0/24']", true},
        {"[" X "src_ref.value NOT ISSUBSET '198.51.100.0/24']", false},
        {"[" X "src_ref.value = '198.51.100.7']", true},
        {"[network-traffic:protocols[*] = 'tcp' AND network-traffic:dst_port = 22]", true},
        {"[network-traffic:protocols[*] = 'udp']", false},
        {"[" X "start > t'2020-01-01T00:00:00Z' AND " X "start < t'2020-01-01T00:00:00.6Z']", true},
        {"[" X "x_from_as = 1 OR " X "x_from_as != 1]", false}, /* it has none */
        {" [ /* so */ " X "dst_port = 22 // and so\n ] ", true},
        /* "AND binds tighter than OR" (STIX 2.1 section 9.4, precedence) */
        {"[" X "dst_port = 22 OR " X "dst_port = 1 AND " X "dst_port = 2]", true},
        {"[(" X "dst_port = 22 OR " X "dst_port = 1) AND " X "dst_port = 2]", false},
        {"[" X "dst_port = 22 OR network-traffic:dst_port = 1]", true},
        {"[" X "dst_port = 22.0]", true},
        {"[" X "dst_port IN (21.5, 22)]", true},
        {"[" X "dst_port IN ()]", false},
        {"[" X "dst_port NOT IN ()]", true},
        {"[" X "x_service MATCHES '^s+h$']", true},
        {"[" X "x_service NOT MATCHES 's']", false},
        {"[" X "src_ref.value MATCHES '^198\\\\.']", true},
        {"[" X "src_ref.value LIKE '%.7']", true},
        {"[" X "src_ref.value > '198']", true},
        {"[" X "src_ref.value = '198.051.100.007']", false}, /* a text that no address has */
        {"[" X "src_ref.value ISSUBSET '198.51.100.200/24']", true},
        {"[" X "src_ref.value ISSUPERSET '198.51.100.7/32']", true},
        {"[" X "src_ref.value ISSUPERSET '198.51.100.0/24']", false},
        {"[" X "protocols[1] = 'tcp']", true},
        {"[" X "protocols[0] = 'tcp']", false},
        {"[" X "protocols[-1] = 'tcp']", false},
        {"[EXISTS " X "x_from_as]", false},
        {"[NOT EXISTS " X "x_from_as]", true},
        {"[EXISTS " X "protocols[2] AND NOT EXISTS " X "protocols[3]]", true},
        {"[ipv4-addr:value = '198.51.100.7']", true},
        {"[ipv4-addr:value = '192.0.2.1']", true},
        {"[ipv4-addr:value = '192.0.2.1' AND ipv4-addr:value = '198.51.100.7']", false},
        {"[ipv6-addr:value != '::1']", false},
        /* root by root: what one object has is not joined to what another has */
        {"[(" X "dst_port = 1 OR network-traffic:dst_port = 22) AND (" X
         "src_port = 40000 OR network-traffic:src_port = 1)]",
         false},
        {"[" X "dst_port = 1] OR [" X "dst_port = 22]", true},
        {"([" X "dst_port = 22] REPEATS 1 TIMES) WITHIN 1 SECONDS", true},
        {"[" X "dst_port = 22] START t'2020-01-01T00:00:00.5Z' STOP t'2020-01-02T00:00:00Z'", true},
        {"[" X "dst_port = 22] START t'2020-01-01T00:00:00Z' STOP t'2020-01-01T00:00:00.5Z'",
         false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (matches(cases[i].text) != cases[i].yes)
            fail_msg("%s", cases[i].text);
}

static void what_is_wrong_is_told_with_its_column(void **state)
{
    static const struct {
        const char *name, *text;
        enum fault_kind kind;
        size_t column;
    } wrong[] = {
        {"empty", "", FAULT_SHORT, 1},
        {"no bracket", "a:b = 1", FAULT_SYNTAX, 1},
        {"a property that events do not have", "[" X "x_colour = 'red']", FAULT_UNKNOWN, 2},
        {"a text for a number", "[" X "dst_port = '22']", FAULT_MISMATCH, 28},
        {"a number for a text", "[" X "x_service = 22]", FAULT_MISMATCH, 29},
        {"LIKE on a number", "[" X "dst_port LIKE '2%']", FAULT_MISMATCH, 30},
        {"a set of two types", "[" X "dst_port IN (22, 'x')]", FAULT_MISMATCH, 34},
        {"a set without end", "[" X "dst_port IN (]", FAULT_SYNTAX, 30},
        {"a look-ahead", "[" X "x_service MATCHES 's(?=s)']", FAULT_REFUSED, 35},
        {"two observations", "[" X "dst_port = 1] FOLLOWEDBY [" X "dst_port = 2]", FAULT_UNKNOWN,
         31},
        {"an event repeated", "[" X "dst_port = 1] REPEATS 5 TIMES", FAULT_UNKNOWN, 31},
        {"small and", "[" X "dst_port = 1 and " X "dst_port = 2]", FAULT_SYNTAX, 30},
        {"AND over two objects", "[" X "dst_port = 1 AND network-traffic:dst_port = 1]",
         FAULT_MISMATCH, 62},
        {"no closing quote", "[" X "x_service = 'ssh]", FAULT_SHORT, 34},
        {"a bad escape", "[" X "x_service = 's\\n']", FAULT_SYNTAX, 32},
        {"a 30 February", "[" X "start = t'2020-02-30T00:00:00Z']", FAULT_RANGE, 25},
        {"no prefix", "[" X "src_ref.value ISSUBSET '198.51.100.1/33']", FAULT_RANGE, 40},
        {"trailing text", "[" X "dst_port = 1] x", FAULT_EXTRA, 31},
        {"no time in STOP", "[" X "dst_port = 1] START t'2020-01-01T00:00:00Z' STOP 5",
         FAULT_SYNTAX, 66},
        {"an open comment", "[" X "dst_port = 1] /* x", FAULT_SYNTAX, 31},
        {"a parenthesis left open", "[(" X "dst_port = 1]", FAULT_SYNTAX, 30},
        {"a number out of range", "[" X "dst_port = 99999999999999999999]", FAULT_RANGE, 28},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct pattern *p = NULL;
        struct pattern_error error = {0, ""};
        struct fault f = pattern_parse(bytes_text(wrong[i].text), &event_vocabulary, &p, &error);

        if (f.kind != wrong[i].kind || error.column != wrong[i].column)
            fail_msg("%s: %s at column %zu, expected %s", wrong[i].name, fault_word(f.kind),
                     error.column, error.expected);
        assert_null(p);
    }
}

static void every_prefix_of_a_pattern_is_refused(void **state)
{
    static const char good[] = "[(" X "dst_port IN (22, 23) OR " X "x_service LIKE 's%') AND " X
                               "start > t'2020-01-01T00:00:00.5Z']";
    struct pattern *p = NULL;

    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++)
        assert_true(fault_is(pattern_parse(bytes_of(good, n), &event_vocabulary, &p, NULL)));
    assert_good(pattern_parse(bytes_text(good), &event_vocabulary, &p, NULL));
    pattern_free(p);
}

static void depth_and_size_have_limits(void **state)
{
    static char deep[PATTERN_MAX + 2];
    struct pattern *p = NULL;

    (void)state;
    memset(deep, '(', sizeof deep);
    deep[0] = '[';
    assert_fault(pattern_parse(bytes_of(deep, 1000), &event_vocabulary, &p, NULL), FAULT_LIMIT);
    assert_fault(pattern_parse(bytes_of(deep, sizeof deep), &event_vocabulary, &p, NULL),
                 FAULT_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_is_told_by_the_comparisons_that_held),
        cmocka_unit_test(a_pattern_says_what_it_covers),
        cmocka_unit_test(what_is_wrong_is_told_with_its_column),
        cmocka_unit_test(every_prefix_of_a_pattern_is_refused),
        cmocka_unit_test(depth_and_size_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

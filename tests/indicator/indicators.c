#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "indicator/indicators.h"
#include "test.h"

/* The sets against a slow one that shares nothing with them: sorted texts, masks, arithmetic. */

static uint64_t state = 20261125;

static uint32_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static const struct indicators_limits wide = {50000000, (size_t)4 << 30};

static void add(struct indicators *x, unsigned list, const char *text)
{
    uint8_t room[INDICATOR_KEY];
    struct indicator_value v;
    const struct indicator_about none = indicator_about_none();

    assert_good(indicator_guess(bytes_text(text), room, &v));
    assert_true(indicators_add(x, list, &v, &none));
}

struct heard {
    size_t hits, below;
    char last[300];
    unsigned list;
    uint64_t sum;
};

static void hear(void *with, const struct indicator_hit *h)
{
    struct heard *heard = with;
    struct buf text = {0};

    indicator_write(&h->value, &text);
    snprintf(heard->last, sizeof heard->last, "%s", buf_str(&text));
    buf_done(&text);
    heard->hits++;
    heard->below += h->below;
    heard->list = h->list;
    heard->sum += h->key + 1;
}

static struct heard ask(const struct indicators *x, enum indicator_kind kind, const char *text)
{
    struct indicator_key k = {.kind = kind, .text = bytes_text(text)};
    struct heard heard = {0};

    if (kind == INDICATOR_IPV4)
        assert_good(addr_parse(bytes_text(text), &k.addr));
    indicators_find(x, &k, 1, hear, &heard);
    return heard;
}

static void one_of_each_kind_is_found_as_a_sensor_writes_it(void **unused)
{
    struct indicators *x = indicators_new(wide, 1);
    unsigned l = indicators_list(x, "mine");

    (void)unused;
    for (size_t i = 0; i < 9; i++)
        add(x, l,
            (const char *[]){"192.0.2.1", "2001:db8::1", "198.51.100.0/24", "2001:db8:1::/48",
                             "Bad.Example.", "http://a.example:80/x?y#z",
                             "d41d8cd98f00b204e9800998ecf8427e", "203.0.113.9:8080",
                             "hxxp://b[.]example"}[i]);
    indicators_seal(x);
    assert_int_equal(ask(x, INDICATOR_IPV4, "192.0.2.1").hits, 1);
    assert_int_equal(ask(x, INDICATOR_IPV4, "192.0.2.2").hits, 0);
    assert_int_equal(ask(x, INDICATOR_IPV4, "2001:db8::1").hits, 1);
    assert_string_equal(ask(x, INDICATOR_IPV4, "198.51.100.77").last, "198.51.100.0/24");
    assert_string_equal(ask(x, INDICATOR_IPV4, "2001:db8:1:2::3").last, "2001:db8:1::/48");
    assert_int_equal(ask(x, INDICATOR_DOMAIN, "bad.example").hits, 1);
    assert_int_equal(ask(x, INDICATOR_DOMAIN, "WWW.bad.EXAMPLE.").below, 1);
    assert_int_equal(ask(x, INDICATOR_DOMAIN, "notbad.example").hits, 0);
    assert_int_equal(ask(x, INDICATOR_URL, "A.example/x?y").hits, 1);
    assert_int_equal(ask(x, INDICATOR_URL, "a.example/X?y").hits, 0);
    assert_int_equal(ask(x, INDICATOR_URL, "b.example/").hits, 1);
    assert_int_equal(ask(x, INDICATOR_MD5, "D41D8CD98F00B204E9800998ECF8427E").hits, 1);
    assert_int_equal(ask(x, INDICATOR_SHA1, "D41D8CD98F00B204E9800998ECF8427E").hits, 0);
    indicators_free(x);
}

static void an_event_is_asked_for_all_it_holds(void **unused)
{
    struct indicators *x = indicators_new(wide, 1);
    unsigned l = indicators_list(x, "mine");
    struct event e = {.has = EVENT_HAS_ENDS, .src_port = 4000, .dest_port = 8080};
    struct heard heard = {0};

    (void)unused;
    add(x, l, "203.0.113.9:8080");
    add(x, l, "bad.example");
    add(x, l, "http://a.example/x");
    indicators_seal(x);
    assert_good(addr_parse(bytes_text("203.0.113.9"), &e.dest));
    assert_good(addr_parse(bytes_text("192.0.2.1"), &e.src));
    indicators_event(x, &e, hear, &heard);
    assert_int_equal(heard.hits, 1);
    e.text[EVENT_TEXT_SNI] = bytes_text("x.bad.example");
    e.text[EVENT_TEXT_HOST] = bytes_text("a.example:80");
    e.text[EVENT_TEXT_URL] = bytes_text("/x");
    indicators_event(x, &e, hear, &heard);
    assert_int_equal(heard.hits, 4);
    e.text[EVENT_TEXT_HOST] = bytes_text("203.0.113.9:8080"); /* an address as a host: no port */
    indicators_event(x, &e, hear, &heard);
    assert_int_equal(heard.hits, 6);
    indicators_free(x);
}

/* Events of a few hundred addresses, ports and names, some listed: each is answered as if it had
 * never been asked. */
static void asking_again_gives_the_same_answer(void **unused)
{
    static const char *const names[] = {"",          "bad.example", "x.bad.example", "good.example",
                                        "b.example", "192.0.2.7",   "2001:db8::1",   "BAD.example"};
    static struct indicators_quiet quiet[2];
    struct indicators *x[2];

    (void)unused;
    for (int with_endpoint = 0; with_endpoint < 2; with_endpoint++) {
        unsigned l;

        x[with_endpoint] = indicators_new(wide, 1);
        l = indicators_list(x[with_endpoint], "mine");
        add(x[with_endpoint], l, "bad.example");
        add(x[with_endpoint], l, "192.0.2.7");
        add(x[with_endpoint], l, "198.51.100.0/28");
        if (with_endpoint)
            add(x[with_endpoint], l, "203.0.113.9:8080");
        indicators_seal(x[with_endpoint]);
    }
    for (unsigned i = 0; i < 40000; i++) {
        struct event e = {.has = EVENT_HAS_ENDS,
                          .src = addr_from_v4(0xc0000200 + i % 64),
                          .dest = addr_from_v4(i % 3 == 0 ? 0xcb007109 : 0xc6336400 + i / 64 % 64),
                          .src_port = (uint16_t)(i % 7),
                          .dest_port = (uint16_t)(i % 5 == 0 ? 8080 : i % 1000)};
        int w = (int)(i % 2);
        struct heard often = {0}, once = {0};

        if (i % 4 == 3) { /* a flow: its two ends are known without questions written down */
            e.family = FAMILY_FLOW;
        } else {
            e.text[EVENT_TEXT_NAME] = bytes_text(names[i / 7 % 8]);
            e.text[EVENT_TEXT_HOST] = bytes_text(names[i / 11 % 8]);
        }
        indicators_event(x[w], &e, hear, &once);
        indicators_event_quietly(x[w], &quiet[w], &e, hear, &often);
        assert_int_equal(once.hits, often.hits);
    }
    indicators_free(x[0]);
    indicators_free(x[1]);
}

static void an_exact_name_does_not_cover_what_is_below_it(void **unused)
{
    struct indicators *x = indicators_new(wide, 3);
    struct indicator_about about = indicator_about_none();
    struct indicator_value v = {.kind = INDICATOR_DOMAIN, .text = bytes_text("bad.example")};

    (void)unused;
    about.exact = true;
    assert_true(indicators_add(x, indicators_list(x, "stix"), &v, &about));
    indicators_seal(x);
    assert_int_equal(ask(x, INDICATOR_DOMAIN, "bad.example").hits, 1);
    assert_int_equal(ask(x, INDICATOR_DOMAIN, "www.bad.example").hits, 0);
    indicators_free(x);
}

static void what_two_lists_hold_is_told_of_both_and_twice_in_one_is_a_duplicate(void **unused)
{
    struct indicators *x = indicators_new(wide, 3);
    unsigned a = indicators_list(x, "a"), b = indicators_list(x, "b");

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        add(x, a, "bad.example");
        add(x, a, "192.0.2.0/24");
        add(x, a, "192.0.2.7");
    }
    add(x, b, "bad.example");
    add(x, b, "192.0.2.0/24");
    add(x, b, "192.0.2.0/25");
    indicators_seal(x);
    assert_int_equal(indicators_count(x, a).entries, 3);
    assert_int_equal(indicators_count(x, a).duplicates, 6);
    assert_int_equal(indicators_count(x, b).duplicates, 0);
    assert_int_equal(ask(x, INDICATOR_DOMAIN, "bad.example").hits, 2);
    assert_int_equal(ask(x, INDICATOR_IPV4, "192.0.2.7").hits, 4);
    assert_int_equal(ask(x, INDICATOR_IPV4, "192.0.2.200").hits, 2);
    indicators_free(x);
}

static void the_cap_holds_and_says_whose_entries_did_not_fit(void **unused)
{
    struct indicators *x = indicators_new((struct indicators_limits){2, 1 << 20}, 1);
    unsigned a = indicators_list(x, "a"), b = indicators_list(x, "b");
    const struct indicator_about none = indicator_about_none();
    struct indicator_value v = {.kind = INDICATOR_DOMAIN, .text = bytes_text("c.example")};

    (void)unused;
    add(x, a, "a.example");
    add(x, b, "b.example");
    assert_false(indicators_add(x, b, &v, &none));
    indicators_seal(x);
    assert_int_equal(indicators_count(x, a).overflow, 0);
    assert_int_equal(indicators_count(x, b).overflow, 1);
    assert_int_equal(ask(x, INDICATOR_DOMAIN, "c.example").hits, 0);
    assert_true(indicators_canary(x, a) && indicators_canary(x, b));
    indicators_free(x);
    x = indicators_new((struct indicators_limits){100, 10}, 1);
    assert_false(indicators_add(x, indicators_list(x, "c"), &v, &none));
    indicators_seal(x);
    indicators_free(x);
}

static void keep(void *with, const struct indicator_hit *h)
{
    *(struct indicator_hit *)with = *h;
}

static void times_marking_and_id_come_back_with_the_hit(void **unused)
{
    struct indicators *x = indicators_new(wide, 1);
    struct indicator_about about = {{5}, {9}, TLP_AMBER, PAP_GREEN, false, bytes_text("id-1")};
    struct indicator_value v = {.kind = INDICATOR_DOMAIN, .text = bytes_text("bad.example")};
    struct indicator_key k = {.kind = INDICATOR_DOMAIN, .text = bytes_text("bad.example")};
    struct indicator_hit h = {0};

    (void)unused;
    assert_true(indicators_add(x, indicators_list(x, "a"), &v, &about));
    indicators_seal(x);
    indicators_find(x, &k, 1, keep, &h);
    assert_int_equal(h.about.from.us, 5);
    assert_int_equal(h.about.until.us, 9);
    assert_int_equal(h.about.tlp, TLP_AMBER);
    assert_int_equal(h.about.pap, PAP_GREEN);
    assert_true(bytes_is(h.about.id, "id-1"));
    assert_false(h.canary);
    indicators_free(x);
}

/* ---- against the slow set ---- */

enum { NAMES = 20000, MASKS = 400, HOSTS = 5000, ASKED = 1000000 };

static char names[NAMES][40];
static uint32_t hosts[HOSTS], nets[MASKS], masks[MASKS];

static void draw_name(char *out, size_t size, uint32_t range)
{
    static const char *const ends[] = {"example", "test", "a.example", "b.c.test"};

    if (draw() % 3 == 0)
        snprintf(out, size, "n%u.k%u.%s", draw() % range, draw() % 5, ends[draw() % 4]);
    else
        snprintf(out, size, "n%u.%s", draw() % range, ends[draw() % 4]);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static size_t slow_name(const char *name)
{
    size_t hits = 0;

    for (const char *at = name; at != NULL; at = strchr(at, '.'), at = at == NULL ? NULL : at + 1) {
        char key[40];

        snprintf(key, sizeof key, "%s", at);
        hits += bsearch(key, names, NAMES, sizeof names[0], by_text) != NULL;
    }
    return hits;
}

static void names_are_found_as_a_sorted_list_finds_them(void **unused)
{
    struct indicators *x = indicators_new(wide, 77);
    unsigned l = indicators_list(x, "names");
    size_t all = 0;

    (void)unused;
    for (size_t i = 0; i < NAMES; i++) {
        draw_name(names[i], sizeof names[i], 60000);
        add(x, l, names[i]);
    }
    indicators_seal(x);
    qsort(names, NAMES, sizeof names[0], by_text);
    for (size_t i = 0; i < ASKED / 16; i++) {
        struct indicator_key key[16];
        char text[16][40];
        struct heard heard = {0};
        size_t expected = 0, sum = 0;

        for (size_t j = 0; j < 16; j++) {
            size_t hits;

            draw_name(text[j], sizeof text[j], 60000);
            key[j] = (struct indicator_key){.kind = INDICATOR_DOMAIN, .text = bytes_text(text[j])};
            hits = slow_name(text[j]);
            expected += hits;
            sum += hits * (j + 1);
        }
        indicators_find(x, key, 16, hear, &heard);
        assert_int_equal(heard.hits, expected);
        assert_int_equal(heard.sum, sum);
        all += expected;
    }
    assert_true(all > ASKED / 50);
    indicators_free(x);
}

static size_t slow_address(uint32_t a)
{
    size_t hits = bsearch(&a, hosts, HOSTS, sizeof hosts[0], by_number) != NULL;

    for (size_t i = 0; i < MASKS; i++)
        hits += (a & masks[i]) == nets[i];
    return hits;
}

static void addresses_are_found_as_masks_find_them(void **unused)
{
    struct indicators *x = indicators_new(wide, 78);
    unsigned l = indicators_list(x, "addresses");
    const struct indicator_about none = indicator_about_none();
    size_t all = 0;

    (void)unused;
    for (size_t i = 0; i < HOSTS; i++) {
        const struct indicator_value v = {
            .kind = INDICATOR_IPV4, .addr = addr_from_v4(hosts[i] = 0x0a000000 | draw() % 65536)};

        indicators_add(x, l, &v, &none);
    }
    for (size_t i = 0; i < MASKS; i++) { /* distinct: a prefix twice is one entry */
        unsigned bits = 17 + (unsigned)(i % 15);
        struct indicator_value v = {.kind = INDICATOR_SUBNET, .bits = (uint8_t)(96 + bits)};
        size_t j = 0;

        masks[i] = ~(uint32_t)0 << (32 - bits);
        while (j <= i) {
            nets[i] = (0x0a000000 | draw() % 65536) & masks[i];
            for (j = 0; j < i && !(masks[j] == masks[i] && nets[j] == nets[i]); j++)
                continue;
            if (j == i || bits < 24)
                break;
        }
        v.addr = addr_from_v4(nets[i]);
        indicators_add(x, l, &v, &none);
    }
    for (size_t i = 0; i < MASKS; i++) /* and what came twice all the same counts once */
        for (size_t j = 0; j < i; j++)
            if (masks[j] == masks[i] && nets[j] == nets[i])
                nets[i] = 1;
    indicators_seal(x);
    qsort(hosts, HOSTS, sizeof hosts[0], by_number);
    for (size_t i = 0; i < ASKED; i++) {
        uint32_t a = 0x0a000000 | draw() % 100000;
        struct indicator_key k = {.kind = INDICATOR_IPV4, .addr = addr_from_v4(a)};
        struct heard heard = {0};
        size_t expected = slow_address(a);

        indicators_find(x, &k, 1, hear, &heard);
        assert_int_equal(heard.hits, expected);
        all += expected;
    }
    assert_true(all > ASKED / 20);
    indicators_free(x);
}

/* ---- canaries and turns ---- */

static void every_list_has_a_canary_that_fires(void **unused)
{
    struct indicators *x = indicators_new(wide, 9);

    (void)unused;
    for (unsigned i = 0; i < 300; i++) {
        char name[20];
        unsigned l;

        snprintf(name, sizeof name, "list %u", i);
        l = indicators_list(x, name);
        add(x, l, "192.0.2.1");
        add(x, l, "2001:db8::1");
        add(x, l, "198.51.100.0/24");
        add(x, l, "bad.example");
        add(x, l, "http://a.example/x");
        add(x, l, "203.0.113.9:8080");
        add(x, l, "d41d8cd98f00b204e9800998ecf8427e");
        add(x, l, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        add(x, l, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
    indicators_seal(x);
    for (unsigned i = 0; i < 300; i++)
        assert_true(indicators_canary(x, i));
    indicators_free(x);
}

static struct indicators *version(unsigned n)
{
    struct indicators *x = indicators_new(wide, n);
    unsigned l = indicators_list(x, "names");

    for (unsigned i = 0; i < 200; i++) {
        char text[40];

        snprintf(text, sizeof text, "n%u.v%u.example", i, n);
        add(x, l, text);
    }
    add(x, l, "always.example");
    indicators_seal(x);
    return x;
}

static void *offer_many(void *with)
{
    for (unsigned i = 1; i <= 200; i++)
        indicators_offer(with, version(i));
    return NULL;
}

static void a_new_version_takes_its_turn_while_the_stream_goes_on(void **unused)
{
    struct indicators_place place = {.now = NULL};
    pthread_t thread;
    size_t asked = 0;

    (void)unused;
    indicators_offer(&place, version(0));
    assert_int_equal(pthread_create(&thread, NULL, offer_many, &place), 0);
    for (; asked < 20000; asked++)
        assert_int_equal(ask(indicators_take(&place), INDICATOR_DOMAIN, "always.example").hits, 1);
    pthread_join(thread, NULL);
    assert_int_equal(ask(indicators_take(&place), INDICATOR_DOMAIN, "n7.v200.example").hits, 1);
    assert_int_equal(ask(indicators_take(&place), INDICATOR_DOMAIN, "n7.v199.example").hits, 0);
    indicators_place_done(&place); /* LeakSanitizer counts the two hundred others */
}

/* ---- spellings ---- */

static void wrong_spellings_are_refused(void **unused)
{
    static const struct {
        const char *name, *text;
        enum fault_kind kind;
    } wrong[] = {
        {"empty", "", FAULT_SYNTAX},
        {"a single label", "localhost", FAULT_RANGE},
        {"an empty label", "a..example", FAULT_SYNTAX},
        {"half an address", "192.0.2", FAULT_SYNTAX},
        {"an address too large", "192.0.2.256", FAULT_SYNTAX},
        {"all of IPv4", "0.0.0.0/0", FAULT_RANGE},
        {"a /7", "10.0.0.0/7", FAULT_RANGE},
        {"host bits", "192.0.2.1/24", FAULT_RANGE},
        {"33 bits", "192.0.2.0/33", FAULT_RANGE},
        {"a blank inside", "a b.example", FAULT_SYNTAX},
        {"an account", "someone@a.example", FAULT_SYNTAX},
        {"a URL without host", "http:///x", FAULT_SYNTAX},
        {"a blank in a URL", "http://a.example/x y", FAULT_SYNTAX},
    };
    uint8_t room[INDICATOR_KEY];
    struct indicator_value v;

    (void)unused;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = indicator_guess(bytes_text(wrong[i].text), room, &v);

        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s", wrong[i].name, fault_word(f.kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_each_kind_is_found_as_a_sensor_writes_it),
        cmocka_unit_test(an_event_is_asked_for_all_it_holds),
        cmocka_unit_test(asking_again_gives_the_same_answer),
        cmocka_unit_test(an_exact_name_does_not_cover_what_is_below_it),
        cmocka_unit_test(what_two_lists_hold_is_told_of_both_and_twice_in_one_is_a_duplicate),
        cmocka_unit_test(the_cap_holds_and_says_whose_entries_did_not_fit),
        cmocka_unit_test(times_marking_and_id_come_back_with_the_hit),
        cmocka_unit_test(names_are_found_as_a_sorted_list_finds_them),
        cmocka_unit_test(addresses_are_found_as_masks_find_them),
        cmocka_unit_test(every_list_has_a_canary_that_fires),
        cmocka_unit_test(a_new_version_takes_its_turn_while_the_stream_goes_on),
        cmocka_unit_test(wrong_spellings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

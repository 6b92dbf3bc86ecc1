#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indicator/import.h"
#include "test.h"

/* What was told, a line each: "kind value [from] [until] [tlp] [exact] [id]"; "! line rule". */
struct told {
    struct buf text;
    size_t entries;
};

static void tell_time(struct buf *out, const char *name, struct instant t)
{
    char text[INSTANT_TEXT + 1];

    if (t.us == INT64_MIN || t.us == INT64_MAX)
        return;
    instant_write(t, text);
    buf_print(out, " %s=%s", name, text);
}

static void tell_about(struct buf *out, const struct indicator_about *a)
{
    tell_time(out, "from", a->from);
    tell_time(out, "until", a->until);
    if (a->tlp != TLP_NONE)
        buf_print(out, " %s", tlp_name(a->tlp));
    if (a->pap != PAP_NONE)
        buf_print(out, " pap:%s", pap_name(a->pap));
    buf_text(out, a->exact ? " exact" : "");
    if (a->id.len != 0) {
        buf_text(out, " ");
        buf_bytes(out, a->id);
    }
    buf_text(out, "\n");
}

static void entry(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    struct told *t = with;

    t->entries++;
    buf_print(&t->text, "%s ", indicator_kind_name(v->kind));
    indicator_write(v, &t->text);
    tell_about(&t->text, a);
}

static void pattern(void *with, struct bytes text, const struct indicator_about *a)
{
    struct told *t = with;

    buf_text(&t->text, "pattern ");
    buf_bytes(&t->text, text);
    tell_about(&t->text, a);
}

static void refused(void *with, size_t line, enum import_rule r)
{
    struct told *t = with;

    buf_print(&t->text, "! %zu %s\n", line, import_rule_name(r));
}

static struct fault read_as(enum import_format format, struct bytes text, size_t step,
                            struct told *out)
{
    const struct import_sink sink = {entry, pattern, refused, NULL, out};
    struct import in;
    struct fault f;

    *out = (struct told){0};
    import_init(&in, format, indicator_about_none(), sink);
    for (size_t at = 0; at < text.len; at += step)
        import_feed(&in, bytes_of(text.data + at, text.len - at < step ? text.len - at : step));
    f = import_end(&in);
    assert_int_equal(in.n.taken, out->entries);
    import_done(&in);
    return f;
}

static void expect(const char *text, const char *expected)
{
    struct told t;

    assert_good(read_as(IMPORT_UNKNOWN, bytes_text(text), SIZE_MAX / 2, &t));
    assert_string_equal(buf_str(&t.text), expected);
    buf_done(&t.text);
}

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define M32 "d41d8cd98f00b204e9800998ecf8427e"

static const char list[] = "\xef\xbb\xbf# tlp: amber\n"
                           "# valid_until: 2027-01-01\n"
                           "192.0.2.1 # seen yesterday\r\n"
                           "\n"
                           "2001:DB8::1\n"
                           "[2001:db8::2]:80\n"
                           "198.51.100.0/24,3\n"
                           "Bad.Example.\n"
                           "hxxps://b[.]example/x?y#z\n"
                           "domain\tc.example\tmalware\n"
                           "0.0.0.0 d.example\n" M32;

static const char list_told[] = "ipv4 192.0.2.1 until=2027-01-01T00:00:00Z amber\n"
                                "ipv6 2001:db8::1 until=2027-01-01T00:00:00Z amber\n"
                                "endpoint [2001:db8::2]:80 until=2027-01-01T00:00:00Z amber\n"
                                "subnet 198.51.100.0/24 until=2027-01-01T00:00:00Z amber\n"
                                "domain bad.example until=2027-01-01T00:00:00Z amber\n"
                                "url b.example/x?y until=2027-01-01T00:00:00Z amber\n"
                                "domain c.example until=2027-01-01T00:00:00Z amber\n"
                                "domain d.example until=2027-01-01T00:00:00Z amber\n"
                                "md5 " M32 " until=2027-01-01T00:00:00Z amber\n";

static void a_plain_list_has_a_value_a_line(void **unused)
{
    (void)unused;
    expect(list, list_told);
}

static const char csv[] = "type,\"indicator\",valid_from,valid_until,tlp,id,note\n"
                          "domain,\"a.example\",2026-01-02,2026-02-03 04:05:06,GREEN,X-1,\n"
                          "ip,192.0.2.9,2026-01-02T03:04:05.5Z,,,,\"he said \"\"x, y\"\"\"\n";

static void csv_goes_by_its_header(void **unused)
{
    (void)unused;
    expect(csv, "domain a.example from=2026-01-02T00:00:00Z until=2026-02-03T04:05:06Z green X-1\n"
                "ipv4 192.0.2.9 from=2026-01-02T03:04:05Z\n");
}

static void a_header_may_stand_in_a_comment(void **unused)
{
    (void)unused;
    expect("# a feed\n# \"first_seen_utc\", \"ioc_value\", \"ioc_type\"\n"
           "\"2026-01-02 03:04:05\", \"192.0.2.1:80\", \"ip:port\"\n",
           "endpoint 192.0.2.1:80 from=2026-01-02T03:04:05Z\n");
}

static const char zeek[] = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.do_notice\n"
                           "192.0.2.1\tIntel::ADDR\tme\tF\n"
                           "192.0.2.0/24\tIntel::SUBNET\tme\t-\n"
                           "a.example\tIntel::DOMAIN\tme\tT\n"
                           "a.example/x\tIntel::URL\tme\tT\n" A64 "\tIntel::FILE_HASH\tme\tT\n";

/* "Intel::DOMAIN" is the name alone: base/frameworks/intel/main.zeek compares it whole. */
static void a_zeek_intel_file_names_its_columns(void **unused)
{
    (void)unused;
    expect(zeek, "ipv4 192.0.2.1 exact\nsubnet 192.0.2.0/24 exact\ndomain a.example exact\n"
                 "url a.example/x exact\nsha256 " A64 " exact\n");
}

#define STIX(what) "{\"type\":\"bundle\",\"objects\":[" what "]}"
#define PATTERN(p) "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"" p "\"}"
#define AMBER      "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"

static const char stix[] =
    STIX("{\"type\":\"marking-definition\",\"id\":\"marking-definition--1\","
         "\"definition\":{\"tlp\":\"green\"}},"
         "{\"type\":\"malware\",\"id\":\"malware--1\"},"
         "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern_type\":\"stix\","
         "\"pattern\":\"[domain-name:value = 'a.example']\","
         "\"valid_from\":\"2026-01-02T03:04:05.678Z\",\"valid_until\":\"2027-01-02T03:04:05Z\","
         "\"object_marking_refs\":[\"marking-definition--1\"]},"
         "{\"type\":\"indicator\",\"id\":\"indicator--2\","
         "\"pattern\":\" [ ipv4-addr:value ISSUBSET '192.0.2.0/24' ] \","
         "\"object_marking_refs\":[\"" AMBER "\",\"marking-definition--unknown\"]},"
         "{\"type\":\"indicator\",\"id\":\"indicator--3\","
         "\"pattern\":\"[file:hashes.'SHA-256' = '" A64 "']\"},"
         "{\"type\":\"indicator\",\"id\":\"indicator--4\","
         "\"pattern\":\"[url:value = 'http://a.example/' OR url:value = 'http://b.example/']\"},"
         "{\"type\":\"indicator\",\"id\":\"indicator--6\",\"pattern\":\"[url:value LIKE 'x%']\"},"
         "{\"type\":\"indicator\",\"id\":\"indicator--5\",\"revoked\":true,"
         "\"pattern\":\"[url:value = 'http://a.example/']\"}");

/* STIX 2.1 section 9.6.1: "=" is equality, so a name does not cover what lies below it. */
static void a_bundle_gives_values_where_it_can_and_patterns_else(void **unused)
{
    (void)unused;
    expect(stix, "domain a.example from=2026-01-02T03:04:05Z until=2027-01-02T03:04:05Z green "
                 "exact indicator--1\n"
                 "subnet 192.0.2.0/24 red exact indicator--2\n"
                 "sha256 " A64 " exact indicator--3\n"
                 "url a.example/ exact indicator--4\nurl b.example/ exact indicator--4\n"
                 "pattern [url:value LIKE 'x%'] exact indicator--6\n"
                 "! 8 off\n");
}

#define MISP(what) "{\"Event\":{\"Tag\":[{\"name\":\"tlp:green\"}],\"Attribute\":[" what "]}}"
#define ATTRIBUTE(type, value)                                                                     \
    "{\"type\":\"" type "\",\"value\":\"" value "\",\"to_ids\":true,\"uuid\":\"u\"}"

static const char misp[] =
    "{\"response\":[" MISP(ATTRIBUTE("ip-dst|port", "192.0.2.1|80") "," ATTRIBUTE(
        "ip-dst|port",
        "2001:db8::1|443") "," ATTRIBUTE("domain|ip",
                                         "a.example|192.0.2.2") "," ATTRIBUTE("filename|md5",
                                                                              "x|" M32)) ","
                                                                                         "{\"Event"
                                                                                         "\":{"
                                                                                         "\"Object"
                                                                                         "\":[{"
                                                                                         "\"Attribu"
                                                                                         "te\":[{"
                                                                                         "\"type\":"
                                                                                         "\"hostnam"
                                                                                         "e\","
                                                                                         "\"value\""
                                                                                         ":\"w.b."
                                                                                         "example\""
                                                                                         ","
                                                                                         "\"to_"
                                                                                         "ids\":"
                                                                                         "true,"
                                                                                         "\"timesta"
                                                                                         "mp\":"
                                                                                         "\"1577836"
                                                                                         "800\","
                                                                                         "\"Tag\":["
                                                                                         "{\"name\""
                                                                                         ":\"tlp:"
                                                                                         "red\"}]},"
                                                                                         "{\"type\""
                                                                                         ":\"url\","
                                                                                         "\"value\""
                                                                                         ":\"http:/"
                                                                                         "/c."
                                                                                         "example/"
                                                                                         "\",\"to_"
                                                                                         "ids\":"
                                                                                         "true,"
                                                                                         "\"first_"
                                                                                         "seen\":"
                                                                                         "\"2023-"
                                                                                         "09-29T11:"
                                                                                         "42:22."
                                                                                         "000000+"
                                                                                         "00:00\"},"
                                                                                         "{\"type\""
                                                                                         ":\"url\","
                                                                                         "\"value\""
                                                                                         ":\"http:/"
                                                                                         "/d."
                                                                                         "example/"
                                                                                         "\",\"to_"
                                                                                         "ids\":"
                                                                                         "false}]}]"
                                                                                         "}}]}";

static void misp_attributes_count_where_they_are_for_detection(void **unused)
{
    (void)unused;
    expect(misp, "endpoint 192.0.2.1:80 green u\nendpoint [2001:db8::1]:443 green u\n"
                 "domain a.example green u\nipv4 192.0.2.2 green u\nmd5 " M32 " green u\n"
                 "domain w.b.example from=2020-01-01T00:00:00Z red exact\n"
                 "url c.example/ from=2023-09-29T11:42:22Z\n"
                 "! 7 off\n");
}

static const struct {
    const char *what, *text, *told;
} wrong[] = {
    {"no name, no address", "?!\n192.0.2.1\n", "! 1 value\nipv4 192.0.2.1\n"},
    {"an address that is none", "\n\n192.0.2.256\n", "! 3 value\n"},
    {"a single label", "com\n", "! 1 broad\n"},
    {"half the internet", "0.0.0.0/1\n", "! 1 broad\n"},
    {"a kind that is a person's", "email a@b.example\n", "! 1 person\n"},
    {"a time that is none", "# valid_until: soon\n192.0.2.1\n", "! 1 time\nipv4 192.0.2.1\n"},
    {"over before it began", "indicator,valid_from,valid_until\na.example,2026-01-02,2026-01-02\n",
     "! 2 time\n"},
    {"a column too many", "indicator,type\na.example,domain,x\n", "! 2 damaged\n"},
    {"a quote that stays open", "indicator,type\n\"a.example,domain\n", "! 2 damaged\n"},
    {"a row without its value", "indicator,type\n,domain\n", "! 2 damaged\n"},
    {"a kind nobody knows", "indicator,type\nx,mutex\n", "! 2 kind\n"},
    {"a value of another kind", "indicator,type\n192.0.2.1,domain\n", "! 2 value\n"},
    {"a Zeek row that is short", "#fields\tindicator\tindicator_type\n192.0.2.1\n",
     "! 2 damaged\n"},
    {"Zeek's users", "#fields\tindicator\tindicator_type\nme\tIntel::USER_NAME\n", "! 2 person\n"},
    {"Zeek's certificates", "#fields\tindicator\tindicator_type\n" A64 "\tIntel::CERT_HASH\n",
     "! 2 kind\n"},
    {"a pattern about mail", STIX(PATTERN("[email-addr:value = 'a@b.example']")), "! 1 person\n"},
    {"a pattern of another language",
     STIX("{\"type\":\"indicator\",\"pattern_type\":\"yara\",\"pattern\":\"rule x {}\"}"),
     "! 1 kind\n"},
    {"an indicator without pattern", STIX("{\"type\":\"indicator\"}"), "! 1 damaged\n"},
    {"a moment that is none",
     STIX("{\"type\":\"x\"},{\"type\":\"indicator\",\"pattern\":\"[url:value = 'a']\","
          "\"valid_from\":\"2026\"}"),
     "! 2 time\n"},
    {"an address that is none, in a pattern", STIX(PATTERN("[ipv4-addr:value = '1.2.3']")),
     "! 1 value\n"},
    {"an attribute without value", MISP("{\"type\":\"url\",\"to_ids\":true}"), "! 1 damaged\n"},
    {"an attribute that is mail", MISP(ATTRIBUTE("email-src", "a@b.example")), "! 1 person\n"},
    {"an attribute nobody sees", MISP(ATTRIBUTE("mutex", "x")), "! 1 kind\n"},
    {"an indicator with a bad escape", STIX("{\"type\":\"indicator\",\"pattern\":\"\\x\"}"),
     "! 1 damaged\n"},
    {"an attribute that is no UTF-8, before a good one",
     MISP(ATTRIBUTE("url", "\xff") "," ATTRIBUTE("domain", "a.example")),
     "! 1 damaged\ndomain a.example green u\n"},
    {"a URL that holds a bar", MISP(ATTRIBUTE("url", "http://a.example/x|y")),
     "url a.example/x|y green u\n"},
    {"an endpoint without port", MISP(ATTRIBUTE("ip-dst|port", "192.0.2.1")), "! 1 value\n"},
    {"a port that is none", MISP(ATTRIBUTE("ip-dst|port", "192.0.2.1|0")), "! 1 value\n"},
};

static void what_is_wrong_is_told_with_its_line_and_rule(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct told t;

        assert_good(read_as(IMPORT_UNKNOWN, bytes_text(wrong[i].text), SIZE_MAX / 2, &t));
        if (strcmp(buf_str(&t.text), wrong[i].told) != 0)
            fail_msg("%s: %s", wrong[i].what, buf_str(&t.text));
        buf_done(&t.text);
    }
}

#define FORTY "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["

static const struct {
    const char *what, *text;
    enum import_format format;
    enum fault_kind kind;
} refusals[] = {
    {"JSON that is neither", "{\"a\":1}", IMPORT_UNKNOWN, FAULT_UNKNOWN},
    {"a bundle where an event is promised", STIX(""), IMPORT_MISP, FAULT_UNKNOWN},
    {"an event where a bundle is promised", MISP(""), IMPORT_STIX, FAULT_UNKNOWN},
    {"a list where a bundle is promised", "192.0.2.1\n", IMPORT_STIX, FAULT_SYNTAX},
    {"two bundles", STIX("") STIX(""), IMPORT_UNKNOWN, FAULT_EXTRA},
    {"a bundle that is closed as a list", "{\"objects\":[]]", IMPORT_UNKNOWN, FAULT_SYNTAX},
    {"a bundle within too many lists", FORTY FORTY, IMPORT_MISP, FAULT_LIMIT},
};

static void json_of_another_kind_tells_nothing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct told t;

        assert_fault(read_as(refusals[i].format, bytes_text(refusals[i].text), 7, &t),
                     refusals[i].kind);
        assert_int_equal(t.text.len, 0);
    }
}

/* Of lines, every piece is as good as the whole; JSON is believed whole or not at all. */
static void every_prefix_in_any_pieces_says_the_same(void **unused)
{
    const char *const texts[] = {list, csv, zeek, stix, misp};

    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t n = 0; n <= strlen(texts[i]); n++) {
            struct bytes prefix = bytes_of(texts[i], n);
            struct told whole, pieces;
            struct fault f = read_as(IMPORT_UNKNOWN, prefix, SIZE_MAX / 2, &whole);
            struct fault g = read_as(IMPORT_UNKNOWN, prefix, n % 5 + 1, &pieces);

            assert_int_equal(f.kind, g.kind);
            assert_string_equal(buf_str(&whole.text), buf_str(&pieces.text));
            if (i >= 3 && n > 0 && n < strlen(texts[i])) {
                assert_int_equal(f.kind, FAULT_SHORT);
                assert_int_equal(whole.text.len, 0);
            }
            buf_done(&whole.text);
            buf_done(&pieces.text);
        }
}

static void a_line_beyond_the_limit_is_counted_and_passed_over(void **unused)
{
    struct buf text = {0};
    struct told t;

    (void)unused;
    buf_text(&text, "192.0.2.1\n");
    for (size_t i = 0; i <= IMPORT_LINE; i++)
        buf_byte(&text, 'a');
    buf_text(&text, "\n192.0.2.2\n");
    assert_good(read_as(IMPORT_UNKNOWN, buf_view(&text), 4096, &t));
    assert_string_equal(buf_str(&t.text), "ipv4 192.0.2.1\n! 2 too-long\nipv4 192.0.2.2\n");
    buf_done(&t.text);
    buf_done(&text);
}

/* MISP writes an event's tags behind its attributes, and a bundle may hold its markings last. */
static void what_stands_behind_the_indicators_marks_them_too(void **unused)
{
    (void)unused;
    expect("{\"response\":[{\"Event\":{\"Attribute\":[" ATTRIBUTE(
               "domain", "a.example") "],\"Tag\":[{\"name\":\"tlp:amber\"}]}},"
                                      "{\"Event\":{\"Attribute\":[" ATTRIBUTE(
                                          "domain", "b.example") "],"
                                                                 "\"Tag\":[{\"name\":\"PAP:"
                                                                 "GREEN\"}]}}]}",
           "domain a.example amber u\ndomain b.example pap:green u\n");
    expect(STIX("{\"type\":\"indicator\",\"id\":\"indicator--1\","
                "\"pattern\":\"[domain-name:value = 'a.example']\","
                "\"object_marking_refs\":[\"marking-definition--1\"]},"
                "{\"type\":\"marking-definition\",\"id\":\"marking-definition--1\","
                "\"definition\":{\"tlp\":\"green\"}}"),
           "domain a.example green exact indicator--1\n");
}

static void an_object_beyond_the_limit_is_counted_and_passed_over(void **unused)
{
    struct buf text = {0};
    struct told t;

    (void)unused;
    buf_text(&text, "{\"objects\":[{\"type\":\"indicator\",\"name\":\"");
    for (size_t i = 0; i <= IMPORT_ITEM; i++)
        buf_byte(&text, 'a');
    buf_text(&text, "\"}," PATTERN("[domain-name:value = 'a.example']") "]}");
    assert_good(read_as(IMPORT_UNKNOWN, buf_view(&text), 4096, &t));
    assert_string_equal(buf_str(&t.text), "! 1 too-long\ndomain a.example exact indicator--1\n");
    buf_done(&t.text);
    buf_done(&text);
}

/* What is read beside a stream must not hold it up: a step tells of no more than its bytes. */
static void a_bundle_is_told_in_steps(void **unused)
{
    enum { INDICATORS = 40000 };
    static const char one[] = PATTERN("[domain-name:value = 'a.example']") ",";
    struct told t = {0};
    const struct import_sink sink = {entry, pattern, refused, NULL, &t};
    struct import in;
    struct fault f;
    size_t steps = 0, before = 0, most = 0;
    bool more = true;

    (void)unused;
    import_init(&in, IMPORT_UNKNOWN, indicator_about_none(), sink);
    import_feed(&in, bytes_text("{\"objects\":["));
    for (size_t i = 0; i < INDICATORS; i++)
        import_feed(&in, bytes_text(one));
    import_feed(&in, bytes_text("0]}"));
    for (; more; steps++) {
        more = import_end_step(&in, &f);
        most = t.entries - before > most ? t.entries - before : most;
        before = t.entries;
    }
    assert_good(f);
    assert_int_equal(t.entries, INDICATORS);
    assert_true(most <= IMPORT_STEP / (sizeof one - 1) + 1);
    assert_true(steps >= 2 * INDICATORS * (sizeof one - 1) / IMPORT_STEP);
    import_done(&in);
    buf_done(&t.text);
}

/* More is not held: what came is refused as a whole. */
static void json_beyond_the_limit_is_refused(void **unused)
{
    enum { PIECE = 1 << 20 };
    struct buf piece = {0};
    struct told t = {0};
    const struct import_sink sink = {entry, pattern, refused, NULL, &t};
    struct import in;

    (void)unused;
    buf_need(&piece, PIECE);
    memset(piece.data, 'a', PIECE);
    piece.len = PIECE;
    import_init(&in, IMPORT_UNKNOWN, indicator_about_none(), sink);
    import_feed(&in, bytes_text("{\"objects\":[],\"x\":\""));
    for (size_t i = 0; i < IMPORT_JSON / PIECE; i++)
        import_feed(&in, buf_view(&piece));
    assert_fault(import_end(&in), FAULT_LIMIT);
    import_done(&in);
    buf_done(&piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_list_has_a_value_a_line),
        cmocka_unit_test(csv_goes_by_its_header),
        cmocka_unit_test(a_header_may_stand_in_a_comment),
        cmocka_unit_test(a_zeek_intel_file_names_its_columns),
        cmocka_unit_test(a_bundle_gives_values_where_it_can_and_patterns_else),
        cmocka_unit_test(misp_attributes_count_where_they_are_for_detection),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line_and_rule),
        cmocka_unit_test(json_of_another_kind_tells_nothing),
        cmocka_unit_test(every_prefix_in_any_pieces_says_the_same),
        cmocka_unit_test(a_line_beyond_the_limit_is_counted_and_passed_over),
        cmocka_unit_test(what_stands_behind_the_indicators_marks_them_too),
        cmocka_unit_test(an_object_beyond_the_limit_is_counted_and_passed_over),
        cmocka_unit_test(a_bundle_is_told_in_steps),
        cmocka_unit_test(json_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

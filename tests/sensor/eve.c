/* sensor/eve.h: the header at the first level only, everything else strictly JSON. */
#include "sensor/eve.h"

#include <stdio.h>
#include <stdlib.h>

#include "sensor/eve_path.h"
#include "sensor/eve_shape.h"
#include "sensor/same.h"
#include "test.h"

#define TIME "\"timestamp\":\"2020-02-22T07:58:04.680792+0000\""
#define ENDS                                                                                       \
    "\"src_ip\":\"198.51.100.7\",\"src_port\":58810,\"dest_ip\":\"192.0.2.1\",\"dest_port\":22,"   \
    "\"proto\":\"TCP\""
#define BODY TIME ",\"event_type\":\"ssh\""
#define GOOD                                                                                       \
    "{" TIME ",\"flow_id\":1670002990946880,\"in_iface\":\"eth0\",\"event_type\":\"ssh\"," ENDS    \
    ",\"ssh\":{\"client\":{\"proto_version\":\"2.0\",\"n\":[1,-2.5e3,true,null,{}]}}}"

static struct addr addr(const char *text)
{
    struct addr a;

    assert_good(addr_parse(bytes_text(text), &a));
    return a;
}

/* All readers must say the same of any bytes. The line stands at the end of its own allocation, so
 * that a read past it is seen. */
static struct fault both(const char *data, size_t len, struct event *out)
{
    static struct eve_memory memories[EVE_PATH_COUNT]; /* with all that came before */
    static struct buf plain_room;
    static uint8_t *own;
    struct event plain = {.has = 0};
    struct fault f;

    free(own); /* texts are borrowed until the next call */
    own = malloc(len == 0 ? 1 : len);
    memcpy(own, data, len);
    f = eve_parse_plain(bytes_of(own, len), &plain_room, &plain);
    for (enum eve_path path = EVE_PATH_C; path < EVE_PATH_COUNT; path++) {
        struct event fast = {.has = 0};
        struct fault g;

        if (!eve_path_is_here(path))
            continue;
        g = eve_parse_by(path, bytes_of(own, len), &memories[path], &fast);
        if (f.kind != g.kind || f.at != g.at || !same_event(&fast, &plain))
            fail_msg("plain and %s differ on %.*s: %s at %zu, %s at %zu", eve_path_name(path),
                     (int)len, data, fault_word(f.kind), f.at, fault_word(g.kind), g.at);
    }
    *out = plain;
    return f;
}

static void a_record_gives_its_header(void **state)
{
    struct event e;

    (void)state;
    assert_good(both(GOOD, strlen(GOOD), &e));
    assert_int_equal(e.time.us, 1582358284680792);
    assert_int_equal(e.service, SERVICE_SSH);
    assert_int_equal(e.transport, TRANSPORT_TCP);
    assert_int_equal(e.flow, 1670002990946880);
    assert_int_equal(addr_compare(e.src, addr("198.51.100.7")), 0);
    assert_int_equal(addr_compare(e.dest, addr("192.0.2.1")), 0);
    assert_int_equal(e.src_port, 58810);
    assert_int_equal(e.dest_port, 22);
    assert_int_equal(e.has, EVENT_HAS_ENDS);
}

static void other_spellings_of_the_same_are_read(void **state)
{
    static const char *const lines[] = {
        "@cee: " GOOD,
        GOOD "\r",
        " { \"event_type\" : \"ssh\" , " ENDS " , \"flow_id\" : 1670002990946880 , " TIME " } ",
        "{\"event_\\u0074ype\":\"ss\\u0068\",\"flow_id\":1670002990946880," ENDS
        ",\"timestamp\":\"2020-02-22T09:58:04.680792999+02:00\"}",
    };
    struct eve_memory memory = {0};
    struct event good, e;

    (void)state;
    assert_good(eve_parse(bytes_text(GOOD), &memory, &good));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (int again = 0; again < 2; again++) {
            assert_good(both(lines[i], strlen(lines[i]), &e));
            assert_true(same_event(&e, &good));
        }
    }
    eve_memory_done(&memory);
}

/* What is found where no member's name is kept is no member: the table of names has empty places.
 */
static void four_nuls_are_no_members_name(void **state)
{
    static const char nuls[] = "{" BODY "," ENDS ",\"\0\0\0\0\":1}";
    char line[400];
    struct event e;

    (void)state;
    assert_fault(both(nuls, sizeof nuls - 1, &e), FAULT_SYNTAX);
    for (int n = 1; n < 256; n++) {
        snprintf(line, sizeof line, "{" BODY "," ENDS ",\"%c%c%c%c\":1}", n, n, n, n);
        (void)both(line, strlen(line), &e).kind;
    }
}

static void a_nested_event_type_is_not_the_records(void **state)
{
    static const char rdp[] = "{" TIME ",\"rdp\":{\"event_type\":\"initial_request\",\"src_ip\":"
                              "\"203.0.113.1\"},\"event_type\":\"rdp\"," ENDS "}";
    static const char alert[] =
        "{" TIME ",\"event_type\":\"alert\"," ENDS ",\"rdp\":{\"event_type\":\"rdp\"},\"ssh\":{}}";
    struct event e;

    (void)state;
    assert_good(both(rdp, sizeof rdp - 1, &e));
    assert_int_equal(e.service, SERVICE_RDP);
    assert_int_equal(addr_compare(e.src, addr("198.51.100.7")), 0);
    assert_good(both(alert, sizeof alert - 1, &e));
    assert_int_equal(e.service, SERVICE_NONE);
}

static void a_record_without_ends_is_an_event(void **state)
{
    static const char stats[] = "{" TIME ",\"event_type\":\"stats\",\"stats\":{\"uptime\":8}}";
    struct event e;

    (void)state;
    assert_good(both(stats, sizeof stats - 1, &e));
    assert_int_equal(e.has, 0);
}

static void damage_is_told_with_its_place(void **state)
{
    static const struct {
        const char *name, *line;
        enum fault_kind kind;
    } wrong[] = {
        {"empty", "", FAULT_SHORT},
        {"no object", "[]", FAULT_SYNTAX},
        {"two objects", "{" BODY "}{" BODY "}", FAULT_EXTRA},
        {"a comma too many", "{" BODY ",}", FAULT_SYNTAX},
        {"no timestamp", "{\"event_type\":\"ssh\"}", FAULT_MISSING},
        {"no event_type", "{" TIME "}", FAULT_MISSING},
        {"event_type twice", "{" BODY ",\"event_type\":\"ssh\"}", FAULT_DUPLICATE},
        {"twice, one escaped", "{" BODY ",\"\\u0065vent_type\":\"ssh\"}", FAULT_DUPLICATE},
        {"tls twice", "{" BODY ",\"tls\":{},\"tls\":{}}", FAULT_DUPLICATE},
        {"a host name twice", "{" BODY ",\"http\":{\"hostname\":\"a\",\"hostname\":\"b\"}}",
         FAULT_DUPLICATE},
        {"src_ip twice", "{" BODY "," ENDS ",\"src_ip\":\"198.51.100.7\"}", FAULT_DUPLICATE},
        {"a month 13", "{\"event_type\":\"a\",\"timestamp\":\"2020-13-22T07:58:04.680792+0000\"}",
         FAULT_RANGE},
        {"no offset", "{\"event_type\":\"a\",\"timestamp\":\"2020-02-22T07:58:04.680792\"}",
         FAULT_SYNTAX},
        {"a second 60", "{\"event_type\":\"a\",\"timestamp\":\"2020-02-22T07:58:60.680792+0000\"}",
         FAULT_RANGE},
        {"no address", "{" BODY ",\"src_ip\":\"198.51.100\"}", FAULT_SYNTAX},
        {"a leading zero", "{" BODY ",\"src_ip\":\"198.051.100.1\"}", FAULT_SYNTAX},
        {"port 65536", "{" BODY ",\"src_port\":65536}", FAULT_RANGE},
        {"a port in quotes", "{" BODY ",\"src_port\":\"22\"}", FAULT_SYNTAX},
        {"a port with fraction", "{" BODY ",\"src_port\":22.5}", FAULT_SYNTAX},
        {"a negative flow", "{" BODY ",\"flow_id\":-1}", FAULT_SYNTAX},
        {"a control character", "{" BODY ",\"a\":\"\t\"}", FAULT_SYNTAX},
        {"a bad escape", "{" BODY ",\"a\":\"\\x\"}", FAULT_SYNTAX},
        {"a short escape", "{" BODY ",\"a\":\"\\u12\"}", FAULT_SYNTAX},
        {"bad UTF-8", "{" BODY ",\"a\":\"\xc0\xaf\"}", FAULT_SYNTAX},
        {"bad UTF-8 far in", "{" BODY ",\"a\":\"0123456789abcdef0123456789abcdef\xff\"}",
         FAULT_SYNTAX},
        {"NaN", "{" BODY ",\"a\":NaN}", FAULT_SYNTAX},
        {"01", "{" BODY ",\"a\":01}", FAULT_SYNTAX},
        {"tru", "{" BODY ",\"a\":tru}", FAULT_SYNTAX},
        {"crossed brackets", "{" BODY ",\"a\":[{]}}", FAULT_SYNTAX},
    };
    struct event e;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = both(wrong[i].line, strlen(wrong[i].line), &e);

        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
    }
}

static void too_many_levels_are_refused(void **state)
{
    char line[400] = "{" BODY ",\"a\":";
    size_t n = strlen(line);
    struct event e;

    (void)state;
    for (int levels = EVE_DEPTH - 1; levels <= EVE_DEPTH; levels++) {
        memset(line + n, '[', (size_t)levels);
        memset(line + n + levels, ']', (size_t)levels);
        line[n + 2 * (size_t)levels] = '}';
        if (levels < EVE_DEPTH)
            assert_good(both(line, n + 2 * (size_t)levels + 1, &e));
        else
            assert_fault(both(line, n + 2 * (size_t)levels + 1, &e), FAULT_LIMIT);
    }
}

static void every_prefix_of_a_record_is_damage(void **state)
{
    struct event e;

    (void)state;
    for (size_t n = 0; n < strlen(GOOD); n++)
        assert_true(fault_is(both(GOOD, n, &e)));
}

static void both_readers_agree_on_every_changed_byte(void **state)
{
    static const uint8_t bytes[] = {'"', '\\', '{', '}', '[', ']', ',', ':', '0', 'x', 0x1f, 0xe2};
    char line[] = GOOD;
    struct event e;

    (void)state;
    for (size_t i = 0; i < sizeof line - 1; i++) {
        char kept = line[i];

        for (size_t k = 0; k < sizeof bytes; k++) {
            line[i] = (char)bytes[k];
            (void)both(line, sizeof line - 1, &e).kind;
        }
        line[i] = kept;
    }
}

/* One byte more, at every place: also a NUL, with which words of eight bytes are filled up. */
static void both_readers_agree_on_every_byte_too_many(void **state)
{
    static const char bytes[] = {0, '"', ' ', 'x', '0', ','};
    char line[sizeof GOOD];
    struct event e;

    (void)state;
    for (size_t i = 0; i < sizeof GOOD; i++)
        for (size_t k = 0; k < sizeof bytes; k++) {
            memcpy(line, GOOD, i);
            line[i] = bytes[k];
            memcpy(line + i + 1, &(GOOD)[i], sizeof GOOD - 1 - i);
            (void)both(line, sizeof line, &e).kind;
        }
}

/* What stands where, and what does not count because it stands elsewhere. */
static void nested_members_become_the_events_texts(void **state)
{
    static const struct {
        const char *body;
        enum event_text text;
        const char *value; /* NULL: none */
    } cases[] = {
        {"\"http\":{\"hostname\":\"a.example\",\"url\":\"\\/x\"}", EVENT_TEXT_HOST, "a.example"},
        {"\"http\":{\"hostname\":\"a.example\",\"url\":\"\\/x\"}", EVENT_TEXT_URL, "/x"},
        {"\"http\" : { \"http_user_agent\" : \"Mozilla\" }", EVENT_TEXT_AGENT, "Mozilla"},
        {"\"dns\":{\"type\":\"query\",\"rrname\":\"b.example\"}", EVENT_TEXT_NAME, "b.example"},
        {"\"dns\":{\"queries\":[{\"rrname\":\"c.example\"},{\"rrname\":\"d.example\"}]}",
         EVENT_TEXT_NAME, "c.example"},
        {"\"dns\":{\"answers\":[{\"rrname\":\"e.example\"}]}", EVENT_TEXT_NAME, NULL},
        {"\"tls\":{\"sni\":\"\\u00fc.example\"}", EVENT_TEXT_SNI, "\xc3\xbc.example"},
        {"\"tls\":{\"ja3\":{\"hash\":\"00ff\"}}", EVENT_TEXT_JA3, "00ff"},
        {"\"tls\":{\"ja3s\":{\"hash\":\"00ff\"}}", EVENT_TEXT_JA3, NULL},
        {"\"fileinfo\":{\"sha256\":\"aa\",\"md5\":\"bb\"}", EVENT_TEXT_SHA256, "aa"},
        {"\"fileinfo\":{\"sha256\":\"aa\",\"md5\":\"bb\"}", EVENT_TEXT_MD5, "bb"},
        {"\"alert\":{\"signature\":\"ET \\ud83d\\ude00\"}", EVENT_TEXT_SIGNATURE,
         "ET \xf0\x9f\x98\x80"},
        {"\"alert\":{\"signature\":\"\\ud83d\"}", EVENT_TEXT_SIGNATURE, "\xef\xbf\xbd"},
        {"\"other\":{\"http\":{\"hostname\":\"no\"},\"hostname\":\"no\"}", EVENT_TEXT_HOST, NULL},
        {"\"http\":{\"request\":{\"hostname\":\"no\"}}", EVENT_TEXT_HOST, NULL},
        {"\"http\":[{\"hostname\":\"no\"}]", EVENT_TEXT_HOST, NULL},
        {"\"http\":{\"url\":\"\\\"hostname\\\":\\\"no\\\"\"}", EVENT_TEXT_HOST, NULL},
        {"\"hostname\":\"no\"", EVENT_TEXT_HOST, NULL},
        {"\"http\":{\"hostname\":7}", EVENT_TEXT_HOST, NULL},
    };
    struct event e;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[400];
        struct bytes got;

        snprintf(line, sizeof line, "{%s,%s}", BODY, cases[i].body);
        assert_good(both(line, strlen(line), &e));
        assert_good(both(line, strlen(line), &e)); /* by its shape */
        got = e.text[cases[i].text];
        if (cases[i].value == NULL ? got.data != NULL : !bytes_is(got, cases[i].value))
            fail_msg("%s: %.*s", cases[i].body, (int)got.len, (const char *)got.data);
    }
}

static void an_alert_gives_its_id_and_severity(void **state)
{
    static const char line[] = "{" BODY ",\"alert\":{\"gid\":1,\"signature_id\":2210037,\"rev\":2,"
                               "\"severity\":3},\"flow\":{\"severity\":1}}";
    static const char odd[] = "{" BODY ",\"alert\":{\"signature_id\":1.5,\"severity\":4294967296}}";
    struct event e;

    (void)state;
    assert_good(both(line, sizeof line - 1, &e));
    assert_int_equal(e.alert, 2210037);
    assert_int_equal(e.severity, 3);
    assert_good(both(odd, sizeof odd - 1, &e));
    assert_int_equal(e.alert, 0);
    assert_int_equal(e.severity, 0);
}

/* Suricata 7 names in alerts the flow's own source; it is no end of the record, and only its own
 * place counts. */
static void a_flows_source_is_read_beside_the_records_ends(void **state)
{
    static const struct {
        const char *more, *began;
    } cases[] = {
        {"\"flow\":{\"pkts_toserver\":3,\"src_ip\":\"203.0.113.9\",\"dest_ip\":\"192.0.2.1\"}",
         "203.0.113.9"},
        {"\"flow\":{\"src_ip\":\"203.0.113.\\u0039\"}", "203.0.113.9"},
        {"\"flow\":{\"src_ip\":\"a name\"}", "a name"},
        {"\"flow\":{\"src_ip\":7}", ""},
        {"\"flow\":7", ""},
        {"\"flow\":[{\"src_ip\":\"203.0.113.9\"}]", ""},
        {"\"flow\":{\"x\":{\"src_ip\":\"203.0.113.9\"}}", ""},
        {"\"netflow\":{\"src_ip\":\"203.0.113.9\"}", ""},
        {"\"alert\":{\"flow\":{\"src_ip\":\"203.0.113.9\"}}", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int twice = 0; twice < 2; twice++) { /* the second time by its shape */
            char line[400];
            struct event e;

            snprintf(line, sizeof line, "{" BODY "," ENDS ",%s}", cases[i].more);
            assert_good(both(line, strlen(line), &e));
            assert_true(bytes_is(e.text[EVENT_TEXT_BEGAN], cases[i].began));
            assert_int_equal(addr_compare(e.src, addr("198.51.100.7")), 0);
        }
}

/* Each thing at each place of the steps of 64 bytes. */
static void a_record_reads_the_same_wherever_it_lies(void **state)
{
    char line[1200], pad[300];
    struct event e;

    (void)state;
    memset(pad, 'x', sizeof pad);
    for (int n = 0; n < 270; n++) {
        snprintf(line, sizeof line,
                 "{" BODY ",\"pad\":\"%.*s\",\"n\":[-1.5e3,0,true,{\"a\":[]},\"\\\\\\\"\"],"
                 "\"http\":{\"m\":{},\"hostname\":\"a\\/b\"},\"tls\":{\"sni\":\"c\"}," ENDS "}",
                 n, pad);
        assert_good(both(line, strlen(line), &e));
        assert_true(bytes_is(e.text[EVENT_TEXT_HOST], "a/b"));
        assert_true(bytes_is(e.text[EVENT_TEXT_SNI], "c"));
        assert_int_equal(e.has, EVENT_HAS_ENDS);
    }
}

/* How the best path came to believe a line. */
static enum eve_ground ground_of(struct eve_memory *memory, const char *line)
{
    struct event e;

    if (memory->shapes == NULL)
        memory->shapes = eve_shapes_new();
    return eve_scan_c(bytes_text(line), memory, &e);
}

static const char *const taught[] = {
    GOOD,
    "{" BODY "," ENDS ",\"alert\":{\"gid\":1,\"signature_id\":2210037,\"severity\":3,\"signature\":"
    "\"ET a\",\"metadata\":{\"created_at\":[\"2010_07_30\"]}},\"stream\":0,\"payload\":\"a\\r\"}",
    "{" TIME ",\"event_type\":\"dns\"," ENDS ",\"dns\":{\"queries\":[{\"rrname\":\"c.example\"},"
    "{\"rrname\":\"d.example\",\"x\":-1.5e3}],\"rd\":true,\"answers\":[]}}",
    "{\"proto\":\"UDP\", \"dest_port\": 53,\"http\":{\"hostname\":\"a\\/b\",\"url\":7,"
    "\"a key that is longer than any step of thirty-two bytes\":{\"and goes on inside\":null}}, "
    "\"event_type\":\"http\", " TIME ",\"flow_id\":1,\"src_ip\":\"2001:db8::1\"}",
};

static void a_line_of_a_known_shape_goes_by_it(void **state)
{
    static const char first[] = "{" BODY "," ENDS ",\"tls\":{\"sni\":\"a.example\",\"n\":1}}";
    static const char same[] =
        "{" BODY "," ENDS ",\"tls\":{\"sni\":\"b\\/\xc3\xbc\",\"n\":-1.5e9}}";
    static const char other[] = "{" BODY "," ENDS ",\"tls\":{\"sni\":1,\"n\":1}}";
    struct eve_memory memory = {0};

    (void)state;
    assert_int_equal(ground_of(&memory, first), EVE_GROUND_GRAMMAR);
    eve_shapes_learn(memory.shapes, bytes_text(first));
    assert_int_equal(ground_of(&memory, first), EVE_GROUND_SHAPE);
    assert_int_equal(ground_of(&memory, same), EVE_GROUND_SHAPE);
    assert_int_equal(ground_of(&memory, other), EVE_GROUND_GRAMMAR);
    eve_memory_done(&memory);
}

/* What was believed once must not make us believe what is not so. */
static void readers_agree_on_every_change_of_a_known_line(void **state)
{
    static const uint8_t bytes[] = {'"', '\\', '{', '}', '[',  ']',  ',', ':',
                                    '0', 'x',  ' ', '.', 0x1f, 0xe2, '-', 'u'};
    struct eve_memory memory = {0};
    char line[600];
    struct event e;

    (void)state;
    for (size_t t = 0; t < sizeof taught / sizeof taught[0]; t++) {
        size_t len = strlen(taught[t]);

        assert_good(both(taught[t], len, &e));
        assert_int_equal(ground_of(&memory, taught[t]), EVE_GROUND_GRAMMAR);
        eve_shapes_learn(memory.shapes, bytes_text(taught[t]));
        assert_int_equal(ground_of(&memory, taught[t]), EVE_GROUND_SHAPE);
        assert_good(both(taught[t], len, &e)); /* now by its shape */
        for (size_t i = 0; i < len; i++) {
            memcpy(line, taught[t], len);
            for (size_t k = 0; k < sizeof bytes; k++) {
                line[i] = (char)bytes[k];
                (void)both(line, len, &e).kind;
            }
            memmove(line + i, taught[t] + i + 1, len - i - 1); /* without it */
            (void)both(line, len - 1, &e).kind;
            line[i] = taught[t][i]; /* twice */
            memcpy(line + i + 1, taught[t] + i, len - i);
            (void)both(line, len + 1, &e).kind;
        }
    }
    eve_memory_done(&memory);
}

/* Members of one line behind those of another: what was seen twice is still found. */
static void readers_agree_on_known_members_in_any_company(void **state)
{
    enum { KNOWN = sizeof taught / sizeof taught[0] };
    char line[1200];
    struct event e;

    (void)state;
    for (size_t a = 0; a < KNOWN; a++)
        for (size_t b = 0; b < KNOWN; b++) {
            size_t len = strlen(taught[a]);

            for (const char *comma = strchr(taught[b], ','); comma != NULL;
                 comma = strchr(comma + 1, ',')) {
                snprintf(line, sizeof line, "%.*s%s", (int)len - 1, taught[a], comma);
                (void)both(line, strlen(line), &e).kind;
            }
        }
}

/* More shapes than there is room for, and lines that never come again. */
static void what_is_learned_is_bounded(void **state)
{
    struct eve_memory memory = {0};
    struct event e;
    char line[600];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(line, sizeof line,
                 "{" BODY "," ENDS ",\"k%u\":{\"a%u\":[1,\"x\",{\"b%u\":true}],\"c\":\"%u\"}}", i,
                 i, i % 7, i);
        for (int again = i % 3 == 0; again >= 0; again--)
            assert_good(eve_parse(bytes_text(line), &memory, &e));
        assert_true(memory.shapes->count <= EVE_STEPS);
        assert_int_equal(e.has, EVENT_HAS_ENDS);
    }
    assert_int_equal(memory.shapes->credit, 0);
    eve_memory_done(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_gives_its_header),
        cmocka_unit_test(other_spellings_of_the_same_are_read),
        cmocka_unit_test(four_nuls_are_no_members_name),
        cmocka_unit_test(a_nested_event_type_is_not_the_records),
        cmocka_unit_test(a_record_without_ends_is_an_event),
        cmocka_unit_test(damage_is_told_with_its_place),
        cmocka_unit_test(too_many_levels_are_refused),
        cmocka_unit_test(every_prefix_of_a_record_is_damage),
        cmocka_unit_test(nested_members_become_the_events_texts),
        cmocka_unit_test(an_alert_gives_its_id_and_severity),
        cmocka_unit_test(a_flows_source_is_read_beside_the_records_ends),
        cmocka_unit_test(a_record_reads_the_same_wherever_it_lies),
        cmocka_unit_test(both_readers_agree_on_every_changed_byte),
        cmocka_unit_test(both_readers_agree_on_every_byte_too_many),
        cmocka_unit_test(a_line_of_a_known_shape_goes_by_it),
        cmocka_unit_test(readers_agree_on_every_change_of_a_known_line),
        cmocka_unit_test(readers_agree_on_known_members_in_any_company),
        cmocka_unit_test(what_is_learned_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

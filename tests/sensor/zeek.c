/* sensor/zeek.h: JSON and TSV of the same record give the same event; damage is told. */
#include "sensor/zeek.h"

#include "base/buf.h"
#include "test.h"

struct got {
    struct event e;
    size_t events, notes;
};

static void take(void *context, struct event *e, struct bytes raw, size_t at)
{
    struct got *g = context;

    (void)raw;
    assert_int_equal(at, 0);
    g->e = *e;
    g->events++;
}

static void note(void *context, const char *rule, uint64_t n)
{
    struct got *g = context;

    (void)rule;
    g->notes += n;
}

/* The line stands at the end of its own allocation, so that a read past it is seen. */
static struct fault give(struct reader *r, const char *data, size_t len, struct got *g)
{
    struct buf room = {0}; /* nothing that is text is packed */
    const struct reader_sink sink = {take, note, g, &room};
    uint8_t *own = malloc(len == 0 ? 1 : len);
    struct fault f;

    memcpy(own, data, len);
    f = reader_frame(r, bytes_of(own, len), &sink);
    free(own);
    return f;
}

static struct fault line(struct reader *r, const char *text, struct got *g)
{
    return give(r, text, strlen(text), g);
}

static void lines_of(struct reader *r, const char *text, struct got *g)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        assert_good(give(r, text, n, g));
        text += n + (text[n] == '\n');
    }
}

#define HEAD(path, fields)                                                                         \
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t" path    \
    "\n#open\t2026-01-01-00-00-00\n#fields\t" fields "\n#types\twhatever\n"
#define CONN                                                                                       \
    HEAD("conn", "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t" \
                 "orig_bytes\tresp_bytes\tconn_state\thistory\torig_pkts\tresp_pkts")
#define CONN_ROW                                                                                   \
    "1767312000.250000\tCabc\t198.51.100.7\t58810\t192.0.2.1\t22\ttcp\tssh\t1.500000\t601\t900\t"  \
    "SF\tShADadFf\t12\t10"
#define CONN_JSON                                                                                  \
    "{\"_path\":\"conn\",\"ts\":1767312000.25,\"uid\":\"Cabc\",\"id.orig_h\":\"198.51.100.7\","    \
    "\"id.orig_p\":58810,\"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":22,\"proto\":\"tcp\","          \
    "\"service\":\"ssh\",\"duration\":1.5,\"orig_bytes\":601,\"resp_bytes\":900,"                  \
    "\"conn_state\":\"SF\",\"history\":\"ShADadFf\",\"orig_pkts\":12,\"resp_pkts\":10}"

static void expect_conn(const struct event *e)
{
    assert_int_equal(e->time.us, 1767312001750000); /* the end of the connection */
    assert_int_equal(e->service, SERVICE_SSH);
    assert_int_equal(e->transport, TRANSPORT_TCP);
    assert_int_equal(e->family, FAMILY_ZEEK);
    assert_int_equal(addr_v4(e->src), 0xc6336407);
    assert_int_equal(addr_v4(e->dest), 0xc0000201);
    assert_int_equal(e->src_port, 58810);
    assert_int_equal(e->dest_port, 22);
    assert_int_equal(e->has, EVENT_HAS_ENDS);
    assert_true(e->contact.is && e->contact.both);
    assert_int_equal(e->contact.state, CONN_ESTABLISHED);
    assert_int_equal(e->contact.saw,
                     CONN_SAW_SYN | CONN_SAW_SYN_ACK | CONN_SAW_ACK | CONN_SAW_ANSWER);
    assert_int_equal(e->contact.packets, 12);
    assert_int_equal(e->contact.back_bytes, 900);
}

static void json_and_tsv_of_a_connection_are_the_same_event(void **state)
{
    static const char *const json[] = {
        CONN_JSON,
        "{\"@stream\":\"conn\",\"ts\":\"2026-01-02T00:00:00.250000Z\",\"uid\":\"Cabc\","
        "\"id_orig_h\":\"198.51.100.7\",\"id_orig_p\":58810,\"id_resp_h\":\"192.0.2.1\","
        "\"id_resp_p\":22,\"proto\":\"tcp\",\"service\":\"gssapi,ssh\",\"duration\":1.5,"
        "\"orig_bytes\":601,\"resp_bytes\":900,\"conn_state\":\"SF\",\"history\":\"ShADadFf\","
        "\"orig_pkts\":12,\"resp_pkts\":10,\"tunnel_parents\":[]}",
        /* no _path: conn_state is conn's alone; milliseconds */
        "{\"ts\":1767312000250,\"uid\":\"Cabc\",\"id.orig_h\":\"198.51.100.7\",\"id.orig_p\":"
        "58810,\"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":22,\"proto\":\"tcp\",\"service\":\"ssh\","
        "\"duration\":1.5,\"orig_bytes\":601,\"resp_bytes\":900,\"conn_state\":\"SF\","
        "\"history\":\"ShADadFf\",\"orig_pkts\":12,\"resp_pkts\":10}\r",
    };
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    uint64_t flow;

    (void)state;
    lines_of(r, CONN CONN_ROW, &g);
    assert_int_equal(g.events, 1);
    expect_conn(&g.e);
    flow = g.e.flow;
    reader_free(r);
    for (size_t i = 0; i < sizeof json / sizeof json[0]; i++) {
        r = reader_new(NULL);
        assert_good(line(r, json[i], &g));
        expect_conn(&g.e);
        assert_int_equal(g.e.flow, flow);
        reader_free(r);
    }
}

static void an_application_log_is_known_by_its_path_or_its_own_member(void **state)
{
#define ENDS                                                                                       \
    "\"id.orig_h\":\"198.51.100.7\",\"id.orig_p\":9,\"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":8"
    static const struct {
        const char *line;
        enum service service;
    } cases[] = {
        {"{\"_path\":\"ssh\",\"ts\":1767312000.0," ENDS "}", SERVICE_SSH},
        {"{\"ts\":1767312000.0," ENDS ",\"server\":\"SSH-2.0-OpenSSH_5.2\"}", SERVICE_SSH},
        {"{\"ts\":1767312000.0," ENDS ",\"auth_attempts\":2}", SERVICE_SSH},
        {"{\"ts\":1767312000.0," ENDS ",\"cookie\":\"a\"}", SERVICE_RDP},
        {"{\"ts\":1767312000.0," ENDS ",\"request_body_len\":0}", SERVICE_HTTP},
        {"{\"ts\":1767312000.0," ENDS ",\"resumed\":false}", SERVICE_TLS},
        {"{\"ts\":1767312000.0," ENDS ",\"call_id\":\"x\"}", SERVICE_SIP},
        {"{\"ts\":1767312000.0," ENDS ",\"share_type\":\"PIPE\"}", SERVICE_SMB},
        {"{\"_path\":\"dns\",\"ts\":1767312000.0," ENDS ",\"cookie\":\"a\"}", SERVICE_NONE},
        {"{\"ts\":1767312000.0," ENDS ",\"x\":{\"_path\":\"ssh\",\"cookie\":1}}", SERVICE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader *r = reader_new(NULL);
        struct got g = {.events = 0};

        assert_good(line(r, cases[i].line, &g));
        if (g.events != 1 || g.e.service != cases[i].service || g.e.contact.is)
            fail_msg("%s: %s", cases[i].line, service_name(g.e.service));
        reader_free(r);
    }
}

static void a_connection_does_not_count_beside_its_application_log(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};

    (void)state;
    assert_good(line(r, CONN_JSON, &g));
    assert_int_equal(g.e.service, SERVICE_SSH);
    assert_good(line(r, "{\"_path\":\"ssh\",\"ts\":1767312000.0," ENDS "}", &g));
    assert_good(line(r, CONN_JSON, &g));
    assert_int_equal(g.e.service, SERVICE_NONE); /* its twin came */
    reader_free(r);
}

static void indicators_find_their_texts_without_escapes(void **state)
{
    static const char json[] =
        "{\"_path\":\"http\",\"ts\":1767312000.0,\"host\":\"a.example\","
        "\"uri\":\"/\\u00e9\\ud83d\\ude00\\\"x\\/\\ud800\",\"user_agent\":7}";
    static const char tsv[] = "1767312000.0\ta\\x09b.example";
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    struct buf room = {0};
    const struct reader_sink mine = {take, note, &g, &room};

    (void)state;
    assert_good(reader_frame(r, bytes_text(json), &mine));
    assert_true(bytes_is(g.e.text[EVENT_TEXT_TYPE], "http"));
    assert_true(bytes_is(g.e.text[EVENT_TEXT_HOST], "a.example"));
    assert_true(bytes_is(g.e.text[EVENT_TEXT_URL], "/\xc3\xa9\xf0\x9f\x98\x80\"x/\xef\xbf\xbd"));
    assert_int_equal(g.e.text[EVENT_TEXT_AGENT].len, 0);
    lines_of(r, HEAD("dns", "ts\tquery"), &g);
    assert_good(reader_frame(r, bytes_text(tsv), &mine));
    assert_true(bytes_is(g.e.text[EVENT_TEXT_NAME], "a\tb.example"));
    assert_true(bytes_is(g.e.text[EVENT_TEXT_TYPE], "dns"));
    reader_free(r);
}

static void a_header_may_change_in_the_middle(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};

    (void)state;
    lines_of(r,
             CONN CONN_ROW "\n#close\t2026-01-01-01-00-00\n" HEAD(
                 "ssh",
                 "id.resp_h\tid.resp_p\tid.orig_h\t"
                 "id.orig_p\tts") "192.0.2.9\t22\t198.51.100.9\t1000\t1767312009.000000\n"
                                  "#fields\tts\tid.orig_h\n1767312010.000000\t198.51.100.10\n",
             &g);
    assert_int_equal(g.events, 3);
    assert_int_equal(g.e.has, EVENT_HAS_SRC);
    assert_int_equal(addr_v4(g.e.src), 0xc633640a);
    reader_free(r);
}

static void unset_and_empty_fields_are_none(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};

    (void)state;
    lines_of(r,
             CONN "1767312000.250000\t-\t-\t-\t192.0.2.1\t22\ttcp\t(empty)\t-\t-\t-\t-\t-\t-\t-\n",
             &g);
    assert_int_equal(g.e.time.us, 1767312000250000);
    assert_int_equal(g.e.has, EVENT_HAS_DEST | EVENT_HAS_DEST_PORT);
    assert_int_equal(g.e.flow, 0);
    /* Another word for it, another separator. */
    lines_of(r,
             "#separator \\x7C\n#unset_field|?\n#path|ssh\n#fields|ts|id.orig_h|id.orig_p\n"
             "1767312000.000000|?|7\n",
             &g);
    assert_int_equal(g.e.has, EVENT_HAS_SRC_PORT);
    lines_of(r, HEAD("http", "ts\tuid"), &g); /* an empty log */
    assert_int_equal(g.events, 2);
    reader_free(r);
}

static void a_record_without_a_time_is_no_event_and_noted(void **state)
{
    struct reader *r = reader_new(&zeek_format);
    struct got g = {.events = 0};

    (void)state;
    assert_good(line(r, "{\"name\":\"/usr/share/zeek/base/init-bare.zeek\"}", &g));
    assert_int_equal(g.events, 0);
    assert_int_equal(g.notes, 1);
    reader_free(r);
}

static void damage_is_told_with_its_place(void **state)
{
    static const struct {
        const char *name, *before, *line;
        enum fault_kind kind;
    } wrong[] = {
        {"a row before any header", "", "1767312000.0\tC", FAULT_MISSING},
        {"a header before #separator", "", "#fields\tts", FAULT_MISSING},
        {"a separator of two bytes", "", "#separator \\x09\\x09", FAULT_SYNTAX},
        {"a separator that is no hex", "", "#separator \\xzz", FAULT_SYNTAX},
        {"a newline as separator", "", "#separator \\x0a", FAULT_SYNTAX},
        {"ts twice", "#separator \\x09\n", "#fields\tts\tts", FAULT_DUPLICATE},
        {"a long unset word", "#separator \\x09\n",
         "#unset_field\t0123456789012345678901234567890123456789", FAULT_LIMIT},
        {"half a row", CONN, "1767312000.250000\tCabc\t198.51", FAULT_SHORT},
        {"two rows in one", CONN, CONN_ROW "\t" CONN_ROW, FAULT_EXTRA},
        {"a bad address", CONN,
         "1767312000.2\tC\t198.51.100.777\t1\t192.0.2.1\t22\ttcp\t-\t-\t-\t-\t-\t-\t-\t-",
         FAULT_SYNTAX},
        {"port 65536", CONN,
         "1767312000.2\tC\t198.51.100.7\t65536\t192.0.2.1\t22\ttcp\t-\t-\t-\t-\t-\t-\t-\t-",
         FAULT_RANGE},
        {"no time", CONN, "soon\tC\t198.51.100.7\t6\t192.0.2.1\t22\ttcp\t-\t-\t-\t-\t-\t-\t-\t-",
         FAULT_SYNTAX},
        {"the year 10000", CONN,
         "9999999999999.5\tC\t198.51.100.7\t6\t192.0.2.1\t22\ttcp\t-\t-\t-\t-\t-\t-\t-\t-",
         FAULT_RANGE},
        {"bad UTF-8", CONN,
         "1767312000.2\tC\xff\t198.51.100.7\t6\t192.0.2.1\t22\ttcp\t-\t-\t-\t-\t-\t-\t-\t-",
         FAULT_SYNTAX},
        {"half a JSON line", "", "{\"ts\":1767312000.0,\"uid\":\"C", FAULT_SHORT},
        {"ts twice in JSON", "", "{\"ts\":1767312000.0,\"ts\":1767312000.0}", FAULT_DUPLICATE},
        {"a JSON comma", "", "{\"ts\":1767312000.0,}", FAULT_SYNTAX},
        {"more behind it", "", "{\"ts\":1767312000.0}x", FAULT_EXTRA},
        {"a time that is an object", "", "{\"ts\":{}}", FAULT_SYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct reader *r = reader_new(&zeek_format);
        struct got g = {.events = 0};
        struct fault f;

        lines_of(r, wrong[i].before, &g);
        f = line(r, wrong[i].line, &g);
        if (f.kind != wrong[i].kind || g.events != 0)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
        reader_free(r);
    }
}

static void a_row_of_nuls_is_damage_and_the_next_is_read(void **state)
{
    static const char nuls[600];
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};

    (void)state;
    lines_of(r, CONN, &g);
    assert_fault(give(r, nuls, sizeof nuls, &g), FAULT_SYNTAX);
    assert_good(line(r, CONN_ROW, &g));
    assert_int_equal(g.events, 1);
    reader_free(r);
}

static void every_prefix_of_a_record_is_damage(void **state)
{
    struct got g = {.events = 0};
    struct reader *r = reader_new(&zeek_format);

    (void)state;
    for (size_t n = 1; n < strlen(CONN_JSON); n++)
        assert_true(fault_is(give(r, CONN_JSON, n, &g)));
    lines_of(r, CONN, &g);
    for (size_t n = 1; n < strlen(CONN_ROW); n++)
        if (memchr(&CONN_ROW[n], '\t', strlen(CONN_ROW) - n) != NULL)
            assert_fault(give(r, CONN_ROW, n, &g), FAULT_SHORT);
    assert_int_equal(g.events, 0);
    reader_free(r);
}

static void times_are_read_in_all_three_spellings(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"1588205199.82437", 1588205199824370},
        {"1588205199", 1588205199000000},
        {"1588205199824", 1588205199824000},
        {"0.000001", 1},
        {"2020-04-30T00:06:39.824370Z", 1588205199824370},
        {"1588205199.8243701", 1588205199824370},
    };
    static const char *const wrong[] = {
        "", "-1", "1.", ".5", "1e9", "1588205199.8x", "99999999999999999999"};
    struct instant t;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_good(zeek_time_parse(bytes_text(good[i].text), &t));
        assert_int_equal(t.us, good[i].us);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_true(fault_is(zeek_time_parse(bytes_text(wrong[i]), &t)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_and_tsv_of_a_connection_are_the_same_event),
        cmocka_unit_test(an_application_log_is_known_by_its_path_or_its_own_member),
        cmocka_unit_test(a_connection_does_not_count_beside_its_application_log),
        cmocka_unit_test(indicators_find_their_texts_without_escapes),
        cmocka_unit_test(a_header_may_change_in_the_middle),
        cmocka_unit_test(unset_and_empty_fields_are_none),
        cmocka_unit_test(a_record_without_a_time_is_no_event_and_noted),
        cmocka_unit_test(damage_is_told_with_its_place),
        cmocka_unit_test(a_row_of_nuls_is_damage_and_the_next_is_read),
        cmocka_unit_test(every_prefix_of_a_record_is_damage),
        cmocka_unit_test(times_are_read_in_all_three_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* sensor/cowrie.h: who called a honeypot is an event; what he typed there is nobody's to read. */
#include "sensor/cowrie.h"

#include "base/buf.h"
#include "test.h"

struct got {
    struct event e;
    size_t events;
    char url[64];
};

static void take(void *context, struct event *e, struct bytes raw, size_t at)
{
    struct got *g = context;
    struct bytes url = e->text[EVENT_TEXT_URL];

    (void)raw;
    assert_int_equal(at, 0);
    g->e = *e;
    g->events++;
    assert_true(url.len == 0 || bytes_to_text(url, g->url, sizeof g->url));
}

static void note(void *context, const char *rule, uint64_t n)
{
    (void)context;
    (void)n;
    fail_msg("%s", rule);
}

/* The line stands at the end of its own allocation, so that a read past it is seen. */
static struct fault line(const char *text, struct got *g)
{
    struct reader *r = reader_new(NULL);
    struct buf room = {0};
    const struct reader_sink sink = {take, note, g, &room};
    size_t len = strlen(text);
    uint8_t *own = malloc(len);
    struct fault f;

    *g = (struct got){0};
    memcpy(own, text, len);
    f = reader_frame(r, bytes_of(own, len), &sink);
    free(own);
    buf_done(&room);
    reader_free(r);
    return f;
}

#define CONNECT                                                                                    \
    "{\"eventid\":\"cowrie.session.connect\",\"src_ip\":\"198.51.100.7\",\"src_port\":50000,"      \
    "\"dst_ip\":\"192.0.2.1\",\"dst_port\":2222,\"protocol\":\"ssh\","                             \
    "\"timestamp\":\"2020-02-09T03:46:46.741170Z\"}"

static void a_connection_names_both_ends(void **state)
{
    struct got g;
    char text[ADDR_TEXT];

    (void)state;
    assert_good(line(CONNECT, &g));
    assert_int_equal(g.events, 1);
    assert_int_equal(g.e.family, FAMILY_SERVER);
    assert_int_equal(g.e.has, EVENT_HAS_ENDS);
    assert_int_equal(g.e.service, SERVICE_SSH);
    assert_int_equal(g.e.transport, TRANSPORT_TCP);
    assert_int_equal(g.e.time.us, 1581220006741170);
    addr_write(g.e.src, text);
    assert_string_equal(text, "198.51.100.7");
    assert_int_equal(g.e.dest_port, 2222);
}

static void other_records_have_their_caller_and_what_he_fetched(void **state)
{
    struct got g;

    (void)state;
    assert_good(
        line("{\"eventid\":\"cowrie.session.file_download\",\"url\":\"http:\\/\\/x.test/a\","
             "\"shasum\":\"ff6f\",\"src_ip\":\"2001:db8::1\","
             "\"timestamp\":\"2020-02-09T03:46:46Z\"}",
             &g));
    assert_int_equal(g.e.has, EVENT_HAS_SRC);
    assert_int_equal(g.e.service, SERVICE_NONE);
    assert_string_equal(g.url, "http://x.test/a");
}

static void where_a_visitor_would_be_taken_is_no_end(void **state)
{
    struct got g;

    (void)state;
    assert_good(line("{\"eventid\":\"cowrie.direct-tcpip.request\",\"src_ip\":\"198.51.100.7\","
                     "\"src_port\":0,\"dst_ip\":\"mail.example\",\"dst_port\":25,"
                     "\"timestamp\":\"2020-02-09T03:46:46Z\"}",
                     &g));
    assert_int_equal(g.e.has, EVENT_HAS_SRC);
}

static void what_was_typed_is_not_read(void **state)
{
    struct got g;

    (void)state;
    assert_good(line("{\"eventid\":\"cowrie.login.failed\",\"username\":\"root\","
                     "\"password\":\"secret\",\"src_ip\":\"198.51.100.7\","
                     "\"timestamp\":\"2020-02-09T03:46:46Z\"}",
                     &g));
    for (int i = EVENT_TEXT_TYPE + 1; i < EVENT_TEXT_COUNT; i++)
        assert_int_equal(g.e.text[i].len, 0);
}

static void damage_is_told_and_is_no_event(void **state)
{
    static const struct {
        const char *text;
        enum fault_kind kind;
    } lines[] = {
        {"{\"eventid\":\"cowrie.session.connect\",\"timestamp\":\"2020-02-09T03:46:46Z\"}",
         FAULT_MISSING},
        {"{\"eventid\":\"cowrie.x\",\"timestamp\":\"2020-02-09 03:46:46 +0000\"}", FAULT_SYNTAX},
        {"{\"eventid\":\"cowrie.x\",\"src_ip\":\"1.2.3\",\"timestamp\":\"2020-02-09T03:46:46Z\"}",
         FAULT_SYNTAX},
        {"{\"eventid\":\"cowrie.session.connect\",\"src_ip\":\"192.0.2.1\",\"src_port\":65536,"
         "\"timestamp\":\"2020-02-09T03:46:46Z\"}",
         FAULT_RANGE},
        {"{\"eventid\":\"cowrie.x\",\"eventid\":\"cowrie.y\"}", FAULT_DUPLICATE},
        {"{\"eventid\":\"cowrie.x\",\"src_ip\":\"192.0", FAULT_SHORT},
        {"{\"eventid\":\"cowrie.x\",\"src_ip\":\"192.0.2.1\"}", FAULT_MISSING},
    };
    struct got g;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct fault f = line(lines[i].text, &g);

        if (f.kind != lines[i].kind || g.events != 0)
            fail_msg("%s: %s", lines[i].text, fault_word(f.kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_names_both_ends),
        cmocka_unit_test(other_records_have_their_caller_and_what_he_fetched),
        cmocka_unit_test(where_a_visitor_would_be_taken_is_no_end),
        cmocka_unit_test(what_was_typed_is_not_read),
        cmocka_unit_test(damage_is_told_and_is_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

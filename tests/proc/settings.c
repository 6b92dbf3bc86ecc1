#include "proc/settings.h"

#include "base/buf.h"
#include "test.h"

static const char good[] = "{\n"
                           " \"addresses\": [\n"
                           "  {\n"
                           "   \"address\": \"192.0.2.7:7315\",\n"
                           "   \"node\": \"node.cert-b.example:7315\"\n"
                           "  }\n"
                           " ],\n"
                           " \"agreements\": [\n"
                           "  \"pact-2015\"\n"
                           " ],\n"
                           " \"listen\": \"127.0.0.1:7315\",\n"
                           " \"operators\": \"adm\",\n"
                           " \"party\": \"cert-a\",\n"
                           " \"sensors\": [\n"
                           "  {\n"
                           "   \"follow\": true,\n"
                           "   \"format\": \"eve\",\n"
                           "   \"name\": \"edge\",\n"
                           "   \"path\": \"/var/log/suricata/eve.json\"\n"
                           "  }\n"
                           " ],\n"
                           " \"v\": 1\n"
                           "}\n";

static struct settings s;

static void the_good_form_is_read(void **state)
{
    struct endpoint e;
    char text[ENDPOINT_TEXT];

    (void)state;
    assert_good(settings_parse(bytes_text(good), &s, NULL));
    assert_string_equal(s.party, "cert-a");
    assert_string_equal(s.agreements[0], "pact-2015");
    assert_string_equal(s.operators, "adm");
    assert_true(s.listens && s.listen.port == 7315);
    assert_true(s.sensor_count == 1 && s.sensors[0].follow);
    assert_string_equal(settings_path(&s.sensors[0]), "/var/log/suricata/eve.json");
    assert_string_equal(s.sensors[0].format->name, "eve");
    assert_int_equal(s.sensors[0].kind, SENSOR_FILE);
    assert_int_equal(s.sensors[0].silent_after, SETTINGS_SILENT);
    assert_good(settings_resolve(&s, "node.cert-b.example:7315", &e));
    endpoint_write(&e, text);
    assert_string_equal(text, "192.0.2.7:7315");
    assert_good(settings_resolve(&s, "198.51.100.1:5", &e));
    assert_fault(settings_resolve(&s, "node.cert-c.example:7315", &e), FAULT_SYNTAX);
}

/* `good` with one text in place of another. */
static struct fault with(const char *from, const char *to, struct settings_error *error)
{
    const char *at = strstr(good, from);
    struct buf text = {0};
    struct fault f;

    buf_add(&text, good, (size_t)(at - good));
    buf_text(&text, to);
    buf_text(&text, at + strlen(from));
    f = settings_parse(buf_view(&text), &s, error);
    buf_done(&text);
    return f;
}

static void a_sensor_is_a_file_a_socket_or_the_input(void **state)
{
    static const struct {
        const char *where, *path;
        enum sensor_kind kind;
    } kinds[] = {
        {"/var/log/x", "/var/log/x", SENSOR_FILE},
        {"-", "", SENSOR_INPUT},
        {"unix:/run/x.sock", "/run/x.sock", SENSOR_UNIX},
        {"unix-dgram:/run/x.sock", "/run/x.sock", SENSOR_DATAGRAM},
    };
    struct settings_error error;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_good(with("/var/log/suricata/eve.json", kinds[i].where, &error));
        assert_int_equal(s.sensors[0].kind, kinds[i].kind);
        assert_string_equal(settings_path(&s.sensors[0]), kinds[i].path);
    }
    assert_good(
        with("\"eve\",\n   \"name\": \"edge\",\n   \"path\": \"/var/log/suricata/eve.json\"",
             "\"netflow\",\n   \"name\": \"edge\",\n   \"path\": "
             "\"udp:127.0.0.1:2055\",\n   \"place\": \"border-1\",\n   \"silent-after\": 60",
             &error));
    assert_string_equal(s.sensors[0].place, "border-1");
    assert_int_equal(s.sensors[0].kind, SENSOR_UDP);
    assert_int_equal(s.sensors[0].endpoint.port, 2055);
    assert_int_equal(s.sensors[0].silent_after, 60);
    assert_fault(with("/var/log/suricata/eve.json", "udp:127.0.0.1:2055", &error), FAULT_MISMATCH);
    assert_fault(with("/var/log/suricata/eve.json", "udp:localhost:2055", &error), FAULT_SYNTAX);
    assert_fault(with("/var/log/suricata/eve.json", "unix:x.sock", &error), FAULT_SYNTAX);
}

static void what_is_wrong_is_told_with_its_member_and_line(void **state)
{
    static const struct {
        const char *name, *from, *to, *member;
        enum fault_kind kind;
        size_t line;
    } wrong[] = {
        {"a name to listen on", "127.0.0.1:7315", "localhost:7315", "listen", FAULT_SYNTAX, 11},
        {"a path that is not absolute", "/var/log", "var/log", "sensors[0].path", FAULT_SYNTAX, 19},
        {"an unknown format", "\"eve\"", "\"xml\"", "sensors[0].format", FAULT_UNKNOWN, 17},
        {"a party that climbs", "cert-a", "../../a", "party", FAULT_SYNTAX, 13},
        {"an agreement that climbs", "pact-2015", "../2015", "agreements[0]", FAULT_SYNTAX, 9},
        {"another version", "\"v\": 1", "\"v\": 2", "v", FAULT_RANGE, 22},
        {"a member of no meaning", "operators", "operaters", "operaters", FAULT_EXTRA, 12},
        {"a flag that is a text", "true", "\"on\"", "sensors[0].follow", FAULT_SYNTAX, 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *at = strstr(good, wrong[i].from);
        struct settings_error error;
        struct buf text = {0};
        struct fault f;

        buf_add(&text, good, (size_t)(at - good));
        buf_text(&text, wrong[i].to);
        buf_text(&text, at + strlen(wrong[i].from));
        f = settings_parse(buf_view(&text), &s, &error);
        if (f.kind != wrong[i].kind || strcmp(error.member, wrong[i].member) != 0 ||
            error.line != wrong[i].line || error.why[0] == '\0')
            fail_msg("%s: %s at %s line %zu: %s", wrong[i].name, fault_word(f.kind), error.member,
                     error.line, error.why);
        buf_done(&text);
    }
}

static const char lists[] = "{\n"
                            " \"agreements\": [\n"
                            "  \"pact-2015\"\n"
                            " ],\n"
                            " \"indicators\": [\n"
                            "  {\n"
                            "   \"kind\": \"stix\",\n"
                            "   \"marking\": \"amber\",\n"
                            "   \"name\": \"feed\",\n"
                            "   \"path\": \"/var/lib/feed.json\",\n"
                            "   \"valid-days\": 30\n"
                            "  }\n"
                            " ],\n"
                            " \"lists\": [\n"
                            "  {\n"
                            "   \"from\": \"2026-01-01T00:00:00Z\",\n"
                            "   \"kind\": \"tor\",\n"
                            "   \"name\": \"exits\",\n"
                            "   \"path\": \"/var/lib/exits\",\n"
                            "   \"until\": \"2026-02-01T00:00:00Z\"\n"
                            "  }\n"
                            " ],\n"
                            " \"party\": \"cert-a\",\n"
                            " \"v\": 1\n"
                            "}\n";

static void lists_are_read_with_their_times(void **state)
{
    static const struct {
        const char *from, *to, *member;
        enum fault_kind kind;
    } wrong[] = {
        {"stix", "yara", "indicators[0].kind", FAULT_UNKNOWN},
        {"amber", "secret", "indicators[0].marking", FAULT_UNKNOWN},
        {"/var/lib/feed", "feed", "indicators[0].path", FAULT_SYNTAX},
        {": 30", ": 0", "indicators[0].valid-days", FAULT_RANGE},
        {"\"tor\"", "\"bad\"", "lists[0].kind", FAULT_UNKNOWN},
        {"2026-02-01T", "2025-02-01T", "lists[0].until", FAULT_RANGE},
        {"\"until\"", "\"unto\"", "lists[0].unto", FAULT_EXTRA},
    };

    (void)state;
    assert_good(settings_parse(bytes_text(lists), &s, NULL));
    assert_true(s.indicator_count == 1 && s.list_count == 1);
    assert_int_equal(s.indicators[0].format, IMPORT_STIX);
    assert_int_equal(s.indicators[0].tlp, TLP_AMBER);
    assert_int_equal(s.indicators[0].valid_for, 30 * 86400);
    assert_int_equal(s.lists[0].kind, CAUTION_TOR);
    assert_true(s.lists[0].until.us - s.lists[0].from.us == (int64_t)31 * 86400 * 1000000);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *at = strstr(lists, wrong[i].from);
        struct settings_error error;
        struct buf text = {0};
        struct fault f;

        buf_add(&text, lists, (size_t)(at - lists));
        buf_text(&text, wrong[i].to);
        buf_text(&text, at + strlen(wrong[i].from));
        f = settings_parse(buf_view(&text), &s, &error);
        if (f.kind != wrong[i].kind || strcmp(error.member, wrong[i].member) != 0)
            fail_msg("%s: %s at %s: %s", wrong[i].to, fault_word(f.kind), error.member, error.why);
        buf_done(&text);
    }
}

static void lists_alone_are_told_apart_from_every_other_change(void **state)
{
    static const struct {
        const char *from, *to;
        bool lists;
    } changes[] = {
        {" \"listen\"", " \"lists\": [],\n \"listen\"", false}, /* not sorted: no such file */
        {" \"listen\"", " \"indicators\": [],\n \"listen\"", true},
        {" \"operators\"", " \"lists\": [],\n \"operators\"", true},
        {"\"adm\"", "\"root\"", false},
        {"\"follow\": true", "\"follow\": false", false},
        {"", "", false}, /* nothing changed */
        {"{\n", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *at = strstr(good, changes[i].from);
        struct buf text = {0};

        buf_add(&text, good, (size_t)(at - good));
        buf_text(&text, changes[i].to);
        buf_text(&text, at + strlen(changes[i].from));
        if (settings_differ_by_lists(bytes_text(good), buf_view(&text)) != changes[i].lists)
            fail_msg("%s", changes[i].to);
        buf_done(&text);
    }
}

static void every_prefix_and_every_other_form_is_refused(void **state)
{
    struct settings_error error;

    (void)state;
    for (size_t cut = 0; cut < sizeof good - 1; cut++)
        assert_true(fault_is(settings_parse(bytes_of(good, cut), &s, &error)));
    assert_fault(settings_parse(bytes_text("{\"v\":1}"), &s, &error), FAULT_MISMATCH);
    assert_fault(settings_parse(bytes_text("{\n \"v\": 1\n}\n"), &s, &error), FAULT_MISSING);
}

/* What stands there is seen by whoever lists processes while a backup is made. */
static void no_password_stands_in_the_stores_uri(void **state)
{
    static const struct {
        const char *store;
        enum fault_kind kind;
    } stores[] = {
        {"sqlite", FAULT_NONE},
        {"postgresql:///parley", FAULT_NONE},
        {"postgresql://parley@db.example/parley?passfile=/etc/parley/pg", FAULT_NONE},
        {"postgresql://parley@[2001:db8::1]:5432/parley", FAULT_NONE},
        {"postgresql://db.example:5432/parley?options=a@b", FAULT_NONE},
        {"postgresql://parley:secret@db.example/parley", FAULT_REFUSED},
        {"postgresql://parley:secret@/parley?host=/run/postgresql", FAULT_REFUSED},
        {"postgresql:///parley?password=secret", FAULT_REFUSED},
        {"mysql://parley@db.example/", FAULT_SYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        struct settings_error error = {0};
        struct buf text = {0};
        struct fault f;

        buf_print(&text,
                  " \"exchange\": {\n  \"listen\": \"127.0.0.1:8443\",\n  \"roots\": [\n   {\n"
                  "    \"audience\": \"own\",\n    \"collections\": [],\n    \"name\": \"own\",\n"
                  "    \"title\": \"O\"\n   }\n  ],\n  \"store\": \"%s\",\n  \"title\": \"T\",\n"
                  "  \"visitors\": []\n },\n \"listen\"",
                  stores[i].store);
        f = with(" \"listen\"", buf_str(&text), &error);
        buf_done(&text);
        if (f.kind != stores[i].kind)
            fail_msg("%s: %s %s", stores[i].store, fault_word(f.kind), error.why);
        if (fault_is(f))
            assert_string_equal(error.member, "exchange.store");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_form_is_read),
        cmocka_unit_test(a_sensor_is_a_file_a_socket_or_the_input),
        cmocka_unit_test(what_is_wrong_is_told_with_its_member_and_line),
        cmocka_unit_test(lists_are_read_with_their_times),
        cmocka_unit_test(lists_alone_are_told_apart_from_every_other_change),
        cmocka_unit_test(no_password_stands_in_the_stores_uri),
        cmocka_unit_test(every_prefix_and_every_other_form_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

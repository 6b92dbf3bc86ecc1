/* indicator/export.h: what goes to sensors is permitted, detects only, and says what it means. */
#include "indicator/export.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/text.h"
#include "indicator/import.h"
#include "test.h"

static const struct instant now = {1700000000000000}; /* 2023-11-14T22:13:20Z */

static struct export_options options(bool withdraw)
{
    return (struct export_options){.now = now,
                                   .sid = 1500000,
                                   .rev = 7,
                                   .zone = "parley.rpz",
                                   .feed = "cert-a",
                                   .withdraw = withdraw};
}

static struct export_entry entry(enum indicator_kind kind, const char *text, uint8_t *room)
{
    struct export_entry e = {.about = indicator_about_none(), .source = "list.csv"};

    assert_good(indicator_read(kind, bytes_text(text), room, &e.value));
    e.about.tlp = TLP_GREEN;
    e.about.pap = PAP_GREEN;
    e.about.until.us = now.us + 3600 * 1000000LL;
    e.about.id = bytes_text("case-1");
    return e;
}

/* All text that a target makes of one entry beyond its heads; "" if it was refused. */
static enum export_rule made(const char *target, const struct export_entry *e, bool withdraw,
                             struct buf *out)
{
    struct export_options o = options(withdraw);
    struct export x;
    enum export_rule r;

    export_begin(&x, export_target_named(target), &o);
    r = export_entry(&x, e);
    for (size_t i = 0; i < x.files; i++)
        buf_add(out, x.file[i].text.data + x.file[i].head, x.file[i].text.len - x.file[i].head);
    buf_bytes(out, buf_view(&x.part[0]));
    buf_bytes(out, buf_view(&x.part[1]));
    assert_int_equal(x.taken, r == EXPORT_OK);
    assert_int_equal(x.refused[r], r != EXPORT_OK);
    export_done(&x);
    return r;
}

static void says(const char *target, enum indicator_kind kind, const char *value, bool withdraw,
                 const char *expected)
{
    uint8_t room[INDICATOR_KEY];
    struct export_entry e = entry(kind, value, room);
    struct buf out = {0};

    assert_int_equal(made(target, &e, withdraw, &out), EXPORT_OK);
    assert_string_equal(buf_str(&out), expected);
    buf_done(&out);
}

#define ABOUT "case-1 tlp:green pap:green until:20231114T231320Z"

/* The ids are Python's uuid5 of the names that export_misp.c puts together. */
#define MISP_EVENT "58fbdc40-0fe2-576a-befd-e468ff48de5b"
#define MISP_MD5                                                                                   \
    "{\"uuid\":\"3d8667d4-b68f-53f7-b028-6f771f9bcd60\",\"category\":\"Payload "                   \
    "delivery\",\"type\":\"md5\","
#define MISP_REST                                                                                  \
    "\"timestamp\":\"1700000000\",\"comment\":\"" ABOUT "\",\"Tag\":[{\"name\":\"tlp:green\"},"    \
    "{\"name\":\"pap:green\"}],\"value\":\"d41d8cd98f00b204e9800998ecf8427e\"}"

static void each_target_has_its_own_words(void **state)
{
    (void)state;
    says("zeek", INDICATOR_DOMAIN, "bad.example", false,
         "bad.example\tIntel::DOMAIN\tparley:list.csv\t" ABOUT "\t-\tT\n");
    says("zeek", INDICATOR_SUBNET, "192.0.2.0/25", false,
         "192.0.2.0/25\tIntel::SUBNET\tparley:list.csv\t" ABOUT "\t-\tT\n");
    says("suricata-iprep", INDICATOR_SUBNET, "192.0.2.0/25", false,
         "# " ABOUT "\n192.0.2.0/25,59,127\n");
    says("suricata-dataset", INDICATOR_DOMAIN, "bad.example", false,
         "YmFkLmV4YW1wbGU=\nYmFkLmV4YW1wbGU= " ABOUT "\n");
    says("nftables", INDICATOR_IPV6, "2001:db8::1", false,
         "add element inet parley seen6 { 2001:db8::1 timeout 3601s comment \"" ABOUT "\" }\n");
    says("rpz", INDICATOR_SUBNET, "192.0.2.0/25", false,
         "25.0.2.0.192.rpz-ip CNAME rpz-passthru. ; " ABOUT "\n");
    says("rpz", INDICATOR_IPV6, "2001:db8:0:0:1::1", false,
         "128.1.0.0.1.zz.db8.2001.rpz-ip CNAME rpz-passthru. ; " ABOUT "\n");
    says("rpz", INDICATOR_IPV6, "2001:db8:1:0:1:1:1:1", false,
         "128.1.1.1.1.0.1.db8.2001.rpz-ip CNAME rpz-passthru. ; " ABOUT "\n");
    says("rpz", INDICATOR_DOMAIN, "bad.example", false,
         "bad.example CNAME rpz-passthru. ; " ABOUT "\n*.bad.example CNAME rpz-passthru. ; " ABOUT
         "\n");
    says("nfdump", INDICATOR_IPV4, "192.0.2.1", false, "192.0.2.1 # " ABOUT "\n");
    says("nfdump", INDICATOR_ENDPOINT, "192.0.2.1:53", false,
         "   (ip 192.0.2.1 and port 53) # " ABOUT "\n");
    says("csv", INDICATOR_MD5, "D41D8CD98F00B204E9800998ECF8427E", false,
         "\"d41d8cd98f00b204e9800998ecf8427e\",md5,2023-11-14T23:13:20Z,green,green,\"case-1\","
         "\"list.csv\"\n");
    says("suricata-suppress", INDICATOR_SUBNET, "192.0.2.0/25", false,
         "# " ABOUT "\nsuppress gen_id 1, sig_id 1500019, track by_either, ip 192.0.2.0/25\n"
         "suppress gen_id 1, sig_id 1500020, track by_either, ip 192.0.2.0/25\n"
         "suppress gen_id 1, sig_id 1500024, track by_either, ip 192.0.2.0/25\n");
    says("misp-feed", INDICATOR_MD5, "D41D8CD98F00B204E9800998ECF8427E", false,
         MISP_MD5 "\"to_ids\":true,\"deleted\":false," MISP_REST
                  "74be16979710d4c4e7c6647856088456," MISP_EVENT "\n");
    says("list", INDICATOR_IPV4, "192.0.2.1", false, "# " ABOUT "\n192.0.2.1\n");
}

/* "the inverse on withdrawal" */
static void a_withdrawal_is_the_inverse(void **state)
{
    (void)state;
    says("suricata-dataset", INDICATOR_DOMAIN, "bad.example", true,
         "dataset-remove parley-name string YmFkLmV4YW1wbGU=\n");
    says("suricata-dataset", INDICATOR_IPV4, "192.0.2.1", true,
         "dataset-remove parley-ip ip 192.0.2.1\n");
    says("nftables", INDICATOR_SUBNET, "192.0.2.0/25", true,
         "delete element inet parley seen4 { 192.0.2.0/25 }\n");
    says("misp-feed", INDICATOR_MD5, "D41D8CD98F00B204E9800998ECF8427E", true,
         MISP_MD5 "\"to_ids\":false,\"deleted\":true," MISP_REST);
    says("rpz", INDICATOR_DOMAIN, "bad.example", true,
         "update delete bad.example.parley.rpz. CNAME\n"
         "update delete *.bad.example.parley.rpz. CNAME\n");
}

/* "nothing above the marking's permitted action goes out"; what has none is the strictest. */
static void what_its_marking_does_not_permit_stays(void **state)
{
    static const struct {
        const char *target;
        enum tlp tlp;
        enum pap pap;
        enum export_rule rule;
    } cases[] = {
        {"zeek", TLP_CLEAR, PAP_CLEAR, EXPORT_OK},
        {"zeek", TLP_AMBER_STRICT, PAP_AMBER, EXPORT_OK},
        {"zeek", TLP_RED, PAP_CLEAR, EXPORT_TLP},
        {"zeek", TLP_CLEAR, PAP_RED, EXPORT_PAP},
        {"zeek", TLP_NONE, PAP_GREEN, EXPORT_TLP},
        {"zeek", TLP_GREEN, PAP_NONE, EXPORT_PAP},
        {"nfdump", TLP_AMBER, PAP_RED, EXPORT_OK},
        {"nfdump", TLP_AMBER, PAP_NONE, EXPORT_OK},
        {"nfdump", TLP_RED, PAP_GREEN, EXPORT_TLP},
        {"suricata", TLP_GREEN, PAP_RED, EXPORT_PAP},
        {"nftables", TLP_GREEN, PAP_RED, EXPORT_PAP},
        {"rpz", TLP_GREEN, PAP_RED, EXPORT_PAP},
        {"csv", TLP_GREEN, PAP_RED, EXPORT_PAP},
    };
    uint8_t room[INDICATOR_KEY];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.1", room);
        struct buf out = {0};

        e.about.tlp = cases[i].tlp;
        e.about.pap = cases[i].pap;
        assert_int_equal(made(cases[i].target, &e, false, &out), cases[i].rule);
        assert_true((out.len != 0) == (cases[i].rule == EXPORT_OK));
        buf_done(&out);
    }
    for (const struct export_target *const *t = export_targets; *t != NULL; t++)
        assert_true((*t)->tlp < TLP_RED); /* red is for named persons: no sensor shows it */
}

static void what_has_ended_or_has_no_word_is_refused(void **state)
{
    uint8_t room[INDICATOR_KEY];
    struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.1", room);
    struct buf out = {0};

    (void)state;
    e.about.until = now;
    assert_int_equal(made("zeek", &e, false, &out), EXPORT_EXPIRED);
    e = entry(INDICATOR_ENDPOINT, "192.0.2.1:22", room);
    assert_int_equal(made("zeek", &e, false, &out), EXPORT_KIND);
    e = entry(INDICATOR_URL, "a.example/b", room);
    assert_int_equal(made("nftables", &e, false, &out), EXPORT_KIND);
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

/* ---- hostile values: each byte there is, in the value and in the id ---- */

static size_t lines_of(const struct buf *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->len; i++)
        n += b->data[i] == '\n';
    return n;
}

/* Reads `content:"` at *at as Suricata does: |HH HH| is hex, \ takes the next byte. */
static void read_content(const char **at, struct buf *out)
{
    const char *p = strstr(*at, "content:\"");
    bool hex = false;

    assert_non_null(p);
    for (p += 9; *p != '"'; p++) {
        assert_true(*p != '\0' && *p != ';' && *p != '\n');
        if (*p == '|')
            hex = !hex;
        else if (hex && *p != ' ') {
            buf_byte(out, (uint8_t)strtoul((const char[]){p[0], p[1], '\0'}, NULL, 16));
            p++;
        } else if (!hex)
            buf_byte(out, (uint8_t)*p);
    }
    assert_false(hex);
    *at = p;
}

/* The first field of a line as Zeek reads it: \xHH is a byte. */
static void read_field(const char *p, struct buf *out)
{
    for (; *p != '\t'; p++) {
        assert_true(*p != '\0' && *p != '\n');
        if (p[0] == '\\' && p[1] == 'x') {
            buf_byte(out, (uint8_t)strtoul((const char[]){p[2], p[3], '\0'}, NULL, 16));
            p += 3;
        } else
            buf_byte(out, (uint8_t)*p);
    }
}

static void same_url(const char *target, const struct export_entry *e, const struct buf *text)
{
    struct buf back = {0};
    const char *at = buf_str((struct buf *)(uintptr_t)text);

    if (strcmp(target, "zeek") == 0)
        read_field(at, &back);
    else if (strcmp(target, "suricata") == 0) {
        read_content(&at, &back);
        read_content(&at, &back);
    } else
        buf_bytes(&back, e->value.text);
    assert_true(bytes_equal(buf_view(&back), e->value.text));
    buf_done(&back);
}

static void every_byte_of_a_url_is_escaped_or_refused(void **state)
{
    static const struct {
        const char *target;
        size_t lines; /* that one entry has */
    } targets[] = {{"suricata", 1}, {"zeek", 1}, {"csv", 1}, {"list", 2}};

    (void)state;
    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++)
        for (unsigned c = 0; c < 256; c++) {
            char url[] = "h.example/a?b";
            uint8_t room[INDICATOR_KEY];
            struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.1", room);
            struct buf out = {0};
            enum export_rule r;

            url[11] = (char)c;
            e.value = (struct indicator_value){.kind = INDICATOR_URL,
                                               .text = bytes_of(url, sizeof url - 1)};
            r = made(targets[t].target, &e, false, &out);
            assert_true(r == EXPORT_OK || (r == EXPORT_TEXT && out.len == 0));
            if (r == EXPORT_OK) {
                assert_int_equal(lines_of(&out), targets[t].lines);
                same_url(targets[t].target, &e, &out);
            }
            buf_done(&out);
        }
}

/* An id, a list's name: nothing of them is read as anything but text, whatever the target. */
static void every_byte_of_an_id_is_made_harmless(void **state)
{
    static const char before[] = "\";|#{}\\\n\t,";

    (void)state;
    for (const struct export_target *const *t = export_targets; *t != NULL; t++)
        for (unsigned c = 1; c < 256; c++) {
            char id[] = "x?\";|#{}\\\n\t,y";
            uint8_t room[INDICATOR_KEY];
            struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.1", room), plain = e;
            struct buf out = {0}, usual = {0};

            id[1] = (char)c;
            e.about.id = bytes_of(id, sizeof id - 1);
            e.source = id;
            plain.about.id = bytes_text("x");
            plain.source = "x";
            assert_int_equal(made((*t)->name, &e, false, &out), EXPORT_OK);
            assert_int_equal(made((*t)->name, &plain, false, &usual), EXPORT_OK);
            for (const char *p = before; *p != '\0'; p++) { /* not one more than a plain id has */
                size_t have = 0, had = 0;

                for (size_t i = 0; i < out.len; i++)
                    have += out.data[i] == (uint8_t)*p;
                for (size_t i = 0; i < usual.len; i++)
                    had += usual.data[i] == (uint8_t)*p;
                assert_int_equal(have, had);
            }
            for (size_t i = 0; i < out.len; i++)
                assert_true(out.data[i] < 0x7f);
            buf_done(&out);
            buf_done(&usual);
        }
}

static void a_name_that_a_zone_would_read_otherwise_is_refused(void **state)
{
    static const char *const names[] = {"bad;x.example", "bad\\.example", "b(d.example",
                                        "b\"d.example",  "bad$.example",  "b\xc3\xa4 d.example"};
    uint8_t room[INDICATOR_KEY];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.1", room);
        struct buf out = {0};

        e.value = (struct indicator_value){.kind = INDICATOR_DOMAIN, .text = bytes_text(names[i])};
        assert_int_equal(made("rpz", &e, false, &out), EXPORT_TEXT);
        assert_int_equal(made("rpz", &e, true, &out), EXPORT_TEXT);
        buf_done(&out);
    }
}

static void unset_words_of_zeek_are_no_values(void **state)
{
    static const char *const texts[] = {"-", "(empty)", "#fields", ""};
    uint8_t room[INDICATOR_KEY];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.1", room);
        struct buf out = {0};

        e.value = (struct indicator_value){.kind = INDICATOR_URL, .text = bytes_text(texts[i])};
        assert_int_equal(made("zeek", &e, false, &out), EXPORT_TEXT);
        assert_int_equal(out.len, 0);
        buf_done(&out);
    }
}

/* The longest there can be are refused, not cut. */
static void what_is_too_long_for_a_line_is_refused(void **state)
{
    uint8_t room[INDICATOR_KEY];
    struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.1", room);
    char url[INDICATOR_URL_MAX], id[INDICATOR_ID], source[256] = "";
    struct buf out = {0};

    (void)state;
    memset(url, '?', sizeof url);
    memcpy(url, "h.example/", 10);
    memset(id, ';', sizeof id);
    e.value = (struct indicator_value){.kind = INDICATOR_URL, .text = bytes_of(url, sizeof url)};
    assert_int_equal(made("suricata", &e, false, &out), EXPORT_OK);
    assert_true(out.len < 8192);
    buf_clear(&out);
    e.about.id = bytes_of(id, sizeof id);
    assert_int_equal(made("suricata", &e, false, &out), EXPORT_OK);
    assert_true(out.len < 8192);
    buf_clear(&out);
    memset(source, ';', sizeof source - 1);
    e.source = source;
    assert_int_equal(made("suricata", &e, false, &out), EXPORT_TEXT);
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

/* "detect-only": no target has a word that drops, rejects or answers. */
static void nothing_drops(void **state)
{
    static const char *const words[] = {"drop",   "reject",   "block",    "pass ", "deny",
                                        "return", "redirect", "NXDOMAIN", " A 0",  "CNAME ."};
    static const struct {
        enum indicator_kind kind;
        const char *value;
    } values[] = {{INDICATOR_IPV4, "192.0.2.1"},
                  {INDICATOR_DOMAIN, "bad.example"},
                  {INDICATOR_URL, "a.example/b"},
                  {INDICATOR_SHA1, NULL},
                  {INDICATOR_ENDPOINT, "192.0.2.1:9"}};

    (void)state;
    for (const struct export_target *const *t = export_targets; *t != NULL; t++) {
        struct export_options o = options(false);
        struct export x;

        export_begin(&x, *t, &o);
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            uint8_t room[INDICATOR_KEY];
            struct export_entry e =
                entry(values[i].kind,
                      values[i].value != NULL ? values[i].value
                                              : "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                      room);

            export_entry(&x, &e);
        }
        export_end(&x);
        for (size_t f = 0; f < x.files; f++) {
            const char *text = buf_str(&x.file[f].text);
            const char *line = text[0] == '#' || text[0] == ';' ? strchr(text, '\n') : text;

            for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
                assert_null(strstr(line, words[i]));
        }
        export_done(&x);
    }
}

static uint32_t sid_of(const char *line)
{
    return (uint32_t)strtoul(strstr(line, "sid:") + 4, NULL, 10);
}

/* "sid range configurable, rev grows": the same number for the same thing, and none twice. */
static void rule_numbers_stay_and_are_not_shared(void **state)
{
    struct export_options o = options(false);
    uint8_t *seen = calloc(EXPORT_SIDS, 1);
    struct export x;
    char *at, *end;
    size_t rules = 0;

    (void)state;
    export_begin(&x, export_target_named("suricata"), &o);
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t room[INDICATOR_KEY];
        char text[32];
        struct export_entry e;

        snprintf(text, sizeof text, "10.%u.%u.1", i >> 8, i & 255);
        e = entry(INDICATOR_IPV4, text, room);
        assert_int_equal(export_entry(&x, &e), EXPORT_OK);
    }
    buf_byte(&x.file[0].text, '\0');
    at = (char *)x.file[0].text.data + x.file[0].head;
    for (; *at != '\0'; at = end + 1, rules++) {
        uint32_t n;

        /* A text of its own: a sanitized strstr measures all that is behind, 3 MB a rule. */
        end = strchr(at, '\n');
        assert_non_null(end);
        *end = '\0';
        n = sid_of(at) - o.sid;
        assert_true(n >= EXPORT_SIDS_FIXED && n < EXPORT_SIDS && seen[n] == 0);
        seen[n] = 1;
        assert_non_null(strstr(at, "; rev:7;)"));
    }
    assert_int_equal(rules, 20000);
    export_done(&x);
    free(seen);
    for (int twice = 0; twice < 2; twice++) {
        static uint32_t first;
        uint8_t room[INDICATOR_KEY];
        struct export_entry e = entry(INDICATOR_IPV4, "192.0.2.77", room);
        struct buf out = {0};

        assert_int_equal(made("suricata", &e, false, &out), EXPORT_OK);
        assert_true(twice == 0 || first == sid_of(buf_str(&out)));
        first = sid_of(buf_str(&out));
        buf_done(&out);
    }
}

/* A name takes three rules: where the numbers end behind the first, none of them is written. */
static void an_entry_is_written_whole_or_not_at_all(void **state)
{
    struct export_options o = options(false);
    uint8_t room[INDICATOR_KEY];
    struct export_entry e = entry(INDICATOR_DOMAIN, "bad.example", room);
    struct export x;

    (void)state;
    for (size_t left = 0; left < 4; left++) {
        export_begin(&x, export_target_named("suricata"), &o);
        x.sids_taken = (EXPORT_SIDS - EXPORT_SIDS_FIXED) / 8 * 7 - left;
        assert_int_equal(export_entry(&x, &e), left < 3 ? EXPORT_ROOM : EXPORT_OK);
        assert_int_equal(x.file[0].text.len == x.file[0].head, left < 3);
        export_done(&x);
    }
}

struct read_back {
    struct buf text;
    struct indicator_about about;
    size_t entries, patterns;
};

static void read_entry(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    struct read_back *r = with;

    indicator_write(v, &r->text);
    r->about = *a;
    r->entries++;
}

static void read_pattern(void *with, struct bytes pattern, const struct indicator_about *a)
{
    struct read_back *r = with;

    (void)a;
    buf_bytes(&r->text, pattern);
    r->patterns++;
}

static void in_stix(const struct export_entry *e, bool withdraw, struct read_back *out)
{
    const struct import_sink sink = {read_entry, read_pattern, NULL, NULL, out};
    struct export_options o = options(withdraw);
    struct import in;
    struct export x;

    export_begin(&x, export_target_named("stix"), &o);
    assert_int_equal(export_entry(&x, e), EXPORT_OK);
    assert_int_equal(export_entry(&x, e), EXPORT_OK);
    export_end(&x);
    import_init(&in, IMPORT_UNKNOWN, indicator_about_none(), sink);
    import_feed(&in, buf_view(&x.file[0].text));
    assert_good(import_end(&in));
    assert_int_equal(in.format, IMPORT_STIX);
    assert_int_equal(in.n.seen, 2);
    import_done(&in);
    export_done(&x);
}

/* What our own reader of bundles makes of it is what went in. */
static void a_bundle_is_read_back(void **state)
{
    static const struct {
        enum indicator_kind kind;
        const char *text;
    } cases[] = {
        {INDICATOR_IPV4, "192.0.2.1"},
        {INDICATOR_IPV6, "2001:db8::1"},
        {INDICATOR_SUBNET, "192.0.2.0/25"},
        {INDICATOR_SUBNET, "2001:db8::/48"},
        {INDICATOR_DOMAIN, "bad.example"},
        {INDICATOR_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
        {INDICATOR_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {INDICATOR_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct read_back r = {.entries = 0};
        uint8_t room[INDICATOR_KEY];
        struct export_entry e = entry(cases[i].kind, cases[i].text, room);

        e.about.exact = true;
        in_stix(&e, false, &r);
        assert_int_equal(r.entries, 2);
        assert_int_equal(r.text.len, 2 * strlen(cases[i].text));
        assert_memory_equal(r.text.data, cases[i].text, strlen(cases[i].text));
        assert_int_equal(r.about.tlp, TLP_GREEN);
        assert_int_equal(r.about.until.us, e.about.until.us);
        buf_done(&r.text);
    }
}

static void a_bundle_of_a_withdrawal_revokes_the_same_object(void **state)
{
    uint8_t room[INDICATOR_KEY];
    struct export_entry e = entry(INDICATOR_DOMAIN, "bad.example", room);
    struct buf given = {0}, taken = {0};
    struct read_back r = {.entries = 0};
    const char *one, *other;

    (void)state;
    assert_int_equal(made("stix", &e, false, &given), EXPORT_OK);
    assert_int_equal(made("stix", &e, true, &taken), EXPORT_OK);
    one = strstr(buf_str(&given), "\"id\":");
    other = strstr(buf_str(&taken), "\"id\":");
    assert_memory_equal(one, other, strlen("\"id\":\"indicator--") + 36);
    assert_null(strstr(buf_str(&given), "revoked"));
    assert_non_null(strstr(buf_str(&taken), "\"revoked\":true"));
    in_stix(&e, true, &r);
    assert_int_equal(r.entries + r.patterns, 0);
    in_stix(&e, false, &r); /* and what lies below the name: a pattern */
    assert_int_equal(r.patterns, 2);
    buf_done(&r.text);
    buf_done(&given);
    buf_done(&taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_target_has_its_own_words),
        cmocka_unit_test(a_withdrawal_is_the_inverse),
        cmocka_unit_test(what_its_marking_does_not_permit_stays),
        cmocka_unit_test(what_has_ended_or_has_no_word_is_refused),
        cmocka_unit_test(every_byte_of_a_url_is_escaped_or_refused),
        cmocka_unit_test(every_byte_of_an_id_is_made_harmless),
        cmocka_unit_test(a_name_that_a_zone_would_read_otherwise_is_refused),
        cmocka_unit_test(unset_words_of_zeek_are_no_values),
        cmocka_unit_test(what_is_too_long_for_a_line_is_refused),
        cmocka_unit_test(nothing_drops),
        cmocka_unit_test(an_entry_is_written_whole_or_not_at_all),
        cmocka_unit_test(a_bundle_is_read_back),
        cmocka_unit_test(a_bundle_of_a_withdrawal_revokes_the_same_object),
        cmocka_unit_test(rule_numbers_stay_and_are_not_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

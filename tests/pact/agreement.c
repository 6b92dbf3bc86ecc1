#include "pact/agreement.h"

#include <time.h>

#include "base/text.h"
#include "pact/example.h"

static void the_example_is_read(void **state)
{
    struct buf text = example_file("pact-2015.agreement.json");
    struct agreement *a = NULL, *again = NULL;
    const struct article *article;

    (void)state;
    assert_good(agreement_parse(buf_view(&text), false, &a, NULL));
    assert_string_equal(a->id, "pact-2015-example");
    assert_int_equal(a->version, 1);
    assert_int_equal(instant_seconds(a->valid_from), 1546300800);
    assert_int_equal(a->valid_until.us, INT64_MAX);
    assert_int_equal(a->parties[0].prefix_count, 2);
    assert_int_equal(a->parties[1].prefix_count, 3);
    assert_int_equal(a->parties[1].as_numbers[0], 64501);
    assert_string_equal(a->parties[0].offices[1].languages[2], "zh");
    assert_int_equal(a->clocks[CLOCK_ACK_IMMEDIATE], 3600);
    assert_string_equal(a->tlp, "amber");
    assert_string_equal(a->withhold[0], "targets");
    assert_string_equal(a->languages[1], "ru");
    assert_int_equal(a->quota_bytes, 268435456);
    article = agreement_article(a, "4(3)");
    assert_int_equal(article->carries, ARTICLE_NOTICE);
    assert_int_equal(article->group, GROUP_SOURCE | GROUP_SERVICE);
    assert_int_equal(article->threshold_count, 50);
    assert_int_equal(article->officers, 2);
    assert_int_equal(article->clocks[CLOCK_ANSWER], 259200);
    assert_false(article->unverified);
    assert_null(agreement_article(a, "2(5)")->covers);
    assert_true(agreement_article(a, "2(5)")->unverified);
    assert_int_equal(agreement_article(a, "5(1)")->carries, ARTICLE_CHECK);
    assert_null(agreement_article(a, "1"));
    assert_ptr_equal(agreement_party(a, "cert-b"), &a->parties[1]);
    assert_ptr_equal(agreement_other(a, &a->parties[1]), &a->parties[0]);
    assert_null(agreement_party(a, "cert-c"));
    assert_good(agreement_parse(a->canonical, true, &again, NULL));
    assert_memory_equal(a->digest, again->digest, sizeof a->digest);
    agreement_free(again);
    agreement_free(a);
    buf_done(&text);
}

static void the_keys_of_the_example_are_made_of_the_published_texts(void **state)
{
    static const char *const what[] = {"cert-a root", "cert-b root", "cert-a tls", "cert-b tls"};
    static const uint8_t head[] = {0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0};
    json_t *tree = example_tree();
    struct agreement *a = NULL;

    (void)state;
    assert_good(tree_parse(tree, &a, NULL));
    for (size_t i = 0; i < 4; i++) {
        struct secret *key = example_key(what[i]);
        const struct party *p = &a->parties[i % 2];
        struct digest pin = digest_of_two(bytes_of(head, sizeof head), secret_public(key));

        if (i < 2)
            assert_memory_equal(secret_public(key).data, p->roots[0].key, 32);
        else
            assert_memory_equal(pin.byte, p->tls[0], 32);
        secret_free(key);
    }
    agreement_free(a);
    json_decref(tree);
}

#define WITNESS "w0T0EW7z2eUoW9iyVxqUFdeSj05Oeook3RKwGfy+b18=" /* any good key */
#define P0      "parties[0]."
#define A0      "articles[0]."

/* What is changed, into what (NULL: taken out), and what must be said: the kind, the member, and
 * a piece of the line that is named. */
static const struct {
    const char *path, *value;
    enum fault_kind kind;
    const char *member, *line;
} wrong[] = {
    /* "Unknown members are refused everywhere" (section 1) */
    {"x", "1", FAULT_EXTRA, "x", "\"x\": 1"},
    {P0 "x", "1", FAULT_EXTRA, P0 "x", "\"x\": 1"},
    {P0 "roots[0].x", "1", FAULT_EXTRA, P0 "roots[0].x", "\"x\": 1"},
    {P0 "offices[1].x", "1", FAULT_EXTRA, P0 "offices[1].x", "\"x\": 1"},
    {P0 "territory.x", "1", FAULT_EXTRA, P0 "territory.x", "\"x\": 1"},
    {A0 "x", "1", FAULT_EXTRA, A0 "x", "\"x\": 1"},
    {"articles[4].x", "1", FAULT_EXTRA, "articles[4].x", "\"x\": 1"},
    {A0 "threshold.x", "1", FAULT_EXTRA, A0 "threshold.x", "\"x\": 1"},
    {A0 "release.x", "1", FAULT_EXTRA, A0 "release.x", "\"x\": 1"},
    {A0 "clocks", "{\"x\":1}", FAULT_EXTRA, A0 "clocks.x", "\"x\": 1"},
    {"clocks.x", "1", FAULT_EXTRA, "clocks.x", "\"x\": 1"},
    {"evidence.x", "1", FAULT_EXTRA, "evidence.x", "\"x\": 1"},
    {"release.x", "1", FAULT_EXTRA, "release.x", "\"x\": 1"},
    {"quota.x", "1", FAULT_EXTRA, "quota.x", "\"x\": 1"},
    /* every member that must be there */
    {"v", NULL, FAULT_MISSING, "", "{"},
    {"id", NULL, FAULT_MISSING, "", "{"},
    {"version", NULL, FAULT_MISSING, "", "{"},
    {"title", NULL, FAULT_MISSING, "", "{"},
    {"title.en", NULL, FAULT_MISSING, "title", "\"title\""},
    {"valid-from", NULL, FAULT_MISSING, "", "{"},
    {"suites", NULL, FAULT_MISSING, "", "{"},
    {"parties", NULL, FAULT_MISSING, "", "{"},
    {"articles", NULL, FAULT_MISSING, "", "{"},
    {"clocks", NULL, FAULT_MISSING, "", "{"},
    {"skew", NULL, FAULT_MISSING, "", "{"},
    {"evidence", NULL, FAULT_MISSING, "", "{"},
    {"release", NULL, FAULT_MISSING, "", "{"},
    {"quota", NULL, FAULT_MISSING, "", "{"},
    {P0 "id", NULL, FAULT_MISSING, "parties[0]", "{"},
    {P0 "name", NULL, FAULT_MISSING, "parties[0]", "{"},
    {P0 "roots", NULL, FAULT_MISSING, "parties[0]", "{"},
    {P0 "roots[0].key", NULL, FAULT_MISSING, P0 "roots[0]", "{"},
    {P0 "roots[0].suite", NULL, FAULT_MISSING, P0 "roots[0]", "{"},
    {P0 "tls", NULL, FAULT_MISSING, "parties[0]", "{"},
    {P0 "nodes", NULL, FAULT_MISSING, "parties[0]", "{"},
    {P0 "offices", NULL, FAULT_MISSING, "parties[0]", "{"},
    {P0 "offices[0].id", NULL, FAULT_MISSING, P0 "offices[0]", "{"},
    {P0 "offices[0].name", NULL, FAULT_MISSING, P0 "offices[0]", "{"},
    {P0 "offices[0].hours", NULL, FAULT_MISSING, P0 "offices[0]", "{"},
    {P0 "offices[0].languages", NULL, FAULT_MISSING, P0 "offices[0]", "{"},
    {P0 "territory", NULL, FAULT_MISSING, "parties[0]", "{"},
    {P0 "territory.prefixes", NULL, FAULT_MISSING, P0 "territory", "\"territory\""},
    {P0 "territory.as", NULL, FAULT_MISSING, P0 "territory", "\"territory\""},
    {P0 "territory.tables", NULL, FAULT_MISSING, P0 "territory", "\"territory\""},
    {A0 "id", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "title", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "carries", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "covers", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "group", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "threshold", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "threshold.count", NULL, FAULT_MISSING, A0 "threshold", "\"threshold\""},
    {A0 "threshold.within", NULL, FAULT_MISSING, A0 "threshold", "\"threshold\""},
    {A0 "gap", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "release", NULL, FAULT_MISSING, "articles[0]", "{"},
    {A0 "release.officers", NULL, FAULT_MISSING, A0 "release", "\"release\""},
    {A0 "release.roles", NULL, FAULT_MISSING, A0 "release", "\"release\""},
    {"clocks.receipt", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"clocks.ack-immediate", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"clocks.ack-priority", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"clocks.ack-routine", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"clocks.answer", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"clocks.inquiry", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"clocks.close", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"clocks.check", NULL, FAULT_MISSING, "clocks", "\"clocks\""},
    {"evidence.period", NULL, FAULT_MISSING, "evidence", "\"evidence\""},
    {"evidence.slots", NULL, FAULT_MISSING, "evidence", "\"evidence\""},
    {"release.withhold", NULL, FAULT_MISSING, "release", "\"release\""},
    {"release.tlp", NULL, FAULT_MISSING, "release", "\"release\""},
    {"release.languages", NULL, FAULT_MISSING, "release", "\"release\""},
    {"quota.entries", NULL, FAULT_MISSING, "quota", "\"quota\""},
    {"quota.bytes", NULL, FAULT_MISSING, "quota", "\"quota\""},
    /* the head */
    {"v", "2", FAULT_UNKNOWN, "v", "\"v\": 2"},
    {"v", "\"1\"", FAULT_SYNTAX, "v", "\"v\""},
    {"id", "\"../x\"", FAULT_SYNTAX, "id", "../x"},
    {"id", "\"Pact\"", FAULT_SYNTAX, "id", "Pact"},
    {"id", "\"\"", FAULT_RANGE, "id", "\"id\": \"\""},
    {"version", "0", FAULT_RANGE, "version", "\"version\": 0"},
    {"version", "-1", FAULT_RANGE, "version", "\"version\": -1"},
    {"version", "2147483648", FAULT_RANGE, "version", "2147483648"},
    {"title", "\"x\"", FAULT_SYNTAX, "title", "\"title\""},
    {"title.en", "\"a\\nb\"", FAULT_SYNTAX, "title.en", "a\\nb"},
    {"title.x", "\"a\"", FAULT_SYNTAX, "title.x", "\"x\": \"a\""},
    {"title.fr", "7", FAULT_SYNTAX, "title.fr", "\"fr\": 7"},
    {"notes", "7", FAULT_SYNTAX, "notes", "\"notes\": 7"},
    {"notes[1]", "7", FAULT_SYNTAX, "notes[1]", "7"},
    {"valid-from", "\"2019-01-01\"", FAULT_SYNTAX, "valid-from", "2019-01-01"},
    {"valid-from", "\"2019-02-30T00:00:00Z\"", FAULT_SYNTAX, "valid-from", "2019-02-30"},
    {"valid-until", "\"2019-01-01T00:00:00Z\"", FAULT_RANGE, "valid-until", "valid-until"},
    {"suites", "[]", FAULT_RANGE, "suites", "\"suites\""},
    {"suites[0]", "\"rot13\"", FAULT_UNKNOWN, "suites[0]", "rot13"},
    {"suites[1]", "\"ed25519\"", FAULT_DUPLICATE, "suites[1]", "ed25519"},
    /* parties */
    {"parties[1]", NULL, FAULT_RANGE, "parties", "\"parties\""},
    {"parties[2]", "{}", FAULT_RANGE, "parties", "\"parties\""},
    {"parties[1].id", "\"cert-a\"", FAULT_DUPLICATE, "parties[1].id", "cert-a"},
    {P0 "id", "\"a/b\"", FAULT_SYNTAX, P0 "id", "a/b"},
    {P0 "name", "\"\"", FAULT_RANGE, P0 "name", "\"name\": \"\""},
    {P0 "roots", "[]", FAULT_RANGE, P0 "roots", "\"roots\""},
    {P0 "roots[0].suite", "\"rot13\"", FAULT_MISMATCH, P0 "roots[0]", "{"},
    {P0 "roots[0].key", "\"AAAA\"", FAULT_SYNTAX, P0 "roots[0].key", "AAAA"},
    {P0 "roots[0].key", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", FAULT_RANGE,
     P0 "roots[0].key", "AAAA"},
    {P0 "tls", "[]", FAULT_RANGE, P0 "tls", "\"tls\""},
    {P0 "tls[0]", "\"AAAA\"", FAULT_SYNTAX, P0 "tls[0]", "AAAA"},
    {P0 "nodes[0]", "\"host\"", FAULT_SYNTAX, P0 "nodes[0]", "host"},
    {P0 "nodes[0]", "\"host:0\"", FAULT_SYNTAX, P0 "nodes[0]", "host:0"},
    {P0 "nodes[0]", "\"host:65536\"", FAULT_SYNTAX, P0 "nodes[0]", "host:65536"},
    {P0 "nodes[0]", "\"a b:1\"", FAULT_SYNTAX, P0 "nodes[0]", "a b:1"},
    {P0 "nodes[0]", "\"2001:db8::1:1\"", FAULT_SYNTAX, P0 "nodes[0]", "2001:db8::1:1"},
    {P0 "nodes[0]", "\"[192.0.2.1]:1\"", FAULT_SYNTAX, P0 "nodes[0]", "[192.0.2.1]:1"},
    {P0 "nodes", "[\"a:1\",\"b:1\",\"c:1\",\"d:1\",\"e:1\"]", FAULT_RANGE, P0 "nodes", "nodes"},
    {P0 "offices", "[]", FAULT_RANGE, P0 "offices", "\"offices\""},
    {P0 "offices[1].id", "\"duty\"", FAULT_DUPLICATE, P0 "offices[1].id", "duty"},
    {P0 "offices[0].hours", "7", FAULT_SYNTAX, P0 "offices[0].hours", "\"hours\": 7"},
    {P0 "offices[0].languages", "[]", FAULT_RANGE, P0 "offices[0].languages", "languages"},
    {P0 "offices[0].languages[1]", "\"en\"", FAULT_DUPLICATE, P0 "offices[0].languages[1]", "en"},
    {P0 "offices[0].languages[1]", "\"Russian\"", FAULT_SYNTAX, P0 "offices[0].languages[1]",
     "Russian"},
    /* territory */
    {P0 "territory.prefixes[0]", "\"192.0.2.1/24\"", FAULT_SYNTAX, P0 "territory.prefixes[0]",
     "192.0.2.1/24"},
    {P0 "territory.prefixes[0]", "\"192.0.2.0\"", FAULT_SYNTAX, P0 "territory.prefixes[0]",
     "192.0.2.0"},
    {P0 "territory.prefixes[0]", "\"2001:DB8::/32\"", FAULT_SYNTAX, P0 "territory.prefixes[0]",
     "2001:DB8::/32"},
    {P0 "territory.prefixes[0]", "7", FAULT_SYNTAX, P0 "territory.prefixes[0]", "7"},
    {P0 "territory.prefixes[2]", "\"192.0.2.0/24\"", FAULT_DUPLICATE, P0 "territory.prefixes[2]",
     "192.0.2.0/24"},
    {"parties[1].territory.prefixes[3]", "\"192.0.2.0/24\"", FAULT_DUPLICATE,
     "parties[1].territory.prefixes[3]", "192.0.2.0/24"},
    {P0 "territory.as[0]", "0", FAULT_RANGE, P0 "territory.as[0]", "0"},
    {P0 "territory.as[0]", "4294967295", FAULT_RANGE, P0 "territory.as[0]", "4294967295"},
    {"parties[1].territory.as[1]", "64500", FAULT_DUPLICATE, "parties[1].territory.as[1]", "64500"},
    /* articles */
    {"articles", "[]", FAULT_RANGE, "articles", "\"articles\""},
    {"articles[1].id", "\"4(3)\"", FAULT_DUPLICATE, "articles[1].id", "4(3)"},
    {A0 "id", "\"4 (3)\"", FAULT_SYNTAX, A0 "id", "4 (3)"},
    {A0 "id", "\"12345678901234567\"", FAULT_RANGE, A0 "id", "12345678901234567"},
    {A0 "carries", "\"BLOCK\"", FAULT_UNKNOWN, A0 "carries", "BLOCK"},
    {A0 "carries", "\"CONSULT\"", FAULT_REFUSED, A0 "covers", "\"covers\""},
    {A0 "carries", "\"CHECK\"", FAULT_REFUSED, A0 "covers", "\"covers\""},
    {"articles[4].covers", "\"[a:b = 1]\"", FAULT_REFUSED, "articles[4].covers", "\"covers\""},
    {"articles[4].group", "[\"source\"]", FAULT_REFUSED, "articles[4].group", "\"group\""},
    {"articles[4].threshold", "{}", FAULT_REFUSED, "articles[4].threshold", "\"threshold\""},
    {"articles[4].gap", "1", FAULT_REFUSED, "articles[4].gap", "\"gap\": 1"},
    {"articles[4].carries", "\"NOTICE\"", FAULT_REFUSED, "articles[4].carries", "NOTICE"},
    {"articles[4].carries", "\"CHECK\"", FAULT_REFUSED, "articles[4].carries", "CHECK"},
    {A0 "id", "\"2(6)\"", FAULT_REFUSED, A0 "carries", "NOTICE"},
    {A0 "id", "\"2.5\"", FAULT_REFUSED, A0 "carries", "NOTICE"},
    {A0 "id", "\"art-02(06).a\"", FAULT_REFUSED, A0 "carries", "NOTICE"},
    {A0 "covers", "\"\"", FAULT_RANGE, A0 "covers", "\"covers\": \"\""},
    {A0 "group", "[]", FAULT_RANGE, A0 "group", "\"group\""},
    {A0 "group[0]", "\"victim\"", FAULT_UNKNOWN, A0 "group[0]", "victim"},
    {A0 "group[1]", "\"source\"", FAULT_DUPLICATE, A0 "group[1]", "source"},
    {A0 "threshold.count", "0", FAULT_RANGE, A0 "threshold.count", "\"count\": 0"},
    {A0 "threshold.count", "65537", FAULT_RANGE, A0 "threshold.count", "65537"},
    {A0 "threshold.within", "0", FAULT_RANGE, A0 "threshold.within", "\"within\": 0"},
    {A0 "threshold.within", "\"1h\"", FAULT_SYNTAX, A0 "threshold.within", "1h"},
    {A0 "gap", "0", FAULT_RANGE, A0 "gap", "\"gap\": 0"},
    {A0 "gap", "2592001", FAULT_RANGE, A0 "gap", "2592001"},
    {A0 "release.officers", "0", FAULT_RANGE, A0 "release.officers", "\"officers\": 0"},
    {A0 "release.officers", "4", FAULT_RANGE, A0 "release.officers", "\"officers\": 4"},
    {"articles[4].release.officers", "1", FAULT_RANGE, "articles[4].release.officers",
     "\"officers\": 1"},
    {A0 "release.roles", "[]", FAULT_RANGE, A0 "release.roles", "\"roles\""},
    {A0 "release.roles[0]", "\"king\"", FAULT_UNKNOWN, A0 "release.roles[0]", "king"},
    {A0 "release.roles[0]", "\"releaser\"", FAULT_DUPLICATE, A0 "release.roles[1]", "releaser"},
    {A0 "release.roles[1]", NULL, FAULT_MISSING, A0 "release.roles", "\"roles\""},
    {A0 "release.roles[0]", NULL, FAULT_MISSING, A0 "release.roles", "\"roles\""},
    {A0 "unverified", "1", FAULT_SYNTAX, A0 "unverified", "\"unverified\": 1"},
    {"articles[1].clocks.check", "0", FAULT_RANGE, "articles[1].clocks.check", "\"check\": 0"},
    /* outside */
    {"outside", "{}", FAULT_RANGE, "outside", "\"outside\""},
    {"outside", "[]", FAULT_SYNTAX, "outside", "\"outside\""},
    {"outside", "{\"witnesses\":[]}", FAULT_RANGE, "outside.witnesses", "\"witnesses\""},
    {"outside", "{\"authorities\":[{\"certificate\":\"AAAA\",\"name\":\"a\"}]}", FAULT_SYNTAX,
     "outside.authorities[0].certificate", "AAAA"},
    {"outside", "{\"witnesses\":[{\"key\":\"" WITNESS "\",\"name\":\"a b\"}]}", FAULT_SYNTAX,
     "outside.witnesses[0].name", "a b"},
    {"outside", "{\"witnesses\":[{\"key\":\"AAAA\",\"name\":\"w\"}]}", FAULT_SYNTAX,
     "outside.witnesses[0].key", "AAAA"},
    {"outside",
     "{\"witnesses\":[{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"name\":\"w\"}]}",
     FAULT_RANGE, "outside.witnesses[0].key", "AAAA"},
    {"outside",
     "{\"witnesses\":[{\"key\":\"" WITNESS "\",\"name\":\"w\"},"
     "{\"key\":\"" WITNESS "\",\"name\":\"x\"}]}",
     FAULT_DUPLICATE, "outside.witnesses[1]", "{"},
    /* the rest */
    {"clocks.receipt", "0", FAULT_RANGE, "clocks.receipt", "\"receipt\": 0"},
    {"clocks.close", "31622401", FAULT_RANGE, "clocks.close", "31622401"},
    {"skew", "0", FAULT_RANGE, "skew", "\"skew\": 0"},
    {"evidence.period", "59", FAULT_RANGE, "evidence.period", "\"period\": 59"},
    {"evidence.slots", "0", FAULT_RANGE, "evidence.slots", "\"slots\": 0"},
    {"evidence.slots", "1025", FAULT_RANGE, "evidence.slots", "1025"},
    {"release.tlp", "\"red\"", FAULT_UNKNOWN, "release.tlp", "red"},
    {"release.tlp", "\"TLP:AMBER\"", FAULT_UNKNOWN, "release.tlp", "TLP:AMBER"},
    {"release.withhold[0]", "\"Targets\"", FAULT_SYNTAX, "release.withhold[0]", "Targets"},
    {"release.withhold[1]", "\"targets\"", FAULT_DUPLICATE, "release.withhold[1]", "targets"},
    {"release.languages", "[]", FAULT_RANGE, "release.languages", "languages"},
    {"quota.entries", "0", FAULT_RANGE, "quota.entries", "\"entries\": 0"},
    {"quota.bytes", "0", FAULT_RANGE, "quota.bytes", "\"bytes\": 0"},
};

/* The bytes of one 1-based line. */
static struct bytes line_of(struct bytes text, size_t number)
{
    size_t at = 0, end;

    for (size_t n = 1; n < number && at < text.len; at++)
        n += text.data[at] == '\n';
    for (end = at; end < text.len && text.data[end] != '\n';)
        end++;
    return bytes_of(text.data + at, end - at);
}

static void every_member_wrong_once_is_named_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *tree = example_tree();
        struct agreement *a = NULL;
        struct agreement_error error = {0};
        struct buf text = {0};
        struct bytes line;
        struct fault f;

        example_set(tree, wrong[i].path, wrong[i].value);
        json_indented(tree, &text);
        f = agreement_parse(buf_view(&text), false, &a, &error);
        line = line_of(buf_view(&text), error.line);
        if (f.kind != wrong[i].kind || strcmp(error.member, wrong[i].member) != 0 ||
            memmem(line.data, line.len, wrong[i].line, strlen(wrong[i].line)) == NULL ||
            error.why[0] == '\0' || text_line(buf_view(&text), f.at) != error.line)
            fail_msg("%s = %s: %s, line %zu \"%.*s\", member %s: %s", wrong[i].path, wrong[i].value,
                     fault_word(f.kind), error.line, (int)line.len, (const char *)line.data,
                     error.member, error.why);
        assert_null(a);
        buf_done(&text);
        json_decref(tree);
    }
}

/* Each of the two keys and pins taken from the other party. */
static void a_key_that_both_parties_have_is_refused(void **state)
{
    static const char *const paths[] = {"roots", "tls"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *tree = example_tree(), *parties = json_object_get(tree, "parties");
        struct agreement *a = NULL;

        json_object_set(json_array_get(parties, 1), paths[i],
                        json_object_get(json_array_get(parties, 0), paths[i]));
        assert_fault(tree_parse(tree, &a, NULL), FAULT_DUPLICATE);
        json_decref(tree);
    }
}

#define TABLE(code, digit, from, until)                                                            \
    "{\"code\":\"" code "\",\"file\":\"rir.tsv.zst\",\"sha256\":\"" digit                          \
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\",\"valid-from\":\"" from     \
    "-01-01T00:00:00Z\"" until "}"
#define UNTIL(year) ",\"valid-until\":\"" year "-01-01T00:00:00Z\""

static enum fault_kind with_tables(const char *first, const char *second)
{
    json_t *tree = example_tree();
    struct agreement *a = NULL;
    struct fault f;

    example_set(tree, "parties[0].territory.tables[0]", first);
    if (second != NULL)
        example_set(tree, "parties[1].territory.tables[0]", second);
    f = tree_parse(tree, &a, NULL);
    if (!fault_is(f)) {
        assert_string_equal(a->parties[0].tables[0].file, "rir.tsv.zst");
        assert_int_equal(a->parties[0].tables[0].sha256[1], 0xff);
    }
    agreement_free(a);
    json_decref(tree);
    return f.kind;
}

static void tables_are_dated_and_belong_to_one_party(void **state)
{
    const char *ru = TABLE("RU", "0", "2019", UNTIL("2021"));

    (void)state;
    assert_int_equal(with_tables(ru, NULL), FAULT_NONE);
    assert_int_equal(with_tables(ru, TABLE("CN", "0", "2019", "")), FAULT_NONE);
    assert_int_equal(with_tables(ru, TABLE("RU", "0", "2021", "")), FAULT_NONE);
    assert_int_equal(with_tables(ru, TABLE("RU", "0", "2020", "")), FAULT_DUPLICATE);
    assert_int_equal(with_tables(ru, TABLE("CN", "1", "2019", "")), FAULT_MISMATCH);
    assert_int_equal(with_tables(TABLE("RU", "0", "2019", UNTIL("2019")), NULL), FAULT_RANGE);
    assert_int_equal(with_tables(TABLE("R U", "0", "2019", ""), NULL), FAULT_SYNTAX);
    assert_int_equal(with_tables(TABLE("RU", "x", "2019", ""), NULL), FAULT_SYNTAX);
    assert_int_equal(with_tables("{\"code\":\"RU\",\"file\":\"../x.tsv\",\"sha256\":\"00\"}", NULL),
                     FAULT_SYNTAX);
    assert_int_equal(with_tables("{\"code\":\"RU\",\"file\":\"x.csv\",\"sha256\":\"00\"}", NULL),
                     FAULT_SYNTAX);
}

static void what_may_be_left_out_or_added_may(void **state)
{
    static const struct {
        const char *path, *value;
    } good[] = {
        {"notes", NULL},
        {"notes", "[]"},
        {"valid-until", "\"2030-01-01T00:00:00Z\""},
        {"articles[0].unverified", "false"},
        {"articles[0].clocks", "{\"answer\":60}"},
        {"parties[0].nodes", "[]"},
        {"parties[0].nodes", "[\"[2001:db8::1]:443\",\"192.0.2.1:1\"]"},
        {"parties[0].territory.prefixes", "[]"},
        /* the longer prefix of the other inside ours: the longest wins (net/territory.h) */
        {"parties[0].territory.prefixes[0]", "\"198.51.100.128/25\""},
        {"articles[0].id", "\"2(3)\""},
        {"articles[0].id", "\"25\""},
        {"articles[0].id", "\"12(5)\""},
        {"release.tlp", "\"amber+strict\""},
        {"title.zh-Hans-CN", "\"x\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        json_t *tree = example_tree();
        struct agreement *a = NULL;
        struct agreement_error error = {0};

        example_set(tree, good[i].path, good[i].value);
        if (fault_is(tree_parse(tree, &a, &error)))
            fail_msg("%s = %s: %s: %s", good[i].path, good[i].value, error.member, error.why);
        if (i == 4) {
            assert_int_equal(a->articles[0].clocks[CLOCK_ANSWER], 60);
            assert_int_equal(a->articles[0].clocks[CLOCK_CLOSE], a->clocks[CLOCK_CLOSE]);
            assert_int_equal(a->clocks[CLOCK_ANSWER], 259200);
        }
        agreement_free(a);
        json_decref(tree);
    }
}

/* "a file whose re-dump differs from itself is refused" (section 1) */
static void a_file_that_is_not_its_own_dump_is_refused_at_the_line(void **state)
{
    struct buf text = example_file("pact-2015.agreement.json");
    struct agreement *a = NULL;
    struct agreement_error error = {0};
    uint8_t *comma = memmem(text.data, text.len, "64501", 5);

    (void)state;
    assert_non_null(comma);
    while (*comma != ' ')
        comma--;
    *comma = '\t';
    assert_fault(agreement_parse(buf_view(&text), false, &a, &error), FAULT_MISMATCH);
    assert_int_equal(error.line, text_line(buf_view(&text), (size_t)(comma - text.data)));
    *comma = ' ';
    buf_byte(&text, '\n');
    assert_fault(agreement_parse(buf_view(&text), false, &a, &error), FAULT_MISMATCH);
    text.len--;
    assert_fault(agreement_parse(buf_view(&text), true, &a, &error), FAULT_MISMATCH);
    assert_null(a);
    buf_done(&text);
}

static void every_prefix_of_the_file_is_refused(void **state)
{
    struct buf text = example_file("pact-2015.agreement.json");
    struct agreement *a = NULL;

    (void)state;
    for (size_t n = 0; n < text.len; n++)
        assert_true(fault_is(agreement_parse(bytes_of(text.data, n), false, &a, NULL)));
    assert_null(a);
    buf_done(&text);
}

static void the_largest_file_is_bounded(void **state)
{
    struct buf text = example_file("pact-2015.agreement.json");
    struct agreement *a = NULL;

    (void)state;
    while (text.len <= AGREEMENT_MAX)
        buf_byte(&text, ' ');
    assert_fault(agreement_parse(buf_view(&text), false, &a, NULL), FAULT_LIMIT);
    buf_done(&text);
}

static void ten_thousand_prefixes_are_read_well_within_a_second(void **state)
{
    json_t *tree = example_tree(), *list = json_array();
    struct agreement *a = NULL;
    struct timespec from, to;
    char text[32];

    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "10.%d.%d.0/24", i / 250, i % 250);
        json_array_append_new(list, json_string(text));
    }
    json_object_set_new(
        json_object_get(json_array_get(json_object_get(tree, "parties"), 0), "territory"),
        "prefixes", list);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_good(tree_parse(tree, &a, NULL));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_int_equal(a->parties[0].prefix_count, 10000);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    print_message("10,000 prefixes: %.3f s\n", seconds);
    assert_true(seconds < 1);
    agreement_free(a);
    json_decref(tree);
}

static void every_clock_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(clock_name(CLOCK_NONE), "none");
    assert_string_equal(clock_name(CLOCK_CHECK), "check");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_read),
        cmocka_unit_test(the_keys_of_the_example_are_made_of_the_published_texts),
        cmocka_unit_test(every_member_wrong_once_is_named_with_its_line),
        cmocka_unit_test(a_key_that_both_parties_have_is_refused),
        cmocka_unit_test(tables_are_dated_and_belong_to_one_party),
        cmocka_unit_test(what_may_be_left_out_or_added_may),
        cmocka_unit_test(a_file_that_is_not_its_own_dump_is_refused_at_the_line),
        cmocka_unit_test(every_prefix_of_the_file_is_refused),
        cmocka_unit_test(the_largest_file_is_bounded),
        cmocka_unit_test(ten_thousand_prefixes_are_read_well_within_a_second),
        cmocka_unit_test(every_clock_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "proc/settings_remote.h"

#include <stdio.h>

#include "base/buf.h"
#include "test.h"

static struct settings s;

/* A settings.json with this list of remotes. */
static struct fault with(const char *remotes, struct settings_error *error)
{
    struct buf text = {0};
    struct fault f;

    buf_print(&text,
              "{\n \"agreements\": [\n  \"pact\"\n ],\n \"party\": \"cert-a\",\n"
              " \"remotes\": [\n%s\n ],\n \"v\": 1\n}\n",
              remotes);
    f = settings_parse(buf_view(&text), &s, error);
    buf_done(&text);
    return f;
}

#define OURS(name, url) "  {\n   \"name\": \"" name "\",\n   \"url\": \"" url "\"\n  }"
#define THEIRS(name, url)                                                                          \
    "  {\n   \"agreement\": \"pact\",\n   \"name\": \"" name "\",\n   \"url\": \"" url "\"\n  }"

static void a_server_is_ours_or_the_partners_under_an_agreement(void **state)
{
    (void)state;
    assert_good(with(
        OURS("misp", "https://misp.example/") ",\n" THEIRS("partner", "https://taxii.example/api/"),
        NULL));
    assert_int_equal(s.remote_count, 2);
    assert_string_equal(s.remotes[0].name, "misp");
    assert_string_equal(s.remotes[0].url, "https://misp.example/");
    assert_string_equal(s.remotes[0].agreement, "");
    assert_string_equal(s.remotes[1].agreement, "pact");
}

static void a_url_that_could_lead_elsewhere_is_refused(void **state)
{
    static const struct {
        const char *remotes, *member, *why;
        enum fault_kind kind;
    } wrong[] = {
        {OURS("a", "http://x.example/"), "remotes[0].url", "https", FAULT_SYNTAX},
        {OURS("a", "https://x.example"), "remotes[0].url", "slash", FAULT_SYNTAX},
        {OURS("a", "https://x.example/?a=/"), "remotes[0].url", "https", FAULT_SYNTAX},
        {OURS("a", "https://x.example/#/"), "remotes[0].url", "https", FAULT_SYNTAX},
        {OURS("a", "https://x.example/%2e%2e/"), "remotes[0].url", "https", FAULT_SYNTAX},
        {OURS("a", "https://x.example@y.example/"), "remotes[0].url", "https", FAULT_SYNTAX},
        {OURS("a", "https://x.example/../y/"), "remotes[0].url", "https", FAULT_SYNTAX},
        {OURS("../a", "https://x.example/"), "remotes[0].name", "id", FAULT_SYNTAX},
        {"  {\n   \"agreement\": \"other\",\n   \"name\": \"a\",\n"
         "   \"url\": \"https://x.example/\"\n  }",
         "remotes[0]", "no agreement", FAULT_UNKNOWN},
        {OURS("a", "https://x.example/") ",\n" OURS("a", "https://y.example/"), "remotes[1]",
         "has this name", FAULT_DUPLICATE},
        {"  {\n   \"name\": \"a\",\n   \"tlp\": \"red\",\n   \"url\": \"https://x.example/\"\n  }",
         "remotes[0].tlp", "", FAULT_EXTRA},
    };
    struct settings_error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_fault(with(wrong[i].remotes, &error), wrong[i].kind);
        assert_string_equal(error.member, wrong[i].member);
        assert_non_null(strstr(error.why, wrong[i].why));
    }
}

/* What begins so is that server's: of two the longer one, so that a partner's root on a server of
 * ours is the partner's. */
static void a_url_is_of_the_remote_that_says_most(void **state)
{
    static const struct {
        const char *where, *name; /* "": nobody's */
    } asked[] = {
        {"misp", "misp"},
        {"theirs", "theirs"},
        {"https://h.example/", "misp"},
        {"https://h.example", "misp"},
        {"https://h.example/own/collections/x/", "misp"},
        {"https://h.example/partner/", "theirs"},
        {"https://h.example/partner", "theirs"},
        {"https://h.example/partner/collections/x/objects/", "theirs"},
        {"https://h.example/partners/", "misp"},
        {"https://h.example.evil.example/", ""},
        {"https://h.example:444/", ""},
        {"http://h.example/", ""},
        {"https://h.example/own/../partner/", ""},
        {"https://h.example/own/%2e%2e/partner/", ""},
        {"https://other.example/", ""},
        {"https://h.exampl", ""},
        {"https://", ""},
        {"", ""},
        {"nobody", ""},
    };

    (void)state;
    assert_good(with(
        THEIRS("theirs", "https://h.example/partner/") ",\n" OURS("misp", "https://h.example/"),
        NULL));
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct settings_remote *r = settings_remote(&s, asked[i].where);

        assert_string_equal(r == NULL ? "" : r->name, asked[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_ours_or_the_partners_under_an_agreement),
        cmocka_unit_test(a_url_that_could_lead_elsewhere_is_refused),
        cmocka_unit_test(a_url_is_of_the_remote_that_says_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "json/profile.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

extern char **environ;

static const struct json_limits limits = {1000, 4};

static struct fault read_all(const char *text)
{
    json_t *tree = NULL;
    struct fault f = json_read(bytes_text(text), limits, &tree);

    assert_true(fault_is(f) == (tree == NULL));
    json_decref(tree);
    return f;
}

static void what_is_in_the_profile_is_read(void **state)
{
    static const char *const good[] = {
        "{}",
        " [ ]\r\n",
        "true",
        "null",
        "0",
        "-1",
        "9007199254740992",
        "-9007199254740992",
        "\"\"",
        "\"\\n\\t\\u000a\\u0009\\\"\\\\\\/\"",
        "\"\xd0\x90 \xe4\xb8\xad \xf0\x9f\x93\x8e \\ud83d\\udcce\"",
        "{\"\":1,\"a b\":{\"a b\":[[1]]}}",
        "{\"a\":\"a\",\"b\":[\"\xc3\xa9\",\"\xc2\xa0\"]}",
        "[[[[]]]]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_good(read_all(good[i]));
}

/* RFC 8785 section 3.1: "JSON objects MUST NOT exhibit duplicate property names"; "JSON string
 * data MUST be expressible as Unicode". The rest is our profile's. */
static const struct {
    const char *name, *text;
    enum fault_kind kind;
    size_t at;
} wrong[] = {
    {"nothing", "", FAULT_SHORT, 0},
    {"white space", "  ", FAULT_SHORT, 2},
    {"a fraction", "[1.5]", FAULT_RANGE, 1},
    {"an exponent", "[1e2]", FAULT_RANGE, 1},
    {"minus zero", "[0,-0]", FAULT_RANGE, 3},
    {"a leading zero", "[01]", FAULT_SYNTAX, 1},
    {"a lone minus", "[-]", FAULT_SYNTAX, 2},
    {"a plus", "[+1]", FAULT_SYNTAX, 1},
    {"above 2^53", "[9007199254740993]", FAULT_RANGE, 1},
    {"below -2^53", "[-9007199254740993]", FAULT_RANGE, 1},
    {"beyond 64 bits", "[18446744073709551616]", FAULT_RANGE, 1},
    {"not a number", "[NaN]", FAULT_SYNTAX, 1},
    {"a raw control character", "[\"a\nb\"]", FAULT_SYNTAX, 3},
    {"a carriage return", "[\"a\\r\"]", FAULT_RANGE, 3},
    {"a backspace", "[\"\\b\"]", FAULT_RANGE, 2},
    {"an escaped NUL", "[\"\\u0000\"]", FAULT_RANGE, 2},
    {"an escaped escape", "[\"\\u001B\"]", FAULT_RANGE, 2},
    {"an escaped C1 control", "[\"\\u009b\"]", FAULT_RANGE, 2},
    {"DEL", "[\"\x7f\"]", FAULT_RANGE, 2},
    {"a raw C1 control", "[\"\xc2\x9b\"]", FAULT_RANGE, 2},
    {"an unknown escape", "[\"\\x\"]", FAULT_SYNTAX, 1},
    {"half an escape", "[\"\\u12\"]", FAULT_SYNTAX, 1},
    {"a lone surrogate", "[\"\\ud800\"]", FAULT_SYNTAX, 1},
    {"a reversed pair", "[\"\\udcce\\ud83d\"]", FAULT_SYNTAX, 1},
    {"broken UTF-8", "[\"a\xff\"]", FAULT_SYNTAX, 3},
    {"overlong UTF-8", "[\"\xc0\xaf\"]", FAULT_SYNTAX, 2},
    {"a surrogate in UTF-8", "[\"\xed\xa0\x80\"]", FAULT_SYNTAX, 2},
    {"a byte order mark", "\xef\xbb\xbf{}", FAULT_SYNTAX, 0},
    {"a member twice", "{\"a\":1,\"a\":1}", FAULT_DUPLICATE, 7},
    {"a member twice, deep", "[{\"b\":{\"a\":1,\"c\":2,\"a\":1}}]", FAULT_DUPLICATE, 19},
    {"a name that is not ASCII", "{\"\xc3\xa9\":1}", FAULT_SYNTAX, 2},
    {"a name with an escape", "{\"\\u0061\":1}", FAULT_SYNTAX, 2},
    {"a name with a quote", "{\"a\\\"\":1}", FAULT_SYNTAX, 3},
    {"a second name that is not ASCII", "{\"a\":[1,\"\xc3\xa9\"],\"\xc3\xa9\":1}", FAULT_SYNTAX,
     15},
    {"a name that is none", "{1:1}", FAULT_SYNTAX, 1},
    {"no colon", "{\"a\" 1}", FAULT_SYNTAX, 5},
    {"a comma at the end of a list", "[1,]", FAULT_SYNTAX, 3},
    {"a comma at the end of an object", "{\"a\":1,}", FAULT_SYNTAX, 7},
    {"the wrong bracket", "[1}", FAULT_SYNTAX, 2},
    {"a closing bracket first", "]", FAULT_SYNTAX, 0},
    {"a comment", "[1 /* */]", FAULT_SYNTAX, 3},
    {"single quotes", "['a']", FAULT_SYNTAX, 1},
    {"a capital word", "[True]", FAULT_SYNTAX, 1},
    {"a second value", "{} {}", FAULT_EXTRA, 3},
    {"a word after the end", "[] x", FAULT_EXTRA, 3},
    {"too deep", "[[[[[1]]]]]", FAULT_LIMIT, 4},
    {"too deep by objects", "{\"a\":[{\"b\":[{}]}]}", FAULT_LIMIT, 12},
};

static void what_is_outside_the_profile_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct fault f = read_all(wrong[i].text);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %zu (%s)", wrong[i].name, fault_word(f.kind), f.at, f.rule);
    }
}

static void a_nul_byte_is_refused_wherever_it_is(void **state)
{
    json_t *tree = NULL;

    (void)state;
    assert_fault(json_read(bytes_of("{}\0", 3), limits, &tree), FAULT_SYNTAX);
    assert_fault(json_read(bytes_of("[\"\0\"]", 5), limits, &tree), FAULT_SYNTAX);
    assert_fault(json_read(bytes_of("\0{}", 3), limits, &tree), FAULT_SYNTAX);
    assert_null(tree);
}

static void every_prefix_is_short(void **state)
{
    static const char good[] = "{\"a\":[-12,\"b\\n\\ud83d\\udcce\",true],\"c\":{\"d\":null}}";
    json_t *tree = NULL;

    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct fault f = json_read(bytes_of(good, n), limits, &tree);

        /* a cut word or escape may be taken for a wrong one */
        assert_true(f.kind == FAULT_SHORT || f.kind == FAULT_SYNTAX);
    }
    assert_null(tree);
    assert_good(json_read(bytes_text(good), limits, &tree));
    json_decref(tree);
}

static void a_text_longer_than_its_limit_is_not_looked_at(void **state)
{
    json_t *tree = NULL;

    (void)state;
    assert_fault(json_read(bytes_text("[1,2,3]"), (struct json_limits){6, 4}, &tree), FAULT_LIMIT);
    assert_good(json_read(bytes_text("[1,2,3]"), (struct json_limits){7, 4}, &tree));
    json_decref(tree);
}

static void no_limit_goes_beyond_the_deepest_we_recurse(void **state)
{
    static char deep[200000];
    json_t *tree = NULL;

    (void)state;
    memset(deep, '[', sizeof deep);
    assert_fault(
        json_read(bytes_of(deep, sizeof deep), (struct json_limits){sizeof deep, 1000000}, &tree),
        FAULT_LIMIT);
}

static void only_the_canonical_dump_is_canonical(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } other[] = {
        {"{\"b\":1,\"a\":2}", 2}, {"{\"a\": 1}", 5}, {"{\"a\":1}\n", 7}, {"[\"\\u0041\"]", 2},
        {"[\"\\u000a\"]", 3},     {"[\"\\/\"]", 2},  {" []", 0},         {"[\"\\u00e9\"]", 2},
    };
    json_t *tree = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        struct fault f = json_read_canonical(bytes_text(other[i].text), limits, &tree);

        assert_int_equal(f.kind, FAULT_MISMATCH);
        assert_int_equal(f.at, other[i].at);
    }
    assert_null(tree);
    assert_good(json_read_canonical(bytes_text("{\"a\":[1,\"\\n\"],\"b\":{}}"), limits, &tree));
    json_decref(tree);
}

static bool is_its_dump(struct bytes text)
{
    json_t *tree = NULL;
    struct buf out = {0};
    bool same = false;

    if (!fault_is(json_read(text, (struct json_limits){100000, 8}, &tree))) {
        json_canonical(tree, &out);
        same = bytes_equal(text, buf_view(&out));
    }
    json_decref(tree);
    buf_done(&out);
    return same;
}

static json_t *random_tree(unsigned depth);
static unsigned below(unsigned n);

/* It is told from the text alone; the dump is the slow and sure way. */
static void canonical_is_what_the_dump_says_of_changed_texts_too(void **state)
{
    static const char bytes[] = "\"\\,:{}[] \n01-euntfrab/AZ";
    unsigned good = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct json_limits most = {100000, 8};
        struct buf text = {0};
        json_t *tree = random_tree(3), *again = NULL;
        bool accepted;

        json_canonical(tree, &text);
        json_decref(tree);
        for (unsigned n = below(3); n != 0 && text.len != 0; n--) {
            unsigned at = below((unsigned)text.len), other = below((unsigned)text.len);

            if (below(2))
                text.data[at] = (uint8_t)bytes[below(sizeof bytes - 1)];
            else /* names change places, most of all */
                text.data[at] = text.data[other];
        }
        accepted = !fault_is(json_read_canonical(buf_view(&text), most, &again));
        assert_true(accepted == is_its_dump(buf_view(&text)));
        good += accepted;
        json_decref(again);
        buf_done(&text);
    }
    assert_true(good > 4000 && good < 19000);
}

static void the_indented_form_has_one_member_a_line(void **state)
{
    static const char text[] = "{\n \"a\": [\n  1,\n  {}\n ],\n \"b\": \"\\n\"\n}\n";
    struct buf out = {0};
    json_t *tree = NULL;

    (void)state;
    assert_good(json_read_indented(bytes_text(text), limits, &tree));
    json_indented(tree, &out);
    assert_string_equal(buf_str(&out), text);
    json_decref(tree);
    tree = NULL;
    assert_fault(json_read_indented(bytes_of(text, sizeof text - 2), limits, &tree),
                 FAULT_MISMATCH);
    assert_fault(json_read_indented(bytes_text("{\"a\":1}"), limits, &tree), FAULT_MISMATCH);
    assert_null(tree);
    buf_done(&out);
}

static void a_tree_of_our_own_is_checked_by_the_same_rules(void **state)
{
    json_t *deep = json_array();

    (void)state;
    for (int i = 0; i < JSON_DEPTH - 1; i++) {
        json_t *outer = json_array();

        json_array_append_new(outer, deep);
        deep = outer;
    }
    assert_good(json_check(deep));
    deep = json_pack("[o]", deep);
    assert_fault(json_check(deep), FAULT_LIMIT);
    json_decref(deep);

    json_t *bad[] = {
        json_real(1.5),
        json_integer(9007199254740993),
        json_string("\x1b[2J"),
        json_string("\x7f"),
        json_string("\xc2\x85"),
        json_pack("{s:i}", "\xc3\xa9", 1),
        json_pack("{s:i}", "a\"", 1),
        json_pack("[[s]]", "\r"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(fault_is(json_check(bad[i])));
        json_decref(bad[i]);
    }
}

/* A small generator of our own, so that the test is the same on every machine. */
static uint64_t random_state = 88172645463325252ULL;

static unsigned below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 11) % n;
}

static void random_text(struct buf *out)
{
    static const char *const bits[] = {"a",
                                       "B",
                                       "\"",
                                       "\\",
                                       "/",
                                       "\n",
                                       "\t",
                                       "\xc3\xa9",
                                       "\xe4\xb8\xad",
                                       "\xd0\x90",
                                       "\xef\xbf\xbf",
                                       "\xf0\x9f\x93\x8e",
                                       " ",
                                       "\xe2\x80\xa8"};

    for (unsigned n = below(12); n != 0; n--)
        buf_text(out, bits[below(sizeof bits / sizeof *bits)]);
}

static json_t *random_tree(unsigned depth)
{
    unsigned kind = below(depth == 0 ? 4 : 6);
    struct buf text = {0};
    json_t *v;

    if (kind == 0)
        return json_integer((json_int_t)below(2000000) - 1000000);
    if (kind == 1)
        return json_integer(below(2) != 0 ? JSON_INTEGER_MAX : -JSON_INTEGER_MAX);
    if (kind == 2)
        return below(2) != 0 ? json_boolean(below(2)) : json_null();
    if (kind == 3) {
        random_text(&text);
        v = json_stringn(buf_str(&text), text.len);
        buf_done(&text);
        return v;
    }
    v = kind == 4 ? json_array() : json_object();
    for (unsigned n = below(6); n != 0; n--) {
        char name[8];

        snprintf(name, sizeof name, "%c%c%u", 32 + below(2), 65 + below(58) % 26, below(100));
        if (kind == 4)
            json_array_append_new(v, random_tree(depth - 1));
        else
            json_object_set_new(v, name, random_tree(depth - 1));
    }
    return v;
}

static void python_writes_the_same_canonical_bytes(void **state)
{
    char path[] = "/tmp/parley-jcs-XXXXXX", script[512];
    const char *source = getenv("PARLEY_SOURCE");
    FILE *f = fdopen(mkstemp(path), "w");
    int status = -1;
    pid_t child;

    (void)state;
    if (source == NULL)
        skip();
    for (int i = 0; i < 3000; i++) {
        json_t *tree = random_tree(5);
        char *plain;
        struct buf out = {0};

        assert_good(json_check(tree));
        plain =
            json_dumps(tree, JSON_ENSURE_ASCII | JSON_ENCODE_ANY | (below(2) ? JSON_COMPACT : 0));
        json_canonical(tree, &out);
        fprintf(f, "%s\t%s\n", plain, buf_str(&out));
        json_t *again = NULL;
        assert_good(json_read_canonical(buf_view(&out), (struct json_limits){100000, 8}, &again));
        assert_true(json_equal(tree, again));
        json_decref(again);
        json_decref(tree);
        free(plain);
        buf_done(&out);
    }
    assert_int_equal(fclose(f), 0);
    snprintf(script, sizeof script, "%s/tests/json/jcs.py", source);
    char python[] = "python3";
    char *argv[] = {python, script, path, NULL};
    assert_int_equal(posix_spawnp(&child, python, NULL, NULL, argv, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(path);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_the_profile_is_read),
        cmocka_unit_test(what_is_outside_the_profile_is_refused_with_its_place),
        cmocka_unit_test(a_nul_byte_is_refused_wherever_it_is),
        cmocka_unit_test(every_prefix_is_short),
        cmocka_unit_test(a_text_longer_than_its_limit_is_not_looked_at),
        cmocka_unit_test(no_limit_goes_beyond_the_deepest_we_recurse),
        cmocka_unit_test(only_the_canonical_dump_is_canonical),
        cmocka_unit_test(canonical_is_what_the_dump_says_of_changed_texts_too),
        cmocka_unit_test(the_indented_form_has_one_member_a_line),
        cmocka_unit_test(a_tree_of_our_own_is_checked_by_the_same_rules),
        cmocka_unit_test(python_writes_the_same_canonical_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

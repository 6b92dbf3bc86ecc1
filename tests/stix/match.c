/* stix/match.h over JSON: every operator with every type, references, bindings in time. */
#include "stix/match.h"

#include <stdlib.h>

#include "test.h"

static const char objects[] =
    "{'type':'observed-data','number_observed':1,'first_observed':'2020-01-01T00:00:00Z',"
    "'last_observed':'2020-01-01T00:00:00Z','objects':{"
    "'0':{'type':'x','int':5,'float':12.5,'whole':12.0,'big':9007199254740993,'text':'hello',"
    "'yes':true,'none':null,'list':[1,'two'],'inner':{'a-b':1},'raw_hex':'616c696365',"
    "'raw_bin':'YWxpY2U=','no_hex':'zz','time':'2020-01-01T00:00:01.5Z','no_time':'soon',"
    "'v4':'198.51.100.7','net':'198.51.100.0/24','v6':'2001:db8::1','name':'host.example',"
    "'peer_ref':'1','lost_ref':'9','odd_ref':5,'peer_refs':['9','1'],'odd_refs':'1',"
    "'extensions':{'x-ext':{'n':1}}},"
    "'1':{'type':'y','text':'there','back_refs':['0','1']}}}";

/* JSON with ' for ", so that it can be read here. */
static json_t *json(const char *text)
{
    char *copy = strdup(text);
    json_t *v;

    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    v = json_loads(copy, 0, NULL);
    free(copy);
    assert_non_null(v);
    return v;
}

enum { NO, YES, FORBIDDEN, TOO_MUCH };

static int ask(const char *text, const json_t *input)
{
    struct observed *o = NULL;
    struct pattern *p = NULL;
    struct pattern_error error = {0, ""};
    bool is_match = false;
    struct fault f;

    if (fault_is(pattern_parse(bytes_text(text), NULL, &p, &error)))
        fail_msg("%s: column %zu, expected %s", text, error.column, error.expected);
    assert_good(observed_read(input, &o, NULL));
    f = match_decide(p, o, &is_match);
    observed_free(o);
    pattern_free(p);
    if (fault_is(f))
        return f.kind == FAULT_MISMATCH ? FORBIDDEN : TOO_MUCH;
    return is_match ? YES : NO;
}

/* A row an operator and constant, a column a property: n no, y yes, ! forbidden. */
static void every_operator_with_every_type(void **state)
{
    static const char *const properties[] = {"int",  "float", "text",    "yes",     "none",
                                             "list", "inner", "raw_hex", "raw_bin", "time"};
    static const struct {
        const char *operator, * answers;
    } rows[] = {
        /*                                    int f t y n l i h b time */
        {"= 5", "ynnnnnnnnn"},
        {"= 5.0", "ynnnnnnnnn"},
        {"= 12.5", "nynnnnnnnn"},
        {"!= 5", "nyyyyyyyyy"},
        {"NOT != 5", "ynnnnnnnnn"},
        {"> 4.9", "yynnnnnnnn"},
        {"NOT > 4.9", "nnnnnnnnnn"}, /* neither order nor its negation over two types */
        {"<= 5", "ynnnnnnnnn"},
        {"= 'hello'", "nnynnnnnnn"},
        {"= 'alice'", "nnnnnnnyyn"},
        {"!= 'alice'", "yyyyyyynny"},
        {"> 'alice'", "nnynnnnnnn"},
        {">= 'alice'", "nnynnnnyyn"},
        {"< 'b'", "nnnnnnnyyy"},
        {"= true", "nnnynnnnnn"},
        {"!= true", "yyynyyyyyy"},
        {"= false", "nnnnnnnnnn"},
        {"= h'616c696365'", "nnnnnnnyyn"},
        {"= b'YWxpY2U='", "nnnnnnnyyn"},
        {"> h'61'", "nnynnnnyyn"},
        {"< '\xc4\x83'", "nnynnnnnny"}, /* no byte is U+0103: false over binary */
        {"NOT < '\xc4\x83'", "nnnnnnnyyn"},
        {"= t'2020-01-01T00:00:01.500Z'", "nn!nnnnnny"},
        {"!= t'2020-01-01T00:00:01.500Z'", "yy!yyyyyyn"},
        {"> t'2019-12-31T23:59:60Z'", "nn!nnnnnny"},
        {"IN (4, 5, 6.5)", "ynnnnnnnnn"},
        {"NOT IN (4, 5, 6.5)", "nyyyyyyyyy"},
        {"IN ('hello', 'alice')", "nnynnnnyyn"},
        {"IN (true, false)", "nnnynnnnnn"},
        {"IN (h'616c696365', b'AQ==')", "nnnnnnnyyn"},
        {"IN ()", "nnnnnnnnnn"},
        {"NOT IN ()", "yyyyyyyyyy"},
        {"LIKE '%l%'", "nnynnnnyyn"},
        {"NOT LIKE '%l%'", "yynyyyynny"},
        {"LIKE 'h_llo'", "nnynnnnnnn"},
        {"MATCHES 'l+'", "nnynnnnyyn"},
        {"NOT MATCHES 'l+'", "yynyyyynny"},
        {"MATCHES '^\\\\x61'", "nnnnnnnyyn"},
        {"ISSUBSET '10.0.0.0/8'", "nn!nnnnnn!"},
        {"NOT ISSUBSET '10.0.0.0/8'", "yy!yyyyyy!"},
    };
    json_t *input = json(objects);

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (size_t c = 0; c < 10; c++) {
            const char *want = rows[r].answers;
            char text[128];
            int got;

            snprintf(text, sizeof text, "[x:%s %s]", properties[c], rows[r].operator);
            got = ask(text, input);
            if ("ny!"[got] != want[c])
                fail_msg("%s: %c, expected %c", text, "ny!"[got], want[c]);
        }
    json_decref(input);
}

static void paths_and_references(void **state)
{
    static const struct {
        const char *text;
        int want;
    } cases[] = {
        {"[x:inner.'a-b' = 1]", YES},
        {"[x:extensions.'x-ext'.n = 1]", YES},
        {"[x:list[0] = 1]", YES},
        {"[x:list[1] = 'two']", YES},
        {"[x:list[2] = 1]", NO},
        {"[x:list[-1] = 'two']", NO},
        {"[x:list[*] = 'two']", YES},
        {"[x:list[*] != 'two']", YES}, /* one of them is not */
        {"[x:absent = 1]", NO},
        {"[x:absent != 1]", NO}, /* a path that leads nowhere is never true */
        {"[EXISTS x:none]", YES},
        {"[EXISTS x:absent]", NO},
        {"[NOT EXISTS x:absent]", YES},
        {"[NOT EXISTS z:absent]", NO}, /* there is no z that could lack it */
        {"[x:peer_ref.text = 'there']", YES},
        {"[x:peer_ref.type = 'y']", YES},
        {"[x:peer_ref = '1']", YES}, /* at its end a reference is the id */
        {"[x:lost_ref.text = 'there']", NO},
        {"[x:peer_refs[1].text = 'there']", YES},
        {"[x:peer_refs[*].text = 'there']", YES},
        {"[x:peer_refs[0].text = 'there']", NO}, /* counts though it does not resolve */
        {"[x:peer_ref.back_refs[*].int = 5]", YES},
        {"[x:odd_ref.text = 'there']", FORBIDDEN},
        {"[x:odd_refs[*].text = 'there']", FORBIDDEN},
        {"[x:no_hex = h'01']", FORBIDDEN},
        {"[x:no_time = t'2020-01-01T00:00:00Z']", FORBIDDEN},
        {"[x:int = 5 OR x:no_time = t'2020-01-01T00:00:00Z']", FORBIDDEN}, /* not hidden */
        {"[x:name ISSUBSET '10.0.0.0/8']", FORBIDDEN},
        {"[x:v4 ISSUBSET '198.51.100.99/24']", YES},
        {"[x:net ISSUPERSET '198.51.100.7']", YES},
        {"[x:net ISSUBSET '198.51.100.0/25']", NO},
        {"[x:v6 ISSUBSET '2001:0db8:0:0:0:0:0:0/32']", YES},
        {"[x:v6 ISSUBSET '0.0.0.0/0']", NO},
        {"[x:big = 9007199254740992.0]", NO}, /* an integer that no double holds */
        {"[x:big > 9007199254740992.0]", YES},
        {"[x:int = 5 AND y:text = 'there']", NO}, /* both of one object */
        {"[x:int = 5 OR y:text = 'nowhere']", YES},
        {"[(x:int = 4 OR x:int = 5) AND x:text = 'hello']", YES},
        {"[x:int = 4 OR x:int = 5 AND x:text = 'no']", NO},
    };
    json_t *input = json(objects);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (ask(cases[i].text, input) != cases[i].want)
            fail_msg("%s", cases[i].text);
    json_decref(input);
}

/* "Unicode normalization is not done for = ..; LIKE and MATCHES compare in NFC" (9.6.2). */
static void only_like_and_matches_normalize(void **state)
{
    json_t *input = json("{'first_observed':'2020-01-01T00:00:00Z','number_observed':1,"
                         "'last_observed':'2020-01-01T00:00:00Z','objects':{'0':{'type':'x',"
                         "'t':'e\xcc\x81'}}}");

    (void)state;
    assert_int_equal(ask("[x:t = '\xc3\xa9']", input), NO);
    assert_int_equal(ask("[x:t = 'e\xcc\x81']", input), YES);
    assert_int_equal(ask("[x:t LIKE '\xc3\xa9']", input), YES);
    assert_int_equal(ask("[x:t LIKE '_']", input), YES);
    assert_int_equal(ask("[x:t MATCHES '^\xc3\xa9$']", input), YES);
    json_decref(input);
}

/* n observations, a second apart, of one object with its number in `n`, each seen `number` times.
 */
static json_t *series(int n, int number)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        char when[32];

        snprintf(when, sizeof when, "2020-01-01T00:%02d:%02dZ", i / 60, i % 60);
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:{s:{s:s, s:i}}}", "first_observed",
                                              when, "last_observed", when, "number_observed",
                                              number, "objects", "0", "type", "x", "n", i));
    }
    return list;
}

static void observations_are_distinct_and_in_time(void **state)
{
    static const struct {
        const char *text;
        int want;
    } cases[] = {
        {"[x:n = 1] AND [x:n = 1]", NO},
        {"[x:n = 1] AND [x:n < 2]", YES},
        {"[x:n < 2] AND [x:n = 1] AND [x:n = 0]", NO},
        {"[x:n = 1] FOLLOWEDBY [x:n = 0]", NO},
        {"[x:n = 0] FOLLOWEDBY [x:n = 1] FOLLOWEDBY [x:n = 2]", YES},
        {"[x:n = 9] OR [x:n = 99] FOLLOWEDBY [x:n = 0]", NO}, /* FOLLOWEDBY binds loosest */
        {"[x:n = 0] OR [x:n = 98] AND [x:n = 99]", YES},
        {"[x:n >= 0] REPEATS 20 TIMES", YES},
        {"[x:n >= 0] REPEATS 21 TIMES", NO},
        {"[x:n >= 0] REPEATS 10 TIMES WITHIN 9 SECONDS", YES},
        {"[x:n >= 0] REPEATS 10 TIMES WITHIN 8 SECONDS", NO},
        {"[x:n >= 0] REPEATS 10 TIMES WITHIN 8.999999999 SECONDS", NO},
        {"[x:n >= 0] REPEATS 5 TIMES REPEATS 4 TIMES", YES},
        {"[x:n >= 0] REPEATS 5 TIMES REPEATS 5 TIMES", NO},
        {"([x:n >= 0] FOLLOWEDBY [x:n > 5]) REPEATS 10 TIMES", YES},
        {"([x:n = 0] AND [x:n = 5]) WITHIN 4 SECONDS", NO},
        {"([x:n = 0] AND [x:n = 5]) WITHIN 5 SECONDS", YES},
        {"[x:n = 0] START t'2020-01-01T00:00:00Z' STOP t'2020-01-01T00:00:01Z'", YES},
        {"[x:n = 1] START t'2020-01-01T00:00:00Z' STOP t'2020-01-01T00:00:01Z'", NO},
        {"[x:n = 0] START t'2020-01-01T00:00:00Z' STOP t'2020-01-01T00:00:00Z'", NO},
        {"([x:n < 3] OR [x:n > 16]) REPEATS 6 TIMES", YES},
        {"([x:n < 3] OR [x:n > 16]) REPEATS 7 TIMES", NO},
        {"([x:n < 2] OR ([x:n = 5] AND [x:n = 6])) REPEATS 3 TIMES", YES},
        {"([x:n < 2] OR ([x:n = 5] AND [x:n = 6])) REPEATS 4 TIMES", NO},
    };
    json_t *input = series(20, 1);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (ask(cases[i].text, input) != cases[i].want)
            fail_msg("%s", cases[i].text);
    json_decref(input);
}

static void number_observed_counts(void **state)
{
    json_t *input = series(2, 500000000);

    (void)state;
    assert_int_equal(ask("[x:n >= 0] REPEATS 1000000000 TIMES", input), YES);
    assert_int_equal(ask("[x:n = 0] REPEATS 500000001 TIMES", input), NO);
    assert_int_equal(ask("[x:n = 0] AND [x:n = 0]", input), YES);
    assert_int_equal(
        ask("[x:n = 0] REPEATS 500000000 TIMES AND [x:n >= 0] REPEATS 500000001 TIMES", input), NO);
    json_decref(input);
}

/* What no search could go through ends at the budget, and is not called "no match". */
static void a_spent_budget_is_said(void **state)
{
    json_t *input = series(60, 1);

    (void)state;
    /* fifteen runs of three, each with room for one pair of neighbours: sixteen are looked for */
    assert_int_equal(
        ask("(([x:n NOT IN (3, 7, 11, 15, 19, 23, 27, 31, 35, 39, 43, 47, 51, 55, 59)] "
            "REPEATS 2 TIMES) WITHIN 1 SECONDS) REPEATS 16 TIMES",
            input),
        TOO_MUCH);
    json_decref(input);
    input = json("{'first_observed':'2020-01-01T00:00:00Z','number_observed':1,"
                 "'last_observed':'2020-01-01T00:00:00Z','objects':{"
                 "'0':{'type':'x','a_refs':['0','1','0','1'],'n':1},"
                 "'1':{'type':'x','a_refs':['0','1','0','1'],'n':2}}}");
    assert_int_equal(ask("[x:a_refs[*].a_refs[*].a_refs[*].a_refs[*].a_refs[*].a_refs[*].a_refs[*]."
                         "a_refs[*].a_refs[*].a_refs[*].a_refs[*].a_refs[*].a_refs[*].n = 3]",
                         input),
                     TOO_MUCH);
    json_decref(input);
}

static void a_bundle_shows_only_what_it_refers_to(void **state)
{
    json_t *input =
        json("[{'type':'bundle','objects':[{'type':'observed-data','id':'o','object_refs':"
             "['x--1','x--9','identity--1'],'number_observed':1,"
             "'first_observed':'2020-01-01T00:00:00Z','last_observed':'2020-01-01T00:00:00Z'},"
             "{'type':'x','id':'x--1','n':1,'peer_ref':'x--2'},{'type':'x','id':'x--2','n':2},"
             "{'type':'identity','id':'identity--1','n':3}]}]");

    (void)state;
    assert_int_equal(ask("[x:n = 1]", input), YES);
    assert_int_equal(ask("[x:n = 2]", input), NO);
    assert_int_equal(ask("[x:peer_ref.n = 2]", input), NO); /* not of this observation */
    assert_int_equal(ask("[identity:n = 3]", input), NO);
    assert_int_equal(ask("[observed-data:number_observed = 1]", input), NO);
    json_decref(input);
}

static void observations_that_are_none_are_refused(void **state)
{
#define TIMES "'first_observed':'2020-01-01T00:00:00Z','last_observed':'2020-01-01T00:00:00Z'"
    static const struct {
        const char *text;
        enum fault_kind kind;
    } wrong[] = {
        {"[5]", FAULT_SYNTAX},
        {"[{}]", FAULT_MISSING},
        {"[{" TIMES ",'number_observed':1}]", FAULT_MISSING},
        {"[{" TIMES ",'number_observed':0,'objects':{}}]", FAULT_RANGE},
        {"[{" TIMES ",'number_observed':'1','objects':{}}]", FAULT_MISSING},
        {"[{" TIMES ",'number_observed':1,'objects':{'0':5}}]", FAULT_SYNTAX},
        {"[{" TIMES ",'number_observed':1,'object_refs':[5]}]", FAULT_SYNTAX},
        {"[{'first_observed':'2020-01-02T00:00:00Z','last_observed':'2020-01-01T00:00:00Z',"
         "'number_observed':1,'objects':{}}]",
         FAULT_RANGE},
        {"[{'first_observed':'soon','last_observed':'2020-01-01T00:00:00Z',"
         "'number_observed':1,'objects':{}}]",
         FAULT_RANGE},
        {"[{'type':'bundle'}]", FAULT_MISSING},
        {"[{'type':'bundle','objects':[5]}]", FAULT_SYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_t *input = json(wrong[i].text);
        struct observed *o = NULL;
        struct fault f = observed_read(input, &o, NULL);

        if (f.kind != wrong[i].kind || o != NULL)
            fail_msg("%s: %s", wrong[i].text, fault_word(f.kind));
        json_decref(input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_with_every_type),
        cmocka_unit_test(paths_and_references),
        cmocka_unit_test(only_like_and_matches_normalize),
        cmocka_unit_test(observations_are_distinct_and_in_time),
        cmocka_unit_test(number_observed_counts),
        cmocka_unit_test(a_spent_budget_is_said),
        cmocka_unit_test(a_bundle_shows_only_what_it_refers_to),
        cmocka_unit_test(observations_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

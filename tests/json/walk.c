#include "json/walk.h"

#include "base/buf.h"
#include "test.h"

/* The tokens one behind the other: "{" "[" "." for an end, keys with ":", texts in quotes. */
static struct fault walked(struct bytes text, struct buf *out)
{
    struct walk w = walk_over(text, "RFC 8259");
    struct walk_token t;

    while (walk_next(&w, &t)) {
        if (t.key.len > 0)
            buf_print(out, "%.*s:", (int)t.key.len, (const char *)t.key.data);
        if (t.kind == WALK_OBJECT)
            buf_text(out, "{");
        else if (t.kind == WALK_LIST)
            buf_text(out, "[");
        else if (t.kind == WALK_CLOSE)
            buf_text(out, ".");
        else
            buf_print(out, t.kind == WALK_TEXT ? "\"%.*s\" " : "%.*s ", (int)t.bytes.len,
                      (const char *)t.bytes.data);
    }
    return w.in.fault;
}

static const char good[] = " { \"a\" : [ 1,-2.5e+3,true , \"\", \"x\\\\\" ],\n"
                           "\"b\":{\"c\":null,\"d\":\"\\\"],\\\\\\\"\"},\"e\":[],\"f\":{}}\t";

static void a_text_comes_as_its_tokens(void **unused)
{
    struct buf out = {0};

    (void)unused;
    assert_good(walked(bytes_text(good), &out));
    assert_string_equal(buf_str(&out),
                        "{a:[1 -2.5e+3 true \"\" \"x\\\\\" .b:{c:null d:\"\\\"],\\\\\\\"\" ."
                        "e:[.f:{..");
    buf_done(&out);
}

static void every_prefix_of_a_text_is_short(void **unused)
{
    (void)unused;
    for (size_t n = 0; n < sizeof good - 2; n++) {
        struct buf out = {0};

        assert_fault(walked(bytes_of(good, n), &out), FAULT_SHORT);
        buf_done(&out);
    }
}

static const struct {
    const char *text;
    enum fault_kind kind;
    size_t at;
} wrong[] = {
    {"1", FAULT_SYNTAX, 0},
    {"\"a\"", FAULT_SYNTAX, 0},
    {"[1,]", FAULT_SYNTAX, 3},
    {"[,1]", FAULT_SYNTAX, 1},
    {"[1 2]", FAULT_SYNTAX, 3},
    {"[}", FAULT_SYNTAX, 1},
    {"{]", FAULT_SYNTAX, 1},
    {"{1:2}", FAULT_SYNTAX, 1},
    {"{\"a\"}", FAULT_SYNTAX, 4},
    {"{\"a\":}", FAULT_SYNTAX, 5},
    {"[tru]", FAULT_SYNTAX, 1},
    {"[+1]", FAULT_SYNTAX, 1},
    {"[1e]", FAULT_SYNTAX, 1},
    {"[] []", FAULT_EXTRA, 3},
    {"{\"a\":1,}", FAULT_SYNTAX, 7},
    {"{\"a\" 1}", FAULT_SYNTAX, 5},
    {"[\"a\"\"b\"]", FAULT_SYNTAX, 4},
    {"[1]\xff", FAULT_EXTRA, 3},
};

static void what_is_no_json_is_refused_at_its_byte(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buf out = {0};
        struct fault f = walked(bytes_text(wrong[i].text), &out);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %zu", wrong[i].text, fault_word(f.kind), f.at);
        buf_done(&out);
    }
}

static struct fault run_of(char before, char c, size_t n)
{
    struct buf text = {0}, out = {0};
    struct fault f;

    buf_byte(&text, (uint8_t)before);
    for (size_t i = 0; i < n; i++)
        buf_byte(&text, (uint8_t)c);
    f = walked(buf_view(&text), &out);
    buf_done(&text);
    buf_done(&out);
    return f;
}

static void depth_blanks_and_words_have_their_limit(void **unused)
{
    (void)unused;
    assert_fault(run_of('[', '[', WALK_DEPTH - 1), FAULT_SHORT);
    assert_fault(run_of('[', '[', WALK_DEPTH), FAULT_LIMIT);
    assert_fault(run_of('[', ' ', WALK_RUN), FAULT_SHORT);
    assert_fault(run_of('[', ' ', WALK_RUN + 1), FAULT_LIMIT);
    assert_fault(run_of('[', '1', WALK_RUN + 1), FAULT_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_comes_as_its_tokens),
        cmocka_unit_test(every_prefix_of_a_text_is_short),
        cmocka_unit_test(what_is_no_json_is_refused_at_its_byte),
        cmocka_unit_test(depth_blanks_and_words_have_their_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "ledger/checkpoint.h"

#include "test.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define GOOD "example.com/behind-the-sofa\n20852163\n" ROOT

static void the_specifications_example_is_read_and_written_back(void **state)
{
    struct checkpoint c;
    struct buf back = {0};

    (void)state;
    assert_good(checkpoint_parse(bytes_text(GOOD), &c));
    assert_true(bytes_is(c.origin, "example.com/behind-the-sofa"));
    assert_int_equal(c.size, 20852163);
    assert_int_equal(c.root.byte[0], 0x0a);
    checkpoint_write(&c, &back);
    assert_string_equal(buf_str(&back), GOOD);
    buf_done(&back);
}

static void wrong_forms_are_refused_at_their_byte(void **state)
{
    static const struct {
        const char *name, *text;
        enum fault_kind kind;
        size_t at;
    } wrong[] = {
        {"no origin", "\n7\n" ROOT, FAULT_SYNTAX, 0},
        {"an origin with a space", "a b\n7\n" ROOT, FAULT_SYNTAX, 0},
        {"an origin with a plus", "a+b\n7\n" ROOT, FAULT_SYNTAX, 0},
        {"size has a leading zero", "a.example/log\n07\n" ROOT, FAULT_SYNTAX, 14},
        {"size has a sign", "a.example/log\n+7\n" ROOT, FAULT_SYNTAX, 14},
        {"size is 2^63", "a.example/log\n9223372036854775808\n" ROOT, FAULT_RANGE, 14},
        {"root is three bytes", "a.example/log\n7\nAAAA\n", FAULT_SYNTAX, 16},
        {"an extension line", GOOD "x\n", FAULT_EXTRA, sizeof GOOD - 1},
        {"an empty line", GOOD "\n", FAULT_EXTRA, sizeof GOOD - 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct checkpoint c;
        struct fault f = checkpoint_parse(bytes_text(wrong[i].text), &c);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
    }
}

static void every_prefix_of_a_checkpoint_is_short(void **state)
{
    struct checkpoint c;

    (void)state;
    for (size_t n = 0; n < sizeof GOOD - 1; n++)
        assert_fault(checkpoint_parse(bytes_of(GOOD, n), &c), FAULT_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specifications_example_is_read_and_written_back),
        cmocka_unit_test(wrong_forms_are_refused_at_their_byte),
        cmocka_unit_test(every_prefix_of_a_checkpoint_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "proof/bundle.h"

#include "base/memory.h"
#include "test.h"

static struct bundle *small(void)
{
    struct bundle *b = bundle_new((const size_t[]){2, 1}, (const size_t[]){2, 1});

    b->case_id = bytes_text("C-0123456789ABCDEF");
    b->agreement_count = 1;
    b->agreements[0] = (struct bundle_agreement){bytes_text("{}"), bytes_text("{\"s\":1}\n")};
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        struct bundle_log *log = &b->logs[i];

        log->origin = bytes_text(i == 0 ? "a/parley/x" : "b/parley/x");
        for (size_t k = 0; k < log->head_count; k++)
            log->heads[k] = bytes_text("origin\n1\nroot\n\n\xe2\x80\x94 a b\n");
        for (size_t k = 0; k + 1 < log->head_count; k++)
            log->growth[k] = (struct tree_path){.count = 1, .hash = {{{7}}}};
        for (size_t k = 0; k < log->entry_count; k++)
            log->entries[k] = (struct bundle_entry){
                k * 5, bytes_text("parley-entry/v1\n"), bytes_text("{}"), {.count = k}};
    }
    return b;
}

static void a_bundle_is_read_as_it_was_written(void **state)
{
    struct bundle *b = small(), *back;
    struct buf first = {0}, second = {0};

    (void)state;
    bundle_write(b, &first);
    assert_good(bundle_parse(buf_view(&first), &back, NULL));
    assert_true(bytes_equal(back->case_id, b->case_id));
    assert_int_equal(back->logs[0].entries[1].index, 5);
    assert_int_equal(back->logs[0].growth[0].hash[0].byte[0], 7);
    bundle_write(back, &second);
    assert_true(bytes_equal(buf_view(&first), buf_view(&second)));
    bundle_free(b);
    bundle_free(back);
    buf_done(&first);
    buf_done(&second);
}

/* A document that was refused is not there: no bytes, and not even a pointer to none. */
static void a_document_that_is_not_here_is_empty(void **state)
{
    struct bundle *b = small(), *back;
    struct buf text = {0};

    (void)state;
    b->logs[0].entries[1].document = (struct bytes){NULL, 0};
    bundle_write(b, &text);
    assert_good(bundle_parse(buf_view(&text), &back, NULL));
    assert_int_equal(back->logs[0].entry_count, 2);
    assert_int_equal(back->logs[0].entries[1].document.len, 0);
    bundle_free(b);
    bundle_free(back);
    buf_done(&text);
}

static void every_prefix_of_a_bundle_is_refused(void **state)
{
    struct bundle *b = small(), *back = NULL;
    struct buf text = {0};

    (void)state;
    bundle_write(b, &text);
    for (size_t n = 0; n < text.len; n++)
        assert_true(fault_is(bundle_parse(bytes_of(text.data, n), &back, NULL)));
    assert_null(back);
    bundle_free(b);
    buf_done(&text);
}

static void a_member_that_does_not_belong_is_named(void **state)
{
    static const struct {
        const char *from, *to, *path;
        enum fault_kind kind;
    } wrong[] = {
        {"\"v\":1", "\"v\":2", "", FAULT_UNKNOWN},
        {"parley-case", "parley-cast", "kind", FAULT_UNKNOWN},
        {"\"index\":5", "\"index\":-5", "logs[0].entries[1].index", FAULT_RANGE},
        {"\"proof\":[\"", "\"proof\":[\"A", "logs[0].entries[1].proof[0]", FAULT_SYNTAX},
        {"\"origin\":\"a/", "\"orijin\":\"a/", "logs[0]", FAULT_MISSING},
    };
    struct bundle *b = small(), *back = NULL;
    struct buf text = {0};

    (void)state;
    bundle_write(b, &text);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *whole = buf_str(&text), *at = strstr(whole, wrong[i].from);
        struct buf changed = {0};
        char path[BUNDLE_PATH];
        struct fault f;

        assert_non_null(at);
        buf_add(&changed, whole, (size_t)(at - whole));
        buf_text(&changed, wrong[i].to);
        buf_text(&changed, at + strlen(wrong[i].from));
        f = bundle_parse(buf_view(&changed), &back, path);
        if (f.kind != wrong[i].kind || strncmp(path, wrong[i].path, strlen(wrong[i].path)) != 0)
            fail_msg("%s: %s, path %s", wrong[i].to, fault_word(f.kind), path);
        buf_done(&changed);
    }
    bundle_free(b);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_is_read_as_it_was_written),
        cmocka_unit_test(a_document_that_is_not_here_is_empty),
        cmocka_unit_test(every_prefix_of_a_bundle_is_refused),
        cmocka_unit_test(a_member_that_does_not_belong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

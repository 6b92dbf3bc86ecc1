#include "desk/shelf.h"

#include "test.h"

/* A document of one text, as disclosed. */
static void make(const char *text, size_t repeat, struct buf *out)
{
    static const uint8_t secret[DOCUMENT_SECRET] = {7};
    struct buf value = {0};
    struct document *d;
    json_t *fields;

    for (size_t i = 0; i < repeat; i++)
        buf_text(&value, text);
    fields = json_pack("{s:s}", "text", buf_str(&value));
    assert_good(document_new(fields, secret, &d));
    document_disclose(d, NULL, 0, NULL, 0, out);
    document_free(d);
    json_decref(fields);
    buf_done(&value);
}

static void the_same_bytes_are_read_once_and_belong_to_each_who_asked(void **state)
{
    static struct shelf s;
    struct disclosed *first, *second;
    struct buf text = {0};

    (void)state;
    make("hello", 1, &text);
    assert_good(shelf_read(&s, buf_view(&text), &first));
    assert_good(shelf_read(&s, buf_view(&text), &second));
    assert_ptr_equal(first, second);
    disclosed_free(first);
    shelf_done(&s);
    assert_string_equal(disclosed_text(second, "text"), "hello"); /* ours still */
    disclosed_free(second);
    buf_done(&text);
}

static void other_bytes_are_another_document_whatever_lies_in_their_place(void **state)
{
    static struct shelf s;

    (void)state;
    for (size_t i = 0; i < 4 * SHELF_PLACES; i++) {
        struct disclosed *d;
        struct buf text = {0};
        char word[24];

        snprintf(word, sizeof word, "w%zu", i);
        make(word, 1, &text);
        assert_good(shelf_read(&s, buf_view(&text), &d));
        assert_string_equal(disclosed_text(d, "text"), word);
        disclosed_free(d);
        buf_done(&text);
    }
    shelf_done(&s);
}

static void what_is_no_document_is_a_fault_each_time_and_a_long_one_is_not_kept(void **state)
{
    static struct shelf s;
    struct disclosed *first, *second;
    struct buf text = {0};

    (void)state;
    assert_fault(shelf_read(&s, bytes_text("{}"), &first), FAULT_MISSING);
    assert_fault(shelf_read(&s, bytes_text("{}"), &first), FAULT_MISSING);
    make("0123456789abcdef", SHELF_LONGEST / 16, &text);
    assert_true(text.len > SHELF_LONGEST);
    assert_good(shelf_read(&s, buf_view(&text), &first));
    assert_good(shelf_read(&s, buf_view(&text), &second));
    assert_ptr_not_equal(first, second);
    disclosed_free(first);
    disclosed_free(second);
    shelf_done(&s);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_are_read_once_and_belong_to_each_who_asked),
        cmocka_unit_test(other_bytes_are_another_document_whatever_lies_in_their_place),
        cmocka_unit_test(what_is_no_document_is_a_fault_each_time_and_a_long_one_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

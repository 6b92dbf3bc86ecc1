#include "hotline/post.h"

#include "model/permit_make.h"
#include "model/stored_make.h"
#include "test.h"

#include "crypto/digest.h"

#define DOCUMENT "{\"v\":1}"

struct door {
    struct conversation c;
    struct entry e;
    struct buf text;
    struct permit *permit;
    struct stored *stored;
};

static struct digest leaf_of(const struct buf *text)
{
    return digest_of_two(bytes_of("\0", 1), buf_view(text));
}

static struct entry an_entry(void)
{
    struct entry e = {.agreement = "cn-ru-2015",
                      .version = 1,
                      .from = "a",
                      .kind = KIND_NOTICE,
                      .class = CLASS_REAL,
                      .case_id = "C-0123456789ABCDEF",
                      .number = 1,
                      .time = instant_of_seconds(1764063000),
                      .leaves = 8,
                      .permit_kind = PERMIT_DIGEST};

    e.disclosed = digest_of(bytes_text(DOCUMENT));
    e.disclosed_length = sizeof DOCUMENT - 1;
    e.permit = digest_of(bytes_text("permit"));
    return e;
}

static struct door open_door(uint64_t index)
{
    struct door d = {.e = an_entry()};
    struct conversation_start s = {.partner = "b", .own = 4, .bound = 3};

    conversation_init(&d.c, &s);
    entry_write(&d.e, &d.text);
    d.permit = permit_new(PERMIT_DIGEST, bytes_text("permit"), d.e.permit, d.e.disclosed, "b");
    d.stored = stored_new(index, leaf_of(&d.text));
    return d;
}

static void close_door(struct door *d)
{
    permit_free(d->permit);
    stored_free(d->stored);
    buf_done(&d->text);
}

static void what_is_permitted_and_stored_is_posted_once(void **state)
{
    struct door d = open_door(3);

    (void)state;
    assert_int_equal(d.c.posted, 3);
    for (int i = 0; i < 2; i++) {
        assert_good(
            hotline_post(&d.c, buf_view(&d.text), bytes_text(DOCUMENT), d.permit, d.stored));
        assert_int_equal(d.c.posted, 4);
    }
    close_door(&d);
}

static void what_was_not_posted_is_not_pushed(void **state)
{
    struct door d = open_door(3);
    struct conversation_actions out = {0};
    struct tick now = {0};

    (void)state;
    conversation_link_up(&d.c, 1, true, now, &out);
    conversation_hello_sent(&d.c, 1, now, &out);
    conversation_hello(&d.c, 1, HEAD_PREFIX, 3, now, &out);
    out.count = 0;
    conversation_own(&d.c, 4, now, &out);
    assert_int_equal(out.count, 0);
    assert_good(hotline_post(&d.c, buf_view(&d.text), bytes_text(DOCUMENT), d.permit, d.stored));
    conversation_own(&d.c, 4, now, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.item[0].what, CONVERSATION_PUSH);
    assert_int_equal(out.item[0].first, 3);
    assert_int_equal(out.item[0].size, 4);
    close_door(&d);
}

static void papers_of_something_else_open_no_door(void **state)
{
    struct digest other = digest_of(bytes_text("other"));
    const struct digest good = an_entry().permit, bytes = an_entry().disclosed;
    struct {
        const char *name;
        struct permit *permit;
        struct stored *stored;
        const char *document;
        enum fault_kind kind;
    } wrong[] = {
        {"a permit for other bytes", permit_new(PERMIT_DIGEST, bytes_text("p"), good, other, "b"),
         NULL, DOCUMENT, FAULT_MISMATCH},
        {"another permit", permit_new(PERMIT_DIGEST, bytes_text("p"), other, bytes, "b"), NULL,
         DOCUMENT, FAULT_MISMATCH},
        {"an automatic permit", permit_new(PERMIT_AUTOMATIC, bytes_text(""), good, bytes, "b"),
         NULL, DOCUMENT, FAULT_MISMATCH},
        {"another recipient", permit_new(PERMIT_DIGEST, bytes_text("p"), good, bytes, "c"), NULL,
         DOCUMENT, FAULT_MISMATCH},
        {"other bytes", NULL, NULL, "{\"v\":2}", FAULT_MISMATCH},
        {"another leaf", NULL, stored_new(3, other), DOCUMENT, FAULT_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct door d = open_door(3);
        struct fault f = hotline_post(&d.c, buf_view(&d.text), bytes_text(wrong[i].document),
                                      wrong[i].permit != NULL ? wrong[i].permit : d.permit,
                                      wrong[i].stored != NULL ? wrong[i].stored : d.stored);

        if (f.kind != wrong[i].kind || d.c.posted != 3)
            fail_msg("%s: %s", wrong[i].name, fault_word(f.kind));
        permit_free(wrong[i].permit);
        stored_free(wrong[i].stored);
        close_door(&d);
    }
}

static void entries_are_posted_in_the_order_of_the_log(void **state)
{
    struct door d = open_door(4);

    (void)state;
    assert_fault(hotline_post(&d.c, buf_view(&d.text), bytes_text(DOCUMENT), d.permit, d.stored),
                 FAULT_ORDER);
    assert_int_equal(d.c.posted, 3);
    close_door(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_permitted_and_stored_is_posted_once),
        cmocka_unit_test(what_was_not_posted_is_not_pushed),
        cmocka_unit_test(papers_of_something_else_open_no_door),
        cmocka_unit_test(entries_are_posted_in_the_order_of_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

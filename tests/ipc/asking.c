/* The bodies of a TAXII request's messages: ipc/asking.h. */
#include "ipc/asking.h"

#include "ipc/message.h"
#include "test.h"

#include "prefixes.h"

static struct bytes text(const char *t)
{
    return bytes_text(t);
}

static struct fault ask_read(struct bytes body)
{
    struct asking a;

    return asking_parse(body, &a);
}

static struct fault answer_read(struct bytes body)
{
    struct answering a;

    return answering_parse(body, &a);
}

static struct fault posting_read(struct bytes body)
{
    struct posting p;

    return posting_parse(body, &p);
}

static struct fault released_read(struct bytes body)
{
    struct releasing r;

    return releasing_parse(body, &r);
}

static struct fault number_read(struct bytes body)
{
    uint64_t number;

    return asking_number_parse(body, &number);
}

static void write_each(size_t which, struct buf *out)
{
    struct asking ask = {.number = 7, .method = 2, .has_pin = true, .pin = {1, 2, 3}};
    struct answering answer = {.number = 7, .status = 405, .challenge = true, .has_dates = true};
    struct posting posting = {.number = 7};
    struct releasing releasing = {.tlp = 2, .count = 2};
    static const uint8_t digests[64] = {1};

    switch (which) {
    case 0:
        ask.path = text("/own/");
        ask.query = text("limit=1");
        ask.accept = text("*/*");
        ask.content_type = text("a/b");
        ask.authorization = text("Basic eA==");
        ask.from = text("192.0.2.1");
        asking_write(&ask, out);
        break;
    case 1:
        answer.first = 1;
        answer.last = -1;
        answer.allow = 2;
        answer.retry = 9;
        answer.body = text("{}");
        answering_write(&answer, out);
        break;
    case 2:
        posting.body = text("{}");
        posting.judged = text("list");
        posting_write(&posting, out);
        break;
    case 3:
        releasing.agreement = text("pact");
        releasing.digests = bytes_of(digests, sizeof digests);
        releasing_write(&releasing, out);
        break;
    default:
        buf_u64(out, 7);
    }
}

static struct fault (*const readers[])(struct bytes) = {ask_read, answer_read, posting_read,
                                                        released_read, number_read};
enum { READERS = sizeof readers / sizeof readers[0] };

static void what_is_written_is_read_back(void **state)
{
    struct buf b = {0};
    struct asking ask;
    struct answering answer;
    struct posting posting;
    struct releasing releasing;
    uint64_t number;

    (void)state;
    write_each(0, &b);
    assert_good(asking_parse(buf_view(&b), &ask));
    assert_true(ask.number == 7 && ask.method == 2 && ask.has_pin && ask.pin[2] == 3);
    assert_true(bytes_is(ask.path, "/own/") && bytes_is(ask.query, "limit=1"));
    assert_true(bytes_is(ask.accept, "*/*") && bytes_is(ask.content_type, "a/b"));
    assert_true(bytes_is(ask.authorization, "Basic eA==") && bytes_is(ask.from, "192.0.2.1"));
    buf_clear(&b);
    write_each(1, &b);
    assert_good(answering_parse(buf_view(&b), &answer));
    assert_true(answer.number == 7 && answer.status == 405 && answer.challenge);
    assert_true(answer.has_dates && answer.first == 1 && answer.last == -1);
    assert_true(answer.allow == 2 && answer.retry == 9 && bytes_is(answer.body, "{}"));
    buf_clear(&b);
    write_each(2, &b);
    assert_good(posting_parse(buf_view(&b), &posting));
    assert_true(posting.number == 7 && bytes_is(posting.body, "{}"));
    assert_true(bytes_is(posting.judged, "list"));
    buf_clear(&b);
    write_each(3, &b);
    assert_good(releasing_parse(buf_view(&b), &releasing));
    assert_true(bytes_is(releasing.agreement, "pact") && releasing.tlp == 2);
    assert_true(releasing.count == 2 && releasing.digests.len == 64);
    buf_clear(&b);
    write_each(4, &b);
    assert_good(asking_number_parse(buf_view(&b), &number));
    assert_int_equal(number, 7);
    buf_done(&b);
}

static void every_prefix_is_short_and_one_byte_more_is_extra(void **state)
{
    (void)state;
    for (size_t which = 0; which < READERS; which++) {
        struct buf b = {0};

        write_each(which, &b);
        buf_byte(&b, 0);
        assert_read_whole_alone(readers[which], bytes_of(b.data, b.len - 1));
        buf_done(&b);
    }
}

static void assert_fault_at(struct fault f, enum fault_kind kind, size_t at)
{
    assert_int_equal(f.kind, kind);
    assert_int_equal(f.at, at);
}

static void what_is_beyond_its_limit_is_refused_with_its_place(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_u64(&b, 1);
    buf_byte(&b, 1);
    buf_u32(&b, ASKING_LINE + 1);
    assert_fault_at(ask_read(buf_view(&b)), FAULT_LIMIT, 9);
    buf_clear(&b);
    buf_u64(&b, 1);
    buf_u32(&b, ASKING_BODY + 1);
    assert_fault_at(posting_read(buf_view(&b)), FAULT_LIMIT, 8);
    buf_clear(&b);
    buf_part(&b, text("pact"));
    buf_byte(&b, 1);
    buf_byte(&b, 1);
    buf_u32(&b, ASKING_RELEASED + 1);
    assert_fault_at(released_read(buf_view(&b)), FAULT_LIMIT, 10);
    b.data[9] = 2;
    assert_fault_at(released_read(buf_view(&b)), FAULT_RANGE, 9);
    buf_clear(&b);
    write_each(1, &b);
    b.data[10] = 2;
    assert_fault_at(answer_read(buf_view(&b)), FAULT_RANGE, 10);
    buf_done(&b);
}

/* A posted body and what judge says of it go in one message, whatever is in it. */
static void the_largest_of_each_fits_a_message(void **state)
{
    (void)state;
    assert_true(ASKING_BODY + ASKING_JUDGED + 64 < MESSAGE_MAX);
    assert_true(ASKING_ANSWER + 64 < MESSAGE_MAX);
    assert_true(6 * ASKING_LINE + 128 < MESSAGE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(every_prefix_is_short_and_one_byte_more_is_extra),
        cmocka_unit_test(what_is_beyond_its_limit_is_refused_with_its_place),
        cmocka_unit_test(the_largest_of_each_fits_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

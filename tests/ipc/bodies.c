/* The bodies of messages that several processes share: ipc/setup.h, ipc/link.h. */
#include "ipc/link.h"
#include "ipc/setup.h"

#include "ipc/message.h"
#include "ipc/sample.h"
#include "test.h"

#include "prefixes.h"

static struct fault setup_read(struct bytes body)
{
    struct setup s;

    return setup_parse(body, &s);
}

static struct fault up_read(struct bytes body)
{
    struct link_up u;

    return link_up_parse(body, &u);
}

static struct fault frame_read(struct bytes body)
{
    struct link_frame f;

    return link_frame_parse(body, &f);
}

static struct fault close_read(struct bytes body)
{
    struct link_end e;

    return link_close_parse(body, &e);
}

static struct fault down_read(struct bytes body)
{
    struct link_end e;

    return link_down_parse(body, &e);
}

static struct fault sample_read(struct bytes body)
{
    struct cursor in = cursor_over(body, "sample");
    struct sample s;

    sample_take(&in, &s);
    cursor_end(&in);
    return in.fault;
}

static const struct sample a_sample = {
    .digest = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32},
    .incident = {(const uint8_t *)"4 b - - 2026", 12},
    .source = {(const uint8_t *)"eve", 3},
    .offset = 70000000000,
    .length = 3,
    .raw = {(const uint8_t *)"raw", 3},
    .account = {(const uint8_t *)"{}", 2},
};

static const struct setup a_setup = {
    .settings = {(const uint8_t *)"{}", 2},
    .party = {(const uint8_t *)"a", 1},
    .agreements = {{{(const uint8_t *)"canonical", 9}, {(const uint8_t *)"sig", 3}}},
    .agreement_count = 1,
    .parts = {{{(const uint8_t *)"tls-key", 7}, {(const uint8_t *)"key", 3}},
              {{(const uint8_t *)"tls-cert", 8}, {(const uint8_t *)"cert", 4}}},
    .part_count = 2,
};

static const struct link_up an_up = {
    .link = 7,
    .agreement = {(const uint8_t *)"pact", 4},
    .party = {(const uint8_t *)"b", 1},
    .dialled = true,
    .exporter = {1, 2, 3},
    .address = {(const uint8_t *)"192.0.2.1:7432", 14},
};

static const struct link_frame a_frame = {
    .link = 7, .type = 2, .payload = {(const uint8_t *)"payload", 7}};

static const struct link_end an_end = {
    .link = 7, .rule = {(const uint8_t *)"rule", 4}, .text = {(const uint8_t *)"text", 4}};

static void write_each(size_t which, struct buf *out)
{
    switch (which) {
    case 0:
        setup_write(&a_setup, out);
        break;
    case 1:
        link_up_write(&an_up, out);
        break;
    case 2:
        link_frame_write(&a_frame, out);
        break;
    case 3:
        link_close_write(&an_end, out);
        break;
    case 4:
        sample_write(&a_sample, out);
        break;
    default:
        link_down_write(7, bytes_text("why"), out);
    }
}

static struct fault (*const readers[])(struct bytes) = {setup_read, up_read,     frame_read,
                                                        close_read, sample_read, down_read};
enum { READERS = 6 };

static void what_is_written_is_read_back(void **state)
{
    struct buf b = {0};
    struct setup s;
    struct link_up u;
    struct link_frame f;
    struct link_end e;

    (void)state;
    write_each(0, &b);
    assert_good(setup_parse(buf_view(&b), &s));
    assert_true(bytes_is(setup_part(&s, "tls-cert"), "cert"));
    assert_int_equal(setup_part(&s, "absent").len, 0);
    assert_true(bytes_is(s.agreements[0].signatures, "sig"));
    buf_clear(&b);
    write_each(1, &b);
    assert_good(link_up_parse(buf_view(&b), &u));
    assert_true(u.link == 7 && u.dialled && u.exporter[2] == 3 && bytes_is(u.party, "b"));
    buf_clear(&b);
    write_each(2, &b);
    assert_good(link_frame_parse(buf_view(&b), &f));
    assert_true(f.link == 7 && f.type == 2 && bytes_is(f.payload, "payload"));
    buf_clear(&b);
    write_each(3, &b);
    assert_good(link_close_parse(buf_view(&b), &e));
    assert_true(e.link == 7 && bytes_is(e.rule, "rule") && bytes_is(e.text, "text"));
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

static void a_count_or_length_beyond_its_limit_is_refused(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_part(&b, bytes_text("{}"));
    buf_part(&b, bytes_text("a"));
    buf_u32(&b, SETUP_AGREEMENTS + 1);
    assert_fault(setup_read(buf_view(&b)), FAULT_LIMIT);
    buf_clear(&b);
    buf_u32(&b, 1);
    buf_byte(&b, 2);
    buf_u32(&b, LINK_PAYLOAD + 1);
    assert_fault(frame_read(buf_view(&b)), FAULT_LIMIT);
    buf_done(&b);
}

static void a_flag_is_nought_or_one(void **state)
{
    struct buf b = {0};

    (void)state;
    write_each(1, &b);
    b.data[4 + 4 + 4 + 4 + 1] = 2;
    assert_fault(up_read(buf_view(&b)), FAULT_RANGE);
    buf_done(&b);
}

/* What is there is as long as it says; what is not there has a reason. */
static void a_sample_has_its_line_or_says_why_not(void **state)
{
    struct sample s = a_sample;
    struct buf b = {0};

    (void)state;
    s.raw.len = 2;
    sample_write(&s, &b);
    assert_fault(sample_read(buf_view(&b)), FAULT_RANGE);
    s.unkept = bytes_text("no-room");
    buf_clear(&b);
    sample_write(&s, &b);
    assert_fault(sample_read(buf_view(&b)), FAULT_RANGE);
    s.raw.len = 0;
    buf_clear(&b);
    sample_write(&s, &b);
    assert_good(sample_read(buf_view(&b)));
    s.unkept.len = 0;
    buf_clear(&b);
    sample_write(&s, &b);
    assert_fault(sample_read(buf_view(&b)), FAULT_RANGE);
    buf_done(&b);
}

static void every_message_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(message_name(MESSAGE_JUDGED), "judged");
    assert_string_equal(message_name((enum message_type)9999), "unknown");
    assert_string_equal(process_name(PROCESS_KEEPER), "keeper");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(every_prefix_is_short_and_one_byte_more_is_extra),
        cmocka_unit_test(a_count_or_length_beyond_its_limit_is_refused),
        cmocka_unit_test(a_flag_is_nought_or_one),
        cmocka_unit_test(a_sample_has_its_line_or_says_why_not),
        cmocka_unit_test(every_message_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

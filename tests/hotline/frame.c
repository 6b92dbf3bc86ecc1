#include "hotline/frame.h"

#include "test.h"

static const uint8_t digest[32] = {1, 2, 3};

static struct frame_hello good_hello(void)
{
    return (struct frame_hello){
        .agreement = bytes_text("cn-ru-2015"),
        .version = 2,
        .agreement_digest = bytes_of(digest, sizeof digest),
        .party = bytes_text("cn"),
        .time = 1764063000,
        .genesis_entry = bytes_text("entry\n"),
        .genesis_document = bytes_text("{}"),
        .key_count = 1,
        .keys = {{7, bytes_text("ours\n"), bytes_text("{}")}},
        .head = bytes_text("note\n"),
        .shown_count = 2,
        .shown = {{8, bytes_text("yours\n"), bytes_text("{}")},
                  {9, bytes_text("e\n"), bytes_text("d")}},
        .suite = bytes_text("ed25519"),
        .signature = bytes_of(digest, sizeof digest),
    };
}

static void write_hello(const struct frame_hello *h, struct buf *out)
{
    frame_hello_say(h, out);
    frame_hello_sign(h->suite, h->signature, out);
}

static void write_push(struct buf *out)
{
    struct frame_item one = {bytes_text("entry 7\n"), bytes_text("{\"v\":1}")};
    struct frame_item two = {bytes_text("entry 8\n"), bytes_text("{}")};

    frame_push_write(7, bytes_text("note\n"), 2, out);
    frame_item_write(&one, out);
    frame_item_write(&two, out);
}

static void a_header_is_five_bytes(void **state)
{
    struct buf b = {0};
    enum frame_type type;
    uint32_t length;

    (void)state;
    frame_header_write(FRAME_PUSH, 0x010203, &b);
    assert_int_equal(b.len, FRAME_HEADER);
    assert_memory_equal(b.data, "\0\1\2\3\2", 5);
    assert_good(frame_header_parse(buf_view(&b), &type, &length));
    assert_int_equal(type, FRAME_PUSH);
    assert_int_equal(length, 0x010203);
    for (size_t n = 0; n < FRAME_HEADER; n++)
        assert_fault(frame_header_parse(bytes_of(b.data, n), &type, &length), FAULT_SHORT);
    buf_done(&b);
}

/* "u32 length of payload (big-endian), u8 type, payload; at most 4 MiB." */
static void a_header_out_of_bounds_is_refused(void **state)
{
    static const struct {
        const char *name;
        uint8_t byte[6];
        size_t len;
        enum fault_kind kind;
        size_t at;
    } wrong[] = {
        {"one byte above 4 MiB", {0, 0x40, 0, 1, 1}, 5, FAULT_LIMIT, 0},
        {"type 0", {0, 0, 0, 1, 0}, 5, FAULT_UNKNOWN, 4},
        {"type 7", {0, 0, 0, 1, 7}, 5, FAULT_UNKNOWN, 4},
        {"a sixth byte", {0, 0, 0, 1, 1, 9}, 6, FAULT_EXTRA, 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        enum frame_type type = FRAME_BYE;
        uint32_t length = 99;
        struct fault f = frame_header_parse(bytes_of(wrong[i].byte, wrong[i].len), &type, &length);

        if (f.kind != wrong[i].kind || f.at != wrong[i].at)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
        assert_int_equal(type, FRAME_BYE);
        assert_int_equal(length, 99);
    }
}

static void a_hello_is_read_as_it_was_written(void **state)
{
    struct frame_hello h = good_hello(), back;
    struct buf b = {0}, said = {0};

    (void)state;
    write_hello(&h, &b);
    frame_hello_say(&h, &said);
    assert_good(frame_hello_parse(buf_view(&b), &back));
    assert_true(bytes_equal(back.agreement, h.agreement));
    assert_int_equal(back.version, h.version);
    assert_true(bytes_equal(back.agreement_digest, h.agreement_digest));
    assert_true(bytes_equal(back.party, h.party));
    assert_int_equal(back.time, h.time);
    assert_true(bytes_equal(back.genesis_entry, h.genesis_entry));
    assert_true(bytes_equal(back.genesis_document, h.genesis_document));
    assert_true(bytes_equal(back.head, h.head));
    assert_int_equal(back.key_count, 1);
    assert_int_equal(back.keys[0].index, 7);
    assert_true(bytes_is(back.keys[0].entry, "ours\n"));
    assert_int_equal(back.shown_count, 2);
    assert_int_equal(back.shown[1].index, 9);
    assert_true(bytes_is(back.shown[0].entry, "yours\n"));
    assert_true(bytes_is(back.shown[1].document, "d"));
    assert_true(bytes_equal(back.suite, h.suite));
    assert_true(bytes_equal(back.signature, h.signature));
    assert_true(bytes_equal(back.said, buf_view(&said)));
    buf_done(&said);
    buf_done(&b);
}

static void a_hello_outside_its_limits_is_refused(void **state)
{
    static char long_text[FRAME_NOTE + 2];
    struct {
        const char *name;
        size_t offset; /* of the struct bytes in struct frame_hello */
        struct bytes value;
        enum fault_kind kind;
    } wrong[] = {
#define FIELD(member) offsetof(struct frame_hello, member)
        {"no agreement", FIELD(agreement), bytes_text(""), FAULT_RANGE},
        {"agreement of 65", FIELD(agreement), bytes_of(long_text, 65), FAULT_LIMIT},
        {"agreement with a NUL", FIELD(agreement), bytes_of("a\0b", 3), FAULT_SYNTAX},
        {"digest of 31", FIELD(agreement_digest), bytes_of(digest, 31), FAULT_RANGE},
        {"digest of 33", FIELD(agreement_digest), bytes_of(long_text, 33), FAULT_LIMIT},
        {"no party", FIELD(party), bytes_text(""), FAULT_RANGE},
        {"party with an escape", FIELD(party), bytes_text("\033[2J"), FAULT_SYNTAX},
        {"no genesis", FIELD(genesis_entry), bytes_text(""), FAULT_RANGE},
        {"entry of 1025", FIELD(genesis_entry), bytes_of(long_text, 1025), FAULT_LIMIT},
        {"no document", FIELD(genesis_document), bytes_text(""), FAULT_RANGE},
        {"note too long", FIELD(head), bytes_of(long_text, FRAME_NOTE + 1), FAULT_LIMIT},
        {"suites of 256", FIELD(suite), bytes_of(long_text, 256), FAULT_LIMIT},
        {"no signature", FIELD(signature), bytes_text(""), FAULT_RANGE},
        {"signatures too long", FIELD(signature), bytes_of(long_text, FRAME_SIGNATURES + 1),
         FAULT_LIMIT},
#undef FIELD
    };

    (void)state;
    memset(long_text, 'a', sizeof long_text);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct frame_hello h = good_hello(), back = {0};
        struct buf b = {0};
        struct fault f;

        memcpy((char *)&h + wrong[i].offset, &wrong[i].value, sizeof wrong[i].value);
        write_hello(&h, &b);
        f = frame_hello_parse(buf_view(&b), &back);
        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
        assert_null(back.party.data);
        buf_done(&b);
    }
}

static void a_push_is_read_as_it_was_written(void **state)
{
    struct frame_item item = {bytes_text("entry 7\n"), bytes_text("{\"v\":1}")};
    static struct frame_push back;
    struct buf b = {0};

    (void)state;
    write_push(&b);
    assert_good(frame_push_parse(buf_view(&b), &back));
    assert_int_equal(back.first, 7);
    assert_int_equal(back.count, 2);
    assert_true(bytes_is(back.note, "note\n"));
    assert_true(bytes_equal(back.item[0].entry, item.entry));
    assert_true(bytes_equal(back.item[0].document, item.document));
    assert_true(bytes_is(back.item[1].entry, "entry 8\n"));
    assert_true(bytes_is(back.item[1].document, "{}"));
    assert_int_equal(b.len, frame_push_size(back.note) + frame_item_size(&back.item[0]) +
                                frame_item_size(&back.item[1]));
    buf_done(&b);
}

/* "count 0 shows a head again. At most 256 entries." */
static void a_push_holds_0_to_256_entries(void **state)
{
    struct frame_item item = {bytes_text("e\n"), bytes_text("{}")};
    static struct frame_push back;

    (void)state;
    for (uint32_t count = 0; count <= FRAME_ENTRIES + 1; count += count == 0 ? 256 : 1) {
        struct buf b = {0};

        frame_push_write(0, bytes_text("n\n"), count, &b);
        for (uint32_t i = 0; i < count; i++)
            frame_item_write(&item, &b);
        if (count <= FRAME_ENTRIES)
            assert_good(frame_push_parse(buf_view(&b), &back));
        else
            assert_fault(frame_push_parse(buf_view(&b), &back), FAULT_LIMIT);
        buf_done(&b);
    }
}

static void a_push_past_the_largest_log_is_refused(void **state)
{
    struct frame_item item = {bytes_text("e\n"), bytes_text("{}")};
    static struct frame_push back;
    static const uint64_t first[] = {INT64_MAX, UINT64_MAX, UINT64_MAX - 1};

    (void)state;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        struct buf b = {0};

        frame_push_write(first[i], bytes_text("n\n"), 1, &b);
        frame_item_write(&item, &b);
        assert_fault(frame_push_parse(buf_view(&b), &back), FAULT_RANGE);
        buf_done(&b);
    }
}

static void the_small_frames_are_read_as_they_were_written(void **state)
{
    struct buf cosign = {0}, refill = {0}, bye = {0};
    struct bytes note;
    uint64_t from;
    struct frame_bye b;

    (void)state;
    frame_cosign_write(bytes_text("note\n"), &cosign);
    assert_good(frame_cosign_parse(buf_view(&cosign), &note));
    assert_true(bytes_is(note, "note\n"));
    frame_refill_write(42, &refill);
    assert_good(frame_refill_parse(buf_view(&refill), &from));
    assert_int_equal(from, 42);
    frame_bye_write(bytes_text("PROTOCOL.hotline 3"), bytes_text("a gap\n\033"), &bye);
    assert_good(frame_bye_parse(buf_view(&bye), &b));
    assert_true(bytes_is(b.rule, "PROTOCOL.hotline 3"));
    assert_true(bytes_is(b.text, "a gap??"));
    buf_done(&cosign);
    buf_done(&refill);
    buf_done(&bye);
}

static struct fault parse_hello(struct bytes b)
{
    struct frame_hello out;

    return frame_hello_parse(b, &out);
}

static struct fault parse_push(struct bytes b)
{
    static struct frame_push out;

    return frame_push_parse(b, &out);
}

static struct fault parse_cosign(struct bytes b)
{
    struct bytes out;

    return frame_cosign_parse(b, &out);
}

static struct fault parse_refill(struct bytes b)
{
    uint64_t out;

    return frame_refill_parse(b, &out);
}

static struct fault parse_bye(struct bytes b)
{
    struct frame_bye out;

    return frame_bye_parse(b, &out);
}

static void every_prefix_is_short_and_every_suffix_extra(void **state)
{
    static const struct {
        const char *name;
        struct fault (*parse)(struct bytes);
    } parser[] = {{"HELLO", parse_hello},
                  {"PUSH", parse_push},
                  {"COSIGN", parse_cosign},
                  {"REFILL", parse_refill},
                  {"BYE", parse_bye}};
    struct buf b[5] = {0};
    struct frame_hello h = good_hello();

    (void)state;
    write_hello(&h, &b[0]);
    write_push(&b[1]);
    frame_cosign_write(bytes_text("note\n"), &b[2]);
    frame_refill_write(42, &b[3]);
    frame_bye_write(bytes_text("rule"), bytes_text("text"), &b[4]);
    for (size_t i = 0; i < 5; i++) {
        for (size_t n = 0; n < b[i].len; n++)
            if (parser[i].parse(bytes_of(b[i].data, n)).kind != FAULT_SHORT)
                fail_msg("%s: the prefix of %zu bytes is not SHORT", parser[i].name, n);
        assert_good(parser[i].parse(buf_view(&b[i])));
        buf_byte(&b[i], 0);
        assert_fault(parser[i].parse(buf_view(&b[i])), FAULT_EXTRA);
        buf_done(&b[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_five_bytes),
        cmocka_unit_test(a_header_out_of_bounds_is_refused),
        cmocka_unit_test(a_hello_is_read_as_it_was_written),
        cmocka_unit_test(a_hello_outside_its_limits_is_refused),
        cmocka_unit_test(a_push_is_read_as_it_was_written),
        cmocka_unit_test(a_push_holds_0_to_256_entries),
        cmocka_unit_test(a_push_past_the_largest_log_is_refused),
        cmocka_unit_test(the_small_frames_are_read_as_they_were_written),
        cmocka_unit_test(every_prefix_is_short_and_every_suffix_extra),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Fuzzes hotline/frame.c: what a parser takes, its writer writes again to the same bytes. */
#include <assert.h>

#include "hotline/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct buf *b, struct bytes payload)
{
    assert(bytes_equal(buf_view(b), payload));
    buf_done(b);
}

static void hello(struct bytes payload)
{
    struct frame_hello h;
    struct buf b = {0};

    if (fault_is(frame_hello_parse(payload, &h)))
        return;
    frame_hello_say(&h, &b);
    assert(bytes_equal(buf_view(&b), h.said));
    frame_hello_sign(h.suite, h.signature, &b);
    same(&b, payload);
}

static void push(struct bytes payload)
{
    static struct frame_push p;
    struct buf b = {0};

    if (fault_is(frame_push_parse(payload, &p)))
        return;
    frame_push_write(p.first, p.note, p.count, &b);
    for (uint32_t i = 0; i < p.count; i++)
        frame_item_write(&p.item[i], &b);
    same(&b, payload);
}

static void small(struct bytes payload)
{
    struct bytes note;
    struct frame_bye bye;
    uint64_t from;
    struct buf b = {0};

    if (!fault_is(frame_cosign_parse(payload, &note))) {
        frame_cosign_write(note, &b);
        same(&b, payload);
    }
    if (!fault_is(frame_refill_parse(payload, &from))) {
        frame_refill_write(from, &b);
        same(&b, payload);
    }
    if (!fault_is(frame_bye_parse(payload, &bye))) {
        frame_bye_write(bye.rule, bye.text, &b);
        same(&b, payload);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes payload = bytes_of(data, size);
    enum frame_type type;
    uint32_t length;

    if (size >= FRAME_HEADER &&
        !fault_is(frame_header_parse(bytes_of(data, FRAME_HEADER), &type, &length)))
        assert(length <= FRAME_MAX);
    hello(payload);
    push(payload);
    small(payload);
    return 0;
}

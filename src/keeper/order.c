#include "keeper/order.h"

#include "base/cursor.h"
#include "hotline/hello.h"

enum { HELLO_BYTES = HELLO_EXPORTER + 8 + FRAME_MAX };

static const char rule[] = "ipc/message.h: an order to keeper";

/* A count of at most max. */
static size_t count_of(struct cursor *in, size_t max)
{
    uint32_t count = cursor_u32(in);

    if (cursor_ok(in) && count > max)
        cursor_fail(in, FAULT_LIMIT, in->at - 4);
    return cursor_ok(in) ? count : 0;
}

static void read_decisions(struct cursor *in, struct order_entry *e)
{
    e->decision_count = count_of(in, PERMIT_OFFICERS);
    for (size_t i = 0; i < e->decision_count; i++) {
        e->decision[i].text = cursor_part(in, DECISION_MAX);
        e->decision[i].suite = cursor_part(in, FRAME_SUITES);
        e->decision[i].signature = cursor_part(in, FRAME_SIGNATURES);
    }
}

struct fault order_sign_parse(struct bytes body, struct order_sign *out)
{
    struct cursor in = cursor_over(body, rule);

    out->agreement = cursor_part(&in, FRAME_NAME);
    out->note = bytes_text("");
    out->first = cursor_u64(&in);
    out->count = count_of(&in, ORDER_ENTRIES);
    for (size_t i = 0; i < out->count; i++) {
        out->entry[i].text = cursor_part(&in, FRAME_ENTRY);
        out->entry[i].permit = cursor_part(&in, PERMIT_MAX);
        out->entry[i].disclosed = cursor_part(&in, FRAME_DOCUMENT);
        read_decisions(&in, &out->entry[i]);
    }
    cursor_end(&in);
    return in.fault;
}

struct fault order_catch_up_parse(struct bytes body, struct order_sign *out)
{
    struct cursor in = cursor_over(body, rule);

    out->agreement = cursor_part(&in, FRAME_NAME);
    out->note = cursor_part(&in, FRAME_NOTE);
    out->first = cursor_u64(&in);
    out->count = count_of(&in, ORDER_ENTRIES);
    for (size_t i = 0; i < out->count; i++) {
        out->entry[i] = (struct order_entry){.permit = bytes_text("")};
        out->entry[i].text = cursor_part(&in, FRAME_ENTRY);
        out->entry[i].disclosed = cursor_part(&in, FRAME_DOCUMENT);
    }
    cursor_end(&in);
    return in.fault;
}

struct fault order_cosign_parse(struct bytes body, struct order_cosign *out)
{
    struct cursor in = cursor_over(body, rule);

    out->agreement = cursor_part(&in, FRAME_NAME);
    out->note = cursor_part(&in, FRAME_NOTE);
    out->first = cursor_u64(&in);
    out->count = count_of(&in, ORDER_ENTRIES);
    for (size_t i = 0; i < out->count; i++) {
        struct bytes leaf = cursor_take(&in, sizeof out->leaf[i]);

        if (cursor_ok(&in))
            memcpy(&out->leaf[i], leaf.data, sizeof out->leaf[i]);
    }
    out->key_count = count_of(&in, ORDER_KEYS);
    for (size_t i = 0; i < out->key_count; i++) {
        out->keys[i].index = cursor_u64(&in);
        out->keys[i].entry = cursor_part(&in, FRAME_ENTRY);
        out->keys[i].document = cursor_part(&in, FRAME_DOCUMENT);
    }
    cursor_end(&in);
    return in.fault;
}

struct fault order_peer_parse(struct bytes body, struct order_peer *out)
{
    struct cursor in = cursor_over(body, rule);

    out->agreement = cursor_part(&in, FRAME_NAME);
    out->entry = cursor_part(&in, FRAME_ENTRY);
    out->document = cursor_part(&in, FRAME_DOCUMENT);
    cursor_end(&in);
    return in.fault;
}

struct fault order_hello_parse(struct bytes body, struct order_hello *out)
{
    struct cursor in = cursor_over(body, rule);

    out->agreement = cursor_part(&in, FRAME_NAME);
    out->link = cursor_u32(&in);
    out->bytes = cursor_part(&in, HELLO_BYTES);
    cursor_end(&in);
    return in.fault;
}

static void write_decisions(const struct order_entry *e, struct buf *out)
{
    buf_u32(out, (uint32_t)e->decision_count);
    for (size_t i = 0; i < e->decision_count; i++) {
        buf_part(out, e->decision[i].text);
        buf_part(out, e->decision[i].suite);
        buf_part(out, e->decision[i].signature);
    }
}

void order_sign_write(const struct order_sign *o, struct buf *out)
{
    buf_part(out, o->agreement);
    buf_u64(out, o->first);
    buf_u32(out, (uint32_t)o->count);
    for (size_t i = 0; i < o->count; i++) {
        buf_part(out, o->entry[i].text);
        buf_part(out, o->entry[i].permit);
        buf_part(out, o->entry[i].disclosed);
        write_decisions(&o->entry[i], out);
    }
}

void order_catch_up_write(const struct order_sign *o, struct buf *out)
{
    buf_part(out, o->agreement);
    buf_part(out, o->note);
    buf_u64(out, o->first);
    buf_u32(out, (uint32_t)o->count);
    for (size_t i = 0; i < o->count; i++) {
        buf_part(out, o->entry[i].text);
        buf_part(out, o->entry[i].disclosed);
    }
}

void order_cosign_write(const struct order_cosign *o, struct buf *out)
{
    buf_part(out, o->agreement);
    buf_part(out, o->note);
    buf_u64(out, o->first);
    buf_u32(out, (uint32_t)o->count);
    for (size_t i = 0; i < o->count; i++)
        buf_add(out, &o->leaf[i], sizeof o->leaf[i]);
    buf_u32(out, (uint32_t)o->key_count);
    for (size_t i = 0; i < o->key_count; i++) {
        buf_u64(out, o->keys[i].index);
        buf_part(out, o->keys[i].entry);
        buf_part(out, o->keys[i].document);
    }
}

void order_peer_write(const struct order_peer *o, struct buf *out)
{
    buf_part(out, o->agreement);
    buf_part(out, o->entry);
    buf_part(out, o->document);
}

void order_hello_write(const struct order_hello *o, struct buf *out)
{
    buf_part(out, o->agreement);
    buf_u32(out, o->link);
    buf_part(out, o->bytes);
}

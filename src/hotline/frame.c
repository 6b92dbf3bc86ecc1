#include "hotline/frame.h"

#include "base/cursor.h"

static const char *const names[FRAME_TYPES] = {"NONE",   "HELLO",  "PUSH", "COSIGN",
                                               "REFILL", "MIRROR", "BYE"};

const char *frame_name(enum frame_type type)
{
    return (size_t)type < FRAME_TYPES ? names[type] : names[FRAME_NONE];
}

struct fault frame_header_parse(struct bytes header, enum frame_type *type, uint32_t *length)
{
    struct cursor in = cursor_over(header, "PROTOCOL.hotline 2: header");
    uint32_t len = cursor_u32(&in);
    uint8_t word = cursor_u8(&in);

    if (cursor_ok(&in) && len > FRAME_MAX)
        cursor_fail(&in, FAULT_LIMIT, 0);
    if (cursor_ok(&in) && (word == FRAME_NONE || word >= FRAME_TYPES))
        cursor_fail(&in, FAULT_UNKNOWN, 4);
    cursor_end(&in);
    if (cursor_ok(&in)) {
        *type = (enum frame_type)word;
        *length = len;
    }
    return in.fault;
}

void frame_header_write(enum frame_type type, uint32_t length, struct buf *out)
{
    buf_u32(out, length);
    buf_byte(out, (uint8_t)type);
}

static bool is_printable(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

/* A part that persons or tables will read: printable ASCII, min to max bytes. */
static struct bytes text_part(struct cursor *in, size_t min, size_t max)
{
    struct bytes text = cursor_part(in, max);
    size_t start = in->at - text.len;

    if (cursor_ok(in) && text.len < min)
        cursor_fail(in, FAULT_RANGE, start);
    for (size_t i = 0; i < text.len && cursor_ok(in); i++)
        if (!is_printable(text.data[i]))
            cursor_fail(in, FAULT_SYNTAX, start + i);
    return text;
}

/* A part of at least one byte. */
static struct bytes full_part(struct cursor *in, size_t max)
{
    struct bytes part = cursor_part(in, max);

    if (cursor_ok(in) && part.len == 0)
        cursor_fail(in, FAULT_RANGE, in->at);
    return part;
}

static uint32_t keys_parts(struct cursor *in, struct frame_keys *out)
{
    size_t start = in->at;
    uint32_t count = cursor_u32(in);

    if (cursor_ok(in) && count > FRAME_KEYS)
        cursor_fail(in, FAULT_LIMIT, start);
    for (uint32_t i = 0; i < count && cursor_ok(in); i++) {
        out[i].index = cursor_u64(in);
        out[i].entry = full_part(in, FRAME_ENTRY);
        out[i].document = full_part(in, FRAME_DOCUMENT);
    }
    return count;
}

static void keys_say(const struct frame_keys *keys, uint32_t count, struct buf *out)
{
    buf_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        buf_u64(out, keys[i].index);
        buf_part(out, keys[i].entry);
        buf_part(out, keys[i].document);
    }
}

struct fault frame_hello_parse(struct bytes payload, struct frame_hello *out)
{
    struct cursor in = cursor_over(payload, "PROTOCOL.hotline 2: HELLO");
    struct frame_hello h;

    if (payload.len > FRAME_MAX)
        cursor_fail(&in, FAULT_LIMIT, 0);
    h.agreement = text_part(&in, 1, FRAME_NAME);
    h.version = cursor_u32(&in);
    h.agreement_digest = cursor_part(&in, FRAME_DIGEST);
    if (cursor_ok(&in) && h.agreement_digest.len != FRAME_DIGEST)
        cursor_fail(&in, FAULT_RANGE, in.at - h.agreement_digest.len);
    h.party = text_part(&in, 1, FRAME_NAME);
    h.time = cursor_u64(&in);
    h.genesis_entry = full_part(&in, FRAME_ENTRY);
    h.genesis_document = full_part(&in, FRAME_DOCUMENT);
    h.key_count = keys_parts(&in, h.keys);
    h.head = cursor_part(&in, FRAME_NOTE);
    h.shown_count = keys_parts(&in, h.shown);
    h.said = bytes_of(payload.data, in.at);
    h.suite = text_part(&in, 1, FRAME_SUITES);
    h.signature = full_part(&in, FRAME_SIGNATURES);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = h;
    return in.fault;
}

void frame_hello_say(const struct frame_hello *hello, struct buf *out)
{
    buf_part(out, hello->agreement);
    buf_u32(out, hello->version);
    buf_part(out, hello->agreement_digest);
    buf_part(out, hello->party);
    buf_u64(out, hello->time);
    buf_part(out, hello->genesis_entry);
    buf_part(out, hello->genesis_document);
    keys_say(hello->keys, hello->key_count, out);
    buf_part(out, hello->head);
    keys_say(hello->shown, hello->shown_count, out);
}

void frame_hello_sign(struct bytes suite, struct bytes signature, struct buf *out)
{
    buf_part(out, suite);
    buf_part(out, signature);
}

/* first and count must be a range that a log can have. */
static void range_check(struct cursor *in, uint64_t first, uint32_t count)
{
    if (!cursor_ok(in))
        return;
    if (count > FRAME_ENTRIES)
        cursor_fail(in, FAULT_LIMIT, in->at - 4);
    else if (first > (uint64_t)INT64_MAX - count)
        cursor_fail(in, FAULT_RANGE, 0);
}

struct fault frame_push_parse(struct bytes payload, struct frame_push *out)
{
    struct cursor in = cursor_over(payload, "PROTOCOL.hotline 2: PUSH");
    struct frame_push p;

    if (payload.len > FRAME_MAX)
        cursor_fail(&in, FAULT_LIMIT, 0);
    p.first = cursor_u64(&in);
    p.note = full_part(&in, FRAME_NOTE);
    p.count = cursor_u32(&in);
    range_check(&in, p.first, p.count);
    for (uint32_t i = 0; i < p.count && cursor_ok(&in); i++) {
        p.item[i].entry = full_part(&in, FRAME_ENTRY);
        p.item[i].document = cursor_part(&in, FRAME_DOCUMENT);
    }
    cursor_end(&in);
    if (!cursor_ok(&in))
        return in.fault;
    out->first = p.first;
    out->note = p.note;
    out->count = p.count;
    memcpy(out->item, p.item, p.count * sizeof p.item[0]);
    return in.fault;
}

void frame_push_write(uint64_t first, struct bytes note, uint32_t count, struct buf *out)
{
    buf_u64(out, first);
    buf_part(out, note);
    buf_u32(out, count);
}

void frame_item_write(const struct frame_item *item, struct buf *out)
{
    buf_part(out, item->entry);
    buf_part(out, item->document);
}

size_t frame_push_size(struct bytes note)
{
    return 8 + 4 + note.len + 4;
}

size_t frame_item_size(const struct frame_item *item)
{
    return 4 + item->entry.len + 4 + item->document.len;
}

struct fault frame_cosign_parse(struct bytes payload, struct bytes *note)
{
    struct cursor in = cursor_over(payload, "PROTOCOL.hotline 2: COSIGN");
    struct bytes part = full_part(&in, FRAME_NOTE);

    cursor_end(&in);
    if (cursor_ok(&in))
        *note = part;
    return in.fault;
}

void frame_cosign_write(struct bytes note, struct buf *out)
{
    buf_part(out, note);
}

struct fault frame_refill_parse(struct bytes payload, uint64_t *from)
{
    struct cursor in = cursor_over(payload, "PROTOCOL.hotline 2: REFILL");
    uint64_t v = cursor_u64(&in);

    if (cursor_ok(&in) && v > INT64_MAX)
        cursor_fail(&in, FAULT_RANGE, 0);
    cursor_end(&in);
    if (cursor_ok(&in))
        *from = v;
    return in.fault;
}

void frame_refill_write(uint64_t from, struct buf *out)
{
    buf_u64(out, from);
}

struct fault frame_bye_parse(struct bytes payload, struct frame_bye *out)
{
    struct cursor in = cursor_over(payload, "PROTOCOL.hotline 2: BYE");
    struct frame_bye b;

    b.rule = text_part(&in, 0, FRAME_RULE);
    b.text = text_part(&in, 0, FRAME_TEXT);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = b;
    return in.fault;
}

static void plain_part(struct bytes text, size_t max, struct buf *out)
{
    size_t len = text.len < max ? text.len : max;

    buf_u32(out, (uint32_t)len);
    for (size_t i = 0; i < len; i++)
        buf_byte(out, is_printable(text.data[i]) ? text.data[i] : '?');
}

void frame_bye_write(struct bytes rule, struct bytes text, struct buf *out)
{
    plain_part(rule, FRAME_RULE, out);
    plain_part(text, FRAME_TEXT, out);
}

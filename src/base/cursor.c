#include "base/cursor.h"

#include "base/text.h"

static const struct bytes nothing = {(const uint8_t *)"", 0};

void cursor_fail(struct cursor *c, enum fault_kind kind, size_t at)
{
    if (cursor_ok(c))
        c->fault = fault_make(kind, at, c->rule);
}

struct bytes cursor_take(struct cursor *c, size_t n)
{
    struct bytes out;

    if (!cursor_ok(c))
        return nothing;
    if (n > c->over.len - c->at) {
        cursor_fail(c, FAULT_SHORT, c->over.len);
        return nothing;
    }
    out = bytes_of(c->over.data + c->at, n);
    c->at += n;
    return out;
}

struct bytes cursor_until(struct cursor *c, uint8_t stop)
{
    const uint8_t *start, *end;
    size_t left = cursor_left(c);

    if (!cursor_ok(c))
        return nothing;
    start = c->over.data + c->at;
    end = left == 0 ? NULL : memchr(start, stop, left);
    if (end == NULL) {
        cursor_fail(c, FAULT_SHORT, c->over.len);
        return nothing;
    }
    c->at += (size_t)(end - start) + 1;
    return bytes_of(start, (size_t)(end - start));
}

struct bytes cursor_line(struct cursor *c)
{
    return cursor_until(c, '\n');
}

void cursor_unexpected(struct cursor *c, const char *text)
{
    for (size_t i = 0; text[i] != '\0' && cursor_ok(c); i++) {
        if (c->at == c->over.len)
            cursor_fail(c, FAULT_SHORT, c->at);
        else if (c->over.data[c->at] != (uint8_t)text[i])
            cursor_fail(c, FAULT_SYNTAX, c->at);
        else
            c->at++;
    }
}

uint64_t cursor_decimal_line(struct cursor *c, uint64_t max)
{
    size_t start = c->at;
    struct bytes line = cursor_line(c);
    uint64_t v = 0;

    if (!cursor_ok(c))
        return 0;
    if (!decimal_read(line, UINT64_MAX, &v))
        cursor_fail(c, FAULT_SYNTAX, start);
    else if (v > max)
        cursor_fail(c, FAULT_RANGE, start);
    return cursor_ok(c) ? v : 0;
}

void cursor_base64_line(struct cursor *c, void *out, size_t len)
{
    size_t start = c->at;
    struct bytes line = cursor_line(c);

    if (cursor_ok(c) && !base64_read(line, out, len))
        cursor_fail(c, FAULT_SYNTAX, start);
    if (!cursor_ok(c))
        memset(out, 0, len);
}

static uint64_t big_endian(struct cursor *c, size_t width)
{
    struct bytes in = cursor_take(c, width);
    uint64_t v = 0;

    for (size_t i = 0; i < in.len; i++)
        v = v << 8 | in.data[i];
    return v;
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)big_endian(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)big_endian(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)big_endian(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
    return big_endian(c, 8);
}

struct bytes cursor_part(struct cursor *c, size_t max)
{
    size_t start = c->at;
    uint32_t n = cursor_u32(c);

    if (cursor_ok(c) && n > max)
        cursor_fail(c, FAULT_LIMIT, start);
    return cursor_take(c, cursor_ok(c) ? n : 0);
}

void cursor_end(struct cursor *c)
{
    if (cursor_ok(c) && c->at != c->over.len)
        cursor_fail(c, FAULT_EXTRA, c->at);
}

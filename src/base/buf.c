#include "base/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"

void buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){NULL, 0, 0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

void buf_wipe(struct buf *b)
{
    if (b->data != NULL)
        explicit_bzero(b->data, b->room);
    buf_done(b);
}

void buf_need(struct buf *b, size_t n)
{
    size_t room = b->room < 64 ? 64 : b->room;

    if (n <= b->room - b->len)
        return;
    if (n > SIZE_MAX / 4 - b->len)
        die("parley: a buffer larger than memory\n");
    while (room - b->len < n)
        room *= 2;
    b->data = memory_resize(b->data, room, 1);
    b->room = room;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    buf_need(b, len);
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

void buf_bytes(struct buf *b, struct bytes add)
{
    buf_add(b, add.data, add.len);
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_byte(struct buf *b, uint8_t byte)
{
    buf_add(b, &byte, 1);
}

static void add_big_endian(struct buf *b, uint64_t v, size_t width)
{
    uint8_t out[8];

    for (size_t i = 0; i < width; i++)
        out[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
    buf_add(b, out, width);
}

void buf_u16(struct buf *b, uint16_t v)
{
    add_big_endian(b, v, 2);
}

void buf_u32(struct buf *b, uint32_t v)
{
    add_big_endian(b, v, 4);
}

void buf_u64(struct buf *b, uint64_t v)
{
    add_big_endian(b, v, 8);
}

void buf_decimal(struct buf *b, uint64_t v)
{
    buf_print(b, "%" PRIu64, v);
}

void buf_base64(struct buf *b, const void *data, size_t len)
{
    buf_need(b, base64_length(len) + 1);
    base64_write(data, len, (char *)b->data + b->len);
    b->len += base64_length(len);
}

void buf_hex(struct buf *b, const void *data, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *in = data;

    for (size_t i = 0; i < len; i++) {
        buf_byte(b, (uint8_t)digit[in[i] >> 4]);
        buf_byte(b, (uint8_t)digit[in[i] & 15]);
    }
}

void buf_print(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int n;

    buf_need(b, 128);
    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf((char *)b->data + b->len, b->room - b->len, format, args);
    va_end(args);
    if (n < 0)
        die("parley: a format that cannot be printed\n");
    if ((size_t)n >= b->room - b->len) {
        buf_need(b, (size_t)n + 1);
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, format, again);
    }
    va_end(again);
    b->len += (size_t)n;
}

void buf_part(struct buf *b, struct bytes part)
{
    if (part.len > UINT32_MAX)
        die("parley: a part larger than its length field\n");
    buf_u32(b, (uint32_t)part.len);
    buf_bytes(b, part);
}

void buf_drop(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    if (n != 0)
        memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

const char *buf_str(struct buf *b)
{
    buf_need(b, 1);
    b->data[b->len] = '\0';
    return (const char *)b->data;
}

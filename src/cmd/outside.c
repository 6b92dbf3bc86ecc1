#include "cmd/outside.h"

#include <stdio.h>
#include <wchar.h>

#include "base/text.h"

/* Code points that show nothing of their own or change what stands around them: controls,
 * Default_Ignorable, bidi, separators, private use, noncharacters, tags. Ascending. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},    {0x034f, 0x034f}, {0x061c, 0x061c},
    {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},    {0x200b, 0x200f}, {0x2028, 0x202e},
    {0x2060, 0x206f},   {0x2800, 0x2800},   {0x3164, 0x3164},    {0xd800, 0xf8ff}, {0xfdd0, 0xfdef},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},    {0xfff0, 0xfffb}, {0xfffe, 0xffff},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
};

bool outside_is_shown(uint32_t point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (point >= hidden[i].first && point <= hidden[i].last)
            return false;
    return true;
}

/* The first character of well-formed UTF-8; its length. */
static size_t first_point(const uint8_t *s, uint32_t *out)
{
    static const uint8_t mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    *out = s[0] & mask[len];
    for (size_t i = 1; i < len; i++)
        *out = *out << 6 | (s[i] & 0x3fu);
    return len;
}

/* The terminal's own library must know the width, or the columns behind it break. */
static bool is_shown(uint32_t point, bool utf8)
{
    if (point < 0x80)
        return outside_is_shown(point);
    return utf8 && outside_is_shown(point) && wcwidth((wchar_t)point) >= 0;
}

static void add_point(uint32_t point, const uint8_t *s, size_t len, bool utf8, struct buf *out)
{
    if (is_shown(point, utf8))
        buf_add(out, s, len);
    else if (point == '\n')
        buf_text(out, "\\n");
    else if (point == '\t')
        buf_text(out, "\\t");
    else
        buf_print(out, "\\u{%X}", point);
}

static void add(struct bytes text, bool utf8, bool lines, unsigned indent, struct buf *out)
{
    while (text.len > 0) {
        size_t good = utf8_bad(text), at = 0;
        while (at < good) {
            uint32_t point;
            size_t len = first_point(text.data + at, &point);
            if (lines && point == '\n')
                buf_print(out, "\n%*s", (int)indent, "");
            else
                add_point(point, text.data + at, len, utf8, out);
            at += len;
        }
        if (good < text.len)
            buf_print(out, "\\x{%02X}", text.data[good++]);
        text = bytes_of(text.data + good, text.len - good);
    }
}

void outside_line(struct bytes text, bool utf8, struct buf *out)
{
    add(text, utf8, false, 0, out);
}

void outside_text(struct bytes text, bool utf8, unsigned indent, struct buf *out)
{
    add(text, utf8, true, indent, out);
}

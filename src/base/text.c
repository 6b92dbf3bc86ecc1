#include "base/text.h"

#include <sodium.h>

void base64_write(const void *data, size_t len, char *out)
{
    sodium_bin2base64(out, base64_length(len) + 1, data, len, sodium_base64_VARIANT_ORIGINAL);
}

bool base64_size(struct bytes text, size_t *out)
{
    size_t pad = 0;

    if (text.len % 4 != 0)
        return false;
    if (text.len != 0 && text.data[text.len - 1] == '=')
        pad = text.data[text.len - 2] == '=' ? 2 : 1;
    *out = text.len / 4 * 3 - pad;
    return true;
}

/* libsodium 1.0.18 takes some bytes above 0x7f for letters of the alphabet: its comparison is over
 * signed char. */
static bool is_ascii(struct bytes text)
{
    uint8_t all = 0;

    for (size_t i = 0; i < text.len; i++)
        all |= text.data[i];
    return all < 0x80;
}

bool base64_read(struct bytes text, void *out, size_t len)
{
    size_t size, got = 0;
    const char *end = NULL;

    if (!base64_size(text, &size) || size != len || !is_ascii(text))
        return false;
    if (len == 0)
        return true;
    return sodium_base642bin(out, len, (const char *)text.data, text.len, NULL, &got, &end,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           got == len && end == (const char *)text.data + text.len;
}

/* RFC 4648 section 4, table 1; every other byte is NO. */
static const uint8_t *letters(void)
{
    enum { NO = 0xff };
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static _Thread_local uint8_t value[256];
    static _Thread_local bool made;

    if (!made) {
        memset(value, NO, sizeof value);
        for (uint8_t i = 0; i < 64; i++)
            value[(uint8_t)alphabet[i]] = i;
        made = true;
    }
    return value;
}

/* The last four letters where they hold one or two bytes; their loose bits are zero. base64_size
 * has counted the signs at the end. */
static bool read_padded(const uint8_t *value, const uint8_t *text, uint8_t *to, size_t len)
{
    uint8_t a, b, c;

    if (len == 0)
        return true;
    a = value[text[0]];
    b = value[text[1]];
    c = len == 2 ? value[text[2]] : 0;
    if (((a | b | c) & 0x80) != 0 || (len == 2 ? c & 3 : b & 15) != 0)
        return false;
    to[0] = (uint8_t)(a << 2 | b >> 4);
    if (len == 2)
        to[1] = (uint8_t)(b << 4 | c >> 2);
    return true;
}

bool base64_read_open(struct bytes text, void *out, size_t len)
{
    const uint8_t *value = letters();
    uint8_t *to = out, bad = 0;
    size_t size, at = 0, got = 0;

    if (!base64_size(text, &size) || size != len)
        return false;
    for (; got + 3 <= len; at += 4, got += 3) {
        uint8_t a = value[text.data[at]], b = value[text.data[at + 1]];
        uint8_t c = value[text.data[at + 2]], d = value[text.data[at + 3]];

        bad |= a | b | c | d;
        to[got] = (uint8_t)(a << 2 | b >> 4);
        to[got + 1] = (uint8_t)(b << 4 | c >> 2);
        to[got + 2] = (uint8_t)(c << 6 | d);
    }
    return (bad & 0x80) == 0 && read_padded(value, text.data + at, to + got, len - got);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_read(struct bytes text, void *out, size_t len)
{
    uint8_t *to = out;

    if (len > SIZE_MAX / 2 || text.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool decimal_read(struct bytes text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (text.len == 0 || (text.len > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c < '0' || c > '9' || v > max / 10 || (uint64_t)(c - '0') > max - v * 10)
            return false;
        v = v * 10 + (uint64_t)(c - '0');
    }
    *out = v;
    return true;
}

/* Length of the well-formed sequence at p, 0 if there is none (RFC 3629 section 4). */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t n;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n > left)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    if (p[0] == 0xed)
        high = 0x9f;
    if (p[0] == 0xf0)
        low = 0x90;
    if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return n;
}

size_t utf8_bad(struct bytes text)
{
    size_t at = 0;

    while (at < text.len) {
        size_t n = utf8_sequence(text.data + at, text.len - at);

        if (n == 0)
            return at;
        at += n;
    }
    return at;
}

size_t text_line(struct bytes text, size_t at)
{
    size_t line = 1;

    for (size_t i = 0; i < at && i < text.len; i++)
        line += text.data[i] == '\n';
    return line;
}

void uuid_write(const uint8_t bytes[16], unsigned version, char out[UUID_TEXT + 1])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < 16; i++) {
        unsigned b = bytes[i];

        if (i == 6)
            b = (b & 0x0f) | version << 4;
        if (i == 8)
            b = (b & 0x3f) | 0x80;
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[b >> 4];
        *out++ = digits[b & 15];
    }
    *out = '\0';
}

bool name_is_safe(struct bytes name)
{
    if (name.len == 0 || name.len > 64 || name.data[0] == '.' || name.data[0] == '-')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
            return false;
    }
    return true;
}

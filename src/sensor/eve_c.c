#include "sensor/eve_path.h"
#include "sensor/eve_shape.h"

/* The plain C path: classes by table, eight bytes' bits turned into eight masks at once. */

enum { QUOTE = 1, BACK = 2, COMMA = 4, COLON = 8, OPEN = 16, CLOSE = 32, DIGIT = 64, RARE = 128 };

/* Two classes at once say what has no bit of its own: DIGIT | COLON is '0', DIGIT with OPEN or
 * CLOSE is square. */
static const uint8_t classes[256] = {
    [0 ... 0x1f] = RARE,  [0x80 ... 0xff] = RARE, ['"'] = QUOTE,         ['\\'] = BACK,
    [','] = COMMA,        [':'] = COLON,          ['{'] = OPEN,          ['}'] = CLOSE,
    ['['] = OPEN | DIGIT, [']'] = CLOSE | DIGIT,  ['0'] = DIGIT | COLON, ['1' ... '9'] = DIGIT,
};

#define EVE_TARGET
#define EVE_SCAN eve_scan_c
#include "sensor/eve_mask.h"

/* Bit j of byte i becomes bit i of byte j (Hacker's Delight, section 7-3). */
INLINE uint64_t transposed(uint64_t x)
{
    uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aa;

    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000cccc0000cccc;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000f0f0f0f0;
    return x ^ t ^ t << 28;
}

INLINE void masks_at(const uint8_t *p, struct masks *out)
{
    uint64_t by_class[8] = {0}, square;

    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t bits = 0;

        for (unsigned k = 0; k < 8; k++)
            bits |= (uint64_t)classes[p[i + k]] << 8 * k;
        bits = transposed(bits);
        for (unsigned k = 0; k < 8; k++)
            by_class[k] |= (bits >> 8 * k & 0xff) << i;
    }
    square = by_class[6] & (by_class[4] | by_class[5]);
    *out = (struct masks){
        .quote = by_class[0],
        .back = by_class[1],
        .comma = by_class[2],
        .colon = by_class[3] & ~by_class[6],
        .open = by_class[4],
        .close = by_class[5],
        .square = square,
        .digit = by_class[6] & ~square,
        .zero = by_class[3] & by_class[6],
        .rare = by_class[7],
    };
}

/* Each bit: the parity of the bits up to and with it. */
INLINE uint64_t parity_up_to(uint64_t x)
{
    for (unsigned i = 1; i < 64; i *= 2)
        x ^= x << i;
    return x;
}

/* Are the first n bytes the same? n is at most 16. */
INLINE bool same_name(const uint8_t *a, const char *b, size_t n)
{
    return memcmp(a, b, n) == 0;
}

/* Which of the 16 bytes are no digits. */
INLINE uint32_t no_digits_at(const uint8_t *p)
{
    uint32_t out = 0;

    for (unsigned i = 0; i < 16; i++)
        out |= (uint32_t)((uint8_t)(p[i] - '0') > 9) << i;
    return out;
}

/* The first byte that is no plain character of a string, at most `end`. */
INLINE const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (classes[*p] & (QUOTE | BACK | RARE)) == 0)
        p++;
    return p;
}

/* Are the step's bytes at p, of which `left` can be read? */
INLINE bool same_step(const uint8_t *p, size_t left, const struct eve_step *step)
{
    return left >= step->length && same_words(p, step->text, step->length);
}

#include "sensor/eve_scan.h"

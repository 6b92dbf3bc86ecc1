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

/* How many of the word's first bytes are digits. */
INLINE unsigned digits_of(uint64_t word)
{
    uint64_t x = word ^ BYTES('0'), stop = ((x + BYTES(0x76)) | x) & BYTES(0x80);

    return stop == 0 ? 8 : (unsigned)__builtin_ctzll(stop) / 8;
}

/* How many digits stand at p, counted to 16; 16 bytes stand before the end. */
INLINE unsigned digits_at(const uint8_t *p, const uint8_t *end)
{
    unsigned n;

    if (end - p < 8)
        return p < end ? digits_of(load64(end - 8) >> 8 * (8 - (end - p))) : 0;
    n = digits_of(load64(p));
    if (n < 8 || end - p == 8)
        return n;
    p += 8;
    return 8 + digits_of(end - p < 8 ? load64(end - 8) >> 8 * (8 - (end - p)) : load64(p));
}

/* Do the first n bytes, a constant, stand at p? */
INLINE bool begins(const uint8_t *p, const char *text, size_t n)
{
    return memcmp(p, text, n) == 0;
}

/* All of it to zero. */
INLINE void clear_event(struct event *e)
{
    memset(e, 0, sizeof *e);
}

/* The first byte that is no plain character of a string, at most `end`. */
INLINE const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (classes[*p] & (QUOTE | BACK | RARE)) == 0)
        p++;
    return p;
}

/* addr_from_v4, here so that it is inlined. */
INLINE struct addr four_of(uint32_t host_order)
{
    struct addr a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};
    uint32_t wire = __builtin_bswap32(host_order);

    memcpy(a.byte + 12, &wire, 4);
    return a;
}

/* One part of a dotted quad, `len` digits that end before `past`; four bytes before can be read. */
INLINE uint32_t part_before(const uint8_t *past, unsigned len, uint32_t *bad)
{
    static const uint32_t least[4] = {1, 0, 0x100, 0x10000}; /* no leading zero */
    uint32_t w = load32(past - 4) & 0x0f0f0f0f & ~(uint32_t)0 << (32 - 8 * len);
    uint32_t digits = __builtin_bswap32(w); /* the number, a digit a byte */

    *bad |= (digits > 0x020505) | (digits < least[len]);
    return (uint32_t)((uint64_t)w * (1 + (10 << 8) + (100 << 16)) >> 24) & 0xff;
}

/* "1.2.3.4" and its closing quote; four bytes before `p` can be read. */
INLINE const uint8_t *four_at(const uint8_t *p, const uint8_t *end, struct addr *out)
{
    uint32_t stops, bad = 0, a;
    unsigned at[4];

    if (end - p < 16)
        return NULL;
    stops = no_digits_at(p);
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned)__builtin_ctz(stops | 1u << 16);
        stops &= stops - 1;
    }
    if (at[3] > 15 || p[at[0]] != '.' || p[at[1]] != '.' || p[at[2]] != '.' || p[at[3]] != '"' ||
        at[0] - 1 > 2 || at[1] - at[0] - 2 > 2 || at[2] - at[1] - 2 > 2 || at[3] - at[2] - 2 > 2)
        return NULL;
    a = part_before(p + at[0], at[0], &bad) << 24;
    a |= part_before(p + at[1], at[1] - at[0] - 1, &bad) << 16;
    a |= part_before(p + at[2], at[2] - at[1] - 1, &bad) << 8;
    a |= part_before(p + at[3], at[3] - at[2] - 1, &bad);
    if (bad != 0)
        return NULL;
    *out = four_of(a);
    return p + at[3] + 1;
}

/* "07:58:04.680792", as seconds of the day and microseconds. */
INLINE bool clock_at(const uint8_t *p, uint32_t *second_out, uint32_t *us_out)
{
    const uint64_t clock_form = 0x30303a30303a3030, part_form = 0x3030303030302e;
    uint64_t clock = load64(p) ^ clock_form,
             part = (load64(p + 8) ^ part_form) & 0x00ffffffffffffff, bad;
    uint32_t hour, minute, second;

    bad = (clock + 0x76767f76767f7676) | clock | (part + 0x007676767676767f) | part;
    clock = clock * 10 + (clock >> 8);
    part = part * 10 + (part >> 8);
    hour = clock & 0xff;
    minute = clock >> 24 & 0xff;
    second = clock >> 48 & 0xff;
    *second_out = hour * 3600 + minute * 60 + second;
    *us_out =
        (uint32_t)((part >> 8 & 0xff) * 10000 + (part >> 24 & 0xff) * 100 + (part >> 40 & 0xff));
    return (bad & BYTES(0x80)) == 0 && hour < 24 && minute < 60 && second < 60;
}

/* Are the step's bytes at p, of which `left` can be read? */
INLINE bool same_step(const uint8_t *p, size_t left, const struct eve_step *step)
{
    return left >= step->length && same_words(p, step->text, step->length);
}

/* Past the hole at p, if it is no more than plain bytes or digits and is over there; else NULL. */
INLINE const uint8_t *plain_hole(const uint8_t *p, const uint8_t *end, unsigned hole, bool foreseen)
{
    unsigned n;

    (void)foreseen;
    if (hole == HOLE_STRING) {
        p = plain_end(p, end);
        return p < end && *p == '"' ? p + 1 : NULL;
    }
    if (hole == HOLE_NONE)
        return p;
    n = digits_at(p, end);
    return n == 0 || (*p == '0' && n > 1) || n == 16 || p + n == end || p[n] == '.' ||
                   (p[n] | 32) == 'e'
               ? NULL
               : p + n;
}

#include "sensor/eve_scan.h"

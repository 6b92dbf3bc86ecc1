/*
 * eve_x86.h - steps over 16 bytes that the AVX2 and the AVX-512 path take alike. After eve_mask.h,
 * in a file that defined EVE_TARGET.
 */
#ifndef PARLEY_SENSOR_EVE_X86_H
#define PARLEY_SENSOR_EVE_X86_H

#include <immintrin.h>

/* Are the first n bytes the same? n is at most 16; 16 can be read of both. */
INLINE bool same_name(const uint8_t *a, const char *b, size_t n)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);
    uint32_t others = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) ^ 0xffff;

    return (others & ((1u << n) - 1)) == 0;
}

/* Do the first n bytes, a constant, stand at p? 16 can be read of both. */
INLINE bool begins(const uint8_t *p, const char *text, size_t n)
{
    return same_name(p, text, n);
}

INLINE __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

/* All of it to zero. By steps, for compilers make of it an instruction that takes as long as
 * reading an address. */
INLINE void clear_event(struct event *e)
{
    enum { LAST = sizeof *e - 32 };

    for (size_t i = 0; i < LAST; i += 32) {
        _mm256_storeu_si256((__m256i *)(void *)((uint8_t *)e + i), _mm256_setzero_si256());
        __asm__("" ::: "memory");
    }
    _mm256_storeu_si256((__m256i *)(void *)((uint8_t *)e + LAST), _mm256_setzero_si256());
}

/* Which of the 16 digits' values are none. */
INLINE uint32_t no_digits_of(__m128i values)
{
    return 0xffff ^ (uint32_t)_mm_movemask_epi8(
                        _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values));
}

/*
 * Dotted quads by the places of what is no digit in them: three dots and the closing quote. The
 * table of their 81 forms is without collision, or the compiler would warn of it.
 */
struct quad {
    uint8_t digit[16]; /* nothing, hundreds, tens, ones of each part; 0x80 is nothing */
    uint8_t least[4];  /* of each part, or it has a leading zero */
    uint16_t stops;
    uint8_t length;
};

#define QUAD_SLOT(stops) ((uint32_t)((stops)*UINT32_C(0x372da969)) >> 24)
#define STOPS(a, b, c, d)                                                                          \
    (1u << (a) | 1u << ((a) + (b) + 1) | 1u << ((a) + (b) + (c) + 2) |                             \
     1u << ((a) + (b) + (c) + (d) + 3))
#define PART(n, end)                                                                               \
    0x80, (uint8_t)((n) > 2 ? (end)-3 : 0x80), (uint8_t)((n) > 1 ? (end)-2 : 0x80), (end)-1
#define LEAST(n) ((n) == 3 ? 100 : (n) == 2 ? 10 : 0)
#define QUAD(a, b, c, d)                                                                           \
    [QUAD_SLOT(STOPS(a, b, c, d))] = {{PART(a, (a)), PART(b, (a) + (b) + 1),                       \
                                       PART(c, (a) + (b) + (c) + 2),                               \
                                       PART(d, (a) + (b) + (c) + (d) + 3)},                        \
                                      {LEAST(a), LEAST(b), LEAST(c), LEAST(d)},                    \
                                      STOPS(a, b, c, d),                                           \
                                      (a) + (b) + (c) + (d) + 3}
#define QUADS_1(a, b, c) QUAD(a, b, c, 1), QUAD(a, b, c, 2), QUAD(a, b, c, 3)
#define QUADS_2(a, b)    QUADS_1(a, b, 1), QUADS_1(a, b, 2), QUADS_1(a, b, 3)
#define QUADS_3(a)       QUADS_2(a, 1), QUADS_2(a, 2), QUADS_2(a, 3)

static const struct quad quads[256] = {QUADS_3(1), QUADS_3(2), QUADS_3(3)};

/* "1.2.3.4" and its closing quote. */
INLINE const uint8_t *four_at(const uint8_t *p, const uint8_t *end, struct addr *out)
{
    const __m128i weights = _mm_set1_epi32(0x010a6400), ones = _mm_set1_epi16(1);
    const __m128i low = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12);
    const __m128i mapped = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0);
    uint32_t stops, rest, dots, quotes, few;
    const struct quad *quad;
    __m128i text, value, part, bad;

    if (end - p < 16)
        return NULL;
    text = load16(p);
    value = _mm_sub_epi8(text, _mm_set1_epi8('0'));
    dots = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')));
    quotes = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')));
    end = p + __builtin_ctz(quotes | 1u << 16); /* first of all: what follows waits for it */
    stops = rest = no_digits_of(value);
    for (int i = 0; i < 4; i++)
        rest &= rest - 1;
    stops ^= rest; /* the first four */
    quad = &quads[QUAD_SLOT(stops)];
    if (quad->stops != stops || (dots & stops) != (stops ^ 1u << quad->length) ||
        end != p + quad->length)
        return NULL;
    part = _mm_madd_epi16(_mm_maddubs_epi16(_mm_shuffle_epi8(value, load16(quad->digit)), weights),
                          ones);
    memcpy(&few, quad->least, sizeof few);
    bad = _mm_or_si128(_mm_cmpgt_epi32(_mm_cvtepu8_epi32(_mm_cvtsi32_si128((int)few)), part),
                       _mm_cmpgt_epi32(part, _mm_set1_epi32(255)));
    if (!_mm_testz_si128(bad, bad))
        return NULL;
    _mm_storeu_si128((__m128i *)(void *)out->byte,
                     _mm_or_si128(_mm_shuffle_epi8(part, low), mapped));
    return end + 1;
}

/* "07:58:04.680792", as seconds of the day and microseconds; 16 bytes can be read. */
INLINE bool clock_at(const uint8_t *p, uint32_t *second_out, uint32_t *us_out)
{
    const __m128i form =
        _mm_setr_epi8('0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', '0', '0', '0', 0);
    const __m128i most = _mm_setr_epi8(9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 9, 9, 9, 9, -1);
    const __m128i pairs = _mm_setr_epi8(0, 1, 3, 4, 6, 7, -1, -1, 9, 10, 11, 12, 13, 14, -1, -1);
    const __m128i tens = _mm_set1_epi16(0x010a);
    const __m128i limits = _mm_setr_epi16(23, 59, 59, 0, 99, 99, 99, 0);
    const __m128i weights = _mm_setr_epi16(3600, 60, 1, 0, 10000, 100, 1, 0);
    __m128i digit = _mm_sub_epi8(load16(p), form), number, sum;
    int good = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digit, most), digit));
    uint64_t both;

    number = _mm_maddubs_epi16(_mm_shuffle_epi8(digit, pairs), tens);
    sum = _mm_madd_epi16(number, weights);
    sum = _mm_hadd_epi32(sum, sum);
    both = (uint64_t)_mm_cvtsi128_si64(sum);
    *second_out = (uint32_t)both;
    *us_out = (uint32_t)(both >> 32);
    number = _mm_cmpgt_epi16(number, limits);
    return good == 0xffff && _mm_testz_si128(number, number) != 0;
}

INLINE __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Are the step's bytes at p, of which `left` can be read? */
INLINE bool same_step(const uint8_t *p, size_t left, const struct eve_step *step)
{
    __m256i same;

    if (left < EVE_STEP_TEXT)
        return left >= step->length && same_words(p, step->text, step->length);
    same = _mm256_cmpeq_epi8(load(p), load(step->text));
    return (~(uint32_t)_mm256_movemask_epi8(same) & step->mask) == 0;
}

#define EQUAL32(v, c) (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)))

/* The 32 bytes at p, or the line's last 32; *over: how many of them stand before p. */
INLINE __m256i last_load(const uint8_t *p, const uint8_t *end, unsigned *over)
{
    *over = __builtin_expect(end - p >= 32, 1) ? 0 : 32 - (unsigned)(end - p);
    return load(p - *over);
}

/* Which of 32 bytes are no plain characters of a string. */
INLINE uint32_t odd_of(__m256i v)
{
    __m256i odd = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')),
                                  _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), v));

    return (uint32_t)_mm256_movemask_epi8(
        _mm256_or_si256(odd, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"'))));
}

INLINE uint32_t digits_of(__m256i v)
{
    __m256i x = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));

    return (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(9)), x));
}

/* A string of at most 31 plain bytes: past its closing quote; else NULL. */
INLINE const uint8_t *short_string(const uint8_t *p, const uint8_t *end)
{
    unsigned over;
    __m256i v = last_load(p, end, &over);
    uint64_t odd = (uint64_t)odd_of(v) >> over;

    p += __builtin_ctzll(odd | (uint64_t)1 << 32);
    return odd != 0 && *p == '"' ? p + 1 : NULL;
}

/* No more than digits, at most 31: past them; else NULL. */
INLINE const uint8_t *short_number(const uint8_t *p, const uint8_t *end)
{
    unsigned over, n;
    __m256i v = last_load(p, end, &over);
    uint64_t digits = (uint64_t)digits_of(v) >> over;

    n = (unsigned)__builtin_ctzll(~digits);
    if (n == 0 || (n > 1 && *p == '0') || p + n >= end || p[n] == '.' || (p[n] | 32) == 'e')
        return NULL;
    return p + n;
}

/* Past the hole at p, if it is no more than plain bytes or digits, at most 31, and is over there;
 * else NULL. 32 bytes stand before the end. `foreseen`: its kind is what it was the last time, so
 * that a branch for it costs nothing. */
INLINE const uint8_t *plain_hole(const uint8_t *p, const uint8_t *end, unsigned hole, bool foreseen)
{
    uint64_t quote, behind, nought, stop, good, first;
    unsigned over;
    __m256i v;

    if (foreseen)
        return hole == HOLE_STRING ? short_string(p, end)
               : hole == HOLE_NONE ? p
                                   : short_number(p, end);
    v = last_load(p, end, &over);
    quote = EQUAL32(v, '"');
    behind = EQUAL32(v, ',') | EQUAL32(_mm256_or_si256(v, _mm256_set1_epi8(32)), '}');
    nought = p < end && *p == '0' ? 2 : ~(uint64_t)1;
    stop = (uint64_t)(hole == HOLE_STRING ? odd_of(v) : ~digits_of(v)) >> over;
    good = (hole == HOLE_STRING ? quote : behind) >> over & (hole == HOLE_STRING ? ~0ull : nought);
    stop = hole == HOLE_NONE ? 1 : stop;
    good = hole == HOLE_NONE ? 1 : good;
    first = stop & -stop;
    return (first & good) != 0 ? p + __builtin_ctzll(first) + (hole == HOLE_STRING) : NULL;
}

#define EVE_WIDE

/* A whole number of at most 16 digits without leading zero; 16 bytes before it and 32 from it on
 * can be read. */
INLINE const uint8_t *long_number_at(const uint8_t *p, uint64_t *out)
{
    static const uint8_t slide[32] = {[16 ... 31] = 0xff};
    const __m128i nought = _mm_set1_epi8('0');
    unsigned n = (unsigned)__builtin_ctz(no_digits_of(_mm_sub_epi8(load16(p), nought)) | 1u << 16);
    __m128i x;
    uint64_t halves;

    if (n == 0 || (*p == '0' && n > 1) || (n == 16 && (uint8_t)(p[16] - '0') <= 9))
        return NULL;
    x = _mm_and_si128(_mm_sub_epi8(load16(p + n - 16), nought), load16(slide + n));
    x = _mm_madd_epi16(_mm_maddubs_epi16(x, _mm_set1_epi16(0x010a)), _mm_set1_epi32(0x00010064));
    x = _mm_madd_epi16(_mm_packus_epi32(x, x), _mm_set1_epi32(0x00012710));
    halves = (uint64_t)_mm_cvtsi128_si64(x);
    *out = (halves & 0xffffffff) * 100000000 + (halves >> 32);
    return p + n;
}

#endif

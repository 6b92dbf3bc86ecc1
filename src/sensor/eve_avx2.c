#include "sensor/eve_path.h"
#include "sensor/eve_shape.h"

#ifdef __x86_64__
#include <immintrin.h>

#define EVE_TARGET __attribute__((target("avx2,pclmul,bmi,bmi2,lzcnt,popcnt")))
#define EVE_SCAN   eve_scan_avx2
#include "sensor/eve_mask.h"
#include "sensor/eve_x86.h"

INLINE uint64_t mask_of(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

#define EQUAL(c)                                                                                   \
    mask_of(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(c)), _mm256_cmpeq_epi8(b, _mm256_set1_epi8(c)))

INLINE void masks_at(const uint8_t *p, struct masks *out)
{
    const __m256i bit = _mm256_set1_epi8(0x20), nine = _mm256_set1_epi8(9),
                  nought = _mm256_set1_epi8('0');
    __m256i a = load(p), b = load(p + 32), x = _mm256_sub_epi8(a, nought),
            y = _mm256_sub_epi8(b, nought);

    out->quote = EQUAL('"');
    out->back = EQUAL('\\');
    out->comma = EQUAL(',');
    out->colon = EQUAL(':');
    out->zero = EQUAL('0');
    out->digit = mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(x, nine), x),
                         _mm256_cmpeq_epi8(_mm256_min_epu8(y, nine), y));
    out->rare = mask_of(_mm256_cmpgt_epi8(bit, a), _mm256_cmpgt_epi8(bit, b));
    /* bit 5 to the top: set for curly brackets, not for square ones */
    out->square = ~mask_of(_mm256_slli_epi16(a, 2), _mm256_slli_epi16(b, 2));
    a = _mm256_or_si256(a, bit);
    b = _mm256_or_si256(b, bit);
    out->open = EQUAL('{');
    out->close = EQUAL('}');
}

INLINE uint64_t parity_up_to(uint64_t x)
{
    __m128i all = _mm_set1_epi8(-1);

    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)x), all, 0));
}

INLINE const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
    for (; end - p >= 32; p += 32) {
        __m256i v = load(p);
        __m256i stop =
            _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                                            _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), v));
        uint32_t stops = (uint32_t)_mm256_movemask_epi8(stop);

        if (stops != 0)
            return p + __builtin_ctz(stops);
    }
    while (p < end && *p != '"' && *p != '\\' && *p >= 0x20 && *p < 0x80)
        p++;
    return p;
}

#include "sensor/eve_scan.h"

#endif

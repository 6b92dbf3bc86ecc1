#include "sensor/eve_path.h"
#include "sensor/eve_shape.h"

#ifdef __x86_64__
#include <immintrin.h>

#define EVE_TARGET                                                                                 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx2,pclmul,bmi,bmi2,lzcnt,popcnt")))
#define EVE_SCAN   eve_scan_avx512
#define EVE_MASKED /* masks_at reads only the bytes of `valid` */
#include "sensor/eve_mask.h"
#include "sensor/eve_x86.h"

#define EQUAL(c) _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c))

INLINE void masks_at(const uint8_t *p, uint64_t valid, struct masks *out)
{
    __m512i v = _mm512_maskz_loadu_epi8(valid, p);

    out->quote = EQUAL('"');
    out->back = EQUAL('\\');
    out->comma = EQUAL(',');
    out->colon = EQUAL(':');
    out->zero = EQUAL('0');
    out->digit =
        _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(9));
    out->rare = _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(0x20));
    out->square = _mm512_testn_epi8_mask(v, _mm512_set1_epi8(0x20));
    v = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
    out->open = EQUAL('{');
    out->close = EQUAL('}');
}

INLINE uint64_t parity_up_to(uint64_t x)
{
    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)x), _mm_set1_epi8(-1), 0));
}

INLINE const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
    for (;; p += 64) {
        uint64_t valid = end - p >= 64 ? ~0ull : _bzhi_u64(~0ull, (unsigned)(end - p));
        __m512i v = _mm512_maskz_loadu_epi8(valid, p);
        uint64_t stop = EQUAL('"') | EQUAL('\\') |
                        _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(0x20)); /* zeros stop too */

        if (stop != 0)
            return p + __builtin_ctzll(stop);
    }
}

#include "sensor/eve_scan.h"

#endif

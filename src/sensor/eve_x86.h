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

/* Which of the 16 bytes are no digits. */
INLINE uint32_t no_digits_at(const uint8_t *p)
{
    __m128i x = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));

    return 0xffff ^
           (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(9)), x));
}

#endif

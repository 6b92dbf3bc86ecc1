/*
 * eve_mask.h - what a path of eve_path.h finds out about 64 bytes at once: a bit a byte.
 *
 * A path's file defines EVE_TARGET (the machine it needs) and EVE_SCAN (the name of its function),
 * includes this, defines masks_at, parity_up_to, same_step, plain_end and what eve_x86.h has for
 * two of the three (EVE_WIDE says that long_number_at is there, too), and includes eve_scan.h last,
 * which is the same text for all.
 */
#ifndef PARLEY_SENSOR_EVE_MASK_H
#define PARLEY_SENSOR_EVE_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "net/addr.h"

enum { EVE_AHEAD = 16 }; /* bytes that a prediction compares at once */

#define INLINE static inline __attribute__((always_inline)) EVE_TARGET

INLINE uint64_t load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE uint32_t load32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

#define BYTES(b) ((uint64_t)0x0101010101010101 * (b))

/* The eight digits' number; each byte is 0 to 9. */
INLINE uint64_t eight_digits(uint64_t x)
{
    x = x * 10 + (x >> 8);
    return ((x & 0x000000ff000000ff) * 0x000f424000000064 +
            (x >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >>
           32;
}

/* Are the first len bytes the same? No more are read. */
INLINE bool same_words(const uint8_t *p, const uint8_t *text, size_t len)
{
    uint64_t a, b;

    if (len < sizeof a) {
        for (size_t i = 0; i < len; i++)
            if (p[i] != text[i])
                return false;
        return true;
    }
    for (size_t i = 0; i + sizeof a < len; i += sizeof a) {
        memcpy(&a, p + i, sizeof a);
        memcpy(&b, text + i, sizeof b);
        if (a != b)
            return false;
    }
    memcpy(&a, p + len - sizeof a, sizeof a);
    memcpy(&b, text + len - sizeof b, sizeof b);
    return a == b;
}

struct masks {
    uint64_t quote, back, comma, colon;
    uint64_t open, close; /* curly or square bracket */
    uint64_t square;      /* among brackets: it is a square one; else anything */
    uint64_t digit, zero; /* 0 to 9; 0 */
    uint64_t rare;        /* control characters and bytes above 0x7f */
};

#endif

/*
 * slots.h - a list of small numbers, in as many bytes each as the largest needs.
 *
 * For lookup.c and six.c: the slot of each span.
 */
#ifndef PARLEY_NET_SLOTS_H
#define PARLEY_NET_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

struct slots {
    uint8_t width; /* 1, 2 or 4 */
    void *list;    /* owned: free() it */
};

static inline uint32_t slots_at(const struct slots *s, size_t i)
{
    return s->width == 1   ? ((const uint8_t *)s->list)[i]
           : s->width == 2 ? ((const uint16_t *)s->list)[i]
                           : ((const uint32_t *)s->list)[i];
}

/* Each of the list is below `values`. */
static inline void slots_pack(struct slots *s, const uint32_t *list, size_t count, size_t values)
{
    s->width = values <= 1 << 8 ? 1 : values <= 1 << 16 ? 2 : 4;
    s->list = memory_new(count * s->width + 1);
    for (size_t i = 0; i < count; i++) {
        if (s->width == 1)
            ((uint8_t *)s->list)[i] = (uint8_t)list[i];
        else if (s->width == 2)
            ((uint16_t *)s->list)[i] = (uint16_t)list[i];
        else
            ((uint32_t *)s->list)[i] = list[i];
    }
}

#endif

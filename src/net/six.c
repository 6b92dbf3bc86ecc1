#include "net/six.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/slots.h"

/* A list while it is made. */
struct making {
    uint32_t *slot;
    size_t room;
};

struct six {
    uint16_t *top; /* first 16 bits that occur, ascending; the first is 0 */
    uint32_t *at;  /* where in `middle` those of each begin; one more at the end */
    size_t tops;
    uint32_t *middle; /* the 32 bits behind them */
    struct slots slots;
    size_t count;
    struct addr *fine; /* beginnings inside a /48, and the /48's own before them */
    struct slots fine_slots;
    size_t fine_count;
    uint32_t marked; /* the slot that says: look into fine */
    struct making coarse_making, fine_making;
    uint32_t last; /* the slot in force where the last added begins */
};

static uint64_t upper48(struct addr a)
{
    uint64_t n = 0;

    for (int i = 0; i < 6; i++)
        n = n << 8 | a.byte[i];
    return n;
}

struct six *six_new(void)
{
    return memory_zeroed(1, sizeof(struct six));
}

void six_free(struct six *s)
{
    if (s == NULL)
        return;
    free(s->top);
    free(s->at);
    free(s->middle);
    free(s->slots.list);
    free(s->fine);
    free(s->fine_slots.list);
    free(s->coarse_making.slot);
    free(s->fine_making.slot);
    free(s);
}

/* ---- building ---- */

static bool is_full(size_t count)
{
    return (count & (count - 1)) == 0; /* rooms are powers of two */
}

static uint64_t last_upper(const struct six *s)
{
    return (uint64_t)s->top[s->tops - 1] << 32 | s->middle[s->count - 1];
}

static void add_top(struct six *s, uint16_t top)
{
    if (s->tops != 0 && s->top[s->tops - 1] == top)
        return;
    s->top = memory_resize(s->top, s->tops + 1, sizeof *s->top);
    s->at = memory_resize(s->at, s->tops + 2, sizeof *s->at);
    s->top[s->tops] = top;
    s->at[s->tops++] = (uint32_t)s->count;
}

/* The next /48; over the one that was added last, if it is the same. */
static void add_coarse(struct six *s, uint64_t upper, uint32_t slot)
{
    if (s->count != 0 && last_upper(s) == upper) {
        s->coarse_making.slot[s->count - 1] = slot;
        return;
    }
    add_top(s, (uint16_t)(upper >> 32));
    if (is_full(s->count)) {
        size_t room = s->count == 0 ? 1 : 2 * s->count;

        s->middle = memory_resize(s->middle, room, sizeof *s->middle);
        s->coarse_making.slot = memory_resize(s->coarse_making.slot, room, sizeof(uint32_t));
    }
    s->middle[s->count] = (uint32_t)upper;
    s->coarse_making.slot[s->count++] = slot;
}

static void add_fine(struct six *s, struct addr first, uint32_t slot)
{
    if (is_full(s->fine_count)) {
        size_t room = s->fine_count == 0 ? 1 : 2 * s->fine_count;

        s->fine = memory_resize(s->fine, room, sizeof *s->fine);
        s->fine_making.slot = memory_resize(s->fine_making.slot, room, sizeof(uint32_t));
    }
    s->fine[s->fine_count] = first;
    s->fine_making.slot[s->fine_count++] = slot;
}

static struct addr addr_of(uint64_t upper)
{
    struct addr a = {{0}};

    for (int i = 0; i < 6; i++)
        a.byte[i] = (uint8_t)(upper >> 8 * (5 - i));
    return a;
}

enum { MARK = UINT32_MAX }; /* until it is known which slot is free */

/* Is the /48 that was added last one that is marked? */
static bool is_marked(const struct six *s)
{
    return s->coarse_making.slot[s->count - 1] == (uint32_t)MARK;
}

void six_add(struct six *s, struct addr first, uint32_t slot)
{
    uint64_t upper = upper48(first);

    if (s->count != 0 && is_marked(s) && last_upper(s) < upper)
        add_coarse(s, last_upper(s) + 1, s->last); /* behind a marked /48 the last one holds */
    if (addr_compare(first, addr_of(upper)) == 0) {
        add_coarse(s, upper, slot);
    } else {
        if (last_upper(s) < upper || !is_marked(s)) {
            add_fine(s, addr_of(upper), s->last);
            add_coarse(s, upper, (uint32_t)MARK);
        }
        add_fine(s, first, slot);
    }
    s->last = slot;
}

void six_seal(struct six *s, uint32_t slots)
{
    if (is_marked(s) && last_upper(s) < ((uint64_t)1 << 48) - 1)
        add_coarse(s, last_upper(s) + 1, s->last);
    s->marked = slots;
    s->at[s->tops] = (uint32_t)s->count;
    for (size_t i = 0; i < s->count; i++)
        if (s->coarse_making.slot[i] == (uint32_t)MARK)
            s->coarse_making.slot[i] = slots;
    slots_pack(&s->slots, s->coarse_making.slot, s->count, slots + (s->fine_count != 0));
    slots_pack(&s->fine_slots, s->fine_making.slot, s->fine_count, slots);
    s->middle = memory_resize(s->middle, s->count, sizeof *s->middle);
    free(s->coarse_making.slot);
    free(s->fine_making.slot);
    s->coarse_making.slot = s->fine_making.slot = NULL;
}

/* ---- asking ---- */

/* The last of fine that begins at or before `a`; there is one. */
static uint32_t find_fine(const struct six *s, struct addr a)
{
    size_t from = 0, n = s->fine_count;

    while (n > 1) {
        size_t half = n / 2;

        from = addr_compare(s->fine[from + half], a) <= 0 ? from + half : from;
        n -= half;
    }
    return slots_at(&s->fine_slots, from);
}

/* The last of the tops that is at most `top`; the first is 0. */
static size_t find_top(const struct six *s, uint16_t top)
{
    size_t from = 0;

    for (size_t n = s->tops; n > 1;) {
        size_t half = n / 2;

        from = s->top[from + half] <= top ? from + half : from;
        n -= half;
    }
    return from;
}

uint32_t six_find(const struct six *s, struct addr a)
{
    uint64_t upper = upper48(a);
    size_t top = find_top(s, (uint16_t)(upper >> 32)), from = s->at[top], at;
    size_t n = s->at[top + 1] - from;
    uint32_t slot, middle = (uint32_t)upper;

    if (s->top[top] < upper >> 32)
        middle = UINT32_MAX; /* the last of the top before it holds */
    for (at = from; n > 1;) {
        size_t half = n / 2;

        at = s->middle[at + half] <= middle ? at + half : at;
        n -= half;
    }
    at -= s->middle[at] > middle; /* the last of the tops before */
    slot = slots_at(&s->slots, at);
    return slot == s->marked && s->fine_count != 0 ? find_fine(s, a) : slot;
}

size_t six_bytes(const struct six *s)
{
    return sizeof *s + s->tops * (sizeof *s->top + sizeof *s->at) +
           s->count * (sizeof *s->middle + s->slots.width) +
           s->fine_count * (sizeof *s->fine + s->fine_slots.width);
}

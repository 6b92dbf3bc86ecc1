#include "ledger/leaves.h"

#include "base/memory.h"

enum { SLOTS_MIN = 256 };

static uint32_t slot_index(uint64_t slot)
{
    return (uint32_t)slot - 1;
}

/* 32 bits of the hash lie in the slot itself: what is another's is passed over without a look at
 * the forest, which is not in the processor's cache. */
static size_t slot_of(const struct leaves *l, const struct digest *leaf)
{
    uint64_t key;
    uint32_t mark;
    size_t at;

    memcpy(&key, leaf->byte, sizeof key);
    memcpy(&mark, leaf->byte + sizeof key, sizeof mark);
    at = key & (l->slots - 1);
    while (l->slot[at] != 0 &&
           (l->slot[at] >> 32 != mark ||
            !digest_equal(leaf, forest_leaf(l->forest, slot_index(l->slot[at])))))
        at = (at + 1) & (l->slots - 1);
    return at;
}

void leaves_fetch(const struct leaves *l, const struct digest *leaf)
{
    uint64_t key;

    memcpy(&key, leaf->byte, sizeof key);
    __builtin_prefetch(&l->slot[key & (l->slots - 1)], 1);
}

void leaves_put(struct leaves *l, uint64_t index)
{
    const struct digest *leaf = forest_leaf(l->forest, index);
    size_t at = slot_of(l, leaf);
    uint32_t mark;

    if (l->slot[at] != 0)
        return; /* the first one of its hash stays */
    memcpy(&mark, leaf->byte + sizeof(uint64_t), sizeof mark);
    l->slot[at] = (uint64_t)mark << 32 | (uint32_t)(index + 1);
    l->used++;
}

static void rebuild(struct leaves *l, size_t slots)
{
    free(l->slot);
    l->slot = memory_zeroed(slots, sizeof l->slot[0]);
    l->slots = slots;
    l->used = 0;
    for (uint64_t i = 0; i < l->forest->size; i++)
        leaves_put(l, i);
}

void leaves_room(struct leaves *l, size_t more)
{
    size_t slots = l->slots == 0 ? SLOTS_MIN : l->slots;

    while ((l->used + more) * 2 > slots)
        slots *= 2;
    if (slots != l->slots)
        rebuild(l, slots);
}

bool leaves_find(const struct leaves *l, const struct digest *leaf, uint64_t *index)
{
    size_t at = slot_of(l, leaf);

    if (l->slot[at] == 0)
        return false;
    *index = slot_index(l->slot[at]);
    return true;
}
void leaves_again(struct leaves *l)
{
    rebuild(l, l->slots);
}

void leaves_done(struct leaves *l)
{
    free(l->slot);
    *l = (struct leaves){.forest = l->forest};
}

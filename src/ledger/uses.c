#include "ledger/uses.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SLOTS_MIN = 64 };

void uses_done(struct uses *u)
{
    free(u->use);
    free(u->slot);
    *u = (struct uses){0};
}

/* A permit's digest is its own hash. What lies in the slot tells another's permit from this one
 * without a look at the permit, which is not in the processor's cache. */
static uint64_t mark_of(const struct digest *permit)
{
    uint64_t key;

    memcpy(&key, permit->byte + sizeof key, sizeof key);
    return key & ~(uint64_t)UINT32_MAX;
}

/* Where the permit is, or the free slot where it would go. */
static size_t slot_of(const struct uses *u, const struct digest *permit)
{
    uint64_t mark = mark_of(permit), key;
    size_t at;

    memcpy(&key, permit->byte, sizeof key);
    for (at = key & (u->slots - 1); u->slot[at] != 0; at = (at + 1) & (u->slots - 1))
        if ((u->slot[at] ^ mark) <= UINT32_MAX &&
            digest_equal(&u->use[(uint32_t)u->slot[at] - 1].permit, permit))
            break;
    return at;
}

static void index_one(struct uses *u, size_t i)
{
    const struct digest *permit = &u->use[i].permit;

    u->slot[slot_of(u, permit)] = mark_of(permit) | (uint32_t)(i + 1);
}

static void index_again(struct uses *u, size_t slots)
{
    if (slots != u->slots) {
        free(u->slot);
        u->slot = memory_zeroed(slots, sizeof u->slot[0]);
        u->slots = slots;
    } else {
        memset(u->slot, 0, slots * sizeof u->slot[0]);
    }
    for (size_t i = 0; i < u->count; i++)
        index_one(u, i);
}

void uses_clear(struct uses *u)
{
    u->count = 0;
    if (u->slots != 0)
        index_again(u, u->slots);
}

static void make_room(struct uses *u)
{
    if (u->count == u->room) {
        u->room = u->room == 0 ? SLOTS_MIN / 2 : u->room * 2;
        u->use = memory_resize(u->use, u->room, sizeof u->use[0]);
    }
    if ((u->count + 1) * 2 > u->slots)
        index_again(u, u->slots == 0 ? SLOTS_MIN : u->slots * 2);
}

bool uses_has(const struct uses *u, const struct digest *permit)
{
    return u->count != 0 && u->slot[slot_of(u, permit)] != 0;
}

bool uses_put(struct uses *u, const struct use *use)
{
    size_t at;

    make_room(u);
    at = slot_of(u, &use->permit);
    if (u->slot[at] != 0)
        return false;
    u->use[u->count++] = *use;
    u->slot[at] = mark_of(&use->permit) | (uint32_t)u->count;
    return true;
}

int64_t uses_forget(struct uses *u, struct instant now)
{
    int64_t latest = INT64_MIN;
    size_t left = 0;

    for (size_t i = 0; i < u->count; i++) {
        int64_t expires = instant_seconds(u->use[i].expires);

        if (expires > instant_seconds(now))
            u->use[left++] = u->use[i];
        else if (expires > latest)
            latest = expires;
    }
    if (left != u->count) {
        u->count = left;
        index_again(u, u->slots);
    }
    return latest;
}

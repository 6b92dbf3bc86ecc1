#include "watch/twins.h"

#include <stdlib.h>

#include "base/memory.h"

enum { SMALLEST = 64 };

struct twin {
    int64_t time;
    uint64_t mark; /* 0: nobody */
};

/* Open addressing, at most half full. Invariant: between a twin and the place it belongs to no
 * place is empty. */
struct twins {
    struct twin *at;
    size_t room, count; /* room is a power of two */
    uint64_t seed, odd;
};

static struct twin *twins_room(size_t n)
{
    return memory_zeroed(n, sizeof(struct twin));
}

struct twins *twins_new(const uint8_t seed[16])
{
    struct twins *t = memory_zeroed(1, sizeof *t);

    memcpy(&t->seed, seed, sizeof t->seed);
    memcpy(&t->odd, seed + 8, sizeof t->odd);
    t->odd = (t->odd ^ 0x9e3779b97f4a7c15u) | 1;
    t->room = SMALLEST;
    t->at = twins_room(t->room);
    return t;
}

void twins_free(struct twins *t)
{
    if (t == NULL)
        return;
    free(t->at);
    free(t);
}

static size_t home_of(const struct twins *t, const struct twin *w)
{
    uint64_t h = (w->mark ^ t->seed ^ (uint64_t)w->time) * t->odd;

    return (size_t)(h >> 20) & (t->room - 1);
}

/* Its place, or the empty one where it belongs. */
static size_t place_of(const struct twins *t, const struct twin *w)
{
    size_t i = home_of(t, w);

    while (t->at[i].mark != 0 && (t->at[i].mark != w->mark || t->at[i].time != w->time))
        i = (i + 1) & (t->room - 1);
    return i;
}

static void grow(struct twins *t)
{
    struct twin *old = t->at;
    size_t room = t->room;

    t->room *= 2;
    t->at = twins_room(t->room);
    for (size_t i = 0; i < room; i++)
        if (old[i].mark != 0)
            t->at[place_of(t, &old[i])] = old[i];
    free(old);
}

static struct twin twin_of(int64_t time, uint64_t mark)
{
    return (struct twin){time, mark == 0 ? 1 : mark};
}

bool twins_add(struct twins *t, int64_t time, uint64_t mark)
{
    struct twin w = twin_of(time, mark);
    size_t i;

    if (2 * t->count >= t->room)
        grow(t);
    i = place_of(t, &w);
    if (t->at[i].mark != 0)
        return false;
    t->at[i] = w;
    t->count++;
    return true;
}

/* Those behind the gap move up, as far as their own places allow. */
static void close_gap(struct twins *t, size_t gap)
{
    for (size_t i = (gap + 1) & (t->room - 1); t->at[i].mark != 0; i = (i + 1) & (t->room - 1)) {
        size_t home = home_of(t, &t->at[i]);

        if (((i - home) & (t->room - 1)) < ((i - gap) & (t->room - 1)))
            continue; /* it lies between its home and here without the gap */
        t->at[gap] = t->at[i];
        gap = i;
    }
    t->at[gap] = (struct twin){0, 0};
}

void twins_drop(struct twins *t, int64_t time, uint64_t mark)
{
    struct twin w = twin_of(time, mark);
    size_t i = place_of(t, &w);

    if (t->at[i].mark == 0)
        return;
    t->count--;
    close_gap(t, i);
}

/* Eight bytes a step, each product folded: the idea is wyhash's. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 p = (unsigned __int128)a * b;

    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t twins_mark(struct bytes record)
{
    uint64_t h = 0x2545f4914f6cdd1du ^ record.len;
    size_t i = 0;

    for (; record.len - i >= 16; i += 16) {
        uint64_t word[2];

        memcpy(word, record.data + i, sizeof word);
        h = mix(word[0] ^ 0xa0761d6478bd642fu, word[1] ^ h);
    }
    for (; i < record.len; i++)
        h = mix(h ^ record.data[i], 0xe7037ed1a0b428dbu);
    return mix(h, 0x8ebc6af09c88c6e3u);
}

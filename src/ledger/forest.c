#include "ledger/forest.h"

#include "base/memory.h"

void forest_done(struct forest *f)
{
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        free(f->level[level].hash);
    memset(f, 0, sizeof *f);
}

static void put(struct forest *f, unsigned level, uint64_t at, const struct digest *hash)
{
    size_t room = f->level[level].room;

    if (at >= room) {
        room = room == 0 ? 64 : room * 2;
        f->level[level].hash =
            memory_resize(f->level[level].hash, room, sizeof f->level[level].hash[0]);
        f->level[level].room = room;
    }
    f->level[level].hash[at] = *hash;
}

void forest_append(struct forest *f, const struct digest *leaf)
{
    uint64_t at = f->size;
    struct digest hash = *leaf;
    unsigned level = 0;

    put(f, 0, at, &hash);
    for (; at & 1; at >>= 1) {
        hash = tree_node(&f->level[level].hash[at - 1], &hash);
        put(f, ++level, at >> 1, &hash);
    }
    f->size++;
}

void forest_cut(struct forest *f, uint64_t size)
{
    if (size < f->size)
        f->size = size;
}

const struct digest *forest_leaf(const struct forest *f, uint64_t index)
{
    return &f->level[0].hash[index];
}

static struct fault read_hash(const void *from, unsigned level, uint64_t index, struct digest *out)
{
    const struct forest *f = from;

    if (index >= f->size >> level)
        return fault_make(FAULT_RANGE, 0, "tree: a subtree that is not whole");
    *out = f->level[level].hash[index];
    return fault_none();
}

struct tree_reader forest_reader(const struct forest *f)
{
    return (struct tree_reader){read_hash, f};
}

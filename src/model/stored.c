#include "model/stored.h"

#include "base/memory.h"
#include "model/stored_make.h"

struct stored {
    uint64_t index;
    struct digest leaf;
};

struct stored *stored_new(uint64_t index, struct digest leaf)
{
    struct stored *s = memory_new(sizeof *s);

    *s = (struct stored){index, leaf};
    return s;
}

uint64_t stored_index(const struct stored *s)
{
    return s->index;
}

const struct digest *stored_leaf(const struct stored *s)
{
    return &s->leaf;
}

void stored_free(struct stored *s)
{
    free(s);
}

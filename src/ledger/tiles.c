#include "ledger/tiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "ledger/publish.h"

enum { WAYS = 4, ENTRIES = -1, HASH = 32, NODES = 2 * TILE_WIDTH };

/* A tile and the whole subtrees inside it, as a heap: node 1 is the root of all 256 hashes, the
 * hashes themselves are nodes 256 to 511. A partial tile lacks what is to the right. */
struct tile {
    unsigned level, width; /* width 0: nothing is held here */
    uint64_t number, used; /* used: when it was asked last */
    struct digest node[NODES];
};

struct held {
    struct tile **tile; /* `count` of them, in sets of WAYS; NULL until first used */
    size_t count;
    uint64_t asked, read;
};

struct tiles {
    const struct files *files;
    int dir;
    uint64_t size;
    struct held *held; /* changes while a reader, which is const, asks */
};

struct tiles *tiles_new(const struct files *files, int dir, uint64_t size, size_t held)
{
    struct tiles *t = memory_zeroed(1, sizeof *t);

    *t = (struct tiles){files, dir, size, memory_zeroed(1, sizeof *t->held)};
    t->held->count = held < WAYS ? WAYS : held;
    t->held->tile = memory_zeroed(t->held->count, sizeof t->held->tile[0]);
    return t;
}

void tiles_free(struct tiles *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->held->count; i++)
        free(t->held->tile[i]);
    free(t->held->tile);
    free(t->held);
    free(t);
}

uint64_t tiles_read(const struct tiles *t)
{
    return t->held->read;
}

/* How many of the 256 places of a tile the tree fills. */
static unsigned width_of(const struct tiles *t, unsigned level, uint64_t number)
{
    uint64_t all = t->size >> level * TILE_HEIGHT, first = number * TILE_WIDTH;

    return all <= first ? 0 : all - first < TILE_WIDTH ? (unsigned)(all - first) : TILE_WIDTH;
}

/* Opens it; tlog-tiles: where a partial one is gone, the full one is there. */
static struct fault open_tile(const struct tiles *t, int level, uint64_t number, unsigned width,
                              int *fd)
{
    char path[TILE_PATH];

    publish_path(level, number, width, path);
    *fd = t->files->open(t->files->context, t->dir, path, false);
    if (*fd < 0 && errno == ENOENT && width < TILE_WIDTH) {
        publish_path(level, number, TILE_WIDTH, path);
        *fd = t->files->open(t->files->context, t->dir, path, false);
    }
    if (*fd >= 0)
        return fault_none();
    return errno == ENOENT
               ? fault_make(FAULT_MISSING, (size_t)number, "tlog-tiles: a tile is not there")
               : fault_io("open of a tile");
}

/* The nodes above the hashes, as far as both halves are there. */
static void fill_nodes(struct tile *tile)
{
    for (unsigned first = TILE_WIDTH / 2, width = tile->width / 2; first != 0;
         first /= 2, width /= 2)
        for (unsigned i = first; i < first + width; i++)
            tile->node[i] = tree_node(&tile->node[2 * i], &tile->node[2 * i + 1]);
}

static struct fault read_tile(const struct tiles *t, unsigned level, uint64_t number,
                              struct tile *out)
{
    unsigned width = width_of(t, level, number);
    struct fault f;
    int fd;

    out->width = 0;
    f = open_tile(t, (int)level, number, width, &fd);
    if (fault_is(f))
        return f;
    f = files_read(t->files, fd, out->node[TILE_WIDTH].byte, width * HASH, 0);
    t->files->close(t->files->context, fd);
    t->held->read++;
    if (f.kind == FAULT_SHORT)
        return fault_make(FAULT_SHORT, (size_t)number, "tlog-tiles: a tile ends early");
    if (fault_is(f))
        return f;
    out->level = level;
    out->number = number;
    out->width = width;
    fill_nodes(out);
    return f;
}

/* The tile if it is held, else the place that was not asked for longest, made free for it. */
static struct tile *place_for(struct held *h, unsigned level, uint64_t number)
{
    size_t set = (size_t)((number + level * 0x9e3779b9ULL) & (h->count / WAYS - 1)) * WAYS,
           old = set;

    for (size_t i = set; i < set + WAYS; i++) {
        struct tile *one = h->tile[i];

        if (one == NULL) {
            old = i;
            break;
        }
        if (one->width != 0 && one->level == level && one->number == number)
            return one;
        if (one->used < h->tile[old]->used)
            old = i;
    }
    if (h->tile[old] == NULL)
        h->tile[old] = memory_new(sizeof **h->tile);
    h->tile[old]->width = 0;
    return h->tile[old];
}

/* Level 13 of the tree is level 1 of the tiles, and in them whole subtrees of 2^5 hashes. */
static struct fault read_hash(const void *from, unsigned level, uint64_t index, struct digest *out)
{
    const struct tiles *t = from;
    unsigned up = level % TILE_HEIGHT, tall = level / TILE_HEIGHT;
    uint64_t number = index >> (TILE_HEIGHT - up);
    struct tile *tile;

    if (level >= TREE_LEVELS || index >= t->size >> level)
        return fault_make(FAULT_RANGE, 0, "tree: a subtree that is not whole");
    tile = place_for(t->held, tall, number);
    if (tile->width == 0) {
        struct fault f = read_tile(t, tall, number, tile);

        if (fault_is(f))
            return f;
    }
    tile->used = ++t->held->asked;
    *out = tile->node[(TILE_WIDTH >> up) + (unsigned)(index % (unsigned)(TILE_WIDTH >> up))];
    return fault_none();
}

struct tree_reader tiles_reader(const struct tiles *t)
{
    return (struct tree_reader){read_hash, t};
}

/* The entry at place `skip` of a bundle. */
static struct fault pick(struct bytes bundle, unsigned skip, uint64_t number, struct buf *out)
{
    struct cursor in = cursor_over(bundle, "tlog-tiles: Log Entries");
    struct bytes entry = {0};

    for (unsigned i = 0; i <= skip; i++)
        entry = cursor_take(&in, cursor_u16(&in));
    if (!cursor_ok(&in))
        return fault_make(FAULT_SHORT, (size_t)number, "tlog-tiles: an entry bundle ends early");
    buf_bytes(out, entry);
    return fault_none();
}

struct fault tiles_entry(const struct tiles *t, uint64_t index, struct buf *out)
{
    uint64_t number = index / TILE_WIDTH;
    struct buf bundle = {0};
    struct fault f;
    int64_t size;
    int fd;

    if (index >= t->size)
        return fault_make(FAULT_RANGE, 0, "tiles: no such entry");
    f = open_tile(t, ENTRIES, number, width_of(t, 0, number), &fd);
    if (fault_is(f))
        return f;
    size = t->files->size(t->files->context, fd);
    if (size < 0 || size > TILES_BUNDLE) {
        f = size < 0 ? fault_io("size of an entry bundle")
                     : fault_make(FAULT_LIMIT, (size_t)number, "tlog-tiles: an entry bundle");
    } else {
        buf_need(&bundle, (size_t)size);
        f = files_read(t->files, fd, bundle.data, (size_t)size, 0);
        bundle.len = (size_t)size;
    }
    t->files->close(t->files->context, fd);
    if (!fault_is(f))
        f = pick(buf_view(&bundle), (unsigned)(index % TILE_WIDTH), number, out);
    buf_done(&bundle);
    return f;
}

/*
 * disk.h - a disk in memory for the tests: it can be full, fail, and lose at a power cut what was
 * not synced, sector by sector and in any choice of a seeded generator.
 *
 * Writes lie in the cache until the file's sync; making, renaming and removing names until the
 * directory's. A cut keeps any part of the written sectors, and the first so many of the changes
 * of names. A sync that fails loses the writes and leaves the cache as it is, as Linux does.
 */
#ifndef PARLEY_TESTS_LEDGER_DISK_H
#define PARLEY_TESTS_LEDGER_DISK_H

#include <errno.h>

#include "base/buf.h"
#include "base/memory.h"
#include "ledger/files.h"

enum { DISK_NODES = 512, DISK_NAMES = 1024, DISK_CHANGES = 4096, DISK_SECTOR = 512 };

struct disk_node {
    struct buf cache, durable;
    uint8_t *dirty; /* per sector of the cache */
    size_t dirty_room;
};

struct disk_name {
    char name[96];
    int node;    /* -1 gone, -2 a directory */
    bool paired; /* a change that is there only with the one before: the rest of a rename */
};

struct disk {
    struct disk_node node[DISK_NODES];
    int nodes;
    struct disk_name now[DISK_NAMES], before[DISK_NAMES]; /* before: what a cut leaves */
    int names, names_before;
    struct disk_name change[DISK_CHANGES];
    int changes;
    uint64_t random;
    long calls;   /* made so far */
    long cut_at;  /* from this call on the power is off; 0: never */
    long fail_at; /* this call fails with fail_errno; 0: never */
    int fail_errno;
    uint64_t full_at; /* bytes in all files that fit; 0: no end */
    long syncs, writes, opens;
    bool short_writes;     /* of any length */
    bool short_at_sectors; /* ending where a sector does, as the kernel's end where a page does */
};

static inline uint64_t disk_random(struct disk *d)
{
    d->random ^= d->random << 13;
    d->random ^= d->random >> 7;
    d->random ^= d->random << 17;
    return d->random;
}

/* Counts a call; true if it is to fail. */
static inline bool disk_fails(struct disk *d)
{
    d->calls++;
    if (d->cut_at != 0 && d->calls >= d->cut_at) {
        errno = EIO;
        return true;
    }
    if (d->fail_at != 0 && d->calls == d->fail_at) {
        errno = d->fail_errno;
        return true;
    }
    return false;
}

static inline struct disk_name *disk_find(struct disk_name *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

static inline void disk_set(struct disk_name *names, int *count, const char *name, int node)
{
    struct disk_name *n = disk_find(names, *count, name);

    if (n == NULL) {
        if (*count == DISK_NAMES || strlen(name) >= sizeof n->name)
            die("disk: too many or too long names\n");
        n = &names[(*count)++];
        memset(n, 0, sizeof *n);
        memcpy(n->name, name, strlen(name));
    }
    n->node = node;
}

static inline void disk_change(struct disk *d, const char *name, int node)
{
    disk_set(d->now, &d->names, name, node);
    if (d->changes == DISK_CHANGES)
        die("disk: too many changes\n");
    memset(&d->change[d->changes], 0, sizeof d->change[0]);
    memcpy(d->change[d->changes].name, name, strlen(name));
    d->change[d->changes++].node = node;
}

static inline int disk_open(void *context, int dir, const char *name, bool create)
{
    struct disk *d = context;
    struct disk_name *n = disk_find(d->now, d->names, name);

    (void)dir;
    if (disk_fails(d))
        return -1;
    if (n != NULL && n->node == -2) {
        errno = EISDIR;
        return -1;
    }
    if (n != NULL && n->node >= 0)
        return n->node;
    if (!create) {
        errno = ENOENT;
        return -1;
    }
    if (d->nodes == DISK_NODES)
        die("disk: too many files\n");
    disk_change(d, name, d->nodes);
    d->opens++;
    return d->nodes++;
}

static inline int disk_close(void *context, int fd)
{
    (void)context;
    (void)fd;
    return 0;
}

static inline int64_t disk_size(void *context, int fd)
{
    struct disk *d = context;

    return disk_fails(d) ? -1 : (int64_t)d->node[fd].cache.len;
}

static inline ssize_t disk_read(void *context, int fd, void *to, size_t len, uint64_t at)
{
    struct disk *d = context;
    struct buf *cache = &d->node[fd].cache;

    if (disk_fails(d))
        return -1;
    if (at >= cache->len)
        return 0;
    if (len > cache->len - at)
        len = cache->len - (size_t)at;
    memcpy(to, cache->data + at, len);
    return (ssize_t)len;
}

static inline void disk_resize(struct disk_node *n, size_t size)
{
    size_t sectors = size / DISK_SECTOR + 1;

    if (size > n->cache.len) {
        size_t more = size - n->cache.len;

        buf_need(&n->cache, more);
        memset(n->cache.data + n->cache.len, 0, more);
    }
    n->cache.len = size;
    if (sectors > n->dirty_room) {
        n->dirty = memory_resize(n->dirty, sectors * 2, 1);
        memset(n->dirty + n->dirty_room, 0, sectors * 2 - n->dirty_room);
        n->dirty_room = sectors * 2;
    }
}

static inline uint64_t disk_used(const struct disk *d)
{
    uint64_t used = 0;

    for (int i = 0; i < d->nodes; i++)
        used += d->node[i].cache.len;
    return used;
}

static inline ssize_t disk_write(void *context, int fd, const void *from, size_t len, uint64_t at)
{
    struct disk *d = context;
    struct disk_node *n = &d->node[fd];

    d->writes++;
    if (disk_fails(d))
        return -1;
    if (d->short_writes && len > 1)
        len = 1 + disk_random(d) % (len - 1);
    if (d->short_at_sectors && at % DISK_SECTOR + len > DISK_SECTOR && disk_random(d) % 2 == 0)
        len = DISK_SECTOR - at % DISK_SECTOR;
    if (d->full_at != 0 && at + len > n->cache.len &&
        disk_used(d) + (at + len - n->cache.len) > d->full_at) {
        errno = ENOSPC;
        return -1;
    }
    if (at + len > n->cache.len)
        disk_resize(n, (size_t)at + len);
    memcpy(n->cache.data + at, from, len);
    for (uint64_t s = at / DISK_SECTOR; s <= (at + len - 1) / DISK_SECTOR; s++)
        n->dirty[s] = 1;
    return (ssize_t)len;
}

static inline int disk_cut_file(void *context, int fd, uint64_t size)
{
    struct disk *d = context;

    if (disk_fails(d))
        return -1;
    disk_resize(&d->node[fd], (size_t)size);
    for (size_t s = size / DISK_SECTOR; s < d->node[fd].dirty_room; s++)
        d->node[fd].dirty[s] = 1;
    return 0;
}

static inline int disk_sync(void *context, int fd)
{
    struct disk *d = context;
    struct disk_node *n = &d->node[fd];
    bool fails = disk_fails(d);

    d->syncs++;
    if (fails && d->cut_at != 0 && d->calls >= d->cut_at)
        return -1; /* the power went: nothing is lost but by the cut */
    if (n->dirty != NULL)
        memset(n->dirty, 0, n->dirty_room);
    if (fails)
        return -1;
    buf_clear(&n->durable);
    buf_bytes(&n->durable, buf_view(&n->cache));
    return 0;
}

static inline int disk_rename(void *context, int dir, const char *from, const char *to)
{
    struct disk *d = context;
    struct disk_name *n = disk_find(d->now, d->names, from);
    const char *slash = strrchr(to, '/');
    char parent[96] = "";
    int node;

    (void)dir;
    if (disk_fails(d))
        return -1;
    if (slash != NULL)
        memcpy(parent, to, (size_t)(slash - to));
    if (n == NULL || n->node < 0 ||
        (slash != NULL && disk_find(d->now, d->names, parent) == NULL)) {
        errno = ENOENT;
        return -1;
    }
    node = n->node;
    disk_change(d, to, node);
    disk_change(d, from, -1);
    d->change[d->changes - 1].paired = true;
    return 0;
}

static inline int disk_unlink(void *context, int dir, const char *name)
{
    struct disk *d = context;
    struct disk_name *n = disk_find(d->now, d->names, name);

    (void)dir;
    if (disk_fails(d))
        return -1;
    if (n == NULL || n->node < 0) {
        errno = ENOENT;
        return -1;
    }
    disk_change(d, name, -1);
    return 0;
}

static inline int disk_mkdir(void *context, int dir, const char *name)
{
    struct disk *d = context;
    struct disk_name *n = disk_find(d->now, d->names, name);

    (void)dir;
    if (disk_fails(d))
        return -1;
    if (n != NULL && n->node != -1) {
        errno = EEXIST;
        return -1;
    }
    disk_change(d, name, -2);
    return 0;
}

static inline int disk_rmdir(void *context, int dir, const char *name)
{
    (void)context;
    (void)dir;
    (void)name;
    errno = ENOENT;
    return -1;
}

static inline int disk_sync_dir(void *context, int dir, const char *name)
{
    struct disk *d = context;

    (void)dir;
    (void)name;
    if (disk_fails(d))
        return -1;
    for (int i = 0; i < d->changes; i++)
        disk_set(d->before, &d->names_before, d->change[i].name, d->change[i].node);
    d->changes = 0;
    return 0;
}

/* The power is cut and comes back: each unsynced sector is there or is not. */
static inline void disk_cut(struct disk *d)
{
    int kept = d->changes == 0 ? 0 : (int)(disk_random(d) % (unsigned)(d->changes + 1));

    kept += kept != 0 && kept < d->changes && d->change[kept].paired;
    for (int i = 0; i < kept; i++)
        disk_set(d->before, &d->names_before, d->change[i].name, d->change[i].node);
    d->changes = 0;
    memcpy(d->now, d->before, sizeof d->now);
    d->names = d->names_before;
    for (int i = 0; i < d->nodes; i++) {
        struct disk_node *n = &d->node[i];
        size_t size = n->durable.len;
        int mode = (int)(disk_random(d) % 3); /* none, all, or any of the sectors */
        struct buf left = {0};

        buf_bytes(&left, buf_view(&n->durable));
        for (size_t s = 0; s * DISK_SECTOR < n->cache.len; s++) {
            size_t at = s * DISK_SECTOR, end = at + DISK_SECTOR;

            if (!n->dirty[s] || mode == 0 || (mode == 2 && disk_random(d) % 2 == 0))
                continue;
            end = end > n->cache.len ? n->cache.len : end;
            if (end > size) {
                buf_need(&left, end - size);
                memset(left.data + size, 0, end - size);
                size = left.len = end;
            }
            memcpy(left.data + at, n->cache.data + at, end - at);
        }
        buf_done(&n->cache);
        n->cache = left;
        buf_clear(&n->durable);
        buf_bytes(&n->durable, buf_view(&n->cache));
        if (n->dirty != NULL)
            memset(n->dirty, 0, n->dirty_room);
    }
    d->cut_at = d->fail_at = 0;
    d->calls = 0;
}

static inline struct disk *disk_new(uint64_t seed)
{
    struct disk *d = memory_zeroed(1, sizeof *d);

    d->random = seed * 2654435761u + 88172645463325252u;
    return d;
}

static inline void disk_free(struct disk *d)
{
    for (int i = 0; i < d->nodes; i++) {
        buf_done(&d->node[i].cache);
        buf_done(&d->node[i].durable);
        free(d->node[i].dirty);
    }
    free(d);
}

static inline struct files disk_files(struct disk *d)
{
    return (struct files){
        disk_open, disk_close,  disk_size,   disk_read,  disk_write, disk_cut_file,
        disk_sync, disk_rename, disk_unlink, disk_rmdir, disk_mkdir, disk_sync_dir,
        d};
}

/* The bytes of a file as they are now; NULL if there is none. */
static inline struct buf *disk_file(struct disk *d, const char *name)
{
    struct disk_name *n = disk_find(d->now, d->names, name);

    return n == NULL || n->node < 0 ? NULL : &d->node[n->node].cache;
}

#endif

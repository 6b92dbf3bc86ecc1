#include "ledger/publish.h"

#include <errno.h>

#include "ledger/note.h"

enum { ENTRIES = -1 };

static const char temporary[] = "publish.new";

void publish_path(int level, uint64_t number, unsigned width, char *out)
{
    struct buf path = {0};
    uint64_t unit = 1;

    if (level == ENTRIES)
        buf_text(&path, "tile/entries/");
    else
        buf_print(&path, "tile/%d/", level);
    while (number / unit >= 1000)
        unit *= 1000;
    for (; unit > 1; unit /= 1000)
        buf_print(&path, "x%03u/", (unsigned)(number / unit % 1000));
    buf_print(&path, "%03u", (unsigned)(number % 1000));
    if (width < TILE_WIDTH)
        buf_print(&path, ".p/%u", width);
    bytes_to_text(buf_view(&path), out, TILE_PATH);
    buf_done(&path);
}

/* The checkpoint that lies there, if it is one of this log. */
static uint64_t size_of(const struct ledger *log, struct bytes note)
{
    struct note n;
    struct checkpoint c;
    struct digest root;

    if (fault_is(note_parse(note, &n)) || fault_is(checkpoint_parse(n.text, &c)) ||
        !bytes_is(c.origin, ledger_origin(log)) || fault_is(ledger_root_at(log, c.size, &root)) ||
        !digest_equal(&root, &c.root))
        return 0;
    return c.size;
}

struct fault publish_init(struct publish *p, const struct files *files, int dir,
                          const struct ledger *log)
{
    int fd = files->open(files->context, dir, "checkpoint", false);
    struct buf note = {0};
    int64_t size;
    struct fault f = fault_none();

    *p = (struct publish){files, dir, log, 0};
    if (fd < 0)
        return errno == ENOENT ? f : fault_io("open of a checkpoint");
    size = files->size(files->context, fd);
    if (size > 0 && size <= NOTE_MAX) {
        buf_need(&note, (size_t)size);
        f = files_read(files, fd, note.data, (size_t)size, 0);
        p->size = fault_is(f) ? 0 : size_of(log, bytes_of(note.data, (size_t)size));
    }
    files->close(files->context, fd);
    buf_done(&note);
    return f;
}

static struct fault tile_hashes(const struct ledger *log, int level, uint64_t first, unsigned width,
                                struct buf *out)
{
    struct tree_reader reader = ledger_reader(log);

    for (unsigned i = 0; i < width; i++) {
        struct digest hash;
        struct fault f = reader.read(reader.from, (unsigned)level * TILE_HEIGHT, first + i, &hash);

        if (fault_is(f))
            return f;
        buf_add(out, hash.byte, sizeof hash.byte);
    }
    return fault_none();
}

/* tlog-tiles: "sequences of big-endian uint16 length-prefixed log entries". */
static struct fault bundle(const struct ledger *log, uint64_t first, unsigned width,
                           struct buf *out)
{
    struct buf entry = {0};
    struct fault f = fault_none();

    for (unsigned i = 0; i < width && !fault_is(f); i++) {
        buf_clear(&entry);
        f = ledger_read(log, first + i, &entry);
        buf_u16(out, (uint16_t)entry.len);
        buf_bytes(out, buf_view(&entry));
    }
    buf_done(&entry);
    return f;
}

static struct fault put_tile(struct publish *p, int level, uint64_t number, unsigned width)
{
    char path[TILE_PATH];
    struct buf content = {0};
    struct fault f = level == ENTRIES
                         ? bundle(p->log, number * TILE_WIDTH, width, &content)
                         : tile_hashes(p->log, level, number * TILE_WIDTH, width, &content);

    publish_path(level, number, width, path);
    if (!fault_is(f))
        f = files_place(p->files, p->dir, temporary, path, buf_view(&content), true);
    buf_done(&content);
    return f;
}

/* All of one level between what `old` and what `now` hashes (or entries) make. */
static struct fault put_level(struct publish *p, int level, uint64_t old, uint64_t now)
{
    struct fault f = fault_none();

    if (old == now)
        return f;
    for (uint64_t n = old / TILE_WIDTH; n < now / TILE_WIDTH && !fault_is(f); n++)
        f = put_tile(p, level, n, TILE_WIDTH);
    if (!fault_is(f) && now % TILE_WIDTH != 0)
        f = put_tile(p, level, now / TILE_WIDTH, (unsigned)(now % TILE_WIDTH));
    return f;
}

/* Partial tiles of a tile that is now full; most often there were none. */
static void drop_partials(struct publish *p, int level, uint64_t number)
{
    char path[TILE_PATH], *end;

    publish_path(level, number, 1, path);
    end = strrchr(path, '/');
    *end = '\0';
    if (p->files->rmdir(p->files->context, p->dir, path) == 0 || errno == ENOENT)
        return;
    for (unsigned width = 1; width < TILE_WIDTH; width++) {
        publish_path(level, number, width, path);
        p->files->unlink(p->files->context, p->dir, path);
    }
    *strrchr(path, '/') = '\0';
    p->files->rmdir(p->files->context, p->dir, path);
}

static void drop_level(struct publish *p, int level, uint64_t old, uint64_t now)
{
    for (uint64_t n = old / TILE_WIDTH; n < now / TILE_WIDTH; n++)
        drop_partials(p, level, n);
}

static struct fault put_all(struct publish *p, uint64_t size)
{
    struct fault f = put_level(p, ENTRIES, p->size, size);

    for (int level = 0; level * TILE_HEIGHT < TREE_LEVELS && !fault_is(f); level++)
        f = put_level(p, level, p->size >> level * TILE_HEIGHT, size >> level * TILE_HEIGHT);
    return f;
}

struct fault publish_note(struct publish *p, struct bytes text)
{
    struct note n;
    struct checkpoint c;
    struct digest root;
    uint64_t old = p->size;
    struct fault f = note_parse(text, &n);

    if (!fault_is(f))
        f = checkpoint_parse(n.text, &c);
    if (!fault_is(f))
        f = ledger_root_at(p->log, c.size, &root);
    if (fault_is(f))
        return f;
    if (!bytes_is(c.origin, ledger_origin(p->log)) || !digest_equal(&root, &c.root))
        return fault_make(FAULT_MISMATCH, 0, "publish: not a head of this log");
    if (c.size < p->size)
        return fault_make(FAULT_ORDER, 0, "publish: older than what is published");
    f = put_all(p, c.size);
    if (!fault_is(f))
        f = files_place(p->files, p->dir, temporary, "checkpoint", text, true);
    if (fault_is(f))
        return f;
    p->size = c.size;
    drop_level(p, ENTRIES, old, c.size);
    for (int level = 0; level * TILE_HEIGHT < TREE_LEVELS; level++)
        drop_level(p, level, old >> level * TILE_HEIGHT, c.size >> level * TILE_HEIGHT);
    return f;
}

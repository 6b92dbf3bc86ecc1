#include "cmd/tiled.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/disk.h"
#include "ledger/growth.h"
#include "ledger/tiles.h"

/* A directory, opened: its checkpoint and what can be asked of its tiles. */
struct tiled {
    int dir;
    struct buf note; /* owned; head borrows it */
    struct checkpoint head;
    struct tiles *tiles;
};

static struct fault read_checkpoint(struct tiled *t)
{
    int fd = files_reading.open(NULL, t->dir, "checkpoint", false);
    int64_t size;
    struct note n;
    struct fault f;

    if (fd < 0)
        return fault_io("open of checkpoint");
    size = files_reading.size(NULL, fd);
    if (size < 0 || size > NOTE_MAX) {
        f = fault_make(FAULT_LIMIT, NOTE_MAX, "signed-note: longer than it may be");
    } else {
        buf_need(&t->note, (size_t)size);
        f = files_read(&files_reading, fd, t->note.data, (size_t)size, 0);
        t->note.len = fault_is(f) ? 0 : (size_t)size;
    }
    files_reading.close(NULL, fd);
    if (!fault_is(f))
        f = note_parse(buf_view(&t->note), &n);
    return fault_is(f) ? f : checkpoint_parse(n.text, &t->head);
}

static void tiled_done(struct tiled *t)
{
    if (t->dir >= 0)
        (void)close(t->dir);
    buf_done(&t->note);
    tiles_free(t->tiles);
}

static struct fault tiled_open(const char *path, struct tiled *out)
{
    struct fault f;

    *out = (struct tiled){.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (out->dir < 0)
        return fault_io("open");
    f = read_checkpoint(out);
    if (!fault_is(f))
        out->tiles = tiles_new(&files_reading, out->dir, out->head.size, TILES_HELD);
    return f;
}

static json_t *say_why(struct say *s, struct fault f, const char *path, enum exit_code *code)
{
    if (f.kind == FAULT_RANGE)
        *code = say_error(s, EXIT_NOT_FOUND, "not-found", "its checkpoint says how many there are",
                          "parley verify", "no such entry or size in %s", path);
    else if (f.kind == FAULT_MISSING || f.kind == FAULT_SHORT)
        *code = say_error(s, EXIT_FORGED, "damaged", f.rule, "parley verify",
                          "tile %zu of %s cannot be used", f.at, path);
    else
        *code = disk_error(s, f, path);
    return NULL;
}

static json_t *text_of(struct bytes b)
{
    return json_stringn((const char *)b.data, b.len);
}

static void put_hash(json_t *list, const struct digest *d)
{
    struct buf text = {0};

    buf_base64(&text, d->byte, sizeof d->byte);
    json_array_append_new(list, text_of(buf_view(&text)));
    buf_done(&text);
}

static json_t *proof_answer(const struct tiled *t, uint64_t index, struct bytes entry,
                            const struct tree_path *path)
{
    struct digest leaf = tree_leaf(entry);
    json_t *list = json_array(), *leaves = json_array(), *a;

    for (size_t i = 0; i < path->count; i++)
        put_hash(list, &path->hash[i]);
    put_hash(leaves, &leaf);
    a = json_pack("{s:i, s:b, s:I, s:o, s:O, s:I, s:o, s:o}", "v", 1, "ok", 1, "index",
                  (json_int_t)index, "entry", text_of(entry), "leaf", json_array_get(leaves, 0),
                  "size", (json_int_t)t->head.size, "proof", list, "note",
                  text_of(buf_view(&t->note)));
    json_decref(leaves);
    return a;
}

json_t *tiled_prove(struct say *s, const char *path, uint64_t index, enum exit_code *code)
{
    struct tiled t;
    struct tree_path proof;
    struct buf entry = {0};
    json_t *a = NULL;
    struct fault f = tiled_open(path, &t);

    *code = EXIT_DONE;
    if (!fault_is(f))
        f = tree_prove_inclusion(tiles_reader(t.tiles), index, t.head.size, &proof);
    if (!fault_is(f))
        f = tiles_entry(t.tiles, index, &entry);
    if (!fault_is(f))
        a = proof_answer(&t, index, buf_view(&entry), &proof);
    if (!fault_is(f) && a == NULL) /* no UTF-8: an entry of another family of logs */
        f = fault_make(FAULT_SYNTAX, (size_t)index, "PROTOCOL.ledger 3: an entry is text");
    if (fault_is(f))
        a = say_why(s, f, path, code);
    buf_done(&entry);
    tiled_done(&t);
    return a;
}

json_t *tiled_growth(struct say *s, const char *path, uint64_t old, enum exit_code *code)
{
    struct tiled t;
    struct growth g = {.old = old};
    struct buf text = {0};
    struct digest root, older;
    json_t *a = NULL;
    struct fault f = tiled_open(path, &t);

    *code = EXIT_DONE;
    if (!fault_is(f))
        f = tree_prove_consistency(tiles_reader(t.tiles), old, t.head.size, &g.path);
    if (!fault_is(f))
        f = tree_read_root(tiles_reader(t.tiles), old, &older);
    if (!fault_is(f))
        f = tree_read_root(tiles_reader(t.tiles), t.head.size, &root);
    if (!fault_is(f) && !digest_equal(&root, &t.head.root))
        f = fault_make(FAULT_SHORT, 0, "RFC 6962 2.1: the tiles do not lead to the checkpoint");
    if (!fault_is(f))
        f = tree_check_consistency(old, &older, t.head.size, &t.head.root, &g.path);
    if (!fault_is(f)) {
        g.note = buf_view(&t.note);
        growth_write(&g, &text);
        a = json_pack("{s:i, s:b, s:o}", "v", 1, "ok", 1, "growth", text_of(buf_view(&text)));
    } else {
        a = say_why(s, f, path, code);
    }
    buf_done(&text);
    tiled_done(&t);
    return a;
}

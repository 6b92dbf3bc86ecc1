#include "proof/directory.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "base/memory.h"
#include "ledger/publish.h"
#include "model/entry.h"

enum { LEVELS = 8, ENTRIES = -1, HASH = 32 };

/* One walk over the entries, which makes every tile on the way and compares it. */
struct walk {
    const struct directory *d;
    struct directory_result *result;
    struct findings *out;
    struct note note;
    struct checkpoint head;
    size_t side; /* whose log; BUNDLE_LOGS if not known */
    struct tree tree;
    struct {
        struct digest hash[TILE_WIDTH];
        unsigned count;
        uint64_t number; /* of the tile being made */
    } level[LEVELS];
    struct shown {
        struct checkpoint head;
        bool is_signed, reached, fits;
    } heads[DIRECTORY_HEADS];
    size_t head_count; /* of them to be compared */
    uint64_t tiles;
    char bad_tile[TILE_PATH]; /* the first that differs; "" if none does */
    bool has_differing; /* of tile and entry at one leaf: which of them is bad, the root says */
    uint64_t differing;
    char why[REPORT_FOUND]; /* why the first bad entry is one */
};

/* The whole of a file; the partial one's name falls back to the full one's, as C2SP allows. */
static struct fault read_file(const struct directory *d, const char *name, size_t max,
                              struct buf *out)
{
    const struct files *files = d->files;
    int fd = files->open(files->context, d->dir, name, false);
    struct fault f;
    int64_t size;

    buf_clear(out);
    if (fd < 0)
        return fault_make(errno == ENOENT ? FAULT_MISSING : FAULT_IO, 0, "open of a file");
    size = files->size(files->context, fd);
    if (size < 0)
        f = fault_make(FAULT_IO, 0, "size of a file");
    else if ((uint64_t)size > max)
        f = fault_make(FAULT_LIMIT, max, "a file longer than it may be");
    else {
        buf_need(out, (size_t)size);
        f = files_read(files, fd, out->data, (size_t)size, 0);
        out->len = fault_is(f) ? 0 : (size_t)size;
    }
    files->close(files->context, fd);
    return f;
}

static struct fault read_tile(const struct directory *d, int level, uint64_t number, unsigned width,
                              size_t max, struct buf *out, char *path)
{
    struct fault f;

    publish_path(level, number, width, path);
    f = read_file(d, path, max, out);
    if (f.kind != FAULT_MISSING || width == TILE_WIDTH)
        return f;
    publish_path(level, number, TILE_WIDTH, path);
    return read_file(d, path, max, out);
}

static void bad_leaf(struct walk *w, uint64_t leaf, const char *why)
{
    if (w->result->has_bad)
        return;
    w->result->has_bad = true;
    w->result->bad_leaf = leaf;
    snprintf(w->why, sizeof w->why, "%s", why);
}

/* Compares a tile that is made with the one that lies there. At level 0 the leaf is named. */
static void compare_tile(struct walk *w, int level, unsigned width)
{
    uint64_t number = w->level[level].number;
    struct buf tile = {0};
    char path[TILE_PATH];
    struct fault f = read_tile(w->d, level, number, width, TILE_WIDTH * HASH, &tile, path);
    const struct digest *made = w->level[level].hash;
    unsigned i = 0;

    w->tiles++;
    while (!fault_is(f) && i < width && (i + 1) * HASH <= tile.len &&
           memcmp(tile.data + i * HASH, made[i].byte, HASH) == 0)
        i++;
    if ((fault_is(f) || i < width) && w->bad_tile[0] == '\0')
        memcpy(w->bad_tile, path, sizeof path);
    if (!fault_is(f) && i < width && level == 0 && !w->has_differing) {
        w->has_differing = true;
        w->differing = number * TILE_WIDTH + i;
    }
    buf_done(&tile);
}

static struct digest root_of(const struct digest *hash)
{
    struct tree t = {0};

    for (unsigned i = 0; i < TILE_WIDTH; i++)
        tree_append(&t, &hash[i]); /* whole subtrees: the same nodes, one level up */
    return tree_root(&t);
}

static void add_hash(struct walk *w, int level, const struct digest *hash)
{
    w->level[level].hash[w->level[level].count++] = *hash;
    if (w->level[level].count < TILE_WIDTH)
        return;
    compare_tile(w, level, TILE_WIDTH);
    if (level + 1 < LEVELS) {
        struct digest up = root_of(w->level[level].hash);

        add_hash(w, level + 1, &up);
    }
    w->level[level].count = 0;
    w->level[level].number++;
}

static void look_at_heads(struct walk *w)
{
    struct digest root;
    bool made = false;

    for (size_t i = 0; i < w->head_count; i++) {
        if (w->heads[i].reached || w->heads[i].head.size != w->tree.size)
            continue;
        if (!made)
            root = tree_root(&w->tree);
        made = true;
        w->heads[i].reached = true;
        w->heads[i].fits = digest_equal(&root, &w->heads[i].head.root);
    }
}

static void look_at_entry(struct walk *w, struct bytes text)
{
    uint64_t index = w->tree.size;
    struct entry e;
    struct fault f = entry_parse(text, &e);
    struct digest leaf = tree_leaf(text);

    if (fault_is(f) && f.kind != FAULT_UNKNOWN)
        bad_leaf(w, index, f.rule);
    else if (!fault_is(f) && (e.kind == KIND_GENESIS) != (index == 0))
        bad_leaf(w, index, "PROTOCOL.ledger section 3: index 0 is the only GENESIS");
    else if (!fault_is(f) && w->side < BUNDLE_LOGS &&
             strcmp(e.from, w->d->trust->parties[w->side].id) != 0)
        bad_leaf(w, index, "PROTOCOL.ledger section 3: from");
    tree_append(&w->tree, &leaf);
    add_hash(w, 0, &leaf);
    look_at_heads(w);
}

static struct fault walk_bundle(struct walk *w, uint64_t number, unsigned width, struct buf *data)
{
    char path[TILE_PATH];
    struct fault f = read_tile(w->d, ENTRIES, number, width, DIRECTORY_BUNDLE, data, path);
    size_t at = 0;

    for (unsigned i = 0; i < width && !fault_is(f); i++) {
        size_t len = data->len - at >= 2 ? (size_t)(data->data[at] << 8 | data->data[at + 1]) : 0;

        if (data->len - at < 2 || data->len - at - 2 < len)
            f = fault_make(FAULT_SHORT, at, "tlog-tiles: an entry bundle is cut off");
        else
            look_at_entry(w, bytes_of(data->data + at + 2, len));
        at += 2 + len;
    }
    if (fault_is(f)) {
        char why[REPORT_FOUND];

        snprintf(why, sizeof why, "%s: %s, %s", path, fault_word(f.kind), f.rule);
        bad_leaf(w, w->tree.size, why);
    }
    return f;
}

static struct fault walk_entries(struct walk *w)
{
    struct buf data = {0};
    struct fault f = fault_none();

    look_at_heads(w); /* a head of the empty log */
    for (uint64_t n = 0; n * TILE_WIDTH < w->head.size && !fault_is(f); n++) {
        uint64_t left = w->head.size - n * TILE_WIDTH;

        f = walk_bundle(w, n, left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH, &data);
    }
    for (int level = 0; level < LEVELS && !fault_is(f); level++)
        if (w->level[level].count != 0)
            compare_tile(w, level, w->level[level].count);
    buf_done(&data);
    return f;
}

/* --- the rows ------------------------------------------------------------------------------- */

static bool read_checkpoint(struct walk *w, struct buf *text)
{
    struct fault f = read_file(w->d, "checkpoint", NOTE_MAX, text);

    if (!fault_is(f))
        f = note_parse(buf_view(text), &w->note);
    if (!fault_is(f))
        f = checkpoint_parse(w->note.text, &w->head);
    if (fault_is(f)) {
        findings_add(w->out, "checkpoint", CHECK_BAD, "%s at byte %zu, %s", fault_word(f.kind),
                     f.at, f.rule);
        return false;
    }
    w->result->size = w->head.size;
    findings_add(w->out, "checkpoint", CHECK_OK, "%.*s, %" PRIu64 " entries",
                 (int)w->head.origin.len, (const char *)w->head.origin.data, w->head.size);
    return true;
}

static void check_signatures(struct walk *w)
{
    const struct trust *t = w->d->trust;
    struct fault f;

    w->side = BUNDLE_LOGS;
    if (t == NULL || !trust_side(t, w->head.origin, &w->side)) {
        findings_add(w->out, "signatures", CHECK_UNKNOWN,
                     t == NULL ? "nobody's keys are known: --keys BUNDLE brings them"
                               : "a log of neither party");
        return;
    }
    f = note_verify(&w->note, &t->author[w->side], NULL);
    findings_add(w->out, "signatures",
                 !fault_is(f)              ? CHECK_OK
                 : f.kind == FAULT_UNKNOWN ? CHECK_UNKNOWN
                                           : CHECK_BAD,
                 "%s by all log keys of %s%s%s", fault_is(f) ? "not" : "signed",
                 t->parties[w->side].id, fault_is(f) ? ": " : "", fault_is(f) ? f.rule : "");
    f = note_verify(&w->note, &t->cosigner[1 - w->side], NULL);
    findings_add(w->out, "cosignatures",
                 !fault_is(f)              ? CHECK_OK
                 : f.kind == FAULT_MISSING ? CHECK_NOTED
                                           : CHECK_BAD,
                 "%s %s", t->parties[1 - w->side].id,
                 !fault_is(f)              ? "cosigned: it holds every entry"
                 : f.kind == FAULT_MISSING ? "has not cosigned this head"
                                           : f.rule);
}

static void reahead_count(struct walk *w)
{
    for (size_t i = 0; i < w->head_count; i++) {
        struct shown *s = &w->heads[i];
        struct note n;
        struct fault f = note_parse(w->d->heads[i], &n);

        if (!fault_is(f))
            f = checkpoint_parse(n.text, &s->head);
        if (!fault_is(f) && !bytes_equal(s->head.origin, w->head.origin))
            f = fault_make(FAULT_MISMATCH, 0, "a head of another log");
        if (fault_is(f)) {
            findings_add(w->out, "heads", CHECK_BAD, "number %zu is no head of this log: %s", i + 1,
                         f.rule);
            w->head_count = 0; /* said: nothing is compared */
            return;
        }
        s->is_signed = w->side < BUNDLE_LOGS &&
                       !fault_is(note_verify(&n, &w->d->trust->author[w->side], NULL)) &&
                       trust_counts(w->d->trust, w->side, &n);
    }
}

/* What stands against the author: heads he signed that are none of this history. */
static void judge_heads(struct walk *w, bool whole)
{
    size_t fit = 0, asked = w->head_count;

    for (size_t i = 0; i < asked; i++) {
        const struct shown *s = &w->heads[i];

        fit += s->reached && s->fits;
        if (s->reached && s->fits)
            continue;
        if (!s->is_signed) {
            findings_add(w->out, "heads", CHECK_UNKNOWN, "number %zu is not signed by the author",
                         i + 1);
        } else if (!s->reached) {
            findings_add(w->out, "heads", CHECK_NOTED,
                         "the author signed a head of %" PRIu64
                         ": this copy of his log is older, or was cut",
                         s->head.size);
        } else if (!whole) {
            findings_add(w->out, "heads", CHECK_UNKNOWN,
                         "at %" PRIu64 " these entries make another root, and they are damaged",
                         s->head.size);
        } else {
            w->result->evidence =
                s->head.size == w->head.size ? EVIDENCE_SPLIT : EVIDENCE_NO_EXTENSION;
            findings_add(w->out, "heads", CHECK_BAD,
                         "%s: the author signed another history up to %" PRIu64,
                         evidence_name(w->result->evidence), s->head.size);
            w->out->verdict = VERDICT_CONTRADICTION;
        }
        return; /* the first is enough */
    }
    if (asked != 0)
        findings_add(w->out, "heads", CHECK_OK, "%zu of %zu lie in this history", fit, asked);
}

static void judge_tree(struct walk *w, struct fault walked)
{
    struct digest root = tree_root(&w->tree);
    bool same = w->tree.size == w->head.size && digest_equal(&root, &w->head.root);
    bool is_signed = w->side < BUNDLE_LOGS &&
                     !fault_is(note_verify(&w->note, &w->d->trust->author[w->side], NULL));

    if (!same && w->has_differing)
        bad_leaf(w, w->differing, "the entry and its tile differ");
    if (w->result->has_bad)
        findings_add(w->out, "entries", CHECK_BAD, "leaf %" PRIu64 ": %s", w->result->bad_leaf,
                     w->why);
    else
        findings_add(w->out, "entries", CHECK_OK, "%" PRIu64 " read, each of its form",
                     w->tree.size);
    if (w->bad_tile[0] != '\0')
        findings_add(w->out, "tiles", CHECK_BAD, "%s is not what the entries make", w->bad_tile);
    else if (!fault_is(walked))
        findings_add(w->out, "tiles", CHECK_OK, "%" PRIu64 ", each as the entries make it",
                     w->tiles);
    findings_add(w->out, "root", same ? CHECK_OK : CHECK_BAD, "%s",
                 same ? "the entries lead to the signed root"
                      : "the entries do not lead to the signed root");
    judge_heads(w, same && is_signed);
}

void directory_verify(const struct directory *d, struct directory_result *result,
                      struct findings *out)
{
    struct walk *w = memory_zeroed(1, sizeof *w);
    struct buf text = {0};

    assert(d->head_count <= DIRECTORY_HEADS);
    w->head_count = d->head_count;
    *result = (struct directory_result){0};
    w->d = d;
    w->result = result;
    w->out = out;
    if (read_checkpoint(w, &text)) {
        check_signatures(w);
        reahead_count(w);
        judge_tree(w, walk_entries(w));
    }
    buf_done(&text);
    free(w);
}

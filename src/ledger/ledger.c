#include "ledger/ledger.h"

#include <errno.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "ledger/forest.h"

enum {
    RECORD_GROUP = 'E', /* u64 first; u32 count; count x { u16 length; u8 leaf[4]; entry } */
    RECORD_NOTE = 'N',  /* u8 kind; u64 size; the note */
    GROUP_HEAD = 12,
    ENTRY_HEAD = 6,
    SLOTS_MIN = 256,
    CHECK_PIECE = 256 << 10, /* read at once by an audit: fits the cache, holds any entry */
};

struct group {
    uint64_t first, at; /* index of its first entry; its body's offset */
    uint8_t check[16];  /* of the record before it */
};

struct ledger {
    const struct files *files;
    int dir;
    char *origin;
    struct journal *journal;
    struct forest forest;
    uint64_t promised;
    uint64_t *place; /* per entry: offset of its bytes */
    size_t place_room;
    struct group *group;
    size_t groups, group_room;
    uint64_t *slot; /* open addressing over leaf hashes: their first half, index + 1; 0 is free */
    size_t slots, used;
    struct buf note[LEDGER_NOTE_COUNT];
    uint64_t note_size[LEDGER_NOTE_COUNT];
    struct buf body;     /* the group in hand: as it will be written, */
    struct fresh *fresh; /* and what of it is new; owned */
};

struct fresh {
    size_t count, slots;
    struct digest leaf[LEDGER_GROUP];
    struct digest asked[LEDGER_GROUP]; /* of all that were handed over */
    size_t offset[LEDGER_GROUP];       /* of the entry's bytes in the body */
    uint16_t slot[LEDGER_GROUP * 2];   /* leaf hashes of this group: position + 1, 0 is free */
};

/* the exact index of leaf hashes */

static uint32_t slot_index(uint64_t slot)
{
    return (uint32_t)slot - 1;
}

/* 32 bits of the hash lie in the slot itself: what is another's is passed over without a look at
 * the forest, which is not in the processor's cache. */
static size_t slot_of(const struct ledger *l, const struct digest *leaf)
{
    uint64_t key;
    uint32_t mark;
    size_t at;

    memcpy(&key, leaf->byte, sizeof key);
    memcpy(&mark, leaf->byte + sizeof key, sizeof mark);
    at = key & (l->slots - 1);
    while (l->slot[at] != 0 &&
           (l->slot[at] >> 32 != mark ||
            !digest_equal(leaf, forest_leaf(&l->forest, slot_index(l->slot[at])))))
        at = (at + 1) & (l->slots - 1);
    return at;
}

/* The slot will be looked at soon: it is on its way while the next hash is made. */
static void slot_fetch(const struct ledger *l, const struct digest *leaf)
{
    uint64_t key;

    memcpy(&key, leaf->byte, sizeof key);
    __builtin_prefetch(&l->slot[key & (l->slots - 1)], 1);
}

static void index_put(struct ledger *l, uint64_t index)
{
    const struct digest *leaf = forest_leaf(&l->forest, index);
    size_t at = slot_of(l, leaf);
    uint32_t mark;

    if (l->slot[at] != 0)
        return; /* the first one of its hash stays */
    memcpy(&mark, leaf->byte + sizeof(uint64_t), sizeof mark);
    l->slot[at] = (uint64_t)mark << 32 | (uint32_t)(index + 1);
    l->used++;
}

static void index_rebuild(struct ledger *l, size_t slots)
{
    free(l->slot);
    l->slot = memory_zeroed(slots, sizeof l->slot[0]);
    l->slots = slots;
    l->used = 0;
    for (uint64_t i = 0; i < l->forest.size; i++)
        index_put(l, i);
}

static void index_room(struct ledger *l, size_t more)
{
    size_t slots = l->slots == 0 ? SLOTS_MIN : l->slots;

    while ((l->used + more) * 2 > slots)
        slots *= 2;
    if (slots != l->slots)
        index_rebuild(l, slots);
}

bool ledger_find(const struct ledger *l, const struct digest *leaf, uint64_t *index)
{
    size_t at = slot_of(l, leaf);

    if (l->slot[at] == 0)
        return false;
    *index = slot_index(l->slot[at]);
    return true;
}

/* taking what is in the journal */

static void add_place(struct ledger *l, const struct digest *leaf, uint64_t at)
{
    uint64_t index = l->forest.size;

    if (index >= l->place_room) {
        l->place_room = l->place_room == 0 ? 256 : l->place_room * 2;
        l->place = memory_resize(l->place, l->place_room, sizeof l->place[0]);
    }
    l->place[index] = at;
    forest_append(&l->forest, leaf);
    index_put(l, index);
}

static void add_group(struct ledger *l, uint64_t first, uint64_t at, const uint8_t *check)
{
    struct group *g;

    if (l->groups == l->group_room) {
        l->group_room = l->group_room == 0 ? 64 : l->group_room * 2;
        l->group = memory_resize(l->group, l->group_room, sizeof l->group[0]);
    }
    g = &l->group[l->groups++];
    g->first = first;
    g->at = at;
    memcpy(g->check, check, sizeof g->check);
}

static struct fault damaged(uint64_t leaf)
{
    return fault_make(FAULT_DAMAGED, (size_t)leaf, "log: an entry is not what was stored");
}

/* One entry of a group: its bytes, which must hash to the four bytes before them. */
static struct bytes take_entry(struct cursor *in, struct digest *leaf)
{
    uint16_t len = cursor_u16(in);
    struct bytes mark = cursor_take(in, ENTRY_HEAD - 2), entry = cursor_take(in, len);

    *leaf = tree_leaf(entry);
    if (cursor_ok(in) && memcmp(mark.data, leaf->byte, ENTRY_HEAD - 2) != 0)
        cursor_fail(in, FAULT_DAMAGED, in->at);
    return entry;
}

/* The first leaf of a group that cannot be read as it was written. */
static uint64_t first_bad_leaf(uint64_t size, struct bytes body)
{
    struct cursor in = cursor_over(body, "log: group");
    uint64_t first = cursor_u64(&in), leaf = size;
    uint32_t count = cursor_u32(&in);
    struct digest hash;

    if (!cursor_ok(&in) || first != size)
        return size;
    for (; count > 0 && cursor_ok(&in); count--) {
        take_entry(&in, &hash);
        leaf += cursor_ok(&in);
    }
    return count == 0 && cursor_ok(&in) ? size : leaf;
}

static struct fault take_group(struct ledger *l, const struct journal_record *r)
{
    struct cursor in = cursor_over(r->body, "log: group");
    uint64_t first = cursor_u64(&in);
    uint32_t count = cursor_u32(&in);

    if (!cursor_ok(&in) || first != l->forest.size || count > LEDGER_GROUP || count == 0 ||
        l->forest.size + count > LEDGER_SIZE_MAX)
        return damaged(l->forest.size);
    index_room(l, count);
    add_group(l, first, r->at, r->before);
    for (; count > 0; count--) {
        struct digest leaf;
        struct bytes entry = take_entry(&in, &leaf);

        if (!cursor_ok(&in))
            return damaged(l->forest.size);
        add_place(l, &leaf, r->at + (uint64_t)(entry.data - r->body.data));
    }
    cursor_end(&in);
    return cursor_ok(&in) ? fault_none() : damaged(l->forest.size - 1);
}

static void keep_note(struct ledger *l, unsigned kind, uint64_t size, struct bytes note)
{
    buf_clear(&l->note[kind]);
    buf_bytes(&l->note[kind], note);
    l->note_size[kind] = size;
    if (size > l->promised)
        l->promised = size;
}

static struct fault take_note(struct ledger *l, struct bytes body)
{
    struct cursor in = cursor_over(body, "log: note");
    uint8_t kind = cursor_u8(&in);
    uint64_t size = cursor_u64(&in);
    struct bytes note = cursor_take(&in, cursor_left(&in));

    if (!cursor_ok(&in) || kind == 0 || kind >= LEDGER_NOTE_COUNT || size > l->forest.size)
        return fault_make(FAULT_DAMAGED, 0, "log: a note that cannot have been written");
    keep_note(l, kind, size, note);
    return fault_none();
}

static struct fault take(void *context, const struct journal_record *r)
{
    struct ledger *l = context;

    if (r->type == RECORD_GROUP)
        return take_group(l, r);
    if (r->type == RECORD_NOTE)
        return take_note(l, r->body);
    return fault_make(FAULT_UNKNOWN, 0, "log: a record of a later version");
}

/* opening */

/* The torn end goes if nobody was promised it. What is left beyond the promise is written again,
 * because the sync that should have made it durable may be the one that failed. */
static struct fault settle(struct ledger *l)
{
    uint64_t at = journal_end(l->journal);
    struct fault f;

    if (journal_is_damaged(l->journal) ||
        (journal_is_torn(l->journal) && l->forest.size < l->promised))
        return damaged(journal_bad_type(l->journal) == RECORD_GROUP
                           ? first_bad_leaf(l->forest.size, journal_bad_body(l->journal))
                           : l->forest.size);
    if (journal_is_torn(l->journal)) {
        f = journal_clear(l->journal);
        if (fault_is(f))
            return f;
    }
    for (size_t i = l->groups; i-- > 0 && l->group[i].first >= l->promised;)
        at = l->group[i].at - JOURNAL_HEAD;
    return journal_rewrite(l->journal, at);
}

static struct ledger *new_log(const struct files *files, int dir, const char *origin,
                              uint64_t promised)
{
    struct ledger *l = memory_zeroed(1, sizeof *l);

    l->files = files;
    l->dir = dir;
    l->origin = memory_text(origin, strlen(origin));
    l->promised = promised;
    l->fresh = memory_zeroed(1, sizeof *l->fresh);
    index_room(l, 1);
    return l;
}

struct fault ledger_open(const struct files *files, int dir, const char *origin, uint64_t promised,
                         bool create, struct ledger **out)
{
    struct ledger *l = new_log(files, dir, origin, promised);
    struct fault f = journal_open(files, dir, "log", origin, create, take, l, &l->journal);

    if (!fault_is(f))
        f = settle(l);
    if (fault_is(f)) {
        ledger_free(l);
        return f;
    }
    *out = l;
    return fault_none();
}

void ledger_free(struct ledger *l)
{
    if (l == NULL)
        return;
    journal_free(l->journal);
    forest_done(&l->forest);
    for (size_t i = 0; i < LEDGER_NOTE_COUNT; i++)
        buf_done(&l->note[i]);
    buf_done(&l->body);
    free(l->fresh);
    free(l->place);
    free(l->group);
    free(l->slot);
    free(l->origin);
    free(l);
}

/* looking */

const char *ledger_origin(const struct ledger *l)
{
    return l->origin;
}

uint64_t ledger_size(const struct ledger *l)
{
    return l->forest.size;
}

struct fault ledger_root_at(const struct ledger *l, uint64_t size, struct digest *out)
{
    if (size > l->forest.size)
        return fault_make(FAULT_RANGE, 0, "log: no such size");
    return tree_read_root(forest_reader(&l->forest), size, out);
}

struct fault ledger_root_with(const struct ledger *l, const struct bytes *entries, size_t count,
                              struct digest *out)
{
    struct tree t;
    struct fault f = tree_read_frontier(ledger_reader(l), l->forest.size, &t);

    for (size_t i = 0; i < count && !fault_is(f); i++) {
        struct digest leaf = tree_leaf(entries[i]);

        tree_append(&t, &leaf);
    }
    *out = tree_root(&t);
    return f;
}

struct digest ledger_root(const struct ledger *l)
{
    struct digest root;

    if (fault_is(ledger_root_at(l, l->forest.size, &root)))
        die("parley: a log without its own root\n");
    return root;
}

struct tree_reader ledger_reader(const struct ledger *l)
{
    return forest_reader(&l->forest);
}

const struct digest *ledger_leaf(const struct ledger *l, uint64_t index)
{
    return forest_leaf(&l->forest, index);
}

uint64_t ledger_promised(const struct ledger *l)
{
    return l->promised;
}

bool ledger_is_stopped(const struct ledger *l)
{
    return journal_is_stopped(l->journal);
}

struct bytes ledger_note(const struct ledger *l, enum ledger_note kind)
{
    return buf_view(&l->note[kind]);
}

struct fault ledger_read(const struct ledger *l, uint64_t index, struct buf *out)
{
    uint8_t head[ENTRY_HEAD], entry[ENTRY_MAX];
    struct digest leaf;
    size_t len;
    struct fault f;

    if (index >= l->forest.size)
        return fault_make(FAULT_RANGE, 0, "log: no such entry");
    f = journal_read(l->journal, l->place[index] - ENTRY_HEAD, head, sizeof head);
    if (fault_is(f))
        return f;
    len = (size_t)head[0] << 8 | head[1];
    if (len > sizeof entry)
        return damaged(index);
    f = journal_read(l->journal, l->place[index], entry, len);
    if (fault_is(f))
        return f.kind == FAULT_SHORT ? damaged(index) : f;
    leaf = tree_leaf(bytes_of(entry, len));
    if (!digest_equal(&leaf, forest_leaf(&l->forest, index)))
        return damaged(index);
    buf_add(out, entry, len);
    return fault_none();
}

/* Where the bytes of entry `index` end that are in `piece`, which is the file from `at` on; 0 if
 * not all of them are. */
static size_t entry_in(const struct ledger *l, uint64_t index, uint64_t at, struct bytes piece)
{
    size_t start = (size_t)(l->place[index] - at), len;

    if (l->place[index] - ENTRY_HEAD < at || start > piece.len)
        return 0;
    len = (size_t)piece.data[start - ENTRY_HEAD] << 8 | piece.data[start - ENTRY_HEAD + 1];
    return len > piece.len - start ? 0 : start + len;
}

/* Holds the entries from *index on that lie whole in the piece against their hashes. */
static struct fault check_piece(const struct ledger *l, uint64_t at, struct bytes piece,
                                uint64_t *index)
{
    size_t end;

    while (*index < l->forest.size && (end = entry_in(l, *index, at, piece)) != 0) {
        size_t start = (size_t)(l->place[*index] - at);
        struct digest leaf = tree_leaf(bytes_of(piece.data + start, end - start));

        if (!digest_equal(&leaf, forest_leaf(&l->forest, *index)))
            return damaged(*index);
        (*index)++;
    }
    return fault_none();
}

static struct fault check_one(const struct ledger *l, uint64_t index)
{
    struct buf entry = {0};
    struct fault f = ledger_read(l, index, &entry);

    buf_done(&entry);
    return f;
}

struct fault ledger_check_all(const struct ledger *l)
{
    uint8_t *piece = memory_new(CHECK_PIECE);
    uint64_t end = journal_end(l->journal), index = 0;
    struct fault f = fault_none();

    while (index < l->forest.size && !fault_is(f)) {
        uint64_t at = l->place[index] - ENTRY_HEAD, before = index;
        size_t len = end - at < CHECK_PIECE ? (size_t)(end - at) : CHECK_PIECE;

        f = journal_read(l->journal, at, piece, len);
        if (f.kind == FAULT_SHORT) /* the file is cut: which is the first leaf that is not there? */
            f = check_one(l, index++);
        else if (!fault_is(f))
            f = check_piece(l, at, bytes_of(piece, len), &index);
        if (!fault_is(f) && index == before)
            f = damaged(index); /* a length that leads beyond the end */
    }
    free(piece);
    return f;
}

/* appending */

static struct fault check_group(const struct ledger *l, const struct bytes *entries, size_t count)
{
    if (count > LEDGER_GROUP || l->forest.size + count > LEDGER_SIZE_MAX)
        return fault_make(FAULT_LIMIT, 0, "log: more entries than a group or a log holds");
    for (size_t i = 0; i < count; i++)
        if (entries[i].len == 0 || entries[i].len > ENTRY_MAX)
            return fault_make(FAULT_LIMIT, i, "log: an entry empty or longer than its limit");
    return fault_none();
}

static void group_begin(struct ledger *l, size_t count)
{
    struct fresh *n = l->fresh;

    n->count = 0;
    for (n->slots = 2; n->slots < count * 2; n->slots *= 2)
        ;
    memset(n->slot, 0, n->slots * sizeof n->slot[0]);
    buf_clear(&l->body);
    buf_u64(&l->body, l->forest.size);
    buf_u32(&l->body, 0);
}

static void group_add(struct ledger *l, struct bytes entry, const struct digest *leaf)
{
    struct fresh *n = l->fresh;

    buf_u16(&l->body, (uint16_t)entry.len);
    buf_add(&l->body, leaf->byte, ENTRY_HEAD - 2);
    n->leaf[n->count] = *leaf;
    n->offset[n->count++] = l->body.len;
    buf_bytes(&l->body, entry);
}

/* Is the leaf in the group in hand? If not, its slot is taken for the next one. */
static bool group_find(struct fresh *n, const struct digest *leaf, size_t *out)
{
    uint32_t key;
    size_t at;

    memcpy(&key, leaf->byte + 8, sizeof key);
    for (at = key & (n->slots - 1); n->slot[at] != 0; at = (at + 1) & (n->slots - 1)) {
        *out = n->slot[at] - 1u;
        if (digest_equal(&n->leaf[*out], leaf))
            return true;
    }
    n->slot[at] = (uint16_t)(n->count + 1);
    return false;
}

static uint64_t group_place(struct ledger *l, struct bytes entry, const struct digest *leaf)
{
    uint64_t index;
    size_t same;

    if (ledger_find(l, leaf, &index))
        return index;
    if (group_find(l->fresh, leaf, &same))
        return l->forest.size + same;
    index = l->forest.size + l->fresh->count;
    group_add(l, entry, leaf);
    return index;
}

static void group_fill(struct ledger *l, const struct bytes *entries, size_t count, uint64_t *index)
{
    struct digest *leaf = l->fresh->asked;

    group_begin(l, count);
    for (size_t i = 0; i < count; i++) {
        leaf[i] = tree_leaf(entries[i]);
        slot_fetch(l, &leaf[i]);
    }
    for (size_t i = 0; i < count; i++)
        index[i] = group_place(l, entries[i], &leaf[i]);
}

static struct fault group_write(struct ledger *l, bool sync, uint64_t *at)
{
    size_t count = l->fresh->count;

    for (size_t i = 0; i < 4; i++)
        l->body.data[8 + i] = (uint8_t)(count >> (24 - 8 * i));
    return journal_append(l->journal, RECORD_GROUP, buf_view(&l->body), sync, at);
}

/* Invariant 1: called when the group's sync has returned. */
static void group_take(struct ledger *l, uint64_t at, const uint8_t *before)
{
    const struct fresh *n = l->fresh;

    index_room(l, n->count);
    add_group(l, l->forest.size, at, before);
    for (size_t i = 0; i < n->count; i++)
        add_place(l, &n->leaf[i], at + n->offset[i]);
}

struct fault ledger_append(struct ledger *l, const struct bytes *entries, size_t count,
                           uint64_t *index)
{
    uint8_t before[16];
    uint64_t at;
    struct fault f = check_group(l, entries, count);

    if (fault_is(f))
        return f;
    if (ledger_is_stopped(l))
        return journal_sync(l->journal); /* says so */
    index_room(l, count); /* now, so that the slots looked at are those that are filled */
    group_fill(l, entries, count, index);
    if (l->fresh->count == 0)
        return fault_none();
    memcpy(before, journal_check(l->journal), sizeof before);
    f = group_write(l, true, &at);
    if (!fault_is(f))
        group_take(l, at, before);
    return f;
}

static struct fault write_note(struct ledger *l, enum ledger_note kind, uint64_t size,
                               struct bytes note, bool sync)
{
    struct buf body = {0};
    uint64_t at;
    struct fault f;

    buf_byte(&body, (uint8_t)kind);
    buf_u64(&body, size);
    buf_bytes(&body, note);
    f = journal_append(l->journal, RECORD_NOTE, buf_view(&body), sync, &at);
    buf_done(&body);
    if (!fault_is(f))
        keep_note(l, kind, size, note);
    return f;
}

struct fault ledger_append_exact(struct ledger *l, const struct bytes *entries, size_t count,
                                 enum ledger_note kind, struct bytes note)
{
    uint8_t before[16];
    uint64_t at = 0;
    struct fault f = check_group(l, entries, count);

    if (!fault_is(f) && note.len > LEDGER_NOTE_MAX)
        f = fault_make(FAULT_LIMIT, 0, "log: a note longer than its limit");
    if (fault_is(f))
        return f;
    group_begin(l, count);
    for (size_t i = 0; i < count; i++) {
        struct digest leaf = tree_leaf(entries[i]);

        group_add(l, entries[i], &leaf);
    }
    memcpy(before, journal_check(l->journal), sizeof before);
    f = journal_reserve(l->journal, l->body.len + note.len + 4 * JOURNAL_HEAD);
    if (!fault_is(f) && count != 0)
        f = group_write(l, false, &at);
    if (!fault_is(f))
        f = write_note(l, kind, l->forest.size + count, note, true);
    if (!fault_is(f) && count != 0)
        group_take(l, at, before);
    return f;
}

struct fault ledger_put_note(struct ledger *l, enum ledger_note kind, uint64_t size,
                             struct bytes note)
{
    if (note.len > LEDGER_NOTE_MAX)
        return fault_make(FAULT_LIMIT, 0, "log: a note longer than its limit");
    if (size > l->forest.size)
        return fault_make(FAULT_RANGE, 0, "log: a note beyond the log");
    return write_note(l, kind, size, note, false);
}

struct fault ledger_sync(struct ledger *l)
{
    return journal_sync(l->journal);
}

/* cutting */

uint64_t ledger_group_end(const struct ledger *l, uint64_t size)
{
    for (size_t i = 0; i < l->groups; i++)
        if (l->group[i].first >= size)
            return l->group[i].first;
    return l->forest.size;
}

/* The notes that lay behind the cut are written again before it. */
static struct fault put_notes_again(struct ledger *l)
{
    struct fault f = fault_none();

    for (unsigned kind = 1; kind < LEDGER_NOTE_COUNT && !fault_is(f); kind++) {
        struct buf note = {0};

        if (l->note[kind].len == 0)
            continue;
        buf_bytes(&note, buf_view(&l->note[kind]));
        f = write_note(l, kind, l->note_size[kind], buf_view(&note), false);
        buf_done(&note);
    }
    return fault_is(f) ? f : journal_sync(l->journal);
}

struct fault ledger_truncate(struct ledger *l, uint64_t size)
{
    struct fault f;
    size_t keep = l->groups;

    if (size < l->promised)
        return fault_make(FAULT_REFUSED, 0, "log: a head was signed over what would be cut");
    if (size >= l->forest.size)
        return fault_none();
    while (keep > 0 && l->group[keep - 1].first >= size)
        keep--;
    if (keep == l->groups || l->group[keep].first != size)
        return fault_make(FAULT_ORDER, 0, "log: not the end of a group");
    f = journal_truncate(l->journal, l->group[keep].at, l->group[keep].check);
    if (fault_is(f))
        return f;
    l->groups = keep;
    forest_cut(&l->forest, size);
    index_rebuild(l, l->slots);
    return put_notes_again(l);
}

/* salvage */

/* Moves the damaged file to the first free name, so that it can still be looked at. */
static struct fault set_aside(const struct files *files, int dir, struct buf *name)
{
    for (unsigned i = 1; i <= LEDGER_DAMAGED; i++) {
        int fd;

        buf_clear(name);
        buf_print(name, "log.damaged.%u", i);
        fd = files->open(files->context, dir, buf_str(name), false);
        if (fd >= 0)
            files->close(files->context, fd);
        else if (errno == ENOENT)
            return files->rename(files->context, dir, "log", buf_str(name)) == 0
                       ? fault_none()
                       : fault_io("rename of a damaged log");
    }
    return fault_make(FAULT_LIMIT, 0, "log: too many damaged logs lie here already");
}

static struct fault copy_group(const struct ledger *from, uint64_t first, uint64_t end,
                               struct ledger *to)
{
    size_t count = (size_t)(end - first);
    struct buf *text = memory_zeroed(count, sizeof *text);
    uint8_t before[16];
    uint64_t at;
    struct fault f = fault_none();

    group_begin(to, count);
    for (size_t i = 0; i < count && !fault_is(f); i++) {
        f = ledger_read(from, first + i, &text[i]);
        if (!fault_is(f))
            group_add(to, buf_view(&text[i]), ledger_leaf(from, first + i));
    }
    memcpy(before, journal_check(to->journal), sizeof before);
    if (!fault_is(f))
        f = group_write(to, false, &at);
    if (!fault_is(f))
        group_take(to, at, before); /* the one sync comes at the end of the copy */
    for (size_t i = 0; i < count; i++)
        buf_done(&text[i]);
    free(text);
    return f;
}

static struct fault copy_all(const struct ledger *from, struct ledger *to)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < from->groups && !fault_is(f); i++) {
        uint64_t end = i + 1 < from->groups ? from->group[i + 1].first : from->forest.size;

        if (from->group[i].first < end)
            f = copy_group(from, from->group[i].first, end, to);
    }
    for (unsigned kind = 1; kind < LEDGER_NOTE_COUNT && !fault_is(f); kind++)
        if (from->note[kind].len != 0)
            f = write_note(to, kind, from->note_size[kind], buf_view(&from->note[kind]), false);
    return fault_is(f) ? f : journal_sync(to->journal);
}

struct fault ledger_salvage(const struct files *files, int dir, const char *origin,
                            struct ledger **out)
{
    struct ledger *from = new_log(files, dir, origin, 0), *to = NULL;
    struct buf name = {0};
    struct fault f = set_aside(files, dir, &name);

    if (!fault_is(f))
        f = journal_open(files, dir, buf_str(&name), origin, false, take, from, &from->journal);
    if (f.kind == FAULT_DAMAGED && from->journal == NULL)
        f = fault_none(); /* nothing of it can be read */
    if (!fault_is(f))
        f = ledger_open(files, dir, origin, 0, true, &to);
    if (!fault_is(f) && from->journal != NULL)
        f = copy_all(from, to);
    buf_done(&name);
    ledger_free(from);
    if (fault_is(f))
        ledger_free(to);
    else
        *out = to;
    return f;
}

#include "ledger/ledger_inner.h"

#include "base/cursor.h"
#include "base/memory.h"

/* taking what is in the journal */

void log_add_place(struct ledger *l, const struct digest *leaf, uint64_t at)
{
    uint64_t index = l->forest.size;

    if (index >= l->place_room) {
        l->place_room = l->place_room == 0 ? 256 : l->place_room * 2;
        l->place = memory_resize(l->place, l->place_room, sizeof l->place[0]);
    }
    l->place[index] = at;
    forest_append(&l->forest, leaf);
    leaves_put(&l->leaves, index);
}

void log_add_group(struct ledger *l, uint64_t first, uint64_t at, const uint8_t *check)
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

struct fault log_damaged(uint64_t leaf)
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
        return log_damaged(l->forest.size);
    leaves_room(&l->leaves, count);
    log_add_group(l, first, r->at, r->before);
    for (; count > 0; count--) {
        struct digest leaf;
        struct bytes entry = take_entry(&in, &leaf);

        if (!cursor_ok(&in))
            return log_damaged(l->forest.size);
        log_add_place(l, &leaf, r->at + (uint64_t)(entry.data - r->body.data));
    }
    cursor_end(&in);
    return cursor_ok(&in) ? fault_none() : log_damaged(l->forest.size - 1);
}

void log_keep_note(struct ledger *l, unsigned kind, uint64_t size, struct bytes note)
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
    log_keep_note(l, kind, size, note);
    return fault_none();
}

struct fault log_take(void *context, const struct journal_record *r)
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
        return log_damaged(journal_bad_type(l->journal) == RECORD_GROUP
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

struct ledger *log_new(const struct files *files, int dir, const char *origin, uint64_t promised)
{
    struct ledger *l = memory_zeroed(1, sizeof *l);

    l->files = files;
    l->dir = dir;
    l->origin = memory_text(origin, strlen(origin));
    l->promised = promised;
    l->leaves.forest = &l->forest;
    l->fresh = memory_zeroed(1, sizeof *l->fresh);
    leaves_room(&l->leaves, 1);
    return l;
}

struct fault ledger_open(const struct files *files, int dir, const char *origin, uint64_t promised,
                         bool create, struct ledger **out)
{
    struct ledger *l = log_new(files, dir, origin, promised);
    struct fault f = journal_open(files, dir, "log", origin, create, log_take, l, &l->journal);

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
    leaves_done(&l->leaves);
    forest_done(&l->forest);
    for (size_t i = 0; i < LEDGER_NOTE_COUNT; i++)
        buf_done(&l->note[i]);
    buf_done(&l->body);
    free(l->fresh);
    free(l->place);
    free(l->group);
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

bool ledger_find(const struct ledger *l, const struct digest *leaf, uint64_t *index)
{
    return leaves_find(&l->leaves, leaf, index);
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
        return log_damaged(index);
    f = journal_read(l->journal, l->place[index], entry, len);
    if (fault_is(f))
        return f.kind == FAULT_SHORT ? log_damaged(index) : f;
    leaf = tree_leaf(bytes_of(entry, len));
    if (!digest_equal(&leaf, forest_leaf(&l->forest, index)))
        return log_damaged(index);
    buf_add(out, entry, len);
    return fault_none();
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
        f = log_write_note(l, kind, l->note_size[kind], buf_view(&note), false);
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
    leaves_again(&l->leaves);
    return put_notes_again(l);
}

/* ledger_append.c - the group in hand: laid out, written, in the tree; and notes. */
#include "ledger/ledger_inner.h"

static struct fault check_group(const struct ledger *l, const struct bytes *entries, size_t count)
{
    if (count > LEDGER_GROUP || l->forest.size + count > LEDGER_SIZE_MAX)
        return fault_make(FAULT_LIMIT, 0, "log: more entries than a group or a log holds");
    for (size_t i = 0; i < count; i++)
        if (entries[i].len == 0 || entries[i].len > ENTRY_MAX)
            return fault_make(FAULT_LIMIT, i, "log: an entry empty or longer than its limit");
    return fault_none();
}

void group_begin(struct ledger *l, size_t count)
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

void group_add(struct ledger *l, struct bytes entry, const struct digest *leaf)
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
        leaves_fetch(&l->leaves, &leaf[i]);
    }
    for (size_t i = 0; i < count; i++)
        index[i] = group_place(l, entries[i], &leaf[i]);
}

struct fault group_write(struct ledger *l, bool sync, uint64_t *at)
{
    size_t count = l->fresh->count;

    for (size_t i = 0; i < 4; i++)
        l->body.data[8 + i] = (uint8_t)(count >> (24 - 8 * i));
    return journal_append(l->journal, RECORD_GROUP, buf_view(&l->body), sync, at);
}

/* Invariant 1: called when the group's write, or its sync, has returned. */
void group_take(struct ledger *l, uint64_t at, const uint8_t *before)
{
    const struct fresh *n = l->fresh;

    leaves_room(&l->leaves, n->count);
    log_add_group(l, l->forest.size, at, before);
    for (size_t i = 0; i < n->count; i++)
        log_add_place(l, &n->leaf[i], at + n->offset[i]);
}

static struct fault append(struct ledger *l, const struct bytes *entries, size_t count, bool sync,
                           uint64_t *index)
{
    uint8_t before[16];
    uint64_t at;
    struct fault f = check_group(l, entries, count);

    if (fault_is(f))
        return f;
    if (ledger_is_stopped(l))
        return journal_sync(l->journal); /* says so */
    leaves_room(&l->leaves, count); /* now, so that the slots looked at are those that are filled */
    group_fill(l, entries, count, index);
    if (l->fresh->count == 0)
        return fault_none();
    memcpy(before, journal_check(l->journal), sizeof before);
    f = group_write(l, sync, &at);
    if (!fault_is(f))
        group_take(l, at, before);
    return f;
}

struct fault ledger_append(struct ledger *l, const struct bytes *entries, size_t count,
                           uint64_t *index)
{
    return append(l, entries, count, true, index);
}

struct fault ledger_append_unsynced(struct ledger *l, const struct bytes *entries, size_t count,
                                    uint64_t *index)
{
    return append(l, entries, count, false, index);
}

struct fault log_write_note(struct ledger *l, enum ledger_note kind, uint64_t size,
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
        log_keep_note(l, kind, size, note);
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
        f = log_write_note(l, kind, l->forest.size + count, note, true);
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
    return log_write_note(l, kind, size, note, false);
}

struct fault ledger_sync(struct ledger *l)
{
    return journal_sync(l->journal);
}

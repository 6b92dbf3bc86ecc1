/* ledger_audit.c - what is stored, held against the tree: flipped bits are named by their leaf. */
#include "base/memory.h"
#include "ledger/ledger_inner.h"

enum { CHECK_PIECE = 256 << 10 /* read at once: fits the cache, holds any entry */ };

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
            return log_damaged(*index);
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
            f = log_damaged(index); /* a length that leads beyond the end */
    }
    free(piece);
    return f;
}

#include "ledger/growth.h"

#include "ledger/hashes.h"

static const char form[] = "tlog-witness: add-checkpoint";

struct fault growth_parse(struct bytes text, struct growth *out)
{
    struct cursor in = cursor_over(text, form);
    struct growth g = {0};
    struct fault f;

    if (text.len > GROWTH_MAX)
        return fault_make(FAULT_LIMIT, GROWTH_MAX, form);
    cursor_expect(&in, "old ");
    g.old = cursor_decimal_line(&in, INT64_MAX);
    f = hashes_read(&in, GROWTH_HASHES, &g.path, &g.note);
    if (!fault_is(f))
        *out = g;
    return f;
}

void growth_write(const struct growth *g, struct buf *out)
{
    buf_text(out, "old ");
    buf_decimal(out, g->old);
    buf_byte(out, '\n');
    hashes_write(&g->path, g->note, out);
}

struct fault growth_make(const struct ledger *log, uint64_t old, struct bytes note,
                         struct growth *out)
{
    struct note n;
    struct checkpoint c;
    struct tree_path path;
    struct fault f = note_parse(note, &n);

    if (!fault_is(f))
        f = checkpoint_parse(n.text, &c);
    if (!fault_is(f) && c.size > ledger_size(log))
        f = fault_make(FAULT_RANGE, 0, "growth: a head beyond the log");
    if (!fault_is(f))
        f = tree_prove_consistency(ledger_reader(log), old, c.size, &path);
    if (!fault_is(f))
        *out = (struct growth){old, path, note};
    return f;
}

struct fault growth_verify(const struct growth *g, const struct digest *old_root,
                           const struct note_signer *author, struct checkpoint *out)
{
    struct checkpoint c;
    struct fault f = note_verify_checkpoint(g->note, bytes_text(author->name), author, &c, NULL);

    if (!fault_is(f))
        f = tree_check_consistency(g->old, old_root, c.size, &c.root, &g->path);
    if (!fault_is(f))
        *out = c;
    return f;
}

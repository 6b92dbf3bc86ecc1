#include "ledger/proof.h"

#include "ledger/hashes.h"

static const char form[] = "tlog-proof: Format";

struct fault proof_parse(struct bytes text, struct proof *out)
{
    struct cursor in = cursor_over(text, form);
    struct proof p = {0};
    struct fault f;

    if (text.len > PROOF_MAX)
        return fault_make(FAULT_LIMIT, PROOF_MAX, form);
    cursor_expect(&in, "c2sp.org/tlog-proof@v1\nindex ");
    p.index = cursor_decimal_line(&in, INT64_MAX - 1);
    f = hashes_read(&in, TREE_PATH_MAX, &p.path, &p.note);
    if (!fault_is(f))
        *out = p;
    return f;
}

void proof_write(const struct proof *p, struct buf *out)
{
    buf_text(out, "c2sp.org/tlog-proof@v1\nindex ");
    buf_decimal(out, p->index);
    buf_byte(out, '\n');
    hashes_write(&p->path, p->note, out);
}

struct fault proof_make(const struct ledger *log, uint64_t index, struct bytes note,
                        struct proof *out)
{
    struct note n;
    struct checkpoint c;
    struct tree_path path;
    struct fault f = note_parse(note, &n);

    if (!fault_is(f))
        f = checkpoint_parse(n.text, &c);
    if (!fault_is(f) && c.size > ledger_size(log))
        f = fault_make(FAULT_RANGE, 0, "proof: a head beyond the log");
    if (!fault_is(f))
        f = tree_prove_inclusion(ledger_reader(log), index, c.size, &path);
    if (!fault_is(f))
        *out = (struct proof){index, path, note};
    return f;
}

struct fault proof_verify(const struct proof *p, struct bytes entry,
                          const struct note_signer *author, const struct note_signer *cosigner)
{
    struct checkpoint c;
    struct note n;
    struct digest leaf = tree_leaf(entry);
    struct fault f = note_verify_checkpoint(p->note, bytes_text(author->name), author, &c, &n);

    if (!fault_is(f) && cosigner != NULL)
        f = note_verify(&n, cosigner, NULL);
    if (!fault_is(f))
        f = tree_check_inclusion(&leaf, p->index, c.size, &c.root, &p->path);
    return f;
}

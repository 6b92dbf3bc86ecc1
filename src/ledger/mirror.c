#include "ledger/mirror.h"

struct fault mirror_open(struct mirror *m, const struct files *files, int dir,
                         const struct note_signer *author, uint64_t cosigned, bool create)
{
    *m = (struct mirror){NULL, author};
    return ledger_open(files, dir, author->name, cosigned, create, &m->log);
}

void mirror_done(struct mirror *m)
{
    ledger_free(m->log);
    m->log = NULL;
}

static struct fault contradiction(const struct mirror *m, struct bytes note,
                                  struct mirror_answer *answer)
{
    enum evidence alone = EVIDENCE_NONE;

    buf_bytes(&answer->held, mirror_note(m));
    answer->evidence = EVIDENCE_NO_EXTENSION;
    if (!fault_is(evidence_decide(note, mirror_note(m), m->author, NULL, &alone)) &&
        alone == EVIDENCE_SPLIT)
        answer->evidence = EVIDENCE_SPLIT;
    return fault_make(FAULT_MISMATCH, 0, "mirror: the head contradicts what is held");
}

/* Of a size that is held: the same, or a contradiction. A crash may have left the entries and
 * taken their note, then it is kept now. */
static struct fault take_old(struct mirror *m, const struct checkpoint *c, struct bytes note,
                             struct mirror_answer *answer)
{
    struct digest root;
    struct fault f = ledger_root_at(m->log, c->size, &root);

    if (fault_is(f))
        return f;
    if (!digest_equal(&root, &c->root))
        return contradiction(m, note, answer);
    if (c->size != ledger_size(m->log) || bytes_equal(note, mirror_note(m)))
        return fault_none();
    f = ledger_put_note(m->log, LEDGER_NOTE_STORED, c->size, note);
    if (!fault_is(f))
        f = ledger_sync(m->log);
    answer->fresh = !fault_is(f);
    return f;
}

static struct fault take_new(struct mirror *m, const struct checkpoint *c,
                             const struct bytes *entries, size_t count, struct bytes note,
                             struct mirror_answer *answer)
{
    struct digest root;
    struct fault f = ledger_root_with(m->log, entries, count, &root);

    if (fault_is(f))
        return f;
    if (!digest_equal(&root, &c->root))
        return contradiction(m, note, answer);
    f = ledger_append_exact(m->log, entries, count, LEDGER_NOTE_STORED, note);
    answer->fresh = !fault_is(f);
    return f;
}

struct fault mirror_take(struct mirror *m, uint64_t first, const struct bytes *entries,
                         size_t count, struct bytes note, struct mirror_answer *answer)
{
    struct checkpoint c;
    struct note n;
    struct buf clean = {0};
    uint64_t size = ledger_size(m->log);
    struct fault f = note_verify_checkpoint(note, bytes_text(m->author->name), m->author, &c, &n);

    *answer = (struct mirror_answer){0};
    if (fault_is(f))
        return f;
    if (count > LEDGER_GROUP || c.size < count || c.size - count != first)
        return fault_make(FAULT_RANGE, 0, "mirror: the note's size is not that of the entries");
    if (first > size)
        return fault_make(FAULT_ORDER, 0, "mirror: entries before these are missing");
    note_begin(n.text, &clean);
    note_copy_lines(&n, m->author, &clean);
    if (c.size <= size)
        f = take_old(m, &c, buf_view(&clean), answer);
    else
        f = take_new(m, &c, entries + (size - first), count - (size_t)(size - first),
                     buf_view(&clean), answer);
    buf_done(&clean);
    return f;
}

struct fault mirror_take_cosigned(struct mirror *m, struct bytes note)
{
    struct checkpoint c;
    struct digest root;
    struct fault f = note_verify_checkpoint(note, bytes_text(m->author->name), m->author, &c, NULL);

    if (!fault_is(f))
        f = ledger_root_at(m->log, c.size, &root);
    if (fault_is(f))
        return f;
    if (!digest_equal(&root, &c.root))
        return fault_make(FAULT_MISMATCH, 0, "mirror: a cosigned head that is not held");
    return ledger_put_note(m->log, LEDGER_NOTE_BINDING, c.size, note);
}

struct bytes mirror_note(const struct mirror *m)
{
    return ledger_note(m->log, LEDGER_NOTE_STORED);
}

struct bytes mirror_cosigned_note(const struct mirror *m)
{
    return ledger_note(m->log, LEDGER_NOTE_BINDING);
}

#include "ledger/head.h"

#include "model/stored_make.h"

/* Signed by us, of this log, and its root our root at that size. */
static struct fault check(const struct head *h, struct bytes text, struct checkpoint *c,
                          struct note *n)
{
    struct digest root;
    struct fault f = note_verify_checkpoint(text, bytes_text(ledger_origin(h->log)), h->own, c, n);

    if (!fault_is(f))
        f = ledger_root_at(h->log, c->size, &root);
    if (!fault_is(f) && !digest_equal(&root, &c->root))
        f = fault_make(FAULT_MISMATCH, 0, "head: its root is not our log's at that size");
    return f;
}

static struct fault check_binding(const struct head *h, struct bytes text, struct checkpoint *c,
                                  struct instant *time)
{
    struct note n;
    struct fault f;

    if (h->partner == NULL)
        return fault_make(FAULT_MISSING, 0, "head: the partner's keys are not known yet");
    f = check(h, text, c, &n);
    return fault_is(f) ? f : note_verify(&n, h->partner, time);
}

static struct fault damaged(struct fault f)
{
    return fault_is(f) ? fault_make(FAULT_DAMAGED, 0, f.rule) : f;
}

struct fault head_init(struct head *h, struct ledger *log, const struct note_signer *own,
                       const struct note_signer *partner)
{
    struct checkpoint c = {0};
    struct note n;
    struct fault f = fault_none();

    *h = (struct head){log, own, partner, 0, 0, {0}};
    if (head_stored_note(h).len != 0) {
        f = check(h, head_stored_note(h), &c, &n);
        h->stored = c.size;
    }
    if (fault_is(f) || head_binding_note(h).len == 0 || partner == NULL)
        return damaged(f);
    f = check_binding(h, head_binding_note(h), &c, &h->binding_time);
    h->binding = c.size;
    if (h->stored < h->binding)
        h->stored = h->binding; /* the stored note was lost, this one has the same lines */
    return damaged(f);
}

struct fault head_take_stored(struct head *h, struct bytes note)
{
    struct checkpoint c;
    struct note n;
    struct fault f = check(h, note, &c, &n);

    if (!fault_is(f) && c.size < h->stored)
        f = fault_make(FAULT_ORDER, 0, "head: smaller than the one we have");
    if (!fault_is(f))
        f = ledger_put_note(h->log, LEDGER_NOTE_STORED, c.size, note);
    if (!fault_is(f))
        h->stored = c.size;
    return f;
}

struct fault head_take_binding(struct head *h, struct bytes note)
{
    struct checkpoint c;
    struct instant time;
    struct fault f = check_binding(h, note, &c, &time);

    if (fault_is(f) || c.size < h->binding || bytes_equal(note, head_binding_note(h)))
        return f;
    if (time.us < h->binding_time.us)
        return fault_make(FAULT_CLOCK, 0, "head: the time of a cosignature falls");
    f = ledger_put_note(h->log, LEDGER_NOTE_BINDING, c.size, note);
    if (fault_is(f))
        return f;
    h->binding = c.size;
    h->binding_time = time;
    if (h->stored < c.size)
        h->stored = c.size;
    return f;
}

/* Where both are of one size the binding one is it: it has our lines too. */
struct bytes head_stored_note(const struct head *h)
{
    struct bytes binding = ledger_note(h->log, LEDGER_NOTE_BINDING);

    if (binding.len != 0 && h->binding == h->stored && h->binding != 0)
        return binding;
    return ledger_note(h->log, LEDGER_NOTE_STORED);
}

struct bytes head_binding_note(const struct head *h)
{
    return ledger_note(h->log, LEDGER_NOTE_BINDING);
}

struct fault head_stored(const struct head *h, uint64_t index, struct stored **out)
{
    if (index >= h->stored)
        return fault_make(FAULT_RANGE, 0, "head: no signed head covers this entry");
    *out = stored_new(index, *ledger_leaf(h->log, index));
    return fault_none();
}

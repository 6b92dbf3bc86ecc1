/* seal_partner.c - the partner's log: his genesis taken once, his keys as they change, his heads
 * cosigned. */
#include "keeper/sealing.h"

struct fault seal_peer(struct seal *s, const struct order_peer *order)
{
    struct digest leaf = tree_leaf(order->entry);
    struct fault f;

    if (s->theirs.tenure.count != 0)
        return tenure_has(&s->theirs.tenure, 0, &leaf)
                   ? fault_none()
                   : fault_make(FAULT_REFUSED, 0,
                                "DESIGN 5, rule 1: the partner's genesis is known");
    f = keysfile_begin(&s->theirs, seal_newest(s), s->partner->id, order->entry, order->document);
    if (fault_is(f))
        return f;
    f = seal_save_keys(s, "partner", &s->theirs);
    if (fault_is(f))
        keysfile_done(&s->theirs);
    return f;
}

/* The changes of the partner's keys among the leaves. */
static struct fault take_changes(struct seal *s, const struct order_cosign *order)
{
    for (size_t i = 0; i < order->key_count; i++) {
        const struct order_keys *k = &order->keys[i];
        struct digest leaf = tree_leaf(k->entry);
        struct fault f;

        if (k->index < order->first || k->index - order->first >= order->count ||
            !digest_equal(&leaf, &order->leaf[k->index - order->first]))
            return fault_make(FAULT_MISMATCH, 0, "keeper: KEYS that are not among the leaves");
        f = keysfile_change(&s->theirs, seal_newest(s), s->partner->id, k->index, k->entry,
                            k->document);
        if (fault_is(f))
            return f;
    }
    return order->key_count == 0 ? fault_none() : seal_save_keys(s, "partner", &s->theirs);
}

static struct fault cosign(struct seal *s, const struct order_cosign *order, struct instant now,
                           struct buf *note)
{
    struct keeping_cosign cosign = {.author = &s->theirs.tenure.author,
                                    .note = order->note,
                                    .first = order->first,
                                    .leaves = order->leaf,
                                    .count = order->count,
                                    .now = now};
    const struct tenure_keys *ours = tenure_at(&s->ours.tenure, seal_signed_size(s));
    struct pens pens;
    struct keeping_pen pen = {s->cosigner, pens.key, 0};
    struct fault f = pens_take(s, &ours->roles, ROLE_COSIGN, &pens);

    if (fault_is(f))
        return f;
    pen.count = pens_add_before(s, ours, &pens);
    return keeping_cosign(s->keeping, &cosign, &pen, note);
}

struct fault seal_cosign(struct seal *s, const struct order_cosign *order, struct instant now,
                         struct buf *note)
{
    const struct keeping_log *log;
    struct fault f;

    if (s->theirs.tenure.count == 0)
        return fault_make(FAULT_MISSING, 0, "keeper: the partner's genesis is not known");
    if (order->first == 0 && order->count != 0 &&
        !tenure_has(&s->theirs.tenure, 0, &order->leaf[0]))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: another genesis at index 0");
    log = keeping_find(s->keeping, bytes_text(s->theirs.tenure.author.name));
    if (order->key_count != 0 && order->first != (log == NULL ? 0 : log->tree.size))
        return fault_make(FAULT_ORDER, 0, "keeper: not where the last head ended");
    f = take_changes(s, order);
    if (!fault_is(f))
        f = cosign(s, order, now, note);
    if (fault_is(f))
        seal_forget_tentative(s, s->theirs.tenure.author.name, &s->theirs);
    return f;
}

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"

/*
 * Keeper will not sign one of our entries: it is cut off with everything behind it, which was
 * promised to nobody. What stood behind it is said again; of the same case it then follows the
 * last statement that holds, with another number and another `previous` (a permit fixes neither).
 * Where the refused one was to open the case, the case is gone.
 */

/* Tells whoever waits for this statement that it was refused. */
static void answer_refused(struct desk *d, const struct digest *leaf, const char *rule)
{
    for (size_t i = 0; i < d->waiting_count;) {
        struct desk_waiting w = d->waiting[i];

        if (!digest_equal(&w.leaf, leaf)) {
            i++;
            continue;
        }
        d->waiting[i] = d->waiting[--d->waiting_count];
        json_decref(w.answer);
        w.say(w.client, answer_error("refused", 4, "keeper refuses to sign this statement", rule,
                                     "draft it anew"));
    }
}

static struct fault refuse(struct desk_pact *p, const struct digest *leaf, const char *rule)
{
    return store_do(p->desk->store, QUERY_STATEMENT_REFUSED, NULL,
                    STORE_WITH(value_text(rule), value_text(p->now->id), value_text(p->own->id),
                               value_blob(bytes_of(leaf->byte, 32))));
}

/* One statement of ours in a case. */
struct link_of_case {
    struct digest leaf, next; /* its name, and the one it gets */
    struct buf text;
    bool released; /* under no signed head: its place may change */
};

struct chain {
    struct link_of_case *link; /* owned */
    size_t count, room;
    bool stands;     /* something in the case is stored, or the partner's */
    uint64_t number; /* of the last that holds */
    struct digest last;
};

static void chain_done(struct chain *c)
{
    for (size_t i = 0; i < c->count; i++)
        buf_done(&c->link[i].text);
    free(c->link);
}

static struct fault chain_read(struct desk_pact *p, const char *case_id, struct chain *c)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_CASE,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));

    while (rows_next(&r)) {
        struct link_of_case *l;
        char party[ENTRY_NAME], state[16];

        row_text(&r, 1, party, sizeof party);
        row_text(&r, 4, state, sizeof state);
        if (strcmp(state, "refused") == 0)
            continue;
        if (strcmp(state, "released") != 0)
            c->stands = true;
        if (strcmp(party, p->own->id) != 0)
            continue;
        if (c->count == c->room) {
            c->room = c->room == 0 ? 16 : 2 * c->room;
            c->link = memory_resize(c->link, c->room, sizeof *c->link);
        }
        l = &c->link[c->count++];
        *l = (struct link_of_case){.released = strcmp(state, "released") == 0};
        memcpy(l->leaf.byte, row_bytes(&r, 2).data, sizeof l->leaf.byte);
        buf_bytes(&l->text, row_bytes(&r, 10));
    }
    return rows_done(&r);
}

static void wait_for_other(struct desk *d, const struct digest *leaf, const struct digest *next)
{
    for (size_t i = 0; i < d->waiting_count; i++)
        if (digest_equal(&d->waiting[i].leaf, leaf)) {
            d->waiting[i].leaf = *next;
            json_object_set_new(d->waiting[i].answer, "leaf", json_digest(next));
        }
}

/* Gives a statement the place behind the last that holds. */
static struct fault move(struct desk_pact *p, const struct chain *c, struct link_of_case *l,
                         struct entry *e)
{
    struct buf text = {0};
    struct fault f;

    e->number = c->number + 1;
    e->has_previous = c->number != 0;
    e->previous = c->last;
    entry_write(e, &text);
    l->next = tree_leaf(buf_view(&text));
    f = store_do(p->desk->store, QUERY_STATEMENT_MOVE, NULL,
                 STORE_WITH(value_blob(bytes_of(l->next.byte, 32)), value_text(buf_str(&text)),
                            value_integer((int64_t)e->number), value_text(p->now->id),
                            value_text(p->own->id), value_blob(bytes_of(l->leaf.byte, 32))));
    buf_done(&text);
    return f;
}

static bool is_in_place(const struct chain *c, const struct entry *e)
{
    return e->number == c->number + 1 &&
           (c->number == 0 || (e->has_previous && digest_equal(&e->previous, &c->last)));
}

static struct fault chain_again(struct desk_pact *p, struct chain *c)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < c->count && !fault_is(f); i++) {
        struct link_of_case *l = &c->link[i];
        struct entry e;

        f = entry_parse(buf_view(&l->text), &e);
        l->next = l->leaf;
        if (!fault_is(f) && l->released && !is_in_place(c, &e))
            f = move(p, c, l, &e);
        c->number = e.number;
        c->last = l->next;
    }
    return f;
}

/* A case in which nothing was said does not exist, and its incident may be said anew. */
static struct fault drop_case(struct desk_pact *p, const char *case_id)
{
    struct fault f = store_do(p->desk->store, QUERY_INCIDENT_FREE, NULL,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));

    if (fault_is(f))
        return f;
    return store_do(p->desk->store, QUERY_CASE_DROP, NULL,
                    STORE_WITH(value_text(p->now->id), value_text(case_id)));
}

/* What opened the case was refused: so is what would have followed it. */
static struct fault refuse_all(struct desk_pact *p, const struct chain *c, const char *case_id,
                               const char *rule)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < c->count && !fault_is(f); i++)
        f = refuse(p, &c->link[i].leaf, rule);
    return fault_is(f) ? f : drop_case(p, case_id);
}

/* In a transaction. */
static struct fault refuse_in_case(struct desk_pact *p, const char *case_id,
                                   const struct digest *leaf, const char *rule, struct chain *c)
{
    struct fault f = refuse(p, leaf, rule);

    if (fault_is(f) || case_id[0] == '\0')
        return f;
    f = chain_read(p, case_id, c);
    if (fault_is(f))
        return f;
    return c->stands ? chain_again(p, c) : refuse_all(p, c, case_id, rule);
}

static struct fault case_of(struct desk_pact *p, uint64_t index, char *out)
{
    struct buf text = {0};
    struct entry e;
    struct fault f = ledger_read(p->log, index, &text);

    if (!fault_is(f))
        f = entry_parse(buf_view(&text), &e);
    if (!fault_is(f))
        snprintf(out, CASE_TEXT, "%s", e.case_id);
    buf_done(&text);
    return f;
}

static struct fault note_refused(struct desk_pact *p, const char *case_id,
                                 const struct digest *leaf, const char *rule, struct chain *c)
{
    struct fault f = store_begin(p->desk->store);

    if (!fault_is(f))
        f = refuse_in_case(p, case_id, leaf, rule, c);
    if (!fault_is(f))
        return store_commit(p->desk->store);
    store_rollback(p->desk->store);
    return f;
}

struct fault commit_refused(struct desk_pact *p, uint64_t index, struct bytes rule)
{
    char why[DESK_WHY], case_id[CASE_TEXT] = "";
    struct chain chain = {0};
    struct digest leaf;
    struct fault f;

    p->signing = false;
    if (index < p->head.stored || index >= ledger_size(p->log))
        return fault_make(FAULT_RANGE, 0, "keeper: refused an entry that is not there");
    if (!bytes_to_text(rule, why, sizeof why))
        snprintf(why, sizeof why, "keeper refused it");
    leaf = *ledger_leaf(p->log, index);
    f = case_of(p, index, case_id);
    if (!fault_is(f))
        f = note_refused(p, case_id, &leaf, why, &chain);
    if (!fault_is(f)) {
        answer_refused(p->desk, &leaf, why);
        for (size_t i = 0; i < chain.count; i++)
            if (chain.stands)
                wait_for_other(p->desk, &chain.link[i].leaf, &chain.link[i].next);
            else
                answer_refused(p->desk, &chain.link[i].leaf, why);
        f = ledger_truncate(p->log, p->kept_own);
        if (!fault_is(f))
            f = keys_load(p);
    }
    chain_done(&chain);
    alarm_raise(p, "keeper refused a statement", why);
    if (!fault_is(f) && case_id[0] != '\0')
        f = life_reload(p, case_id);
    if (!fault_is(f))
        commit_go(p);
    return f;
}

#include "exchange/outbox.h"

#include <stdlib.h>

#include "base/memory.h"
#include "exchange/call.h"
#include "store/exchange_query.h"

struct fault outbox_put(struct store *s, const char *agreement, const struct object *o,
                        struct bytes body, struct instant now, struct instant *counter)
{
    int64_t number;
    bool put;
    struct fault f = shelf_collection(s, OUTBOX_ROOT, agreement, &number);

    return fault_is(f) ? f : shelf_put(s, number, o, body, "command line", now, counter, &put);
}

static void object_read(struct rows *r, struct outbox_object *out)
{
    *out = (struct outbox_object){
        .row = {.added = {row_integer(r, 0)},
                .version = {row_integer(r, 3)},
                .marking = {(enum tlp)row_integer(r, 7), (enum pap)row_integer(r, 8)}}};
    row_text(r, 1, out->row.id, sizeof out->row.id);
    row_text(r, 2, out->row.spec, sizeof out->row.spec);
    row_text(r, 4, out->row.type, sizeof out->row.type);
    buf_bytes(&out->body, row_bytes(r, 9));
}

/* 0: nothing ever waited. */
static struct fault number_of(struct store *s, const char *agreement, int64_t *out)
{
    struct rows r = store_ask(s, EXCHANGE_COLLECTION_GET,
                              STORE_WITH(value_text(OUTBOX_ROOT), value_text(agreement)));

    *out = rows_next(&r) ? row_integer(&r, 0) : 0;
    return rows_done(&r);
}

struct fault outbox_list(struct store *s, const char *agreement, struct instant after,
                         struct outbox_object *out, size_t *count)
{
    int64_t number;
    struct rows r;
    struct fault f = number_of(s, agreement, &number);

    *count = 0;
    if (fault_is(f) || number == 0)
        return f;
    r = store_ask(
        s, EXCHANGE_SCAN_ALL,
        STORE_WITH(value_integer(number), value_integer(after.us), value_integer(OUTBOX_STEP)));
    while (*count < OUTBOX_STEP && rows_next(&r))
        object_read(&r, &out[(*count)++]);
    return rows_done(&r);
}

struct fault outbox_drop(struct store *s, const struct outbox_object *o)
{
    return store_do(s, EXCHANGE_OBJECT_DROP, NULL, STORE_WITH(value_integer(o->row.added.us)));
}

/* ---- moving ------------------------------------------------------------------------------------
 */

/* Where the partner of this root looks for what is ours; CONFIG_COLLECTIONS: nowhere. */
static size_t shelf_for(const struct config *c, size_t root)
{
    for (size_t i = 0; i < c->collection_count; i++)
        if (c->collection[i].root == root && config_partner_reads(c, &c->collection[i]) &&
            !config_partner_writes(c, &c->collection[i]))
            return i;
    return CONFIG_COLLECTIONS;
}

static struct object object_of(const struct shelf_row *row)
{
    struct object o = {.has_version = true,
                       .version = row->version,
                       .tlp = row->marking.tlp,
                       .pap = row->marking.pap};

    memcpy(o.id, row->id, sizeof o.id);
    memcpy(o.spec, row->spec, sizeof o.spec);
    memcpy(o.type, row->type, sizeof o.type);
    return o;
}

struct moving {
    struct exchange *x;
    const struct config_root *root;
    size_t to; /* the collection */
    struct instant now, counter;
    bool *moved;
};

static struct fault move_one(struct moving *m, const struct outbox_object *o)
{
    const int64_t day = INT64_C(86400000000);
    struct object object = object_of(&o->row);
    bool old = m->now.us - o->row.added.us > OUTBOX_DAYS * day, put;
    struct fault f = fault_none();

    if (m->to == CONFIG_COLLECTIONS ||
        fault_is(m->x->host->may_leave(m->x->host->context, m->root, &object, buf_view(&o->body))))
        return old ? outbox_drop(m->x->store, o) : f;
    f = shelf_put(m->x->store, m->x->number[m->to], &object, buf_view(&o->body), "released", m->now,
                  &m->counter, &put);
    *m->moved = true;
    return fault_is(f) ? f : outbox_drop(m->x->store, o);
}

static struct fault move_some(struct moving *m, const struct outbox_object *list, size_t count)
{
    struct fault f = store_begin(m->x->store);

    if (!fault_is(f))
        f = shelf_newest(m->x->store, &m->counter);
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = move_one(m, &list[i]);
    if (!fault_is(f))
        f = store_commit(m->x->store);
    store_rollback(m->x->store);
    return f;
}

static struct fault move_all(struct moving *m)
{
    struct outbox_object *list = memory_zeroed(OUTBOX_STEP, sizeof *list);
    struct instant after = {INT64_MIN};
    size_t count = OUTBOX_STEP;
    struct fault f = fault_none();

    while (count == OUTBOX_STEP && !fault_is(f)) {
        f = outbox_list(m->x->store, m->root->agreement, after, list, &count);
        if (!fault_is(f) && count > 0)
            f = move_some(m, list, count);
        for (size_t i = 0; i < count; i++) {
            after = list[i].row.added;
            buf_done(&list[i].body);
        }
    }
    free(list);
    return f;
}

struct fault outbox_tend(struct exchange *x, struct instant now, bool *moved)
{
    const struct config *c = x->config;
    struct fault f = fault_none();

    for (size_t i = 0; i < c->root_count && !fault_is(f); i++) {
        struct moving m = {
            .x = x, .root = &c->root[i], .to = shelf_for(c, i), .now = now, .moved = moved};

        if (c->root[i].audience == AUDIENCE_PARTNER)
            f = move_all(&m);
    }
    return f;
}

#include "exchange/shelf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/exchange_query.h"

/* ---- rows --------------------------------------------------------------------------------------
 */

static void row_read(const struct rows *r, struct shelf_row *out)
{
    out->added.us = row_integer(r, 0);
    row_text(r, 1, out->id, sizeof out->id);
    row_text(r, 2, out->spec, sizeof out->spec);
    out->version.us = row_integer(r, 3);
    row_text(r, 4, out->type, sizeof out->type);
    out->first = row_integer(r, 5) != 0;
    out->last = row_integer(r, 6) != 0;
    out->marking = (struct marking){(enum tlp)row_integer(r, 7), (enum pap)row_integer(r, 8)};
}

struct asking {
    struct store *store;
    int64_t collection;
    const struct filter *filter;
    struct marking clearance;
};

/* Is the row the edge of its own spec_version? A fault counts as no; it comes back elsewhere. */
static bool is_edge(const struct asking *a, enum exchange_query query, const struct shelf_row *row)
{
    struct rows r = store_ask(
        a->store, query,
        STORE_WITH(value_integer(a->collection), value_text(row->id), value_text(row->spec)));
    bool is = rows_next(&r) && row_integer(&r, 0) == row->added.us;

    return !fault_is(rows_done(&r)) && is;
}

/* "If no spec_version parameter is provided, the server MUST return only the latest specification
 * version": what `first` and `last` of a row mean. Where one is asked for, edges are its own. */
static bool version_fits(const struct asking *a, const struct shelf_row *row)
{
    const struct filter *f = a->filter;
    bool own = f->specs.count > 0;

    if ((f->versions & FILTER_ALL) != 0)
        return true;
    if ((f->versions & FILTER_LAST) != 0 &&
        (row->last || (own && is_edge(a, EXCHANGE_OBJECT_CROWN, row))))
        return true;
    if ((f->versions & FILTER_FIRST) != 0 &&
        (row->first || (own && is_edge(a, EXCHANGE_OBJECT_BASE, row))))
        return true;
    for (size_t i = 0; i < f->time_count; i++)
        if (f->time[i].us == row->version.us)
            return true;
    return false;
}

static bool row_fits(const struct asking *a, const struct shelf_row *row)
{
    const struct filter *f = a->filter;

    return marking_is_within(row->marking, a->clearance) && filter_list_has(f, &f->ids, row->id) &&
           filter_list_has(f, &f->types, row->type) && filter_list_has(f, &f->specs, row->spec) &&
           version_fits(a, row);
}

/* ---- what all pages share -----------------------------------------------------------------------
 */

struct paging {
    struct asking ask;
    shelf_take *take;
    void *context;
    struct shelf_page *out;
    size_t budget;
    bool full; /* whoever takes the rows takes no more */
};

static void give(struct paging *p, const struct shelf_row *row, struct bytes body)
{
    struct shelf_page *out = p->out;

    p->full = p->take(p->context, row, body);
    if (out->count == 0)
        out->first = row->added;
    out->last = row->added;
    out->count++;
}

/* One walk along one index. `key` is its second parameter, or NULL. */
struct walk {
    enum exchange_query query;
    const struct value *key;
    bool bare; /* its rows are: added, marking, bytes */
};

static struct rows walk_ask(const struct paging *p, const struct walk *w, int64_t after,
                            int64_t want)
{
    if (w->key == NULL)
        return store_ask(p->ask.store, w->query,
                         STORE_WITH(value_integer(p->ask.collection), value_integer(after),
                                    value_integer(want)));
    return store_ask(p->ask.store, w->query,
                     STORE_WITH(value_integer(p->ask.collection), *w->key, value_integer(after),
                                value_integer(want)));
}

/* ---- a page along one index ---------------------------------------------------------------------
 */

/* Does one walk find all? Then which. */
static bool is_single(const struct filter *q, struct walk *out, struct value *key)
{
    bool last = q->versions == FILTER_LAST && q->time_count == 0;
    bool first = q->versions == FILTER_FIRST && q->time_count == 0;
    bool all = (q->versions & FILTER_ALL) != 0 || q->specs.count > 0;

    out->key = NULL;
    if (q->ids.count > 1 || (q->ids.count == 0 && q->types.count > 1))
        return false;
    if (q->ids.count == 1 || q->types.count == 1) {
        *key = value_text(filter_value(q, q->ids.count == 1 ? &q->ids : &q->types, 0));
        *out = (struct walk){q->ids.count == 1             ? EXCHANGE_SCAN_ID
                             : last && q->specs.count == 0 ? EXCHANGE_SCAN_TYPE_LAST
                                                           : EXCHANGE_SCAN_TYPE,
                             key, false};
        return true;
    }
    out->bare = false;
    out->query = all ? EXCHANGE_SCAN_ALL : last ? EXCHANGE_SCAN_LAST : EXCHANGE_SCAN_FIRST;
    return all || last || first;
}

/* Where nothing of a row is left to be asked but its marking, nothing else is read. */
static void walk_bare(const struct filter *q, struct walk *w)
{
    static const enum exchange_query bare[][2] = {
        {EXCHANGE_SCAN_ALL, EXCHANGE_BODY_ALL},
        {EXCHANGE_SCAN_LAST, EXCHANGE_BODY_LAST},
        {EXCHANGE_SCAN_TYPE_LAST, EXCHANGE_BODY_TYPE_LAST}};

    for (size_t i = 0; q->specs.count == 0 && !w->bare && i < sizeof bare / sizeof bare[0]; i++)
        if (w->query == bare[i][0])
            *w = (struct walk){bare[i][1], w->key, true};
}

/* False: it is not what is asked for. */
static bool walk_read(const struct paging *p, const struct walk *w, const struct rows *r,
                      struct shelf_row *row)
{
    if (!w->bare) {
        row_read(r, row);
        return row_fits(&p->ask, row);
    }
    row->added.us = row_integer(r, 0);
    row->marking = (struct marking){(enum tlp)row_integer(r, 1), (enum pap)row_integer(r, 2)};
    return marking_is_within(row->marking, p->ask.clearance);
}

/* One query of as many rows as are wanted and one; that one says that there is more. */
static struct fault single_walk(struct paging *p, const struct walk *w, struct instant *after,
                                bool *end)
{
    int64_t want = (int64_t)(p->ask.filter->limit - p->out->count) + 1, seen = 0;
    struct rows r = walk_ask(p, w, after->us, want);
    struct shelf_row row = {0};

    while (rows_next(&r)) {
        bool fits = walk_read(p, w, &r, &row);

        if (fits && (p->full || p->out->count == p->ask.filter->limit)) {
            p->out->more = true;
            break;
        }
        if (fits)
            give(p, &row, row_bytes(&r, w->bare ? 3 : 9));
        *after = row.added;
        seen++;
    }
    *end = seen < want;
    p->budget -= p->budget < (size_t)seen ? p->budget : (size_t)seen;
    return rows_done(&r);
}

static struct fault single_page(struct paging *p, const struct walk *w, struct instant after)
{
    struct fault f = fault_none();
    bool end = false;

    while (!fault_is(f) && !end && !p->out->more && p->budget > 0)
        f = single_walk(p, w, &after, &end);
    if (!end && !p->out->more)
        p->out->more = true; /* rows that may not be shown used the budget up */
    p->out->next = after;
    return f;
}

/* ---- a page along several indexes: the places of its rows first --------------------------------
 */

struct places {
    int64_t *list; /* owned */
    size_t count, room;
    int64_t horizon; /* nothing after it is known; INT64_MAX: all is */
};

static void places_add(struct places *p, int64_t added)
{
    if (p->count == p->room) {
        p->room = p->room == 0 ? 256 : 2 * p->room;
        p->list = memory_resize(p->list, p->room, sizeof *p->list);
    }
    p->list[p->count++] = added;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void places_sort(struct places *p)
{
    size_t kept = 0;

    if (p->count > 0)
        qsort(p->list, p->count, sizeof *p->list, by_number);
    for (size_t i = 0; i < p->count; i++)
        if (p->list[i] <= p->horizon && (kept == 0 || p->list[kept - 1] != p->list[i]))
            p->list[kept++] = p->list[i];
    p->count = kept;
}

/* Finds up to limit + 1 places of rows that fit. */
static struct fault walk_run(struct paging *p, const struct walk *w, int64_t after,
                             struct places *places)
{
    int64_t want = (int64_t)p->ask.filter->limit + 1, seen = want;
    size_t found = 0;
    struct fault f = fault_none();

    while (!fault_is(f) && seen == want && found < (size_t)want && p->budget > 0) {
        struct rows r = walk_ask(p, w, after, want);
        struct shelf_row row;

        for (seen = 0; rows_next(&r); seen++) {
            row_read(&r, &row);
            after = row.added.us;
            if (row_fits(&p->ask, &row)) {
                places_add(places, after);
                found++;
            }
        }
        f = rows_done(&r);
        p->budget -= p->budget < (size_t)seen ? p->budget : (size_t)seen;
    }
    if (seen == want && after < places->horizon)
        places->horizon = after; /* this index holds more, further on */
    return f;
}

static struct fault walk_keys(struct paging *p, enum exchange_query query,
                              const struct filter_list *keys, int64_t after, struct places *places)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < keys->count && !fault_is(f); i++) {
        struct value key = value_text(filter_value(p->ask.filter, keys, i));

        f = walk_run(p, &(struct walk){query, &key, false}, after, places);
    }
    return f;
}

static struct fault walk_times(struct paging *p, int64_t after, struct places *places)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < p->ask.filter->time_count && !fault_is(f); i++) {
        struct value key = value_integer(p->ask.filter->time[i].us);

        f = walk_run(p, &(struct walk){EXCHANGE_SCAN_VERSION, &key, false}, after, places);
    }
    return f;
}

/* The index that cuts most: ids, then types, then versions. Where a spec_version is asked for, its
 * newest versions are told row by row. */
static struct fault walk_all(struct paging *p, int64_t after, struct places *places)
{
    const struct filter *q = p->ask.filter;
    bool last_only = q->versions == FILTER_LAST && q->time_count == 0 && q->specs.count == 0;
    struct fault f = fault_none();

    if (q->ids.count > 0)
        return walk_keys(p, EXCHANGE_SCAN_ID, &q->ids, after, places);
    if (q->types.count > 0)
        return walk_keys(p, last_only ? EXCHANGE_SCAN_TYPE_LAST : EXCHANGE_SCAN_TYPE, &q->types,
                         after, places);
    if ((q->versions & FILTER_ALL) != 0 || q->specs.count > 0)
        return walk_run(p, &(struct walk){EXCHANGE_SCAN_ALL, NULL, false}, after, places);
    if ((q->versions & FILTER_LAST) != 0)
        f = walk_run(p, &(struct walk){EXCHANGE_SCAN_LAST, NULL, false}, after, places);
    if (!fault_is(f) && (q->versions & FILTER_FIRST) != 0)
        f = walk_run(p, &(struct walk){EXCHANGE_SCAN_FIRST, NULL, false}, after, places);
    return fault_is(f) ? f : walk_times(p, after, places);
}

static struct fault give_place(struct paging *p, int64_t added)
{
    struct rows r = store_ask(p->ask.store, EXCHANGE_OBJECT_GET, STORE_WITH(value_integer(added)));
    struct shelf_row row;

    if (rows_next(&r)) {
        row_read(&r, &row);
        give(p, &row, row_bytes(&r, 9));
    }
    return rows_done(&r);
}

static struct fault several_walks(struct paging *p, struct instant after)
{
    struct places places = {.horizon = INT64_MAX};
    struct fault f = walk_all(p, after.us, &places);
    size_t limit = p->ask.filter->limit, give_count;

    places_sort(&places);
    give_count = places.count < limit ? places.count : limit;
    for (size_t i = 0; i < give_count && !fault_is(f); i++) {
        f = give_place(p, places.list[i]);
        if (p->full)
            give_count = i + 1;
    }
    p->out->more = places.count > give_count || places.horizon != INT64_MAX;
    p->out->next.us = places.count > give_count || places.horizon == INT64_MAX
                          ? (give_count > 0 ? places.list[give_count - 1] : after.us)
                          : places.horizon;
    free(places.list);
    return f;
}

/* As of one moment: of what is committed between two walks the second would show a later date and
 * the page lose an earlier one, of the first. */
static struct fault filtered_page(struct paging *p, struct instant after)
{
    struct store *s = p->ask.store;
    bool ours = !store_is_busy(s);
    struct fault f = ours ? store_begin_moment(s) : fault_none();

    if (!fault_is(f))
        f = several_walks(p, after);
    if (ours)
        store_rollback(s);
    return f;
}

static struct fault page(struct paging *p, struct instant after, bool bare)
{
    struct walk walk;
    struct value key;

    *p->out = (struct shelf_page){0};
    if (!is_single(p->ask.filter, &walk, &key))
        return filtered_page(p, after);
    if (bare)
        walk_bare(p->ask.filter, &walk);
    return single_page(p, &walk, after);
}

struct fault shelf_page(struct store *s, int64_t collection, const struct filter *filter,
                        struct instant after, struct marking clearance, shelf_take *take,
                        void *context, struct shelf_page *out)
{
    struct paging p = {{s, collection, filter, clearance}, take, context, out, SHELF_BUDGET, false};

    return page(&p, after, false);
}

struct fault shelf_bodies(struct store *s, int64_t collection, const struct filter *filter,
                          struct instant after, struct marking clearance, shelf_take *take,
                          void *context, struct shelf_page *out)
{
    struct paging p = {{s, collection, filter, clearance}, take, context, out, SHELF_BUDGET, false};

    return page(&p, after, true);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

struct fault shelf_collection(struct store *s, const char *root, const char *id, int64_t *out)
{
    struct fault f =
        store_do(s, EXCHANGE_COLLECTION_PUT, NULL, STORE_WITH(value_text(root), value_text(id)));
    struct rows r;

    if (fault_is(f))
        return f;
    r = store_ask(s, EXCHANGE_COLLECTION_GET, STORE_WITH(value_text(root), value_text(id)));
    if (rows_next(&r))
        *out = row_integer(&r, 0);
    return rows_done(&r);
}

struct fault shelf_newest(struct store *s, struct instant *out)
{
    struct rows r = store_ask(s, EXCHANGE_NEWEST, STORE_NOTHING);

    if (rows_next(&r))
        out->us = row_integer(&r, 0);
    return rows_done(&r);
}

static struct instant count_on(struct instant *counter, struct instant now)
{
    counter->us = now.us > counter->us ? now.us : counter->us + 1;
    return *counter;
}

/* The newest or the oldest version of the object's newest spec. */
static struct fault edge_read(struct store *s, int64_t collection, const char *id, const char *spec,
                              struct shelf_row *out, bool *found)
{
    struct rows r =
        spec == NULL
            ? store_ask(s, EXCHANGE_OBJECT_TOP,
                        STORE_WITH(value_integer(collection), value_text(id)))
            : store_ask(s, EXCHANGE_OBJECT_BASE,
                        STORE_WITH(value_integer(collection), value_text(id), value_text(spec)));

    *found = rows_next(&r);
    if (*found)
        row_read(&r, out);
    return rows_done(&r);
}

static struct fault mark(struct store *s, enum exchange_query query, bool value,
                         struct instant added)
{
    return store_do(s, query, NULL, STORE_WITH(value_integer(value), value_integer(added.us)));
}

/* Makes room for the new version among those that are there, and says which of them it is. */
static struct fault rank(struct store *s, int64_t collection, const struct object *o,
                         struct instant version, bool *first, bool *last)
{
    struct shelf_row top, base;
    bool found;
    struct fault f = edge_read(s, collection, o->id, NULL, &top, &found);
    int spec = found ? strcmp(o->spec, top.spec) : 1;

    *first = *last = spec > 0;
    if (fault_is(f) || !found || spec < 0)
        return f;
    if (spec > 0)
        return store_do(
            s, EXCHANGE_OBJECT_SUPERSEDE, NULL,
            STORE_WITH(value_integer(collection), value_text(o->id), value_text(o->spec)));
    f = edge_read(s, collection, o->id, o->spec, &base, &found);
    *last = version.us > top.version.us;
    *first = version.us < base.version.us;
    if (!fault_is(f) && *last)
        f = mark(s, EXCHANGE_OBJECT_MARK_LAST, false, top.added);
    if (!fault_is(f) && *first)
        f = mark(s, EXCHANGE_OBJECT_MARK_FIRST, false, base.added);
    return f;
}

struct fault shelf_put(struct store *s, int64_t collection, const struct object *o,
                       struct bytes body, const char *writer, struct instant now,
                       struct instant *counter, bool *put)
{
    struct instant next = *counter, added = count_on(&next, now);
    struct instant version = o->has_version ? o->version : added;
    bool first, last;
    int64_t changed = 0;
    struct fault f = rank(s, collection, o, version, &first, &last);

    if (!fault_is(f))
        f = store_do(s, EXCHANGE_OBJECT_PUT, &changed,
                     STORE_WITH(value_integer(added.us), value_integer(collection),
                                value_text(o->id), value_text(o->spec), value_integer(version.us),
                                value_text(o->type), value_integer(first), value_integer(last),
                                value_integer((int64_t)o->tlp), value_integer((int64_t)o->pap),
                                value_text(writer), value_blob(body),
                                o->ends ? value_integer(o->until.us) : value_null()));
    if (fault_is(f))
        return f;
    *put = changed > 0;
    if (*put)
        *counter = next;
    return f;
}

/* ---- taking away -------------------------------------------------------------------------------
 */

struct fallen {
    struct shelf_row *list; /* owned */
    size_t count, room;
};

static void fallen_add(struct fallen *f, const struct shelf_row *row)
{
    if (f->count == f->room) {
        f->room = f->room == 0 ? 4 : 2 * f->room;
        f->list = memory_resize(f->list, f->room, sizeof *f->list);
    }
    f->list[f->count++] = *row;
}

static struct fault fallen_find(struct store *s, int64_t collection, const char *id,
                                const struct filter *filter, struct fallen *out)
{
    struct rows r = store_ask(s, EXCHANGE_SCAN_ID,
                              STORE_WITH(value_integer(collection), value_text(id),
                                         value_integer(0), value_integer(SHELF_BUDGET)));
    struct asking ask = {s, collection, filter, {TLP_RED, PAP_RED}};
    struct shelf_row row;

    while (rows_next(&r)) {
        row_read(&r, &row);
        if (row_fits(&ask, &row))
            fallen_add(out, &row);
    }
    return rows_done(&r);
}

static struct fault bury(struct store *s, int64_t collection, const struct shelf_row *row,
                         const char *why, const char *writer, struct instant added)
{
    struct fault f =
        store_do(s, EXCHANGE_OBJECT_DROP, NULL, STORE_WITH(value_integer(row->added.us)));

    if (fault_is(f))
        return f;
    return store_do(
        s, EXCHANGE_TOMBSTONE_PUT, NULL,
        STORE_WITH(value_integer(added.us), value_integer(collection), value_text(row->id),
                   value_text(row->spec), value_integer(row->version.us), value_text(row->type),
                   value_text(why), value_text(writer), value_integer((int64_t)row->marking.tlp),
                   value_integer((int64_t)row->marking.pap)));
}

/* Of what is left, the newest spec's edges are first and last again. */
static struct fault rank_anew(struct store *s, int64_t collection, const char *id)
{
    struct shelf_row top, base;
    bool found;
    struct fault f = edge_read(s, collection, id, NULL, &top, &found);

    if (fault_is(f) || !found)
        return f;
    f = edge_read(s, collection, id, top.spec, &base, &found);
    if (!fault_is(f) && !top.last)
        f = mark(s, EXCHANGE_OBJECT_MARK_LAST, true, top.added);
    if (!fault_is(f) && !base.first)
        f = mark(s, EXCHANGE_OBJECT_MARK_FIRST, true, base.added);
    return f;
}

struct fault shelf_drop(struct store *s, int64_t collection, const char *id,
                        const struct filter *filter, const char *why, const char *writer,
                        struct instant now, struct instant *counter, size_t *out)
{
    struct fallen fallen = {0};
    struct fault f = fallen_find(s, collection, id, filter, &fallen);

    for (size_t i = 0; i < fallen.count && !fault_is(f); i++)
        f = bury(s, collection, &fallen.list[i], why, writer, count_on(counter, now));
    if (!fault_is(f) && fallen.count > 0)
        f = rank_anew(s, collection, id);
    if (!fault_is(f))
        *out = fallen.count;
    free(fallen.list);
    return f;
}

struct fault shelf_expire(struct store *s, int64_t collection, struct instant now,
                          struct instant *counter, size_t *out)
{
    struct fallen fallen = {0};
    struct rows r = store_ask(
        s, EXCHANGE_SCAN_EXPIRED,
        STORE_WITH(value_integer(collection), value_integer(now.us), value_integer(SHELF_EXPIRE)));
    struct shelf_row row;
    struct fault f;

    while (rows_next(&r)) {
        row_read(&r, &row);
        fallen_add(&fallen, &row);
    }
    f = rows_done(&r);
    for (size_t i = 0; i < fallen.count && !fault_is(f); i++) {
        f = bury(s, collection, &fallen.list[i], "expired", "", count_on(counter, now));
        if (!fault_is(f))
            f = rank_anew(s, collection, fallen.list[i].id);
    }
    if (!fault_is(f))
        *out = fallen.count;
    free(fallen.list);
    return f;
}

/* ---- what came and what went, in one order -----------------------------------------------------
 */

struct stream {
    struct rows rows;
    bool has;
    int64_t at;
};

static void stream_step(struct stream *s)
{
    s->has = rows_next(&s->rows);
    s->at = s->has ? row_integer(&s->rows, 0) : INT64_MAX;
}

/* False: it is not to be shown. */
static bool change_read(const struct stream *s, bool gone, struct marking clearance,
                        struct shelf_change *out)
{
    const struct rows *r = &s->rows;

    out->at.us = s->at;
    row_text(r, 1, out->id, sizeof out->id);
    row_text(r, 2, out->spec, sizeof out->spec);
    out->version.us = row_integer(r, 3);
    row_text(r, 4, out->type, sizeof out->type);
    snprintf(out->what, sizeof out->what, "added");
    if (gone)
        row_text(r, 5, out->what, sizeof out->what);
    return marking_is_within(
        (struct marking){(enum tlp)row_integer(r, 7), (enum pap)row_integer(r, 8)}, clearance);
}

static struct fault changes(struct store *s, int64_t collection, struct instant after,
                            unsigned limit, struct marking clearance,
                            bool (*take)(void *context, const struct shelf_change *c),
                            void *context, struct shelf_page *out)
{
    const struct value with[] = {value_integer(collection), value_integer(after.us),
                                 value_integer((int64_t)limit + 1)};
    struct stream came = {.rows = store_ask(s, EXCHANGE_SCAN_ALL, with, 3)};
    struct stream went = {.rows = store_ask(s, EXCHANGE_TOMBSTONE_LIST, with, 3)};
    struct shelf_change change;
    bool full = false;
    struct fault f, g;

    *out = (struct shelf_page){.next = after};
    stream_step(&came);
    stream_step(&went);
    for (size_t looked = 0; came.has || went.has; looked++) {
        bool gone = went.at < came.at;
        struct stream *first = gone ? &went : &came;

        if (full || looked == limit) {
            out->more = true;
            break;
        }
        if (change_read(first, gone, clearance, &change)) {
            full = take(context, &change);
            out->first = out->count == 0 ? change.at : out->first;
            out->last = change.at;
            out->count++;
        }
        out->next = change.at;
        stream_step(first);
    }
    f = rows_done(&came.rows);
    g = rows_done(&went.rows);
    return fault_is(f) ? f : g;
}

/* As of one moment, for the same reason as a page along several indexes. */
struct fault shelf_changes(struct store *s, int64_t collection, struct instant after,
                           unsigned limit, struct marking clearance,
                           bool (*take)(void *context, const struct shelf_change *c), void *context,
                           struct shelf_page *out)
{
    bool ours = !store_is_busy(s);
    struct fault f = ours ? store_begin_moment(s) : fault_none();

    if (!fault_is(f))
        f = changes(s, collection, after, limit, clearance, take, context, out);
    if (ours)
        store_rollback(s);
    return f;
}

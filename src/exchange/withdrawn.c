#include "exchange/withdrawn.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "exchange/pulled.h"
#include "store/exchange_query.h"

enum { OURS = 1, THEIRS = 2 };

void withdrawn_add(struct withdrawn *w, struct bytes agreement, bool theirs, struct bytes digest)
{
    struct withdrawn_object o = {.theirs = theirs};

    if (!bytes_to_text(agreement, o.agreement, sizeof o.agreement))
        return;
    memcpy(o.digest.byte, digest.data, sizeof o.digest.byte);
    if (w->count == w->room) {
        w->room = w->room == 0 ? 64 : 2 * w->room;
        w->list = memory_resize(w->list, w->room, sizeof *w->list);
    }
    w->list[w->count++] = o;
    w->walking = false;
}

void withdrawn_done(struct withdrawn *w)
{
    free(w->list);
    *w = (struct withdrawn){.list = NULL};
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

/* Is it among them, and does that go for the collection being walked? */
static bool is_taken_back(const struct withdrawn *w, const struct digest *digest, struct store *s)
{
    const struct withdrawn_object *o =
        bsearch(digest, w->list, w->count, sizeof *w->list, by_digest);

    if (o == NULL)
        return false;
    while (o > w->list && digest_equal(&o[-1].digest, digest))
        o--;
    for (; o < w->list + w->count && digest_equal(&o->digest, digest); o++) {
        bool again = false;

        if ((w->whose & (o->theirs ? THEIRS : OURS)) == 0 ||
            (w->agreement[0] != '\0' && strcmp(w->agreement, o->agreement) != 0))
            continue;
        if (!o->theirs) { /* released anew meanwhile */
            struct rows r = store_ask(
                s, EXCHANGE_RELEASE_GET,
                STORE_WITH(value_text(o->agreement), value_blob(bytes_of(digest->byte, 32))));

            again = rows_next(&r);
            (void)!fault_is(rows_done(&r));
        }
        if (!again)
            return true;
    }
    return false;
}

/* Whose objects stand in this collection, and of which agreement. */
static void collection_judge(struct withdrawn *w, const struct config *c, const char *root,
                             const char *id)
{
    w->whose = strcmp(root, PULLED_ROOT) == 0 ? THEIRS : 0;
    w->agreement[0] = '\0';
    for (size_t i = 0; i < c->collection_count; i++) {
        const struct config_collection *k = &c->collection[i];
        const struct config_root *r = &c->root[k->root];

        if (r->audience != AUDIENCE_PARTNER || strcmp(r->name, root) != 0 || strcmp(k->id, id) != 0)
            continue;
        w->whose = config_partner_writes(c, k) ? THEIRS : OURS;
        snprintf(w->agreement, sizeof w->agreement, "%s", r->agreement);
    }
}

/* The next collection that is to be walked; INT64_MAX behind the last. */
static struct fault next_collection(struct withdrawn *w, const struct config *c, struct store *s)
{
    struct rows r = store_ask(s, EXCHANGE_COLLECTION_LIST, STORE_NOTHING);
    struct withdrawn best = *w, one = *w;

    best.collection = INT64_MAX;
    while (rows_next(&r)) {
        char root[CONFIG_NAME], id[PULLED_NAME];
        int64_t number = row_integer(&r, 0);

        row_text(&r, 1, root, sizeof root);
        row_text(&r, 2, id, sizeof id);
        collection_judge(&one, c, root, id);
        one.collection = number;
        if (number > w->collection && number < best.collection && one.whose != 0)
            best = one;
    }
    best.after = (struct instant){INT64_MIN};
    *w = best;
    return rows_done(&r);
}

struct found {
    struct shelf_row row[WITHDRAWN_STEP];
    size_t count, seen;
};

static struct fault look(struct withdrawn *w, struct store *s, struct found *out)
{
    struct rows r = store_ask(s, EXCHANGE_SCAN_ALL,
                              STORE_WITH(value_integer(w->collection), value_integer(w->after.us),
                                         value_integer(WITHDRAWN_STEP)));

    while (rows_next(&r)) {
        struct digest digest = digest_of(row_bytes(&r, 9));
        struct shelf_row *row = &out->row[out->count];

        out->seen++;
        w->after.us = row_integer(&r, 0);
        if (!is_taken_back(w, &digest, s))
            continue;
        row_text(&r, 1, row->id, sizeof row->id);
        row_text(&r, 2, row->spec, sizeof row->spec);
        row->version.us = row_integer(&r, 3);
        out->count++;
    }
    return rows_done(&r);
}

static struct fault drop(const struct withdrawn *w, struct store *s, const struct found *found,
                         struct instant now, size_t *dropped)
{
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    struct instant counter;
    struct fault f = store_begin(s);

    if (!fault_is(f))
        f = shelf_newest(s, &counter);
    filter->has_version = true;
    filter->time_count = 1;
    for (size_t i = 0; i < found->count && !fault_is(f); i++) {
        size_t n = 0;

        filter->time[0] = found->row[i].version;
        filter->used = filter->specs.count = 0;
        f = filter_list_add(filter, &filter->specs, bytes_text(found->row[i].spec));
        if (!fault_is(f))
            f = shelf_drop(s, w->collection, found->row[i].id, filter, "withdrawn", "", now,
                           &counter, &n);
        *dropped += n;
    }
    if (!fault_is(f))
        f = store_commit(s);
    store_rollback(s);
    free(filter);
    return f;
}

struct fault withdrawn_step(struct withdrawn *w, const struct config *c, struct store *s,
                            struct instant now, size_t *dropped)
{
    struct found *found;
    struct fault f = fault_none();

    *dropped = 0;
    if (!w->walking) {
        qsort(w->list, w->count, sizeof *w->list, by_digest);
        w->walking = true;
        w->collection = 0;
        f = next_collection(w, c, s);
    }
    if (fault_is(f) || w->collection == INT64_MAX) {
        withdrawn_done(w);
        return f;
    }
    found = memory_zeroed(1, sizeof *found);
    f = look(w, s, found);
    if (!fault_is(f) && found->count > 0)
        f = drop(w, s, found, now, dropped);
    if (!fault_is(f) && found->seen < WITHDRAWN_STEP)
        f = next_collection(w, c, s);
    free(found);
    return f;
}

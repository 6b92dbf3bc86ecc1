#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "exchange/call.h"
#include "exchange/media.h"

/* ---- pages -------------------------------------------------------------------------------------
 */

/* What an endpoint writes of a row. */
struct listing {
    struct buf *out;
    size_t count;
    const char *name; /* of the list */
    struct call *call;
};

static void list_comma(struct listing *l)
{
    if (l->count++ == 0)
        buf_print(l->out, ",\"%s\":[", l->name);
    else
        buf_byte(l->out, ',');
}

static bool is_full(const struct listing *l)
{
    return l->out->len >= EXCHANGE_PAGE;
}

static bool take_object(void *context, const struct shelf_row *row, struct bytes body)
{
    struct listing *l = context;

    (void)row;
    list_comma(l);
    buf_bytes(l->out, body);
    return is_full(l);
}

static bool take_manifest(void *context, const struct shelf_row *row, struct bytes body)
{
    struct listing *l = context;
    char added[INSTANT_MICRO + 1], version[INSTANT_MICRO + 1];

    (void)body;
    list_comma(l);
    instant_micro_write(row->added, added);
    instant_micro_write(row->version, version);
    buf_print(
        l->out, "{\"id\":\"%s\",\"date_added\":\"%s\",\"version\":\"%s\",\"media_type\":\"%s\"}",
        row->id, added, version, strcmp(row->spec, "2.0") == 0 ? MEDIA_STIX_20 : MEDIA_STIX_21);
    return is_full(l);
}

static bool take_version(void *context, const struct shelf_row *row, struct bytes body)
{
    struct listing *l = context;
    char version[INSTANT_MICRO + 1];

    (void)body;
    list_comma(l);
    instant_micro_write(row->version, version);
    buf_print(l->out, "\"%s\"", version);
    return is_full(l);
}

/* False: the request cannot be answered, and was. */
static bool page_begin(struct call *c, unsigned fields, struct filter *filter,
                       struct instant *after)
{
    struct fault f = filter_parse(c->ask->query, fields, filter);

    if (!fault_is(f) && filter->next[0] != '\0')
        f = page_parse(c->x->page_key, c->number, filter->next, after);
    if (fault_is(f)) {
        call_refuse(c, 400, "Bad filter", f.rule);
        return false;
    }
    if (filter->has_added_after && filter->added_after.us > after->us)
        *after = filter->added_after;
    return true;
}

static void page_end(struct call *c, struct listing *l, const struct shelf_page *page)
{
    struct exchange_answer *out = c->out;
    char next[PAGE_TEXT];

    if (l->count > 0)
        buf_byte(&out->body, ']');
    if (page->more) {
        page_write(c->x->page_key, c->number, page->next, next);
        buf_print(&out->body, ",\"next\":\"%s\"", next);
    }
    buf_byte(&out->body, '}');
    out->status = 200;
    /* A page that ended early without a row still says from where a client without `next` goes
     * on. */
    out->has_dates = page->count > 0 || page->more;
    out->first = page->count > 0 ? page->first : page->next;
    out->last = page->count > 0 ? page->last : page->next;
}

static bool take_nothing(void *context, const struct shelf_row *row, struct bytes body)
{
    (void)context;
    (void)row;
    (void)body;
    return true;
}

/* Is there nothing of the object that was asked for by name, from its beginning on? */
static struct fault is_unknown(struct call *c, const struct filter *filter, bool *out)
{
    struct shelf_page page;
    struct fault f =
        shelf_page(c->x->reader, c->number, filter, (struct instant){0},
                   c->x->config->visitor[c->visitor].clearance, take_nothing, NULL, &page);

    *out = !fault_is(f) && page.count == 0 && !page.more;
    return f;
}

/* Sections 5.3, 5.4, 5.6, 5.8: each an object with `more`, a list, and `next`. */
static void get_page(struct call *c, unsigned fields, const char *name, shelf_take *take)
{
    struct listing l = {&c->out->body, 0, name, c};
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    struct instant after = {0};
    struct shelf_page page;
    struct fault f = fault_none();
    bool unknown = false;

    if (!call_must_read(c) || !page_begin(c, fields, filter, &after)) {
        free(filter);
        return;
    }
    if (c->name[0] != '\0') {
        f = filter_list_add(filter, &filter->ids, bytes_text(c->name));
        if ((fields & FILTER_VERSION) == 0)
            filter->versions = FILTER_ALL; /* the list of versions */
    }
    /* `more` stands first, and is known last: five bytes are kept free for it. */
    buf_text(&c->out->body, "{\"more\":false");
    if (!fault_is(f))
        f = (take == take_object ? shelf_bodies : shelf_page)(
            c->x->reader, c->number, filter, after, c->x->config->visitor[c->visitor].clearance,
            take, &l, &page);
    if (!fault_is(f) && c->name[0] != '\0' && page.count == 0 && !page.more)
        f = is_unknown(c, filter, &unknown);
    free(filter);
    if (call_store_failed(c, f))
        return;
    if (page.more)
        memcpy(c->out->body.data + strlen("{\"more\":"), " true", 5);
    if (unknown)
        call_not_found(c);
    else
        page_end(c, &l, &page);
}

void call_get_manifest(struct call *c)
{
    get_page(c, FILTER_PAGE | FILTER_IDS | FILTER_TYPES | FILTER_VERSION | FILTER_SPEC, "objects",
             take_manifest);
}

void call_get_objects(struct call *c)
{
    get_page(c, FILTER_PAGE | FILTER_IDS | FILTER_TYPES | FILTER_VERSION | FILTER_SPEC, "objects",
             take_object);
}

void call_get_object(struct call *c)
{
    get_page(c, FILTER_PAGE | FILTER_VERSION | FILTER_SPEC, "objects", take_object);
}

void call_get_versions(struct call *c)
{
    get_page(c, FILTER_PAGE | FILTER_SPEC, "versions", take_version);
}

/* ---- changes: ours, beside the standard ---------------------------------------------------------
 */

static bool take_change(void *context, const struct shelf_change *change)
{
    struct listing *l = context;
    char at[INSTANT_MICRO + 1], version[INSTANT_MICRO + 1], signature[TOMBSTONE_SIGNATURE];

    list_comma(l);
    instant_micro_write(change->at, at);
    instant_micro_write(change->version, version);
    buf_print(l->out,
              "{\"id\":\"%s\",\"date_added\":\"%s\",\"version\":\"%s\",\"spec_version\":"
              "\"%s\",\"change\":\"%s\"",
              change->id, at, version, change->spec, change->what);
    if (strcmp(change->what, "added") != 0) {
        tombstone_sign(l->call->x->tombstones, l->call->collection->id, change, signature);
        buf_print(l->out, ",\"signature\":\"%s\"", signature);
    }
    buf_byte(l->out, '}');
    return is_full(l);
}

/* As the manifest, with what went among what came, each removal signed; and a client may wait. */
void call_get_changes(struct call *c)
{
    struct listing l = {&c->out->body, 0, "changes", c};
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    struct instant after = {0};
    struct shelf_page page;
    struct fault f;

    if (!call_must_read(c) || !page_begin(c, FILTER_PAGE | FILTER_WAIT, filter, &after)) {
        free(filter);
        return;
    }
    buf_text(&c->out->body, "{\"more\":false");
    f = shelf_changes(c->x->reader, c->number, after, filter->limit,
                      c->x->config->visitor[c->visitor].clearance, take_change, &l, &page);
    if (!call_store_failed(c, f)) {
        if (page.more)
            memcpy(c->out->body.data + strlen("{\"more\":"), " true", 5);
        page_end(c, &l, &page);
        c->out->wait = page.count == 0 && !page.more ? (uint16_t)filter->wait : 0;
    }
    free(filter);
}

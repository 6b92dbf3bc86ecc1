#include "exchange/exchange.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "crypto/random.h"
#include "exchange/media.h"
#include "exchange/pace.h"
#include "exchange/page.h"
#include "exchange/shelf.h"
#include "exchange/status.h"
#include "exchange/tombstone.h"
#include "exchange/visitors.h"
#include "store/exchange_query.h"

struct exchange {
    const struct config *config;
    const struct exchange_host *host;
    struct store *store;
    struct visitors *visitors;
    struct pace *pace;
    int64_t number[CONFIG_COLLECTIONS]; /* of each collection, in the store */
    uint8_t page_key[PAGE_KEY];
    struct tombstone_key *tombstones;
    struct instant cleaned; /* when old statuses were last forgotten */
};

/* One request on its way. */
struct call {
    struct exchange *x;
    const struct exchange_ask *ask;
    struct exchange_answer *out;
    struct instant now;
    size_t visitor;
    const struct config_root *root;
    const struct config_collection *collection;
    int64_t number;
    char name[OBJECT_ID]; /* the object's or the status' id in the path */
    struct fault fault;   /* the store's */
    bool asking;          /* only whether a body may be looked at */
    bool admitted;
};

/* ---- answers -----------------------------------------------------------------------------------
 */

static void body_json(json_t *value, struct exchange_answer *out)
{
    char *text = json_dumps(value, JSON_COMPACT);

    buf_clear(&out->body);
    buf_text(&out->body, text);
    free(text);
    json_decref(value);
}

/* TAXII 2.1 section 3.6.1: http_status is a string. */
void exchange_refuse(unsigned status, const char *title, const char *description,
                     struct exchange_answer *out)
{
    char code[16];

    snprintf(code, sizeof code, "%u", status);
    out->status = status;
    out->challenge = status == 401;
    out->has_dates = false;
    body_json(json_pack("{s:s, s:s, s:s}", "title", title, "description", description,
                        "http_status", code),
              out);
}

static void refuse(struct call *c, unsigned status, const char *title, const char *description)
{
    exchange_refuse(status, title, description, c->out);
}

static void not_found(struct call *c)
{
    refuse(c, 404, "Not found", "there is nothing at this path for you");
}

/* A fault of the store: nothing of the request was kept. */
static bool store_failed(struct call *c, struct fault f)
{
    if (!fault_is(f))
        return false;
    c->fault = f;
    store_rollback(c->x->store);
    refuse(c, 503, "Not available", "the store cannot be read or written now; try again later");
    return true;
}

static void answer(struct call *c, json_t *value)
{
    c->out->status = 200;
    body_json(value, c->out);
}

static void text_if(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_string(text));
}

/* ---- rights ------------------------------------------------------------------------------------
 */

static bool may_read(const struct call *c)
{
    return config_may_read(c->collection, c->visitor);
}

static bool may_write(const struct call *c)
{
    return config_may_write(c->collection, c->visitor);
}

/* Whoever has a right sees it; others see what is not hidden, but a partner nothing of our own. */
static bool is_shown(const struct call *c, const struct config_collection *collection)
{
    const struct config *config = c->x->config;
    bool ours = config->visitor[c->visitor].party[0] == '\0' ||
                config->root[collection->root].audience == AUDIENCE_PARTNER;

    return (ours && !collection->hidden) || config_may_read(collection, c->visitor) ||
           config_may_write(collection, c->visitor);
}

/* A root is there for whom something in it is shown. */
static bool root_is_shown(const struct call *c, size_t root)
{
    const struct config *config = c->x->config;

    for (size_t i = 0; i < config->collection_count; i++)
        if (config->collection[i].root == root && is_shown(c, &config->collection[i]))
            return true;
    return false;
}

/* "neither": as if it were not there; the other right alone: 403. */
static bool must_read(struct call *c)
{
    if (may_read(c))
        return true;
    if (may_write(c))
        refuse(c, 403, "Forbidden", "you may write to this collection, but not read it");
    else
        not_found(c);
    return false;
}

static bool must_write(struct call *c)
{
    if (may_write(c))
        return true;
    if (may_read(c))
        refuse(c, 403, "Forbidden", "you may read this collection, but not write to it");
    else
        not_found(c);
    return false;
}

/* ---- discovery, roots, collections -------------------------------------------------------------
 */

static void root_path(const struct config_root *root, char *out, size_t size)
{
    snprintf(out, size, "/%s/", root->name);
}

/* Section 4.1. */
static void get_discovery(struct call *c)
{
    const struct config *config = c->x->config;
    json_t *roots = json_array(), *body = json_object();

    json_object_set_new(body, "title", json_string(config->title));
    text_if(body, "description", config->description);
    text_if(body, "contact", config->contact);
    for (size_t i = 0; i < config->root_count; i++) {
        char path[CONFIG_NAME + 2];

        if (!root_is_shown(c, i))
            continue;
        root_path(&config->root[i], path, sizeof path);
        if (json_array_size(roots) == 0)
            json_object_set_new(body, "default", json_string(path));
        json_array_append_new(roots, json_string(path));
    }
    if (json_array_size(roots) > 0)
        json_object_set(body, "api_roots", roots);
    json_decref(roots);
    answer(c, body);
}

/* Section 4.2. */
static void get_root(struct call *c)
{
    json_t *body = json_pack("{s:s, s:[s], s:i}", "title", c->root->title, "versions", MEDIA_TAXII,
                             "max_content_length", EXCHANGE_CONTENT);

    char key[TOMBSTONE_KEY];

    text_if(body, "description", c->root->description);
    tombstone_key_public(c->x->tombstones, key);
    text_if(body, "x_parley_tombstone_key", key);
    answer(c, body);
}

static json_t *collection_json(const struct call *c, const struct config_collection *collection)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:b, s:b, s:[s, s]}", "id", collection->id, "title",
                             collection->title, "alias", collection->alias, "can_read",
                             config_may_read(collection, c->visitor), "can_write",
                             config_may_write(collection, c->visitor), "media_types", MEDIA_STIX_21,
                             MEDIA_STIX_20);

    text_if(body, "description", collection->description);
    return body;
}

/* Section 5.1: "if there are no collections, the list is left out". Sorted by id already. */
static void get_collections(struct call *c)
{
    const struct config *config = c->x->config;
    json_t *list = json_array(), *body = json_object();

    for (size_t i = 0; i < config->collection_count; i++)
        if (&config->root[config->collection[i].root] == c->root &&
            is_shown(c, &config->collection[i]))
            json_array_append_new(list, collection_json(c, &config->collection[i]));
    if (json_array_size(list) > 0)
        json_object_set(body, "collections", list);
    json_decref(list);
    answer(c, body);
}

static void get_collection(struct call *c)
{
    answer(c, collection_json(c, c->collection));
}

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
        refuse(c, 400, "Bad filter", f.rule);
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

/* Sections 5.3, 5.4, 5.6, 5.8: each an object with `more`, a list, and `next`. */
static void get_page(struct call *c, unsigned fields, const char *name, shelf_take *take)
{
    struct listing l = {&c->out->body, 0, name, c};
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    struct instant after = {0};
    struct shelf_page page;
    struct fault f = fault_none();

    if (!must_read(c) || !page_begin(c, fields, filter, &after)) {
        free(filter);
        return;
    }
    if (c->name[0] != '\0') {
        snprintf(filter->ids.value[0], FILTER_VALUE, "%s", c->name);
        filter->ids.count = 1;
        if ((fields & FILTER_VERSION) == 0)
            filter->versions = FILTER_ALL; /* the list of versions */
    }
    /* `more` stands first, and is known last: five bytes are kept free for it. */
    buf_text(&c->out->body, "{\"more\":false");
    f = shelf_page(c->x->store, c->number, filter, after,
                   c->x->config->visitor[c->visitor].clearance, take, &l, &page);
    free(filter);
    if (store_failed(c, f))
        return;
    if (page.more)
        memcpy(c->out->body.data + strlen("{\"more\":"), " true", 5);
    if (c->name[0] != '\0' && page.count == 0 && after.us == 0 && !page.more)
        not_found(c);
    else
        page_end(c, &l, &page);
}

static void get_manifest(struct call *c)
{
    get_page(c, FILTER_PAGE | FILTER_IDS | FILTER_TYPES | FILTER_VERSION | FILTER_SPEC, "objects",
             take_manifest);
}

static void get_objects(struct call *c)
{
    get_page(c, FILTER_PAGE | FILTER_IDS | FILTER_TYPES | FILTER_VERSION | FILTER_SPEC, "objects",
             take_object);
}

static void get_object(struct call *c)
{
    get_page(c, FILTER_PAGE | FILTER_VERSION | FILTER_SPEC, "objects", take_object);
}

static void get_versions(struct call *c)
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
static void get_changes(struct call *c)
{
    struct listing l = {&c->out->body, 0, "changes", c};
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    struct instant after = {0};
    struct shelf_page page;
    struct fault f;

    if (!must_read(c) || !page_begin(c, FILTER_PAGE | FILTER_WAIT, filter, &after)) {
        free(filter);
        return;
    }
    buf_text(&c->out->body, "{\"more\":false");
    f = shelf_changes(c->x->store, c->number, after, filter->limit,
                      c->x->config->visitor[c->visitor].clearance, take_change, &l, &page);
    if (!store_failed(c, f)) {
        if (page.more)
            memcpy(c->out->body.data + strlen("{\"more\":"), " true", 5);
        page_end(c, &l, &page);
        c->out->wait = page.count == 0 && !page.more ? (uint16_t)filter->wait : 0;
    }
    free(filter);
}

/* ---- posting -----------------------------------------------------------------------------------
 */

/* Why an object may not come in here; NULL if it may. The rule's name is counted. */
static const char *door_rule(struct call *c, const struct judged_object *o)
{
    const struct config_visitor *v = &c->x->config->visitor[c->visitor];
    struct fault f;

    if (o->object.tlp > c->collection->most)
        return "marking: above what this collection takes";
    if (c->root->audience != AUDIENCE_PARTNER)
        return NULL;
    if (!o->object.technical)
        return "R1: not a type of technical object that the parties exchange";
    if (v->party[0] != '\0')
        return NULL; /* it comes from the partner: release is his */
    f = c->x->host->may_leave(c->x->host->context, c->root, &o->object, o->body);
    return fault_is(f) ? f.rule : NULL;
}

static struct fault count_refusal(struct call *c, const char *rule)
{
    return store_do(c->x->store, EXCHANGE_REFUSAL_COUNT, NULL,
                    STORE_WITH(value_text(c->root->name), value_text(rule), value_integer(1)));
}

static struct fault refuse_object(struct call *c, struct status *s, const struct judged_object *o,
                                  const char *rule)
{
    status_failure(s, o, rule);
    return count_refusal(c, rule == NULL ? fault_word(o->fault.kind) : rule);
}

static struct fault take_in(struct call *c, struct status *s, const struct judged_object *o,
                            struct instant *counter)
{
    const char *rule = fault_is(o->fault) ? NULL : door_rule(c, o);
    bool put;
    struct fault f;

    if (fault_is(o->fault) || rule != NULL)
        return refuse_object(c, s, o, rule);
    f = shelf_put(c->x->store, c->number, &o->object, o->body,
                  c->x->config->visitor[c->visitor].name, c->now, counter, &put);
    if (!fault_is(f))
        status_success(s, o, put);
    return f;
}

/* Objects and the status that tells of them are one transaction. */
static struct fault post_all(struct call *c, struct status *s)
{
    const struct judged *j = c->ask->judged;
    struct instant counter;
    struct fault f = store_begin(c->x->store);

    if (fault_is(f))
        return f;
    f = shelf_newest(c->x->store, &counter);
    for (size_t i = 0; i < j->count && !fault_is(f); i++)
        f = take_in(c, s, &j->list[i], &counter);
    if (!fault_is(f))
        f = status_store(s, c->x->store, c->root->name, c->x->config->visitor[c->visitor].name,
                         c->now);
    return fault_is(f) ? f : store_commit(c->x->store);
}

static bool post_is_good(struct call *c)
{
    const struct judged *j = c->ask->judged;
    char why[96];

    if (j == NULL || fault_is(j->fault)) {
        snprintf(why, sizeof why, "the body is no envelope: %s at byte %zu",
                 j == NULL ? "empty" : fault_word(j->fault.kind), j == NULL ? 0 : j->fault.at);
        refuse(c, 400, "Bad envelope", why);
    } else if (j->count == 0)
        refuse(c, 422, "Nothing to add", "the envelope has no objects");
    else
        return true;
    return false;
}

/* Section 5.5. */
static void post_objects(struct call *c)
{
    struct status s;
    struct fault f;

    if (!must_write(c))
        return;
    if (!media_is_taxii(c->ask->content_type)) {
        refuse(c, 415, "Unsupported media type", "Content-Type must be " MEDIA_TAXII);
        return;
    }
    c->admitted = true;
    if (c->asking || !post_is_good(c))
        return;
    status_begin(&s, c->ask->judged->count, c->now);
    f = post_all(c, &s);
    if (!store_failed(c, f)) {
        buf_clear(&c->out->body);
        buf_bytes(&c->out->body, buf_view(&s.text));
        c->out->status = 202;
    }
    status_done(&s);
}

/* Section 4.3: only who posted may ask. */
static void get_status(struct call *c)
{
    struct rows r = store_ask(c->x->store, EXCHANGE_STATUS_GET,
                              STORE_WITH(value_text(c->name), value_text(c->root->name)));
    bool found =
        rows_next(&r) && bytes_is(row_bytes(&r, 0), c->x->config->visitor[c->visitor].name);

    if (found) {
        buf_bytes(&c->out->body, row_bytes(&r, 1));
        c->out->status = 200;
    }
    if (!store_failed(c, rows_done(&r)) && !found)
        not_found(c);
}

/* ---- deleting ----------------------------------------------------------------------------------
 */

static struct fault delete_all(struct call *c, const struct filter *filter, size_t *dropped)
{
    struct instant counter;
    struct fault f = store_begin(c->x->store);

    if (fault_is(f))
        return f;
    f = shelf_newest(c->x->store, &counter);
    if (!fault_is(f))
        f = shelf_drop(c->x->store, c->number, c->name, filter, "deleted",
                       c->x->config->visitor[c->visitor].name, c->now, &counter, dropped);
    return fault_is(f) ? f : store_commit(c->x->store);
}

/* Section 5.7. "all" is the default: the object is to be gone. */
static void delete_object(struct call *c)
{
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    size_t dropped = 0;
    struct fault f;

    if (!may_read(c) && !may_write(c))
        not_found(c);
    else if (!may_read(c) || !may_write(c))
        refuse(c, 403, "Forbidden", "to delete you must have the rights to read and to write");
    else if (fault_is(f = filter_parse(c->ask->query, FILTER_VERSION | FILTER_SPEC, filter)))
        refuse(c, 400, "Bad filter", f.rule);
    else {
        if (!filter->has_version)
            filter->versions = FILTER_ALL;
        f = delete_all(c, filter, &dropped);
        if (!store_failed(c, f) && dropped == 0)
            not_found(c);
        else if (!fault_is(f))
            answer(c, json_object());
    }
    free(filter);
}

/* ---- which endpoint ----------------------------------------------------------------------------
 */

enum { PARTS = 6, ROOT = 1, COLLECTION = 2, NAME = 4 };

/* Paths by their parts: "$" is a name. All end in a slash. */
static const struct route {
    const char *part[PARTS];
    void (*get)(struct call *c);
    void (*post)(struct call *c);
    void (*del)(struct call *c);
} routes[] = {
    {{"taxii2"}, get_discovery, NULL, NULL},
    {{"$root"}, get_root, NULL, NULL},
    {{"$root", "status", "$name"}, get_status, NULL, NULL},
    {{"$root", "collections"}, get_collections, NULL, NULL},
    {{"$root", "collections", "$collection"}, get_collection, NULL, NULL},
    {{"$root", "collections", "$collection", "manifest"}, get_manifest, NULL, NULL},
    {{"$root", "collections", "$collection", "changes"}, get_changes, NULL, NULL},
    {{"$root", "collections", "$collection", "objects"}, get_objects, post_objects, NULL},
    {{"$root", "collections", "$collection", "objects", "$name"}, get_object, NULL, delete_object},
    {{"$root", "collections", "$collection", "objects", "$name", "versions"},
     get_versions,
     NULL,
     NULL},
};

static bool find_root(struct call *c, struct bytes name)
{
    const struct config *config = c->x->config;

    for (size_t i = 0; i < config->root_count; i++)
        if (bytes_is(name, config->root[i].name) && root_is_shown(c, i))
            c->root = &config->root[i];
    return c->root != NULL;
}

static bool find_collection(struct call *c, struct bytes name)
{
    const struct config *config = c->x->config;

    for (size_t i = 0; i < config->collection_count; i++) {
        const struct config_collection *k = &config->collection[i];

        if (&config->root[k->root] != c->root || !is_shown(c, k))
            continue;
        if (bytes_is(name, k->id) || bytes_is(name, k->alias)) {
            c->collection = k;
            c->number = c->x->number[i];
        }
    }
    return c->collection != NULL;
}

static bool part_fits(struct call *c, const char *form, struct bytes part)
{
    if (strcmp(form, "$root") == 0)
        return find_root(c, part);
    if (strcmp(form, "$collection") == 0)
        return find_collection(c, part);
    if (strcmp(form, "$name") == 0)
        return part.len > 0 && bytes_to_text(part, c->name, sizeof c->name);
    return bytes_is(part, form);
}

static bool route_fits(struct call *c, const struct route *r, struct bytes path)
{
    size_t at = 1;

    c->root = NULL;
    c->collection = NULL;
    c->name[0] = '\0';
    for (size_t i = 0; i < PARTS && r->part[i] != NULL; i++) {
        const uint8_t *slash = memchr(path.data + at, '/', path.len - at);
        size_t end = slash == NULL ? path.len : (size_t)(slash - path.data);

        if (slash == NULL || !part_fits(c, r->part[i], bytes_of(path.data + at, end - at)))
            return false;
        at = end + 1;
    }
    return at == path.len;
}

static const struct route *route_find(struct call *c)
{
    struct bytes path = c->ask->path;

    if (path.len < 2 || path.len > EXCHANGE_PATH || path.data[0] != '/')
        return NULL;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (route_fits(c, &routes[i], path))
            return &routes[i];
    return NULL;
}

static void route_run(struct call *c, const struct route *r)
{
    void (*run)(struct call *) = c->ask->method == EXCHANGE_GET      ? r->get
                                 : c->ask->method == EXCHANGE_POST   ? r->post
                                 : c->ask->method == EXCHANGE_DELETE ? r->del
                                                                     : NULL;

    if (run != NULL) {
        run(c);
        return;
    }
    c->out->allow =
        (uint8_t)((r->get != NULL) << EXCHANGE_GET | (r->post != NULL) << EXCHANGE_POST |
                  (r->del != NULL) << EXCHANGE_DELETE);
    refuse(c, 405, "Method not allowed", "this path does not take this method");
}

static void too_many(struct call *c, const char *why)
{
    refuse(c, 429, "Too many requests", why);
}

/* Who he is, unless he asks too often. */
static bool is_known(struct call *c)
{
    const struct exchange_ask *ask = c->ask;
    struct exchange *x = c->x;

    if (visitors_is_slow(x->visitors, ask->authorization) &&
        !pace_guess(x->pace, ask->from, c->now, &c->out->retry)) {
        too_many(c, "too many passwords were tried from there; wait as long as Retry-After says");
        return false;
    }
    if (fault_is(visitors_find(x->visitors, ask->authorization, ask->pin, &c->visitor))) {
        refuse(c, 401, "Unauthorized",
               "a client certificate, a bearer token or a password that "
               "this exchange knows is required");
        return false;
    }
    /* A POST was counted when it was asked whether its body may be read. */
    if (ask->judged == NULL && !ask->again &&
        !pace_visit(x->pace, c->visitor, x->config->visitor[c->visitor].rate, c->now,
                    &c->out->retry)) {
        too_many(c, "you ask faster than your rate here; wait as long as Retry-After says");
        return false;
    }
    return true;
}

/* Who he is and whether he takes what we send; then his path. */
static void run(struct call *c)
{
    const struct exchange_ask *ask = c->ask;
    const struct route *r;

    if (!is_known(c))
        return;
    if (!media_accepts(ask->accept)) {
        refuse(c, 406, "Not acceptable", "what this server sends is " MEDIA_TAXII);
        return;
    }
    r = route_find(c);
    if (r == NULL)
        not_found(c);
    else
        route_run(c, r);
}

bool exchange_admits(struct exchange *x, const struct exchange_ask *ask, struct instant now,
                     struct exchange_answer *out)
{
    struct call c = {.x = x, .ask = ask, .out = out, .now = now, .asking = true};

    assert(ask->method == EXCHANGE_POST);
    run(&c);
    return c.admitted;
}

struct fault exchange_answer(struct exchange *x, const struct exchange_ask *ask, struct instant now,
                             struct exchange_answer *out)
{
    struct call c = {.x = x, .ask = ask, .out = out, .now = now};

    run(&c);
    return c.fault;
}

/* ---- tending ------------------------------------------------------------------------------------
 */

static struct fault forget_statuses(struct exchange *x, struct instant now)
{
    const int64_t hour = 3600000000;
    int64_t before = now.us - EXCHANGE_STATUS_DAYS * 24 * hour;

    if (now.us - x->cleaned.us < hour)
        return fault_none();
    x->cleaned = now;
    return store_do(x->store, EXCHANGE_STATUS_EXPIRE, NULL, STORE_WITH(value_integer(before)));
}

static struct fault expire(struct exchange *x, int64_t collection, struct instant now, bool *worked)
{
    struct instant counter;
    size_t gone = 0;
    struct fault f = store_begin(x->store);

    if (fault_is(f))
        return f;
    f = shelf_newest(x->store, &counter);
    if (!fault_is(f))
        f = shelf_expire(x->store, collection, now, &counter, &gone);
    *worked |= gone > 0;
    return fault_is(f) ? f : store_commit(x->store);
}

struct fault exchange_tend(struct exchange *x, struct instant now, bool *worked)
{
    struct fault f = forget_statuses(x, now);

    *worked = false;
    for (size_t i = 0; i < x->config->collection_count && !fault_is(f); i++)
        if (x->config->collection[i].expire)
            f = expire(x, x->number[i], now, worked);
    if (fault_is(f))
        store_rollback(x->store);
    return f;
}

void exchange_answer_done(struct exchange_answer *a)
{
    buf_done(&a->body);
}

/* ---- beginning ---------------------------------------------------------------------------------
 */

/* A secret of 32 bytes is made once; who comes second takes what the first made. */
static struct fault secret_of(struct exchange *x, const char *name, uint8_t out[32])
{
    uint8_t fresh[32];
    struct rows r;
    struct fault f;

    random_bytes(fresh, sizeof fresh);
    f = store_do(x->store, EXCHANGE_STATE_PUT, NULL,
                 STORE_WITH(value_text(name), value_blob(bytes_of(fresh, sizeof fresh))));
    if (fault_is(f))
        return f;
    r = store_ask(x->store, EXCHANGE_STATE_GET, STORE_WITH(value_text(name)));
    if (rows_next(&r) && row_bytes(&r, 0).len == 32)
        memcpy(out, row_bytes(&r, 0).data, 32);
    else if (!fault_is(r.fault))
        r.fault = fault_make(FAULT_DAMAGED, 0, "exchange: a key in its store");
    return rows_done(&r);
}

static struct fault secrets(struct exchange *x)
{
    uint8_t seed[TOMBSTONE_SEED] = {0};
    struct fault f = secret_of(x, "page-key", x->page_key);

    if (!fault_is(f))
        f = secret_of(x, "tombstone-seed", seed);
    if (!fault_is(f))
        x->tombstones = tombstone_key_new(seed);
    explicit_bzero(seed, sizeof seed);
    return f;
}

static struct fault begin(struct exchange *x)
{
    const struct config *c = x->config;
    struct fault f = store_begin(x->store);

    if (fault_is(f))
        return f;
    f = secrets(x);
    for (size_t i = 0; i < c->collection_count && !fault_is(f); i++)
        f = shelf_collection(x->store, c->root[c->collection[i].root].name, c->collection[i].id,
                             &x->number[i]);
    return fault_is(f) ? f : store_commit(x->store);
}

struct fault exchange_new(const struct config *config, const struct exchange_host *host,
                          struct store *store, struct exchange **out)
{
    struct exchange *x = memory_zeroed(1, sizeof *x);
    struct fault f;

    x->config = config;
    x->host = host;
    x->store = store;
    x->visitors = visitors_new(config);
    x->pace = pace_new();
    f = begin(x);
    if (fault_is(f)) {
        store_rollback(store);
        exchange_free(x);
    } else
        *out = x;
    return f;
}

void exchange_free(struct exchange *x)
{
    if (x == NULL)
        return;
    visitors_free(x->visitors);
    pace_free(x->pace);
    tombstone_key_free(x->tombstones);
    free(x);
}

#include "exchange/exchange.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/random.h"
#include "exchange/call.h"
#include "exchange/media.h"
#include "exchange/outbox.h"
#include "store/exchange_query.h"

/* ---- discovery, roots, collections -------------------------------------------------------------
 */

/* A root is there for whom something in it is shown. */
static bool root_is_shown(const struct call *c, size_t root)
{
    const struct config *config = c->x->config;

    for (size_t i = 0; i < config->collection_count; i++)
        if (config->collection[i].root == root && call_is_shown(c, &config->collection[i]))
            return true;
    return false;
}

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
    call_text_if(body, "description", config->description);
    call_text_if(body, "contact", config->contact);
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
    call_answer(c, body);
}

/* Section 4.2. */
static void get_root(struct call *c)
{
    json_t *body = json_pack("{s:s, s:[s], s:i}", "title", c->root->title, "versions", MEDIA_TAXII,
                             "max_content_length", EXCHANGE_CONTENT);

    char key[TOMBSTONE_KEY];

    call_text_if(body, "description", c->root->description);
    tombstone_key_public(c->x->tombstones, key);
    call_text_if(body, "x_parley_tombstone_key", key);
    call_answer(c, body);
}

static json_t *collection_json(const struct call *c, const struct config_collection *collection)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:b, s:b, s:[s, s]}", "id", collection->id, "title",
                             collection->title, "alias", collection->alias, "can_read",
                             config_may_read(collection, c->visitor), "can_write",
                             config_may_write(collection, c->visitor), "media_types", MEDIA_STIX_21,
                             MEDIA_STIX_20);

    call_text_if(body, "description", collection->description);
    return body;
}

/* Section 5.1: "if there are no collections, the list is left out". Sorted by id already. */
static void get_collections(struct call *c)
{
    const struct config *config = c->x->config;
    json_t *list = json_array(), *body = json_object();

    for (size_t i = 0; i < config->collection_count; i++)
        if (&config->root[config->collection[i].root] == c->root &&
            call_is_shown(c, &config->collection[i]))
            json_array_append_new(list, collection_json(c, &config->collection[i]));
    if (json_array_size(list) > 0)
        json_object_set(body, "collections", list);
    json_decref(list);
    call_answer(c, body);
}

static void get_collection(struct call *c)
{
    call_answer(c, collection_json(c, c->collection));
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
    {{"$root", "status", "$name"}, call_get_status, NULL, NULL},
    {{"$root", "collections"}, get_collections, NULL, NULL},
    {{"$root", "collections", "$collection"}, get_collection, NULL, NULL},
    {{"$root", "collections", "$collection", "manifest"}, call_get_manifest, NULL, NULL},
    {{"$root", "collections", "$collection", "changes"}, call_get_changes, NULL, NULL},
    {{"$root", "collections", "$collection", "objects"}, call_get_objects, call_post_objects, NULL},
    {{"$root", "collections", "$collection", "objects", "$name"},
     call_get_object,
     NULL,
     call_delete_object},
    {{"$root", "collections", "$collection", "objects", "$name", "versions"},
     call_get_versions,
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

        if (&config->root[k->root] != c->root || !call_is_shown(c, k))
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
        return part.len > 0 && utf8_bad(part) == part.len &&
               bytes_to_text(part, c->name, sizeof c->name);
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
    call_refuse(c, 405, "Method not allowed", "this path does not take this method");
}

static void too_many(struct call *c, const char *why)
{
    call_refuse(c, 429, "Too many requests", why);
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
        call_refuse(c, 401, "Unauthorized",
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
        call_refuse(c, 406, "Not acceptable", "what this server sends is " MEDIA_TAXII);
        return;
    }
    r = route_find(c);
    if (r == NULL)
        call_not_found(c);
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

static struct fault answer(struct exchange *x, const struct exchange_ask *ask, struct instant now,
                           struct exchange_answer *out)
{
    struct call c = {.x = x, .ask = ask, .out = out, .now = now};

    run(&c);
    return c.fault;
}

struct fault exchange_write(struct exchange *x, const struct exchange_ask *ask, struct instant now,
                            struct exchange_answer *out)
{
    assert(ask->method != EXCHANGE_GET);
    return answer(x, ask, now, out);
}

struct fault exchange_answer(struct exchange *x, const struct exchange_ask *ask, struct instant now,
                             struct exchange_answer *out)
{
    struct fault f = answer(x, ask, now, out);

    if (ask->method == EXCHANGE_GET || !store_is_busy(x->store))
        return f;
    if (!fault_is(f))
        f = store_commit(x->store);
    if (fault_is(f)) {
        store_rollback(x->store);
        exchange_unavailable(out);
    }
    return f;
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
    if (!fault_is(f))
        f = outbox_tend(x, now, worked);
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
                          struct store *store, struct store *reader, struct exchange **out)
{
    struct exchange *x = memory_zeroed(1, sizeof *x);
    struct fault f;

    x->config = config;
    x->host = host;
    x->store = store;
    x->reader = reader;
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

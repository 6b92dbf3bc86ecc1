/*
 * indicator.c - parley indicator held, show, add, import, sight, withdraw: STIX indicators in the
 * exchange's store.
 *
 * What is put down here is our own, in a collection of our own people; a partner's collection is
 * reached through `parley share` alone. The running exchange tells watch and its readers within two
 * seconds. A file that is imported was named by a person, and is read as `parley share` reads one.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/collection.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/held.h"
#include "cmd/node.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "cmd/speak.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "exchange/config.h"
#include "exchange/outbox.h"
#include "exchange/pulled.h"
#include "exchange/shelf.h"
#include "indicator/import.h"
#include "proc/settings_remote.h"
#include "stix/judged.h"
#include "store/exchange_query.h"

enum { TOLD = 20 /* refused lines or objects that are told one by one */ };

/* A store, a collection of ours in it, and a transaction. */
struct shop {
    const struct call *call;
    struct store *store;
    int64_t collection;
    struct instant now, counter;
    uint64_t added, known, refused;
    enum tlp tlp, marking; /* of what is made here; of what is brought and bears none */
    struct fault fault;    /* the first of the store's */
};

static enum exit_code shop_open(struct shop *h, const struct call *call)
{
    enum exit_code code = held_open(call, true, &h->store);

    h->call = call;
    h->now = instant_now();
    h->tlp = tlp_read(bytes_text(
        args_value(call->args, "--tlp") != NULL ? args_value(call->args, "--tlp") : "green"));
    if (code == EXIT_DONE)
        code = held_collection(call, h->store, &h->collection, &h->marking);
    if (code != EXIT_DONE)
        return code;
    h->fault = store_begin(h->store);
    if (!fault_is(h->fault))
        h->fault = shelf_newest(h->store, &h->counter);
    return fault_is(h->fault) ? held_error(call->say, h->fault) : EXIT_DONE;
}

/* Commits, if all was good, and closes. */
static enum exit_code shop_close(struct shop *h, enum exit_code code)
{
    if (code == EXIT_DONE && !fault_is(h->fault))
        h->fault = store_commit(h->store);
    if (h->store != NULL)
        store_rollback(h->store);
    store_close(h->store);
    return code == EXIT_DONE && fault_is(h->fault) ? held_error(h->call->say, h->fault) : code;
}

/* ---- making ------------------------------------------------------------------------------------
 */

/* "TYPE--UUID". */
static void id_write(const char *type, const uint8_t bytes[16], unsigned version, char *out,
                     size_t size)
{
    char uuid[UUID_TEXT + 1];

    uuid_write(bytes, version, uuid);
    snprintf(out, size, "%s--%s", type, uuid);
}

static json_t *object_new(const char *id, const char *type, struct instant now, enum tlp tlp)
{
    char time[INSTANT_MICRO + 1];

    instant_micro_write(now, time);
    return json_pack("{ss ss ss ss ss s[s]}", "type", type, "spec_version", "2.1", "id", id,
                     "created", time, "modified", time, "object_marking_refs", tlp_marking(tlp));
}

/* Puts an object of ours down; takes over the reference. */
static enum exit_code object_put(struct shop *h, json_t *object, bool *put)
{
    char *text = json_dumps(object, JSON_COMPACT);
    struct object_error error;
    struct object o;
    enum exit_code code = EXIT_DONE;
    struct fault f = text == NULL ? fault_make(FAULT_SYNTAX, 0, "UTF-8")
                                  : object_parse(bytes_text(text), &o, &error);

    if (fault_is(f))
        code =
            say_error(h->call->say, EXIT_USAGE, fault_word(f.kind),
                      text == NULL ? f.rule : error.why, "parley pattern check PATTERN says more",
                      "it would be no STIX: %s", text == NULL ? "" : error.property);
    else
        h->fault = shelf_put(h->store, h->collection, &o, bytes_text(text), "command line", h->now,
                             &h->counter, put);
    free(text);
    json_decref(object);
    return code;
}

/* A single quote and a backslash in a string of a pattern: STIX 2.1 section 9.2. */
static void quote(struct buf *out, struct bytes text)
{
    buf_byte(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'' || text.data[i] == '\\')
            buf_byte(out, '\\');
        buf_byte(out, text.data[i]);
    }
    buf_byte(out, '\'');
}

static void pattern_of(const struct indicator_value *v, struct buf *out)
{
    static const char *const paths[INDICATOR_KINDS] = {
        [INDICATOR_IPV4] = "ipv4-addr:value = ",
        [INDICATOR_IPV6] = "ipv6-addr:value = ",
        [INDICATOR_DOMAIN] = "domain-name:value = ",
        [INDICATOR_URL] = "url:value = ",
        [INDICATOR_MD5] = "file:hashes.MD5 = ",
        [INDICATOR_SHA1] = "file:hashes.'SHA-1' = ",
        [INDICATOR_SHA256] = "file:hashes.'SHA-256' = ",
    };
    struct buf text = {0};
    char address[ADDR_TEXT + 1];

    if (v->kind == INDICATOR_URL)
        buf_text(&text, "http://");
    indicator_write(v, &text);
    buf_byte(out, '[');
    if (v->kind == INDICATOR_SUBNET) {
        buf_print(out, "%s ISSUBSET ",
                  memchr(text.data, ':', text.len) != NULL ? "ipv6-addr:value" : "ipv4-addr:value");
        quote(out, buf_view(&text));
    } else if (v->kind == INDICATOR_ENDPOINT) {
        addr_write(v->addr, address);
        buf_text(out, "network-traffic:dst_ref.value = ");
        quote(out, bytes_text(address));
        buf_print(out, " AND network-traffic:dst_port = %u", v->port);
    } else {
        buf_text(out, paths[v->kind]);
        quote(out, buf_view(&text));
    }
    buf_byte(out, ']');
    buf_done(&text);
}

static json_t *indicator_new(const char *id, const char *pattern, struct instant now,
                             struct instant from, struct instant until, enum tlp tlp)
{
    json_t *o = object_new(id, "indicator", now, tlp);
    char time[INSTANT_MICRO + 1];

    json_object_set_new(o, "pattern", json_string(pattern));
    json_object_set_new(o, "pattern_type", json_string("stix"));
    instant_micro_write(from.us == INT64_MIN ? now : from, time);
    json_object_set_new(o, "valid_from", json_string(time));
    if (until.us != INT64_MAX) {
        instant_micro_write(until, time);
        json_object_set_new(o, "valid_until", json_string(time));
    }
    return o;
}

/* ---- add ---------------------------------------------------------------------------------------
 */

static enum exit_code pattern_from(const struct call *call, struct buf *out)
{
    const char *word = call->args->word[0];
    uint8_t room[INDICATOR_KEY];
    struct indicator_value v;

    if (word[0] == '[') {
        buf_text(out, word);
        return EXIT_DONE;
    }
    if (fault_is(indicator_guess(bytes_text(word), room, &v)))
        return say_error(call->say, EXIT_USAGE, "usage",
                         "an address, subnet, name, URL, file hash, or a STIX pattern in [ ]",
                         call->command->example, "%s is nothing to look for", word);
    pattern_of(&v, out);
    return EXIT_DONE;
}

static enum exit_code until_of(const struct call *call, struct instant *out)
{
    const char *text = args_value(call->args, "--until");

    out->us = INT64_MAX;
    if (text == NULL || !fault_is(instant_fraction_parse(bytes_text(text), out)))
        return EXIT_DONE;
    return say_error(call->say, EXIT_USAGE, "usage", "UTC, as 2026-12-31T00:00:00Z", NULL,
                     "--until %s is no time", text);
}

static void say_id(const struct shop *h, const char *id, const char *what)
{
    if (h->call->say->json)
        say_json(h->call->say, json_pack("{ss ss}", "id", id, "done", what));
    else
        say_data(h->call->say, "%s %s\n", id, what);
}

enum exit_code indicator_add(const struct call *call)
{
    struct shop h = {.call = call};
    struct buf pattern = {0};
    struct instant until;
    uint8_t bytes[16];
    char id[OBJECT_ID];
    bool put = false;
    enum exit_code code = pattern_from(call, &pattern);

    if (code == EXIT_DONE)
        code = until_of(call, &until);
    if (code == EXIT_DONE)
        code = shop_open(&h, call);
    if (code == EXIT_DONE) {
        const char *name = args_value(call->args, "--name");
        json_t *o;

        random_bytes(bytes, sizeof bytes);
        id_write("indicator", bytes, 4, id, sizeof id);
        o = indicator_new(id, buf_str(&pattern), h.now, h.now, until, h.tlp);
        if (name != NULL)
            json_object_set_new(o, "name", json_string(name));
        code = object_put(&h, o, &put);
    }
    code = shop_close(&h, code);
    if (code == EXIT_DONE)
        say_id(&h, id, "added");
    buf_done(&pattern);
    return code;
}

/* ---- import ------------------------------------------------------------------------------------
 */

static void put_pattern(void *with, struct bytes pattern, const struct indicator_about *a)
{
    struct shop *h = with;
    struct digest d = digest_of(pattern);
    char id[OBJECT_ID], *text;
    bool here = true, put = false;

    if (fault_is(h->fault))
        return;
    id_write("indicator", d.byte, 8, id, sizeof id); /* so that a list may come again */
    h->fault = pulled_has(h->store, h->collection, id, "", &here);
    if (fault_is(h->fault) || here) {
        h->known += here;
        return;
    }
    text = memory_text(pattern.data, pattern.len);
    if (object_put(h,
                   indicator_new(id, text, h->now, a->from, a->until,
                                 a->tlp == TLP_NONE ? h->tlp : a->tlp),
                   &put) != EXIT_DONE)
        h->refused++;
    h->added += put;
    free(text);
}

static void put_value(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    struct buf pattern = {0};

    pattern_of(v, &pattern);
    put_pattern(with, buf_view(&pattern), a);
    buf_done(&pattern);
}

static void tell_refused(void *with, size_t line, enum import_rule rule)
{
    struct shop *h = with;

    if (h->refused++ < TOLD)
        say_note(h->call->say, "refused: line %zu: %s\n", line, import_rule_name(rule));
}

static enum exit_code import_list(struct shop *h, const char *path, struct bytes text)
{
    struct import_sink sink = {
        .entry = put_value, .pattern = put_pattern, .refused = tell_refused, .with = h};
    struct import in;
    struct fault f;

    import_init(&in, IMPORT_UNKNOWN, indicator_about_none(), sink);
    import_feed(&in, text);
    f = import_end(&in);
    import_done(&in);
    return fault_is(f) ? say_error(h->call->say, EXIT_FAILED, fault_word(f.kind), f.rule, NULL,
                                   "%s cannot be read: byte %zu", path, f.at)
                       : EXIT_DONE;
}

/* A bundle's objects keep their ids and their bytes; only technical ones come in (R1). */
static void import_bundle(struct shop *h, struct judged *j)
{
    held_marked(h->call, j);
    for (size_t i = 0; i < j->count && !fault_is(h->fault); i++) {
        struct judged_object *o = &j->list[i];
        char said[OBJECT_SAID] = "R1: no technical object";
        bool put = false;

        if (fault_is(o->fault) || !o->object.technical) {
            if (fault_is(o->fault))
                object_error_say(&o->error, said);
            if (h->refused++ < TOLD)
                say_note(h->call->say, "refused: object %zu: %s: %s\n", i + 1,
                         fault_is(o->fault) ? o->error.id : o->object.id, said);
            continue;
        }
        if (o->object.tlp == TLP_NONE)
            o->object.tlp = h->marking;
        h->fault = shelf_put(h->store, h->collection, &o->object, o->body, "command line", h->now,
                             &h->counter, &put);
        h->added += put;
        h->known += !put;
    }
}

static enum exit_code import_file(struct shop *h, const char *path)
{
    struct buf text = {0};
    struct judged j = {.count = 0};
    enum exit_code code = EXIT_DONE;
    struct fault f = disk_read(path, IMPORT_JSON, &text);

    if (fault_is(f))
        return disk_error(h->call->say, f, path);
    if (text.len <= ENVELOPE_MAX)
        judged_read(buf_view(&text), &j);
    if (!fault_is(j.fault) && j.count > 0)
        import_bundle(h, &j);
    else
        code = import_list(h, path, buf_view(&text));
    judged_done(&j);
    buf_done(&text);
    return code;
}

enum exit_code indicator_import(const struct call *call)
{
    struct shop h = {.call = call};
    enum exit_code code = shop_open(&h, call);

    for (size_t i = 0; code == EXIT_DONE && i < call->args->words; i++)
        code = import_file(&h, call->args->word[i]);
    code = shop_close(&h, code);
    if (code != EXIT_DONE)
        return code;
    if (call->say->json)
        say_json(call->say, json_pack("{sI sI sI}", "added", (json_int_t)h.added, "known",
                                      (json_int_t)h.known, "refused", (json_int_t)h.refused));
    else
        say_data(call->say, "%llu added, %llu known, %llu refused\n", (unsigned long long)h.added,
                 (unsigned long long)h.known, (unsigned long long)h.refused);
    return EXIT_DONE;
}

/* ---- finding -----------------------------------------------------------------------------------
 */

struct found {
    int64_t collection, added;
    char root[CONFIG_NAME], name[PULLED_NAME]; /* where it stands */
    struct buf body;                           /* owned */
};

static struct fault found_read(struct store *s, struct found *out)
{
    struct rows r = store_ask(s, EXCHANGE_OBJECT_GET, STORE_WITH(value_integer(out->added)));

    if (rows_next(&r))
        buf_bytes(&out->body, row_bytes(&r, 9));
    return rows_done(&r);
}

/* The newest version, in the first collection that has it. */
static struct fault find(struct store *s, const char *id, struct found *out)
{
    struct rows list = store_ask(s, EXCHANGE_COLLECTION_LIST, STORE_NOTHING);
    struct fault f = fault_none(), end;

    while (out->added == 0 && !fault_is(f) && rows_next(&list)) {
        struct rows r = store_ask(s, EXCHANGE_OBJECT_TOP,
                                  STORE_WITH(value_integer(row_integer(&list, 0)), value_text(id)));

        out->collection = row_integer(&list, 0);
        row_text(&list, 1, out->root, sizeof out->root);
        row_text(&list, 2, out->name, sizeof out->name);
        out->added = rows_next(&r) ? row_integer(&r, 0) : 0;
        f = rows_done(&r);
    }
    end = rows_done(&list);
    if (!fault_is(f) && !fault_is(end) && out->added != 0)
        f = found_read(s, out);
    return fault_is(f) ? f : end;
}

/* Opens the store and finds the command's first word in it. */
static enum exit_code find_named(const struct call *call, struct store **store, struct found *out)
{
    enum exit_code code = held_open(call, false, store);
    struct fault f;

    if (code != EXIT_DONE)
        return code;
    f = find(*store, call->args->word[0], out);
    if (fault_is(f))
        return held_error(call->say, f);
    if (out->added == 0)
        return say_error(call->say, EXIT_NOT_FOUND, "not-found", NULL, "parley indicator held",
                         "there is no object %s", call->args->word[0]);
    return EXIT_DONE;
}

enum exit_code indicator_show(const struct call *call)
{
    struct found found = {.added = 0};
    struct store *store = NULL;
    enum exit_code code = find_named(call, &store, &found);
    json_t *tree;

    if (code == EXIT_DONE) {
        tree = json_loadb((const char *)found.body.data, found.body.len, 0, NULL);
        if (call->say->json) {
            say_json(call->say, json_pack("{ss ss so}", "root",
                                          strcmp(found.root, PULLED_ROOT) ? found.root : "pulled",
                                          "collection", found.name, "object", tree));
        } else {
            char *text = json_dumps(tree, JSON_INDENT(2) | JSON_ENSURE_ASCII);

            say_data(call->say, "%s\n", text == NULL ? "" : text);
            free(text);
            json_decref(tree);
        }
    }
    buf_done(&found.body);
    store_close(store);
    return code;
}

/* ---- held --------------------------------------------------------------------------------------
 */

static void add_held(const struct call *call, struct columns *c, json_t *list, const char *where,
                     struct bytes body)
{
    json_t *o = json_loadb((const char *)body.data, body.len, 0, NULL);
    static const char *const members[] = {"id", "valid_until", "name", "pattern"};

    if (json_is_true(json_object_get(o, "revoked"))) {
        json_decref(o);
        return;
    }
    if (call->say->json) {
        json_t *row = json_pack("{ss}", "collection", where);

        for (size_t i = 0; i < 4; i++)
            if (json_object_get(o, members[i]) != NULL)
                json_object_set(row, members[i], json_object_get(o, members[i]));
        json_array_append_new(list, row);
    } else {
        for (size_t i = 0; i < 4; i++)
            columns_add(c, call->say, json_string_value(json_object_get(o, members[i])));
        columns_add(c, call->say, where);
    }
    json_decref(o);
}

static struct fault held_in(const struct call *call, struct store *s, int64_t collection,
                            const char *where, struct columns *c, json_t *list)
{
    int64_t after = INT64_MIN, seen = SHELF_BUDGET;
    struct fault f = fault_none();

    while (!fault_is(f) && seen == SHELF_BUDGET) {
        struct rows r = store_ask(s, EXCHANGE_SCAN_TYPE_LAST,
                                  STORE_WITH(value_integer(collection), value_text("indicator"),
                                             value_integer(after), value_integer(SHELF_BUDGET)));

        for (seen = 0; !fault_is(f) && rows_next(&r); seen++) {
            struct found found = {.added = row_integer(&r, 0)};

            after = found.added;
            f = found_read(s, &found);
            add_held(call, c, list, where, buf_view(&found.body));
            buf_done(&found.body);
        }
        if (!fault_is(f))
            f = rows_done(&r);
        else
            (void)fault_is(rows_done(&r));
    }
    return f;
}

enum exit_code indicator_held(const struct call *call)
{
    struct columns c = {.heading = {"ID", "UNTIL", "NAME", "PATTERN", "COLLECTION"}};
    json_t *list = json_array();
    struct store *store = NULL;
    enum exit_code code = held_open(call, false, &store);
    struct fault f = fault_none(), end;

    if (code == EXIT_DONE) {
        struct rows r = store_ask(store, EXCHANGE_COLLECTION_LIST, STORE_NOTHING);

        while (!fault_is(f) && rows_next(&r)) {
            char root[CONFIG_NAME], id[PULLED_NAME];
            struct buf where = {0};

            row_text(&r, 1, root, sizeof root);
            row_text(&r, 2, id, sizeof id);
            buf_print(&where, "%s%s%s", strcmp(root, PULLED_ROOT) == 0 ? "" : root,
                      strcmp(root, PULLED_ROOT) == 0 ? "" : "/", id);
            f = held_in(call, store, row_integer(&r, 0), buf_str(&where), &c, list);
            buf_done(&where);
        }
        end = rows_done(&r);
        code =
            fault_is(f) || fault_is(end) ? held_error(call->say, fault_is(f) ? f : end) : EXIT_DONE;
    }
    if (call->say->json && code == EXIT_DONE)
        say_json(call->say, json_pack("{sO}", "indicators", list));
    else
        columns_print(&c, call->say);
    json_decref(list);
    store_close(store);
    return code;
}

/* ---- withdraw ----------------------------------------------------------------------------------
 */

/* Ours: a new version that is revoked (STIX 2.1 section 3.6), so that every reader learns of it. */
static enum exit_code revoke(struct shop *h, const struct found *found)
{
    json_t *o = json_loadb((const char *)found->body.data, found->body.len, 0, NULL);
    char time[INSTANT_MICRO + 1];
    bool put;

    instant_micro_write(h->now, time);
    json_object_set_new(o, "modified", json_string(time));
    json_object_set_new(o, "revoked", json_true());
    return object_put(h, o, &put);
}

/* Somebody else's: we keep no version of our own of it; it leaves the shelf, with a tombstone. */
static void drop(struct shop *h, const char *id)
{
    struct filter all = {.versions = FILTER_ALL, .limit = 1};
    size_t gone = 0;

    h->fault = shelf_drop(h->store, h->collection, id, &all, "withdrawn", "command line", h->now,
                          &h->counter, &gone);
}

enum exit_code indicator_withdraw(const struct call *call)
{
    struct found found = {.added = 0};
    struct shop h = {.call = call, .now = instant_now()};
    enum exit_code code = find_named(call, &h.store, &found);

    h.collection = found.collection;
    if (code == EXIT_DONE) {
        h.fault = store_begin(h.store);
        if (!fault_is(h.fault))
            h.fault = shelf_newest(h.store, &h.counter);
        if (!fault_is(h.fault) && strcmp(found.root, PULLED_ROOT) == 0)
            drop(&h, call->args->word[0]);
        else if (!fault_is(h.fault))
            code = revoke(&h, &found);
    }
    code = shop_close(&h, code);
    if (code == EXIT_DONE)
        say_id(&h, call->args->word[0], "withdrawn");
    buf_done(&found.body);
    return code;
}

/* ---- sight -------------------------------------------------------------------------------------
 */

/*
 * STIX 2.1 section 5.2 has one meaning of a sighting, seen; those who exchange indicators need
 * three. `count` 0 says that it was not seen; the property says why that is worth telling.
 */
static json_t *sighting_new(const struct call *call, const char *id, struct instant now,
                            enum tlp tlp)
{
    const char *as = args_value(call->args, "--as"), *count = args_value(call->args, "--count");
    const char *text = args_value(call->args, "--text");
    char own[OBJECT_ID], time[INSTANT_MICRO + 1];
    uint8_t bytes[16];
    uint64_t n = 1;
    json_t *o;

    as = as == NULL ? "seen" : as;
    if (count != NULL && (!decimal_read(bytes_text(count), 999999999, &n) || n == 0))
        return NULL;
    random_bytes(bytes, sizeof bytes);
    id_write("sighting", bytes, 4, own, sizeof own);
    o = object_new(own, "sighting", now, tlp);
    instant_micro_write(now, time);
    json_object_set_new(o, "sighting_of_ref", json_string(id));
    json_object_set_new(o, "last_seen", json_string(time));
    json_object_set_new(o, "count", json_integer(strcmp(as, "seen") == 0 ? (json_int_t)n : 0));
    json_object_set_new(o, "x_parley_meaning", json_string(as));
    if (text != NULL)
        json_object_set_new(o, "description", json_string(text));
    return o;
}

/* Whose the indicator is decides where the sighting goes. */
enum answer_to {
    ANSWER_OURS,    /* kept among our own, nothing else */
    ANSWER_SERVER,  /* pulled from a server of ours: sent there */
    ANSWER_PARTNER, /* a SHARE to him is drafted; officers release it */
    ANSWER_FILE,    /* written for whoever asked */
};

struct sighting {
    const struct call *call;
    enum answer_to to;
    char agreement[SETTINGS_ID]; /* of ANSWER_PARTNER */
    char draft[64];
    struct found found;
};

/* A partner's collection of ours that he fills. */
static bool is_partners(const struct config *c, const struct found *found, char *agreement)
{
    for (size_t i = 0; i < c->collection_count; i++) {
        const struct config_collection *k = &c->collection[i];
        const struct config_root *root = &c->root[k->root];

        if (root->audience != AUDIENCE_PARTNER || strcmp(root->name, found->root) != 0 ||
            strcmp(k->id, found->name) != 0 || !config_partner_writes(c, k))
            continue;
        snprintf(agreement, SETTINGS_ID, "%s", root->agreement);
        return true;
    }
    return false;
}

/* What we saw leaves our party for a server that the settings name as ours, or as the partner's by
 * an officer's release (docs/decisions/0017-where-push-may-go.md), and for no other. */
static enum exit_code answer_to(struct sighting *s, const struct settings *settings)
{
    const struct settings_remote *r = settings_remote(settings, s->found.name);

    s->to = ANSWER_OURS;
    if (strcmp(s->found.root, PULLED_ROOT) != 0) {
        if (is_partners(&settings->exchange.config, &s->found, s->agreement))
            s->to = ANSWER_PARTNER;
        return EXIT_DONE;
    }
    if (r == NULL)
        return say_error(s->call->say, EXIT_REFUSED, "refused",
                         "what we saw goes to nobody whom the node's settings do not name",
                         "parley remote add NAME URL, with --agreement ID if it is the partner's; "
                         "or --out FILE",
                         "%s is nobody's that we know", s->found.name);
    s->to = r->agreement[0] == '\0' ? ANSWER_SERVER : ANSWER_PARTNER;
    snprintf(s->agreement, sizeof s->agreement, "%s", r->agreement);
    return EXIT_DONE;
}

static enum exit_code find_way(struct sighting *s)
{
    struct settings *settings = memory_zeroed(1, sizeof *settings);
    enum exit_code code = EXIT_DONE;

    if (args_value(s->call->args, "--out") != NULL)
        s->to = ANSWER_FILE;
    else if (strcmp(s->found.root, PULLED_ROOT) != 0 && !node_is_at(node_find(s->call->args)))
        s->to = ANSWER_OURS; /* --store alone, and no node */
    else if ((code = held_settings(s->call, settings)) == EXIT_DONE)
        code = answer_to(s, settings);
    free(settings);
    return code;
}

/* To where the indicator was pulled from. */
static enum exit_code send_back(const struct call *call, const struct found *found,
                                const char *sighting)
{
    struct remote_answer a = {.typed = false};
    struct buf url = {0}, envelope = {0};
    struct remote remote;
    enum exit_code code = remote_open(call, found->name, &remote);
    struct fault f;

    if (code != EXIT_DONE)
        return code;
    buf_print(&url, "%sobjects/", found->name);
    buf_print(&envelope, "{\"objects\":[%s]}", sighting);
    f = remote_ask(&remote, "POST", buf_str(&url), buf_view(&envelope), FOREIGN_STATUS, &a);
    if (fault_is(f))
        code = remote_died(call->say, f);
    else if (a.http.trouble != FETCH_GOOD || a.http.status / 100 != 2 || fault_is(a.read.fault))
        code = remote_error(call->say, buf_str(&url), &a);
    else if (strcmp(a.read.head[4], "0") != 0 && a.read.head[4][0] != '\0')
        code = say_error(call->say, EXIT_REFUSED, "refused", foreign_cell(&a.read, 0, 2), NULL,
                         "%s does not take the sighting", found->name);
    remote_answer_done(&a);
    remote_close(&remote);
    buf_done(&url);
    buf_done(&envelope);
    return code;
}

static enum exit_code write_file(const struct call *call, const char *sighting)
{
    const char *path = args_value(call->args, "--out");
    struct buf bundle = {0};
    struct fault f;

    buf_print(&bundle, "{\"type\":\"bundle\",\"objects\":[%s]}\n", sighting);
    f = disk_write_new(path, buf_view(&bundle), 0600);
    buf_done(&bundle);
    return fault_is(f) ? disk_error(call->say, f, path) : EXIT_DONE;
}

/* A SHARE of exactly these bytes waits for an officer, and they in the outbox for the SHARE. */
static enum exit_code propose(struct sighting *s, struct shop *h, struct bytes text)
{
    struct object_error error;
    struct digest digest = digest_of(text);
    struct object o;
    char base64[64];
    enum exit_code code;

    h->fault = object_parse(text, &o, &error);
    if (fault_is(h->fault))
        return EXIT_DONE; /* shop_close says it */
    base64_write(digest.byte, sizeof digest.byte, base64);
    code = speak_propose(s->call,
                         json_pack("{s:s, s:s, s:s, s:{s:[s]}}", "agreement", s->agreement, "kind",
                                   "SHARE", "tlp", tlp_name(o.tlp), "fields", "objects", base64),
                         s->draft, sizeof s->draft);
    if (code == EXIT_DONE)
        h->fault = outbox_put(h->store, s->agreement, &o, text, h->now, &h->counter);
    return code;
}

static enum exit_code tell(struct sighting *s, struct shop *h, const json_t *sighting)
{
    char *text = json_dumps(sighting, JSON_COMPACT);
    enum exit_code code = EXIT_DONE;

    if (text == NULL)
        return say_error(s->call->say, EXIT_USAGE, "usage", "UTF-8", NULL, "--text is no text");
    if (s->to == ANSWER_FILE)
        code = write_file(s->call, text);
    else if (s->to == ANSWER_SERVER)
        code = send_back(s->call, &s->found, text);
    else if (s->to == ANSWER_PARTNER)
        code = propose(s, h, bytes_text(text));
    free(text);
    return code;
}

static void say_told(const struct sighting *s, const json_t *sighting)
{
    static const char *const done[] = {[ANSWER_OURS] = "kept",
                                       [ANSWER_SERVER] = "sent, and kept",
                                       [ANSWER_PARTNER] = "drafted, and kept",
                                       [ANSWER_FILE] = "written, and kept"};
    const char *id = json_string_value(json_object_get(sighting, "id"));

    if (s->call->say->json) {
        json_t *out = json_pack("{ss ss}", "id", id, "done", done[s->to]);

        if (s->to == ANSWER_PARTNER)
            json_object_set_new(out, "draft", json_string(s->draft));
        say_json(s->call->say, out);
        return;
    }
    say_data(s->call->say, "%s %s\n", id, done[s->to]);
    if (s->to == ANSWER_PARTNER)
        say_note(s->call->say, "an officer releases it: parley release approve %s\n", s->draft);
}

enum exit_code indicator_sight(const struct call *call)
{
    struct sighting s = {.call = call};
    struct shop h = {.call = call};
    struct store *store = NULL;
    json_t *sighting = NULL;
    bool put = false;
    enum exit_code code = find_named(call, &store, &s.found);

    store_close(store);
    if (code == EXIT_DONE)
        code = find_way(&s);
    if (code == EXIT_DONE)
        code = shop_open(&h, call);
    if (code == EXIT_DONE) {
        sighting = sighting_new(call, call->args->word[0], h.now, h.tlp);
        if (sighting == NULL)
            code = say_error(call->say, EXIT_USAGE, "usage", "1 to 999999999", NULL,
                             "--count is no count");
    }
    if (code == EXIT_DONE)
        code = tell(&s, &h, sighting);
    if (code == EXIT_DONE && !fault_is(h.fault))
        code = object_put(&h, json_incref(sighting), &put);
    code = shop_close(&h, code);
    if (code == EXIT_DONE)
        say_told(&s, sighting);
    json_decref(sighting);
    buf_done(&s.found.body);
    return code;
}

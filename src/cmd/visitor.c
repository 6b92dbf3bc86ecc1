/*
 * visitor.c - parley exchange init, visitor add, list, remove: the member `exchange` of
 * settings.json.
 *
 * The file is read, changed, read as the node will read it, and replaced as a whole. A token is
 * made here and given to a new file; a password is asked for or read from a file; what is kept is a
 * digest of the one and a slow hash of the other.
 */
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/edit.h"
#include "cmd/node.h"
#include "cmd/passphrase.h"
#include "cmd/run.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "io/file.h"
#include "proc/settings.h"
#include "tls/identity.h"
#include "json/profile.h"

enum { TOKEN = 32 /* random bytes of a bearer token */ };

/* ---- exchange init ------------------------------------------------------------------------------
 */

static json_t *collection_new(const char *alias, const char *title)
{
    uint8_t bytes[16];
    char id[UUID_TEXT + 1];

    random_bytes(bytes, sizeof bytes);
    uuid_write(bytes, 4, id);
    return json_pack("{s:s, s:s, s:s}", "id", id, "alias", alias, "title", title);
}

/* A root for our own, and one for each partner: to him and from him. */
static json_t *roots_new(const json_t *settings, const char *title)
{
    json_t *roots = json_array(), *own = json_array();
    const json_t *id;
    size_t at;

    json_array_append_new(own, collection_new("shared", "What we know"));
    json_array_append_new(roots, json_pack("{s:s, s:s, s:s, s:o}", "name", "own", "title", title,
                                           "audience", "own", "collections", own));
    json_array_foreach(json_object_get(settings, "agreements"), at, id)
    {
        json_t *both = json_array();
        char name[32];

        snprintf(name, sizeof name, at == 0 ? "partner" : "partner-%zu", at + 1);
        json_array_append_new(both, collection_new("to", "Released to the partner"));
        json_array_append_new(both, collection_new("from", "From the partner: alerts only"));
        json_array_append_new(roots, json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", name, "title",
                                               title, "audience", "partner", "agreement",
                                               json_string_value(id), "collections", both));
    }
    return roots;
}

/* What comes in is looked for: a list of watch's that the exchange writes. */
static void look_for_what_comes(struct edit *e)
{
    char *folder = realpath(node_find(e->call->args), NULL);
    struct buf path = {0};
    json_t *lists = json_object_get(e->settings, "indicators");

    if (lists == NULL) {
        lists = json_array();
        json_object_set_new(e->settings, "indicators", lists);
    }
    buf_print(&path, "%s/" SETTINGS_EXCHANGE_WANTED, folder == NULL ? "" : folder);
    if (folder != NULL)
        json_array_append_new(lists, json_pack("{s:s, s:s, s:s}", "name", "exchange", "path",
                                               buf_str(&path), "kind", "stix"));
    buf_done(&path);
    free(folder);
}

enum exit_code exchange_init(const struct call *call)
{
    struct edit e = {.call = call, .s = call->say};
    const char *listen = args_value(call->args, "--listen");
    const char *title = args_value(call->args, "--title");

    if (listen == NULL || title == NULL)
        edit_usage(&e, "both are needed", call->command->example, "--listen or --title is missing");
    else if (edit_read(&e) && e.exchange != NULL)
        edit_stop(&e, say_error(e.s, EXIT_CONFLICT, "exists", "settings.json has a member exchange",
                                "edit it, or use parley visitor", "this node has an exchange"));
    else if (e.settings != NULL) {
        json_object_set_new(e.settings, "exchange",
                            json_pack("{s:s, s:s, s:o, s:[]}", "listen", listen, "title", title,
                                      "roots", roots_new(e.settings, title), "visitors"));
        look_for_what_comes(&e);
        if (edit_write(&e))
            edit_tell(&e, "is an exchange now", title, EDIT_NEXT);
    }
    return edit_done(&e);
}

/* ---- visitor add --------------------------------------------------------------------------------
 */

static void set_hex(json_t *object, const char *name, const uint8_t *bytes)
{
    char hex[65];

    sodium_bin2hex(hex, sizeof hex, bytes, 32);
    json_object_set_new(object, name, json_string(hex));
}

static bool add_certificate(struct edit *e, json_t *visitor, const char *path)
{
    struct buf pem = {0};
    uint8_t pin[TLS_PIN];
    struct fault f = disk_read(path, TLS_PEM, &pem);

    if (!fault_is(f))
        f = tls_pin(buf_view(&pem), pin);
    buf_done(&pem);
    if (fault_is(f))
        return edit_stop(e, disk_error(e->s, f, path));
    set_hex(visitor, "certificate_sha256", pin);
    return true;
}

/* The token goes to a new file that only its maker can read. */
static bool add_token(struct edit *e, json_t *visitor, const char *path)
{
    uint8_t random[TOKEN];
    char token[2 * TOKEN + 1];
    struct digest digest;
    struct buf line = {0};
    struct fault f;

    random_bytes(random, sizeof random);
    sodium_bin2hex(token, sizeof token, random, sizeof random);
    digest = digest_of(bytes_text(token));
    buf_print(&line, "%s\n", token);
    f = disk_write_new(path, buf_view(&line), 0600);
    buf_wipe(&line);
    sodium_memzero(token, sizeof token);
    if (fault_is(f))
        return edit_stop(e, disk_error(e->s, f, path));
    set_hex(visitor, "token_sha256", digest.byte);
    return true;
}

static bool add_password(struct edit *e, json_t *visitor, const char *path)
{
    char hash[crypto_pwhash_STRBYTES];
    struct buf word = {0};
    struct fault f = fault_none();
    bool good = true;

    if (strcmp(path, "-") == 0)
        good = passphrase_ask(e->s, "password", &word);
    else
        f = passphrase_from_file(path, &word);
    if (fault_is(f))
        return edit_stop(e, disk_error(e->s, f, path));
    good = good && word.len > 0 &&
           crypto_pwhash_str(hash, (const char *)word.data, word.len, 2, 64 << 20) == 0;
    buf_wipe(&word);
    if (!good)
        return edit_usage(e, "it is empty, or there is no terminal to ask on", NULL, "no password");
    json_object_set_new(visitor, "password", json_string(hash));
    return true;
}

/* The collection "ROOT/ALIAS", or NULL. */
static json_t *collection_named(const struct edit *e, const char *name)
{
    const char *slash = strchr(name, '/');
    json_t *root, *collection;
    size_t i, k;

    json_array_foreach(json_object_get(e->exchange, "roots"), i, root)
    {
        const char *r = json_string_value(json_object_get(root, "name"));

        if (slash == NULL || r == NULL || strlen(r) != (size_t)(slash - name) ||
            strncmp(r, name, strlen(r)) != 0)
            continue;
        json_array_foreach(json_object_get(root, "collections"), k, collection)
        {
            const char *alias = json_string_value(json_object_get(collection, "alias"));

            if (alias != NULL && strcmp(alias, slash + 1) == 0)
                return collection;
        }
    }
    return NULL;
}

static bool add_rights(struct edit *e, const char *flag, const char *member, const char *who)
{
    const char *name;

    for (size_t i = 0; (name = args_many(e->call->args, flag, i)) != NULL; i++) {
        json_t *collection = collection_named(e, name);

        if (collection == NULL)
            return edit_usage(e, "a collection is named ROOT/ALIAS, as in own/shared", NULL,
                              "there is no such collection");
        json_array_append_new(edit_list(collection, member), json_string(who));
    }
    return true;
}

static bool add_ways(struct edit *e, json_t *visitor)
{
    static const struct {
        const char *flag;
        bool (*add)(struct edit *e, json_t *visitor, const char *path);
    } ways[] = {{"--certificate", add_certificate},
                {"--password-file", add_password},
                {"--token", add_token}}; /* last: it makes a file */

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const char *path = args_value(e->call->args, ways[i].flag);

        if (path != NULL && !ways[i].add(e, visitor, path))
            return false;
    }
    return json_object_size(visitor) > 1 ||
           edit_usage(e, "a visitor is known by a certificate, a token or a password",
                      e->call->command->example, "nothing says how to know him");
}

static void set_text(json_t *object, const char *name, const char *value)
{
    if (value != NULL)
        json_object_set_new(object, name, json_string(value));
}

static bool is_there(const struct edit *e, const char *name)
{
    const json_t *v;
    size_t i;

    json_array_foreach(json_object_get(e->exchange, "visitors"), i, v)
    {
        const char *other = json_string_value(json_object_get(v, "name"));

        if (other != NULL && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

enum exit_code visitor_add(const struct call *call)
{
    struct edit e = {.call = call, .s = call->say};
    const char *name = call->args->word[0];
    json_t *visitor;

    if (!edit_has_exchange(&e))
        return edit_done(&e);
    if (is_there(&e, name)) {
        edit_stop(&e, say_error(e.s, EXIT_CONFLICT, "exists", NULL, "parley visitor list",
                                "there is a visitor %s already", name));
        return edit_done(&e);
    }
    visitor = json_object();
    set_text(visitor, "name", name);
    json_array_append_new(edit_list(e.exchange, "visitors"), visitor);
    if (add_rights(&e, "--reads", "readers", name) && add_rights(&e, "--writes", "writers", name) &&
        add_ways(&e, visitor)) {
        set_text(visitor, "party", args_value(call->args, "--party"));
        set_text(visitor, "tlp", args_value(call->args, "--tlp"));
        set_text(visitor, "pap", args_value(call->args, "--pap"));
        if (edit_write(&e))
            edit_tell(&e, "is a visitor now", name, EDIT_NEXT);
    }
    return edit_done(&e);
}

/* ---- visitor remove, list -----------------------------------------------------------------------
 */

/* Takes `name` out of a list of names. */
static void forget_right(json_t *list, const char *name)
{
    for (size_t i = json_array_size(list); i > 0; i--)
        if (strcmp(json_string_value(json_array_get(list, i - 1)), name) == 0)
            json_array_remove(list, i - 1);
}

static void forget_rights(const struct edit *e, const char *name)
{
    json_t *root, *collection;
    size_t i, k;

    json_array_foreach(json_object_get(e->exchange, "roots"), i, root)
        json_array_foreach(json_object_get(root, "collections"), k, collection)
    {
        forget_right(json_object_get(collection, "readers"), name);
        forget_right(json_object_get(collection, "writers"), name);
    }
}

enum exit_code visitor_remove(const struct call *call)
{
    struct edit e = {.call = call, .s = call->say};
    const char *name = call->args->word[0];
    json_t *list;

    if (!edit_has_exchange(&e))
        return edit_done(&e);
    list = json_object_get(e.exchange, "visitors");
    if (!is_there(&e, name)) {
        edit_stop(&e, say_error(e.s, EXIT_NOT_FOUND, "not-found", NULL, "parley visitor list",
                                "there is no visitor %s", name));
        return edit_done(&e);
    }
    for (size_t i = json_array_size(list); i > 0; i--)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i - 1), "name")), name) ==
            0)
            json_array_remove(list, i - 1);
    forget_rights(&e, name);
    if (edit_write(&e))
        edit_tell(&e, "is no visitor any more", name, EDIT_NEXT);
    return edit_done(&e);
}

/* "own/shared r, own/drop w": what he may. */
static void rights_write(const struct config *c, size_t visitor, struct buf *out)
{
    for (size_t i = 0; i < c->collection_count; i++) {
        const struct config_collection *k = &c->collection[i];
        bool reads = config_may_read(k, visitor), writes = config_may_write(k, visitor);

        if (reads || writes)
            buf_print(out, "%s%s/%s %s%s", out->len == 0 ? "" : ", ", c->root[k->root].name,
                      k->alias, reads ? "r" : "", writes ? "w" : "");
    }
}

static void ways_write(const struct config_visitor *v, struct buf *out)
{
    buf_print(out, "%s%s%s", v->has_pin ? "certificate " : "", v->has_token ? "token " : "",
              v->has_password ? "password " : "");
    out->len -= out->len > 0;
}

static json_t *visitor_json(const struct config *c, size_t i)
{
    const struct config_visitor *v = &c->visitor[i];
    struct buf rights = {0}, ways = {0};
    json_t *row;

    rights_write(c, i, &rights);
    ways_write(v, &ways);
    row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", v->name, "party", v->party,
                    "known_by", buf_str(&ways), "tlp", tlp_name(v->clearance.tlp), "pap",
                    pap_name(v->clearance.pap), "collections", buf_str(&rights));
    buf_done(&rights);
    buf_done(&ways);
    return row;
}

static void list_print(struct say *s, const struct config *c)
{
    static const char *const names[] = {"name", "party", "known_by", "tlp", "pap", "collections"};
    struct columns rows = {
        .heading = {"VISITOR", "PARTY", "KNOWN BY", "TLP", "PAP", "COLLECTIONS"}};
    json_t *list = json_array(), *row;
    size_t i;

    for (i = 0; i < c->visitor_count; i++)
        json_array_append_new(list, visitor_json(c, i));
    if (s->json) {
        say_json(s, json_pack("{s:o}", "visitors", list));
        return;
    }
    json_array_foreach(list, i, row)
    {
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            columns_add(&rows, s, json_string_value(json_object_get(row, names[k])));
    }
    columns_print(&rows, s);
    json_decref(list);
}

enum exit_code visitor_list(const struct call *call)
{
    struct edit e = {.call = call, .s = call->say};
    struct settings *settings = memory_zeroed(1, sizeof *settings);
    struct buf text = {0};

    if (edit_has_exchange(&e)) {
        json_indented(e.settings, &text);
        if (!fault_is(settings_parse(buf_view(&text), settings, NULL)))
            list_print(e.s, &settings->exchange.config);
        else
            edit_is_good(&e, buf_view(&text));
    }
    buf_done(&text);
    free(settings);
    return edit_done(&e);
}

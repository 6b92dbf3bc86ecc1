/*
 * exchange.c - parley exchange status: what the exchange's store holds and what came to nothing.
 *
 * Reads the store beside a node that may be running; changes nothing.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/held.h"
#include "cmd/node.h"
#include "cmd/run.h"
#include "proc/settings.h"
#include "store/exchange_query.h"
#include "store/store.h"

static struct fault store_of(const char *node, const struct settings *settings, struct store **out)
{
    const struct backend *b = backend_of(settings->exchange.store);
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s%s%s", b == &backend_sqlite ? node : "",
             b == &backend_sqlite ? "/" : "", settings->exchange.store);
    if (b == &backend_sqlite && !disk_has(path))
        return fault_make(FAULT_MISSING, 0, "the exchange was never started");
    return store_open(b, &schema_exchange, path, STORE_SHARED, out);
}

/* How many objects, and the last date_added. */
static struct fault collection_count(struct store *s, const char *root, const char *id,
                                     int64_t *count)
{
    struct rows r =
        store_ask(s, EXCHANGE_COLLECTION_GET, STORE_WITH(value_text(root), value_text(id)));
    int64_t number = rows_next(&r) ? row_integer(&r, 0) : 0;
    struct fault f = rows_done(&r);

    *count = 0;
    if (fault_is(f))
        return f;
    r = store_ask(s, EXCHANGE_OBJECT_COUNT, STORE_WITH(value_integer(number)));
    if (rows_next(&r))
        *count = row_integer(&r, 0);
    return rows_done(&r);
}

static struct fault collections(struct store *s, const struct config *c, json_t *out)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < c->collection_count && !fault_is(f); i++) {
        const struct config_collection *k = &c->collection[i];
        int64_t count;

        f = collection_count(s, c->root[k->root].name, k->id, &count);
        json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:I}", "root", c->root[k->root].name,
                                             "alias", k->alias, "id", k->id, "objects",
                                             (json_int_t)count));
    }
    return f;
}

static struct fault refusals(struct store *s, json_t *out)
{
    struct rows r = store_ask(s, EXCHANGE_REFUSAL_LIST, STORE_NOTHING);

    while (rows_next(&r)) {
        char root[CONFIG_NAME], rule[200];

        row_text(&r, 0, root, sizeof root);
        row_text(&r, 1, rule, sizeof rule);
        json_array_append_new(out, json_pack("{s:s, s:s, s:I}", "root", root, "rule", rule, "count",
                                             (json_int_t)row_integer(&r, 2)));
    }
    return rows_done(&r);
}

static void rows_print(struct say *s, const json_t *list, struct columns rows)
{
    static const char *const texts[] = {"root", "alias", "rule", "id"};
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            if (json_object_get(row, texts[k]) != NULL)
                columns_add(&rows, s, json_string_value(json_object_get(row, texts[k])));
        columns_add_number(&rows, json_integer_value(json_object_get(
                                      row, json_object_get(row, "rule") ? "count" : "objects")));
    }
    columns_print(&rows, s);
}

static void print(struct say *s, json_t *held, json_t *refused)
{
    if (s->json) {
        say_json(s, json_pack("{s:O, s:O}", "collections", held, "refused", refused));
        return;
    }
    rows_print(s, held, (struct columns){.heading = {"ROOT", "ALIAS", "COLLECTION", "OBJECTS"}});
    if (json_array_size(refused) == 0)
        return;
    say_data(s, "\nrefused, by rule\n");
    rows_print(s, refused, (struct columns){.heading = {"ROOT", "RULE", "COUNT"}});
}

enum exit_code exchange_status(const struct call *call)
{
    struct settings *settings = memory_zeroed(1, sizeof *settings);
    const char *node = node_find(call->args);
    json_t *held = json_array(), *refused = json_array();
    struct store *store = NULL;
    enum exit_code exit = EXIT_DONE;
    struct fault f = held_settings_at(node, settings);

    if (fault_is(f))
        exit = disk_error(call->say, f, "settings.json");
    else if (!settings->has_exchange)
        exit = say_error(call->say, EXIT_NOT_FOUND, "not-found", NULL,
                         "parley exchange init --listen ADDRESS:PORT --title TEXT",
                         "this node has no exchange");
    else {
        f = store_of(node, settings, &store);
        if (!fault_is(f))
            f = collections(store, &settings->exchange.config, held);
        if (!fault_is(f))
            f = refusals(store, refused);
        if (fault_is(f))
            exit = f.kind == FAULT_MISSING
                       ? say_error(call->say, EXIT_NOT_FOUND, "not-found", f.rule, "parley serve",
                                   "there is no store yet")
                       : say_error(call->say, EXIT_STORE, fault_word(f.kind), f.rule, NULL,
                                   "the exchange's store cannot be read");
        else
            print(call->say, held, refused);
    }
    store_close(store);
    json_decref(held);
    json_decref(refused);
    free(settings);
    return exit;
}

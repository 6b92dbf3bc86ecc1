/* collection.c - parley collection list, and what the three commands of its family share */
#include "cmd/collection.h"

#include <string.h>

#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/held.h"
#include "cmd/remote.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "exchange/config.h"
#include "exchange/pulled.h"
#include "store/exchange_query.h"

bool collection_url(const char *root, const char *collection, char out[REMOTE_URL])
{
    size_t len = strlen(root);
    const char *slash = len > 0 && root[len - 1] == '/' ? "" : "/";
    int n = snprintf(out, REMOTE_URL, "%s%scollections/%s/", root, slash, collection);

    for (const char *c = collection; *c != '\0'; c++)
        if (strchr("/?#%& ", *c) != NULL)
            return false;
    return n > 0 && n < REMOTE_URL && collection[0] != '\0';
}

/* ---- what a server has -------------------------------------------------------------------------
 */

struct listing {
    const struct call *call;
    struct remote remote;
    struct columns columns;
    json_t *json;
    size_t roots;
};

static void add_row(struct listing *l, const char *root, const struct foreign *f, size_t row)
{
    static const size_t shown[] = {0, 1, 3, 4, 2}; /* id, alias, can_read, can_write, title */

    columns_add(&l->columns, l->call->say, root);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        const char *cell = foreign_cell(f, row, shown[i]);

        columns_add(&l->columns, l->call->say,
                    shown[i] < 3                ? cell
                    : strcmp(cell, "true") == 0 ? "yes"
                                                : "no");
    }
}

static void add_collection(struct listing *l, const char *root, const struct foreign *f, size_t row)
{
    if (!l->call->say->json) {
        add_row(l, root, f, row);
        return;
    }
    json_array_append_new(
        l->json, json_pack("{ss ss ss ss sb sb}", "root", root, "id", foreign_cell(f, row, 0),
                           "alias", foreign_cell(f, row, 1), "title", foreign_cell(f, row, 2),
                           "can_read", strcmp(foreign_cell(f, row, 3), "true") == 0, "can_write",
                           strcmp(foreign_cell(f, row, 4), "true") == 0));
}

/* Asks one thing of the server; EXIT_DONE: *out is a good answer. */
static enum exit_code get(struct listing *l, const char *url, enum foreign_kind kind,
                          struct remote_answer *out)
{
    struct fault f = remote_ask(&l->remote, "GET", url, bytes_of("", 0), kind, out);

    if (fault_is(f))
        return remote_died(l->call->say, f);
    if (out->http.trouble != FETCH_GOOD || out->http.status != 200 || fault_is(out->read.fault))
        return remote_error(l->call->say, url, out);
    if (!out->typed)
        say_note(l->call->say, "note: %s has another Content-Type than TAXII 2.1's\n", url);
    return EXIT_DONE;
}

static enum exit_code list_root(struct listing *l, const char *root)
{
    struct remote_answer a = {.typed = false};
    char url[REMOTE_URL + 16];
    enum exit_code code;

    snprintf(url, sizeof url, "%scollections/", root);
    code = get(l, url, FOREIGN_COLLECTIONS, &a);
    for (size_t i = 0; code == EXIT_DONE && i < a.read.rows; i++)
        add_collection(l, root, &a.read, i);
    l->roots++;
    remote_answer_done(&a);
    return code;
}

static enum exit_code list_roots(struct listing *l, const struct foreign *discovery)
{
    enum exit_code code = EXIT_DONE, one;
    char url[REMOTE_URL];

    for (size_t i = 0; i < discovery->rows; i++) {
        if (!remote_join(&l->remote, foreign_cell(discovery, i, 0), url)) {
            say_note(l->call->say, "note: its root %s is on another server, which was not asked\n",
                     foreign_cell(discovery, i, 0));
            continue;
        }
        one = list_root(l, url);
        code = code == EXIT_DONE ? one : code;
    }
    return code;
}

/* The URL is a server's discovery, or an API root: only a discovery has api_roots. */
static enum exit_code list_server(struct listing *l, const char *given)
{
    struct remote_answer a = {.typed = false};
    char url[REMOTE_URL];
    enum exit_code code;

    if (!remote_join(&l->remote, given, url))
        return say_error(l->call->say, EXIT_USAGE, "usage", "longer than any URL is", NULL,
                         "the URL cannot be asked");
    code = get(l, url, FOREIGN_DISCOVERY, &a);
    if (code == EXIT_DONE)
        code = a.read.rows > 0 ? list_roots(l, &a.read) : list_root(l, url);
    remote_answer_done(&a);
    return code;
}

static void print_listing(struct listing *l, const char *name)
{
    if (l->call->say->json)
        say_json(l->call->say, json_pack("{so}", name, json_incref(l->json)));
    else
        columns_print(&l->columns, l->call->say);
    json_decref(l->json);
}

static enum exit_code list_theirs(const struct call *call)
{
    struct listing l = {.call = call,
                        .columns = {.heading = {"ROOT", "ID", "ALIAS", "READ", "WRITE", "TITLE"}},
                        .json = json_array()};
    enum exit_code code = remote_open(call, call->args->word[0], &l.remote);

    if (code == EXIT_DONE) {
        code = list_server(&l, call->args->word[0]);
        remote_close(&l.remote);
    }
    print_listing(&l, "collections");
    return code;
}

/* ---- what we hold ------------------------------------------------------------------------------
 */

static struct fault count_held(struct store *s, int64_t collection, int64_t *out)
{
    struct rows r = store_ask(s, EXCHANGE_OBJECT_COUNT, STORE_WITH(value_integer(collection)));

    *out = rows_next(&r) ? row_integer(&r, 0) : 0;
    return rows_done(&r);
}

static void add_held(struct listing *l, const char *root, const char *id, int64_t count)
{
    bool pulled = strcmp(root, PULLED_ROOT) == 0;

    if (l->call->say->json) {
        json_array_append_new(l->json, json_pack("{ss ss sI}", "root", pulled ? "pulled" : root,
                                                 "id", id, "objects", (json_int_t)count));
        return;
    }
    columns_add(&l->columns, l->call->say, pulled ? "pulled" : root);
    columns_add(&l->columns, l->call->say, id);
    columns_add_number(&l->columns, count);
}

static struct fault list_held(struct listing *l, struct store *store)
{
    struct rows r = store_ask(store, EXCHANGE_COLLECTION_LIST, STORE_NOTHING);
    char root[CONFIG_NAME], id[PULLED_NAME];
    struct fault f = fault_none(), end;

    while (!fault_is(f) && rows_next(&r)) {
        int64_t count = 0;

        row_text(&r, 1, root, sizeof root);
        row_text(&r, 2, id, sizeof id);
        f = count_held(store, row_integer(&r, 0), &count);
        add_held(l, root, id, count);
    }
    end = rows_done(&r);
    return fault_is(f) ? f : end;
}

static enum exit_code list_ours(const struct call *call)
{
    struct listing l = {.call = call,
                        .columns = {.heading = {"ROOT", "COLLECTION", "OBJECTS"}},
                        .json = json_array()};
    struct store *store = NULL;
    enum exit_code code = held_open(call, false, &store);
    struct fault f;

    if (code == EXIT_DONE) {
        f = list_held(&l, store);
        code = fault_is(f) ? held_error(call->say, f) : EXIT_DONE;
        store_close(store);
    }
    print_listing(&l, "held");
    return code;
}

enum exit_code collection_list(const struct call *call)
{
    return call->args->words == 0 ? list_ours(call) : list_theirs(call);
}

#include "cmd/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/node.h"
#include "cmd/say.h"
#include "exchange/marked.h"
#include "exchange/shelf.h"
#include "proc/settings.h"
#include "store/exchange_query.h"

#define HELD_ROOT "@own" /* no name of a root */

enum exit_code held_error(struct say *s, struct fault f)
{
    if (f.kind == FAULT_REFUSED)
        return say_error(s, EXIT_STORE, "locked", f.rule, "wait until the other has ended",
                         "the store of the exchange is held by another process");
    return say_error(s, EXIT_STORE, fault_word(f.kind),
                     f.kind == FAULT_IO ? strerror((int)f.at) : f.rule, NULL,
                     "the store of the exchange cannot be used: %s", f.rule);
}

struct fault held_settings_at(const char *folder, struct settings *out)
{
    struct buf path = {0}, text = {0};
    struct fault f;

    buf_print(&path, "%s/settings.json", folder);
    f = disk_read(buf_str(&path), SETTINGS_MAX, &text);
    if (!fault_is(f))
        f = settings_parse(buf_view(&text), out, NULL);
    buf_done(&path);
    buf_done(&text);
    return f;
}

/* Where the settings say, if they have an exchange; else where the first one would be. */
static struct fault named_place(const char *folder, char *out, size_t size)
{
    struct settings *settings = memory_zeroed(1, sizeof *settings);
    struct fault f = held_settings_at(folder, settings);

    if (!fault_is(f))
        snprintf(out, size, "%s",
                 settings->has_exchange ? settings->exchange.store : SETTINGS_EXCHANGE_STORE);
    free(settings);
    return f;
}

/* A file's folder belongs to the exchange alone. */
static enum exit_code make_folder(struct say *s, const char *path)
{
    char *folder = memory_text(path, (size_t)(strrchr(path, '/') - path));
    enum exit_code code = EXIT_DONE;

    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        code = disk_error(s, fault_io("make the folder"), folder);
    free(folder);
    return code;
}

/* The node's, in its directory. */
static enum exit_code place_of_node(const struct call *call, bool make, struct buf *out)
{
    const char *folder = node_find(call->args);
    char named[SETTINGS_PATH];
    struct fault f;

    if (!node_is_at(folder))
        return say_error(call->say, EXIT_NOT_FOUND, "no-node", "it holds no settings.json",
                         "--store FILE, or --node DIR, or PARLEY_NODE", "there is no node at %s",
                         folder);
    f = named_place(folder, named, sizeof named);
    if (fault_is(f))
        return disk_error(call->say, f, "settings.json");
    if (backend_of(named) == &backend_sqlite)
        buf_print(out, "%s/", folder);
    buf_text(out, named);
    return make && backend_of(named) == &backend_sqlite ? make_folder(call->say, buf_str(out))
                                                        : EXIT_DONE;
}

enum exit_code held_open(const struct call *call, bool make, struct store **out)
{
    const char *where = args_value(call->args, "--store");
    struct buf place = {0};
    enum exit_code code = EXIT_DONE;
    struct fault f;

    if (where != NULL)
        buf_text(&place, where);
    else
        code = place_of_node(call, make, &place);
    if (code == EXIT_DONE && !make && backend_of(buf_str(&place)) == &backend_sqlite &&
        !disk_has(buf_str(&place)))
        code = say_error(call->say, EXIT_NOT_FOUND, "nothing-held", NULL,
                         "parley collection pull URL COLLECTION",
                         "nothing was pulled or added yet: there is no %s", buf_str(&place));
    if (code == EXIT_DONE) {
        f = store_open(backend_of(buf_str(&place)), &schema_exchange, buf_str(&place), STORE_SHARED,
                       out);
        code = fault_is(f) ? held_error(call->say, f) : EXIT_DONE;
    }
    buf_done(&place);
    return code;
}

/* ---- a collection of our own -------------------------------------------------------------------
 */

static bool is_named(const struct config *c, const struct config_collection *k, const char *named)
{
    size_t len = strlen(c->root[k->root].name);

    return strncmp(named, c->root[k->root].name, len) == 0 && named[len] == '/' &&
           (strcmp(named + len + 1, k->alias) == 0 || strcmp(named + len + 1, k->id) == 0);
}

static const struct config_collection *choose(const struct config *c, const char *named)
{
    for (size_t i = 0; i < c->collection_count; i++) {
        const struct config_collection *k = &c->collection[i];

        if (named == NULL ? c->root[k->root].audience == AUDIENCE_OWN : is_named(c, k, named))
            return k;
    }
    return NULL;
}

static enum exit_code collection_of(const struct call *call, const struct config *c,
                                    struct store *s, int64_t *out, enum tlp *marking)
{
    const char *named = args_value(call->args, "--collection");
    const struct config_collection *k = choose(c, named);
    struct fault f;

    if (k == NULL && named != NULL)
        return say_error(call->say, EXIT_NOT_FOUND, "not-found", NULL, "parley exchange status",
                         "the exchange has no collection %s", named);
    if (k != NULL && c->root[k->root].audience == AUDIENCE_PARTNER)
        return say_error(call->say, EXIT_REFUSED, "refused",
                         "what a partner reads leaves the house: officers release it",
                         "parley share FILE", "%s is a partner's", named);
    *marking = k == NULL ? TLP_NONE : k->marking;
    f = shelf_collection(s, k == NULL ? HELD_ROOT : c->root[k->root].name,
                         k == NULL ? "indicators" : k->id, out);
    return fault_is(f) ? held_error(call->say, f) : EXIT_DONE;
}

enum exit_code held_collection(const struct call *call, struct store *s, int64_t *out,
                               enum tlp *marking)
{
    struct settings *settings = memory_zeroed(1, sizeof *settings);
    const char *folder = node_find(call->args);
    struct fault f = fault_none();
    enum exit_code code;

    if (args_value(call->args, "--store") == NULL)
        f = held_settings_at(folder, settings);
    code = fault_is(f) ? disk_error(call->say, f, "settings.json")
                       : collection_of(call, &settings->exchange.config, s, out, marking);
    free(settings);
    return code;
}

void held_marked(const struct call *call, struct judged *j)
{
    struct settings *settings = memory_zeroed(1, sizeof *settings);

    if (!fault_is(held_settings_at(node_find(call->args), settings)))
        marked_all(&settings->exchange.config, NULL, j);
    free(settings);
}

enum exit_code held_settings(const struct call *call, struct settings *out)
{
    const char *folder = node_find(call->args);
    struct fault f;

    if (!node_is_at(folder))
        return say_error(call->say, EXIT_NOT_FOUND, "no-node", "it holds no settings.json",
                         "--node DIR, or PARLEY_NODE", "there is no node at %s", folder);
    f = held_settings_at(folder, out);
    return fault_is(f) ? disk_error(call->say, f, "settings.json") : EXIT_DONE;
}

/*
 * join.c - parley agreement join: one more agreement for a node that is there.
 *
 * The party, the channel key and the statement keys stay; what is new is the agreement's folder
 * with a genesis of its own, its pinned root keys, and its name in settings.json, which is
 * replaced last: until then the node knows nothing of it.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/keyfile.h"
#include "cmd/node.h"
#include "cmd/placed.h"
#include "cmd/run.h"
#include "io/file.h"
#include "keeper/pins.h"
#include "proc/settings.h"
#include "tls/identity.h"
#include "json/profile.h"

struct join {
    struct placed placed;
    struct say *s;
    const char *node;
    json_t *settings, *pins; /* the node's own, with the new agreement in them; owned */
    struct keyfile key[ROLE_COUNT * AGREEMENT_SUITES];
    struct placed_key public[ROLE_COUNT * AGREEMENT_SUITES];
    size_t keys;
    enum exit_code exit;
};

static bool stop(struct join *j, enum exit_code code)
{
    j->exit = code;
    return false;
}

static void path_of(const struct join *j, const char *name, char *out)
{
    snprintf(out, PATH_MAX, "%s/%s", j->node, name);
}

/* One of the node's own JSON files, in the indented form. */
static bool read_json(struct join *j, const char *name, json_t **out)
{
    const struct json_limits limits = {PINS_MAX, JSON_DEPTH};
    char path[PATH_MAX];
    struct buf text = {0};
    struct fault f;

    path_of(j, name, path);
    f = disk_read(path, PINS_MAX, &text);
    if (!fault_is(f))
        f = json_read_indented(buf_view(&text), limits, out);
    buf_done(&text);
    return !fault_is(f) || stop(j, disk_error(j->s, f, path));
}

/* ---- what is given must fit ---- */

static bool check_node(struct join *j)
{
    const json_t *id;
    size_t at;

    if (!read_json(j, "settings.json", &j->settings) ||
        !read_json(j, "keeper/roots.json", &j->pins))
        return false;
    if (!placed_read(&j->placed, json_string_value(json_object_get(j->settings, "party"))))
        return stop(j, j->placed.exit);
    json_array_foreach(
        json_object_get(j->settings, "agreements"), at,
        id) if (json_is_string(id) &&
                strcmp(json_string_value(id), j->placed.a->id) ==
                    0) return stop(j,
                                   say_error(
                                       j->s, EXIT_CONFLICT, "exists",
                                       "a later version is brought by `parley agreement accept`",
                                       "parley agreement list", "the node has %s already",
                                       j->placed.a->id));
    return true;
}

static bool check_channel(struct join *j)
{
    char path[PATH_MAX];
    struct buf certificate = {0};
    struct fault f;
    bool good;

    path_of(j, "keys/tls.cert.pem", path);
    f = disk_read(path, TLS_PEM, &certificate);
    good = !fault_is(f) || stop(j, disk_error(j->s, f, path));
    if (good && !placed_channel(&j->placed, buf_view(&certificate)))
        good = stop(j, j->placed.exit);
    buf_done(&certificate);
    return good;
}

/* The public half of the node's statement key of this role and suite, from the file beside it. */
static bool take_key(struct join *j, enum role role, const char *suite_id)
{
    const struct suite *suite = suite_find(bytes_text(suite_id));
    struct keyfile *k = &j->key[j->keys];
    char name[64 + SUITE_NAME], public[sizeof name + 4], path[PATH_MAX];

    role_key_path(role, suite, name, sizeof name);
    snprintf(public, sizeof public, "%s.pub", name);
    path_of(j, public, path);
    if (!keyfile_read(j->s, path, NULL, k, &j->exit))
        return false;
    if (k->suite != suite)
        return stop(j,
                    say_error(j->s, EXIT_REFUSED, "mismatch",
                              "the agreement's suites need a statement key each", NULL,
                              "%s is of suite %s, not %s", path, suite_name(k->suite), suite_id));
    j->public[j->keys++] = (struct placed_key){role, suite, bytes_of(k->key, k->key_len)};
    return true;
}

static bool make_genesis(struct join *j)
{
    const struct agreement *a = j->placed.a;

    for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        for (size_t n = 0; n < a->suite_count; n++)
            if (!take_key(j, (enum role)role, a->suites[n]))
                return false;
    return placed_genesis(&j->placed, j->public, j->keys) || stop(j, j->placed.exit);
}

/* ---- what the node is told ---- */

/* The new agreement's pins, as `parley init` would have written them, beside those there are. */
static bool add_pins(struct join *j)
{
    const struct json_limits limits = {PINS_MAX, JSON_DEPTH};
    const struct agreement *a = j->placed.a;
    struct buf text = {0};
    json_t *one = NULL;
    struct fault f;

    pins_write(&a, 1, &text);
    f = json_read_indented(buf_view(&text), limits, &one);
    buf_done(&text);
    if (!fault_is(f))
        json_array_extend(json_object_get(j->pins, "agreements"),
                          json_object_get(one, "agreements"));
    json_decref(one);
    return !fault_is(f) ||
           stop(j, say_error(j->s, EXIT_FAILED, fault_word(f.kind), f.rule, NULL, "no pins"));
}

/* As the node will read them: what it would refuse is refused here. */
static bool add_settings(struct join *j)
{
    struct settings *read = memory_zeroed(1, sizeof *read);
    struct settings_error error = {.line = 0};
    struct buf text = {0};
    struct fault f;

    json_array_append_new(json_object_get(j->settings, "agreements"), json_string(j->placed.a->id));
    json_indented(j->settings, &text);
    f = settings_parse(buf_view(&text), read, &error);
    buf_done(&text);
    free(read);
    return !fault_is(f) || stop(j, say_error(j->s, EXIT_USAGE, "usage", error.why, NULL,
                                             "the settings would be wrong: %s", error.member));
}

static bool replace(struct join *j, const char *name, const json_t *tree, mode_t mode)
{
    char path[PATH_MAX];
    struct buf text = {0};
    struct fault f;

    json_indented(tree, &text);
    path_of(j, name, path);
    f = file_replace(path, buf_view(&text), mode);
    buf_done(&text);
    return !fault_is(f) || stop(j, disk_error(j->s, f, path));
}

/* A folder that is there and not in the settings is what a cut-off join left: it is in the way,
 * and a person removes it. */
static bool write_all(struct join *j)
{
    char folder[PATH_MAX + 128];

    snprintf(folder, sizeof folder, "%s/agreements/%s", j->node, j->placed.a->id);
    if (!placed_write(&j->placed, folder))
        return stop(j, j->placed.exit);
    return replace(j, "keeper/roots.json", j->pins, 0600) &&
           replace(j, "settings.json", j->settings, 0644);
}

static enum exit_code tell(const struct join *j, bool dry)
{
    const struct agreement *a = j->placed.a;

    if (j->s->json) {
        say_json(j->s, json_pack("{ss,ss,sI,ss,sb}", "node", j->node, "agreement", a->id, "version",
                                 (json_int_t)a->version, "party", j->placed.party->id, "dry", dry));
        return EXIT_DONE;
    }
    say_data(j->s, "%s has joined %s version %u, with %s\n", j->placed.party->id, a->id, a->version,
             agreement_other(a, j->placed.party)->id);
    if (!dry)
        say_data(j->s,
                 "next: start the node anew, or send its first process SIGHUP;\n"
                 "  parley officer add NAME --agreement %s --role drafter,releaser --key FILE "
                 "--root-key FILE\n",
                 a->id);
    return EXIT_DONE;
}

enum exit_code agreement_join(const struct call *call)
{
    struct join j = {.s = call->say,
                     .node = node_find(call->args),
                     .placed = {.call = call, .s = call->say, .path = call->args->word[0]}};
    bool dry = args_has(call->args, "--dry-run");

    if (check_node(&j) && check_channel(&j) && make_genesis(&j) && add_pins(&j) &&
        add_settings(&j) && (dry || write_all(&j)))
        j.exit = tell(&j, dry);
    json_decref(j.settings);
    json_decref(j.pins);
    placed_done(&j.placed);
    return j.exit;
}

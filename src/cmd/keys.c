/* keys.c - parley key rotate, revoke: new role keys in keys/next/, and the plan that names them */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/disk.h"
#include "cmd/keyfile.h"
#include "cmd/node.h"
#include "cmd/passphrase.h"
#include "cmd/rooted.h"
#include "cmd/run.h"
#include "ledger/roles.h"

#include <sys/stat.h>

enum { PATH_ROOM = NODE_PATH + 128 };

/* One key of the plan: kept as it is, or a new one. */
struct planned {
    enum role role;
    char suite[SUITE_NAME];
    struct secret *secret; /* owned; NULL: it stays */
};

struct plan {
    const struct call *call;
    struct say *s;
    const char *node;
    const char *state; /* "rotated", "revoked" */
    json_t *shown;     /* the node's answer; owned */
    json_t *fields;    /* owned */
    struct planned key[ROLE_COUNT * AGREEMENT_SUITES];
    size_t keys;
    enum exit_code exit;
};

static bool stop(struct plan *p, enum exit_code exit)
{
    p->exit = exit;
    return false;
}

/* Is this role to be changed? All are, unless --role names some. */
static bool is_asked(const struct plan *p, enum role role)
{
    const char *list = args_value(p->call->args, "--role");
    struct bytes rest = bytes_text(list == NULL ? "" : list);

    if (list == NULL)
        return true;
    while (rest.len != 0)
        if (role_parse(several_next(&rest)) == role)
            return true;
    return false;
}

static bool check_roles(struct plan *p)
{
    const char *list = args_value(p->call->args, "--role");
    struct bytes rest = bytes_text(list == NULL ? "log" : list);

    while (rest.len != 0)
        if (role_parse(several_next(&rest)) == ROLE_NONE)
            return stop(p, say_error(p->s, EXIT_USAGE, "usage", "roles are log, cosign and hello",
                                     "--role log,cosign,hello", "no role of a key: %s", list));
    return true;
}

/* The keys that the log names last. */
static const json_t *newest(const struct plan *p)
{
    const json_t *times = answer_list(p->shown, "ours");

    return json_array_get(times, json_array_size(times) - 1);
}

static void add_field(struct plan *p, const char *name, const char *text)
{
    json_object_set_new(p->fields, name, json_string(text));
}

static bool add_key(struct plan *p, const json_t *now)
{
    struct planned *k = &p->key[p->keys++];
    char path[80];
    struct buf text = {0};
    struct fault f;

    k->role = role_parse(bytes_text(answer_text(now, "role")));
    snprintf(k->suite, sizeof k->suite, "%s", answer_text(now, "suite"));
    snprintf(path, sizeof path, "key.%s.%s", answer_text(now, "role"), k->suite);
    if (!is_asked(p, k->role)) {
        add_field(p, path, answer_text(now, "key"));
        return true;
    }
    f = secret_new(suite_find(bytes_text(k->suite)), &k->secret);
    if (fault_is(f))
        return stop(p, say_error(p->s, EXIT_CANNOT_TELL, "unknown-suite", f.rule,
                                 "parley key suites", "no key of suite %s can be made", k->suite));
    buf_base64(&text, secret_public(k->secret).data, secret_public(k->secret).len);
    add_field(p, path, buf_str(&text));
    buf_done(&text);
    return true;
}

static bool make_plan(struct plan *p)
{
    const json_t *now;
    json_t *key;
    size_t i;
    char issued[INSTANT_TEXT + 1];
    struct buf origin = {0};

    p->shown = ask_node(p->call, "keys.show", NULL, &p->exit);
    if (p->shown == NULL)
        return false;
    now = newest(p);
    instant_write(instant_of_seconds(instant_seconds(instant_now())), issued);
    buf_print(&origin, "%s/parley/%s", answer_text(p->shown, "party"),
              answer_text(p->shown, "agreement"));
    p->fields = json_object();
    add_field(p, "agreement", answer_text(p->shown, "agreement"));
    add_field(p, "party", answer_text(p->shown, "party"));
    add_field(p, "origin", buf_str(&origin));
    add_field(p, "state", p->state);
    add_field(p, "issued", issued);
    json_object_set_new(p->fields, "serial", json_integer(answer_number(now, "serial") + 1));
    buf_done(&origin);
    json_array_foreach(answer_list(now, "keys"), i, key)
    {
        if (p->keys == ROLE_COUNT * AGREEMENT_SUITES || !add_key(p, key))
            return false;
    }
    return true;
}

/* ---- what is written ---- */

static bool put(struct plan *p, const char *path, struct bytes content, mode_t mode)
{
    struct fault f = disk_write_new(path, content, mode);

    return !fault_is(f) || stop(p, disk_error(p->s, f, path));
}

static bool put_key(struct plan *p, const struct planned *k, struct bytes phrase)
{
    char name[64 + SUITE_NAME], path[PATH_ROOM], public[PATH_ROOM + 4];
    struct buf pem = {0}, line = {0};
    struct fault f;
    bool good;

    if (k->secret == NULL)
        return true;
    role_next_path(k->role, secret_suite(k->secret), name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", p->node, name);
    snprintf(public, sizeof public, "%s.pub", path);
    f = secret_write_pem(k->secret, phrase, &pem);
    keyfile_public_line(k->secret, &line);
    good = !fault_is(f) || stop(p, say_error(p->s, EXIT_FAILED, fault_word(f.kind), f.rule, NULL,
                                             "no PEM can be made"));
    good = good && put(p, path, buf_view(&pem), 0600) && put(p, public, buf_view(&line), 0644);
    buf_wipe(&pem);
    buf_done(&line);
    return good;
}

/* The node's user reads them: whoever owns keys/ owns these. */
static bool make_folder(struct plan *p)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "%s/keys/next", p->node);
    if (mkdir(path, 0700) == 0 || disk_has(path))
        return true;
    return stop(p, disk_error(p->s, fault_io("make"), path));
}

static bool put_keys(struct plan *p)
{
    const char *path = args_value(p->call->args, "--key-passphrase-file");
    struct buf phrase = {0};
    struct fault f = path == NULL ? fault_none() : passphrase_from_file(path, &phrase);
    bool good = !fault_is(f) || stop(p, disk_error(p->s, f, path));

    good = good && make_folder(p);
    for (size_t i = 0; i < p->keys && good; i++)
        good = put_key(p, &p->key[i], buf_view(&phrase));
    buf_wipe(&phrase);
    return good;
}

static bool put_plan(struct plan *p)
{
    const char *out = args_value(p->call->args, "--out");
    struct roots nobody = {.count = 0};
    struct buf document = {0};
    char name[300];
    struct fault f =
        rooted_write(&nobody, bytes_text(answer_text(p->shown, "agreement")), p->fields, &document);
    bool good = !fault_is(f) || stop(p, say_error(p->s, EXIT_FAILED, fault_word(f.kind), f.rule,
                                                  NULL, "no plan can be made"));

    snprintf(name, sizeof name, "%s.keys.%lld.plan", answer_text(p->shown, "agreement"),
             (long long)json_integer_value(json_object_get(p->fields, "serial")));
    good = good && put(p, out == NULL ? name : out, buf_view(&document), 0644);
    if (good && p->s->json)
        say_json(p->s, json_pack("{ss,sO}", "plan", out == NULL ? name : out, "serial",
                                 json_object_get(p->fields, "serial")));
    else if (good)
        say_data(p->s,
                 "plan        %s\n"
                 "next: where the root key is,  parley key sign %s --root-key FILE\n"
                 "      and here,               parley key install %s.signed\n",
                 out == NULL ? name : out, out == NULL ? name : out, out == NULL ? name : out);
    buf_done(&document);
    return good;
}

static void print_plan(const struct plan *p)
{
    size_t i;
    json_t *key;

    if (p->s->json)
        return;
    answer_row(p->s, "agreement", answer_text(p->shown, "agreement"));
    answer_row(p->s, "state", p->state);
    json_array_foreach(answer_list(newest(p), "keys"), i, key) say_data(
        p->s, "%-11s %s %s %s\n",
        is_asked(p, role_parse(bytes_text(answer_text(key, "role")))) ? "replaces" : "keeps",
        answer_text(key, "role"), answer_text(key, "suite"), answer_text(key, "fingerprint"));
}

static bool waits_already(struct plan *p)
{
    for (size_t i = 0; i < p->keys; i++) {
        char name[64 + SUITE_NAME], path[PATH_ROOM];

        role_next_path(p->key[i].role, suite_find(bytes_text(p->key[i].suite)), name, sizeof name);
        snprintf(path, sizeof path, "%s/%s", p->node, name);
        if (disk_has(path))
            return !stop(p, say_error(p->s, EXIT_CONFLICT, "exists",
                                      "a change of keys is under way, or was left half-way",
                                      "parley key settle; or remove the files of keys/next/",
                                      "%s is there already", path));
    }
    return false;
}

static enum exit_code run(const struct call *call, const char *state)
{
    struct plan p = {.call = call, .s = call->say, .node = node_find(call->args), .state = state};
    bool dry = args_has(call->args, "--dry-run");

    p.exit = EXIT_DONE;
    if (check_roles(&p) && make_plan(&p) && !waits_already(&p)) {
        print_plan(&p);
        if (!dry && put_keys(&p))
            (void)put_plan(&p);
    }
    for (size_t i = 0; i < p.keys; i++)
        secret_free(p.key[i].secret);
    json_decref(p.shown);
    json_decref(p.fields);
    return p.exit;
}

enum exit_code key_rotate(const struct call *call)
{
    return run(call, "rotated");
}

enum exit_code key_revoke(const struct call *call)
{
    return run(call, "revoked");
}

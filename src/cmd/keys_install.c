/* keys_install.c - parley key sign, install, show, settle: a plan of keys on its way into the log
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/keyfile.h"
#include "cmd/node.h"
#include "cmd/run.h"
#include "crypto/domain.h"
#include "ledger/roles.h"
#include "statement/document.h"
#include "json/profile.h"

enum { PATH_ROOM = NODE_PATH + 320 };

/* ---- sign ---- */

static bool read_plan(struct say *s, const char *path, struct buf *text, struct disclosed **out,
                      enum exit_code *exit)
{
    struct fault f = disk_read(path, DOCUMENT_MAX, text);

    if (fault_is(f)) {
        *exit = disk_error(s, f, path);
        return false;
    }
    f = disclosed_parse(buf_view(text), out);
    if (!fault_is(f) && disclosed_value(*out, "serial") == NULL) {
        disclosed_free(*out);
        f = fault_make(FAULT_MISSING, 0, "docs/STATEMENTS: KEYS: serial");
    }
    if (fault_is(f))
        *exit = say_error(s, EXIT_REFUSED, fault_word(f.kind), f.rule, "parley key rotate",
                          "%s is no plan of keys", path);
    return !fault_is(f);
}

static void print_plan(struct say *s, const struct disclosed *d)
{
    static const char *const texts[] = {"agreement", "party", "state", "issued"};
    struct disclosed_leaf leaf;

    if (s->json)
        return;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        answer_row(s, texts[i], disclosed_text(d, texts[i]));
    for (size_t i = 0; disclosed_leaf_at(d, i, &leaf); i++)
        if (leaf.path != NULL && strncmp(leaf.path, "key.", 4) == 0)
            say_data(s, "%-22s %s\n", leaf.path, disclosed_text(d, leaf.path));
}

static json_t *signature_by(struct secret *root, const struct disclosed *d)
{
    struct digest hash = disclosed_root(d);
    struct buf key = {0}, signature = {0}, text = {0};
    json_t *object;

    domain_sign(root, DOMAIN_ROOT, bytes_text(disclosed_text(d, "agreement")),
                bytes_of(hash.byte, sizeof hash.byte), &signature);
    buf_base64(&key, secret_public(root).data, secret_public(root).len);
    buf_base64(&text, signature.data, signature.len);
    object = json_pack("{ss,ss,ss}", "suite", suite_name(secret_suite(root)), "key", buf_str(&key),
                       "signature", buf_str(&text));
    buf_done(&key);
    buf_done(&signature);
    buf_done(&text);
    return object;
}

/* The plan's bytes with these signatures. */
static struct fault add_signatures(struct bytes plan, const struct disclosed *d,
                                   const struct keyring *roots, struct buf *out)
{
    const struct json_limits limits = {DOCUMENT_MAX, JSON_DEPTH};
    json_t *tree, *list = json_array();
    struct fault f = json_read_canonical(plan, limits, &tree);

    for (size_t i = 0; i < roots->count; i++)
        json_array_append_new(list, signature_by(roots->key[i], d));
    if (fault_is(f)) {
        json_decref(list);
        return f;
    }
    json_object_set_new(tree, "signatures", list);
    json_canonical(tree, out);
    json_decref(tree);
    return f;
}

static bool confirm(const struct call *call, enum exit_code *exit)
{
    return args_has(call->args, "--yes") || args_has(call->args, "--dry-run") ||
           say_confirm(call->say,
                       "The root key signs that these are the party's keys from now on. Sign?",
                       "not-signed", "nothing was signed", exit);
}

enum exit_code key_sign(const struct call *call)
{
    const char *path = call->args->word[0];
    struct keyring roots = {.count = 0};
    struct buf plan = {0}, text = {0};
    struct disclosed *d = NULL;
    enum exit_code code = EXIT_DONE;
    struct fault f;

    if (read_plan(call->say, path, &plan, &d, &code)) {
        print_plan(call->say, d);
        if (confirm(call, &code) && keyring_open(call, "--root-key", NULL, &roots, &code)) {
            f = add_signatures(buf_view(&plan), d, &roots, &text);
            if (roots.count == 0)
                code = say_error(call->say, EXIT_USAGE, "usage", NULL, "--root-key FILE",
                                 "--root-key is missing");
            else if (fault_is(f))
                code = say_error(call->say, EXIT_REFUSED, fault_word(f.kind), f.rule, NULL,
                                 "%s cannot be signed", path);
            else if (!args_has(call->args, "--dry-run"))
                code = disk_give(call->say, bytes_text(path), ".signed", buf_view(&text));
        }
        disclosed_free(d);
    }
    keyring_done(&roots);
    buf_done(&plan);
    buf_done(&text);
    return code;
}

/* ---- install ---- */

/* Keeper is begun anew with keys/next/, and something else may be on its way to it: both pass. */
static json_t *change(const struct call *call, const char *document, enum exit_code *exit)
{
    struct ask_answer a;

    for (int i = 0; i < 40; i++) {
        ask_put(call, "keys.change", json_pack("{ss}", "document", document), &a);
        if (a.tree != NULL) {
            *exit = EXIT_DONE;
            return a.tree;
        }
        if (strcmp(a.code, "busy") != 0 && strcmp(a.code, "clock") != 0)
            break;
        if (i < 39)
            ask_done(&a);
        usleep(250000);
    }
    *exit = ask_error(call->say, &a);
    ask_done(&a);
    return NULL;
}

static enum exit_code install(const struct call *call, const char *document)
{
    enum exit_code code = EXIT_DONE;
    json_t *a =
        ask_node(call, "keys.change", json_pack("{ss,sb}", "document", document, "dry", 1), &code);

    if (a == NULL)
        return code;
    json_decref(a);
    if (args_has(call->args, "--dry-run")) {
        say_note(call->say, "the node would take it\n");
        return EXIT_DONE;
    }
    a = ask_node(call, "keys.reload", NULL, &code);
    if (a == NULL)
        return code;
    json_decref(a);
    a = change(call, document, &code);
    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    say_data(call->say, "%-11s #%lld\n%-11s %lld\n", "entry", answer_number(a, "index"), "serial",
             answer_number(a, "serial"));
    say_note(call->say, "next: when the partner has cosigned it, parley key settle\n");
    json_decref(a);
    return code;
}

enum exit_code key_install(const struct call *call)
{
    struct buf text = {0};
    struct disclosed *d = NULL;
    enum exit_code code = EXIT_DONE;

    if (read_plan(call->say, call->args->word[0], &text, &d, &code)) {
        code = install(call, buf_str(&text));
        disclosed_free(d);
    }
    buf_done(&text);
    return code;
}

/* ---- show ---- */

static void add_rows(struct columns *c, struct say *s, const char *whose, const json_t *times)
{
    size_t i, k;
    json_t *time, *key;

    json_array_foreach(times, i, time) json_array_foreach(answer_list(time, "keys"), k, key)
    {
        char index[32];

        snprintf(index, sizeof index, "#%lld", answer_number(time, "index"));
        columns_add(c, s, whose);
        columns_add(c, s, index);
        columns_add(c, s,
                    i + 1 == json_array_size(times) ? "in force"
                    : answer_flag(time, "stolen")   ? "revoked"
                                                    : "replaced");
        columns_add(c, s, answer_text(key, "role"));
        columns_add(c, s, answer_text(key, "suite"));
        columns_add(c, s, answer_text(key, "fingerprint"));
    }
}

enum exit_code key_show(const struct call *call)
{
    struct columns c = {.heading = {"PARTY", "ENTRY", "STATE", "ROLE", "SUITE", "FINGERPRINT"}};
    enum exit_code code = EXIT_DONE;
    json_t *a = ask_node(call, "keys.show", NULL, &code);

    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    add_rows(&c, call->say, answer_text(a, "party"), answer_list(a, "ours"));
    add_rows(&c, call->say, answer_text(a, "partner"), answer_list(a, "theirs"));
    columns_print(&c, call->say);
    json_decref(a);
    return code;
}

/* ---- settle ---- */

/* Does this agreement's log name the key, by an entry that both sides hold? */
static bool names(const json_t *shown, const char *fingerprint)
{
    const json_t *times = answer_list(shown, "ours");
    const json_t *last = json_array_get(times, json_array_size(times) - 1);
    size_t i;
    json_t *key;

    json_array_foreach(answer_list(last, "keys"), i,
                       key) if (strcmp(answer_text(key, "fingerprint"), fingerprint) ==
                                0) return answer_flag(last, "binding");
    return false;
}

static bool settle_one(const struct call *call, const json_t *all, const char *name,
                       enum exit_code *exit)
{
    const char *node = node_find(call->args);
    char from[PATH_ROOM], to[PATH_ROOM], fingerprint[FINGERPRINT_TEXT];
    struct keyfile k;
    size_t i;
    json_t *shown;

    snprintf(from, sizeof from, "%s/keys/next/%s", node, name);
    if (!keyfile_read(call->say, from, NULL, &k, exit))
        return false;
    fingerprint_write(suite_key_id(k.suite, bytes_of(k.key, k.key_len)), fingerprint);
    json_array_foreach(answer_list(all, "agreements"), i, shown) if (!names(shown, fingerprint))
    {
        *exit = say_error(call->say, EXIT_CONFLICT, "not-binding",
                          "the file takes the old key's name when no log needs that one any more",
                          "parley key show; parley key install",
                          "the log of %s does not name the key of %s by a binding entry",
                          answer_text(shown, "agreement"), from);
        return false;
    }
    if (args_has(call->args, "--dry-run"))
        return true;
    for (size_t n = 0; n < 2; n++) { /* the private key first: what is left half-way is found in
                                        either folder */
        size_t len = strlen(name) - (n == 0 ? 4 : 0);

        snprintf(from, sizeof from, "%s/keys/next/%.*s", node, (int)len, name);
        snprintf(to, sizeof to, "%s/keys/%.*s", node, (int)len, name);
        if (rename(from, to) != 0 && !(n == 0 && errno == ENOENT)) {
            *exit = disk_error(call->say, fault_io("rename"), from);
            return false;
        }
    }
    say_data(call->say, "%-11s %s\n", "settled", to);
    return true;
}

static int is_public(const struct dirent *e)
{
    size_t len = strlen(e->d_name);

    return len > 8 && strcmp(e->d_name + len - 8, ".pem.pub") == 0;
}

enum exit_code key_settle(const struct call *call)
{
    char folder[PATH_ROOM];
    struct dirent **found = NULL;
    enum exit_code code = EXIT_DONE;
    json_t *all = ask_node(call, "keys.all", NULL, &code);
    int n;

    if (all == NULL)
        return code;
    snprintf(folder, sizeof folder, "%s/keys/next", node_find(call->args));
    n = scandir(folder, &found, is_public, alphasort);
    if (n <= 0)
        code = say_error(call->say, EXIT_NOT_FOUND, "not-found", NULL, "parley key rotate",
                         "nothing waits in %s", folder);
    for (int i = 0; i < n; i++) {
        if (code == EXIT_DONE)
            (void)settle_one(call, all, found[i]->d_name, &code);
        free(found[i]);
    }
    free(found);
    json_decref(all);
    return code;
}

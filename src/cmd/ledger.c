/* ledger.c - parley ledger checkpoint, prove, audit, erase; `show` is a row of lists.c */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/disk.h"
#include "cmd/outside.h"
#include "cmd/run.h"
#include "cmd/tiled.h"
#include "ledger/growth.h"
#include "ledger/proof.h"
#include "ledger/tree.h"

static void print_text(struct say *s, const char *text)
{
    struct buf safe = {0};

    outside_text(bytes_text(text), s->utf8, 0, &safe);
    say_data(s, "%s", buf_str(&safe));
    buf_done(&safe);
}

enum exit_code ledger_checkpoint(const struct call *call)
{
    enum exit_code code;
    json_t *a = ask_node(call, "ledger.checkpoint", NULL, &code);

    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    print_text(call->say, answer_text(a, "ours"));
    if (answer_text(a, "theirs")[0] != '\0') {
        say_data(call->say, "\n");
        print_text(call->say, answer_text(a, "theirs"));
    }
    json_decref(a);
    return code;
}

/* ---- prove ---- */

static bool path_of(const json_t *list, struct tree_path *out)
{
    if (json_array_size(list) > TREE_PATH_MAX)
        return false;
    out->count = json_array_size(list);
    for (size_t i = 0; i < out->count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || !base64_read(bytes_text(text), out->hash[i].byte, 32))
            return false;
    }
    return true;
}

/* Recomputes what the node says: the entry's leaf, the path, the root in its note. Whose
 * signatures stand under the note is `parley verify`'s question. */
static struct fault proof_check(const json_t *a)
{
    struct bytes note_text = bytes_text(answer_text(a, "note"));
    struct digest leaf = tree_leaf(bytes_text(answer_text(a, "entry")));
    struct tree_path path;
    struct checkpoint head;
    struct note note;
    struct fault f = note_parse(note_text, &note);

    if (!fault_is(f))
        f = checkpoint_parse(note.text, &head);
    if (fault_is(f))
        return f;
    if (!path_of(answer_list(a, "proof"), &path))
        return fault_make(FAULT_SYNTAX, 0, "the proof is no list of hashes");
    return tree_check_inclusion(&leaf, (uint64_t)answer_number(a, "index"), head.size, &head.root,
                                &path);
}

static void print_proof(struct say *s, const json_t *a)
{
    size_t i;
    json_t *hash;

    print_text(s, answer_text(a, "entry"));
    say_data(s, "\n");
    answer_row(s, "leaf", answer_text(a, "leaf"));
    json_array_foreach(answer_list(a, "proof"), i, hash)
        answer_row(s, "proof", json_string_value(hash) != NULL ? json_string_value(hash) : "");
    say_data(s, "\n");
    print_text(s, answer_text(a, "note"));
    say_data(s, "\n%s entry #%lld is in the log under this head\n", say_mark(s, true),
             answer_number(a, "index"));
}

/* The tlog-proof, the entry and the document, three files. */
static enum exit_code write_proof(struct say *s, const json_t *a, const char *path)
{
    struct proof p = {.index = (uint64_t)answer_number(a, "index"),
                      .note = bytes_text(answer_text(a, "note"))};
    struct buf text = {0};
    enum exit_code code;

    if (!path_of(answer_list(a, "proof"), &p.path)) /* proof_check has read it already */
        return EXIT_FAILED;
    proof_write(&p, &text);
    code = disk_give(s, bytes_text(path), "", buf_view(&text));
    if (code == EXIT_DONE)
        code = disk_give(s, disk_stem(path, ".tlog-proof"), ".entry",
                         bytes_text(answer_text(a, "entry")));
    if (code == EXIT_DONE && answer_text(a, "document")[0] != '\0')
        code = disk_give(s, disk_stem(path, ".tlog-proof"), ".document",
                         bytes_text(answer_text(a, "document")));
    buf_done(&text);
    return code;
}

static enum exit_code show_proof(const struct call *call, json_t *a)
{
    const char *out = args_value(call->args, "--out");
    struct fault f = proof_check(a);

    if (fault_is(f))
        return say_error(call->say, EXIT_FORGED, "forged", f.rule, "parley ledger audit",
                         "the proof of entry #%lld does not hold", answer_number(a, "index"));
    if (out != NULL)
        return write_proof(call->say, a, out);
    if (call->say->json)
        say_json(call->say, json_incref(a));
    else
        print_proof(call->say, a);
    return EXIT_DONE;
}

static enum exit_code show_growth(const struct call *call, json_t *a)
{
    const char *out = args_value(call->args, "--out"), *text = answer_text(a, "growth");
    struct growth g;

    if (fault_is(growth_parse(bytes_text(text), &g)))
        return say_error(call->say, EXIT_FAILED, "answer", "the node's answer is no such proof",
                         NULL, "the proof cannot be read");
    if (out != NULL)
        return disk_give(call->say, bytes_text(out), "", bytes_text(text));
    if (call->say->json)
        say_json(call->say, json_incref(a));
    else
        print_text(call->say, text);
    return EXIT_DONE;
}

/* What is asked for: the place of an entry, or the size of an older head. */
struct wanted {
    bool is_growth;
    uint64_t number;
};

static enum exit_code wanted_read(const struct call *call, struct wanted *out)
{
    const char *from = args_value(call->args, "--from"), *text;

    if ((from != NULL) == (call->args->words == 1))
        return say_error(call->say, EXIT_USAGE, "usage", "an INDEX or --from SIZE, one of them",
                         "parley help ledger prove", "nothing to prove is named");
    out->is_growth = from != NULL;
    text = from != NULL ? from : call->args->word[0];
    if (!decimal_read(bytes_text(text), 1ULL << 53, &out->number))
        return say_error(call->say, EXIT_USAGE, "usage", "entries and sizes are numbers",
                         "parley ledger show", "%s is none", text);
    return EXIT_DONE;
}

static json_t *proof_of_node(const struct call *call, const struct wanted *w, enum exit_code *code)
{
    const char *log = args_value(call->args, "--log");
    json_t *ask = json_object();

    json_object_set_new(ask, w->is_growth ? "from" : "index", json_integer((json_int_t)w->number));
    if (log != NULL)
        json_object_set_new(ask, "log", json_string(log));
    return ask_node(call, w->is_growth ? "ledger.growth" : "ledger.prove", ask, code);
}

enum exit_code ledger_prove(const struct call *call)
{
    const char *tiles = args_value(call->args, "--tiles");
    struct wanted w;
    enum exit_code code = wanted_read(call, &w);
    json_t *a;

    if (code != EXIT_DONE)
        return code;
    if (tiles == NULL)
        a = proof_of_node(call, &w, &code);
    else
        a = w.is_growth ? tiled_growth(call->say, tiles, w.number, &code)
                        : tiled_prove(call->say, tiles, w.number, &code);
    if (a == NULL)
        return code;
    code = w.is_growth ? show_growth(call, a) : show_proof(call, a);
    json_decref(a);
    return code;
}

/* ---- audit ---- */

enum exit_code ledger_audit(const struct call *call)
{
    enum exit_code code;
    json_t *a = ask_node(call, "ledger.audit", NULL, &code), *item;
    struct say *s = call->say;
    size_t i;

    if (a == NULL)
        return code;
    json_array_foreach(answer_list(a, "checks"), i, item)
    {
        bool good = strcmp(answer_text(item, "state"), "ok") == 0;
        char *name = say_outside(s, answer_text(item, "name"));
        char *found = say_outside(s, answer_text(item, "found"));
        if (!good)
            code = EXIT_FORGED;
        if (!s->json)
            say_data(s, "%s%s%s %-22s %s\n", say_style(s, good ? STYLE_GOOD : STYLE_BAD),
                     say_mark(s, good), say_style(s, STYLE_NONE), name, found);
        free(name);
        free(found);
    }
    if (s->json)
        say_json(s, json_incref(a));
    json_decref(a);
    return code;
}

/* ---- erase ---- */

static void print_erased(struct say *s, const json_t *a)
{
    say_data(s, "%-11s #%lld %s of case %s, %lld bytes\n", "erased", answer_number(a, "index"),
             answer_text(a, "kind"), answer_text(a, "case"), answer_number(a, "bytes"));
    answer_row(s, "entry", "stays: every head and proof holds as before");
    say_note(s, "backups, bundles and files made before this have it still\n");
}

enum exit_code ledger_erase(const struct call *call)
{
    const char *log = args_value(call->args, "--log");
    const char *officer = args_or_env(call->args, "--officer", "PARLEY_OFFICER");
    const char *reason = args_value(call->args, "--reason");
    enum exit_code code = EXIT_DONE;
    uint64_t index;
    json_t *ask, *a;

    if (!decimal_read(bytes_text(call->args->word[0]), INT64_MAX, &index))
        return say_error(call->say, EXIT_USAGE, "usage", "an index is a number, as in ledger show",
                         "parley ledger show", "%s is no index", call->args->word[0]);
    if (!args_has(call->args, "--yes") &&
        !say_confirm(call->say, "The document goes for good; the entry stays. Erase it?",
                     "not-erased", "nothing was erased", &code))
        return code;
    ask = json_pack("{sI}", "index", (json_int_t)index);
    if (log != NULL)
        json_object_set_new(ask, "log", json_string(log));
    if (officer != NULL)
        json_object_set_new(ask, "officer", json_string(officer));
    if (reason != NULL)
        json_object_set_new(ask, "reason", json_string(reason));
    a = ask_node(call, "ledger.erase", ask, &code);
    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    print_erased(call->say, a);
    json_decref(a);
    return code;
}

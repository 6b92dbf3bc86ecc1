/* ledger.c - parley ledger checkpoint, prove, audit; `show` is a row of lists.c */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/outside.h"
#include "cmd/run.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"
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

enum exit_code ledger_prove(const struct call *call)
{
    const char *log = args_value(call->args, "--log");
    json_t *ask, *a;
    enum exit_code code;
    struct fault f;
    uint64_t index;

    if (!decimal_read(bytes_text(call->args->word[0]), 1ULL << 53, &index))
        return say_error(call->say, EXIT_USAGE, "usage", "an entry has a number",
                         "parley ledger show", "%s is none", call->args->word[0]);
    ask = json_pack("{sI}", "index", (json_int_t)index);
    if (log != NULL)
        json_object_set_new(ask, "log", json_string(log));
    a = ask_node(call, "ledger.prove", ask, &code);
    if (a == NULL)
        return code;
    f = proof_check(a);
    if (fault_is(f))
        code = say_error(call->say, EXIT_FORGED, "forged", f.rule, "parley ledger audit",
                         "the proof of entry #%llu does not hold", (unsigned long long)index);
    else if (call->say->json)
        say_json(call->say, json_incref(a));
    else
        print_proof(call->say, a);
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

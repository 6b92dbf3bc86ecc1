/* case.c - parley case list, show, export; what speaks in a case is speak.c's */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/outside.h"
#include "cmd/run.h"
#include "cmd/suggest.h"

enum exit_code case_error(const struct call *call, struct ask_answer *a, const char *case_id)
{
    struct suggest near = {.typed = case_id};
    struct ask_answer list;
    size_t i;
    json_t *row;

    if (a->exit != EXIT_NOT_FOUND || strcmp(a->code, "no-node") == 0)
        return ask_error(call->say, a);
    ask_put(call, "case.list", json_pack("{sb}", "all", 1), &list);
    json_array_foreach(answer_list(list.tree, "cases"), i, row)
        suggest_try(&near, answer_text(row, "case"));
    if (near.best != NULL)
        snprintf(a->why, sizeof a->why, "did you mean %.40s?", near.best);
    if (a->try[0] == '\0')
        snprintf(a->try, sizeof a->try, "parley case list --all");
    ask_done(&list);
    return ask_error(call->say, a);
}

enum exit_code case_list(const struct call *call)
{
    json_t *ask = json_object();
    enum exit_code code;
    json_t *a;

    if (args_has(call->args, "--all"))
        json_object_set_new(ask, "all", json_true());
    a = ask_node(call, "case.list", ask, &code);
    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    desk_rows(call->say, answer_list(a, "cases"), answer_text(a, "now"));
    json_decref(a);
    return code;
}

/* ---- show ---- */

static void print_value(struct say *s, const char *path, const json_t *value)
{
    struct buf out = {0};
    char *dump = json_is_string(value)
                     ? NULL
                     : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    char *safe_path = say_outside(s, path);

    outside_text(bytes_text(dump != NULL ? dump : json_string_value(value)), s->utf8, 28, &out);
    if (out.len > 0)
        say_data(s, "      %-20s  %s\n", safe_path, buf_str(&out));
    buf_done(&out);
    free(dump);
    free(safe_path);
}

static void print_fields(struct say *s, const json_t *statement)
{
    const char *path;
    json_t *value, *item;
    size_t i;

    /* the node gives them sorted: the profile's dump does */
    json_object_foreach(json_object_get(statement, "fields"), path, value) if (value != NULL)
        print_value(s, path, value);
    json_object_foreach(json_object_get(statement, "opened"), path, value) if (value != NULL)
    {
        say_data(s, "      opens what was withheld:\n");
        print_value(s, path, value);
    }
    json_array_foreach(answer_list(statement, "withheld"), i, item)
    {
        char *p = say_outside(s, answer_text(item, "p")),
             *r = say_outside(s, answer_text(item, "r"));
        say_data(s, "      %-20s  (withheld: %s)\n", p, r);
        free(p);
        free(r);
    }
}

static void print_erased(struct say *s, const json_t *erased)
{
    struct buf line = {0}, safe = {0};
    const char *officer = answer_text(erased, "officer");

    if (erased == NULL)
        return;
    buf_print(&line, "the document was erased %s%s%s: %s", answer_text(erased, "time"),
              officer[0] != '\0' ? " by " : "", officer, answer_text(erased, "reason"));
    outside_line(buf_view(&line), s->utf8, &safe);
    say_data(s, "      %s\n", buf_str(&safe));
    buf_done(&line);
    buf_done(&safe);
}

static void print_statement(struct say *s, const json_t *statement)
{
    struct buf line = {0}, safe = {0};
    char *officers = answer_joined(answer_list(statement, "officers"));
    const char *verdict = answer_text(statement, "verdict");

    buf_print(&line, "#%lld %s  %s  %s %s, %s%s%s", answer_number(statement, "index"),
              answer_text(statement, "time"), answer_text(statement, "party"),
              answer_text(statement, "kind"), answer_text(statement, "class"),
              answer_flag(statement, "binding")  ? "binding"
              : answer_flag(statement, "stored") ? "stored, not yet binding"
                                                 : "not stored",
              officers[0] != '\0' ? ", by " : "", officers);
    if (verdict[0] != '\0' && strcmp(verdict, "good") != 0)
        buf_print(&line, ", %s", verdict);
    outside_line(buf_view(&line), s->utf8, &safe);
    say_data(s, "  %s\n", buf_str(&safe));
    print_fields(s, statement);
    print_erased(s, json_object_get(statement, "erased"));
    buf_done(&line);
    buf_done(&safe);
    free(officers);
}

static void print_clocks(struct say *s, const json_t *a)
{
    size_t i;
    json_t *clock;

    json_array_foreach(answer_list(a, "clocks"), i, clock)
    {
        struct buf line = {0};
        buf_print(&line, "%s (%s) due %s: %s", answer_text(clock, "clock"),
                  answer_text(clock, "who"), answer_text(clock, "due"),
                  answer_text(clock, "state"));
        answer_row(s, "clock", buf_str(&line));
        buf_done(&line);
    }
}

static void print_allowed(struct say *s, const json_t *a)
{
    struct buf line = {0};
    size_t i;
    json_t *item;

    json_array_foreach(answer_list(a, "allowed"), i, item)
        buf_print(&line, "%s%s (%lld officer%s)", i == 0 ? "" : ", ", answer_text(item, "kind"),
                  answer_number(item, "officers"), answer_number(item, "officers") == 1 ? "" : "s");
    answer_row(s, "you may", buf_str(&line));
    buf_done(&line);
}

static void print_case(struct say *s, const json_t *a)
{
    static const char *const names[] = {"case", "subject", "article",     "class", "urgency",
                                        "tlp",  "state",   "their-state", "needs", NULL};
    size_t i;
    json_t *statement;

    for (const char *const *name = names; *name != NULL; name++)
        answer_row(s, *name, answer_text(a, *name));
    print_clocks(s, a);
    print_allowed(s, a);
    json_array_foreach(answer_list(a, "statements"), i, statement) print_statement(s, statement);
}

enum exit_code case_show(const struct call *call)
{
    const char *case_id = call->args->word[0];
    struct ask_answer a;

    ask_put(call, "case.show", json_pack("{ss}", "case", case_id), &a);
    if (a.tree == NULL)
        return case_error(call, &a, case_id);
    if (call->say->json)
        say_json(call->say, json_incref(a.tree));
    else
        print_case(call->say, a.tree);
    ask_done(&a);
    return EXIT_DONE;
}

/* ---- export ---- */

static enum exit_code write_bundle(const struct call *call, const json_t *a)
{
    const char *text = answer_text(a, "bundle"), *case_id = answer_text(a, "case");
    const char *out = args_value(call->args, "--out");
    char path[64];
    size_t len;
    uint8_t *bundle;
    struct fault f = fault_none();

    if (!base64_size(bytes_text(text), &len) || len == 0)
        return say_error(call->say, EXIT_FAILED, "bad-answer", "its bundle is no base64",
                         "parley doctor", "the node's answer is not one");
    bundle = memory_new(len);
    snprintf(path, sizeof path, "%.40s.parley", case_id);
    if (out == NULL)
        out = path;
    if (!base64_read(bytes_text(text), bundle, len) || strchr(case_id, '/') != NULL)
        f = fault_make(FAULT_SYNTAX, 0, "the node's answer is not one");
    else if (strcmp(out, "-") == 0)
        fwrite(bundle, 1, len, call->say->out);
    else
        f = disk_write_new(out, bytes_of(bundle, len), 0644);
    free(bundle);
    if (fault_is(f))
        return disk_error(call->say, f, out);
    if (strcmp(out, "-") == 0)
        return EXIT_DONE;
    if (call->say->json)
        say_json(call->say, json_pack("{ss,ss,sI,sI}", "case", case_id, "file", out, "bytes",
                                      (json_int_t)len, "left-out", answer_number(a, "left-out")));
    else
        answer_row(call->say, "bundle", out);
    if (answer_number(a, "left-out") > 0)
        say_note(call->say, "%lld later statements are not in it: they are not binding yet\n",
                 answer_number(a, "left-out"));
    say_note(call->say, "anybody can check it: parley verify %s\n", out);
    return EXIT_DONE;
}

enum exit_code case_export(const struct call *call)
{
    const char *case_id = call->args->word[0];
    struct ask_answer a;
    enum exit_code code;

    ask_put(call, "case.export", json_pack("{ss}", "case", case_id), &a);
    if (a.tree == NULL)
        return case_error(call, &a, case_id);
    code = write_bundle(call, a.tree);
    ask_done(&a);
    return code;
}

/* acts.c - what an officer says and decides: parley case new .. check, peer ping, release */
#include <stdlib.h>
#include <string.h>

#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/columns.h"
#include "cmd/run.h"
#include "cmd/speak.h"

/* The commands that say one kind of thing in a case. */
static const struct {
    const char *command, *kind;
} kinds[] = {
    {"case ack", "ACK"},     {"case reply", "ANSWER"}, {"case update", "UPDATE"},
    {"case close", "CLOSE"}, {"case check", "CHECK"},
};

enum exit_code case_new(const struct call *call)
{
    return speak_draft(call,
                       json_pack("{ss,ss}", "kind", "NOTICE", "incident",
                                 args_value(call->args, "--incident") != NULL
                                     ? args_value(call->args, "--incident")
                                     : ""),
                       NULL);
}

enum exit_code case_say(const struct call *call)
{
    const char *case_id = call->args->words > 0 ? call->args->word[0] : NULL;
    const char *answers = args_value(call->args, "--answers");
    const char *open = args_value(call->args, "--open");
    json_t *ask = json_object();

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].command, call->command->name) == 0)
            json_object_set_new(ask, "kind", json_string(kinds[i].kind));
    if (case_id != NULL)
        json_object_set_new(ask, "case", json_string(case_id));
    if (answers != NULL)
        json_object_set_new(ask, "answers", json_string(answers));
    if (open != NULL)
        json_object_set_new(ask, "open", json_string(open));
    return speak_draft(call, ask, case_id);
}

/* A CHECK outside of any case; a drill, unless said otherwise. */
enum exit_code peer_ping(const struct call *call)
{
    json_t *ask = json_pack("{ss}", "kind", "CHECK");

    if (args_value(call->args, "--class") == NULL)
        json_object_set_new(ask, "class", json_string("TEST"));
    return speak_draft(call, ask, NULL);
}

/* ---- release ---- */

static void signers(const json_t *draft, struct buf *out)
{
    size_t i;
    json_t *item;

    json_array_foreach(answer_list(draft, "signed"), i, item)
        buf_print(out, "%s%s (%s)", i == 0 ? "" : ", ", answer_text(item, "officer"),
                  answer_text(item, "role"));
}

enum exit_code release_list(const struct call *call)
{
    struct columns c = {
        .heading = {"DRAFT", "KIND", "CASE", "CLASS", "SUBJECT", "SIGNED BY", "NEEDS", "EXPIRES"}};
    enum exit_code code;
    json_t *a = ask_node(call, "release.list", NULL, &code), *draft;
    struct say *s = call->say;
    size_t i;

    if (a == NULL)
        return code;
    if (s->json) {
        say_json(s, a);
        return code;
    }
    json_array_foreach(answer_list(a, "drafts"), i, draft)
    {
        static const char *const before[] = {"draft", "kind", "case", "class", "subject", NULL};
        struct buf by = {0};
        signers(draft, &by);
        for (const char *const *name = before; *name != NULL; name++)
            columns_add(&c, s, answer_text(draft, *name));
        columns_add(&c, s, buf_str(&by));
        columns_add(&c, s, answer_text(draft, "needs"));
        columns_add(&c, s, answer_text(draft, "expires"));
        buf_done(&by);
    }
    columns_print(&c, s);
    json_decref(a);
    return code;
}

enum exit_code release_show(const struct call *call)
{
    return speak_show(call, call->args->word[0]);
}

enum exit_code release_approve(const struct call *call)
{
    return speak_release(call, call->args->word[0]);
}

enum exit_code alarm_clear_run(const struct call *call)
{
    const char *name = call->args->word[0];
    enum exit_code code;
    json_t *a = ask_node(call, "alarm.clear", json_pack("{ss}", "name", name), &code);

    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    answer_row(call->say, "cleared", name);
    json_decref(a);
    return code;
}

enum exit_code release_refuse(const struct call *call)
{
    const char *draft = call->args->word[0];
    const char *officer = args_or_env(call->args, "--officer", "PARLEY_OFFICER");
    const char *reason = args_value(call->args, "--reason");
    json_t *ask = json_pack("{ss}", "draft", draft), *a;
    enum exit_code code;

    if (officer != NULL)
        json_object_set_new(ask, "officer", json_string(officer));
    if (reason != NULL)
        json_object_set_new(ask, "reason", json_string(reason));
    a = ask_node(call, "release.refuse", ask, &code);
    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    answer_row(call->say, "refused", draft);
    json_decref(a);
    return code;
}

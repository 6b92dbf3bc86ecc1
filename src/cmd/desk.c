/* desk.c - parley desk: the open cases, the most urgent first */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/columns.h"
#include "cmd/run.h"

enum {
    DESK_SOON = 3600, /* seconds before a deadline from which a row is marked */
    DESK_PAUSE = 1,   /* seconds between two looks with --watch */
};

static bool row_needs_you(const json_t *row)
{
    const char *needs = answer_text(row, "needs");

    return needs[0] != '\0' && strcmp(needs, "nothing") != 0;
}

void desk_rows(struct say *s, const json_t *rows, const char *now)
{
    struct columns c = {.heading = {"DUE IN", "CASE", "FROM", "SUBJECT", "ARTICLE", "TLP", "CLASS",
                                    "STATE", "NEEDS"}};
    static const char *const names[] = {"case",  "from",  "subject", "article", "tlp",
                                        "class", "state", "needs",   NULL};
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        char due[DUE_TEXT], shown[DUE_TEXT + 2];
        long long left = answer_due(now, answer_text(row, "due"), due);
        snprintf(shown, sizeof shown, "%s%s", due[0] != '\0' ? due : "-",
                 left < DESK_SOON ? " !" : "");
        columns_add(&c, s, shown);
        for (const char *const *name = names; *name != NULL; name++)
            columns_add(&c, s, answer_text(row, *name));
    }
    columns_print(&c, s);
}

static enum exit_code show_once(const struct call *call, struct buf *last)
{
    enum exit_code code;
    json_t *a = ask_node(call, "desk", NULL, &code), *row;
    size_t i, yours = 0;
    char *now_text;

    if (a == NULL)
        return code;
    json_array_foreach(answer_list(a, "rows"), i, row) yours += row_needs_you(row);
    if (args_has(call->args, "--check") && yours > 0)
        code = EXIT_NEEDS_YOU;
    now_text = json_dumps(json_object_get(a, "rows"), JSON_COMPACT | JSON_SORT_KEYS);
    if (now_text != NULL && last != NULL && bytes_is(buf_view(last), now_text) &&
        !isatty(STDOUT_FILENO)) {
        json_decref(a); /* nothing new */
    } else if (call->say->json) {
        say_json(call->say, a);
    } else {
        desk_rows(call->say, answer_list(a, "rows"), answer_text(a, "now"));
        say_note(call->say, "%zu need%s you, %zu open.\n", yours, yours == 1 ? "s" : "",
                 json_array_size(answer_list(a, "rows")));
        json_decref(a);
    }
    if (last != NULL && now_text != NULL) {
        buf_clear(last);
        buf_text(last, now_text);
    }
    free(now_text);
    return code;
}

/* Until interrupted: a fresh screen on a terminal, a new table or line only where something
 * changed elsewhere. */
static enum exit_code watch(const struct call *call)
{
    struct buf last = {0};
    enum exit_code code;

    for (;;) {
        if (isatty(STDOUT_FILENO) && !call->say->json && getenv("TERM") != NULL &&
            strcmp(getenv("TERM"), "dumb") != 0)
            say_data(call->say, "\033[H\033[J");
        code = show_once(call, &last);
        if (code != EXIT_DONE && code != EXIT_NEEDS_YOU)
            break;
        if (fflush(call->say->out) != 0)
            break; /* the reader is gone */
        (void)sleep(DESK_PAUSE);
    }
    buf_done(&last);
    return code;
}

enum exit_code desk_run(const struct call *call)
{
    return args_has(call->args, "--watch") ? watch(call) : show_once(call, NULL);
}

/*
 * lists.c - commands that ask one thing and print its list as a table: each is a row of `lists`.
 * Those that also print something else follow below it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/columns.h"
#include "cmd/run.h"

static const struct list {
    const char *command, *ask, *list;
    const char *heading[COLUMNS_MAX], *member[COLUMNS_MAX];
} lists[] = {
    {"officer list",
     "officer.list",
     "officers",
     {"OFFICER", "ROLES", "STATE", "SUITE", "FINGERPRINT"},
     {"officer", "role", "state", "suite", "fingerprint"}},
    {"watch sources",
     "watch.sources",
     "sources",
     {"SENSOR", "STATE", "FORMAT", "EVENTS", "DAMAGED", "LAG", "LAST RECORD", "OFFSET", "FROM"},
     {"name", "state", "format", "events", "damaged", "lag", "heard", "offset", "path"}},
    {"watch incidents",
     "incident.list",
     "incidents",
     {"INCIDENT", "ARTICLE", "FROM", "SOURCE", "SERVICE", "EVENTS", "FIRST", "LAST", "CONFIDENCE",
      "CASE"},
     {"id", "article", "from", "source", "service", "events", "first", "last", "confidence",
      "case"}},
    {"watch hits",
     "hit.list",
     "hits",
     {"HIT", "LIST", "KIND", "INDICATOR", "EVENTS", "FIRST", "LAST", "FROM", "TO", "CONFIDENCE",
      "REASONS"},
     {"hit", "list", "kind", "value", "events", "first", "last", "src", "dest", "confidence",
      "reasons"}},
    {"indicator list",
     "watch.sources",
     "indicators",
     {"LIST", "STATE", "FORMAT", "ENTRIES", "PATTERNS", "UNMET", "OVERFLOW", "BYTES", "CANARY",
      "SINCE"},
     {"name", "state", "format", "entries", "patterns", "unmet", "overflow", "bytes", "canary",
      "since"}},
    {"agreement held",
     "agreement.show",
     "agreements",
     {"AGREEMENT", "VERSION", "STATE", "DIGEST"},
     {"id", "version", "state", "digest"}},
    {"alarm list",
     "alarm.list",
     "alarms",
     {"SINCE", "ALARM", "DETAIL"},
     {"since", "alarm", "detail"}},
    {"peer contradictions",
     "contradiction.list",
     "contradictions",
     {"TIME", "PARTY", "KIND"},
     {"time", "party", "kind"}},
    {"release refusals",
     "refusal.list",
     "refusals",
     {"DIRECTION", "RULE", "COUNT"},
     {"direction", "rule", "count"}},
    {"ledger show",
     "ledger.show",
     "entries",
     {"INDEX", "KIND", "CLASS", "CASE", "NUMBER", "TIME", "HELD", "LEAF"},
     {"index", "kind ", "class ", "case ", "number ", "time ", "held", "leaf"}},
};

/* The value of "NAME value" in the text of an entry, for members that end in a space. */
static void entry_value(const json_t *item, const char *name, struct buf *out)
{
    const char *text = answer_text(item, "text"), *line = text;
    size_t len = strlen(name);

    while (line != NULL && strncmp(line, name, len) != 0) {
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    if (line != NULL)
        buf_add(out, line + len, strcspn(line + len, "\n"));
}

static const char *held_word(const json_t *item)
{
    if (json_object_get(item, "erased") != NULL)
        return "binding, erased";
    return answer_flag(item, "binding") ? "binding" : answer_flag(item, "stored") ? "stored" : "-";
}

static void add_cell(struct columns *c, const struct say *s, const json_t *item, const char *name)
{
    const json_t *value = json_object_get(item, name);
    struct buf text = {0};

    if (name[strlen(name) - 1] == ' ') {
        entry_value(item, name, &text);
        columns_add(c, s, buf_str(&text));
    } else if (strcmp(name, "held") == 0) {
        columns_add(c, s, held_word(item));
    } else if (json_is_integer(value)) {
        columns_add_number(c, json_integer_value(value));
    } else if (json_is_array(value)) {
        char *joined = answer_joined(value);
        columns_add(c, s, joined);
        free(joined);
    } else {
        columns_add(c, s, json_string_value(value));
    }
    buf_done(&text);
}

static void print_list(struct say *s, const struct list *list, const json_t *a)
{
    struct columns c = {.heading = {NULL}};
    size_t i;
    json_t *item;

    memcpy(c.heading, list->heading, sizeof c.heading);
    json_array_foreach(answer_list(a, list->list), i,
                       item) for (size_t k = 0; k < COLUMNS_MAX && list->member[k] != NULL; k++)
        add_cell(&c, s, item, list->member[k]);
    columns_print(&c, s);
}

/* --log, --from and --count, where the command has them. */
static bool range_of(const struct call *call, json_t *ask, enum exit_code *exit)
{
    static const char *const numbers[] = {"from", "count"};
    const char *log = args_value(call->args, "--log");

    if (log != NULL)
        json_object_set_new(ask, "log", json_string(log));
    for (size_t i = 0; i < 2; i++) {
        char flag[16];
        const char *text;
        uint64_t n;
        snprintf(flag, sizeof flag, "--%s", numbers[i]);
        text = args_value(call->args, flag);
        if (text == NULL)
            continue;
        if (!decimal_read(bytes_text(text), 1ULL << 53, &n)) {
            *exit = say_error(call->say, EXIT_USAGE, "usage", "it takes a number", NULL,
                              "%s %s is none", flag, text);
            return false;
        }
        json_object_set_new(ask, numbers[i], json_integer((json_int_t)n));
    }
    return true;
}

enum exit_code list_run(const struct call *call)
{
    const struct list *list = lists;
    json_t *ask = json_object(), *a;
    enum exit_code code;

    while (strcmp(list->command, call->command->name) != 0)
        list++;
    if (!range_of(call, ask, &code)) {
        json_decref(ask);
        return code;
    }
    a = ask_node(call, list->ask, ask, &code);
    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    print_list(call->say, list, a);
    json_decref(a);
    return code;
}

/* ---- watch stats ---- */

enum exit_code watch_stats(const struct call *call)
{
    static const char *const names[] = {"events",         "oriented",
                                        "attributed",     "matched",
                                        "incidents",      "late",
                                        "ahead",          "damaged_lines",
                                        "groups_dropped", "matches_refused",
                                        "samples_unkept", "samples_thrown",
                                        "twice",          NULL};
    enum exit_code code;
    json_t *a = ask_node(call, "watch.stats", NULL, &code);
    const json_t *totals;

    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    totals = json_object_get(a, "totals");
    for (const char *const *name = names; *name != NULL; name++)
        say_data(call->say, "%-15s %lld\n", *name, answer_number(totals, *name));
    json_decref(a);
    return code;
}

/* ---- peer show ---- */

enum exit_code peer_show(const struct call *call)
{
    enum exit_code code;
    json_t *a = ask_node(call, "peer.show", NULL, &code), *item;
    const json_t *head;
    struct say *s = call->say;
    char *nodes;
    size_t i;

    if (a == NULL)
        return code;
    if (s->json) {
        say_json(s, a);
        return code;
    }
    answer_row(s, "party", answer_text(a, "party"));
    answer_row(s, "name", answer_text(a, "name"));
    json_array_foreach(answer_list(a, "fingerprints"), i, item)
        answer_row(s, answer_text(item, "suite"), answer_text(item, "fingerprint"));
    json_array_foreach(answer_list(a, "tls"), i, item)
        answer_row(s, "pin", json_string_value(item) != NULL ? json_string_value(item) : "");
    nodes = answer_joined(answer_list(a, "nodes"));
    answer_row(s, "nodes", nodes);
    answer_row(s, "link", answer_text(json_object_get(a, "link"), "state"));
    head = json_object_get(a, "head");
    if (json_is_object(head))
        say_data(s, "%-11s size %lld, we cosigned %lld\n", "their log", answer_number(head, "size"),
                 answer_number(a, "cosigned"));
    free(nodes);
    json_decref(a);
    return code;
}

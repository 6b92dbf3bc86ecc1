/* status.c - parley status, doctor: one screen, and what is wrong with how to clear it */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/node.h"
#include "cmd/run.h"
#include "cmd/say.h"

enum { ROOM_LOW = 64 /* MiB: below it a person should look; a busy day takes about one */ };

/* What is left for the node's folder, in MiB, in words where it is little; -1: cannot be told. */
static int64_t room_of(const char *folder, char *out, size_t size)
{
    struct statvfs fs;
    int64_t left;

    if (statvfs(folder, &fs) != 0)
        return -1;
    left = (int64_t)(fs.f_bavail * fs.f_frsize >> 20);
    snprintf(out, size, "%lld MiB left%s", (long long)left,
             left >= ROOM_LOW ? "" : ": when it is full, nothing can be said or taken");
    return left;
}

/* Silent, or it cannot be read: nobody would otherwise miss what does not come. */
static bool is_deaf(const json_t *sensor)
{
    const char *state = answer_text(sensor, "state");

    return strcmp(state, "silent") == 0 || strcmp(state, "lost") == 0;
}

static size_t deaf_sensors(const json_t *a)
{
    size_t i, n = 0;
    json_t *sensor;

    json_array_foreach(answer_list(a, "sensors"), i, sensor) n += is_deaf(sensor);
    return n;
}

static void print_deaf(struct say *s, const json_t *a)
{
    size_t i;
    json_t *sensor;

    json_array_foreach(answer_list(a, "sensors"), i, sensor)
    {
        struct buf line = {0};

        if (!is_deaf(sensor))
            continue;
        buf_print(&line, "%s is %s; the last record came %s", answer_text(sensor, "name"),
                  answer_text(sensor, "state"), answer_text(sensor, "heard"));
        answer_row(s, "SENSOR", buf_str(&line));
        buf_done(&line);
    }
}

static bool needs_you(const json_t *a)
{
    return deaf_sensors(a) > 0 || answer_number(a, "needs-you") > 0 ||
           json_array_size(answer_list(a, "overdue")) > 0 ||
           json_array_size(answer_list(a, "alarms")) > 0;
}

static void print_parties(struct say *s, const json_t *a)
{
    struct buf line = {0};

    buf_print(&line, "%s   partner %s   agreement %s v%lld", answer_text(a, "party"),
              answer_text(a, "peer"), answer_text(a, "agreement"), answer_number(a, "version"));
    answer_row(s, "party", buf_str(&line));
    buf_done(&line);
}

static void print_link(struct say *s, const json_t *a)
{
    const json_t *link = json_object_get(a, "link");
    const char *since = answer_text(link, "since"), *why = answer_text(link, "why");
    struct buf line = {0};

    buf_text(&line, answer_text(link, "state"));
    if (since[0] != '\0')
        buf_print(&line, " since %s", since);
    if (why[0] != '\0')
        buf_print(&line, " (%s)", why);
    answer_row(s, "link", buf_str(&line));
    buf_done(&line);
}

static void print_ledger(struct say *s, const json_t *a)
{
    const json_t *l = json_object_get(a, "ledger");

    say_data(s, "%-11s ours %lld entries, %lld stored, %lld binding; theirs %lld, %lld cosigned\n",
             "ledger", answer_number(l, "size"), answer_number(l, "stored"),
             answer_number(l, "binding"), answer_number(l, "theirs"), answer_number(l, "cosigned"));
}

static void print_clock(struct say *s, const json_t *a)
{
    const json_t *clock = json_object_get(a, "clock");
    const char *why = answer_text(clock, "why");

    if (answer_flag(clock, "ok"))
        answer_row(s, "clock", "ok");
    else
        answer_row(s, "clock", why[0] != '\0' ? why : "not right: nothing is appended");
}

static void print_room(const struct call *call)
{
    char words[96];
    int64_t left = room_of(node_find(call->args), words, sizeof words);

    if (left >= 0 && left < ROOM_LOW)
        answer_row(call->say, "disk", words);
}

static void print_deadline(struct say *s, const json_t *a)
{
    const json_t *next = json_object_get(a, "next-deadline");
    char due[DUE_TEXT];
    struct buf line = {0};

    if (!json_is_object(next))
        return;
    (void)answer_due(answer_text(a, "now"), answer_text(next, "due"), due);
    buf_print(&line, "%s of %s due %s (in %s)", answer_text(next, "clock"),
              answer_text(next, "case"), answer_text(next, "due"), due);
    answer_row(s, "next", buf_str(&line));
    buf_done(&line);
}

static void print_needs(struct say *s, const json_t *a)
{
    size_t i;
    json_t *item;

    print_deaf(s, a);
    say_data(s, "%-11s %lld\n%-11s %lld\n", "needs you", answer_number(a, "needs-you"), "waits",
             answer_number(a, "waits-for-them"));
    print_deadline(s, a);
    json_array_foreach(answer_list(a, "overdue"), i, item)
    {
        struct buf line = {0};
        buf_print(&line, "%s of %s was due %s, by %s", answer_text(item, "clock"),
                  answer_text(item, "case"), answer_text(item, "due"), answer_text(item, "who"));
        answer_row(s, "OVERDUE", buf_str(&line));
        buf_done(&line);
    }
    json_array_foreach(answer_list(a, "alarms"), i, item)
        answer_row(s, "ALARM", json_string_value(item) != NULL ? json_string_value(item) : "");
}

static void print_sensors(struct say *s, const json_t *a)
{
    size_t i;
    json_t *item;

    json_array_foreach(answer_list(a, "sensors"), i, item)
    {
        struct buf line = {0};
        const char *why = answer_text(item, "why");
        buf_print(&line, "%s %s, %lld events%s%s", answer_text(item, "name"),
                  answer_text(item, "state"), answer_number(item, "events"),
                  why[0] != '\0' ? ": " : "", why);
        answer_row(s, "sensor", buf_str(&line));
        buf_done(&line);
    }
}

enum exit_code status_run(const struct call *call)
{
    enum exit_code code;
    json_t *a = ask_node(call, "status", NULL, &code);

    if (a == NULL)
        return code;
    if (args_has(call->args, "--check") && needs_you(a))
        code = EXIT_NEEDS_YOU;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    print_parties(call->say, a);
    print_link(call->say, a);
    print_ledger(call->say, a);
    print_clock(call->say, a);
    print_room(call);
    print_needs(call->say, a);
    print_sensors(call->say, a);
    json_decref(a);
    return code;
}

/* ---- doctor ---- */

static void add_check(json_t *checks, const char *name, const char *state, const char *found,
                      const char *try)
{
    json_array_append_new(checks, json_pack("{ss,ss,ss,ss}", "name", name, "state", state, "found",
                                            found, "try", try));
}

/* What can be seen from here, node running or not. */
static void check_folder(const char *folder, json_t *checks)
{
    struct stat st;
    char try[NODE_PATH + 64], found[NODE_PATH + 64];

    snprintf(found, sizeof found, "%s", folder);
    if (stat(folder, &st) != 0) {
        add_check(checks, "folder", "fail", found, "parley init FILE --as PARTY ...");
        return;
    }
    snprintf(try, sizeof try, "chmod o= %s", folder);
    if ((st.st_mode & 07) != 0)
        add_check(checks, "folder", "fail", "everybody on this machine may enter it", try);
    else if (!node_is_at(folder))
        add_check(checks, "folder", "fail", "it holds no settings.json",
                  "parley init FILE --as PARTY ...");
    else
        add_check(checks, "folder", "ok", found, "");
}

static void check_room(const char *folder, json_t *checks)
{
    char words[96];
    int64_t left = room_of(folder, words, sizeof words);

    if (left >= 0)
        add_check(checks, "disk",
                  left == 0         ? "fail"
                  : left < ROOM_LOW ? "warn"
                                    : "ok",
                  words, left < ROOM_LOW ? "make room: the node goes on by itself" : "");
}

static void check_running(const struct call *call, json_t *checks)
{
    struct ask_answer a;
    size_t i;
    json_t *item;

    ask_put(call, "doctor", NULL, &a);
    if (a.tree == NULL) {
        add_check(checks, "node", "fail", a.why[0] != '\0' ? a.why : a.message, a.try);
        return;
    }
    add_check(checks, "node", "ok", "running", "");
    json_array_foreach(answer_list(a.tree, "checks"), i, item) json_array_append(checks, item);
    ask_done(&a);
}

static size_t count_state(const json_t *checks, const char *state)
{
    size_t i, n = 0;
    json_t *item;

    json_array_foreach(checks, i, item) n += strcmp(answer_text(item, "state"), state) == 0;
    return n;
}

static void print_check(struct say *s, const json_t *item)
{
    const char *state = answer_text(item, "state"), *try = answer_text(item, "try");
    bool fail = strcmp(state, "fail") == 0, warn = strcmp(state, "warn") == 0;
    char *name = say_outside(s, answer_text(item, "name"));
    char *found = say_outside(s, answer_text(item, "found"));
    char *shown = say_outside(s, try);

    say_data(s, "%s%-5s%s %-12s %s%s%s\n",
             say_style(s, fail   ? STYLE_BAD
                          : warn ? STYLE_WARN
                                 : STYLE_GOOD),
             fail   ? "FAIL"
             : warn ? "warn"
                    : "ok",
             say_style(s, STYLE_NONE), name, found, try[0] != '\0' ? "    try: " : "", shown);
    free(name);
    free(found);
    free(shown);
}

enum exit_code doctor_run(const struct call *call)
{
    json_t *checks = json_array(), *item;
    size_t i, fails, warns;
    enum exit_code code;

    check_folder(node_find(call->args), checks);
    check_room(node_find(call->args), checks);
    check_running(call, checks);
    fails = count_state(checks, "fail");
    warns = count_state(checks, "warn");
    code = fails > 0                                      ? EXIT_FAILED
           : warns > 0 && args_has(call->args, "--check") ? EXIT_NEEDS_YOU
                                                          : EXIT_DONE;
    if (call->say->json) {
        say_json(call->say, json_pack("{so}", "checks", checks));
        return code;
    }
    json_array_foreach(checks, i, item) print_check(call->say, item);
    say_note(call->say, "%zu problem%s, %zu warning%s\n", fails, fails == 1 ? "" : "s", warns,
             warns == 1 ? "" : "s");
    json_decref(checks);
    return code;
}

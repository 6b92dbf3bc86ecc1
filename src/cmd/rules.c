/*
 * rules.c - parley rules export, targets: what an agreement taught, back to the sensors.
 *
 * Lists (and with --cases the node's own cases) go through one formatter; what the marking does not
 * permit there stays here and is counted by rule. Files are put in place by renaming.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "indicator/export.h"
#include "indicator/import.h"
#include "io/file.h"
#include "watch/feed.h"

enum {
    DAY = 86400,
    SID = 1500000, /* of the range for local rules, 1,000,000 to 1,999,999, the second half */
    VALID_FOR = 30 /* days, of what names no end */
};

/* The values of lists that are to be left out, sorted. */
struct left_out {
    char **key;
    size_t count, room;
};

struct giving {
    const struct call *call;
    struct export x;
    struct indicator_about usual; /* of what bears no marking */
    int64_t valid_for;            /* seconds */
    const char *source;           /* the list that is being read */
    struct left_out out;
    bool leaving;    /* the list that is being read is one of them */
    size_t left;     /* entries that were */
    size_t patterns; /* that no target can say */
    size_t bad;      /* lines that are damaged or refused when read */
};

/* ---- what is left out ---- */

static char *key_of(const struct indicator_value *v)
{
    struct buf text = {0};
    char *key;

    buf_print(&text, "%u ", (unsigned)v->kind);
    indicator_write(v, &text);
    key = memory_text(text.data, text.len);
    buf_done(&text);
    return key;
}

static void leave_out(struct left_out *l, const struct indicator_value *v)
{
    if (l->count == l->room) {
        l->room = l->room == 0 ? 256 : 2 * l->room;
        l->key = memory_resize(l->key, l->room, sizeof *l->key);
    }
    l->key[l->count++] = key_of(v);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_left_out(const struct left_out *l, const struct indicator_value *v)
{
    char *key;
    bool is;

    if (l->count == 0)
        return false;
    key = key_of(v);
    is = bsearch(&key, l->key, l->count, sizeof *l->key, by_text) != NULL;
    free(key);
    return is;
}

static void left_out_done(struct left_out *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->key[i]);
    free(l->key);
}

/* ---- lists ---- */

static void take_entry(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    struct giving *g = with;
    struct export_entry e = {*v, *a, g->source};

    if (g->leaving) {
        leave_out(&g->out, v);
        return;
    }
    if (is_left_out(&g->out, v)) {
        g->left++;
        return;
    }
    if (e.about.until.us == INT64_MAX)
        e.about.until.us = g->x.o.now.us + g->valid_for * 1000000;
    export_entry(&g->x, &e);
}

static void take_pattern(void *with, struct bytes pattern, const struct indicator_about *a)
{
    struct giving *g = with;

    (void)pattern;
    (void)a;
    g->patterns++;
}

static void take_refused(void *with, size_t line, enum import_rule r)
{
    struct giving *g = with;

    (void)line;
    (void)r;
    g->bad++;
}

static struct fault read_list(struct giving *g, int fd)
{
    const struct import_sink sink = {take_entry, take_pattern, take_refused, NULL, g};
    struct feed feed;
    struct fault f;

    feed_begin(&feed, fd, IMPORT_UNKNOWN, g->usual, sink);
    while (feed_step(&feed, &f))
        ;
    feed_done(&feed);
    return f;
}

static enum exit_code read_file(struct giving *g, const char *path)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    const char *slash = strrchr(path, '/');
    struct fault f;

    if (fd < 0)
        return disk_error(g->call->say, fault_io("list of indicators"), path);
    g->source = slash == NULL ? path : slash + 1;
    f = read_list(g, fd);
    if (fd != STDIN_FILENO)
        close(fd);
    if (f.kind == FAULT_IO)
        return disk_error(g->call->say, f, path);
    return fault_is(f) ? say_error(g->call->say, EXIT_FAILED, fault_word(f.kind), f.rule,
                                   "a STIX bundle, a MISP event, a Zeek Intel file, CSV or a "
                                   "plain list",
                                   "%s, byte %zu", path, f.at)
                       : EXIT_DONE;
}

static enum exit_code read_files(struct giving *g)
{
    const struct args *a = g->call->args;
    enum exit_code exit = EXIT_DONE;
    const char *path;

    g->leaving = true;
    for (size_t i = 0; exit == EXIT_DONE && (path = args_many(a, "--without", i)) != NULL; i++)
        exit = read_file(g, path);
    g->leaving = false;
    if (g->out.count != 0)
        qsort(g->out.key, g->out.count, sizeof *g->out.key, by_text);
    for (size_t i = 0; exit == EXIT_DONE && i < a->words; i++)
        exit = read_file(g, a->word[i]);
    return exit;
}

/* ---- the node's cases ---- */

/* The newest address that a statement of the case names as its incident's source. */
static const char *source_of(const json_t *shown)
{
    const json_t *statement;
    const char *found = "";
    size_t i;

    json_array_foreach(answer_list(shown, "statements"), i, statement)
    {
        const char *text = answer_text(json_object_get(statement, "fields"), "incident.source");

        found = text[0] != '\0' ? text : found;
    }
    return found;
}

static enum exit_code take_case(struct giving *g, const json_t *row)
{
    const char *id = answer_text(row, "case");
    enum exit_code exit;
    json_t *shown = ask_node(g->call, "case.show", json_pack("{ss}", "case", id), &exit);
    struct indicator_about about = g->usual;
    struct indicator_value v;

    if (shown == NULL)
        return exit;
    about.id = bytes_text(id);
    about.tlp = tlp_read(bytes_text(answer_text(row, "tlp")));
    g->source = "cases";
    if (!fault_is(indicator_address(bytes_text(source_of(shown)), &v)))
        take_entry(g, &v, &about);
    json_decref(shown);
    return EXIT_DONE;
}

static bool has_case(const json_t *list, const char *id)
{
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row) if (strcmp(answer_text(row, "case"), id) == 0) return true;
    return false;
}

/* Open cases; for a withdrawal the closed ones. */
static enum exit_code read_cases(struct giving *g)
{
    enum exit_code exit;
    json_t *open = ask_node(g->call, "case.list", NULL, &exit), *all = NULL;
    const json_t *row;
    size_t i;

    if (open == NULL)
        return exit;
    all = g->x.o.withdraw ? ask_node(g->call, "case.list", json_pack("{sb}", "all", 1), &exit)
                          : json_incref(open);
    json_array_foreach(answer_list(all, "cases"), i, row)
    {
        bool is_open = has_case(answer_list(open, "cases"), answer_text(row, "case"));

        if (exit == EXIT_DONE && is_open != g->x.o.withdraw)
            exit = take_case(g, row);
    }
    json_decref(all);
    json_decref(open);
    return exit;
}

/* ---- giving it out ---- */

static enum exit_code write_files(struct giving *g, const char *folder)
{
    enum exit_code exit = EXIT_DONE;

    for (size_t i = 0; i < g->x.files && exit == EXIT_DONE; i++) {
        const struct export_file *file = &g->x.file[i];
        struct buf path = {0};
        struct fault f;

        buf_print(&path, "%s/%s", folder, file->name);
        f = file_replace(buf_str(&path), buf_view(&file->text), 0644);
        if (fault_is(f))
            exit = disk_error(g->call->say, f, buf_str(&path));
        else if (!g->call->say->json)
            answer_row(g->call->say, "file", buf_str(&path));
        buf_done(&path);
    }
    return exit;
}

static void print_summary(const struct giving *g)
{
    struct say *s = g->call->say;

    say_note(s, "%zu %s for %s\n", g->x.taken, g->x.o.withdraw ? "taken out again" : "written",
             g->x.target->name);
    for (size_t r = 1; r < EXPORT_RULES; r++)
        if (g->x.refused[r] != 0)
            say_note(s, "%zu refused: %s\n", g->x.refused[r],
                     export_rule_name((enum export_rule)r));
    if (g->left != 0)
        say_note(s, "%zu left out, as --without says\n", g->left);
    if (g->patterns != 0)
        say_note(s, "%zu are patterns, which no target has a word for\n", g->patterns);
    if (g->bad != 0)
        say_note(s, "%zu lines or objects are no indicators: parley indicator check says why\n",
                 g->bad);
}

static void print_json(const struct giving *g, bool written)
{
    json_t *files = json_array(), *refused = json_object();

    for (size_t i = 0; i < g->x.files; i++) {
        json_t *file = json_pack("{s:s}", "file", g->x.file[i].name);

        if (!written)
            json_object_set_new(
                file, "text",
                json_stringn((const char *)g->x.file[i].text.data, g->x.file[i].text.len));
        json_array_append_new(files, file);
    }
    for (size_t r = 1; r < EXPORT_RULES; r++)
        json_object_set_new(refused, export_rule_name((enum export_rule)r),
                            json_integer((json_int_t)g->x.refused[r]));
    say_json(g->call->say, json_pack("{s:s, s:b, s:I, s:o, s:I, s:I, s:I, s:o}", "target",
                                     g->x.target->name, "withdraw", g->x.o.withdraw, "taken",
                                     (json_int_t)g->x.taken, "refused", refused, "left-out",
                                     (json_int_t)g->left, "patterns", (json_int_t)g->patterns,
                                     "no-indicators", (json_int_t)g->bad, "files", files));
}

static enum exit_code give(struct giving *g)
{
    const char *folder = args_value(g->call->args, "--out");
    enum exit_code exit = EXIT_DONE;

    export_end(&g->x);
    if (folder != NULL)
        exit = write_files(g, folder);
    else if (!g->call->say->json)
        fwrite(g->x.file[0].text.data, 1, g->x.file[0].text.len, g->call->say->out);
    if (exit != EXIT_DONE)
        return exit;
    if (g->call->say->json)
        print_json(g, folder != NULL);
    else
        print_summary(g);
    return exit;
}

/* ---- what was asked ---- */

static enum exit_code number_of(const struct call *call, const char *flag, uint64_t usual,
                                uint64_t most, uint64_t *out)
{
    const char *text = args_value(call->args, flag);

    *out = usual;
    if (text == NULL || (decimal_read(bytes_text(text), most, out) && *out != 0))
        return EXIT_DONE;
    return say_error(call->say, EXIT_USAGE, "usage", "it takes a number", NULL, "%s %s is none",
                     flag, text);
}

/* Letters, digits, "-" and dots between labels: it stands in a zone file as it is. */
static bool is_zone(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");

    return n == strlen(text) && n > 0 && n < EXPORT_ZONE && text[0] != '.' && text[n - 1] != '.' &&
           strstr(text, "..") == NULL;
}

static enum exit_code read_options(const struct call *call, struct export_options *o, int64_t *days)
{
    uint64_t sid, rev, valid;
    enum exit_code exit = number_of(call, "--sid", SID, UINT32_MAX - EXPORT_SIDS, &sid);
    const char *zone = args_value(call->args, "--zone"), *feed = args_value(call->args, "--feed");

    *o = (struct export_options){.now = instant_now(),
                                 .zone = zone != NULL ? zone : "parley.rpz",
                                 .feed = feed != NULL ? feed : "parley",
                                 .withdraw = args_has(call->args, "--withdraw")};
    if (exit == EXIT_DONE) /* minutes grow from one export to the next */
        exit = number_of(call, "--rev", (uint64_t)instant_seconds(o->now) / 60, UINT32_MAX, &rev);
    if (exit == EXIT_DONE)
        exit = number_of(call, "--valid-for", VALID_FOR, 3650, &valid);
    if (exit != EXIT_DONE)
        return exit;
    if (!is_zone(o->zone))
        return say_error(call->say, EXIT_USAGE, "usage", "letters, digits, - and . between labels",
                         "--zone parley.rpz", "%s is no zone's name", o->zone);
    if (!is_zone(o->feed)) /* the same letters will do */
        return say_error(call->say, EXIT_USAGE, "usage", "letters, digits, - and . between words",
                         "--feed cert-a", "%s is no feed's name", o->feed);
    o->sid = (uint32_t)sid;
    o->rev = (uint32_t)rev;
    *days = (int64_t)valid;
    return exit;
}

static enum exit_code check_target(const struct call *call, const struct export_target *t)
{
    const char *name = args_value(call->args, "--as");

    if (t == NULL)
        return say_error(call->say, EXIT_USAGE, "usage", "a target says which sensor it is for",
                         "parley rules targets", "--as %s is none", name != NULL ? name : "");
    if (args_has(call->args, "--withdraw") && t->remove == NULL)
        return say_error(call->say, EXIT_USAGE, "no-withdrawal",
                         "it is read as a whole: what is not in it is withdrawn",
                         "parley rules export LIST --without WITHDRAWN",
                         "%s has no command that takes an entry out", t->name);
    if (call->args->words == 0 && !args_has(call->args, "--cases"))
        return say_error(call->say, EXIT_USAGE, "usage", "lists, or --cases for the node's own",
                         "parley rules export LIST --as zeek --out DIR", "nothing to export");
    return EXIT_DONE;
}

static enum exit_code check_out(const struct giving *g)
{
    if (args_has(g->call->args, "--out") || g->x.files == 1)
        return EXIT_DONE;
    return say_error(g->call->say, EXIT_USAGE, "usage", "it consists of several files", "--out DIR",
                     "%s needs a folder", g->x.target->name);
}

enum exit_code rules_export(const struct call *call)
{
    const char *name = args_value(call->args, "--as"), *tlp = args_value(call->args, "--tlp"),
               *pap = args_value(call->args, "--pap");
    const struct export_target *t = name == NULL ? NULL : export_target_named(name);
    struct giving g = {.call = call, .usual = indicator_about_none()};
    enum exit_code exit = check_target(call, t);
    struct export_options o;

    if (exit == EXIT_DONE)
        exit = read_options(call, &o, &g.valid_for);
    if (exit != EXIT_DONE)
        return exit;
    g.valid_for *= DAY;
    g.usual.tlp = tlp == NULL ? TLP_NONE : tlp_read(bytes_text(tlp));
    g.usual.pap = pap == NULL ? PAP_NONE : pap_read(bytes_text(pap));
    export_begin(&g.x, t, &o);
    exit = check_out(&g);
    if (exit == EXIT_DONE)
        exit = read_files(&g);
    if (exit == EXIT_DONE && args_has(call->args, "--cases"))
        exit = read_cases(&g);
    if (exit == EXIT_DONE)
        exit = give(&g);
    export_done(&g.x);
    left_out_done(&g.out);
    return exit;
}

/* ---- rules targets ---- */

static const char *withdrawal_of(const struct export_target *t)
{
    return t->remove != NULL ? "commands" : "a list without it";
}

static json_t *targets_json(void)
{
    json_t *list = json_array();

    for (const struct export_target *const *at = export_targets; *at != NULL; at++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:s}", "target", (*at)->name, "tlp",
                                        tlp_name((*at)->tlp), "pap", pap_name((*at)->pap),
                                        "withdrawal", withdrawal_of(*at), "what", (*at)->what));
    return list;
}

enum exit_code rules_targets(const struct call *call)
{
    struct columns c = {.heading = {"TARGET", "TLP UP TO", "PAP UP TO", "WITHDRAWAL", "WHAT"}};

    if (call->say->json) {
        say_json(call->say, json_pack("{s:o}", "targets", targets_json()));
        return EXIT_DONE;
    }
    for (const struct export_target *const *at = export_targets; *at != NULL; at++) {
        columns_add(&c, call->say, (*at)->name);
        columns_add(&c, call->say, tlp_name((*at)->tlp));
        columns_add(&c, call->say, pap_name((*at)->pap));
        columns_add(&c, call->say, withdrawal_of(*at));
        columns_add(&c, call->say, (*at)->what);
    }
    columns_print(&c, call->say);
    return EXIT_DONE;
}

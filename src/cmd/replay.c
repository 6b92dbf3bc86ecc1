#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/agreement.h"
#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "sensor/source.h"
#include "watch/replay.h"

/* `parley watch replay FILE...`: what these sensor files would have become. */

static enum exit_code pattern_error(const struct call *call, struct fault f,
                                    const struct rules_error *e, const char *us)
{
    if (e->article == NULL)
        return say_error(call->say, EXIT_USAGE, "unknown-party", f.rule,
                         "parley agreement show FILE lists the two parties",
                         "the agreement has no party %s", us);
    return say_error(call->say, EXIT_FAILED, fault_word(f.kind), f.rule,
                     "the properties and operators stand in docs/PROTOCOL.agreement",
                     "article %s, covers, column %zu: expected %s", e->article, e->pattern.column,
                     e->pattern.expected);
}

/* A table lies beside the agreement. */
static char *table_path(const char *agreement, const char *file)
{
    const char *slash = strrchr(agreement, '/');
    struct buf b = {0};
    char *path;

    if (slash != NULL)
        buf_add(&b, agreement, (size_t)(slash - agreement) + 1);
    buf_text(&b, file);
    path = memory_text(b.data, b.len);
    buf_done(&b);
    return path;
}

static enum exit_code table_error(const struct call *call, struct fault f, const char *path)
{
    if (f.kind == FAULT_IO)
        return disk_error(call->say, f, path);
    if (f.kind == FAULT_MISMATCH)
        return say_error(call->say, EXIT_FORGED, "mismatch", f.rule,
                         "take the file that both parties signed for",
                         "%s is not the table of the agreement: its SHA-256 differs", path);
    return say_error(call->say, EXIT_FAILED, fault_word(f.kind), f.rule, "",
                     "%s is no table of territory: byte %zu", path, f.at);
}

static enum exit_code add_table(const struct call *call, struct rules *r, const char *agreement,
                                size_t party, size_t table)
{
    const struct party *p = &rules_agreement(r)->parties[party];
    char *path = table_path(agreement, p->tables[table].file);
    struct buf raw = {0};
    struct fault f = disk_read(path, TABLE_FILE_MAX, &raw);
    enum exit_code exit = EXIT_DONE;

    if (!fault_is(f))
        f = rules_table(r, party, table, buf_view(&raw));
    if (fault_is(f))
        exit = table_error(call, f, path);
    buf_done(&raw);
    free(path);
    return exit;
}

static enum exit_code add_as_table(const struct call *call, struct rules *r)
{
    const char *path = args_value(call->args, "--as-table");
    struct buf raw = {0};
    struct fault f;
    enum exit_code exit = EXIT_DONE;

    if (path == NULL)
        return EXIT_DONE;
    f = disk_read(path, TABLE_FILE_MAX, &raw);
    if (!fault_is(f))
        f = rules_as_table(r, buf_view(&raw));
    if (fault_is(f))
        exit = table_error(call, f, path);
    buf_done(&raw);
    return exit;
}

static enum exit_code add_sensors(const struct call *call, struct rules *r)
{
    const char *text;

    for (size_t i = 0; (text = args_many(call->args, "--sensor", i)) != NULL; i++) {
        struct addr a;
        struct fault f = addr_parse(bytes_text(text), &a);

        if (!fault_is(f))
            f = rules_sensor(r, a);
        if (fault_is(f))
            return say_error(call->say, EXIT_USAGE, fault_word(f.kind), f.rule,
                             "--sensor 192.0.2.1", "%s is no address of a sensor", text);
    }
    return EXIT_DONE;
}

static enum exit_code complete_rules(const struct call *call, struct rules *r,
                                     const char *agreement)
{
    const struct agreement *a = rules_agreement(r);
    enum exit_code exit = EXIT_DONE;

    for (size_t p = 0; p < AGREEMENT_PARTIES; p++)
        for (size_t t = 0; t < a->parties[p].table_count && exit == EXIT_DONE; t++)
            exit = add_table(call, r, agreement, p, t);
    if (exit == EXIT_DONE)
        exit = add_as_table(call, r);
    if (exit == EXIT_DONE)
        exit = add_sensors(call, r);
    if (exit == EXIT_DONE)
        rules_seal(r);
    return exit;
}

/* All frames of one file. */
static struct fault read_frames(struct source *source, struct replay *r, uint32_t file)
{
    for (uint64_t number = 0;; number++) {
        struct bytes frame;
        enum lines_got got;
        struct fault f = source_next(source, true, &frame, &got);

        if (fault_is(f) || got == LINES_NONE)
            return f;
        if (got == LINES_TOO_LONG) {
            replay_damaged(r);
            continue;
        }
        f = replay_frame(r, file, number, frame);
        if (fault_is(f))
            return f;
    }
}

static const struct reader_format *format_of(const struct call *call)
{
    const char *name = args_value(call->args, "--format");

    return name == NULL ? NULL : reader_format_named(bytes_text(name));
}

static enum exit_code read_file(const struct call *call, struct replay *r, uint32_t file)
{
    const char *path = call->args->word[file];
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct source *source;
    struct fault f;

    if (fd < 0)
        return disk_error(call->say, fault_io("sensor file"), path);
    source = source_new(fd, SOURCE_STREAM, format_of(call), 0, 0);
    f = read_frames(source, r, file);
    source_free(source);
    if (fd != STDIN_FILENO)
        close(fd);
    if (!fault_is(f))
        return EXIT_DONE;
    if (f.kind == FAULT_IO)
        return disk_error(call->say, f, path);
    return say_error(
        call->say, EXIT_FAILED, fault_word(f.kind), f.rule,
        "zstd -t, gzip -t or nfdump -v say more; nothing was concluded from what was read",
        "%s, byte %zu", path, f.at);
}

static void print_json(const struct call *call, const struct incident *list, size_t count,
                       const struct totals *totals)
{
    struct buf out = {0};

    for (size_t i = 0; i < count; i++) {
        incident_json(&list[i], INCIDENT_NONE, &out);
        buf_byte(&out, '\n');
    }
    totals_json(totals, &out);
    buf_byte(&out, '\n');
    fwrite(out.data, 1, out.len, call->say->out);
    buf_done(&out);
}

static void print_row(struct columns *c, const struct say *s, const struct incident *i)
{
    const char *reasons[INCIDENT_REASONS];
    size_t n = incident_reasons(i, reasons);
    char text[ADDR_TEXT], when[INSTANT_TEXT + 1];
    struct buf why = {0};

    columns_add(c, s, i->article);
    columns_add(c, s, i->from);
    addr_write(i->source, text);
    columns_add(c, s, i->has_source ? text : "any");
    columns_add(c, s, i->has_service ? service_name(i->service) : "any");
    columns_add_number(c, (long long)i->events);
    instant_write(i->first, when);
    columns_add(c, s, when);
    instant_write(i->last, when);
    columns_add(c, s, when);
    buf_print(&why, "%s:", confidence_name(incident_confidence(i)));
    for (size_t k = 0; k < n; k++)
        buf_print(&why, " %s", reasons[k]);
    columns_add(c, s, buf_str(&why));
    buf_done(&why);
}

static void print_table(const struct call *call, const struct incident *list, size_t count,
                        const struct totals *t)
{
    struct columns c = {.heading = {"ARTICLE", "OBSERVED FROM", "SOURCE", "SERVICE", "EVENTS",
                                    "FIRST", "LAST", "CONFIDENCE"}};

    for (size_t i = 0; i < count; i++)
        print_row(&c, call->say, &list[i]);
    columns_print(&c, call->say);
    say_note(call->say,
             "%llu events, %llu oriented, %llu attributed, %llu matched: %llu incidents; "
             "%llu damaged lines skipped\n",
             (unsigned long long)t->events, (unsigned long long)t->oriented,
             (unsigned long long)t->attributed, (unsigned long long)t->matched,
             (unsigned long long)t->incidents, (unsigned long long)t->damaged_lines);
    say_note(call->say, "Observed from a territory: that is not who did it.\n");
}

static enum exit_code replay(const struct call *call, const struct rules *rules)
{
    struct replay *r = replay_new(rules);
    enum exit_code exit = EXIT_DONE;
    const struct incident *list;
    size_t count;

    replay_format(r, format_of(call));
    for (size_t i = 0; i < call->args->words && exit == EXIT_DONE; i++)
        exit = read_file(call, r, (uint32_t)i);
    if (exit == EXIT_DONE) {
        replay_finish(r, &list, &count);
        (call->say->json ? print_json : print_table)(call, list, count, replay_totals(r));
    }
    replay_free(r);
    return exit;
}

enum exit_code watch_replay(const struct call *call)
{
    const char *path = args_value(call->args, "--agreement");
    const char *us = args_value(call->args, "--as");
    struct rules_error error;
    struct rules *rules = NULL;
    enum exit_code exit = EXIT_DONE;
    struct agreement *a;
    struct fault f;

    if (path == NULL)
        return say_error(call->say, EXIT_USAGE, "usage", "an agreement says what an incident is",
                         "parley watch replay --agreement FILE SENSOR-FILE",
                         "--agreement FILE is missing");
    a = agreement_file_read(call->say, path, &exit);
    if (a == NULL)
        return exit;
    us = us != NULL ? us : a->parties[0].id;
    f = rules_new(a, us, &rules, &error);
    exit = fault_is(f) ? pattern_error(call, f, &error, us) : complete_rules(call, rules, path);
    if (exit == EXIT_DONE)
        exit = replay(call, rules);
    rules_free(rules);
    agreement_free(a);
    return exit;
}

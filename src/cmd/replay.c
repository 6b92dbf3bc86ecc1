#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/cautioned.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/rulebook.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "cmd/sought.h"
#include "sensor/source.h"
#include "watch/replay.h"

/* `parley watch replay FILE...`: what these sensor files would have become. */

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

static enum exit_code replay(const struct call *call, const struct rules *rules,
                             struct sought *sought)
{
    struct replay *r = replay_new(rules);
    enum exit_code exit = EXIT_DONE;
    const struct incident *list;
    size_t count;

    if (sought != NULL)
        replay_show(r, sought_event, sought);
    replay_format(r, format_of(call));
    for (size_t i = 0; i < call->args->words && exit == EXIT_DONE; i++)
        exit = read_file(call, r, (uint32_t)i);
    if (exit == EXIT_DONE) {
        replay_finish(r, &list, &count);
        (call->say->json ? print_json : print_table)(call, list, count, replay_totals(r));
        if (sought != NULL)
            sought_print(sought, call);
    }
    replay_free(r);
    return exit;
}

static enum exit_code open_lists(const struct call *call, struct rules *rules,
                                 struct sought **sought, struct cautions **cautions)
{
    enum exit_code exit = cautioned_open(call, "--lists", cautions);

    if (exit == EXIT_DONE && args_has(call->args, "--indicators"))
        exit = sought_open(call, "--indicators", sought);
    rules_caution(rules, *cautions);
    if (*sought != NULL)
        sought_warn(*sought, *cautions);
    return exit;
}

enum exit_code watch_replay(const struct call *call)
{
    struct cautions *cautions = NULL;
    struct sought *sought = NULL;
    struct rulebook book;
    enum exit_code exit;

    memory_give_back();
    exit = rulebook_open(call, "parley watch replay --agreement FILE SENSOR-FILE", &book);

    if (exit != EXIT_DONE)
        return exit;
    exit = open_lists(call, book.rules, &sought, &cautions);
    if (exit == EXIT_DONE)
        exit = replay(call, book.rules, sought);
    sought_close(sought);
    cautions_free(cautions);
    rulebook_close(&book);
    return exit;
}

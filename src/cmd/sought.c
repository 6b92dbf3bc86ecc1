#include "cmd/sought.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "crypto/random.h"
#include "watch/sightings.h"

struct sought {
    struct lookout *lookout;
    struct sightings *seen;
};

/* ---- reading ---- */

static const char *path_at(const struct call *call, const char *flag, size_t i)
{
    if (flag != NULL)
        return args_many(call->args, flag, i);
    return i < call->args->words ? call->args->word[i] : NULL;
}

static enum import_format format_of(const struct call *call)
{
    const char *name = args_value(call->args, "--format");

    return name == NULL ? IMPORT_UNKNOWN : import_format_by_name(bytes_text(name));
}

static enum exit_code add_file(struct sought *s, const struct call *call, const char *flag,
                               const char *path)
{
    const char *slash = strrchr(path, '/');
    struct lookout_list list = {.name = slash == NULL ? path : slash + 1,
                                .format = flag == NULL ? format_of(call) : IMPORT_UNKNOWN};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct fault f;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return disk_error(call->say, fault_io("list of indicators"), path);
    list.dated = instant_of_seconds(st.st_mtime);
    f = lookout_add(s->lookout, &list, fd);
    return fault_is(f) ? disk_error(call->say, f, path) : EXIT_DONE;
}

/* Did each list come to its end? */
static enum exit_code look_at_faults(const struct sought *s, const struct call *call)
{
    for (size_t i = 0; i < lookout_lists(s->lookout); i++) {
        const struct lookout_news *n = lookout_news(s->lookout, i);

        if (n->fault.kind == FAULT_IO)
            return disk_error(call->say, n->fault, n->name);
        if (fault_is(n->fault))
            return say_error(call->say, EXIT_FAILED, fault_word(n->fault.kind), n->fault.rule,
                             "a STIX bundle, a MISP event, a Zeek Intel file, CSV or a plain list",
                             "%s, byte %zu", n->name, n->fault.at);
    }
    return EXIT_DONE;
}

enum exit_code sought_open(const struct call *call, const char *flag, struct sought **out)
{
    struct sought *s = memory_zeroed(1, sizeof *s);
    enum exit_code exit = EXIT_DONE;
    const char *path;
    uint64_t seed;

    random_bytes(&seed, sizeof seed);
    s->lookout = lookout_new(indicators_usual, seed);
    s->seen = sightings_new(SOUGHT_ROWS, SIZE_MAX / 2);
    for (size_t i = 0; exit == EXIT_DONE && (path = path_at(call, flag, i)) != NULL; i++)
        exit = add_file(s, call, flag, path);
    while (exit == EXIT_DONE && lookout_step(s->lookout))
        ;
    if (exit == EXIT_DONE)
        exit = look_at_faults(s, call);
    if (exit == EXIT_DONE)
        *out = s;
    else
        sought_close(s);
    return exit;
}

void sought_close(struct sought *s)
{
    if (s == NULL)
        return;
    sightings_free(s->seen);
    lookout_free(s->lookout);
    free(s);
}

void sought_warn(struct sought *s, const struct cautions *c)
{
    sightings_warn(s->seen, c);
}

void sought_event(void *with, const struct event *e, uint32_t file, uint64_t number,
                  struct bytes raw)
{
    struct sought *s = with;

    sightings_see(s->seen, s->lookout, e, raw, file, number);
}

/* ---- saying what was seen ---- */

static int by_list_and_count(const void *a, const void *b)
{
    const struct sighting *p = *(const struct sighting *const *)a,
                          *q = *(const struct sighting *const *)b;
    int order = strcmp(p->list, q->list);

    if (order == 0)
        order = (p->worth.events < q->worth.events) - (p->worth.events > q->worth.events);
    if (order == 0)
        order = strcmp(p->value, q->value);
    return order != 0 ? order : strcmp(p->id, q->id);
}

static void row_json(const struct call *call, const struct sighting *s)
{
    struct buf out = {0};

    sighting_json(s, call->args->word[s->source], &out);
    fprintf(call->say->out, "%s\n", buf_str(&out));
    buf_done(&out);
}

static void row_text(struct columns *c, const struct call *call, const struct sighting *s)
{
    const char *reasons[WORTH_REASONS];
    size_t n = worth_reasons(&s->worth, reasons);
    char when[INSTANT_TEXT + 1], age[24] = "unknown";
    struct buf why = {0};

    columns_add(c, call->say, s->list);
    columns_add(c, call->say,
                s->worth.kind == INDICATOR_NONE ? "pattern" : indicator_kind_name(s->worth.kind));
    columns_add(c, call->say, s->worth.kind == INDICATOR_NONE ? s->id : s->value);
    columns_add_number(c, (long long)s->worth.events);
    instant_write(s->first, when);
    columns_add(c, call->say, when);
    instant_write(s->last, when);
    columns_add(c, call->say, when);
    if (sighting_age(s) >= 0)
        snprintf(age, sizeof age, "%lld days", (long long)sighting_age(s));
    columns_add(c, call->say, age);
    buf_print(&why, "%s:", worth_confidence(&s->worth));
    for (size_t i = 0; i < n; i++)
        buf_print(&why, " %s", reasons[i]);
    columns_add(c, call->say, buf_str(&why));
    buf_done(&why);
}

void sought_print(struct sought *s, const struct call *call)
{
    struct columns c = {
        .heading = {"LIST", "KIND", "INDICATOR", "EVENTS", "FIRST", "LAST", "AGE", "CONFIDENCE"}};
    size_t n = sightings_count(s->seen);
    const struct sighting **order = memory_zeroed(n + 1, sizeof *order);

    for (size_t i = 0; i < n; i++)
        order[i] = sightings_at(s->seen, i);
    qsort(order, n, sizeof *order, by_list_and_count);
    for (size_t i = 0; i < n; i++)
        if (call->say->json)
            row_json(call, order[i]);
        else
            row_text(&c, call, order[i]);
    if (!call->say->json)
        columns_print(&c, call->say);
    if (sightings_further(s->seen) != 0)
        say_note(call->say, "%llu sightings of further indicators are not listed\n",
                 (unsigned long long)sightings_further(s->seen));
    free(order);
}

/* ---- parley indicator check ---- */

static json_t *refused_json(const struct lookout_news *n, json_t **places_out)
{
    json_t *refused = json_object(), *places = json_array();

    for (enum import_rule r = IMPORT_TOO_LONG; r < IMPORT_RULES; r++)
        if (n->import.refused[r] != 0)
            json_object_set_new(refused, import_rule_name(r),
                                json_integer((json_int_t)n->import.refused[r]));
    for (size_t i = 0; i < n->refused_count; i++)
        json_array_append_new(places,
                              json_pack("{s:I, s:s}", "line", (json_int_t)n->refused[i].line,
                                        "rule", import_rule_name(n->refused[i].rule)));
    *places_out = places;
    return refused;
}

static json_t *list_json(const struct lookout_news *n)
{
    json_t *kinds = json_object(), *places, *refused = refused_json(n, &places);

    for (enum indicator_kind k = INDICATOR_IPV4; k < INDICATOR_KINDS; k++)
        if (n->sets.kind[k] != 0)
            json_object_set_new(kinds, indicator_kind_name(k),
                                json_integer((json_int_t)n->sets.kind[k]));
    return json_pack("{s:s, s:s, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b}", "list",
                     n->name, "format", n->format, "seen", (json_int_t)n->import.seen, "entries",
                     (json_int_t)n->sets.entries, "kinds", kinds, "bytes",
                     (json_int_t)n->sets.bytes, "duplicates", (json_int_t)n->sets.duplicates,
                     "overflow", (json_int_t)n->sets.overflow, "patterns", (json_int_t)n->patterns,
                     "patterns_unmet", (json_int_t)n->unmet, "refused", refused, "refused_at",
                     places, "canary", n->canary);
}

static void refused_text(const struct call *call, const struct lookout_news *n,
                         enum import_rule rule)
{
    bool first = true;

    say_data(call->say, "  refused: %-11s %zu", import_rule_name(rule), n->import.refused[rule]);
    for (size_t i = 0; i < n->refused_count; i++)
        if (n->refused[i].rule == rule) {
            say_data(call->say, "%s%zu", first ? " (line " : ", ", n->refused[i].line);
            first = false;
        }
    say_data(call->say, "%s\n", first ? "" : " ..)");
}

static void list_text(const struct call *call, const struct lookout_news *n)
{
    char *name = say_outside(call->say, n->name);

    say_data(call->say, "%s: %s, %zu entries, %zu bytes, canary %s\n", name, n->format,
             n->sets.entries, n->sets.bytes, n->canary ? "fires" : "SILENT");
    free(name);
    for (enum indicator_kind k = INDICATOR_IPV4; k < INDICATOR_KINDS; k++)
        if (n->sets.kind[k] != 0)
            say_data(call->say, "  %-20s %zu\n", indicator_kind_name(k), n->sets.kind[k]);
    if (n->patterns + n->unmet != 0)
        say_data(call->say, "  %-20s %zu, and %zu that no event can meet\n", "patterns",
                 n->patterns, n->unmet);
    if (n->sets.duplicates != 0)
        say_data(call->say, "  %-20s %zu\n", "duplicates", n->sets.duplicates);
    if (n->sets.overflow != 0)
        say_data(call->say, "  %-20s %zu (the cap is reached)\n", "overflow", n->sets.overflow);
    for (enum import_rule r = IMPORT_TOO_LONG; r < IMPORT_RULES; r++)
        if (n->import.refused[r] != 0)
            refused_text(call, n, r);
}

enum exit_code indicator_check(const struct call *call)
{
    struct sought *s;
    enum exit_code exit = sought_open(call, NULL, &s);

    if (exit != EXIT_DONE)
        return exit;
    for (size_t i = 0; i < lookout_lists(s->lookout); i++) {
        const struct lookout_news *n = lookout_news(s->lookout, i);

        exit = n->canary ? exit : EXIT_FAILED;
        if (call->say->json)
            say_json(call->say, list_json(n));
        else
            list_text(call, n);
    }
    say_note(call->say, "all lists: %zu bytes; alert-only\n", lookout_bytes(s->lookout));
    sought_close(s);
    return exit;
}

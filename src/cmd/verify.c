#include "proof/verify.h"
#include "base/clock.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "proof/bundle.h"

/* `parley verify FILE`: what a stranger can say of a bundle, with nothing but the file. */

static const struct {
    enum exit_code exit;
    const char *word, *meaning;
    enum style style;
} verdicts[] = {
    [VERDICT_NONE] = {EXIT_FAILED, "NONE", "", STYLE_NONE},
    [VERDICT_VERIFIED] = {EXIT_DONE, "VERIFIED", "neither side can deny these statements",
                          STYLE_GOOD},
    [VERDICT_FORGED] = {EXIT_FORGED, "FORGED OR ALTERED", "do not rely on this bundle", STYLE_BAD},
    [VERDICT_CANNOT_TELL] = {EXIT_CANNOT_TELL, "CANNOT TELL",
                             "something needed to say is missing here", STYLE_WARN},
};

static const char *const state_words[] = {"not made", "ok", "noted", "bad", "unknown"};

static json_t *time_json(struct instant t)
{
    char text[INSTANT_TEXT + 1];

    instant_write(t, text);
    return json_string(text);
}

static json_t *checks_json(const struct report *r)
{
    json_t *list = json_array();

    for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", check_name(c), "state",
                                              state_words[r->checks[c].state], "found",
                                              r->checks[c].found));
    return list;
}

static json_t *statements_json(const struct report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->statement_count; i++) {
        const struct report_statement *s = &r->statements[i];
        json_t *row = json_pack("{s:s, s:I, s:I, s:s, s:s, s:o}", "party", r->parties[s->party].id,
                                "index", (json_int_t)s->index, "number", (json_int_t)s->number,
                                "kind", kind_name(s->kind), "class", class_name(s->class), "time",
                                time_json(s->time));
        if (s->bound)
            json_object_set_new(row, "binding", time_json(s->binding));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *clocks_json(const struct report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->clock_count; i++) {
        const struct report_clock *c = &r->clocks[i];
        json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:s}", "clock", clock_name(c->kind), "who",
                                r->parties[c->party].id, "for", kind_name(c->statement), "due",
                                time_json(c->due), "state",
                                !c->met   ? "open"
                                : c->late ? "late"
                                          : "kept");
        if (c->met)
            json_object_set_new(row, "when", time_json(c->when));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *parties_json(const struct report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < AGREEMENT_PARTIES && r->parties[i].id[0] != '\0'; i++) {
        json_t *roots = json_array();

        for (size_t k = 0; k < r->parties[i].root_count; k++)
            json_array_append_new(roots,
                                  json_pack("{s:s, s:s}", "suite", r->parties[i].roots[k].suite,
                                            "fingerprint", r->parties[i].roots[k].fingerprint));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "party", r->parties[i].id, "name",
                                              r->parties[i].name, "roots", roots));
    }
    return list;
}

static json_t *report_json(const struct report *r)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "verdict", verdicts[r->verdict].word,
                     "case", r->case_id, "agreement", r->agreement, "checks", checks_json(r),
                     "parties", parties_json(r), "statements", statements_json(r), "clocks",
                     clocks_json(r));
}

static void print_check(struct say *say, const struct report *r, enum check c)
{
    const struct check_result *check = &r->checks[c];
    bool good = check->state == CHECK_OK || check->state == CHECK_NOTED;
    char *found;

    if (check->state == CHECK_NOT_MADE)
        return;
    found = say_outside(say, check->found);
    say_data(say, "%s %-10s %s\n", check->state == CHECK_UNKNOWN ? "?" : say_mark(say, good),
             check_name(c), found);
    free(found);
}

static void print_statements(struct say *say, const struct report *r)
{
    for (size_t i = 0; i < r->statement_count; i++) {
        const struct report_statement *s = &r->statements[i];
        char time[INSTANT_TEXT + 1], binding[INSTANT_TEXT + 1] = "not binding";

        instant_write(s->time, time);
        if (s->bound)
            instant_write(s->binding, binding);
        say_data(say, "  %s  %-10s %-8s #%llu  binding %s\n", time, r->parties[s->party].id,
                 kind_name(s->kind), (unsigned long long)s->index, binding);
    }
}

static void print_clocks(struct say *say, const struct report *r)
{
    for (size_t i = 0; i < r->clock_count; i++) {
        const struct report_clock *c = &r->clocks[i];
        char due[INSTANT_TEXT + 1], when[INSTANT_TEXT + 1] = "";

        instant_write(c->due, due);
        if (c->met)
            instant_write(c->when, when);
        say_data(say, "  %-13s owed by %s for %s: due %s, %s%s%s\n", clock_name(c->kind),
                 r->parties[c->party].id, kind_name(c->statement), due,
                 !c->met   ? "no answer in this bundle"
                 : c->late ? "late, "
                           : "kept, ",
                 when, "");
    }
}

static void print_report(struct say *say, const struct report *r)
{
    for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++)
        print_check(say, r, c);
    if (r->statement_count != 0)
        say_data(say, "statements\n");
    print_statements(say, r);
    if (r->clock_count != 0)
        say_data(say, "deadlines\n");
    print_clocks(say, r);
    for (size_t i = 0; i < AGREEMENT_PARTIES && r->parties[i].id[0] != '\0'; i++)
        for (size_t k = 0; k < r->parties[i].root_count; k++)
            say_data(say, "root key   %s %s %s  (compare with your paper copy)\n", r->parties[i].id,
                     r->parties[i].roots[k].suite, r->parties[i].roots[k].fingerprint);
    say_data(say, "%s%s%s  %s\n", say_style(say, verdicts[r->verdict].style),
             verdicts[r->verdict].word, say_style(say, STYLE_NONE), verdicts[r->verdict].meaning);
}

/* --root PARTY=FINGERPRINT: what the reader has on paper. 1 it is there, 0 it is not, -1 no such
 * form. */
static int root_is_there(const struct report *r, const char *wanted)
{
    const char *equals = strchr(wanted, '=');

    if (equals == NULL)
        return -1;
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++) {
        if (strlen(r->parties[i].id) != (size_t)(equals - wanted) ||
            strncmp(r->parties[i].id, wanted, (size_t)(equals - wanted)) != 0)
            continue;
        for (size_t k = 0; k < r->parties[i].root_count; k++)
            if (strcmp(r->parties[i].roots[k].fingerprint, equals + 1) == 0)
                return 1;
    }
    return 0;
}

static enum exit_code check_roots(const struct call *call, const struct report *r)
{
    const char *wanted;

    for (size_t i = 0; (wanted = args_many(call->args, "--root", i)) != NULL; i++) {
        int there = root_is_there(r, wanted);

        if (there < 0)
            return say_error(call->say, EXIT_USAGE, "usage", "it has the form PARTY=FINGERPRINT",
                             "parley verify --root cert-a=7Q2K-91MD-X0PA-44ZT FILE",
                             "--root %s is not understood", wanted);
        if (there == 0)
            return say_error(
                call->say, EXIT_FORGED, "forged", "the bundle's agreement names other root keys",
                "ask whoever gave you the bundle, or the fingerprint", "no root key is %s", wanted);
    }
    return EXIT_DONE;
}

enum exit_code verify_run(const struct call *call)
{
    const char *path = call->args->word[0];
    struct buf text = {0};
    struct report report;
    enum exit_code code;
    struct fault f = disk_read(path, BUNDLE_MAX, &text);

    if (fault_is(f))
        return disk_error(call->say, f, path);
    bundle_verify(buf_view(&text), &report);
    buf_done(&text);
    if (call->say->json)
        say_json(call->say, report_json(&report));
    else
        print_report(call->say, &report);
    code = verdicts[report.verdict].exit;
    if (code == EXIT_DONE)
        code = check_roots(call, &report);
    report_done(&report);
    return code;
}

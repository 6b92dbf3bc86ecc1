#include "proof/verify.h"
#include "base/clock.h"
#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/exhibit.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "cmd/trusted.h"
#include "cmd/verdict.h"
#include "proof/bundle.h"

/* `parley verify FILE`: what a stranger can say of a bundle, with nothing but the file. */

static const char *const state_words[] = {"not made", "ok", "noted", "bad", "unknown"};

/* Of a deadline; what was said and is not binding yet has not met it. */
static const char *clock_word(const struct report_clock *c)
{
    return !c->met ? c->ending ? "unbound" : "open" : c->late ? "late" : "kept";
}

/* What the reader has on paper, as --root said it, and what that means here. */
struct paper {
    size_t count;          /* of root keys that were given and are there */
    const char *not_there; /* one that is not, or NULL */
};

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
        json_object_set_new(row, "time-agrees", json_boolean(!s->ill_timed));
        if (s->bound)
            json_object_set_new(row, "binding", time_json(s->binding));
        if (s->aside != ASIDE_NONE)
            json_object_set_new(row, "counts-not", json_string(aside_name(s->aside)));
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
                                time_json(c->due), "state", clock_word(c));
        json_object_set_new(row, "index", json_integer((json_int_t)c->index));
        json_object_set_new(row, "began", time_json(c->began));
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
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "verdict", verdict_word(r->verdict),
                     "case", r->case_id, "agreement", r->agreement, "checks", checks_json(r),
                     "parties", parties_json(r), "statements", statements_json(r), "clocks",
                     clocks_json(r));
}

enum {
    LABEL = 12, /* columns of the left margin, which has the headings */
    WIDTH = 80,
};

/* A text from outside, broken at spaces so that it stays beside the margin. */
static void print_beside(struct say *say, size_t margin, const char *text)
{
    char *safe = say_outside(say, text), *rest = NULL;
    size_t at = margin;

    for (char *word = strtok_r(safe, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        size_t width = columns_width(word, say->utf8);

        if (at > margin && at + 1 + width > WIDTH) {
            say_data(say, "\n%*s", (int)margin, "");
            at = margin;
        }
        say_data(say, "%s%s", at > margin ? " " : "", word);
        at += width + (at > margin);
    }
    say_data(say, "\n");
    free(safe);
}

/* "00:01:02", "-24:00:00": hours go on counting, as deadlines are agreed in them. */
static void span_write(struct instant from, struct instant to, char *out, size_t size)
{
    int64_t s = (to.us - from.us) / 1000000;
    const char *sign = s < 0 ? "-" : "";

    s = s < 0 ? -s : s;
    snprintf(out, size, "%s%02lld:%02lld:%02lld", sign, (long long)(s / 3600),
             (long long)(s / 60 % 60), (long long)(s % 60));
}

static void print_mark(struct say *say, enum check_state state, const char *name, const char *found)
{
    bool good = state == CHECK_OK || state == CHECK_NOTED;
    enum style style = state == CHECK_UNKNOWN || state == CHECK_NOTED ? STYLE_WARN
                       : good                                         ? STYLE_GOOD
                                                                      : STYLE_BAD;
    const char *mark = state == CHECK_UNKNOWN ? "?" : say_mark(say, good);
    size_t width = say->utf8 ? 1 : 4; /* of the longest mark */

    say_data(say, "%s%s%s%*s %-10s ", say_style(say, style), mark, say_style(say, STYLE_NONE),
             (int)(width - columns_width(mark, say->utf8)), "", name);
    print_beside(say, LABEL + width + 12, found);
}

static void print_checks(struct say *say, const struct report *r, const struct paper *paper)
{
    char found[160];

    for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++) {
        if (r->checks[c].state == CHECK_NOT_MADE)
            continue;
        say_data(say, "%-*s", LABEL, c == CHECK_FORM ? "checked" : "");
        print_mark(say, r->checks[c].state, check_name(c), r->checks[c].found);
    }
    if (paper->not_there == NULL && paper->count == 0)
        return;
    if (paper->not_there == NULL)
        snprintf(found, sizeof found, "as on your paper copy");
    else
        snprintf(found, sizeof found, "the agreement has no %s", paper->not_there);
    say_data(say, "%-*s", LABEL, "");
    print_mark(say, paper->not_there == NULL ? CHECK_OK : CHECK_BAD, "root", found);
}

static int party_width(const struct report *r)
{
    size_t a = strlen(r->parties[0].id), b = strlen(r->parties[1].id);

    return (int)(a > b ? a : b);
}

static void print_aside(struct say *say, enum aside aside)
{
    char text[120];

    snprintf(text, sizeof text, "counts for nothing: %s", aside_why(aside));
    say_data(say, "%-*s", LABEL + 2, "");
    print_beside(say, LABEL + 2, text);
}

static void print_statements(struct say *say, const struct report *r)
{
    bool off = false;

    for (size_t i = 0; i < r->statement_count; i++) {
        const struct report_statement *s = &r->statements[i];
        char time[INSTANT_TEXT + 1], after[40];

        instant_write(s->time, time);
        span_write(s->time, s->binding, after, sizeof after);
        say_data(say, "%-*s%s  %-*s  %-9s #%-6llu %s%s%s\n", LABEL, i == 0 ? "statements" : "",
                 time, party_width(r), r->parties[s->party].id, kind_name(s->kind),
                 (unsigned long long)s->index, s->bound ? "binding +" : "not binding",
                 s->bound ? after : "", s->ill_timed ? " !" : "");
        if (s->aside != ASIDE_NONE)
            print_aside(say, s->aside);
        off = off || s->ill_timed;
    }
    if (off)
        say_data(say, "%-*s! the time it claims does not agree with the cosignatures\n", LABEL, "");
}

static void print_clocks(struct say *say, const struct report *r)
{
    for (size_t i = 0; i < r->clock_count; i++) {
        const struct report_clock *c = &r->clocks[i];
        char due[INSTANT_TEXT + 1], took[40], of[40];

        instant_write(c->due, due);
        span_write(c->began, c->when, took, sizeof took);
        span_write(c->began, c->due, of, sizeof of);
        say_data(say, "%-*s%-7s %-13s %-*s  %-9s #%-5llu ", LABEL, i == 0 ? "deadlines" : "",
                 clock_word(c), clock_name(c->kind), party_width(r), r->parties[c->party].id,
                 kind_name(c->statement), (unsigned long long)c->index);
        if (c->met)
            say_data(say, "%s of %s\n", took, of);
        else
            say_data(say, "%s\n", due);
    }
}

static void print_trusted(struct say *say, const struct report *r, const struct paper *paper)
{
    const char *compare = paper->count == 0 ? "(compare with your paper copy)"
                                            : "(given on the command line: --root)";

    for (size_t i = 0; i < AGREEMENT_PARTIES && r->parties[i].id[0] != '\0'; i++)
        for (size_t k = 0; k < r->parties[i].root_count; k++)
            say_data(say, "%-*s%-*s  %s %s\n", LABEL, i == 0 && k == 0 ? "trusted" : "",
                     party_width(r), r->parties[i].id, r->parties[i].roots[k].suite,
                     r->parties[i].roots[k].fingerprint);
    if (r->parties[0].id[0] != '\0')
        say_data(say, "%-*s%s\n", LABEL, "", compare);
}

static void print_report(struct say *say, const struct report *r, const struct paper *paper)
{
    char head[CASE_TEXT + 40];

    if (r->statement_count != 0) {
        snprintf(head, sizeof head, "%s, %zu statements", r->case_id, r->statement_count);
        say_data(say, "%-*s%s\n", LABEL, "bundle", head);
    }
    print_checks(say, r, paper);
    print_statements(say, r);
    print_clocks(say, r);
    print_trusted(say, r, paper);
    say_verdict(say, r->verdict);
}

/* --root PARTY=FINGERPRINT. 1 it is there, 0 it is not, -1 no such form. */
static int root_is_there(const struct report *r, const char *wanted)
{
    const char *equals = strchr(wanted, '=');

    if (equals == NULL || equals == wanted || strlen(equals + 1) != FINGERPRINT_TEXT - 1)
        return -1;
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++) {
        if (!bytes_is(bytes_of(wanted, (size_t)(equals - wanted)), r->parties[i].id))
            continue;
        for (size_t k = 0; k < r->parties[i].root_count; k++)
            if (strcmp(r->parties[i].roots[k].fingerprint, equals + 1) == 0)
                return 1;
    }
    return 0;
}

/* A bundle of other root keys is not the parties', however well it fits together. */
static enum exit_code check_roots(const struct call *call, struct report *r, struct paper *out)
{
    const char *wanted;

    for (size_t i = 0; (wanted = args_many(call->args, "--root", i)) != NULL; i++) {
        int there = root_is_there(r, wanted);

        if (there < 0)
            return say_error(call->say, EXIT_USAGE, "usage", "it has the form PARTY=FINGERPRINT",
                             "parley verify --root cert-a=7Q2K-91MD-X0PA-44ZT FILE",
                             "--root %s is not understood", wanted);
        if (r->parties[0].id[0] == '\0')
            continue; /* no agreement could be read, so nothing is verified either */
        if (there == 0)
            out->not_there = wanted;
        else
            out->count++;
    }
    if (out->not_there != NULL)
        r->verdict = VERDICT_FORGED;
    return EXIT_DONE;
}

static void add_root_json(json_t *report, const struct paper *paper)
{
    json_t *checks = json_object_get(report, "checks");

    if (paper->not_there != NULL || paper->count != 0)
        json_array_append_new(
            checks, json_pack("{s:s, s:s, s:s}", "name", "root", "state",
                              paper->not_there == NULL ? "ok" : "bad", "found",
                              paper->not_there == NULL ? "as given" : "not in the agreement"));
}

static void say_report(const struct call *call, const struct report *r, const struct paper *paper)
{
    json_t *json;

    if (!call->say->json) {
        print_report(call->say, r, paper);
        return;
    }
    json = report_json(r);
    add_root_json(json, paper);
    say_json(call->say, json);
}

enum exit_code verify_run(const struct call *call)
{
    const char *path = call->args->word[0];
    struct paper paper = {0};
    struct trusted trusted = {.ca = {0}};
    struct buf text = {0};
    struct report report;
    enum exit_code code;
    struct fault f;

    if (exhibit_is_asked(call))
        return exhibit_run(call);
    f = disk_read(path, BUNDLE_MAX, &text);
    if (fault_is(f))
        return disk_error(call->say, f, path);
    code = trusted_read(call, &trusted);
    if (code != EXIT_DONE) {
        buf_done(&text);
        trusted_done(&trusted);
        return code;
    }
    bundle_verify_anchored(buf_view(&text), &trusted.trust, &report);
    buf_done(&text);
    trusted_done(&trusted);
    code = check_roots(call, &report, &paper);
    if (code == EXIT_DONE) {
        say_report(call, &report, &paper);
        code = verdict_exit(report.verdict);
    }
    report_done(&report);
    return code;
}

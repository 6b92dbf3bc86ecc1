/* pattern.c - parley pattern check, pattern match */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "stix/match.h"

enum {
    LINE_PIECE = 65536,
    ANSWER_TEXT = 256,
};

/* What one question came to. `exit` is EXIT_DONE for a match and EXIT_FAILED for none. */
struct verdict {
    enum exit_code exit;
    const char *code; /* a stable word */
    char text[ANSWER_TEXT];
};

static struct verdict verdict(enum exit_code exit, const char *code)
{
    return (struct verdict){exit, code, ""};
}

/* ---- a pattern ---- */

static struct verdict bad_pattern(struct fault f, const struct pattern_error *e)
{
    struct verdict v = verdict(EXIT_USAGE, fault_word(f.kind));

    snprintf(v.text, sizeof v.text, "column %zu: expected %s", e->column, e->expected);
    return v;
}

static enum exit_code read_word(const struct call *call, struct buf *out)
{
    const char *word = call->args->words > 0 ? call->args->word[0] : "-";
    struct fault f;

    if (strcmp(word, "-") != 0) {
        buf_text(out, word);
        return EXIT_DONE;
    }
    f = disk_read("-", PATTERN_MAX + 1, out);
    if (fault_is(f))
        return disk_error(call->say, f, "standard input");
    while (out->len > 0 && (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == '\r'))
        out->len--;
    return EXIT_DONE;
}

static enum exit_code say_valid(struct say *s, const struct pattern_error *e)
{
    if (s->json)
        say_json(s, json_pack("{s:b}", "valid", true));
    else
        say_data(s, "valid\n");
    if (e->column != 0)
        say_note(s, "note: column %zu: expected %s\n", e->column, e->expected);
    return EXIT_DONE;
}

enum exit_code pattern_check(const struct call *call)
{
    struct buf text = {0};
    struct pattern_error error;
    struct pattern *p = NULL;
    enum exit_code exit = read_word(call, &text);
    struct fault f;
    struct verdict v;

    if (exit != EXIT_DONE) {
        buf_done(&text);
        return exit;
    }
    f = pattern_read(buf_view(&text), NULL, PATTERN_CHECKED, &p, &error);
    buf_done(&text);
    pattern_free(p);
    if (!fault_is(f))
        return say_valid(call->say, &error);
    v = bad_pattern(f, &error);
    return say_error(call->say, v.exit, v.code, f.rule, NULL, "%s", v.text);
}

/* ---- a question ---- */

static struct verdict cannot_read(const struct observed_error *e, struct fault f)
{
    struct verdict v = verdict(EXIT_CANNOT_TELL, fault_word(f.kind));

    snprintf(v.text, sizeof v.text, "item %zu of the observed data: expected %s", e->item, e->why);
    return v;
}

/* 1-based, in characters, as the columns of a pattern that is not valid. */
static size_t column(struct bytes text, size_t at)
{
    size_t n = 1;

    for (size_t i = 0; i < at && i < text.len; i++)
        n += (text.data[i] & 0xc0) != 0x80;
    return n;
}

static struct verdict cannot_decide(struct bytes text, struct fault f)
{
    bool is_forbidden = f.kind == FAULT_MISMATCH;
    struct verdict v = verdict(is_forbidden ? EXIT_REFUSED : EXIT_CANNOT_TELL, fault_word(f.kind));

    if (is_forbidden)
        snprintf(v.text, sizeof v.text,
                 "column %zu: the standard forbids this comparison with a value that was observed",
                 column(text, f.at));
    else
        snprintf(v.text, sizeof v.text, "the pattern's budget is spent: %s", f.rule);
    return v;
}

static struct verdict decide(struct bytes text, const struct observed *o)
{
    unsigned how = observed_is_stix20(o) ? PATTERN_STIX20 : 0;
    struct pattern_error error;
    struct pattern *p = NULL;
    bool is_match = false;
    struct fault f = pattern_read(text, NULL, how, &p, &error);

    if (fault_is(f))
        return bad_pattern(f, &error);
    f = match_decide(p, o, &is_match);
    pattern_free(p);
    if (fault_is(f))
        return cannot_decide(text, f);
    return is_match ? verdict(EXIT_DONE, "match") : verdict(EXIT_FAILED, "no match");
}

static struct verdict ask(struct bytes text, const json_t *input)
{
    struct observed_error error;
    struct observed *o = NULL;
    struct pattern_error wrong;
    struct pattern *p = NULL;
    struct fault f = pattern_read(text, NULL, PATTERN_STIX20, &p, &wrong);
    struct verdict v;

    pattern_free(p);
    if (fault_is(f)) /* a wrong pattern is told before wrong data */
        return bad_pattern(f, &wrong);
    f = observed_read(input, &o, &error);
    if (fault_is(f))
        return cannot_read(&error, f);
    v = decide(text, o);
    observed_free(o);
    return v;
}

static struct verdict load(struct bytes text, json_t **out)
{
    json_error_t error;
    struct verdict v = verdict(EXIT_CANNOT_TELL, "syntax");

    *out = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                      &error);
    if (*out != NULL)
        return verdict(EXIT_DONE, "read");
    snprintf(v.text, sizeof v.text, "line %d column %d: no JSON: %s", error.line, error.column,
             error.text);
    return v;
}

static bool is_answer(const struct verdict *v)
{
    return v->exit == EXIT_DONE || v->exit == EXIT_FAILED;
}

static enum exit_code say_verdict(struct say *s, const struct verdict *v)
{
    if (!is_answer(v))
        return say_error(s, v->exit, v->code, "STIX 2.1 section 9: patterning", NULL, "%s",
                         v->text);
    if (s->json)
        say_json(s, json_pack("{s:b}", "match", v->exit == EXIT_DONE));
    else
        say_data(s, "%s\n", v->code);
    return v->exit;
}

static enum exit_code no_file(struct say *s, struct fault f, const char *path)
{
    if (f.kind == FAULT_IO && f.at == ENOENT)
        return disk_error(s, f, path);
    return say_error(s, EXIT_CANNOT_TELL, fault_word(f.kind),
                     f.kind == FAULT_IO ? strerror((int)f.at) : f.rule, NULL, "cannot use %s",
                     path);
}

static enum exit_code match_file(const struct call *call, struct bytes pattern, const char *path)
{
    struct buf content = {0};
    struct fault f = disk_read(path, OBSERVED_BYTES, &content);
    struct verdict v;
    json_t *input;

    if (fault_is(f)) {
        buf_done(&content);
        return no_file(call->say, f, path);
    }
    v = load(buf_view(&content), &input);
    buf_done(&content);
    if (input != NULL)
        v = ask(pattern, input);
    json_decref(input);
    return say_verdict(call->say, &v);
}

/* ---- a line for each ---- */

static struct verdict ask_line(struct bytes line)
{
    json_t *input, *pattern, *data;
    struct verdict v = load(line, &input);

    pattern = json_object_get(input, "pattern");
    data = json_object_get(input, "observed_data");
    if (input != NULL && json_is_string(pattern) && data != NULL) {
        v = ask(bytes_of(json_string_value(pattern), json_string_length(pattern)), data);
    } else if (input != NULL) {
        v = verdict(EXIT_CANNOT_TELL, "missing");
        snprintf(v.text, sizeof v.text, "expected {\"pattern\":\"..\",\"observed_data\":[..]}");
    }
    json_decref(input);
    return v;
}

static void say_line(struct say *s, const struct verdict *v)
{
    char *text = say_outside(s, v->text);

    if (s->json && is_answer(v))
        say_json(s, json_pack("{s:b}", "match", v->exit == EXIT_DONE));
    else if (s->json)
        say_json(s, json_pack("{s:i, s:s, s:s}", "exit", (int)v->exit, "error", v->code, "message",
                              v->text));
    else if (is_answer(v))
        say_data(s, "%s\n", v->code);
    else
        say_data(s, "error %d %s\n", (int)v->exit, text);
    free(text);
    (void)fflush(s->out);
}

/* Answers the whole lines in `held` and keeps the rest. */
static void answer_lines(struct say *s, struct buf *held, bool is_end)
{
    size_t from = 0;

    while (from < held->len) {
        const uint8_t *start = held->data + from;
        const uint8_t *end = memchr(start, '\n', held->len - from);
        size_t len = end == NULL ? held->len - from : (size_t)(end - start);
        struct verdict v;

        if (end == NULL && !is_end)
            break;
        v = ask_line(bytes_of(start, len));
        say_line(s, &v);
        from += len + (end != NULL);
    }
    buf_drop(held, from < held->len ? from : held->len);
}

static enum exit_code batch(const struct call *call, const char *path)
{
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct buf held = {0};
    ssize_t n = 0;

    if (fd < 0)
        return no_file(call->say, fault_io("open"), path);
    do {
        buf_need(&held, LINE_PIECE);
        n = read(fd, held.data + held.len, LINE_PIECE);
        held.len += n > 0 ? (size_t)n : 0;
        answer_lines(call->say, &held, n == 0);
    } while ((n > 0 && held.len <= OBSERVED_BYTES) || (n < 0 && errno == EINTR));
    if (!is_input)
        (void)close(fd);
    buf_done(&held);
    if (n == 0)
        return EXIT_DONE;
    return n < 0 ? no_file(call->say, fault_io("read"), path)
                 : say_error(call->say, EXIT_CANNOT_TELL, "limit", "a line may have 64 MiB", NULL,
                             "a line of %s is too long", path);
}

enum exit_code pattern_match(const struct call *call)
{
    const struct args *a = call->args;

    if (args_has(a, "--batch") && a->words <= 1)
        return batch(call, a->words == 1 ? a->word[0] : "-");
    if (args_has(a, "--batch") || a->words != 2)
        return say_error(call->say, EXIT_USAGE, "usage", NULL, "parley help pattern match",
                         "needs PATTERN and FILE, or --batch and at most a FILE");
    return match_file(call, bytes_text(a->word[0]), a->word[1]);
}

#include "cmd/say.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/outside.h"

enum { SAY_WORDS_MAX = 4096 /* bytes of a message; longer ones are cut */ };

static bool env_is(const char *name, const char *value)
{
    const char *text = getenv(name);

    return text != NULL && strcmp(text, value) == 0;
}

/* LANG names a locale that is not installed here: its characters can be had all the same. */
static void locale_start(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    if (setlocale(LC_CTYPE, "") != NULL)
        return;
    for (size_t i = 0; i < 3; i++) {
        const char *text = getenv(names[i]);
        if (text == NULL || text[0] == '\0')
            continue;
        if (strcasestr(text, "utf-8") != NULL || strcasestr(text, "utf8") != NULL)
            (void)setlocale(LC_CTYPE, "C.UTF-8");
        return;
    }
}

static bool terminal_has_color(void)
{
    const char *no = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && !env_is("TERM", "dumb");
}

void say_start(struct say *s)
{
    locale_start();
    *s = (struct say){.out = stdout, .err = stderr};
    s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    s->color = terminal_has_color();
    s->aligned = isatty(STDOUT_FILENO);
    s->asked = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void say_wishes(struct say *s, const struct args *args)
{
    const char *color = args_value(args, "--color");

    s->json = args_has(args, "--json");
    s->quiet = args_has(args, "--quiet");
    s->aligned = s->aligned || args_has(args, "--aligned");
    if (color != NULL && strcmp(color, "auto") != 0)
        s->color = strcmp(color, "always") == 0;
}

void say_data(struct say *s, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vfprintf(s->out, format, list);
    va_end(list);
}

void say_note(struct say *s, const char *format, ...)
{
    char text[SAY_WORDS_MAX];
    struct buf safe = {0};
    va_list list;

    if (s->quiet)
        return;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fflush(s->out); /* what was said before stands before, also where both go to one file */
    outside_text(bytes_text(text), s->utf8, 0, &safe);
    fwrite(safe.data, 1, safe.len, s->err);
    buf_done(&safe);
}

const char *say_style(const struct say *s, enum style style)
{
    static const char *const codes[] = {
        [STYLE_NONE] = "\033[0m",  [STYLE_BOLD] = "\033[1m", [STYLE_GOOD] = "\033[32m",
        [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m", [STYLE_DIM] = "\033[2m",
    };
    return s->color ? codes[style] : "";
}

const char *say_mark(const struct say *s, bool good)
{
    if (s->utf8)
        return good ? "\u2714" : "\u2716";
    return good ? "ok" : "FAIL";
}

char *say_outside(const struct say *s, const char *text)
{
    struct buf b = {0};
    char *copy;

    outside_line(bytes_text(text), s->utf8, &b);
    copy = memory_text(b.data, b.len);
    buf_done(&b);
    return copy;
}

static void print_row(struct say *s, const char *head, const char *text)
{
    char *safe = text != NULL && text[0] != '\0' ? say_outside(s, text) : NULL;

    if (safe != NULL)
        fprintf(s->err, "%s%s\n", head, safe);
    free(safe);
}

/* A JSON text of it, whatever bytes are in it. */
static json_t *safe_text(const char *text)
{
    struct buf b = {0};
    json_t *value;

    outside_line(bytes_text(text != NULL ? text : ""), true, &b);
    value = json_stringn((const char *)b.data, b.len);
    buf_done(&b);
    return value != NULL ? value : json_string("");
}

/* In the signed profile this is its canonical form (RFC 8785). Takes over the reference. */
static void print_json(FILE *to, json_t *object)
{
    json_object_set_new(object, "v", json_integer(1));
    json_dumpf(object, to, JSON_COMPACT | JSON_SORT_KEYS);
    fputc('\n', to);
    json_decref(object);
}

enum exit_code say_error(struct say *s, enum exit_code exit, const char *code, const char *why,
                         const char *try, const char *format, ...)
{
    char what[SAY_WORDS_MAX];
    va_list list;

    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    fflush(s->out);
    if (s->json) {
        json_t *object = json_pack("{ss,so,so,so}", "code", code, "message", safe_text(what), "why",
                                   safe_text(why), "try", safe_text(try));
        print_json(s->err, object);
        return exit;
    }
    print_row(s, "error: ", what);
    print_row(s, "  why: ", why);
    print_row(s, "  try: ", try);
    return exit;
}

void say_json(struct say *s, json_t *object)
{
    print_json(s->out, object);
}

bool say_ask(struct say *s, const char *question)
{
    char line[16];

    if (!s->asked)
        return false;
    fflush(s->out);
    fprintf(s->err, "%s [y/N] ", question);
    fflush(s->err);
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    return strcmp(line, "y\n") == 0 || strcmp(line, "Y\n") == 0 || strcmp(line, "yes\n") == 0;
}

bool say_confirm(struct say *s, const char *question, const char *code, const char *undone,
                 enum exit_code *exit)
{
    if (say_ask(s, question))
        return true;
    *exit = s->asked ? say_error(s, EXIT_FAILED, code, NULL, NULL, "%s", undone)
                     : say_error(s, EXIT_USAGE, "needs-yes", "there is no terminal to ask on",
                                 "add --yes", "%s", undone);
    return false;
}

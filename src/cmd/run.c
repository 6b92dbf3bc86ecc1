#include "cmd/run.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmd/args.h"
#include "cmd/help.h"
#include "cmd/node.h"
#include "cmd/passphrase.h"
#include "cmd/say.h"
#include "cmd/suggest.h"

static enum exit_code print(struct say *s, struct buf *text)
{
    fwrite(text->data, 1, text->len, s->out);
    buf_done(text);
    return EXIT_DONE;
}

/* The first word of each command, or the second of those whose first is `first`. */
static void suggest_names(struct suggest *near, const char *first)
{
    size_t len = first != NULL ? strlen(first) : 0;

    for (const struct command *c = commands; c->name != NULL; c++) {
        static _Thread_local char word[64];
        const char *from = c->name;
        if (first != NULL && (strncmp(from, first, len) != 0 || from[len] != ' '))
            continue;
        from += first != NULL ? len + 1 : 0;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(from, " "), from);
        struct suggest one = {.typed = near->typed};
        suggest_try(&one, word);
        if (one.best != NULL && (near->best == NULL || one.distance < near->distance)) {
            near->best = from; /* cut at its space by the reader */
            near->distance = one.distance;
        }
    }
}

static enum exit_code unknown(struct say *s, const char *first, const char *typed)
{
    struct suggest near = {.typed = typed};
    char why[128] = "", try[128];
    const char *head = first != NULL ? first : "";
    const char *gap = first != NULL ? " " : "";

    suggest_names(&near, first);
    if (near.best != NULL) {
        int n = (int)strcspn(near.best, " ");
        snprintf(why, sizeof why, "did you mean `parley %s%s%.*s`?", head, gap, n, near.best);
        snprintf(try, sizeof try, "parley %s%s%.*s --help", head, gap, n, near.best);
    } else {
        snprintf(try, sizeof try, "parley %s%s--help", head, gap);
    }
    return say_error(s, EXIT_USAGE, "usage", why, try, "there is no command `parley %s%s%s`", head,
                     gap, typed);
}

static enum exit_code family(struct say *s, const char *first, const char *second)
{
    struct buf text = {0};

    if (second != NULL && strcmp(second, "--help") != 0 && strcmp(second, "-h") != 0 &&
        second[0] != '-')
        return unknown(s, first, second);
    help_family(first, &text);
    if (second != NULL && second[0] == '-' && second[1] != '\0' && strchr("h-", second[1]) != NULL)
        return print(s, &text);
    fwrite(text.data, 1, text.len, s->err);
    buf_done(&text);
    return EXIT_USAGE;
}

static enum exit_code run_command(struct say *s, const struct command *c, int argc, char **argv)
{
    struct args args;
    struct args_error error;
    struct call call = {s, &args, c};
    struct buf text = {0};
    enum exit_code code;

    if (!args_parse(c, argc, argv, &args, &error)) {
        for (int i = 0; i < argc; i++)
            s->json = s->json || strcmp(argv[i], "--json") == 0;
        code = say_error(s, EXIT_USAGE, "usage", error.why, error.try, "%s", error.what);
    } else if (args.help) {
        help_command(c, &text);
        code = print(s, &text);
    } else {
        say_wishes(s, &args);
        code = c->run(&call);
    }
    args_done(&args);
    return code;
}

/* `parley` alone: how things are, or the first steps where there is no node yet. */
static enum exit_code alone(struct say *s)
{
    const struct command *status;
    struct args none = {.words = 0};
    struct buf text = {0};
    int used;

    if (node_is_at(node_find(NULL))) {
        status = command_find("status", NULL, &used);
        return status->run(&(struct call){s, &none, status});
    }
    help_first_steps(&text);
    return print(s, &text);
}

static enum exit_code dispatch(struct say *s, int argc, char **argv)
{
    const char *second = argc > 2 ? argv[2] : NULL;
    const struct command *c;
    struct buf text = {0};
    int used = 0;

    if (argc < 2)
        return alone(s);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_overview(&text);
        return print(s, &text);
    }
    if (strcmp(argv[1], "--version") == 0)
        return run_version(&(struct call){s, NULL, NULL});
    c = command_find(argv[1], second, &used);
    if (c != NULL)
        return run_command(s, c, argc - 1 - used, argv + 1 + used);
    if (command_is_family(argv[1]))
        return family(s, argv[1], second);
    return unknown(s, NULL, argv[1]);
}

/* Interrupted: the terminal gets its echo back. Every file of ours is whole or not there, and what
 * the node was asked it finishes by itself. */
static void interrupted(int number)
{
    (void)number;
    passphrase_restore();
    _exit(EXIT_INTERRUPTED);
}

int run_main(int argc, char **argv)
{
    struct say say;
    enum exit_code code;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, interrupted);
    say_start(&say);
    code = dispatch(&say, argc, argv);
    /* What was flushed on the way and failed is remembered by the stream alone. */
    if ((fflush(say.out) != 0 || ferror(say.out) != 0) && code == EXIT_DONE)
        code = EXIT_FAILED;
    return (int)code;
}

/* ---- help, completion, version ---- */

static enum exit_code help_of(struct say *s, const struct args *a)
{
    struct buf text = {0};
    const char *second = a->words > 1 ? a->word[1] : NULL;
    int used;
    const struct command *c;

    if (a->words == 0)
        help_overview(&text);
    else if ((c = command_find(a->word[0], second, &used)) != NULL)
        help_command(c, &text);
    else if (command_is_family(a->word[0]))
        help_family(a->word[0], &text);
    else if (!help_topic(a->word[0], &text))
        return unknown(s, NULL, a->word[0]);
    return print(s, &text);
}

enum exit_code run_help(const struct call *call)
{
    const char *form = args_value(call->args, "--as");
    struct buf text = {0};

    if (form == NULL)
        return help_of(call->say, call->args);
    if (strcmp(form, "man") == 0)
        help_man(&text);
    else
        help_markdown(&text);
    return print(call->say, &text);
}

enum exit_code run_completion(const struct call *call)
{
    struct buf text = {0};

    if (!help_completion(call->args->word[0], &text))
        return say_error(call->say, EXIT_USAGE, "usage", "the shells are bash, zsh and fish",
                         "parley completion bash", "no completion for %s", call->args->word[0]);
    return print(call->say, &text);
}

enum exit_code run_version(const struct call *call)
{
    if (call->say->json)
        say_json(call->say, json_pack("{ss}", "version", PARLEY_VERSION));
    else
        say_data(call->say, "parley %s\n", PARLEY_VERSION);
    return EXIT_DONE;
}

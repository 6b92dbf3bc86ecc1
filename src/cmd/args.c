#include "cmd/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/suggest.h"

static bool word_is_choice(const char *words, const char *value)
{
    size_t len = strlen(value);

    for (const char *at = words; at != NULL;) {
        const char *bar = strchr(at, '|');
        size_t n = bar != NULL ? (size_t)(bar - at) : strlen(at);
        if (n == len && memcmp(at, value, n) == 0)
            return true;
        at = bar != NULL ? bar + 1 : NULL;
    }
    return false;
}

static bool suggest_flag(const struct flag *f, void *with)
{
    suggest_try(with, f->name);
    return true;
}

static bool unknown_flag(const struct command *c, const char *name, struct args_error *error)
{
    struct suggest near = {.typed = name};

    command_flags(c, suggest_flag, &near);
    snprintf(error->what, sizeof error->what, "`parley %s` has no flag %.60s", c->name, name);
    if (near.best != NULL)
        snprintf(error->why, sizeof error->why, "did you mean %s?", near.best);
    return false;
}

/* The flag in argv[*i]; moves *i over its value. */
static bool take_flag(const struct command *c, int argc, char **argv, int *i, struct args *a,
                      struct args_error *error)
{
    const char *text = argv[*i];
    const char *equals = strchr(text, '=');
    size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
    char *name = memory_text(text, len);
    const struct flag *flag = command_flag(c, name);
    const char *value = equals != NULL ? equals + 1 : NULL;
    bool good = false;

    if (flag == NULL)
        unknown_flag(c, name, error);
    else if (flag->value == NULL && value != NULL)
        snprintf(error->what, sizeof error->what, "%s takes no value", flag->name);
    else if (flag->value != NULL && value == NULL && *i + 1 >= argc)
        snprintf(error->what, sizeof error->what, "%s needs a value: %s", flag->name, flag->value);
    else if (!flag->many && args_has(a, flag->name))
        snprintf(error->what, sizeof error->what, "%s is given twice", flag->name);
    else {
        if (flag->value != NULL && value == NULL)
            value = argv[++*i];
        good = flag->words == NULL || word_is_choice(flag->words, value);
        if (!good)
            snprintf(error->what, sizeof error->what, "%s takes one of %s, not \"%.40s\"",
                     flag->name, flag->words, value);
        a->given[a->given_count].flag = flag;
        a->given[a->given_count++].value = value != NULL ? value : "";
    }
    free(name);
    return good;
}

static bool count_is_right(const struct command *c, const struct args *a, struct args_error *error)
{
    if (a->words >= c->least && a->words <= c->most)
        return true;
    if (a->words < c->least)
        snprintf(error->what, sizeof error->what, "`parley %s` needs more: %s", c->name, c->usage);
    else if (c->most == 0)
        snprintf(error->what, sizeof error->what, "`parley %s` takes no word, but got \"%.60s\"",
                 c->name, a->word[0]);
    else
        snprintf(error->what, sizeof error->what, "`parley %s` takes only: %s", c->name, c->usage);
    return false;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

bool args_parse(const struct command *c, int argc, char **argv, struct args *out,
                struct args_error *error)
{
    bool only_words = false;

    *error = (struct args_error){.what = ""};
    *out = (struct args){.help = asks_for_help(argc, argv)};
    out->given = memory_zeroed((size_t)argc + 1, sizeof *out->given);
    out->word = memory_zeroed((size_t)argc + 1, sizeof *out->word);
    snprintf(error->try, sizeof error->try, "parley %s --help", c->name);
    if (out->help)
        return true;
    for (int i = 0; i < argc; i++) {
        if (only_words || argv[i][0] != '-' || argv[i][1] == '\0')
            out->word[out->words++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!take_flag(c, argc, argv, &i, out, error))
            return false;
    }
    return count_is_right(c, out, error);
}

void args_done(struct args *a)
{
    free(a->given);
    free(a->word);
    *a = (struct args){0};
}

const char *args_many(const struct args *a, const char *flag, size_t i)
{
    for (size_t k = 0; k < a->given_count; k++)
        if (strcmp(a->given[k].flag->name, flag) == 0 && i-- == 0)
            return a->given[k].value;
    return NULL;
}

const char *args_value(const struct args *a, const char *flag)
{
    return args_many(a, flag, 0);
}

bool args_has(const struct args *a, const char *flag)
{
    return args_value(a, flag) != NULL;
}

const char *args_or_env(const struct args *a, const char *flag, const char *variable)
{
    const char *value = args_value(a, flag);

    if (value != NULL)
        return value;
    value = getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

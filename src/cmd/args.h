/*
 * args.h - the words after a command's name, sorted into flags and words by the command's row.
 *
 * Takes "--flag VALUE", "--flag=VALUE", "--" (only words follow) and "-" as a word. Everything is
 * borrowed from argv.
 */
#ifndef PARLEY_CMD_ARGS_H
#define PARLEY_CMD_ARGS_H

#include "cmd/command.h"

struct args {
    struct {
        const struct flag *flag;
        const char *value; /* "" for a flag that takes none */
    } * given;
    size_t given_count;
    const char **word;
    size_t words;
    bool help; /* --help or -h was among them */
};

/* What was wrong, in words for the person who typed it. */
struct args_error {
    char what[200], why[200], try[200];
};

/* argv[0 .. argc) are the words after the command's name. False: see *error; *out is empty. Free
 * with args_done in either case. --help wins over what is wrong or missing. */
bool args_parse(const struct command *c, int argc, char **argv, struct args *out,
                struct args_error *error);
void args_done(struct args *a);

/* The value given last, or NULL. */
const char *args_value(const struct args *a, const char *flag);

bool args_has(const struct args *a, const char *flag);

/* The i-th value of a flag that may be given many times, or NULL behind the last. */
const char *args_many(const struct args *a, const char *flag, size_t i);

/* args_value, or the environment's, or NULL. An empty variable is as none. */
const char *args_or_env(const struct args *a, const char *flag, const char *variable);

#endif

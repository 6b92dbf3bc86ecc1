#include "cmd/command.h"
#include "cmd/run.h"

/* Families stand together: the completions rely on it, and so does a reader. */
const struct command commands[] = {
    {.name = "help",
     .group = GROUP_ADMIN,
     .help = "this overview, a command, or a topic",
     .usage = "[TOPIC | COMMAND]",
     .example = "parley help exit-codes\nparley help key new",
     .flags = {{"--as", "FORM", "all of it, for the documents", "markdown|man", 0}},
     .most = 2,
     .run = run_help},
    {.name = "completion",
     .group = GROUP_ADMIN,
     .help = "a completion script for your shell",
     .usage = "bash|zsh|fish",
     .example = "parley completion bash",
     .least = 1,
     .most = 1,
     .run = run_completion},
    {.name = "version",
     .group = GROUP_ADMIN,
     .help = "which version this is",
     .usage = "",
     .example = "parley version",
     .with = WITH_SPEAK,
     .run = run_version},
    {.name = NULL},
};

/*
 * command.h - one command of `parley`: what it is called, takes, says and does.
 *
 * The table of them (table.c) makes the help, docs/cli.md, man/parley.1 and the completions; a
 * command without a help line and an example does not pass the tests.
 */
#ifndef PARLEY_CMD_COMMAND_H
#define PARLEY_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/exit.h"

enum {
    COMMAND_FLAGS = 14,     /* own flags of one command, the end row counted */
    COMMAND_HELP = 60,      /* longest help line: it stands beside a name in 80 columns */
    COMMAND_WORDS = 100000, /* as many file names as the shell can pass */
};

/* Sets of flags that many commands take. */
enum {
    WITH_SPEAK = 1,   /* --json --quiet --color --aligned */
    WITH_NODE = 2,    /* --node --agreement */
    WITH_OFFICER = 4, /* --officer --key --passphrase-file */
    WITH_ASK = 8,     /* --yes --dry-run */
    WITH_FIELDS = 16, /* --text --urgency --tlp --field --withhold */
    WITH_CHECK = 32,  /* --check */
    WITH_REMOTE = 64, /* --token-file --user --cert --ca --pin ..: who we are to a server */
    WITH_STORE = 128, /* --store --node: of the exchange */
};

struct flag {
    const char *name;  /* "--officer" */
    const char *value; /* "NAME", as the help shows it; NULL: it takes none */
    const char *help;  /* ends without a stop */
    const char *words; /* "a|b|c": nothing else is taken; NULL: any text */
    bool many;         /* may be given more than once */
};

struct say;
struct args;

/* What a command is called with. */
struct call {
    struct say *say;
    const struct args *args;
    const struct command *command;
};

enum group {
    GROUP_START,
    GROUP_DAY,
    GROUP_WATCH,
    GROUP_SHARE,
    GROUP_PROVE,
    GROUP_AGREEMENT,
    GROUP_KEYS,
    GROUP_ADMIN,
    GROUP_COUNT,
};

struct command {
    const char *name; /* "desk", "case ack" */
    enum group group;
    const char *help;    /* one line, at most COMMAND_HELP characters */
    const char *usage;   /* the words after the name; "" for none */
    const char *example; /* one or more lines, each a whole command that begins with "parley" */
    const char *more;    /* a paragraph for its own help; NULL for none */
    unsigned with;       /* WITH_* */
    size_t least, most;  /* how many words */
    struct flag flags[COMMAND_FLAGS];
    enum exit_code (*run)(const struct call *call);
};

/* The table; ends at name NULL. */
extern const struct command commands[];

/* The command of this name, or NULL. `second` may be NULL. A two-word command needs both;
 * *words_used says how many words were its name. */
const struct command *command_find(const char *first, const char *second, int *words_used);

/* Is there a command whose first of two words this is? */
bool command_is_family(const char *first);

/* Calls `each` for each flag the command takes, its own first; stops when it answers false. */
void command_flags(const struct command *c, bool (*each)(const struct flag *, void *), void *with);

/* The flag of this name, or NULL. */
const struct flag *command_flag(const struct command *c, const char *name);

const char *group_title(enum group g);

#endif

/*
 * help.h - everything that is made of the command table: help, docs/cli.md, man/parley.1 and the
 * completions. Texts for persons go to stdout as data.
 */
#ifndef PARLEY_CMD_HELP_H
#define PARLEY_CMD_HELP_H

#include "base/buf.h"
#include "cmd/command.h"

void help_overview(struct buf *out);
void help_family(const char *first, struct buf *out); /* the commands that begin with this word */
void help_command(const struct command *c, struct buf *out);
bool help_topic(const char *topic, struct buf *out); /* false: there is none */
void help_first_steps(struct buf *out);

void help_markdown(struct buf *out);                      /* docs/cli.md */
void help_man(struct buf *out);                           /* man/parley.1, mdoc(7) */
bool help_completion(const char *shell, struct buf *out); /* bash, zsh, fish */

/* The topics; ends at name NULL. */
struct topic {
    const char *name, *help, *text;
};
extern const struct topic topics[];

#endif

/* node.h - which node's directory a command is about: docs/settings.md says what lies in it. */
#ifndef PARLEY_CMD_NODE_H
#define PARLEY_CMD_NODE_H

#include <stdbool.h>

#include "cmd/command.h"

enum { NODE_PATH = 4096 };

#define NODE_DEFAULT "/var/lib/parley"

/* --node, else PARLEY_NODE, else the working directory if a node is in it, else NODE_DEFAULT.
 * `args` may be NULL. Borrowed from args, the environment or static. */
const char *node_find(const struct args *args);

/* Does a node lie here (settings.json does)? */
bool node_is_at(const char *folder);

#endif

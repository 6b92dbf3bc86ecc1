#include "cmd/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/args.h"

bool node_is_at(const char *folder)
{
    char path[NODE_PATH];
    int n = snprintf(path, sizeof path, "%s/settings.json", folder);

    return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

const char *node_find(const struct args *args)
{
    const char *folder = args != NULL ? args_value(args, "--node") : NULL;

    if (folder == NULL)
        folder = getenv("PARLEY_NODE");
    if (folder != NULL && folder[0] != '\0')
        return folder;
    return node_is_at(".") ? "." : NODE_DEFAULT;
}

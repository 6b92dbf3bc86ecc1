/* serve.c - parley serve: the node in the foreground, until it is told to stop */
#include <locale.h>
#include <signal.h>

#include "cmd/node.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "proc/parent.h"

/* The parent's own words for how it ended, in ours (docs/settings.md). */
static enum exit_code exit_of(int status)
{
    static const enum exit_code codes[] = {
        [PARENT_EXIT_STOPPED] = EXIT_DONE,
        [PARENT_EXIT_FAILED] = EXIT_FAILED,
        [PARENT_EXIT_SETTINGS] = EXIT_USAGE,
        [PARENT_EXIT_LOCKED] = EXIT_STORE,
    };
    size_t known = sizeof codes / sizeof codes[0];

    return status >= 0 && (size_t)status < known ? codes[status] : EXIT_FAILED;
}

enum exit_code serve_run(const struct call *call)
{
    const char *folder = node_find(call->args);

    if (!node_is_at(folder))
        return say_error(call->say, EXIT_NOT_FOUND, "no-node", "it holds no settings.json",
                         "parley init, or --node DIR, or PARLEY_NODE", "there is no node at %s",
                         folder);
    /* A node speaks no person's language, and its signals are its own. */
    (void)setlocale(LC_ALL, "C");
    (void)signal(SIGINT, SIG_DFL);
    return exit_of(parent_run(folder));
}

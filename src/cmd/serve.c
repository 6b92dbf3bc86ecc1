/* serve.c - parley serve: the node in the foreground, until it is told to stop */
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/node.h"
#include "cmd/passphrase.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "crypto/secret.h"
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

/* Does one of the node's own keys ask for a passphrase? They all have the same. */
static bool is_locked(const char *folder)
{
    struct buf path = {0}, pem = {0};
    bool locked = false;

    buf_print(&path, "%s/keys/log.pem", folder);
    if (!fault_is(disk_read(buf_str(&path), SECRET_PEM_MAX, &pem)))
        locked = strstr(buf_str(&pem), "ENCRYPTED") != NULL;
    buf_wipe(&pem);
    buf_done(&path);
    return locked;
}

/* Into a file without a name: argv and environment are everybody's to read. -1: not possible. */
static int hidden(const struct buf *passphrase)
{
    int fd = memfd_create("passphrase", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, passphrase->data, passphrase->len) == (ssize_t)passphrase->len)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* *out is -1 where the keys have none. */
static enum exit_code take_passphrase(const struct call *call, const char *folder, int *out)
{
    const char *path = args_value(call->args, "--passphrase-file");
    struct buf passphrase = {0};
    struct fault f = fault_none();

    *out = -1;
    if (path != NULL)
        f = passphrase_from_file(path, &passphrase);
    else if (is_locked(folder) &&
             !passphrase_ask(call->say, "passphrase of the node's keys: ", &passphrase))
        return say_error(call->say, EXIT_USAGE, "needs-passphrase",
                         "the node's keys are encrypted and there is no terminal to ask on",
                         "parley serve --passphrase-file FILE", "the node cannot sign");
    if (fault_is(f))
        return disk_error(call->say, f, path);
    if (passphrase.len != 0)
        *out = hidden(&passphrase);
    f.kind = passphrase.len != 0 && *out < 0 ? FAULT_IO : FAULT_NONE;
    buf_wipe(&passphrase);
    return f.kind == FAULT_NONE ? EXIT_DONE
                                : say_error(call->say, EXIT_FAILED, "io", "memfd_create", NULL,
                                            "the passphrase cannot be handed to keeper");
}

enum exit_code serve_run(const struct call *call)
{
    const char *folder = node_find(call->args);
    enum exit_code code;
    int passphrase;

    if (!node_is_at(folder))
        return say_error(call->say, EXIT_NOT_FOUND, "no-node", "it holds no settings.json",
                         "parley init, or --node DIR, or PARLEY_NODE", "there is no node at %s",
                         folder);
    code = take_passphrase(call, folder, &passphrase);
    if (code != EXIT_DONE)
        return code;
    /* A node speaks no person's language, and its signals are its own. */
    (void)setlocale(LC_ALL, "C");
    (void)signal(SIGINT, SIG_DFL);
    return exit_of(parent_run(folder, passphrase));
}

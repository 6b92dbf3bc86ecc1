/*
 * demo.c - parley demo: two parties on this machine, told from a sensor's line to a stranger's
 * check.
 *
 * The story is a script that types what a person would (share/demo.py); it is the one that ./demo
 * in the source tree runs. It is looked for beside the program: where it was installed, or in the
 * tree it was built in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/args.h"
#include "cmd/run.h"
#include "cmd/say.h"

enum { DEMO_PATH = 4096, DEMO_FILES = 60 };

/* From the folder of the program: installed, build/src/, build-x/y/src/. */
static const char *const places[] = {"../share/parley", "../../share", "../../../share"};

static bool program_find(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);

    out[n > 0 ? n : 0] = '\0';
    return n > 0 && (size_t)n < size - 1;
}

static bool script_find(const char *program, char *out, size_t size)
{
    const char *slash = strrchr(program, '/');
    int folder = slash == NULL ? 0 : (int)(slash - program);

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int n = snprintf(out, size, "%.*s/%s/demo.py", folder, program, places[i]);

        if (n > 0 && (size_t)n < size && access(out, R_OK) == 0)
            return true;
    }
    return false;
}

/* A folder of its own, that stays: what the story ends with can be tried there. */
static bool folder_make(const struct call *call, char *out, size_t size)
{
    const char *asked = args_value(call->args, "--folder"), *tmp = getenv("TMPDIR");

    if (asked != NULL)
        return snprintf(out, size, "%s", asked) < (int)size;
    snprintf(out, size, "%s/parley-demo-XXXXXX", tmp == NULL || tmp[0] == '\0' ? "/tmp" : tmp);
    return mkdtemp(out) != NULL;
}

enum exit_code demo_run(const struct call *call)
{
    char program[DEMO_PATH], script[DEMO_PATH], folder[DEMO_PATH];
    const char *argv[DEMO_FILES + 8] = {"python3", script, program, folder};
    size_t n = 4;

    if (!program_find(program, sizeof program) || !script_find(program, script, sizeof script))
        return say_error(call->say, EXIT_FAILED, "missing",
                         "share/parley/demo.py is not beside this program",
                         "./demo in the source tree", "the demo is not installed");
    if (!folder_make(call, folder, sizeof folder))
        return say_error(call->say, EXIT_FAILED, "io", "TMPDIR cannot be written", "--folder DIR",
                         "the demo has no folder to write in");
    if (args_has(call->args, "--plain"))
        argv[n++] = "--plain";
    for (size_t i = 0; i < call->args->words && n < DEMO_FILES + 7; i++)
        argv[n++] = call->args->word[i];
    execvp("python3", (char *const *)(uintptr_t)argv);
    return say_error(call->say, EXIT_FAILED, "missing", "the story is a Python script",
                     "apt-get install python3", "python3 cannot be started");
}

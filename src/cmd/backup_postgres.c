#include "cmd/backup_postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

enum {
    SAID = 400,    /* bytes of what a tool said that are shown */
    MISSING = 127, /* the exit status of a program that is not there, as a shell has it */
};

#define PACKAGE "apt-get install postgresql-client-15"

/* ---- a tool ------------------------------------------------------------------------------------
 */

static void become(const char *const argv[], int out)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(1);
    (void)umask(077);
    setenv("LC_ALL", "C", 1); /* its words are looked at */
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(MISSING);
}

/* All that it says, of which the beginning is kept. */
static void listen_to(int in, struct buf *said)
{
    char chunk[512];

    for (ssize_t n; (n = read(in, chunk, sizeof chunk)) != 0;) {
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && said->len < SAID)
            buf_add(said, chunk, (size_t)n);
    }
}

/* Its exit status; MISSING also where it could not be started. */
static int run(const char *const argv[], struct buf *said)
{
    int line[2], status;
    pid_t pid;

    if (pipe2(line, O_CLOEXEC) != 0)
        return MISSING;
    pid = fork();
    if (pid == 0)
        become(argv, line[1]);
    close(line[1]);
    if (pid > 0)
        listen_to(line[0], said);
    close(line[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return MISSING;
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : pid > 0 ? 1 : MISSING;
}

/* Its first line without its own name in front. */
static const char *first_line(struct buf *said)
{
    char *text, *end;

    buf_byte(said, '\0');
    text = (char *)said->data;
    end = strchr(text, '\n');
    if (end != NULL)
        *end = '\0';
    return text;
}

static enum exit_code failed(struct say *s, const char *tool, int status, struct buf *said,
                             const char *what)
{
    enum exit_code code =
        status == MISSING
            ? say_error(s, EXIT_FAILED, "no-program",
                        "the exchange's store is PostgreSQL, which its own tools copy", PACKAGE,
                        "there is no %s here", tool)
            : say_error(s, EXIT_STORE, "store", first_line(said), NULL, "%s", what);

    buf_done(said);
    return code;
}

/* ---- dump, check, restore ----------------------------------------------------------------------
 */

enum exit_code backup_postgres_dump(struct say *s, const char *uri, const char *path)
{
    const char *const argv[] = {
        "pg_dump", "--format=custom", "--no-password", "--file", path, "--dbname", uri, NULL};
    struct buf said = {0};
    int status = run(argv, &said);

    if (status != 0)
        return failed(s, argv[0], status, &said, "the exchange's database cannot be copied");
    buf_done(&said);
    return backup_postgres_check(s, path);
}

enum exit_code backup_postgres_check(struct say *s, const char *path)
{
    const char *const argv[] = {"pg_restore", "--file=/dev/null", path, NULL};
    struct buf said = {0};
    int status = run(argv, &said);

    if (status == MISSING)
        say_note(s, "no pg_restore here (" PACKAGE "): %s is held to its SHA-256 alone\n", path);
    else if (status != 0)
        return failed(s, argv[0], status, &said, "the copy of the exchange's database is damaged");
    buf_done(&said);
    return EXIT_DONE;
}

enum exit_code backup_postgres_restore(struct say *s, const char *uri, const char *path)
{
    const char *const argv[] = {"pg_restore",
                                "--exit-on-error",
                                "--single-transaction",
                                "--no-owner",
                                "--no-privileges",
                                "--no-password",
                                "--dbname",
                                uri,
                                path,
                                NULL};
    struct buf said = {0};
    int status = run(argv, &said);

    if (status == 0) {
        buf_done(&said);
        return EXIT_DONE;
    }
    buf_byte(&said, '\0');
    if (status == MISSING || strstr((const char *)said.data, "already exists") == NULL)
        return failed(s, argv[0], status, &said, "the exchange's database cannot be brought back");
    buf_done(&said);
    say_note(
        s,
        "the exchange's database has its tables and was let be: it may be newer than the backup\n"
        "  to put the backup's in their place, all nodes stopped:\n"
        "  pg_restore --clean --if-exists --single-transaction --no-owner -d URI %s\n",
        path);
    return EXIT_DONE;
}

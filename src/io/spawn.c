#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/memory.h"

enum { ENVIRONMENT = 8 };

/* What a process inherits: nothing that could change what libraries do, save in sanitised builds
 * the sanitisers' own words. Their leak check would need ptrace, which no sandbox of ours
 * allows; leaks are the unit tests' business. */
static void environment(char **out)
{
    static char zone[] = "TZ=UTC0", leaks[] = "LSAN_OPTIONS=detect_leaks=0",
                address[] = "ASAN_OPTIONS=detect_leaks=0:symbolize=0";
    static char undefined[] = "UBSAN_OPTIONS=print_stacktrace=0:halt_on_error=1";

    *out++ = zone;
    *out++ = leaks;
    *out++ = address;
    *out++ = undefined;
    *out = NULL;
}

static bool descriptors(const struct spawn *s)
{
    int control = fcntl(s->control, F_DUPFD, SPAWN_CONTROL + 1), null;

    if (control < 0 || dup2(control, SPAWN_CONTROL) < 0)
        return false;
    null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        return false;
    return close_range(SPAWN_CONTROL + 1, ~0U, 0) == 0;
}

static bool privileges(const struct spawn *s)
{
    if (geteuid() == 0 && s->uid != 0 && setgroups(0, NULL) != 0)
        return false;
    if (setresgid(s->gid, s->gid, s->gid) != 0 || setresuid(s->uid, s->uid, s->uid) != 0)
        return false;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void signals(void)
{
    sigset_t none;

    /* The terminal and the service manager speak to the parent; it tells us. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const struct spawn *s, pid_t parent)
{
    static char name[] = "parley";
    char *argv[5] = {name}, *env[ENVIRONMENT];
    const char *program = s->program != NULL ? s->program : "/proc/self/exe";

    for (size_t i = 0; i < 3 && s->argument[i] != NULL; i++)
        argv[i + 1] = memory_text(s->argument[i], strlen(s->argument[i]));
    environment(env);
    signals();
    if (!descriptors(s) || chdir(s->folder != NULL ? s->folder : "/") != 0 || !privileges(s))
        die("spawn: cannot prepare a process\n");
    /* After the change of user, which forgets it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        die("spawn: the parent is gone\n");
    execve(program, argv, env);
    die("spawn: cannot start the program\n");
}

struct fault spawn_start(const struct spawn *s, pid_t *out)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return fault_io("spawn: fork");
    if (pid == 0)
        become(s, parent);
    *out = pid;
    return fault_none();
}

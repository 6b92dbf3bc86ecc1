#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITISED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITISED 1
#endif
#endif
#ifndef SANITISED
#define SANITISED 0
#endif

/* ---- system calls -------------------------------------------------------------------------- */

/* Every process: turn in the loop, talk on descriptors it has, have memory, know the time, end.
 * mmap, mprotect, fcntl, newfstatat and tgkill are added with conditions below. */
static const char *const calls_work[] = {
    "read",
    "readv",
    "pread64",
    "write",
    "writev",
    "recvmsg",
    "recvfrom",
    "sendmsg",
    "sendto",
    "close",
    "fstat",
    "lseek",
    "epoll_wait",
    "epoll_pwait",
    "epoll_ctl",
    "poll",
    "ppoll",
    "brk",
    "munmap",
    "munlock", /* a guarded page goes (libsodium) */
    "mremap",
    "madvise",
    "futex",
    "getrandom",
    "clock_gettime",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "getpid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "restart_syscall",
    "exit",
    "exit_group",
};

/* Opening to read is added with a condition. */
static const char *const calls_read[] = {
    "getdents64", "readlink",   "readlinkat", "getcwd", "access",
    "faccessat",  "faccessat2", "stat",       "lstat",  "statx",
    "statfs",     "fstatfs",    "fadvise64",  "flock",  "newfstatat",
};

static const char *const calls_write[] = {
    "openat",          "open",      "pwrite64",  "pwritev",   "fsync",    "fdatasync",
    "sync_file_range", "ftruncate", "fallocate", "rename",    "renameat", "renameat2",
    "unlink",          "unlinkat",  "mkdir",     "mkdirat",   "rmdir",    "link",
    "linkat",          "fchmod",    "fchown",    "utimensat", "umask",    "msync",
};

static const char *const calls_accept[] = {
    "accept4", "accept", "getsockopt", "setsockopt", "getsockname", "getpeername", "shutdown",
};

static const char *const calls_dial[] = {"connect"};

/* What a new thread's own first steps are. */
static const char *const calls_thread[] = {"set_robust_list", "rseq"};

/* What the sanitisers' own code calls while it works and reports. Landlock still holds. */
static const char *const calls_sanitised[] = {
    "sched_yield", "sigaltstack", "readlink",        "readlinkat", "prctl",
    "getrlimit",   "prlimit64",   "sysinfo",         "uname",      "sched_getaffinity",
    "mincore",     "newfstatat",  "rt_sigtimedwait",
};

struct filter {
    scmp_filter_ctx context;
    int error; /* the first, as a negative errno */
};

/* Argument `n` is this value; its bits under the mask are. */
static struct scmp_arg_cmp equals(unsigned n, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){.arg = n, .op = SCMP_CMP_EQ, .datum_a = value};
}

static struct scmp_arg_cmp masked(unsigned n, scmp_datum_t mask, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){
        .arg = n, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static void allow_if(struct filter *f, const char *name, unsigned count,
                     const struct scmp_arg_cmp *conditions)
{
    int number = seccomp_syscall_resolve_name(name);

    if (f->error != 0 || number == __NR_SCMP_ERROR || number < 0)
        return; /* this architecture does not have it */
    f->error = seccomp_rule_add_array(f->context, SCMP_ACT_ALLOW, number, count, conditions);
    if (f->error == -EEXIST)
        f->error = 0;
}

static void allow_all(struct filter *f, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        allow_if(f, names[i], 0, NULL);
}

#define ALLOW(filter, list) allow_all((filter), (list), sizeof(list) / sizeof(list)[0])

/* Calls that are harmless with some arguments only. */
static void allow_work(struct filter *f)
{
    static const int commands[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC};
    struct scmp_arg_cmp not_executable = masked(2, PROT_EXEC, 0);
    struct scmp_arg_cmp own = equals(0, (scmp_datum_t)getpid());
    /* What glibc makes of fstat: a descriptor, never the working directory. */
    struct scmp_arg_cmp by_fd[] = {masked(0, 0x80000000, 0), equals(3, AT_EMPTY_PATH)};

    ALLOW(f, calls_work);
    allow_if(f, "mmap", 1, &not_executable);
    allow_if(f, "mprotect", 1, &not_executable);
    allow_if(f, "tgkill", 1, &own); /* abort */
    allow_if(f, "newfstatat", 2, by_fd);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct scmp_arg_cmp command = equals(1, (scmp_datum_t)commands[i]);

        allow_if(f, "fcntl", 1, &command);
    }
}

static void allow_read(struct filter *f)
{
    struct scmp_arg_cmp reading = masked(2, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND, O_RDONLY);

    ALLOW(f, calls_read);
    allow_if(f, "openat", 1, &reading);
}

static void allow_write(struct filter *f)
{
    static const int locks[] = {F_SETLK, F_SETLKW, F_GETLK, F_OFD_SETLK, F_OFD_GETLK};

    ALLOW(f, calls_write);
    for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
        struct scmp_arg_cmp command = equals(1, (scmp_datum_t)locks[i]);

        allow_if(f, "fcntl", 1, &command);
    }
}

static void allow_sockets(struct filter *f, bool dial)
{
    struct scmp_arg_cmp waiting = equals(1, FIONREAD); /* libevent's reading */

    ALLOW(f, calls_accept);
    allow_if(f, "ioctl", 1, &waiting);
    if (!dial)
        return;
    ALLOW(f, calls_dial);
    for (size_t i = 0; i < 2; i++) {
        struct scmp_arg_cmp tcp[] = {equals(0, i == 0 ? AF_INET : AF_INET6),
                                     masked(1, 0xf, SOCK_STREAM)};

        allow_if(f, "socket", 2, tcp);
    }
}

/* A filter cannot see clone3's arguments: glibc goes on with clone where the kernel does not have
 * it, and of clone exactly the flags of pthread_create are let through. */
static void allow_threads(struct filter *f)
{
    struct scmp_arg_cmp flags =
        equals(0, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |
                      CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID);

    ALLOW(f, calls_thread);
    allow_if(f, "clone", 1, &flags);
    if (f->error == 0)
        f->error = seccomp_rule_add(f->context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static void allow_sanitised(struct filter *f)
{
    struct scmp_arg_cmp reading = masked(2, O_ACCMODE | O_CREAT, O_RDONLY);

    ALLOW(f, calls_sanitised);
    allow_if(f, "openat", 1, &reading);
}

static struct fault filter_fault(int error)
{
    return fault_make(FAULT_IO, (size_t)-error, "sandbox: seccomp");
}

static struct fault calls_enter(unsigned may)
{
    struct filter f = {.context = seccomp_init(SCMP_ACT_KILL_PROCESS)};

    if (f.context == NULL)
        return filter_fault(-ENOMEM);
    allow_work(&f);
    if (may & (RIGHT_READ | RIGHT_WRITE))
        allow_read(&f);
    if (may & RIGHT_WRITE)
        allow_write(&f);
    if (may & (RIGHT_ACCEPT | RIGHT_DIAL))
        allow_sockets(&f, (may & RIGHT_DIAL) != 0);
    if (may & RIGHT_THREAD)
        allow_threads(&f);
    if (SANITISED)
        allow_sanitised(&f);
    if (f.error == 0)
        f.error = seccomp_attr_set(f.context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (f.error == 0)
        f.error = seccomp_load(f.context);
    seccomp_release(f.context);
    return f.error == 0 ? fault_none() : filter_fault(f.error);
}

/* ---- files and ports ------------------------------------------------------------------------ */

/* Landlock's interface, which Debian 12's headers have in part only (Documentation/userspace-api/
 * landlock.rst of the kernel). The ABI says how much of it is there. */
enum {
    LANDLOCK_CREATE = 444,
    LANDLOCK_ADD_RULE = 445,
    LANDLOCK_RESTRICT = 446,
    LANDLOCK_VERSION = 1,
    LANDLOCK_BENEATH = 1,
    LANDLOCK_PORT = 2,
};

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_FIRST = (1 << 13) - 1, /* all of ABI 1 */
    FS_REFER = 1 << 13,       /* ABI 2 */
    FS_TRUNCATE = 1 << 14,    /* ABI 3 */
    FS_IOCTL = 1 << 15,       /* ABI 5 */
    FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL,
    FS_READING = FS_READ_FILE | FS_READ_DIR,
    FS_WRITING = FS_READING | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
                 FS_MAKE_REG | FS_TRUNCATE | FS_REFER,
    NET_BIND = 1,
    NET_CONNECT = 2,
    SCOPE_ABSTRACT = 1,
    SCOPE_SIGNAL = 2,
};

struct landlock_rules {
    uint64_t files, ports, scopes;
};

struct landlock_beneath {
    uint64_t access;
    int32_t parent;
} __attribute__((packed));

struct landlock_port {
    uint64_t access, port;
};

/* What a kernel of this ABI cannot hold us to. */
static const char *landlock_missing(int abi)
{
    static const char *const missing[] = {
        "Landlock: files are held by system calls alone, ports not at all",
        "Landlock: no limit on moving files, truncating, TCP ports, signals",
        "Landlock: no limit on truncating, TCP ports, signals",
        "Landlock: no limit on TCP ports and signals",
        "Landlock: no limit on device ioctls and signals",
        "Landlock: no limit on signals",
    };

    return abi < 6 ? missing[abi < 0 ? 0 : abi] : NULL;
}

static struct landlock_rules landlock_all(int abi)
{
    struct landlock_rules all = {.files = FS_FIRST};

    all.files |= abi >= 2 ? FS_REFER : 0;
    all.files |= abi >= 3 ? FS_TRUNCATE : 0;
    all.files |= abi >= 5 ? FS_IOCTL : 0;
    all.ports = abi >= 4 ? NET_BIND | NET_CONNECT : 0;
    all.scopes = abi >= 6 ? SCOPE_ABSTRACT | SCOPE_SIGNAL : 0;
    return all;
}

static struct fault landlock_folder(int ruleset, const char *path, uint64_t access)
{
    struct landlock_beneath rule = {.access = access};
    struct fault f = fault_none();
    struct stat s;

    rule.parent = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent < 0)
        return fault_io("sandbox: a folder it has a right to");
    if (fstat(rule.parent, &s) == 0 && !S_ISDIR(s.st_mode))
        rule.access &= FS_OF_FILES;
    if (syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_BENEATH, &rule, 0) != 0)
        f = fault_io("sandbox: Landlock rule");
    close(rule.parent);
    return f;
}

static struct fault landlock_grants(int ruleset, const struct rights *r,
                                    const struct landlock_rules *all)
{
    struct fault f = fault_none();

    for (size_t i = 0; r->read[i] != NULL && !fault_is(f); i++) {
        f = landlock_folder(ruleset, r->read[i], FS_READING);
        if (f.kind == FAULT_IO && f.at == ENOENT)
            f = fault_none();
    }
    for (size_t i = 0; r->write[i] != NULL && !fault_is(f); i++)
        f = landlock_folder(ruleset, r->write[i], FS_WRITING & all->files);
    for (size_t i = 0; i < r->port_count && all->ports != 0 && !fault_is(f); i++) {
        struct landlock_port rule = {.access = NET_CONNECT, .port = r->ports[i]};

        if (syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PORT, &rule, 0) != 0)
            f = fault_io("sandbox: Landlock port");
    }
    return f;
}

static struct fault landlock_enter(const struct rights *r, int abi)
{
    struct landlock_rules all = landlock_all(abi);
    size_t size = abi < 4 ? 8 : abi < 6 ? 16 : sizeof all;
    int ruleset = (int)syscall(LANDLOCK_CREATE, &all, size, 0);
    struct fault f;

    if (ruleset < 0)
        return fault_io("sandbox: Landlock");
    f = landlock_grants(ruleset, r, &all);
    if (!fault_is(f) && syscall(LANDLOCK_RESTRICT, ruleset, 0) != 0)
        f = fault_io("sandbox: Landlock");
    close(ruleset);
    return f;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static struct fault limits_enter(unsigned files)
{
    struct rlimit none = {0, 0}, most = {files, files};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || setrlimit(RLIMIT_NOFILE, &most) != 0)
        return fault_io("sandbox: limits");
    return fault_none();
}

/* User 0 without capabilities is a user like any other, save for files that root owns. */
static struct fault capabilities_drop(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    if (syscall(SYS_capset, &head, none) != 0)
        return fault_io("sandbox: capabilities");
    return fault_none();
}

struct fault sandbox_enter(const struct rights *r, struct sandbox_report *out)
{
    int abi = (int)syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION);
    struct sandbox_report report = {.root = geteuid() == 0, .sanitised = SANITISED};
    struct fault f = limits_enter(r->files);

    report.landlock = abi > 0 ? abi : 0;
    report.missing = landlock_missing(report.landlock);
    if (!fault_is(f))
        f = capabilities_drop();
    if (!fault_is(f) && (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
        f = fault_io("sandbox: no new privileges");
    if (!fault_is(f) && report.landlock > 0)
        f = landlock_enter(r, report.landlock);
    if (!fault_is(f))
        f = calls_enter(r->may);
    if (!fault_is(f))
        *out = report;
    return f;
}

#include "proc/node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "io/file.h"
#include "io/log.h"
#include "io/sandbox.h"
#include "pact/agreement.h"
#include "pact/signed.h"
#include "tls/identity.h"

enum {
    READER_SECONDS = 20, /* for one agreement: a large one takes far below one second */
    BACKLOG = 64,
    VERSIONS = 1000, /* files of one agreement that are looked at */
    PATH = 256,
};

static struct fault say(struct node *n, struct fault f, const char *path)
{
    char words[200];

    log_fault_text(f, words, sizeof words);
    snprintf(n->why, sizeof n->why, "%s: %s", path, words);
    return f;
}

/* ---- settings and keys ---------------------------------------------------------------------- */

static struct fault read_settings(struct node *n)
{
    static const char path[] = "settings.json";
    struct settings_error error;
    struct fault f = file_read(path, SETTINGS_MAX, &n->settings_text);

    if (fault_is(f))
        return say(n, f, path);
    f = settings_parse(buf_view(&n->settings_text), &n->settings, &error);
    if (fault_is(f))
        snprintf(n->why, sizeof n->why, "%s line %zu: %s: %s", path, error.line, error.member,
                 error.why);
    return f;
}

static struct fault read_tls(struct node *n)
{
    struct fault f = file_read("keys/tls.key.pem", TLS_PEM, &n->tls_key);

    if (fault_is(f))
        return say(n, f, "keys/tls.key.pem");
    f = file_read("keys/tls.cert.pem", TLS_PEM, &n->tls_certificate);
    return fault_is(f) ? say(n, f, "keys/tls.cert.pem") : f;
}

/* TAXII clients want a certificate that an authority of theirs signed; the partner pins ours. */
static struct fault read_exchange_tls(struct node *n)
{
    struct fault f = file_read("keys/exchange.key.pem", TLS_PEM, &n->exchange_key);

    if (f.kind == FAULT_IO && f.at == ENOENT)
        return fault_none();
    if (fault_is(f))
        return say(n, f, "keys/exchange.key.pem");
    f = file_read("keys/exchange.cert.pem", TLS_PEM, &n->exchange_certificate);
    return fault_is(f) ? say(n, f, "keys/exchange.cert.pem") : f;
}

/* ---- agreements, read in a process without rights -------------------------------------------- */

struct reading {
    struct bytes text, signatures;
    const char *id;
    uint64_t version;
    const char *party;
};

/* Writes the tables the agreement needs, one name a line, an empty line, the canonical bytes. */
static void reader_answer(int fd, const struct agreement *a)
{
    struct buf answer = {0};

    for (size_t p = 0; p < AGREEMENT_PARTIES; p++)
        for (size_t i = 0; i < a->parties[p].table_count; i++) {
            buf_text(&answer, a->parties[p].tables[i].file);
            buf_byte(&answer, '\n');
        }
    buf_byte(&answer, '\n');
    buf_bytes(&answer, a->canonical);
    for (size_t at = 0; at < answer.len;) {
        ssize_t put = write(fd, answer.data + at, answer.len - at);

        if (put <= 0)
            break;
        at += (size_t)put;
    }
    buf_done(&answer);
}

static struct fault reader_verify(const struct reading *r, struct agreement **out,
                                  struct agreement_error *error)
{
    struct signatures *signatures = NULL;
    struct fault f = agreement_parse(r->text, false, out, error);

    if (fault_is(f))
        return f;
    if (strcmp((*out)->id, r->id) != 0 || (*out)->version != r->version)
        return fault_make(FAULT_MISMATCH, 0, "settings.md: id and version are those of the path");
    if (agreement_party(*out, r->party) == NULL)
        return fault_make(FAULT_MISMATCH, 0, "settings.md: our party is in the agreement");
    f = signatures_parse(r->signatures, &signatures, error);
    if (!fault_is(f))
        f = agreement_signatures_verify(*out, signatures, error);
    signatures_free(signatures);
    return f;
}

/* The child: into the sandbox, read, answer; what was wrong goes out as "!" and a line. */
static _Noreturn void reader_main(const struct reading *r, int fd)
{
    static const struct rights nothing = {.files = 32};
    struct sandbox_report report;
    struct agreement *a = NULL;
    struct agreement_error error = {0};
    struct buf words = {0};
    char rule[200];
    struct fault f;

    suite_start();
    f = sandbox_enter(&nothing, &report);
    if (!fault_is(f))
        f = reader_verify(r, &a, &error);
    if (!fault_is(f)) {
        reader_answer(fd, a);
        _exit(0);
    }
    log_fault_text(f, rule, sizeof rule);
    if (error.why[0] != '\0')
        buf_print(&words, "!line %zu: %s: %s (%s)", error.line, error.member, error.why, rule);
    else
        buf_print(&words, "!%s", rule);
    _exit(write(fd, words.data, words.len) > 0 ? 1 : 2);
}

/* Reads to the end of the pipe within the time. */
static struct fault reader_listen(int fd, struct buf *out)
{
    struct tick end = {tick_now().us + READER_SECONDS * 1000000LL};
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t got = 1;

    while (got != 0 && out->len <= AGREEMENT_MAX * 2) {
        int64_t left = (end.us - tick_now().us) / 1000;

        if (left <= 0)
            return fault_make(FAULT_LIMIT, 0, "node: time to read an agreement");
        if (poll(&p, 1, (int)left) <= 0)
            continue;
        buf_need(out, 65536);
        got = read(fd, out->data + out->len, 65536);
        if (got < 0 && errno != EINTR)
            return fault_io("node: reading of an agreement");
        out->len += got > 0 ? (size_t)got : 0;
    }
    return fault_none();
}

static struct fault reader_run(const struct reading *r, struct buf *out)
{
    int ends[2], status = -1;
    pid_t pid;
    struct fault f;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return fault_io("node: pipe");
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        reader_main(r, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return fault_io("node: fork");
    }
    f = reader_listen(ends[0], out);
    close(ends[0]);
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!fault_is(f) && (out->len == 0 || (out->data[0] == '!')))
        f = fault_make(FAULT_SYNTAX, 0, "agreement");
    return f;
}

/* ---- agreements and tables, on disk ---------------------------------------------------------- */

static struct fault add_table(struct node *n, const char *id, struct bytes file)
{
    struct node_table *t = &n->tables[n->table_count];
    char name[SETUP_NAME], path[PATH];
    struct fault f;

    if (!name_is_safe(file))
        return fault_make(FAULT_SYNTAX, 0, "node: name of a table");
    snprintf(name, sizeof name, "%s/%.*s", id, (int)file.len, (const char *)file.data);
    for (size_t i = 0; i < n->table_count; i++)
        if (strcmp(n->tables[i].name, name) == 0)
            return fault_none();
    if (n->table_count == NODE_TABLES)
        return fault_make(FAULT_LIMIT, NODE_TABLES, "node: tables");
    snprintf(path, sizeof path, "agreements/%s", name);
    f = file_read(path, SETUP_PART, &t->content);
    if (fault_is(f))
        return say(n, f, path);
    snprintf(t->name, sizeof t->name, "%s", name);
    n->table_count++;
    return f;
}

/* Takes the reader's answer apart. */
static struct fault take_answer(struct node *n, const char *id, struct bytes answer,
                                struct node_agreement *out)
{
    size_t at = 0;
    struct fault f = fault_none();

    while (at < answer.len && answer.data[at] != '\n' && !fault_is(f)) {
        const uint8_t *end = memchr(answer.data + at, '\n', answer.len - at);

        if (end == NULL)
            return fault_make(FAULT_SHORT, at, "node: reading of an agreement");
        f = add_table(n, id, bytes_of(answer.data + at, (size_t)(end - answer.data) - at));
        at = (size_t)(end - answer.data) + 1;
    }
    if (!fault_is(f) && at + 1 >= answer.len)
        f = fault_make(FAULT_SHORT, at, "node: reading of an agreement");
    if (!fault_is(f))
        buf_add(&out->canonical, answer.data + at + 1, answer.len - at - 1);
    return f;
}

static struct fault read_version(struct node *n, const char *id, uint64_t version)
{
    struct node_agreement *a = &n->agreements[n->agreement_count];
    char path[PATH], signatures[PATH + 8];
    struct buf text = {0}, answer = {0};
    struct reading r = {.id = id, .version = version, .party = n->settings.party};
    struct fault f;

    snprintf(path, sizeof path, "agreements/%s/%llu.json", id, (unsigned long long)version);
    snprintf(signatures, sizeof signatures, "%s.sig", path);
    f = file_read(path, AGREEMENT_MAX, &text);
    if (!fault_is(f))
        f = file_read(signatures, SIGNATURES_MAX, &a->signatures);
    if (fault_is(f)) {
        say(n, f, text.len == 0 ? path : signatures);
    } else {
        r.text = buf_view(&text);
        r.signatures = buf_view(&a->signatures);
        n->why[0] = '\0';
        f = reader_run(&r, &answer);
        if (!fault_is(f))
            f = take_answer(n, id, buf_view(&answer), a);
        if (fault_is(f) && answer.len > 0 && answer.data[0] == '!')
            snprintf(n->why, sizeof n->why, "%s: %.*s", path, (int)answer.len - 1,
                     (const char *)answer.data + 1);
        else if (fault_is(f) && n->why[0] == '\0')
            say(n, f, path);
    }
    n->agreement_count++; /* also a half-read one, for node_done */
    buf_done(&text);
    buf_done(&answer);
    return f;
}

/* The number of a file "12.json"; 0 for any other name. */
static uint64_t version_of(const char *name)
{
    const char *dot = strchr(name, '.');
    uint64_t version;

    if (dot == NULL || strcmp(dot, ".json") != 0 ||
        !decimal_read(bytes_of(name, (size_t)(dot - name)), UINT32_MAX, &version))
        return 0;
    return version;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static struct fault read_versions(struct node *n, const char *id)
{
    char path[PATH];
    uint64_t versions[VERSIONS];
    size_t count = 0;
    struct fault f = fault_none();
    DIR *d;

    snprintf(path, sizeof path, "agreements/%s", id);
    d = opendir(path);
    if (d == NULL)
        return say(n, fault_io("node: agreement"), path);
    for (struct dirent *e = readdir(d); e != NULL && count < VERSIONS; e = readdir(d))
        if (version_of(e->d_name) > 0)
            versions[count++] = version_of(e->d_name);
    closedir(d);
    if (count == 0)
        return say(n, fault_make(FAULT_MISSING, 0, "node: a version of the agreement"), path);
    qsort(versions, count, sizeof versions[0], by_size);
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = n->agreement_count < SETUP_AGREEMENTS
                ? read_version(n, id, versions[i])
                : say(n, fault_make(FAULT_LIMIT, SETUP_AGREEMENTS, "node: agreement versions"),
                      path);
    return f;
}

struct fault node_read(struct node *out)
{
    struct node *n = memory_zeroed(1, sizeof *n);
    struct fault f = read_settings(n);

    if (!fault_is(f))
        f = read_tls(n);
    if (!fault_is(f) && n->settings.has_exchange)
        f = read_exchange_tls(n);
    for (size_t i = 0; i < n->settings.agreement_count && !fault_is(f); i++)
        f = read_versions(n, n->settings.agreements[i]);
    if (fault_is(f)) {
        memcpy(out->why, n->why, sizeof out->why);
        node_done(n);
    } else {
        *out = *n;
    }
    free(n);
    return f;
}

void node_done(struct node *n)
{
    for (size_t i = 0; i < n->agreement_count; i++) {
        buf_done(&n->agreements[i].canonical);
        buf_done(&n->agreements[i].signatures);
    }
    for (size_t i = 0; i < n->table_count; i++)
        buf_done(&n->tables[i].content);
    buf_done(&n->settings_text);
    buf_wipe(&n->tls_key);
    buf_done(&n->tls_certificate);
    buf_wipe(&n->exchange_key);
    buf_done(&n->exchange_certificate);
    n->agreement_count = n->table_count = 0;
}

/* ---- what changed ---------------------------------------------------------------------------- */

static bool is_same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool node_differs_by_lists(const struct node *before, const struct node *n)
{
    bool same = before->agreement_count == n->agreement_count &&
                before->table_count == n->table_count && is_same(&before->tls_key, &n->tls_key) &&
                is_same(&before->tls_certificate, &n->tls_certificate) &&
                is_same(&before->exchange_key, &n->exchange_key) &&
                is_same(&before->exchange_certificate, &n->exchange_certificate);

    for (size_t i = 0; same && i < n->agreement_count; i++)
        same = is_same(&before->agreements[i].canonical, &n->agreements[i].canonical) &&
               is_same(&before->agreements[i].signatures, &n->agreements[i].signatures);
    for (size_t i = 0; same && i < n->table_count; i++)
        same = strcmp(before->tables[i].name, n->tables[i].name) == 0 &&
               is_same(&before->tables[i].content, &n->tables[i].content);
    return same &&
           settings_differ_by_lists(buf_view(&before->settings_text), buf_view(&n->settings_text));
}

/* ---- handing out ----------------------------------------------------------------------------- */

static void setup_add(struct setup *s, const char *name, const struct buf *content)
{
    s->parts[s->part_count++] =
        (struct setup_part){.name = bytes_text(name), .content = buf_view(content)};
}

void node_setup(const struct node *n, enum process process, struct buf *out)
{
    struct setup s = {.settings = buf_view(&n->settings_text),
                      .party = bytes_text(n->settings.party)};

    for (size_t i = 0; i < n->agreement_count; i++)
        s.agreements[s.agreement_count++] =
            (struct setup_agreement){.canonical = buf_view(&n->agreements[i].canonical),
                                     .signatures = buf_view(&n->agreements[i].signatures)};
    if (process == PROCESS_GATE) {
        setup_add(&s, "tls-key", &n->tls_key);
        setup_add(&s, "tls-cert", &n->tls_certificate);
    }
    if (process == PROCESS_GATE && n->exchange_key.len > 0) {
        setup_add(&s, "exchange-key", &n->exchange_key);
        setup_add(&s, "exchange-cert", &n->exchange_certificate);
    }
    for (size_t i = 0; process == PROCESS_WATCH && i < n->table_count; i++)
        setup_add(&s, n->tables[i].name, &n->tables[i].content);
    setup_write(&s, out);
}

/* ---- sockets --------------------------------------------------------------------------------- */

static struct fault bind_and_listen(int fd, const struct sockaddr *address, socklen_t size,
                                    const char *rule, int *out)
{
    struct fault f;

    if (fd >= 0 && bind(fd, address, size) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return fault_none();
    }
    f = fault_io(rule);
    if (fd >= 0)
        close(fd);
    return f;
}

struct fault node_listen(const struct endpoint *at, int *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(at->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(at->port)};
    bool is_v4 = addr_is_v4(at->addr);
    int on = 1,
        fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    v4.sin_addr.s_addr = htonl(addr_v4(at->addr));
    memcpy(&v6.sin6_addr, at->addr.byte, sizeof v6.sin6_addr);
    /* A node that was killed comes back to its port at once. */
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0))
        return fault_io("node: listen");
    return bind_and_listen(fd,
                           is_v4 ? (struct sockaddr *)(void *)&v4 : (struct sockaddr *)(void *)&v6,
                           is_v4 ? sizeof v4 : sizeof v6, "node: listen", out);
}

struct fault node_control(const struct settings *s, uid_t uid, gid_t gid, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "control.sock"};
    struct group *group = s->operators[0] != '\0' ? getgrnam(s->operators) : NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask;
    struct fault f;

    if (s->operators[0] != '\0' && group == NULL)
        log_warn("settings: there is no group %s; only root and the node's user have control",
                 s->operators);
    unlink(address.sun_path); /* of a node that was killed; the lock is ours */
    mask = umask(0117);
    f = bind_and_listen(fd, (struct sockaddr *)&address, sizeof address, "node: control.sock", out);
    umask(mask);
    if (fault_is(f))
        return f;
    if (chown(address.sun_path, uid, group != NULL ? group->gr_gid : gid) != 0)
        log_warn("control.sock: cannot be given to its group: %s", strerrordesc_np(errno));
    return f;
}

/* As much as the kernel gives: what comes between two looks must wait there. */
static void widen(int fd)
{
    enum { WANTED = 16 << 20 };
    int size = WANTED;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0)
        log_warn("a sensor's socket keeps the system's own buffer: %s", strerrordesc_np(errno));
}

static struct fault sensor_udp(const struct settings_sensor *s, int *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(s->endpoint.port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(s->endpoint.port)};
    bool is_v4 = addr_is_v4(s->endpoint.addr);
    const struct sockaddr *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    v4.sin_addr.s_addr = htonl(addr_v4(s->endpoint.addr));
    memcpy(&v6.sin6_addr, s->endpoint.addr.byte, sizeof v6.sin6_addr);
    if (fd < 0 || bind(fd, address, is_v4 ? sizeof v4 : sizeof v6) != 0) {
        struct fault f = fault_io("node: a sensor's udp port");

        if (fd >= 0)
            close(fd);
        return f;
    }
    widen(fd);
    *out = fd;
    return fault_none();
}

static struct fault sensor_unix(const struct settings_sensor *s, uid_t uid, gid_t gid, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool stream = s->kind == SENSOR_UNIX;
    int fd = socket(AF_UNIX, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct stat st;
    mode_t mask;
    bool good;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", settings_path(s));
    if (lstat(address.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(address.sun_path); /* of a node that was killed; anything else is not ours */
    mask = umask(0117);
    good = fd >= 0 && bind(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0 &&
           (!stream || listen(fd, 8) == 0);
    umask(mask);
    if (!good) {
        struct fault f = fault_io("node: a sensor's socket");

        if (fd >= 0)
            close(fd);
        return f;
    }
    if (chown(address.sun_path, uid, gid) != 0)
        log_warn("%s: cannot be given to the node's group: %s", s->where, strerrordesc_np(errno));
    *out = fd;
    return fault_none();
}

struct fault node_sensor(const struct settings_sensor *s, uid_t uid, gid_t gid, int *out)
{
    return s->kind == SENSOR_UDP ? sensor_udp(s, out) : sensor_unix(s, uid, gid, out);
}

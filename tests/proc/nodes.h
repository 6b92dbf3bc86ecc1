/*
 * nodes.h - for tests of proc/: a node's directory with an agreement that both example parties
 * signed, and a parent running in it, whose output can be waited for.
 */
#ifndef PARLEY_TESTS_PROC_NODES_H
#define PARLEY_TESTS_PROC_NODES_H

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "io/file.h"
#include "pact/example.h"
#include "pact/signed.h"
#include "proc/parent.h"
#include "tls/identity.h"

struct test_node {
    char directory[128];
    pid_t pid;
    int output; /* read end of its stdout and stderr */
    struct buf text;
    uint8_t pin[TLS_PIN];
};

static inline void node_path(const struct test_node *n, const char *name, char *out)
{
    snprintf(out, 256, "%s/%s", n->directory, name);
}

static inline void node_put(const struct test_node *n, const char *name, struct bytes content)
{
    char path[256];

    node_path(n, name, path);
    assert_good(file_replace(path, content, 0600));
}

static inline void node_folder(const struct test_node *n, const char *name)
{
    char path[256];

    node_path(n, name, path);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* The directory, with keys; settings and agreement are put in by the caller. */
static inline void node_make(struct test_node *n)
{
    struct buf key = {0}, certificate = {0};

    *n = (struct test_node){.directory = "/tmp/parley-node-XXXXXX", .output = -1};
    assert_non_null(mkdtemp(n->directory));
    node_folder(n, "agreements");
    node_folder(n, "agreements/pact-2015-example");
    node_folder(n, "keys");
    assert_good(tls_identity_new(&key, &certificate));
    assert_good(tls_pin(buf_view(&certificate), n->pin));
    node_put(n, "keys/tls.key.pem", buf_view(&key));
    node_put(n, "keys/tls.cert.pem", buf_view(&certificate));
    buf_wipe(&key);
    buf_done(&certificate);
}

static inline void node_settings(const struct test_node *n, const char *party, const char *listen,
                                 const char *sensor)
{
    json_t *s =
        json_pack("{s:i,s:s,s:[s]}", "v", 1, "party", party, "agreements", "pact-2015-example");
    struct buf b = {0};

    if (listen != NULL)
        json_object_set_new(s, "listen", json_string(listen));
    if (sensor != NULL)
        json_object_set_new(s, "sensors",
                            json_pack("[{s:s,s:s,s:s,s:b}]", "name", "edge", "path", sensor,
                                      "format", "eve", "follow", 1));
    json_indented(s, &b);
    node_put(n, "settings.json", buf_view(&b));
    buf_done(&b);
    json_decref(s);
}

/* An agreement between these two, in which their channel keys are pinned and each can be dialled
 * at its port; put into both directories, signed by both root keys. */
static inline void nodes_agree(const struct test_node *a, const struct test_node *b,
                               const int port[2])
{
    const struct test_node *both[] = {a, b};
    json_t *tree = example_tree();
    struct agreement *agreement;
    struct secret *roots[] = {example_key("cert-a root"), example_key("cert-b root")};
    struct signatures *signatures;
    struct buf text = {0}, signed_by = {0};

    for (size_t i = 0; i < 2; i++) {
        json_t *party = json_array_get(json_object_get(tree, "parties"), i);
        char pin[64], address[32];

        base64_write(both[i]->pin, TLS_PIN, pin);
        snprintf(address, sizeof address, "127.0.0.1:%d", port[i]);
        json_object_set_new(party, "tls", json_pack("[s]", pin));
        json_object_set_new(party, "nodes", json_pack("[s]", address));
    }
    json_indented(tree, &text);
    assert_good(agreement_parse(buf_view(&text), false, &agreement, NULL));
    signatures = signatures_new(agreement);
    assert_good(agreement_sign(agreement, "cert-a", roots[0], signatures));
    assert_good(agreement_sign(agreement, "cert-b", roots[1], signatures));
    signatures_write(signatures, &signed_by);
    for (size_t i = 0; i < 2; i++) {
        node_put(both[i], "agreements/pact-2015-example/1.json", buf_view(&text));
        node_put(both[i], "agreements/pact-2015-example/1.json.sig", buf_view(&signed_by));
        secret_free(roots[i]);
    }
    signatures_free(signatures);
    agreement_free(agreement);
    json_decref(tree);
    buf_done(&text);
    buf_done(&signed_by);
}

static inline void node_start(struct test_node *n)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    n->pid = fork();
    if (n->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        _exit(parent_run(n->directory, -1));
    }
    close(ends[1]);
    n->output = ends[0];
    buf_clear(&n->text);
}

/* Waits until `words` stand in the output behind *from; moves *from behind them. */
static inline bool node_says(struct test_node *n, const char *words, size_t *from, int seconds)
{
    struct tick end = {tick_now().us + seconds * 1000000LL};
    struct pollfd p = {.fd = n->output, .events = POLLIN};

    for (;;) {
        const char *text = buf_str(&n->text), *at = strstr(text + *from, words);
        ssize_t got;

        if (at != NULL) {
            *from = (size_t)(at - text) + strlen(words);
            return true;
        }
        if (poll(&p, 1, seconds > 0 ? 50 : 0) <= 0) {
            if (tick_now().us > end.us)
                return false;
            continue;
        }
        buf_need(&n->text, 4096);
        got = read(n->output, n->text.data + n->text.len, 4096);
        if (got <= 0)
            return false;
        n->text.len += (size_t)got;
    }
}

#define assert_says(node, words, from)                                                             \
    do {                                                                                           \
        if (!node_says((node), (words), (from), 20))                                               \
            fail_msg("never said \"%s\" but:\n%s", (words), buf_str(&(node)->text));               \
    } while (0)

/* The pid of one of its processes, by the word in its command line; 0 if there is none. */
static inline pid_t node_child(const struct test_node *n, const char *word)
{
    char path[64], pids[256] = "", line[256];
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", n->pid, n->pid);
    f = fopen(path, "r");
    if (f == NULL)
        return 0;
    if (fgets(pids, sizeof pids, f) == NULL)
        pids[0] = '\0';
    fclose(f);
    for (char *at = pids, *next; *at != '\0'; at = next) {
        long pid = strtol(at, &next, 10);
        size_t got;

        if (next == at)
            break;
        snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
        f = fopen(path, "r");
        if (f == NULL)
            continue;
        got = fread(line, 1, sizeof line - 1, f);
        fclose(f);
        line[got] = '\0';
        if (got > 7 && strcmp(line + 7, word) == 0) /* behind "parley" */
            return (pid_t)pid;
    }
    return 0;
}

/* SIGTERM; its exit status, or -1 if it did not end in time. */
static inline int node_stop(struct test_node *n)
{
    struct tick end = {tick_now().us + 20000000};
    int status = -1;
    size_t from = 0;

    kill(n->pid, SIGTERM);
    while (waitpid(n->pid, &status, WNOHANG) == 0 && tick_now().us < end.us)
        node_says(n, "never", &from, 0);
    close(n->output);
    n->output = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void node_remove(struct test_node *n)
{
    pid_t pid = fork();

    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", n->directory, (char *)NULL);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
    buf_done(&n->text);
}

#endif

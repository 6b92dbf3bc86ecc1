/* The node's five processes are this same program: each greets its neighbours and writes down who
 * greets it. */
#include "proc/parent.h"

#include <fcntl.h>

#include "proc/nodes.h"
#include "proc/process.h"

enum { GREETING = 70 };

struct greeter {
    struct self *self;
    enum process own;
};

static void greet(struct greeter *g, enum process other)
{
    process_send(g->self, other, GREETING, bytes_of(NULL, 0));
}

static struct fault greeter_begin(void *context, struct self *self)
{
    struct greeter *g = context;
    int files = 0;

    g->self = self;
    for (int i = 0; i < PROCESS_COUNT; i++)
        greet(g, (enum process)i);
    files += process_file(self, "listen") >= 0 ? 1 : 0;
    files += process_file(self, "control") >= 0 ? 2 : 0;
    files += process_file(self, "lock") >= 0 ? 4 : 0;
    files += process_file(self, "sensor.0") >= 0 ? 8 : 0;
    dprintf(2, "%s holds %d, %zu agreements, key %d, party %.*s\n", process_name(g->own), files,
            process_setup(self)->agreement_count,
            setup_part(process_setup(self), "tls-key").len > 0, (int)process_setup(self)->party.len,
            (const char *)process_setup(self)->party.data);
    if (g->own == PROCESS_WATCH) {
        struct buf index = {0};

        buf_u32(&index, 0);
        buf_u64(&index, 0);
        buf_u64(&index, 0);
        process_tell_parent(self, MESSAGE_REOPEN, buf_view(&index));
        buf_done(&index);
    }
    return fault_none();
}

static void greeter_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    struct greeter *g = context;

    (void)type;
    (void)body;
    dprintf(2, "%s<%s\n", process_name(g->own), process_name(from));
}

static void greeter_neighbour(void *context, enum process other, bool here)
{
    struct greeter *g = context;

    if (here)
        greet(g, other);
}

static void greeter_file(void *context, const char *name, int fd)
{
    struct greeter *g = context;

    dprintf(2, "%s reopened %s\n", process_name(g->own), name);
    close(fd);
}

static void greeter_settings(void *context, struct bytes text)
{
    struct greeter *g = context;

    dprintf(2, "%s has settings of %zu bytes\n", process_name(g->own), text.len);
    process_tell_parent(g->self, MESSAGE_LISTS, bytes_text("\1"));
}

static int greeter_main(const char *name)
{
    struct process_use use = {
        .rights = {.files = 64},
        .begin = greeter_begin,
        .message = greeter_message,
        .neighbour = greeter_neighbour,
        .file = greeter_file,
        .settings = greeter_settings,
    };
    struct greeter g = {0};

    for (int i = 0; i < PROCESS_COUNT; i++)
        if (strcmp(name, process_name((enum process)i)) == 0)
            g.own = use.process = (enum process)i;
    return process_run(&use, &g);
}

static void put_agreement(const struct test_node *n)
{
    struct buf text = example_file("pact-2015.agreement.json");
    struct buf signatures = example_file("pact-2015.agreement.json.sig");

    node_put(n, "agreements/pact-2015-example/1.json", buf_view(&text));
    node_put(n, "agreements/pact-2015-example/1.json.sig", buf_view(&signatures));
    buf_done(&text);
    buf_done(&signatures);
}

/* Hardly anybody else's. */
static void settle_port(struct test_node *n)
{
    char listen[32];

    snprintf(listen, sizeof listen, "127.0.0.1:%d", 20000 + getpid() % 20000);
    node_settings(n, "cert-a", listen, "/proc/version");
}

static void make(struct test_node *n)
{
    node_make(n);
    settle_port(n);
    put_agreement(n);
}

static void a_node_starts_hands_over_and_stops(void **state)
{
    struct test_node n;
    char path[256];
    struct stat s;
    size_t from = 0, start = 0;

    (void)state;
    make(&n);
    node_start(&n);
    assert_says(&n, "parley: ready: cert-a in ", &from);
    /* only gate listens and has the TLS key, only desk has the control socket, only watch has the
     * sensors */
    assert_says(&n, "keeper holds 4, 1 agreements, key 0, party cert-a\n", (start = 0, &start));
    assert_says(&n, "desk holds 6, 1 agreements, key 0, party cert-a\n", (start = 0, &start));
    assert_says(&n, "watch holds 8, 1 agreements, key 0, party cert-a\n", (start = 0, &start));
    assert_says(&n, "judge holds 0, 1 agreements, key 0, party cert-a\n", (start = 0, &start));
    assert_says(&n, "gate holds 1, 1 agreements, key 1, party cert-a\n", (start = 0, &start));
    assert_says(&n, "watch reopened sensor.0\n", (start = 0, &start));
    assert_says(&n, "judge<gate\n", (start = 0, &start));
    assert_says(&n, "desk<gate\n", (start = 0, &start));
    assert_says(&n, "desk<judge\n", (start = 0, &start));
    assert_says(&n, "keeper<desk\n", (start = 0, &start));
    assert_says(&n, "watch<desk\n", (start = 0, &start));
    assert_false(strstr(buf_str(&n.text), "keeper<gate") != NULL);
    assert_false(strstr(buf_str(&n.text), "watch<gate") != NULL);
    node_path(&n, "control.sock", path);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0660);
    assert_int_equal(node_stop(&n), PARENT_EXIT_STOPPED);
    assert_int_equal(stat(path, &s), -1);
    node_remove(&n);
}

static void a_killed_process_comes_back_with_new_channels(void **state)
{
    static const struct {
        const char *word, *heard[3];
    } processes[] = {
        {"@gate", {"judge<gate\n", "gate<desk\n", NULL}},
        {"@judge", {"judge<gate\n", "desk<judge\n", NULL}},
        {"@watch", {"watch<desk\n", NULL}},
        {"@keeper", {"keeper<desk\n", NULL}},
        {"@desk", {"desk<gate\n", "keeper<desk\n", "watch<desk\n"}},
    };
    struct test_node n;
    size_t from = 0;

    (void)state;
    make(&n);
    node_start(&n);
    assert_says(&n, "parley: ready", &from);
    for (size_t i = 0; i < sizeof processes / sizeof processes[0]; i++) {
        pid_t pid = node_child(&n, processes[i].word);

        assert_true(pid > 0);
        node_says(&n, "never", &(size_t){from}, 0); /* read what is there */
        from = n.text.len;
        assert_int_equal(kill(pid, SIGKILL), 0);
        for (size_t k = 0; k < 3 && processes[i].heard[k] != NULL; k++)
            assert_says(&n, processes[i].heard[k], &(size_t){from});
        assert_true(node_child(&n, processes[i].word) != pid);
    }
    assert_int_equal(node_stop(&n), PARENT_EXIT_STOPPED);
    node_remove(&n);
}

static void a_second_node_in_the_same_directory_is_refused(void **state)
{
    struct test_node n, second;
    size_t from = 0, other = 0;
    int status;

    (void)state;
    make(&n);
    node_start(&n);
    assert_says(&n, "parley: ready", &from);
    second = n;
    second.text = (struct buf){0};
    node_start(&second);
    assert_says(&second, "another node runs in ", &other);
    assert_int_equal(waitpid(second.pid, &status, 0), second.pid);
    assert_int_equal(status, PARENT_EXIT_LOCKED << 8);
    close(second.output);
    buf_done(&second.text);
    /* kill -9 of the whole: the lock is free again, and a new node starts over the old socket */
    kill(n.pid, SIGKILL);
    waitpid(n.pid, &status, 0);
    close(n.output);
    node_start(&n);
    from = 0;
    assert_says(&n, "parley: ready", &from);
    assert_int_equal(node_stop(&n), PARENT_EXIT_STOPPED);
    node_remove(&n);
}

static void what_is_wrong_in_the_directory_is_said_and_nothing_starts(void **state)
{
    static const struct {
        const char *name, *file, *content, *said;
    } wrong[] = {
        {"no settings", "settings.json", NULL, "settings.json: node"},
        {"settings of another form", "settings.json", "{\"v\":1}", "settings.json line 1: "},
        {"no key", "keys/tls.key.pem", NULL, "keys/tls.key.pem: "},
        {"no signatures", "agreements/pact-2015-example/1.json.sig", NULL, "1.json.sig: "},
        {"an agreement that is none", "agreements/pact-2015-example/1.json", "{\n \"v\": 1\n}\n",
         "1.json: line "},
        {"an empty agreement", "agreements/pact-2015-example/1.json", "", "1.json: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct test_node n;
        char path[256];
        size_t from = 0;
        int status;

        make(&n);
        settle_port(&n);
        node_path(&n, wrong[i].file, path);
        if (wrong[i].content == NULL)
            assert_int_equal(unlink(path), 0);
        else
            assert_good(file_replace(path, bytes_text(wrong[i].content), 0600));
        node_start(&n);
        if (!node_says(&n, i == 0 ? "settings.json: " : wrong[i].said, &from, 10))
            fail_msg("%s: %s", wrong[i].name, buf_str(&n.text));
        assert_int_equal(waitpid(n.pid, &status, 0), n.pid);
        assert_int_equal(status, PARENT_EXIT_SETTINGS << 8);
        close(n.output);
        node_remove(&n);
    }
}

static void a_signature_that_does_not_hold_starts_nothing(void **state)
{
    struct test_node n;
    struct buf signatures = example_file("pact-2015.agreement.json.sig");
    char *at = strstr((char *)(uintptr_t)buf_str(&signatures), "\"signature\": \"");
    size_t from = 0;
    int status;

    (void)state;
    make(&n);
    at += 20;
    *at = *at == 'A' ? 'B' : 'A';
    node_put(&n, "agreements/pact-2015-example/1.json.sig", buf_view(&signatures));
    node_start(&n);
    assert_says(&n, "forged", &from);
    assert_int_equal(waitpid(n.pid, &status, 0), n.pid);
    assert_int_equal(status, PARENT_EXIT_SETTINGS << 8);
    close(n.output);
    buf_done(&signatures);
    node_remove(&n);
}

static long uid_of(pid_t pid)
{
    char path[64], line[256];
    long uid = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "Uid:", 4) == 0)
            uid = strtol(line + 4, NULL, 10);
    fclose(f);
    return uid;
}

static void started_by_root_the_processes_become_the_directory_s_owner(void **state)
{
    static const char *const words[] = {"@gate", "@judge", "@watch", "@desk", "@keeper"};
    enum { NOBODY = 65534 };
    struct test_node n;
    size_t from = 0;
    pid_t owner;

    (void)state;
    if (geteuid() != 0)
        skip();
    make(&n);
    owner = fork();
    if (owner == 0) {
        execl("/bin/chown", "chown", "-R", "65534:65534", n.directory, (char *)NULL);
        _exit(1);
    }
    waitpid(owner, NULL, 0);
    node_start(&n);
    assert_says(&n, "parley: ready", &from);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_int_equal(uid_of(node_child(&n, words[i])), NOBODY);
    assert_null(strstr(buf_str(&n.text), "still user 0"));
    /* root's parent can still kill, restart and stop them */
    kill(node_child(&n, "@judge"), SIGKILL);
    assert_says(&n, "desk<judge\n", &from);
    assert_int_equal(node_stop(&n), PARENT_EXIT_STOPPED);
    node_remove(&n);
}

static void a_hangup_reloads_and_wrong_settings_then_change_nothing(void **state)
{
    struct test_node n;
    size_t from = 0;
    pid_t desk;

    (void)state;
    make(&n);
    node_start(&n);
    assert_says(&n, "parley: ready", &from);
    desk = node_child(&n, "@desk");
    kill(n.pid, SIGHUP);
    assert_says(&n, "reloaded", &from);
    assert_says(&n, "desk holds 6", &from);
    assert_true(node_child(&n, "@desk") != desk);
    desk = node_child(&n, "@desk");
    node_put(&n, "settings.json", bytes_text("{}"));
    kill(n.pid, SIGHUP);
    assert_says(&n, "not reloaded: settings.json", &from);
    assert_int_equal(node_child(&n, "@desk"), desk);
    assert_int_equal(node_stop(&n), PARENT_EXIT_STOPPED);
    node_remove(&n);
}

/* "indicators" of one list, as the settings spell them. */
static void put_list(struct test_node *n, const char *path)
{
    char settings[256];
    struct buf text = {0};
    json_t *tree;

    node_path(n, "settings.json", settings);
    tree = json_load_file(settings, 0, NULL);
    json_object_set_new(tree, "indicators",
                        json_pack("[{s:s,s:s,s:s}]", "name", "mine", "path", path, "kind", "list"));
    json_indented(tree, &text);
    node_put(n, "settings.json", buf_view(&text));
    buf_done(&text);
    json_decref(tree);
}

static void other_lists_reach_watch_and_no_process_is_begun_anew(void **state)
{
    static const char *const words[] = {"@gate", "@judge", "@watch", "@desk", "@keeper"};
    enum { WORDS = sizeof words / sizeof words[0] };
    struct test_node n;
    size_t from = 0;
    pid_t before[WORDS];

    (void)state;
    make(&n);
    node_start(&n);
    assert_says(&n, "parley: ready", &from);
    for (size_t i = 0; i < WORDS; i++)
        before[i] = node_child(&n, words[i]);
    put_list(&n, "/proc/version");
    kill(n.pid, SIGHUP);
    assert_says(&n, "reloaded: lists", &(size_t){from});
    assert_says(&n, "watch has settings of ", &(size_t){from});
    assert_says(&n, "watch reopened indicators.0\n", &(size_t){from});
    assert_says(&n, "watch reopened lists.end\n", &(size_t){from});
    for (size_t i = 0; i < WORDS; i++)
        assert_int_equal(node_child(&n, words[i]), before[i]);
    assert_int_equal(node_stop(&n), PARENT_EXIT_STOPPED);
    node_remove(&n);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_starts_hands_over_and_stops),
        cmocka_unit_test(a_killed_process_comes_back_with_new_channels),
        cmocka_unit_test(a_second_node_in_the_same_directory_is_refused),
        cmocka_unit_test(what_is_wrong_in_the_directory_is_said_and_nothing_starts),
        cmocka_unit_test(a_signature_that_does_not_hold_starts_nothing),
        cmocka_unit_test(started_by_root_the_processes_become_the_directory_s_owner),
        cmocka_unit_test(a_hangup_reloads_and_wrong_settings_then_change_nothing),
        cmocka_unit_test(other_lists_reach_watch_and_no_process_is_begun_anew),
    };

    if (argc > 1 && argv[1][0] == '@')
        return greeter_main(argv[1] + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

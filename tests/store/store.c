#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char folder[] = "/tmp/parley-store-XXXXXX";
static char path[64];

static void base_remove(void)
{
    char name[80];

    for (size_t i = 0; i < 3; i++) {
        static const char *const ends[] = {"", "-wal", "-shm"};

        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static int setup(void **state)
{
    (void)state;
    base_remove();
    return 0;
}

static struct store *opened(const struct backend *b)
{
    struct store *s = NULL;

    assert_good(store_open(b, path, &s));
    return s;
}

static void state_put(struct store *s, const char *name, const char *value)
{
    assert_good(store_do(s, QUERY_STATE_PUT, NULL,
                         STORE_WITH(value_text("a.example"), value_text(name), value_text(value))));
}

static bool state_is(struct store *s, const char *name, const char *value)
{
    struct rows r =
        store_ask(s, QUERY_STATE_GET, STORE_WITH(value_text("a.example"), value_text(name)));
    bool same = rows_next(&r) && bytes_is(row_bytes(&r, 0), value);

    assert_good(rows_done(&r));
    return same;
}

/* The letters beside a query are what its SQL takes and gives: counted by SQLite itself, in a
 * connection of our own. */
static void every_query_fits_the_tables(void **state)
{
    sqlite3 *db;

    (void)state;
    store_close(opened(&backend_sqlite));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t q = 0; q < QUERY_COUNT; q++) {
        sqlite3_stmt *statement;

        assert_non_null(queries[q].name);
        if (sqlite3_prepare_v2(db, queries[q].sql, -1, &statement, NULL) != SQLITE_OK)
            fail_msg("%s: %s", queries[q].name, sqlite3_errmsg(db));
        if ((size_t)sqlite3_bind_parameter_count(statement) != strlen(queries[q].with))
            fail_msg("%s: parameters", queries[q].name);
        if ((size_t)sqlite3_column_count(statement) != strlen(queries[q].rows))
            fail_msg("%s: columns", queries[q].name);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

/* PostgreSQL numbers parameters as SQLite does only when $1, $2 .. come in this order. */
static void parameters_come_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    for (size_t q = 0; q < QUERY_COUNT; q++) {
        long next = 1;

        for (const char *p = strchr(queries[q].sql, '$'); p != NULL; p = strchr(p + 1, '$')) {
            long n = strtol(p + 1, NULL, 10);

            if (n > next)
                fail_msg("%s: $%ld before $%ld", queries[q].name, n, next);
            next += n == next;
        }
    }
}

static void what_was_committed_is_there_after_opening_again(void **state)
{
    struct store *s = opened(&backend_sqlite);

    (void)state;
    assert_good(store_begin(s));
    assert_true(store_is_busy(s));
    state_put(s, "genesis", "one");
    assert_good(store_commit(s));
    store_close(s);
    s = opened(&backend_sqlite);
    assert_true(state_is(s, "genesis", "one"));
    assert_good(store_check(s));
    store_close(s);
}

static void what_was_rolled_back_or_left_open_is_gone(void **state)
{
    struct store *s = opened(&backend_sqlite);

    (void)state;
    assert_good(store_begin(s));
    state_put(s, "a", "1");
    store_rollback(s);
    assert_false(state_is(s, "a", "1"));
    assert_good(store_begin(s));
    state_put(s, "b", "1");
    store_close(s);
    s = opened(&backend_sqlite);
    assert_false(state_is(s, "b", "1"));
    store_close(s);
}

static void values_of_every_kind_come_back_as_they_were(void **state)
{
    struct store *s = opened(&backend_sqlite);
    static const uint8_t hash[32] = {0, 1, 2, 0xff};
    struct rows r;

    (void)state;
    assert_good(
        store_do(s, QUERY_WATCH_PUT, NULL,
                 STORE_WITH(value_text("a.example"), value_integer(INT64_MAX),
                            value_blob(bytes_of(hash, sizeof hash)), value_text("\xd0\xb0"))));
    r = store_ask(s, QUERY_WATCH_GET, STORE_WITH(value_text("a.example")));
    assert_true(rows_next(&r));
    assert_int_equal(row_integer(&r, 0), INT64_MAX);
    assert_true(bytes_equal(row_bytes(&r, 1), bytes_of(hash, sizeof hash)));
    assert_true(bytes_is(row_bytes(&r, 2), "\xd0\xb0"));
    assert_false(rows_next(&r));
    assert_good(rows_done(&r));
    assert_good(store_do(s, QUERY_WATCH_PUT, NULL,
                         STORE_WITH(value_text("a.example"), value_integer(-1),
                                    value_blob(bytes_of(NULL, 0)), value_text(""))));
    r = store_ask(s, QUERY_WATCH_GET, STORE_WITH(value_text("a.example")));
    assert_true(rows_next(&r));
    assert_true(row_has(&r, 1));
    assert_int_equal(row_bytes(&r, 1).len, 0);
    assert_good(rows_done(&r));
    store_close(s);
}

/* "SQLite stores 'not a number' in a BIGINT column": not in ours. */
static void a_text_where_an_integer_belongs_is_refused(void **state)
{
    struct store *s = opened(&backend_sqlite);

    (void)state;
    assert_fault(store_do(s, QUERY_WATCH_PUT, NULL,
                          STORE_WITH(value_text("a"), value_text("x"), value_blob(bytes_of("", 0)),
                                     value_text(""))),
                 FAULT_RANGE);
    assert_fault(store_do(s, QUERY_WATCH_PUT, NULL,
                          STORE_WITH(value_text("a"), value_null(), value_blob(bytes_of("", 0)),
                                     value_text(""))),
                 FAULT_RANGE);
    store_close(s);
}

static struct fault decision_put(struct store *s, const char *role)
{
    static const uint8_t digest[32] = {7};

    return store_do(s, QUERY_DECISION_PUT, NULL,
                    STORE_WITH(value_text("a"), value_blob(bytes_of(digest, 32)), value_text("li"),
                               value_text(role), value_text("body"), value_text("ed25519"),
                               value_blob(bytes_of("s", 1)), value_integer(1)));
}

static void the_same_row_again_changes_nothing(void **state)
{
    struct store *s = opened(&backend_sqlite);
    int64_t changed = -1;

    (void)state;
    assert_good(decision_put(s, "drafter"));
    assert_good(decision_put(s, "releaser"));
    assert_good(store_do(s, QUERY_DRAFT_EXPIRED, &changed, STORE_WITH(value_integer(9))));
    assert_int_equal(changed, 0);
    store_close(s);
}

static void a_second_process_is_told_that_the_store_is_held(void **state)
{
    struct store *s = opened(&backend_sqlite), *other = NULL;
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0)
        _exit(store_open(&backend_sqlite, path, &other).kind == FAULT_REFUSED ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    store_close(s);
}

static const struct migration later[] = {
    {1, NULL}, /* the real one, put in by the test */
    {2, "CREATE TABLE later (a BIGINT); INSERT INTO later VALUES (1);"
        "INSERT INTO later SELECT version FROM store_version;"},
};
static const struct migration broken[] = {
    {1, NULL},
    {2, "CREATE TABLE later (a BIGINT); INSERT INTO nowhere VALUES (1);"},
};

static struct store *newer(struct backend *b, struct migration *list, const struct migration *from)
{
    struct store *s = NULL;
    struct fault f;

    list[0] = backend_sqlite.migrations[0];
    list[1] = from[1];
    *b = backend_sqlite;
    b->migrations = list;
    b->migration_count = 2;
    f = store_open(b, path, &s);
    assert_true(fault_is(f) == (s == NULL));
    return s;
}

static void version_1_is_taken_to_version_2_with_its_rows(void **state)
{
    struct store *s = opened(&backend_sqlite);
    struct backend b;
    struct migration list[2];

    (void)state;
    assert_int_equal(store_version(s), 1);
    state_put(s, "kept", "yes");
    store_close(s);
    s = newer(&b, list, later);
    assert_non_null(s);
    assert_int_equal(store_version(s), 2);
    assert_true(state_is(s, "kept", "yes"));
    store_close(s);
    s = newer(&b, list, later);
    assert_non_null(s);
    store_close(s);
    assert_fault(store_open(&backend_sqlite, path, &s), FAULT_UNKNOWN);
}

static void a_migration_that_fails_half_way_changes_nothing(void **state)
{
    struct store *s = opened(&backend_sqlite);
    struct backend b;
    struct migration list[2];

    (void)state;
    state_put(s, "kept", "yes");
    store_close(s);
    assert_null(newer(&b, list, broken));
    s = opened(&backend_sqlite);
    assert_int_equal(store_version(s), 1);
    assert_true(state_is(s, "kept", "yes"));
    store_close(s);
    s = newer(&b, list, later); /* so `later` was not made by the broken one */
    assert_non_null(s);
    store_close(s);
}

/* Writes pairs for ever; a pair is one transaction. Says each commit on fd. */
static void pairs_write(int fd)
{
    struct store *s = NULL;
    char text[16];

    if (fault_is(store_open(&backend_sqlite, path, &s)))
        _exit(1);
    for (unsigned n = 1;; n++) {
        snprintf(text, sizeof text, "%u", n);
        if (fault_is(store_begin(s)))
            _exit(2);
        state_put(s, "first", text);
        state_put(s, "second", text);
        if (fault_is(store_commit(s)) || write(fd, &n, sizeof n) != (ssize_t)sizeof n)
            _exit(3);
    }
}

static unsigned pair_read(struct store *s)
{
    char first[16] = "0", second[16] = "0";
    struct rows r =
        store_ask(s, QUERY_STATE_GET, STORE_WITH(value_text("a.example"), value_text("first")));

    if (rows_next(&r))
        row_text(&r, 0, first, sizeof first);
    assert_good(rows_done(&r));
    r = store_ask(s, QUERY_STATE_GET, STORE_WITH(value_text("a.example"), value_text("second")));
    if (rows_next(&r))
        row_text(&r, 0, second, sizeof second);
    assert_good(rows_done(&r));
    assert_string_equal(first, second);
    return (unsigned)strtoul(first, NULL, 10);
}

static void
killed_at_any_instant_it_holds_whole_transactions_and_every_one_acknowledged(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        unsigned said = 0, n;
        int line[2], status;
        struct store *s;
        pid_t pid;

        assert_int_equal(pipe(line), 0);
        pid = fork();
        if (pid == 0)
            pairs_write(line[1]);
        close(line[1]);
        for (unsigned i = 0; i <= round % 5 && read(line[0], &n, sizeof n) == (ssize_t)sizeof n;
             i++)
            said = n;
        usleep(round * 337 % 2000);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        while (read(line[0], &n, sizeof n) == (ssize_t)sizeof n)
            said = n;
        close(line[0]);
        s = opened(&backend_sqlite);
        assert_true(pair_read(s) >= said);
        assert_good(store_check(s));
        store_close(s);
    }
}

static void fill(struct store *s, struct fault *f)
{
    static uint8_t block[64 << 10];

    for (int i = 0; i < 200 && !fault_is(*f); i++) {
        char name[16];

        snprintf(name, sizeof name, "a%d", i);
        *f = store_do(s, QUERY_WATCH_PUT, NULL,
                      STORE_WITH(value_text(name), value_integer(i),
                                 value_blob(bytes_of(block, sizeof block)), value_text("")));
    }
}

/* "A full disk": the file may not grow. What was there stays, and when there is room it goes on. */
static void a_full_disk_is_a_fault_and_nothing_is_half_done(void **state)
{
    struct store *s = opened(&backend_sqlite);
    struct rlimit old, small = {1 << 20, RLIM_INFINITY};
    struct fault f = fault_none();
    struct rows r;

    (void)state;
    state_put(s, "kept", "yes");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_good(store_begin(s));
    fill(s, &f);
    if (!fault_is(f))
        f = store_commit(s);
    store_rollback(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(f.kind, FAULT_IO);
    assert_true(state_is(s, "kept", "yes"));
    r = store_ask(s, QUERY_WATCH_GET, STORE_WITH(value_text("a0")));
    assert_false(rows_next(&r));
    assert_good(rows_done(&r));
    state_put(s, "after", "yes");
    store_close(s);
    s = opened(&backend_sqlite);
    assert_true(state_is(s, "kept", "yes") && state_is(s, "after", "yes"));
    assert_good(store_check(s));
    store_close(s);
}

static void a_damaged_file_is_said_to_be_damaged(void **state)
{
    static const char noise[8192] = "this is no database at all, and it is long enough to see";
    struct store *s = NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
    close(fd);
    assert_fault(store_open(&backend_sqlite, path, &s), FAULT_DAMAGED);
    unlink(path);
    assert_fault(store_open(&backend_sqlite, "/nowhere/store", &s), FAULT_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_query_fits_the_tables, setup),
        cmocka_unit_test_setup(parameters_come_in_the_order_of_their_numbers, setup),
        cmocka_unit_test_setup(what_was_committed_is_there_after_opening_again, setup),
        cmocka_unit_test_setup(what_was_rolled_back_or_left_open_is_gone, setup),
        cmocka_unit_test_setup(values_of_every_kind_come_back_as_they_were, setup),
        cmocka_unit_test_setup(a_text_where_an_integer_belongs_is_refused, setup),
        cmocka_unit_test_setup(the_same_row_again_changes_nothing, setup),
        cmocka_unit_test_setup(a_second_process_is_told_that_the_store_is_held, setup),
        cmocka_unit_test_setup(version_1_is_taken_to_version_2_with_its_rows, setup),
        cmocka_unit_test_setup(a_migration_that_fails_half_way_changes_nothing, setup),
        cmocka_unit_test_setup(
            killed_at_any_instant_it_holds_whole_transactions_and_every_one_acknowledged, setup),
        cmocka_unit_test_setup(a_full_disk_is_a_fault_and_nothing_is_half_done, setup),
        cmocka_unit_test_setup(a_damaged_file_is_said_to_be_damaged, setup),
    };
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/store", folder);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    base_remove();
    rmdir(folder);
    return failed;
}

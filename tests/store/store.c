/*
 * The same tests hold every backend: SQLite by default, PostgreSQL where PARLEY_POSTGRES says how
 * a server is reached (tests/store/postgres.py starts one).
 */
#include "store/store.h"

#include "io/file.h"
#include "store/exchange_ddl.h"
#include "store/exchange_query.h"
#include "store/node_ddl.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
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
static const char *server; /* NULL: the backend under test is SQLite */
static const char *where;  /* `server`, or `path` */
static const struct backend *under_test;

enum { SCHEMAS = 2 };
static const struct schema *const schemas[SCHEMAS] = {&schema_node, &schema_exchange};

static void base_remove(void)
{
    char name[80];

    for (size_t i = 0; i < 3; i++) {
        static const char *const ends[] = {"", "-wal", "-shm"};

        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

/* By a connection of our own, that shares no code with the backend. */
static PGconn *line_to_server(void)
{
    PGconn *line = PQconnectdb(server);

    if (PQstatus(line) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(line));
    return line;
}

static void server_run(PGconn *line, const char *sql)
{
    PGresult *r = PQexec(line, sql);

    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(line));
    PQclear(r);
}

/* A client that was killed leaves a session; its end takes a moment. */
static void server_empty(void)
{
    PGconn *line = line_to_server();

    server_run(line, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                     "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
    server_run(line, "SET client_min_messages = error; DROP SCHEMA public CASCADE;"
                     "CREATE SCHEMA public");
    PQfinish(line);
}

static int setup(void **state)
{
    (void)state;
    if (server != NULL)
        server_empty();
    base_remove();
    return 0;
}

static struct store *opened(void)
{
    struct store *s = NULL;

    assert_good(store_open(under_test, &schema_node, where, STORE_SOLE, &s));
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
static void every_query_fits_the_tables_of_sqlite(const struct schema *schema)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t q = 0; q < schema->query_count; q++) {
        const struct query_text *text = &schema->queries[q];
        sqlite3_stmt *statement;

        assert_non_null(text->name);
        if (sqlite3_prepare_v2(db, text->sql, -1, &statement, NULL) != SQLITE_OK)
            fail_msg("%s: %s", text->name, sqlite3_errmsg(db));
        if ((size_t)sqlite3_bind_parameter_count(statement) != strlen(text->with))
            fail_msg("%s: parameters", text->name);
        if ((size_t)sqlite3_column_count(statement) != strlen(text->rows))
            fail_msg("%s: columns", text->name);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

static char letter_of(Oid type)
{
    return type == 17 ? 'b' : type == 20 || type == 21 || type == 23 ? 'i' : type == 25 ? 't' : '?';
}

static void letters_are(const char *query, const char *letters, const PGresult *r, bool rows)
{
    size_t count = (size_t)(rows ? PQnfields(r) : PQnparams(r));

    if (count != strlen(letters))
        fail_msg("%s: %zu, not %zu", query, count, strlen(letters));
    for (size_t i = 0; i < count; i++)
        if (letter_of(rows ? PQftype(r, (int)i) : PQparamtype(r, (int)i)) != letters[i])
            fail_msg("%s: %s %zu", query, rows ? "column" : "parameter", i + 1);
}

/* PostgreSQL also says the types: of every parameter (as it infers them) and every column. */
static void every_query_fits_the_tables_of_postgres(const struct schema *schema)
{
    PGconn *line = line_to_server();

    for (size_t q = 0; q < schema->query_count; q++) {
        const struct query_text *text = &schema->queries[q];
        PGresult *r = PQprepare(line, "it", text->sql, 0, NULL);

        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            fail_msg("%s: %s", text->name, PQerrorMessage(line));
        PQclear(r);
        r = PQdescribePrepared(line, "it");
        letters_are(text->name, text->with, r, false);
        letters_are(text->name, text->rows, r, true);
        PQclear(r);
        server_run(line, "DEALLOCATE it");
    }
    PQfinish(line);
}

static void every_query_fits_the_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCHEMAS; i++) {
        struct store *s = NULL;

        assert_good(store_open(under_test, schemas[i], where, STORE_SOLE, &s));
        store_close(s);
        if (server == NULL)
            every_query_fits_the_tables_of_sqlite(schemas[i]);
        else
            every_query_fits_the_tables_of_postgres(schemas[i]);
    }
}

/* The two spellings make the same tables: names, columns, their order, what may be NULL. */
static void the_tables_are_those_of_the_other_backend(void **state)
{
    static const char columns[] =
        "SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE "
        "table_schema = 'public' ORDER BY table_name, ordinal_position";
    static const char sqlite_columns[] =
        "SELECT m.name, c.name, CASE WHEN c.\"notnull\" OR c.pk THEN 'NO' ELSE 'YES' END FROM "
        "sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' "
        "ORDER BY m.name, c.cid";
    sqlite3_stmt *statement;
    struct store *s = NULL;
    PGconn *line;
    PGresult *r;
    sqlite3 *db;
    int row = 0;

    (void)state;
    if (server == NULL)
        skip();
    for (size_t i = 0; i < SCHEMAS; i++) { /* both in one place, as they may be */
        assert_good(store_open(under_test, schemas[i], where, STORE_SOLE, &s));
        store_close(s);
        assert_good(store_open(&backend_sqlite, schemas[i], path, STORE_SOLE, &s));
        store_close(s);
    }
    line = line_to_server();
    r = PQexec(line, columns);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sqlite_columns, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        assert_true(row < PQntuples(r));
        for (int i = 0; i < 3; i++)
            assert_string_equal(PQgetvalue(r, row, i),
                                (const char *)sqlite3_column_text(statement, i));
        row++;
    }
    assert_int_equal(row, PQntuples(r));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    PQclear(r);
    PQfinish(line);
}

/* PostgreSQL numbers parameters as SQLite does only when $1, $2 .. come in this order. */
static void parameters_are_in_order(const struct query_text *text)
{
    long next = 1;

    for (const char *p = strchr(text->sql, '$'); p != NULL; p = strchr(p + 1, '$')) {
        long n = strtol(p + 1, NULL, 10);

        if (n > next)
            fail_msg("%s: $%ld before $%ld", text->name, n, next);
        next += n == next;
    }
}

static void parameters_come_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCHEMAS; i++)
        for (size_t q = 0; q < schemas[i]->query_count; q++)
            parameters_are_in_order(&schemas[i]->queries[q]);
}

static void what_was_committed_is_there_after_opening_again(void **state)
{
    struct store *s = opened();

    (void)state;
    assert_good(store_begin(s));
    assert_true(store_is_busy(s));
    state_put(s, "genesis", "one");
    assert_good(store_commit(s));
    store_close(s);
    s = opened();
    assert_true(state_is(s, "genesis", "one"));
    assert_good(store_check(s));
    store_close(s);
}

/* Of a process that ends, a lazy commit loses nothing; that a power cut may is desk.c's to test. */
static void a_lazy_commit_is_there_after_opening_again(void **state)
{
    struct store *s = opened();

    (void)state;
    assert_good(store_begin_lazy(s));
    state_put(s, "lazy", "1");
    assert_good(store_commit(s));
    state_put(s, "prompt", "2");
    assert_good(store_begin_lazy(s));
    state_put(s, "gone", "3");
    store_rollback(s);
    assert_good(store_begin_lazy(s));
    state_put(s, "lazy too", "4");
    assert_good(store_commit(s));
    assert_good(store_flush(s));
    assert_good(store_flush(s));
    store_close(s);
    s = opened();
    assert_true(state_is(s, "lazy", "1"));
    assert_true(state_is(s, "prompt", "2"));
    assert_false(state_is(s, "gone", "3"));
    assert_true(state_is(s, "lazy too", "4"));
    store_close(s);
}

static void what_was_rolled_back_or_left_open_is_gone(void **state)
{
    struct store *s = opened();

    (void)state;
    assert_good(store_begin(s));
    state_put(s, "a", "1");
    store_rollback(s);
    assert_false(state_is(s, "a", "1"));
    assert_good(store_begin(s));
    state_put(s, "b", "1");
    store_close(s);
    s = opened();
    assert_false(state_is(s, "b", "1"));
    store_close(s);
}

static void values_of_every_kind_come_back_as_they_were(void **state)
{
    struct store *s = opened();
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
    struct store *s = opened();

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
    struct store *s = opened();
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
    struct store *s = opened(), *other = NULL;
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0)
        _exit(store_open(under_test, &schema_node, where, STORE_SOLE, &other).kind == FAULT_REFUSED
                  ? 0
                  : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    store_close(s);
}

static const char later[] = "CREATE TABLE later (a BIGINT); INSERT INTO later VALUES (1);"
                            "INSERT INTO later SELECT version FROM store_version;";
static const char broken[] = "CREATE TABLE later (a BIGINT); INSERT INTO nowhere VALUES (1);";

/* Opened by a program that knows one version more than ours. */
static struct store *newer(const char *sql)
{
    struct migration list[NODE_MIGRATIONS + 1];
    struct schema schema = schema_node;
    struct store *s = NULL;
    struct fault f;

    memcpy(list, schema_node.migrations[under_test->dialect], sizeof list - sizeof list[0]);
    list[NODE_MIGRATIONS] = (struct migration){NODE_MIGRATIONS + 1, sql};
    schema.migrations[under_test->dialect] = list;
    schema.migration_count = NODE_MIGRATIONS + 1;
    f = store_open(under_test, &schema, where, STORE_SOLE, &s);
    assert_true(fault_is(f) == (s == NULL));
    if (s != NULL)
        assert_int_equal(store_version(s), NODE_MIGRATIONS + 1);
    store_close(s);
    return s;
}

static void a_version_is_taken_to_the_next_with_its_rows(void **state)
{
    struct store *s = opened();

    (void)state;
    assert_int_equal(store_version(s), schema_node.migration_count);
    state_put(s, "kept", "yes");
    store_close(s);
    assert_non_null(newer(later));
    assert_non_null(newer(later)); /* and once only */
    assert_fault(store_open(under_test, &schema_node, where, STORE_SOLE, &s), FAULT_UNKNOWN);
}

static void tables_of_version_1_are_taken_to_ours_with_their_rows(void **state)
{
    struct schema first = schema_node;
    struct store *s = NULL;

    (void)state;
    first.migration_count = 1;
    assert_good(store_open(under_test, &first, where, STORE_SOLE, &s));
    assert_int_equal(store_version(s), 1);
    state_put(s, "kept", "yes");
    store_close(s);
    s = opened();
    assert_int_equal(store_version(s), NODE_MIGRATIONS);
    assert_true(state_is(s, "kept", "yes"));
    store_close(s);
}

/* An object of tables before version 4, which did not say its PAP. */
static void unread(const char *id, const char *label, struct buf *sql)
{
    bool lite = under_test->dialect == DIALECT_SQLITE;

    buf_print(sql,
              "INSERT INTO objects (added, collection, id, spec, version, type, first, last, tlp, "
              "writer, body) SELECT %s, number, '%s', '2.1', 1, 'indicator', 1, 1, 1, 'w', "
              "%s'{\"labels\":[\"%s\"]}'%s FROM collections;",
              id, id, lite ? "CAST(" : "convert_to(", label, lite ? " AS BLOB)" : ", 'UTF8')");
}

static void a_pap_that_nobody_has_read_counts_as_the_strictest(void **state)
{
    static const int64_t pap[] = {0, 4};
    struct migration list[EXCHANGE_MIGRATIONS];
    struct schema third = schema_exchange;
    struct buf sql = {0};
    struct store *s = NULL;

    (void)state;
    memcpy(list, schema_exchange.migrations[under_test->dialect], sizeof list);
    buf_print(&sql, "%s INSERT INTO collections (root, id) VALUES ('r', 'c');", list[2].sql);
    unread("1", "map:amber", &sql);
    unread("2", "Pap:Green", &sql);
    list[2].sql = buf_str(&sql);
    third.migrations[under_test->dialect] = list;
    third.migration_count = 3;
    assert_good(store_open(under_test, &third, where, STORE_SOLE, &s));
    store_close(s);
    assert_good(store_open(under_test, &schema_exchange, where, STORE_SOLE, &s));
    for (int64_t i = 0; i < 2; i++) {
        struct rows r = store_ask(s, EXCHANGE_OBJECT_GET, STORE_WITH(value_integer(i + 1)));

        assert_true(rows_next(&r));
        assert_int_equal(row_integer(&r, 8), pap[i]);
        assert_good(rows_done(&r));
    }
    store_close(s);
    buf_done(&sql);
}

/* How SQLite would answer the question: one step a line. By a connection of our own. */
static void plan_of(sqlite3 *db, const struct schema *schema, unsigned query, char *out,
                    size_t size)
{
    char sql[4000];
    sqlite3_stmt *plan;
    size_t len = 0;

    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", schema->queries[query].sql);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &plan, NULL), SQLITE_OK);
    out[0] = '\0';
    while (sqlite3_step(plan) == SQLITE_ROW && len < size)
        len += (size_t)snprintf(out + len, size - len, "%s\n",
                                (const char *)sqlite3_column_text(plan, 3));
    sqlite3_finalize(plan);
}

struct planned {
    unsigned query;
    const char *plan; /* all of it: no scan, no sorting but where it says so */
};

/* How SQLite answers these queries over the tables of a schema that holds nothing yet. */
static void plans_are(const struct schema *schema, const char *table, const struct planned *asked,
                      size_t count)
{
    const struct migration *migrations = schema->migrations[DIALECT_SQLITE];
    char want[200], plan[2000];
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < schema->migration_count; i++)
        assert_int_equal(sqlite3_exec(db, migrations[i].sql, NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < count; i++) {
        plan_of(db, schema, asked[i].query, plan, sizeof plan);
        snprintf(want, sizeof want, "SEARCH %s USING INDEX %s", table, asked[i].plan);
        assert_string_equal(plan, want);
    }
    sqlite3_close(db);
}

/* What is asked for every statement must not cost more the more was ever said. */
static void what_every_statement_asks_is_answered_from_an_index(void **state)
{
    static const struct planned asked[] = {
        {QUERY_STATEMENT_GET,
         "sqlite_autoindex_statements_1 (agreement=? AND party=? AND leaf=?)\n"},
        {QUERY_STATEMENT_LAST, "statements_case (agreement=? AND case_id=? AND party=?)\n"},
        {QUERY_STATEMENT_TALE, "statements_case (agreement=? AND case_id=?)\n"},
        {QUERY_STATEMENT_STATE, "statements_waiting (agreement=? AND party=? AND state=?)\n"},
        {QUERY_STATEMENT_BACKLOG, "statements_waiting (agreement=? AND party=?)\n"},
        {QUERY_STATEMENT_ANSWERS, "statements_answers (agreement=? AND answers=?)\n"},
        {QUERY_STATEMENT_PERMIT, "statements_permit (agreement=? AND permit_digest=?)\n"},
    };

    (void)state;
    if (server != NULL)
        skip();
    plans_are(&schema_node, "statements", asked, sizeof asked / sizeof *asked);
}

/* A page costs what is on it, whatever was asked: a walk along one index, and where an object's few
 * versions are sorted, only those. */
static void what_a_page_asks_is_one_walk_along_an_index(void **state)
{
    static const struct planned asked[] = {
        {EXCHANGE_OBJECT_TOP, "sqlite_autoindex_objects_1 (collection=? AND id=?)\n"},
        {EXCHANGE_OBJECT_BASE, "sqlite_autoindex_objects_1 (collection=? AND id=? AND spec=?)\n"},
        {EXCHANGE_SCAN_ALL, "objects_all (collection=? AND added>?)\n"},
        {EXCHANGE_SCAN_LAST, "objects_last (collection=? AND added>?)\n"},
        {EXCHANGE_SCAN_FIRST, "objects_first (collection=? AND added>?)\n"},
        {EXCHANGE_SCAN_TYPE, "objects_type (collection=? AND type=? AND added>?)\n"},
        {EXCHANGE_SCAN_TYPE_LAST, "objects_type_last (collection=? AND type=? AND added>?)\n"},
        {EXCHANGE_SCAN_VERSION, "objects_version (collection=? AND version=? AND added>?)\n"},
        {EXCHANGE_SCAN_ID, "sqlite_autoindex_objects_1 (collection=? AND id=?)\n"
                           "USE TEMP B-TREE FOR ORDER BY\n"},
        {EXCHANGE_SCAN_EXPIRED, "objects_expires (collection=? AND expires>? AND expires<?)\n"},
    };

    (void)state;
    if (server != NULL)
        skip();
    plans_are(&schema_exchange, "objects", asked, sizeof asked / sizeof *asked);
}

static void put_draft(struct store *s, const char *id, struct value permit_digest)
{
    struct value t = value_text("x"), none = value_null();

    assert_good(
        store_do(s, QUERY_DRAFT_PUT, NULL,
                 STORE_WITH(value_text("a.example"), value_text(id), t, t, none, none, none, none,
                            value_integer(1), t, t, t, permit_digest, t, t, permit_digest,
                            value_integer(1), value_integer(1), value_integer(9))));
}

static bool has_draft(struct store *s, const char *id)
{
    struct rows one =
        store_ask(s, QUERY_DRAFT_GET, STORE_WITH(value_text("a.example"), value_text(id)));
    bool there = rows_next(&one), listed = false;
    struct rows all;
    char name[20];

    assert_good(rows_done(&one));
    all = store_ask(s, QUERY_DRAFT_LIST, STORE_WITH(value_text("a.example")));
    while (rows_next(&all)) {
        row_text(&all, 0, name, sizeof name);
        listed |= strcmp(name, id) == 0;
    }
    assert_good(rows_done(&all));
    assert_true(there == listed);
    return there;
}

/* Its row goes later than the statement is written; a crash may come between. */
static void a_draft_whose_permit_was_used_is_none(void **state)
{
    static const uint8_t one[32] = {1}, two[32] = {2};
    struct value first = value_blob(bytes_of(one, 32)), second = value_blob(bytes_of(two, 32));
    struct value t = value_text("x"), none = value_null();
    struct store *s = opened();

    (void)state;
    put_draft(s, "d1", first);
    put_draft(s, "d2", second);
    assert_good(store_do(s, QUERY_STATEMENT_PUT, NULL,
                         STORE_WITH(value_text("a.example"), t, first, value_text("released"), t, t,
                                    none, value_integer(1), none, t, t, none, none, none, first,
                                    none, value_integer(1), value_integer(1))));
    assert_false(has_draft(s, "d1"));
    assert_true(has_draft(s, "d2"));
    store_close(s);
}

static off_t size_of(const char *end)
{
    char name[80];
    struct stat s;

    snprintf(name, sizeof name, "%s%s", path, end);
    return stat(name, &s) == 0 ? s.st_size : 0;
}

/* "A flush is also when the backend does what it puts off" */
static void the_journal_is_taken_into_the_tables_by_a_flush_and_not_by_a_commit(void **state)
{
    static char text[8000];
    struct store *s = opened();
    off_t before = size_of("");

    (void)state;
    if (server != NULL) {
        store_close(s);
        skip();
    }
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 600; i++) {
        char name[16];

        snprintf(name, sizeof name, "n%u", i);
        state_put(s, name, text);
    }
    assert_true(size_of("-wal") > 1200 * 4096);
    assert_int_equal(size_of(""), before);
    assert_good(store_flush(s));
    assert_true(size_of("") > 1200 * 4096);
    for (unsigned i = 0; i < 8000; i++) /* and where nobody flushes, it has an end all the same */
        state_put(s, "n0", text);
    assert_true(size_of("-wal") < 9000 * 4200);
    store_close(s);
}

/* How often the text stands in the store's files. */
static size_t times_held(const char *text)
{
    static const char *const ends[] = {"", "-wal"};
    size_t found = 0, len = strlen(text);

    for (size_t i = 0; i < 2; i++) {
        char name[80];
        struct buf all = {0};
        const uint8_t *at;

        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (fault_is(file_read(name, 64 << 20, &all)))
            continue;
        at = all.data;
        while (at != NULL &&
               (at = memmem(at, all.len - (size_t)(at - all.data), text, len)) != NULL)
            found++, at += len;
        buf_done(&all);
    }
    return found;
}

/* "What was overwritten or deleted, and committed, is in no file of the store any more" */
static void what_is_forgotten_is_in_no_file_of_the_store(void **state)
{
    static char text[9000]; /* on pages of its own */
    struct store *s = opened();

    (void)state;
    if (server != NULL) {
        assert_good(store_forget(s)); /* its vacuum's work */
        store_close(s);
        skip();
    }
    memset(text, 'x', sizeof text - 1);
    memcpy(text + 8900, "canary", 6);
    state_put(s, "long", text);
    assert_good(store_flush(s));
    state_put(s, "short", "canary");
    assert_true(times_held("canary") >= 2);
    state_put(s, "long", "gone");
    state_put(s, "short", "gone");
    assert_true(times_held("canary") >= 1); /* the journal has it still */
    assert_good(store_forget(s));
    assert_int_equal(times_held("canary"), 0);
    assert_true(state_is(s, "long", "gone"));
    store_close(s);
}

static void a_migration_that_fails_half_way_changes_nothing(void **state)
{
    struct store *s = opened();

    (void)state;
    state_put(s, "kept", "yes");
    store_close(s);
    assert_null(newer(broken));
    s = opened();
    assert_int_equal(store_version(s), schema_node.migration_count);
    assert_true(state_is(s, "kept", "yes"));
    store_close(s);
    assert_non_null(newer(later)); /* so `later` was not made by the broken one */
}

/* "after a fault inside a transaction every further query of it gives the same fault" */
static void a_transaction_with_a_fault_can_only_end(void **state)
{
    struct store *s = opened();

    (void)state;
    assert_good(store_begin(s));
    state_put(s, "a", "1");
    assert_fault(store_do(s, QUERY_WATCH_PUT, NULL,
                          STORE_WITH(value_text("a"), value_null(), value_blob(bytes_of("", 0)),
                                     value_text(""))),
                 FAULT_RANGE);
    assert_fault(store_do(s, QUERY_STATE_PUT, NULL,
                          STORE_WITH(value_text("a"), value_text("b"), value_text("c"))),
                 FAULT_RANGE);
    assert_fault(store_commit(s), FAULT_RANGE);
    assert_false(state_is(s, "a", "1"));
    state_put(s, "a", "2");
    assert_true(state_is(s, "a", "2"));
    store_close(s);
}

/* Runs in a process of its own, once the first writer is inside his transaction. */
static int second_writer(int line)
{
    struct store *s = NULL;
    char go;

    if (read(line, &go, 1) != 1 ||
        fault_is(store_open(under_test, &schema_node, where, STORE_SHARED, &s)) ||
        fault_is(store_begin(s)) || !state_is(s, "a", "1"))
        return 1;
    state_put(s, "b", "2");
    return fault_is(store_commit(s)) ? 2 : 0;
}

/* The second waits for the first and loses nothing. */
static void shared_writers_take_turns(void **state)
{
    struct store *s = NULL;
    int line[2], status;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(line), 0);
    pid = fork(); /* before SQLite is open: its locks do not survive a fork */
    if (pid == 0)
        _exit(second_writer(line[0]));
    assert_good(store_open(under_test, &schema_node, where, STORE_SHARED, &s));
    assert_good(store_begin(s));
    state_put(s, "a", "1");
    assert_int_equal(write(line[1], "", 1), 1);
    usleep(200 * 1000);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it waits */
    assert_good(store_commit(s));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(state_is(s, "b", "2"));
    store_close(s);
    close(line[0]);
    close(line[1]);
}

static void both_open(struct store **writer, struct store **reader)
{
    assert_good(store_open(under_test, &schema_node, where, STORE_SHARED, writer));
    assert_good(store_open(under_test, &schema_node, where, STORE_READS, reader));
}

static void who_reads_waits_for_no_writer_and_sees_a_commit_whole(void **state)
{
    struct store *writer = NULL, *reader = NULL;

    (void)state;
    both_open(&writer, &reader);
    assert_good(store_begin(writer));
    state_put(writer, "a", "1");
    state_put(writer, "b", "1");
    assert_false(state_is(reader, "a", "1"));
    assert_good(store_commit(writer));
    assert_true(state_is(reader, "a", "1"));
    assert_true(state_is(reader, "b", "1"));
    store_close(reader);
    store_close(writer);
}

static void what_is_read_in_a_moment_stands_still(void **state)
{
    struct store *writer = NULL, *reader = NULL;

    (void)state;
    both_open(&writer, &reader);
    state_put(writer, "a", "1");
    assert_good(store_begin_moment(reader));
    assert_true(state_is(reader, "a", "1"));
    state_put(writer, "a", "2");
    assert_true(state_is(reader, "a", "1"));
    assert_good(store_commit(reader));
    assert_true(state_is(reader, "a", "2"));
    store_close(reader);
    store_close(writer);
}

static void who_reads_writes_nothing_and_makes_no_tables(void **state)
{
    struct store *writer = NULL, *reader = NULL;

    (void)state;
    assert_true(fault_is(store_open(under_test, &schema_node, where, STORE_READS, &reader)));
    both_open(&writer, &reader);
    assert_true(
        fault_is(store_do(reader, QUERY_STATE_PUT, NULL,
                          STORE_WITH(value_text("a.example"), value_text("a"), value_text("1")))));
    assert_false(state_is(writer, "a", "1"));
    store_close(reader);
    store_close(writer);
}

static void a_server_that_ended_our_session_is_a_fault(void **state)
{
    struct store *s = NULL;

    (void)state;
    if (server == NULL)
        skip();
    s = opened();
    server_empty();
    assert_fault(store_begin(s), FAULT_IO);
    store_close(s);
    s = opened(); /* opened anew it works */
    store_close(s);
    assert_fault(store_open(under_test, &schema_node, "host=/nowhere user=parley", STORE_SOLE, &s),
                 FAULT_IO);
}

/* Writes pairs for ever; a pair is one transaction. Says each commit on fd. */
static void pairs_write(int fd)
{
    struct store *s = NULL;
    char text[16];

    if (fault_is(store_open(under_test, &schema_node, where, STORE_SOLE, &s)))
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
        s = opened();
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
    struct store *s;
    struct rlimit old, small = {1 << 20, RLIM_INFINITY};
    struct fault f = fault_none();
    struct rows r;

    (void)state;
    if (server != NULL)
        skip(); /* the server's files are not ours to limit */
    s = opened();
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
    s = opened();
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
    if (server != NULL)
        skip();
    assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
    close(fd);
    assert_fault(store_open(&backend_sqlite, &schema_node, path, STORE_SOLE, &s), FAULT_DAMAGED);
    unlink(path);
    assert_fault(store_open(&backend_sqlite, &schema_node, "/nowhere/store", STORE_SOLE, &s),
                 FAULT_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_query_fits_the_tables, setup),
        cmocka_unit_test_setup(the_tables_are_those_of_the_other_backend, setup),
        cmocka_unit_test_setup(parameters_come_in_the_order_of_their_numbers, setup),
        cmocka_unit_test_setup(what_was_committed_is_there_after_opening_again, setup),
        cmocka_unit_test_setup(a_lazy_commit_is_there_after_opening_again, setup),
        cmocka_unit_test_setup(what_was_rolled_back_or_left_open_is_gone, setup),
        cmocka_unit_test_setup(values_of_every_kind_come_back_as_they_were, setup),
        cmocka_unit_test_setup(a_text_where_an_integer_belongs_is_refused, setup),
        cmocka_unit_test_setup(the_same_row_again_changes_nothing, setup),
        cmocka_unit_test_setup(a_second_process_is_told_that_the_store_is_held, setup),
        cmocka_unit_test_setup(a_version_is_taken_to_the_next_with_its_rows, setup),
        cmocka_unit_test_setup(tables_of_version_1_are_taken_to_ours_with_their_rows, setup),
        cmocka_unit_test_setup(a_pap_that_nobody_has_read_counts_as_the_strictest, setup),
        cmocka_unit_test_setup(what_every_statement_asks_is_answered_from_an_index, setup),
        cmocka_unit_test_setup(what_a_page_asks_is_one_walk_along_an_index, setup),
        cmocka_unit_test_setup(a_draft_whose_permit_was_used_is_none, setup),
        cmocka_unit_test_setup(the_journal_is_taken_into_the_tables_by_a_flush_and_not_by_a_commit,
                               setup),
        cmocka_unit_test_setup(what_is_forgotten_is_in_no_file_of_the_store, setup),
        cmocka_unit_test_setup(a_migration_that_fails_half_way_changes_nothing, setup),
        cmocka_unit_test_setup(a_transaction_with_a_fault_can_only_end, setup),
        cmocka_unit_test_setup(shared_writers_take_turns, setup),
        cmocka_unit_test_setup(who_reads_waits_for_no_writer_and_sees_a_commit_whole, setup),
        cmocka_unit_test_setup(what_is_read_in_a_moment_stands_still, setup),
        cmocka_unit_test_setup(who_reads_writes_nothing_and_makes_no_tables, setup),
        cmocka_unit_test_setup(a_server_that_ended_our_session_is_a_fault, setup),
        cmocka_unit_test_setup(
            killed_at_any_instant_it_holds_whole_transactions_and_every_one_acknowledged, setup),
        cmocka_unit_test_setup(a_full_disk_is_a_fault_and_nothing_is_half_done, setup),
        cmocka_unit_test_setup(a_damaged_file_is_said_to_be_damaged, setup),
    };
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/store", folder);
    server = getenv("PARLEY_POSTGRES");
    where = server != NULL ? server : path;
    under_test = backend_of(where);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    base_remove();
    rmdir(folder);
    return failed;
}

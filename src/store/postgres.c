/*
 * postgres.c - the backend for parties that outgrow one machine: PostgreSQL 15 through libpq.
 *
 * Values travel in binary both ways (integers as int8, texts and blobs as their bytes), queries
 * are prepared on first use, a result is held whole. A writer holds an advisory lock: SOLE for as
 * long as the session lives, SHARED for its transaction, so that what gets a rising number commits
 * in the order of the numbers. A session that broke stays broken (IO, ECONNRESET): the process
 * that hosts us ends and opens anew, outside its sandbox.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/store.h"

enum {
    /* pg_type.dat of PostgreSQL: type numbers never change */
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_TEXT = 25,
    SOLE_PATIENCE = 2000,    /* ms */
    LOCK_CLASS = 0x5041524c, /* "PARL": the first half of our advisory locks' key */
};

struct postgres_cursor {
    struct postgres *owner;
    PGresult *result; /* NULL: not in use */
    int row;          /* -1: before the first */
    bool prepared;
};

struct postgres {
    PGconn *line;
    const struct schema *schema;
    enum store_mode mode;
    int64_t changed;
    struct postgres_cursor *cursor; /* one a query */
};

/* SQLSTATE, "Appendix A. PostgreSQL Error Codes": a code, or a class by its first letters. */
static const struct {
    const char *state;
    enum fault_kind kind;
    size_t at;
    const char *rule;
} states[] = {
    {"23505", FAULT_DUPLICATE, 0, "store: the row is there already"},
    {"23503", FAULT_MISSING, 0, "store: the row it refers to is not there"},
    {"23", FAULT_RANGE, 0, "store: a column's CHECK"},
    {"22", FAULT_RANGE, 0, "store: a column's CHECK"},
    {"53100", FAULT_IO, ENOSPC, "store: disk full"},
    {"53", FAULT_IO, ENOMEM, "store: the server lacks resources"},
    {"55P03", FAULT_REFUSED, 0, "store: another process holds it"},
    {"40", FAULT_REFUSED, 0, "store: another process holds it"},
    {"28", FAULT_REFUSED, 0, "store: the server does not let us in"},
    {"25006", FAULT_IO, EROFS, "store: the server only reads"},
    {"58", FAULT_IO, EIO, "store: input or output"},
    {"57", FAULT_IO, ECONNRESET, "store: the server went away"},
    {"08", FAULT_IO, ECONNRESET, "store: the server went away"},
    {"XX", FAULT_DAMAGED, 0, "store: the database is damaged"},
};

static struct fault postgres_fault(const struct postgres *p, const PGresult *result)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (state == NULL || PQstatus(p->line) != CONNECTION_OK)
        return fault_make(FAULT_IO, ECONNRESET, "store: the server went away");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return fault_make(states[i].kind, states[i].at, states[i].rule);
    return fault_make(FAULT_DAMAGED, 0, "store: a query does not fit the tables");
}

static bool is_good(const PGresult *result)
{
    ExecStatusType s = PQresultStatus(result);

    return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_EMPTY_QUERY;
}

/* Takes the result and leaves a fault. */
static struct fault settle(const struct postgres *p, PGresult *result)
{
    struct fault f = is_good(result) ? fault_none() : postgres_fault(p, result);

    PQclear(result);
    return f;
}

static struct fault postgres_script(void *base, const char *sql)
{
    struct postgres *p = base;

    return settle(p, PQexec(p->line, sql));
}

static void postgres_close(void *base)
{
    struct postgres *p = base;

    for (size_t q = 0; q < p->schema->query_count; q++)
        PQclear(p->cursor[q].result);
    PQfinish(p->line);
    free(p->cursor);
    free(p);
}

/* The server's notices are not for our stderr. */
static void notice_drop(void *context, const char *text)
{
    (void)context;
    (void)text;
}

/* A session whose client was killed ends a moment later: wait that long, no longer. */
static struct fault take_sole(struct postgres *p)
{
    char sql[128];

    snprintf(sql, sizeof sql,
             "SET lock_timeout = %d; SELECT pg_advisory_lock(%d, %d); SET lock_timeout = 0",
             SOLE_PATIENCE, LOCK_CLASS, p->schema->lock);
    return postgres_script(p, sql);
}

static struct fault postgres_begin(void *base)
{
    struct postgres *p = base;
    char sql[96];

    if (p->mode == STORE_SOLE)
        return postgres_script(p, "BEGIN");
    snprintf(sql, sizeof sql, "BEGIN; SELECT pg_advisory_xact_lock(%d, %d)", LOCK_CLASS,
             p->schema->lock);
    return postgres_script(p, sql);
}

/* What a commit acknowledged is on the server's disk, whatever its configuration says. */
static const char settings[] = "SET synchronous_commit = on;"
                               "SET client_min_messages = warning;"
                               "SET default_transaction_isolation = 'read committed';";

static struct fault set_up(struct postgres *p)
{
    struct fault f;

    PQsetNoticeProcessor(p->line, notice_drop, NULL);
    if (PQstatus(p->line) != CONNECTION_OK)
        return fault_make(FAULT_IO, ECONNREFUSED, "store: the server does not answer");
    if (PQsetClientEncoding(p->line, "UTF8") != 0)
        return fault_make(FAULT_DAMAGED, 0, "store: the database does not hold UTF-8");
    f = postgres_script(p, settings);
    if (!fault_is(f) && p->mode == STORE_SOLE)
        f = take_sole(p);
    if (!fault_is(f) && p->mode == STORE_READS)
        f = postgres_script(p, "SET default_transaction_read_only = on");
    return f;
}

static struct fault postgres_open(const char *where, const struct schema *schema,
                                  enum store_mode mode, void **out)
{
    struct postgres *p = memory_zeroed(1, sizeof *p);
    struct fault f;

    p->line = PQconnectdb(where);
    if (p->line == NULL)
        die("store: out of memory\n");
    p->schema = schema;
    p->mode = mode;
    p->cursor = memory_zeroed(schema->query_count, sizeof *p->cursor);
    f = set_up(p);
    if (fault_is(f)) {
        postgres_close(p);
        return f;
    }
    *out = p;
    return f;
}

static struct fault postgres_commit(void *base)
{
    struct postgres *p = base;
    PGresult *result = PQexec(p->line, "COMMIT");

    /* COMMIT of a transaction that failed is answered "ROLLBACK", and no error. */
    if (is_good(result) && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        PQclear(result);
        return fault_make(FAULT_DAMAGED, 0, "store: the transaction had failed");
    }
    return settle(p, result);
}

static void postgres_rollback(void *base)
{
    struct postgres *p = base;

    if (PQtransactionStatus(p->line) != PQTRANS_IDLE)
        PQclear(PQexec(p->line, "ROLLBACK"));
}

static Oid type_of(char letter)
{
    switch (letter) {
    case 'i':
        return TYPE_INT8;
    case 't':
        return TYPE_TEXT;
    default:
        return TYPE_BYTEA;
    }
}

/* Prepared once a session, under the query's own name. */
static struct fault prepare(struct postgres *p, unsigned query)
{
    const struct query_text *q = &p->schema->queries[query];
    Oid types[STORE_COLUMNS];
    size_t count = strlen(q->with);
    struct fault f;

    for (size_t i = 0; i < count; i++)
        types[i] = type_of(q->with[i]);
    f = settle(p, PQprepare(p->line, q->name, q->sql, (int)count, types));
    p->cursor[query].prepared = !fault_is(f);
    return f;
}

/* What PQexecPrepared wants of the parameters, as parallel lists. */
struct bound {
    int64_t integer[STORE_COLUMNS]; /* big-endian */
    const char *value[STORE_COLUMNS];
    int length[STORE_COLUMNS];
    int format[STORE_COLUMNS];
};

static const enum value_kind kinds[128] = {
    ['i'] = VALUE_INTEGER, ['t'] = VALUE_TEXT, ['b'] = VALUE_BLOB};

/* False: a value of another kind than the query takes, or a length that libpq cannot say. */
static bool bind_one(struct bound *b, size_t at, char letter, const struct value *v)
{
    b->format[at] = 1;
    if (v->kind == VALUE_NULL)
        return true;
    if (v->kind != kinds[(unsigned char)letter] || v->bytes.len > INT32_MAX)
        return false;
    b->integer[at] = (int64_t)htobe64((uint64_t)v->integer);
    b->value[at] = v->kind == VALUE_INTEGER ? (const char *)&b->integer[at]
                   : v->bytes.len == 0      ? "" /* a NULL pointer would be NULL */
                                            : (const char *)v->bytes.data;
    b->length[at] = v->kind == VALUE_INTEGER ? 8 : (int)v->bytes.len;
    return true;
}

static void postgres_finish(void *cursor)
{
    struct postgres_cursor *c = cursor;

    PQclear(c->result);
    c->result = NULL;
}

static struct fault run(struct postgres *p, unsigned query, const struct bound *b, size_t count)
{
    struct postgres_cursor *c = &p->cursor[query];
    struct fault f;

    c->result = PQexecPrepared(p->line, p->schema->queries[query].name, (int)count, b->value,
                               b->length, b->format, 1);
    if (!is_good(c->result)) {
        f = postgres_fault(p, c->result);
        postgres_finish(c);
        return f;
    }
    p->changed = strtoll(PQcmdTuples(c->result), NULL, 10);
    c->owner = p;
    c->row = -1;
    return fault_none();
}

static struct fault postgres_start(void *base, unsigned query, const struct value *with,
                                   size_t count, void **cursor)
{
    struct postgres *p = base;
    const char *letters = p->schema->queries[query].with;
    struct bound b = {0};
    struct fault f = fault_none();

    assert(p->cursor[query].result == NULL && count <= STORE_COLUMNS);
    for (size_t i = 0; i < count; i++)
        if (!bind_one(&b, i, letters[i], &with[i]))
            return fault_make(FAULT_RANGE, 0, "store: a column's CHECK");
    if (!p->cursor[query].prepared)
        f = prepare(p, query);
    if (!fault_is(f))
        f = run(p, query, &b, count);
    if (!fault_is(f))
        *cursor = &p->cursor[query];
    return f;
}

static struct fault postgres_step(void *cursor, bool *row)
{
    struct postgres_cursor *c = cursor;

    c->row++;
    *row = c->row < PQntuples(c->result);
    return fault_none();
}

/* int2, int4 or int8: what a literal, count(*) or a column is. */
static int64_t integer_read(const char *at, int length)
{
    uint64_t n = (signed char)at[0] < 0 ? UINT64_MAX : 0;

    for (int i = 0; i < length; i++)
        n = n << 8 | (unsigned char)at[i];
    return (int64_t)n;
}

static struct value postgres_column(void *cursor, size_t column)
{
    struct postgres_cursor *c = cursor;
    unsigned query = (unsigned)(c - c->owner->cursor);
    char letter = c->owner->schema->queries[query].rows[column];
    int at = (int)column, length = PQgetlength(c->result, c->row, at);
    const char *data = PQgetvalue(c->result, c->row, at);

    if (PQgetisnull(c->result, c->row, at) != 0)
        return value_null();
    if (letter == 'i')
        return value_integer(integer_read(data, length));
    return (struct value){kinds[(unsigned char)letter], 0, bytes_of(data, (size_t)length)};
}

static int64_t postgres_changed(void *base)
{
    return ((struct postgres *)base)->changed;
}

/* Every row of every table of ours is read once; amcheck's extension may not be installed. */
static struct fault postgres_check(void *base)
{
    return postgres_script(
        base, "DO $$ DECLARE t text; n bigint; BEGIN "
              "FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP "
              "EXECUTE format('SELECT count(x::text) FROM %I x', t) INTO n; END LOOP; END $$");
}

const struct backend backend_postgres = {
    .name = "postgresql",
    .dialect = DIALECT_POSTGRES,
    .lazily = "SET synchronous_commit = off",
    .promptly = "SET synchronous_commit = on",
    .moment = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .open = postgres_open,
    .close = postgres_close,
    .script = postgres_script,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .start = postgres_start,
    .step = postgres_step,
    .column = postgres_column,
    .finish = postgres_finish,
    .changed = postgres_changed,
    .check = postgres_check,
};

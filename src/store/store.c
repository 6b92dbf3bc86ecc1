#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

struct store {
    const struct backend *backend;
    const struct schema *schema;
    void *base;
    int64_t version;
    bool busy;
    bool lazy;            /* commits are not synced: since the last store_begin_lazy */
    bool owed;            /* something was committed so, and no flush came since */
    struct fault spoiled; /* the fault inside this transaction after which it can only end */
};

static const char version_table[] = "CREATE TABLE IF NOT EXISTS store_version (\n"
                                    "  tables TEXT NOT NULL PRIMARY KEY,\n"
                                    "  version BIGINT NOT NULL CHECK (version >= 0)\n"
                                    ");\n"
                                    "INSERT INTO store_version (tables, version) VALUES ('%s', 0)\n"
                                    "  ON CONFLICT (tables) DO NOTHING;\n";

const struct backend *backend_of(const char *where)
{
    bool server =
        strncmp(where, "postgresql://", 13) == 0 || (where[0] != '/' && strchr(where, '=') != NULL);

    return server ? &backend_postgres : &backend_sqlite;
}

struct rows store_ask(struct store *s, unsigned query, const struct value *with, size_t count)
{
    struct rows r = {.store = s,
                     .query = query,
                     .columns = strlen(s->schema->queries[query].rows),
                     .fault = s->spoiled};

    assert(query < s->schema->query_count);
    assert(count == strlen(s->schema->queries[query].with));
    if (!fault_is(r.fault))
        r.fault = s->backend->start(s->base, query, with, count, &r.cursor);
    return r;
}

bool rows_next(struct rows *r)
{
    bool row = false;

    if (r->cursor != NULL && !fault_is(r->fault))
        r->fault = r->store->backend->step(r->cursor, &row);
    return row && !fault_is(r->fault);
}

struct fault rows_done(struct rows *r)
{
    if (r->cursor != NULL)
        r->store->backend->finish(r->cursor);
    r->cursor = NULL;
    if (r->store->busy && fault_is(r->fault))
        r->store->spoiled = r->fault;
    return r->fault;
}

static struct value row_value(const struct rows *r, size_t column)
{
    assert(column < r->columns);
    return r->store->backend->column(r->cursor, column);
}

bool row_has(const struct rows *r, size_t column)
{
    return row_value(r, column).kind != VALUE_NULL;
}

int64_t row_integer(const struct rows *r, size_t column)
{
    return row_value(r, column).integer;
}

struct bytes row_bytes(const struct rows *r, size_t column)
{
    return row_value(r, column).bytes;
}

bool row_text(const struct rows *r, size_t column, char *out, size_t size)
{
    return bytes_to_text(row_bytes(r, column), out, size);
}

/* What is not begun as lazy is synced: whatever came before. */
static struct fault be_prompt(struct store *s)
{
    struct fault f = s->lazy ? s->backend->script(s->base, s->backend->promptly) : fault_none();

    s->lazy = s->lazy && fault_is(f);
    return f;
}

struct fault store_do(struct store *s, unsigned query, int64_t *changed, const struct value *with,
                      size_t count)
{
    struct fault f = s->busy ? fault_none() : be_prompt(s);
    struct rows r;

    if (fault_is(f))
        return f;
    r = store_ask(s, query, with, count);
    while (rows_next(&r)) {
    }
    f = rows_done(&r);
    if (!fault_is(f) && changed != NULL)
        *changed = s->backend->changed(s->base);
    return f;
}

static struct fault begin(struct store *s)
{
    struct fault f;

    assert(!s->busy);
    f = s->backend->begin(s->base);
    s->busy = !fault_is(f);
    return f;
}

struct fault store_begin(struct store *s)
{
    struct fault f = be_prompt(s);

    return fault_is(f) ? f : begin(s);
}

struct fault store_begin_lazy(struct store *s)
{
    struct fault f = s->lazy ? fault_none() : s->backend->script(s->base, s->backend->lazily);

    s->lazy = s->lazy || !fault_is(f);
    s->owed = s->owed || !fault_is(f);
    return fault_is(f) ? f : begin(s);
}

struct fault store_begin_moment(struct store *s)
{
    struct fault f;

    assert(!s->busy);
    f = s->backend->script(s->base, s->backend->moment);
    s->busy = !fault_is(f);
    return f;
}

struct fault store_ready(struct store *s)
{
    return s->busy ? fault_none() : be_prompt(s);
}

static void tidy(struct store *s)
{
    if (s->backend->tidy != NULL)
        s->backend->tidy(s->base);
}

/* The version is written as it is: a commit of nothing would sync nothing. */
struct fault store_flush(struct store *s)
{
    struct fault f;

    if (!s->owed) {
        tidy(s);
        return fault_none();
    }
    f = store_begin(s);
    if (!fault_is(f))
        f = store_do(s, SCHEMA_VERSION_SET, NULL,
                     STORE_WITH(value_integer(s->version), value_text(s->schema->name)));
    if (fault_is(f)) {
        store_rollback(s);
        return f;
    }
    f = store_commit(s);
    s->owed = fault_is(f);
    if (!fault_is(f))
        tidy(s);
    return f;
}

struct fault store_forget(struct store *s)
{
    assert(!s->busy);
    return s->backend->forget == NULL ? fault_none() : s->backend->forget(s->base);
}

struct fault store_commit(struct store *s)
{
    struct fault f;

    assert(s->busy);
    f = s->spoiled;
    if (!fault_is(f))
        f = s->backend->commit(s->base);
    if (fault_is(f))
        s->backend->rollback(s->base);
    s->busy = false;
    s->spoiled = fault_none();
    return f;
}

void store_rollback(struct store *s)
{
    if (s->busy)
        s->backend->rollback(s->base);
    s->busy = false;
    s->spoiled = fault_none();
}

bool store_is_busy(const struct store *s)
{
    return s->busy;
}

int64_t store_version(const struct store *s)
{
    return s->version;
}

static struct fault version_read(struct store *s)
{
    struct rows r = store_ask(s, SCHEMA_VERSION_GET, STORE_WITH(value_text(s->schema->name)));

    if (rows_next(&r))
        s->version = row_integer(&r, 0);
    return rows_done(&r);
}

/* Inside a transaction: the migration's statements and the version that says so. */
static struct fault migrate_one(struct store *s, const struct migration *m)
{
    struct fault f = s->backend->script(s->base, m->sql);

    if (!fault_is(f))
        f = store_do(s, SCHEMA_VERSION_SET, NULL,
                     STORE_WITH(value_integer(m->version), value_text(s->schema->name)));
    return f;
}

static struct fault version_make(struct store *s)
{
    char sql[sizeof version_table + 32];

    snprintf(sql, sizeof sql, version_table, s->schema->name);
    return s->backend->script(s->base, sql);
}

static struct fault migrate_all(struct store *s)
{
    const struct migration *list = s->schema->migrations[s->backend->dialect];
    int64_t newest = (int64_t)s->schema->migration_count;
    struct fault f = version_make(s);

    if (!fault_is(f))
        f = version_read(s);
    if (!fault_is(f) && s->version > newest)
        return fault_make(FAULT_UNKNOWN, 0, "store: a newer program wrote it");
    for (int64_t v = s->version; !fault_is(f) && v < newest; v++) {
        assert(list[v].version == v + 1);
        f = migrate_one(s, &list[v]);
        s->version = v + 1;
    }
    return f;
}

static struct fault migrate(struct store *s)
{
    struct fault f = store_begin(s);

    if (fault_is(f))
        return f;
    f = migrate_all(s);
    if (!fault_is(f))
        return store_commit(s);
    store_rollback(s);
    return f;
}

/* Who only reads takes the tables as they are. */
static struct fault compare(struct store *s)
{
    struct fault f = version_read(s);

    if (!fault_is(f) && s->version != (int64_t)s->schema->migration_count)
        f = fault_make(FAULT_UNKNOWN, 0, "store: another program wrote it");
    return f;
}

struct fault store_open(const struct backend *b, const struct schema *schema, const char *where,
                        enum store_mode mode, struct store **out)
{
    struct store *s = memory_zeroed(1, sizeof *s);
    struct fault f;

    s->backend = b;
    s->schema = schema;
    f = b->open(where, schema, mode, &s->base);
    if (!fault_is(f))
        f = mode == STORE_READS ? compare(s) : migrate(s);
    if (fault_is(f)) {
        store_close(s);
        return f;
    }
    *out = s;
    return f;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    store_rollback(s);
    if (s->base != NULL)
        s->backend->close(s->base);
    free(s);
}

struct fault store_check(struct store *s)
{
    return s->backend->check(s->base);
}

struct fault store_backup(struct store *s, const char *path)
{
    assert(!store_is_busy(s));
    if (s->backend->backup == NULL)
        return fault_make(FAULT_REFUSED, 0, "store: a server makes its own backups (pg_dump)");
    return s->backend->backup(s->base, path);
}

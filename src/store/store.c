#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

struct store {
    const struct backend *backend;
    void *base;
    int64_t version;
    bool busy;
};

static const char version_table[] =
    "CREATE TABLE IF NOT EXISTS store_version (\n"
    "  one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),\n"
    "  version BIGINT NOT NULL CHECK (version >= 0)\n"
    ");\n"
    "INSERT INTO store_version (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING;\n";

struct rows store_ask(struct store *s, enum query q, const struct value *with, size_t count)
{
    struct rows r = {.store = s, .query = q};

    assert(count == strlen(queries[q].with));
    r.fault = s->backend->start(s->base, q, with, count, &r.cursor);
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
    return r->fault;
}

static struct value row_value(const struct rows *r, size_t column)
{
    assert(column < strlen(queries[r->query].rows));
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

struct fault store_do(struct store *s, enum query q, int64_t *changed, const struct value *with,
                      size_t count)
{
    struct rows r = store_ask(s, q, with, count);
    struct fault f;

    while (rows_next(&r)) {
    }
    f = rows_done(&r);
    if (!fault_is(f) && changed != NULL)
        *changed = s->backend->changed(s->base);
    return f;
}

struct fault store_begin(struct store *s)
{
    struct fault f;

    assert(!s->busy);
    f = s->backend->begin(s->base);
    s->busy = !fault_is(f);
    return f;
}

struct fault store_commit(struct store *s)
{
    struct fault f;

    assert(s->busy);
    f = s->backend->commit(s->base);
    if (fault_is(f))
        s->backend->rollback(s->base);
    s->busy = false;
    return f;
}

void store_rollback(struct store *s)
{
    if (s->busy)
        s->backend->rollback(s->base);
    s->busy = false;
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
    struct rows r = store_ask(s, QUERY_VERSION_GET, STORE_NOTHING);

    if (rows_next(&r))
        s->version = row_integer(&r, 0);
    return rows_done(&r);
}

/* Inside a transaction: the migration's statements and the version that says so. */
static struct fault migrate_one(struct store *s, const struct migration *m)
{
    struct fault f = s->backend->script(s->base, m->sql);

    if (!fault_is(f))
        f = store_do(s, QUERY_VERSION_SET, NULL, STORE_WITH(value_integer(m->version)));
    return f;
}

static struct fault migrate_all(struct store *s)
{
    const struct backend *b = s->backend;
    struct fault f = b->script(s->base, version_table);

    if (!fault_is(f))
        f = version_read(s);
    if (!fault_is(f) && s->version > (int64_t)b->migration_count)
        return fault_make(FAULT_UNKNOWN, 0, "store: a newer program wrote it");
    for (int64_t v = s->version; !fault_is(f) && v < (int64_t)b->migration_count; v++) {
        assert(b->migrations[v].version == v + 1);
        f = migrate_one(s, &b->migrations[v]);
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

struct fault store_open(const struct backend *b, const char *where, struct store **out)
{
    struct store *s = memory_zeroed(1, sizeof *s);
    struct fault f;

    s->backend = b;
    f = b->open(where, &s->base);
    if (!fault_is(f))
        f = migrate(s);
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

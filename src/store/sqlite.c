/*
 * sqlite.c - the backend that needs nothing: SQLite, WAL, synchronous FULL, one connection.
 *
 * SOLE holds the file's lock for as long as the connection lives (locking_mode EXCLUSIVE): a
 * second desk cannot write, and no shared memory is needed. READS beside a writer sees what was
 * committed, and a commit is seen when it is synced.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "base/memory.h"

enum {
    SQLITE_PATIENCE = 5000, /* ms that a SHARED writer waits for his turn */
    SQLITE_FRAMES = 1000,   /* of the WAL: then a flush takes it into the tables (sqlite_tidy) .. */
    /* .. and with so many a commit itself does. Eight times SQLite's own: ids come in no order, and
     * of a million each insert meets a page of its own; the longer it is put off, the more of them
     * are written once. */
    SQLITE_FRAMES_MOST = 8 * SQLITE_FRAMES,
};

struct sqlite_cursor {
    struct sqlite *owner;
    sqlite3_stmt *statement; /* prepared once, on first use */
    bool busy;
};

struct sqlite {
    sqlite3 *db;
    const struct schema *schema;
    struct sqlite_cursor *cursor; /* one a query */
    sqlite3_stmt *begin, *commit; /* prepared once, on first use */
    int frames;                   /* in the WAL after the last commit */
};

static const char sole[] = "PRAGMA locking_mode = EXCLUSIVE;";
static const char settings[] = "PRAGMA page_size = 4096;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA secure_delete = ON;" /* sqlite_forget */
                               "PRAGMA trusted_schema = OFF;";

/* Who only reads. */
static const char reading[] = "PRAGMA query_only = ON;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA trusted_schema = OFF;";

static struct fault constraint_fault(int extended)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return fault_make(FAULT_DUPLICATE, 0, "store: the row is there already");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return fault_make(FAULT_MISSING, 0, "store: the row it refers to is not there");
    default:
        return fault_make(FAULT_RANGE, 0, "store: a column's CHECK");
    }
}

static struct fault sqlite_fault(struct sqlite *s, int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return fault_make(FAULT_IO, ENOSPC, "store: disk full");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fault_make(FAULT_DAMAGED, 0, "store: the database is damaged");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fault_make(FAULT_REFUSED, 0, "store: another process holds it");
    case SQLITE_CONSTRAINT:
        return constraint_fault(code);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: {
        int system = s->db == NULL ? 0 : sqlite3_system_errno(s->db);

        return fault_make(FAULT_IO, (size_t)(system > 0 ? system : EIO), "store: input or output");
    }
    case SQLITE_NOMEM:
        die("store: out of memory\n");
    default:
        return fault_make(FAULT_DAMAGED, 0, "store: a query does not fit the tables");
    }
}

static struct fault sqlite_script(void *base, const char *sql)
{
    struct sqlite *s = base;
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? fault_none() : sqlite_fault(s, sqlite3_extended_errcode(s->db));
}

static void sqlite_close(void *base)
{
    struct sqlite *s = base;

    for (size_t q = 0; q < s->schema->query_count; q++)
        sqlite3_finalize(s->cursor[q].statement);
    sqlite3_finalize(s->begin);
    sqlite3_finalize(s->commit);
    sqlite3_close(s->db);
    free(s->cursor);
    free(s);
}

/* As SQLite's own after each commit, but that a handle which is flushed (store_flush) does not pay
 * a thousand pages within a commit that somebody waits for. A fault here is the next commit's. */
static int checkpoint_when_due(void *base, sqlite3 *db, const char *name, int frames)
{
    struct sqlite *s = base;

    s->frames = frames;
    if (frames >= SQLITE_FRAMES_MOST)
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

static void sqlite_tidy(void *base)
{
    struct sqlite *s = base;

    if (s->frames < SQLITE_FRAMES)
        return;
    s->frames = 0;
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* The tables' pages are overwritten where they held it; what is left are older ones in the WAL. */
static struct fault sqlite_forget(void *base)
{
    struct sqlite *s = base;
    int code = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    if (code != SQLITE_OK)
        return sqlite_fault(s, sqlite3_extended_errcode(s->db));
    s->frames = 0;
    return fault_none();
}

static struct fault set_up(struct sqlite *s, enum store_mode mode)
{
    struct fault f = fault_none();

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_busy_timeout(s->db, mode == STORE_SOLE ? 0 : SQLITE_PATIENCE);
    if (mode == STORE_READS)
        return sqlite_script(s, reading);
    sqlite3_wal_hook(s->db, checkpoint_when_due, s);
    if (mode == STORE_SOLE)
        f = sqlite_script(s, sole);
    return fault_is(f) ? f : sqlite_script(s, settings);
}

static struct fault sqlite_open(const char *where, const struct schema *schema,
                                enum store_mode mode, void **out)
{
    struct sqlite *s = memory_zeroed(1, sizeof *s);
    int how =
        mode == STORE_READS ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(where, &s->db, how | SQLITE_OPEN_NOMUTEX, NULL);
    struct fault f = code == SQLITE_OK ? fault_none() : sqlite_fault(s, code);

    s->schema = schema;
    s->cursor = memory_zeroed(schema->query_count, sizeof *s->cursor);
    if (!fault_is(f))
        f = set_up(s, mode);
    if (fault_is(f)) {
        sqlite_close(s);
        return f;
    }
    *out = s;
    return f;
}

/* As sqlite_script, for what is run with every transaction. */
static struct fault run_kept(struct sqlite *s, sqlite3_stmt **kept, const char *sql)
{
    int code = SQLITE_OK;

    if (*kept == NULL)
        code = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
    if (code == SQLITE_OK) {
        sqlite3_step(*kept);
        code = sqlite3_reset(*kept); /* says what went wrong in the step */
    }
    return code == SQLITE_OK ? fault_none() : sqlite_fault(s, sqlite3_extended_errcode(s->db));
}

static struct fault sqlite_begin(void *base)
{
    struct sqlite *s = base;

    return run_kept(s, &s->begin, "BEGIN IMMEDIATE");
}

static struct fault sqlite_commit(void *base)
{
    struct sqlite *s = base;

    return run_kept(s, &s->commit, "COMMIT");
}

static void sqlite_rollback(void *base)
{
    struct sqlite *s = base;

    /* SQLite may have rolled back by itself; a second time is an error that means nothing. */
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static int bind_one(sqlite3_stmt *statement, int at, const struct value *v)
{
    /* A NULL pointer would bind NULL; an empty text or blob is not NULL. */
    const void *data = v->bytes.len == 0 ? "" : (const void *)v->bytes.data;

    switch (v->kind) {
    case VALUE_INTEGER:
        return sqlite3_bind_int64(statement, at, v->integer);
    case VALUE_TEXT:
        return sqlite3_bind_text64(statement, at, data, v->bytes.len, SQLITE_TRANSIENT,
                                   SQLITE_UTF8);
    case VALUE_BLOB:
        return sqlite3_bind_blob64(statement, at, data, v->bytes.len, SQLITE_TRANSIENT);
    default:
        return sqlite3_bind_null(statement, at);
    }
}

static void sqlite_finish(void *cursor)
{
    struct sqlite_cursor *c = cursor;

    sqlite3_reset(c->statement);
    sqlite3_clear_bindings(c->statement);
    c->busy = false;
}

static struct fault sqlite_start(void *base, unsigned query, const struct value *with, size_t count,
                                 void **cursor)
{
    struct sqlite *s = base;
    struct sqlite_cursor *c = &s->cursor[query];
    int code = SQLITE_OK;

    assert(!c->busy);
    c->owner = s;
    if (c->statement == NULL)
        code = sqlite3_prepare_v3(s->db, s->schema->queries[query].sql, -1,
                                  SQLITE_PREPARE_PERSISTENT, &c->statement, NULL);
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = bind_one(c->statement, (int)i + 1, &with[i]);
    if (code != SQLITE_OK) {
        struct fault f = sqlite_fault(s, code);

        if (c->statement != NULL)
            sqlite_finish(c);
        return f;
    }
    c->busy = true;
    *cursor = c;
    return fault_none();
}

static struct fault sqlite_step(void *cursor, bool *row)
{
    struct sqlite_cursor *c = cursor;
    int code = sqlite3_step(c->statement);

    *row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? fault_none() : sqlite_fault(c->owner, code);
}

/* The row is asked for the value once, and the value for the rest: half the time of a page's
 * columns. SQLite allows it where one thread alone has the connection. */
static struct value sqlite_column(void *cursor, size_t column)
{
    struct sqlite_cursor *c = cursor;
    sqlite3_value *v = sqlite3_column_value(c->statement, (int)column);
    const void *data;

    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        return value_integer(sqlite3_value_int64(v));
    case SQLITE_TEXT:
        data = sqlite3_value_text(v);
        return (struct value){VALUE_TEXT, 0, bytes_of(data, (size_t)sqlite3_value_bytes(v))};
    case SQLITE_BLOB:
        data = sqlite3_value_blob(v);
        return (struct value){VALUE_BLOB, 0, bytes_of(data, (size_t)sqlite3_value_bytes(v))};
    default:
        return value_null();
    }
}

static int64_t sqlite_changed(void *base)
{
    return sqlite3_changes64(((struct sqlite *)base)->db);
}

static int check_row(void *context, int columns, char **texts, char **names)
{
    (void)names;
    if (columns < 1 || texts[0] == NULL || strcmp(texts[0], "ok") != 0)
        *(bool *)context = false;
    return 0;
}

static struct fault sqlite_check(void *base)
{
    struct sqlite *s = base;
    bool good = true;
    int code = sqlite3_exec(s->db, "PRAGMA quick_check(1)", check_row, &good, NULL);

    if (code != SQLITE_OK)
        return sqlite_fault(s, sqlite3_extended_errcode(s->db));
    return good ? fault_none() : fault_make(FAULT_DAMAGED, 0, "store: the database is damaged");
}

void store_start(void)
{
    unsigned char byte;

    sqlite3_initialize();
    sqlite3_randomness(1, &byte); /* opens the random device now, not in the sandbox */
}

/* Pages are copied as of one moment: what is written meanwhile through this handle cannot be, and
 * what others write SQLite keeps apart in the WAL. */
static struct fault copy_into(struct sqlite *s, sqlite3 *to)
{
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", s->db, "main");
    int code = copy == NULL ? sqlite3_extended_errcode(to) : sqlite3_backup_step(copy, -1);

    if (copy != NULL && sqlite3_backup_finish(copy) == SQLITE_OK && code == SQLITE_DONE)
        return fault_none();
    return sqlite_fault(&(struct sqlite){.db = to}, code);
}

static struct fault sqlite_backup(void *base, const char *path)
{
    struct sqlite *s = base;
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    struct fault f =
        code == SQLITE_OK ? fault_none() : sqlite_fault(&(struct sqlite){.db = to}, code);

    if (!fault_is(f) &&
        sqlite3_exec(to, "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK)
        f = sqlite_fault(&(struct sqlite){.db = to}, sqlite3_extended_errcode(to));
    if (!fault_is(f))
        f = copy_into(s, to);
    sqlite3_close(to);
    return f;
}

const struct backend backend_sqlite = {
    .name = "sqlite",
    .dialect = DIALECT_SQLITE,
    .lazily = "PRAGMA synchronous = NORMAL", /* the log is synced before it is moved, not after */
    .promptly = "PRAGMA synchronous = FULL",
    .moment = "BEGIN",
    .open = sqlite_open,
    .close = sqlite_close,
    .script = sqlite_script,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .start = sqlite_start,
    .step = sqlite_step,
    .column = sqlite_column,
    .finish = sqlite_finish,
    .changed = sqlite_changed,
    .tidy = sqlite_tidy,
    .forget = sqlite_forget,
    .check = sqlite_check,
    .backup = sqlite_backup,
};

/*
 * store.h - what survives a power cut, but for the ledger: rows behind one small interface.
 *
 * A handle has one transaction at a time, and one thread: another one may go on with it once the
 * first has given it away whole (io/aside.h). All SQL stands under a name in a schema (schema.h); a
 * backend is a struct of functions: SQLite (sqlite.c) and PostgreSQL (postgres.c) stand behind the
 * same queries. Knows no meaning of any row.
 *
 * A fault leaves nothing half done: after a fault inside a transaction every further query of it
 * gives the same fault and its commit rolls back. What store_commit acknowledged is synced.
 * Faults of all: IO (ENOSPC where the disk is full, ECONNRESET where the server went away: open
 * anew), DAMAGED (not what we wrote), REFUSED (held by another process), DUPLICATE, MISSING (a row
 * referred to), RANGE (a column's CHECK).
 */
#ifndef PARLEY_STORE_STORE_H
#define PARLEY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "store/query.h"
#include "store/schema.h"

enum {
    STORE_COLUMNS = 32, /* of a query, and its parameters */
};

enum value_kind {
    VALUE_NULL = 0,
    VALUE_INTEGER,
    VALUE_TEXT, /* UTF-8 */
    VALUE_BLOB,
};

struct value {
    enum value_kind kind;
    int64_t integer;
    struct bytes bytes; /* borrowed */
};

static inline struct value value_null(void)
{
    return (struct value){VALUE_NULL, 0, {NULL, 0}};
}

static inline struct value value_integer(int64_t v)
{
    return (struct value){VALUE_INTEGER, v, {NULL, 0}};
}

static inline struct value value_text(const char *text)
{
    return (struct value){VALUE_TEXT, 0, bytes_text(text)};
}

/* NULL where the text is NULL or empty. */
static inline struct value value_text_if(const char *text)
{
    return text == NULL || text[0] == '\0' ? value_null() : value_text(text);
}

static inline struct value value_blob(struct bytes bytes)
{
    return (struct value){VALUE_BLOB, 0, bytes};
}

static inline struct value value_blob_if(struct bytes bytes)
{
    return bytes.len == 0 ? value_null() : value_blob(bytes);
}

/* The parameters of a query, in the order of $1, $2 ... */
#define STORE_WITH(...)                                                                            \
    (const struct value[]){__VA_ARGS__},                                                           \
        sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)
#define STORE_NOTHING NULL, 0

/* Who else may be at the same tables. */
enum store_mode {
    STORE_SOLE = 0, /* nobody: a second one is REFUSED for as long as this one is open */
    STORE_SHARED,   /* readers at any time; a writer at a time, who waits his turn in store_begin */
    STORE_READS,    /* as SHARED, and writes nothing: the tables are there already */
};

struct backend {
    const char *name;
    enum dialect dialect;
    const char *lazily, *promptly; /* scripts: commits from now on are (not) synced one by one */
    const char *moment;            /* script: begins to read as of one moment */
    struct fault (*open)(const char *where, const struct schema *schema, enum store_mode mode,
                         void **out);
    void (*close)(void *base);
    struct fault (*script)(void *base, const char *sql); /* several statements, no parameters */
    struct fault (*begin)(void *base);                   /* and takes the write lock */
    struct fault (*commit)(void *base);
    void (*rollback)(void *base);
    /* One query at a time each; `cursor` is the backend's. Texts and blobs of a row are borrowed
     * until the next step. */
    struct fault (*start)(void *base, unsigned query, const struct value *with, size_t count,
                          void **cursor);
    struct fault (*step)(void *cursor, bool *row);
    struct value (*column)(void *cursor, size_t column);
    void (*finish)(void *cursor);
    int64_t (*changed)(void *base); /* rows that the last query changed */
    struct fault (*check)(void *base);
    struct fault (*backup)(void *base, const char *path); /* NULL: its server has its own */
    void (*tidy)(void *base);           /* what it puts off while somebody waits; NULL: nothing */
    struct fault (*forget)(void *base); /* NULL: its server does it in its own time */
};

extern const struct backend backend_sqlite;   /* `where` is a file */
extern const struct backend backend_postgres; /* `where` is a connection string of libpq */

/* The backend that `where` speaks of: PostgreSQL for "postgresql://.." and "name=value ..", else
 * SQLite. */
const struct backend *backend_of(const char *where);

struct store; /* opaque, owned */

/* Loads what the backend loads on first use, before a sandbox closes. */
void store_start(void);

/*
 * Opens (makes) the tables of `schema` at `where` and takes them to the newest version; to read
 * alone (STORE_READS) they must be of it. Also UNKNOWN: another program wrote it.
 */
MUST_CHECK struct fault store_open(const struct backend *b, const struct schema *schema,
                                   const char *where, enum store_mode mode, struct store **out);
void store_close(struct store *s); /* NULL is fine; what is not committed is gone */

int64_t store_version(const struct store *s);

/* No transaction inside a transaction. store_rollback without one is fine. */
MUST_CHECK struct fault store_begin(struct store *s);
/*
 * A transaction whose commit is not synced: a process that is killed loses nothing of it, a power
 * cut may lose it, and with it all that was committed after it, but nothing before. Only for what
 * is read again from the ledger at the next start, which is synced (desk.h, D5). What a later
 * store_commit acknowledged takes it along; store_flush does where none comes. A flush is also
 * when the backend does what it puts off, so it belongs where nobody waits.
 */
MUST_CHECK struct fault store_begin_lazy(struct store *s);
/* Until the commit or rollback all is read as of one moment, and nothing is written. Several
 * queries whose answers belong together need it where others write meanwhile. */
MUST_CHECK struct fault store_begin_moment(struct store *s);
/* What the next store_begin would have to do first, done now: for when nobody waits. */
MUST_CHECK struct fault store_ready(struct store *s);
MUST_CHECK struct fault store_flush(struct store *s); /* nothing to do where nothing is owed */
/* What was overwritten or deleted, and committed, is in no file of the store any more (PostgreSQL:
 * after its next vacuum). Outside a transaction. REFUSED: another program holds it. */
MUST_CHECK struct fault store_forget(struct store *s);
MUST_CHECK struct fault store_commit(struct store *s);
void store_rollback(struct store *s);
bool store_is_busy(const struct store *s); /* inside a transaction */

/* A query without rows. `changed` may be NULL. */
MUST_CHECK struct fault store_do(struct store *s, unsigned query, int64_t *changed,
                                 const struct value *with, size_t count);

/*
 * A query with rows:
 *     struct rows r = store_ask(s, QUERY_CASE_LIST, STORE_WITH(value_text(id)));
 *     while (rows_next(&r))
 *         use(row_text(&r, 0));
 *     return rows_done(&r);
 * The same query is not asked again before rows_done. What a row gives is borrowed until the next.
 */
struct rows {
    struct store *store;
    void *cursor;
    unsigned query;
    size_t columns;
    struct fault fault;
};

struct rows store_ask(struct store *s, unsigned query, const struct value *with, size_t count);
bool rows_next(struct rows *r);
MUST_CHECK struct fault rows_done(struct rows *r); /* also before the last row */

bool row_has(const struct rows *r, size_t column); /* it is not NULL */
int64_t row_integer(const struct rows *r, size_t column);
struct bytes row_bytes(const struct rows *r, size_t column); /* text or blob; empty for NULL */
/* Copies a text into out[size]; empty, and false, if it does not fit. */
bool row_text(const struct rows *r, size_t column, char *out, size_t size);

/* Reads the whole store and says whether it is what was written. */
MUST_CHECK struct fault store_check(struct store *s);

/*
 * Copies the whole store, as of one moment, to a new SQLite file and syncs it, while others read
 * and write; outside of a transaction. Also REFUSED: the backend's server makes its own backups.
 * The process waits until it is done: about a second for 300 MB.
 */
MUST_CHECK struct fault store_backup(struct store *s, const char *path);

#endif

/* base.h - the store of an exchange's test: a file of its own, or the PostgreSQL server that
 * PARLEY_POSTGRES names, and empty at the beginning of each test. */
#ifndef PARLEY_TESTS_EXCHANGE_BASE_H
#define PARLEY_TESTS_EXCHANGE_BASE_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/exchange_query.h"
#include "test.h"

static char base_folder[] = "/tmp/parley-exchange-XXXXXX", base_path[64];
static const char *base_server; /* NULL: SQLite */

static inline const char *base_where(void)
{
    return base_server != NULL ? base_server : base_path;
}

/* Once, before the tests. */
static inline void base_begin(void)
{
    if (mkdtemp(base_folder) == NULL)
        abort();
    snprintf(base_path, sizeof base_path, "%s/objects", base_folder);
    base_server = getenv("PARLEY_POSTGRES");
}

/* Nobody has it open. */
static inline void base_empty(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char name[80];

        snprintf(name, sizeof name, "%s%s", base_path, ends[i]);
        unlink(name);
    }
    if (base_server != NULL) {
        PGconn *line = PQconnectdb(base_server);

        PQclear(PQexec(line, "SET client_min_messages = error; DROP SCHEMA public CASCADE;"
                             "CREATE SCHEMA public"));
        PQfinish(line);
    }
}

static inline struct store *base_open(enum store_mode mode)
{
    struct store *s = NULL;
    struct fault f = store_open(backend_of(base_where()), &schema_exchange, base_where(), mode, &s);

    if (fault_is(f))
        fail_msg("%s", f.rule);
    return s;
}

static inline void base_end(void)
{
    base_empty();
    rmdir(base_folder);
}

#endif

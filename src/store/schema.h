/*
 * schema.h - a set of tables and every question put to them.
 *
 * One query text serves every backend; the tables are spelled once a backend, in numbered
 * migrations. Knows no backend's functions and no meaning of any row.
 */
#ifndef PARLEY_STORE_SCHEMA_H
#define PARLEY_STORE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

/*
 * One row a query: its parameters and what its rows hold, a letter each ('i' integer, 't' text,
 * 'b' blob), and the text in the dialect that SQLite and PostgreSQL share: $1.. in the order of
 * first use, no function that one of them lacks.
 */
struct query_text {
    const char *name;
    const char *with;
    const char *rows;
    const char *sql;
};

/* A migration takes the tables from version - 1 to version; several statements in one text. One
 * that landed is never edited: the next one changes what it made. */
struct migration {
    int64_t version;
    const char *sql;
};

enum dialect {
    DIALECT_SQLITE = 0,
    DIALECT_POSTGRES,
    DIALECT_COUNT,
};

/* The first two queries of every schema: how far its migrations came. */
enum {
    SCHEMA_VERSION_GET = 0,
    SCHEMA_VERSION_SET,
    SCHEMA_QUERIES,
};
#define SCHEMA_VERSION_QUERIES                                                                     \
    [SCHEMA_VERSION_GET] = {"version-get", "t", "i",                                               \
                            "SELECT version FROM store_version WHERE tables = $1"},                \
    [SCHEMA_VERSION_SET] = {"version-set", "it", "",                                               \
                            "UPDATE store_version SET version = $1 WHERE tables = $2"}

struct schema {
    const char *name; /* lower-case letters */
    int32_t lock; /* tells its writers from those of another schema in one PostgreSQL database */
    const struct query_text *queries;
    size_t query_count;
    const struct migration *migrations[DIALECT_COUNT]; /* ascending from 1, without a gap */
    size_t migration_count;                            /* the same in every dialect */
};

#endif

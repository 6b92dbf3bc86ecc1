/*
 * exchange_ddl.h - the tables of the exchange, once a dialect: exchange_sqlite.c and
 * exchange_postgres.c. tests/store holds the two to the same tables.
 */
#ifndef PARLEY_STORE_EXCHANGE_DDL_H
#define PARLEY_STORE_EXCHANGE_DDL_H

#include "store/schema.h"

enum { EXCHANGE_MIGRATIONS = 4 };

extern const struct migration exchange_sqlite[EXCHANGE_MIGRATIONS];
extern const struct migration exchange_postgres[EXCHANGE_MIGRATIONS];

#endif

/*
 * node_ddl.h - the tables of desk, once a dialect: node_sqlite.c and node_postgres.c.
 *
 * tests/store holds the two to the same tables, columns and order of columns.
 */
#ifndef PARLEY_STORE_NODE_DDL_H
#define PARLEY_STORE_NODE_DDL_H

#include "store/schema.h"

enum { NODE_MIGRATIONS = 5 };

extern const struct migration node_sqlite[NODE_MIGRATIONS];
extern const struct migration node_postgres[NODE_MIGRATIONS];

#endif

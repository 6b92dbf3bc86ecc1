/*
 * sqlite.h - between sqlite.c and sqlite_ddl.c: the numbered migrations of this backend.
 *
 * A migration that landed is never edited: the next one changes what it made.
 */
#ifndef PARLEY_STORE_SQLITE_H
#define PARLEY_STORE_SQLITE_H

#include "store/store.h"

enum { SQLITE_MIGRATIONS = 1 };

extern const struct migration sqlite_migrations[SQLITE_MIGRATIONS];

#endif

/*
 * backup_postgres.h - the exchange's PostgreSQL database in a backup, by PostgreSQL's own tools.
 *
 * pg_dump takes one snapshot while all nodes write; pg_restore brings it back in one transaction.
 * Both are started with a fixed list of arguments and the URI of settings.json, which holds no
 * password (a passfile does). What they say is shown where they fail.
 */
#ifndef PARLEY_CMD_BACKUP_POSTGRES_H
#define PARLEY_CMD_BACKUP_POSTGRES_H

#include "cmd/exit.h"
#include "cmd/say.h"

/* Writes the whole database to a new file, and reads that once. */
enum exit_code backup_postgres_dump(struct say *s, const char *uri, const char *path);

/* Can it be read to its end? Without pg_restore that is noted and nothing is said against it. */
enum exit_code backup_postgres_check(struct say *s, const char *path);

/* Brings it back into a database that has none of its tables; one that has them is let be, and
 * that is noted. */
enum exit_code backup_postgres_restore(struct say *s, const char *uri, const char *path);

#endif

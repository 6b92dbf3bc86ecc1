/*
 * rulebook.h - an agreement's file and the tables beside it, read for a command that judges by
 * them.
 *
 * Flags it knows: --agreement, --as, --as-table, --sensor. Says itself what was wrong.
 */
#ifndef PARLEY_CMD_RULEBOOK_H
#define PARLEY_CMD_RULEBOOK_H

#include "cmd/command.h"
#include "watch/rules.h"

struct rulebook {
    const char *path; /* of the agreement's file; borrowed from the arguments */
    struct agreement *agreement;
    struct rules *rules; /* sealed */
};

/* `usage` is what to try when --agreement is missing. *out is written on EXIT_DONE alone. */
enum exit_code rulebook_open(const struct call *call, const char *usage, struct rulebook *out);
void rulebook_close(struct rulebook *b);

/* A table lies beside the agreement: its path, which the caller frees. */
char *rulebook_table_path(const char *agreement, const char *file);

#endif

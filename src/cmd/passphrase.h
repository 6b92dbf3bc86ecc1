/* passphrase.h - asked for on a terminal, without echo, or read from a file; never from argv. */
#ifndef PARLEY_CMD_PASSPHRASE_H
#define PARLEY_CMD_PASSPHRASE_H

#include "base/buf.h"
#include "base/fault.h"
#include "cmd/say.h"

/* Appends the first line of the file. */
MUST_CHECK struct fault passphrase_from_file(const char *path, struct buf *out);

/* Appends what was typed. False without a terminal, or at its end. */
bool passphrase_ask(struct say *s, const char *question, struct buf *out);

/* Gives a terminal that is being asked its echo back; for a signal handler. */
void passphrase_restore(void);

#endif

/*
 * agreement.h - what the commands of the family `agreement` share: the file a person named, read,
 * and the file of signatures beside it.
 */
#ifndef PARLEY_CMD_AGREEMENT_H
#define PARLEY_CMD_AGREEMENT_H

#include "cmd/command.h"
#include "cmd/say.h"
#include "pact/signed.h"

enum { TABLE_FILE_MAX = 256 << 20 /* bytes of a territory table: the whole world's has 8 MiB */ };

/* Reads the agreement in `path`. NULL: the error was said (line, member, rule) and *exit tells
 * how to leave. The caller frees it with agreement_free. */
struct agreement *agreement_file_read(struct say *s, const char *path, enum exit_code *exit);

/*
 * Reads `path`.sig. *out is NULL where there is no such file. False: it is there and wrong; the
 * error was said. The caller frees *out with signatures_free.
 */
bool agreement_file_signatures(struct say *s, const char *path, struct signatures **out,
                               enum exit_code *exit);

/* `path` with `end` behind it; owned by the caller. */
char *agreement_file_beside(const char *path, const char *end);

/* "3 d", "24 h", "2 min" or "90 s": the largest unit that fits. `out` has DURATION_TEXT bytes. */
enum { DURATION_TEXT = 24 };
void agreement_duration(uint32_t seconds, char *out);

/* The exit status that fits a fault of an agreement or its signatures. */
enum exit_code agreement_exit(struct fault f);

#endif

/*
 * cautioned.h - lists that lower confidence, as a person names them at the command line:
 * KIND=FILE, or KIND@FROM/UNTIL=FILE for the time in which it says the truth.
 */
#ifndef PARLEY_CMD_CAUTIONED_H
#define PARLEY_CMD_CAUTIONED_H

#include "cmd/command.h"
#include "watch/cautions.h"

/* The lists of `flag`, read; *out is NULL if none was given, else freed with cautions_free. */
enum exit_code cautioned_open(const struct call *call, const char *flag, struct cautions **out);

#endif

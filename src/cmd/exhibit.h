/*
 * exhibit.h - what `parley verify` is given besides a case bundle: a log's directory, heads,
 * tlog-proofs. Told apart by their first bytes, never by their names.
 */
#ifndef PARLEY_CMD_EXHIBIT_H
#define PARLEY_CMD_EXHIBIT_H

#include "cmd/command.h"

/* Are the words on the command line anything but one case bundle? */
bool exhibit_is_asked(const struct call *call);

/* Judges them by the keys in --keys BUNDLE, if it is there, and prints what was found. */
enum exit_code exhibit_run(const struct call *call);

#endif

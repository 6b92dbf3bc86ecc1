/*
 * verdict.h - how a verdict of proof/ is spelled, and with what status `parley verify` ends.
 */
#ifndef PARLEY_CMD_VERDICT_H
#define PARLEY_CMD_VERDICT_H

#include "cmd/say.h"
#include "proof/verify.h"

const char *verdict_word(enum verdict v); /* "VERIFIED" */
enum exit_code verdict_exit(enum verdict v);

/* The last line: the word and what it means. */
void say_verdict(struct say *s, enum verdict v);

#endif

/*
 * run.h - `parley` from its first word to its exit status, and the commands' functions, one file
 * a command or family.
 */
#ifndef PARLEY_CMD_RUN_H
#define PARLEY_CMD_RUN_H

#include "cmd/command.h"

/* argv[0] is the program's name. Answers the exit status. */
int run_main(int argc, char **argv);

/* help.c's texts as commands: run.c */
enum exit_code run_help(const struct call *call);
enum exit_code run_completion(const struct call *call);
enum exit_code run_version(const struct call *call);

enum exit_code key_new(const struct call *call);
enum exit_code key_fingerprint(const struct call *call);
enum exit_code key_list(const struct call *call);

#endif

/*
 * children.h - the processes by name: each process file has one main.
 *
 * The parent starts this program again with "@gate" and so on as its first word; nobody else
 * does, and without the parent's control line such a process ends at once.
 */
#ifndef PARLEY_PROC_CHILDREN_H
#define PARLEY_PROC_CHILDREN_H

#include "ipc/message.h"

/* Run until told to stop; answer the exit status. */
int gate_main(void);
int judge_main(void);
int watch_main(void);
int desk_main(void);
int keeper_main(void);
int exchange_main(void);

/* The process with this name ("gate"), to its end; 2 if there is none of this name. */
int process_main(const char *name);

#endif

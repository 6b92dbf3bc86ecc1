/*
 * placeholder.c - mains of processes that have no file of their own yet. Whoever brings one takes
 * its function out of here; the last takes the file.
 */
#include "proc/children.h"
#include "proc/process.h"

static void ignore(void *context, enum process from, uint16_t type, struct bytes body)
{
    (void)context;
    (void)from;
    (void)type;
    (void)body;
}

static int idle(enum process process)
{
    struct process_use use = {.process = process, .rights = {.files = 64}, .message = ignore};

    return process_run(&use, NULL);
}

int watch_main(void)
{
    return idle(PROCESS_WATCH);
}


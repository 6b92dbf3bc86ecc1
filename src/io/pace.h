/*
 * pace.h - how the kernel's scheduler should see this process.
 *
 * A process that wakes for one message, works a tenth of a millisecond and sleeps again waits,
 * under the scheduler's default slice of some milliseconds, behind every neighbour that computes:
 * on a busy machine this and not the disk is what a statement's time is made of
 * (docs/decisions/0008-from-decision-to-binding.md). Knows no priority: the share of the processor
 * stays what it was.
 */
#ifndef PARLEY_IO_PACE_H
#define PARLEY_IO_PACE_H

#include <stdbool.h>

enum { PACE_SLICE = 100 * 1000 }; /* nanoseconds, the shortest that Linux takes */

/* Asks for short slices: woken soon, for as short. Needs no right. Answers whether the kernel was
 * told; one before 6.12 takes the call and keeps its own slice, which is no fault. Before the
 * sandbox, which does not have the call. */
bool pace_brief(void);

#endif

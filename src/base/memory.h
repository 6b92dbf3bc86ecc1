/*
 * memory.h - memory or death. Input is bounded before anything is allocated for it, so running
 * out is our own mistake or the machine's end: the process stops and the parent starts it anew.
 */
#ifndef PARLEY_BASE_MEMORY_H
#define PARLEY_BASE_MEMORY_H

#include <stddef.h>

/* Stops the process with a constant message on fd 2. The only way this floor ever speaks. */
_Noreturn void die(const char *constant_message);

/* As malloc, calloc, realloc and strndup, but they do not come back without memory. The caller
 * owns what he gets and frees it with free(). */
void *memory_new(size_t size);
void *memory_zeroed(size_t count, size_t size);
void *memory_resize(void *old, size_t count, size_t size);
char *memory_text(const void *text, size_t len);

/* From now on a block of half a MiB goes back to the machine when it is freed, however large the
 * blocks before it were. For processes that load millions of values once and then only ask: what
 * loading took would else stay with them. Needs no system call of its own. */
void memory_give_back(void);

#endif

#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void die(const char *constant_message)
{
    ssize_t ignored = write(STDERR_FILENO, constant_message, strlen(constant_message));

    (void)ignored;
    abort();
}

static void *or_die(void *p)
{
    if (p == NULL)
        die("parley: out of memory\n");
    return p;
}

void *memory_new(size_t size)
{
    return or_die(malloc(size == 0 ? 1 : size));
}

void *memory_zeroed(size_t count, size_t size)
{
    return or_die(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *memory_resize(void *old, size_t count, size_t size)
{
    return or_die(reallocarray(old, count == 0 ? 1 : count, size == 0 ? 1 : size));
}

char *memory_text(const void *text, size_t len)
{
    char *copy = memory_new(len + 1);

    if (len != 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void memory_give_back(void)
{
    mallopt(M_MMAP_THRESHOLD, 512 << 10); /* glibc raises it by itself, unless it was set */
    mallopt(M_TRIM_THRESHOLD, 4 << 20);   /* .. and then this would be 128 KiB */
}

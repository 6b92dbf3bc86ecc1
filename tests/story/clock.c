/*
 * clock.c - a wrong clock for one node: loaded before its libraries (tests/story/pair.py), it adds
 * to the time of day what a shared page says, and to nothing else.
 *
 * The page is mapped before the sandbox closes and needs no system call after, so that the exact
 * filter holds and the clock can be set while the node runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *off; /* seconds */
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    int fd = open("/etc/parley-story-clock", O_RDONLY | O_CLOEXEC);
    void *page = mmap(NULL, sizeof *off, PROT_READ, MAP_SHARED, fd, 0);

    if (page != MAP_FAILED)
        off = page;
    close(fd);
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    int answer;

    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    answer = real(id, out);
    if (answer == 0 && off != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        out->tv_sec += *off;
    return answer;
}

int gettimeofday(struct timeval *out, void *zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

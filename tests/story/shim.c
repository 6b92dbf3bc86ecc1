/*
 * shim.c - what goes wrong in one node's surroundings, loaded before its libraries (shim.py):
 * its clock, by as many seconds as a shared page says, and one bit of what it sends, flipped after
 * it left the node's hands and before TLS makes it safe.
 *
 * The page is mapped before the sandbox closes and needs no system call after, so that the exact
 * filter holds and things can go wrong while the node runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct page {
    int64_t clock; /* seconds */
    int64_t flip;  /* bytes to be sent before the one that is spoilt; -1: none */
};

enum { RECORD = 1 << 16 /* more than a TLS record takes */ };

static volatile struct page *page;

__attribute__((constructor)) static void begin(void)
{
    int fd = open("/etc/parley-story-shim", O_RDWR | O_CLOEXEC);
    void *map = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (map != MAP_FAILED)
        page = map;
    close(fd);
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    int answer;

    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    answer = real(id, out);
    if (answer == 0 && page != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        out->tv_sec += page->clock;
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

int SSL_write(void *ssl, const void *data, int count)
{
    static int (*real)(void *, const void *, int);
    static uint8_t spoilt[RECORD];
    int sent;

    if (real == NULL)
        real = (int (*)(void *, const void *, int))dlsym(RTLD_NEXT, "SSL_write");
    if (page == NULL || page->flip < 0 || count <= 0 || count > RECORD)
        return real(ssl, data, count);
    memcpy(spoilt, data, (size_t)count);
    if (page->flip < count)
        spoilt[page->flip] ^= 1;
    sent = real(ssl, spoilt, count);
    if (sent > 0)
        page->flip = page->flip < sent ? -1 : page->flip - sent;
    return sent;
}

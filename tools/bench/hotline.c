/*
 * hotline.c - the bare way of a statement: nine processes hand one byte on, fourteen times, and
 * five of them write 4 KiB and fdatasync it on the way. What is left when all that Parley does is
 * taken away; it swings with the machine as a statement does.
 *
 * hotline FOLDER: 200 times after 30 ms of rest each, in a folder of the disk that is measured.
 * Prints "name value" lines, seconds.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/pace.h"

enum { TIMES = 200, REST = 30000000 /* ns */, PAGE = 4096, PLACES = 16 };

/* Of the node that speaks (A) and the other (B), in the order of docs/decisions/0008. */
enum who { CLIENT, DESK_A, KEEPER_A, GATE_A, GATE_B, JUDGE_B, DESK_B, KEEPER_B, JUDGE_A, COUNT };

static const struct hop {
    enum who who;
    const char *syncs; /* what, or NULL */
} way[] = {
    {DESK_A, "S1, the decision"},
    {KEEPER_A, "S3, the head, beside S2"},
    {DESK_A, NULL},
    {GATE_A, NULL},
    {GATE_B, NULL},
    {JUDGE_B, NULL},
    {DESK_B, "S5, the mirror"},
    {KEEPER_B, "S6, the cosignature, beside S4"},
    {DESK_B, NULL},
    {GATE_B, NULL},
    {GATE_A, NULL},
    {JUDGE_A, NULL},
    {DESK_A, "S7, the cosigned note"},
    {CLIENT, NULL},
};

static int inbox[COUNT][2];

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void hand_on(uint8_t hop)
{
    if (write(inbox[way[hop].who][1], &hop, 1) != 1)
        exit(3);
}

static uint8_t receive(enum who who)
{
    uint8_t hop;

    if (read(inbox[who][0], &hop, 1) != 1)
        exit(3);
    return hop;
}

static int own_file(enum who who)
{
    char name[] = "bare.0";
    uint8_t page[PAGE] = {0};
    int fd;

    name[5] = (char)('0' + (int)who);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; fd >= 0 && i < PLACES; i++)
        if (pwrite(fd, page, sizeof page, (off_t)i * PAGE) != PAGE)
            exit(3);
    if (fd < 0 || fsync(fd) != 0)
        exit(3);
    return fd;
}

static void serve(enum who who)
{
    uint8_t page[PAGE];
    int fd = own_file(who);

    memset(page, 'x', sizeof page);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pace_brief();
    for (unsigned n = 0;; n++) {
        uint8_t hop = receive(who);

        if (way[hop].syncs != NULL &&
            (pwrite(fd, page, sizeof page, (off_t)(n % PLACES) * PAGE) != PAGE ||
             fdatasync(fd) != 0))
            exit(3);
        hand_on((uint8_t)(hop + 1));
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static const struct timespec rest = {0, REST};
    static double took[TIMES];

    if (argc != 2 || chdir(argv[1]) != 0)
        return 2;
    for (size_t i = 0; i < COUNT; i++)
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, inbox[i]) != 0)
            return 3;
    for (enum who who = DESK_A; who < COUNT; who++)
        if (fork() == 0)
            serve(who);
    for (size_t i = 0; i < TIMES; i++) {
        double begin;

        nanosleep(&rest, NULL);
        begin = seconds();
        hand_on(0);
        receive(CLIENT);
        took[i] = seconds() - begin;
    }
    qsort(took, TIMES, sizeof *took, compare);
    printf("p50 %.9f\np90 %.9f\np99 %.9f\n", took[TIMES / 2], took[TIMES * 9 / 10],
           took[TIMES * 99 / 100]);
    return 0;
}

/*
 * exit.h - what the exit status of `parley` says: reference of docs/cli.md, "exit-codes".
 *
 * Scripts and arbiters must not take "forged" for "cannot tell", nor "refused" for "failed".
 */
#ifndef PARLEY_CMD_EXIT_H
#define PARLEY_CMD_EXIT_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NEEDS_YOU = 3,   /* done, and something waits: status, desk, doctor with --check */
    EXIT_REFUSED = 4,     /* by release control or the agreement */
    EXIT_FORGED = 5,      /* verification failed */
    EXIT_CANNOT_TELL = 6, /* a missing key, an unknown suite */
    EXIT_QUEUED = 7,      /* the other side is unreachable; the statement waits */
    EXIT_NOT_FOUND = 8,
    EXIT_CONFLICT = 9, /* the case moved on */
    EXIT_STORE = 10,   /* damaged or locked */
    EXIT_INTERRUPTED = 130,
};

/* One row a code for help and documents; ends at text NULL. */
struct exit_row {
    enum exit_code code;
    const char *text;
};
extern const struct exit_row exit_rows[];

/* Is it one of the codes above? Another program's word for it is not trusted. */
int exit_is_known(long long code);

#endif

#include "cmd/exit.h"

#include <stddef.h>

const struct exit_row exit_rows[] = {
    {EXIT_DONE, "done"},
    {EXIT_FAILED, "failed"},
    {EXIT_USAGE, "usage: the command line was not understood, or --yes is missing"},
    {EXIT_NEEDS_YOU, "done, and something needs you (status, desk, doctor with --check)"},
    {EXIT_REFUSED, "refused by release control or the agreement"},
    {EXIT_FORGED, "verification failed: forged or altered"},
    {EXIT_CANNOT_TELL, "cannot tell: a missing key, an unknown suite"},
    {EXIT_QUEUED, "the other side is unreachable; the statement is queued"},
    {EXIT_NOT_FOUND, "not found"},
    {EXIT_CONFLICT, "conflict: the case moved on"},
    {EXIT_STORE, "the store is damaged or locked"},
    {EXIT_INTERRUPTED, "interrupted"},
    {EXIT_DONE, NULL},
};

int exit_is_known(long long code)
{
    for (const struct exit_row *row = exit_rows; row->text != NULL; row++)
        if ((long long)row->code == code)
            return 1;
    return 0;
}

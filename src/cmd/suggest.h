/* suggest.h - the word that was meant: the nearest by edit distance, if it is near enough. */
#ifndef PARLEY_CMD_SUGGEST_H
#define PARLEY_CMD_SUGGEST_H

#include <stddef.h>

enum { SUGGEST_LONGEST = 64 /* words beyond it are never near to one of ours */ };

/* Inserted, dropped, changed and swapped neighbours, each 1 (optimal string alignment).
 * SUGGEST_LONGEST + 1 if either is longer than SUGGEST_LONGEST. */
size_t suggest_distance(const char *a, const char *b);

/* Keeps the best of the candidates shown to it. */
struct suggest {
    const char *typed;
    const char *best; /* NULL while none is near enough: a third of its letters, at least 1 */
    size_t distance;
};

void suggest_try(struct suggest *s, const char *candidate);

#endif

#include "cmd/suggest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b)
{
    size_t row[3][SUGGEST_LONGEST + 1];
    size_t *before = row[0], *above = row[1], *here = row[2];
    size_t la = strlen(a), lb = strlen(b);

    if (la > SUGGEST_LONGEST || lb > SUGGEST_LONGEST)
        return SUGGEST_LONGEST + 1;
    for (size_t j = 0; j <= lb; j++)
        above[j] = j;
    for (size_t i = 1; i <= la; i++) {
        here[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            here[j] = least(above[j] + 1, here[j - 1] + 1);
            here[j] = least(here[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                here[j] = least(here[j], before[j - 2] + 1);
        }
        size_t *next = before;
        before = above;
        above = here;
        here = next;
    }
    return above[lb];
}

void suggest_try(struct suggest *s, const char *candidate)
{
    size_t distance = suggest_distance(s->typed, candidate);
    size_t allowed = strlen(candidate) / 3;

    if (distance > (allowed > 0 ? allowed : 1))
        return;
    if (s->best == NULL || distance < s->distance) {
        s->best = candidate;
        s->distance = distance;
    }
}

#include "proof/findings.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void findings_init(struct findings *f)
{
    *f = (struct findings){.verdict = VERDICT_VERIFIED};
}

void findings_add(struct findings *f, const char *name, enum check_state state, const char *format,
                  ...)
{
    struct finding *row = &f->row[f->count];
    va_list args;

    assert(f->count < FINDINGS);
    f->count++;
    row->state = state;
    snprintf(row->name, sizeof row->name, "%s", name);
    va_start(args, format);
    vsnprintf(row->found, sizeof row->found, format, args);
    va_end(args);
    if (state == CHECK_BAD && f->verdict != VERDICT_CONTRADICTION)
        f->verdict = VERDICT_FORGED;
    if (state == CHECK_UNKNOWN && f->verdict == VERDICT_VERIFIED)
        f->verdict = VERDICT_CANNOT_TELL;
}

const struct finding *findings_find(const struct findings *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->row[i].name, name) == 0)
            return &f->row[i];
    return NULL;
}

#include "judge/ground.h"

#include <stddef.h>

const char *ground_name(enum ground ground)
{
    static const char *const names[GROUND_COUNT] = {"none", "agreement", "type",
                                                    "form", "signature", "content"};

    return (size_t)ground < GROUND_COUNT ? names[ground] : names[GROUND_NONE];
}

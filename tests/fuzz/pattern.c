/* Fuzzes stix/pattern.c: reads or refuses with a column, and what was read can be asked. */
#include "stix/pattern.h"

#include <stdlib.h>

#include "stix/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(struct bytes text, const struct pattern_vocabulary *words, unsigned how)
{
    struct event e = {.service = SERVICE_SSH, .ground = ORIENT_DEST_SERVES};
    struct pattern_error error = {0, NULL};
    struct pattern *p = NULL;

    if (fault_is(pattern_read(text, words, how, &p, &error))) {
        if (p != NULL || error.expected == NULL || error.column == 0 || error.column > text.len + 1)
            abort();
        return;
    }
    if (words != NULL)
        (void)pattern_matches(p, &e);
    pattern_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);

    read_one(text, &event_vocabulary, 0);
    read_one(text, NULL, PATTERN_CHECKED);
    read_one(text, NULL, PATTERN_STIX20);
    return 0;
}

/* Fuzzes stix/pattern.c: reads or refuses with a column, and what was read can be asked. */
#include "stix/pattern.h"

#include <stdlib.h>

#include "stix/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event e = {.service = SERVICE_SSH, .ground = ORIENT_DEST_SERVES};
    struct pattern_error error = {0, NULL};
    struct pattern *p = NULL;

    if (fault_is(pattern_parse(bytes_of(data, size), &event_vocabulary, &p, &error))) {
        if (p != NULL || error.expected == NULL || error.column == 0 || error.column > size + 1)
            abort();
        return 0;
    }
    (void)pattern_matches(p, &e);
    pattern_free(p);
    return 0;
}

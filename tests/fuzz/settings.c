/* Fuzzes proc/settings.c, with it net/endpoint.c: a fault always has a reason. */
#include "proc/settings.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings s;
    struct settings_error error;
    struct endpoint e;
    char text[ENDPOINT_TEXT];

    if (fault_is(settings_parse(bytes_of(data, size), &s, &error)) && error.why[0] == '\0')
        abort();
    if (!fault_is(endpoint_parse(bytes_of(data, size), &e)))
        endpoint_write(&e, text);
    return 0;
}

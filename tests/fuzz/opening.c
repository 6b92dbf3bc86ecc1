/* Fuzzes statement/document.c, opening_parse. */
#include "statement/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct opening o;

    if (!fault_is(opening_parse(bytes_of(data, size), &o)))
        opening_done(&o);
    return 0;
}

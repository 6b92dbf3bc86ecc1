/* Fuzzes crypto/stamp.c: a response from anybody, against a certificate that is none. */
#include "crypto/stamp.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct digest any = {{0}};
    struct stamp s;

    if (!fault_is(stamp_verify(bytes_of(data, size), &any, bytes_text("none"), &s)))
        die("a stamp without an authority\n");
    return 0;
}

/* Fuzzes pact/signed.c: a FILE.sig that is read is written as it was. */
#include "pact/signed.h"

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signatures *s;
    struct buf b = {0};

    if (fault_is(signatures_parse(bytes_of(data, size), &s, NULL)))
        return 0;
    signatures_write(s, &b);
    if (!bytes_equal(buf_view(&b), bytes_of(data, size)))
        die("signatures are not written as they were read\n");
    signatures_free(s);
    buf_done(&b);
    return 0;
}

/* Fuzzes ledger/growth.c: a text that is read is written back to the same bytes. */
#include "ledger/growth.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct growth g;
    struct buf back = {0};

    if (!fault_is(growth_parse(bytes_of(data, size), &g))) {
        growth_write(&g, &back);
        if (!bytes_equal(buf_view(&back), bytes_of(data, size)))
            die("a growth does not come back\n");
    }
    buf_done(&back);
    return 0;
}

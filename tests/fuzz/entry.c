/* Fuzzes model/entry.c: what is read is written back to the same bytes. */
#include "model/entry.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entry e;
    struct buf back = {0};

    if (!fault_is(entry_parse(bytes_of(data, size), &e))) {
        entry_write(&e, &back);
        if (!bytes_equal(buf_view(&back), bytes_of(data, size)))
            die("an entry does not come back\n");
    }
    buf_done(&back);
    return 0;
}

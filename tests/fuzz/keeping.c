/* Fuzzes ledger/keeping.c's record: what is read is written back to the same bytes. */
#include "ledger/keeping.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keeping_record r;
    struct buf back = {0};

    if (!fault_is(keeping_record_parse(bytes_of(data, size), &r)) && r.use_count == 0) {
        keeping_record_write(&r.log, NULL, 0, &back);
        if (!bytes_equal(buf_view(&back), bytes_of(data, size)))
            die("keeper's record does not come back\n");
    }
    buf_done(&back);
    return 0;
}

/* Fuzzes ledger/proof.c: a proof that is read is written back to the same bytes. */
#include "base/memory.h"
#include "ledger/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proof p;
    struct buf back = {0};
    struct digest any = {{0}};

    if (!fault_is(proof_parse(bytes_of(data, size), &p))) {
        proof_write(&p, &back);
        if (!bytes_equal(buf_view(&back), bytes_of(data, size)))
            die("a proof does not come back\n");
        if (!fault_is(tree_check_inclusion(&any, p.index, p.index + 1, &any, &p.path)) &&
            (p.index != 0 || p.path.count != 0))
            die("a proof of nothing holds\n");
    }
    buf_done(&back);
    return 0;
}

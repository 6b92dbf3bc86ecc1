/* Fuzzes statement/permit_text.c and decision.c: what is read is written the same. */
#include "statement/permit_text.h"
#include "base/memory.h"
#include "statement/decision.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct permit_text p;
    struct decision d;
    struct buf again = {0};

    if (!fault_is(permit_text_parse(text, &p))) {
        permit_text_write(&p, &again);
        if (!bytes_equal(buf_view(&again), text))
            die("fuzz: another permit text\n");
    }
    buf_clear(&again);
    if (!fault_is(decision_parse(text, &d))) {
        decision_write(&d, &again);
        if (!bytes_equal(buf_view(&again), text))
            die("fuzz: another decision text\n");
    }
    buf_done(&again);
    return 0;
}

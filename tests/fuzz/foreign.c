/* Fuzzes exchange/foreign.h: any body of any kind is read into a message that parses; any message
 * parses or is refused, and believes in no byte outside the body. */
#include <assert.h>

#include "exchange/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct foreign *f, struct bytes body)
{
    for (size_t i = 0; i < f->judged.count; i++) {
        struct bytes o = f->judged.list[i].body;

        assert(o.data >= body.data && o.len <= body.len &&
               (size_t)(o.data - body.data) <= body.len - o.len);
    }
    assert(strlen(f->next) < FOREIGN_NEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data + 1, size == 0 ? 0 : size - 1);
    struct foreign f = {.rows = 0};
    struct buf message = {0};
    struct fault fault;

    if (size == 0)
        return 0;
    foreign_read((enum foreign_kind)(1 + data[0] % (FOREIGN_KINDS - 1)), body, &message);
    fault = foreign_parse(buf_view(&message), body, &f);
    assert(!fault_is(fault));
    check(&f, body);
    foreign_done(&f);
    if (!fault_is(foreign_parse(body, bytes_of(data, size), &f)))
        check(&f, bytes_of(data, size));
    foreign_done(&f);
    buf_done(&message);
    return 0;
}

/* Fuzzes ipc/asking.c and stix/judged.c: what is read is written back to the same bytes, and
 * judge's own reading of any envelope survives the message. */
#include "ipc/asking.h"
#include "stix/judged.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct buf *out, struct bytes in)
{
    if (!bytes_equal(buf_view(out), in))
        abort();
    buf_done(out);
}

static void judge(struct bytes text)
{
    struct judged judged, again;
    struct buf out = {0};

    judged_read(text, &judged);
    judged_write(&judged, text, &out);
    if (out.len > ASKING_JUDGED || fault_is(judged_parse(buf_view(&out), text, &again)))
        abort();
    if (again.count != judged.count)
        abort();
    judged_done(&again);
    judged_done(&judged);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data + 1, size > 0 ? size - 1 : 0);
    struct asking ask;
    struct answering answer;
    struct posting posting;
    struct judged judged;
    struct releasing releasing;
    uint64_t number;
    struct buf out = {0};

    if (size == 0)
        return 0;
    if (data[0] == 0 && !fault_is(asking_parse(body, &ask))) {
        asking_write(&ask, &out);
        same(&out, body);
    } else if (data[0] == 1 && !fault_is(answering_parse(body, &answer))) {
        answering_write(&answer, &out);
        same(&out, body);
    } else if (data[0] == 2 && !fault_is(posting_parse(body, &posting))) {
        posting_write(&posting, &out);
        same(&out, body);
    } else if (data[0] == 3 && !fault_is(asking_number_parse(body, &number))) {
        buf_u64(&out, number);
        same(&out, body);
    } else if (data[0] == 6 && !fault_is(releasing_parse(body, &releasing))) {
        releasing_write(&releasing, &out);
        same(&out, body);
    } else if (data[0] == 4) {
        judge(body);
    } else if (data[0] == 5 && body.len >= 64 &&
               !fault_is(judged_parse(bytes_of(body.data + 64, body.len - 64),
                                      bytes_of(body.data, 64), &judged))) {
        judged_done(&judged);
    }
    return 0;
}

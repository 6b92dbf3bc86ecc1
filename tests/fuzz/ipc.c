/* Fuzzes ipc/setup.c, ipc/link.c and ipc/sample.c: what is read is written back to the same bytes.
 */
#include "ipc/link.h"
#include "ipc/sample.h"
#include "ipc/setup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct buf *out, struct bytes in)
{
    if (!bytes_equal(buf_view(out), in))
        abort();
    buf_done(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct setup setup;
    struct bytes body = bytes_of(data + 1, size > 0 ? size - 1 : 0);
    struct link_up up;
    struct link_frame frame;
    struct link_end end;
    struct buf out = {0};

    if (size == 0)
        return 0;
    if (data[0] == 0 && !fault_is(setup_parse(body, &setup))) {
        setup_write(&setup, &out);
        same(&out, body);
    } else if (data[0] == 1 && !fault_is(link_up_parse(body, &up))) {
        link_up_write(&up, &out);
        same(&out, body);
    } else if (data[0] == 2 && !fault_is(link_frame_parse(body, &frame))) {
        link_frame_write(&frame, &out);
        same(&out, body);
    } else if (data[0] == 3 && !fault_is(link_close_parse(body, &end))) {
        link_close_write(&end, &out);
        same(&out, body);
    } else if (data[0] == 4 && !fault_is(link_down_parse(body, &end))) {
        link_down_write(end.link, end.rule, &out);
        same(&out, body);
    } else if (data[0] == 5) {
        struct cursor in = cursor_over(body, "sample");
        struct sample sample;

        sample_take(&in, &sample);
        cursor_end(&in);
        if (cursor_ok(&in)) {
            sample_write(&sample, &out);
            same(&out, body);
        }
    }
    return 0;
}

/*
 * Fuzzes io/channel.c: the first byte chooses the cut; however the bytes are cut, the channel
 * comes to the same messages and the same end.
 */
#include "io/channel.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    uint64_t sum;
    unsigned closed;
};

static void message(void *context, uint16_t type, struct bytes body)
{
    struct heard *h = context;

    h->sum = h->sum * 31 + type;
    for (size_t i = 0; i < body.len; i++)
        h->sum = h->sum * 31 + body.data[i];
}

static void closed(void *context, struct fault why)
{
    struct heard *h = context;

    h->sum = h->sum * 31 + (uint64_t)why.kind;
    h->closed++;
}

static uint64_t run(struct bytes in, size_t step)
{
    static const struct channel_use use = {
        .version = 1, .body_max = 4096, .message = message, .closed = closed};
    struct loop *l = loop_new();
    struct heard h = {0};
    struct channel *c;
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
        abort();
    c = channel_new(l, fd[0], &use, &h);
    for (size_t at = 0; at < in.len; at += step) {
        /* A dead channel reads no more; what it leaves is not to be waited for. */
        if (send(fd[1], in.data + at, step < in.len - at ? step : in.len - at,
                 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
        loop_turn(l, 0);
    }
    close(fd[1]);
    for (unsigned i = 0; i < 100 && h.closed == 0; i++)
        loop_turn(l, 1000);
    if (h.closed != 1)
        abort();
    channel_free(c);
    loop_free(l);
    return h.sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data + 1, size > 0 ? size - 1 : 0);

    if (size > 0 && size < 20000 && run(in, 1U + data[0]) != run(in, size))
        abort();
    return 0;
}

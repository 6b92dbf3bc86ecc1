/* Fuzzes keeper/order.c: what is read is written again to the same bytes. */
#include <assert.h>

#include "keeper/order.h"
#include "keeper/pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct buf *b, struct bytes body)
{
    assert(bytes_equal(buf_view(b), body));
    buf_done(b);
}

static void large(struct bytes body)
{
    static struct order_sign sign;
    static struct order_cosign cosign;
    struct buf b = {0};

    if (!fault_is(order_sign_parse(body, &sign))) {
        order_sign_write(&sign, &b);
        same(&b, body);
    }
    if (!fault_is(order_catch_up_parse(body, &sign))) {
        order_catch_up_write(&sign, &b);
        same(&b, body);
    }
    if (!fault_is(order_cosign_parse(body, &cosign))) {
        order_cosign_write(&cosign, &b);
        same(&b, body);
    }
}

static void small(struct bytes body)
{
    struct order_peer peer;
    struct order_hello hello;
    struct pins *pins;
    struct buf b = {0};

    if (!fault_is(order_peer_parse(body, &peer))) {
        order_peer_write(&peer, &b);
        same(&b, body);
    }
    if (!fault_is(order_hello_parse(body, &hello))) {
        order_hello_write(&hello, &b);
        same(&b, body);
    }
    if (!fault_is(pins_parse(body, &pins)))
        pins_free(pins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    large(bytes_of(data, size));
    small(bytes_of(data, size));
    return 0;
}

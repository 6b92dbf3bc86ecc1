/* Fuzzes sensor/eve.c: the fast and the plain reader say the same of any bytes. */
#include "sensor/eve.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct event *a, const struct event *b)
{
    return a->time.us == b->time.us && addr_compare(a->src, b->src) == 0 &&
           addr_compare(a->dest, b->dest) == 0 && a->src_port == b->src_port &&
           a->dest_port == b->dest_port && a->has == b->has && a->service == b->service &&
           a->transport == b->transport && a->flow == b->flow;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event fast = {.has = 0}, plain = {.has = 0};
    struct fault f = eve_parse(bytes_of(data, size), &fast);
    struct fault g = eve_parse_plain(bytes_of(data, size), &plain);

    if (f.kind != g.kind || f.at != g.at || !same(&fast, &plain))
        abort();
    return 0;
}

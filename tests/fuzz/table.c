/* Fuzzes net/table.c and net/spans.c: any table, packed or not, builds maps that agree. */
#include "net/table.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t first_byte(struct bytes code, void *ctx)
{
    (void)ctx;
    return code.data[0];
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void compare(struct claim *claims, size_t count)
{
    struct spans s;
    struct lookup *l;

    spans_flatten(claims, count, larger, &s);
    l = lookup_new(&s);
    for (size_t i = 0; i < count; i++)
        if (lookup_find(l, claims[i].prefix.first) != spans_find(&s, claims[i].prefix.first))
            abort();
    lookup_free(l);
    spans_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = {0};
    struct claim *claims;
    size_t count;

    if (!fault_is(table_unpack(bytes_of(data, size), &text)) &&
        !fault_is(table_parse(buf_view(&text), first_byte, NULL, &claims, &count))) {
        compare(claims, count);
        free(claims);
    }
    buf_done(&text);
    return 0;
}

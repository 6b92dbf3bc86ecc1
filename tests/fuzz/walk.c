/* Fuzzes json/walk.c beside jansson: what jansson takes is walked to its end, and has as many
 * members and items as were met; what no walk gets through jansson does not take either. */
#include <jansson.h>

#include "base/memory.h"
#include "json/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t values(const json_t *v)
{
    const json_t *item;
    const char *key;
    size_t n = 1, i;

    json_array_foreach(v, i, item) n += values(item);
    json_object_foreach((json_t *)(uintptr_t)v, key, item) n += values(item);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct walk w = walk_over(bytes_of(data, size), "RFC 8259");
    struct walk_token t;
    size_t met = 0, at = 0;
    json_t *tree;

    while (walk_next(&w, &t)) {
        met += t.kind != WALK_CLOSE;
        if (w.in.at <= at || t.at < at || w.in.at > size)
            die("a token that takes no bytes, or others'\n");
        at = w.in.at;
    }
    /* jansson loses a NUL byte behind a number, and takes what RFC 8259 refuses */
    if (w.in.fault.kind == FAULT_LIMIT ||
        (fault_is(w.in.fault) && size > 0 && memchr(data, 0, size) != NULL))
        return 0;
    tree = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (tree != NULL && (fault_is(w.in.fault) || met != values(tree)))
        die("jansson takes what is not walked\n");
    json_decref(tree);
    return 0;
}

/* Fuzzes statement/document.c and fields.c: what is read is written the same, and any kind's rules
 * can be asked of it. */
#include "base/memory.h"
#include "statement/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disclosed *d;
    struct disclosed_leaf leaf;

    if (fault_is(disclosed_parse(bytes_of(data, size), &d)))
        return 0;
    if (disclosed_leaves(d) < DOCUMENT_LEAVES_MIN ||
        disclosed_leaf_at(d, disclosed_leaves(d), &leaf))
        die("fuzz: leaves\n");
    for (enum kind kind = KIND_CHECK; kind < KIND_COUNT; kind++) {
        struct field_place place = {""};
        struct fault f = disclosed_check(kind, true, d, &place);

        if (fault_is(f) && place.path[0] == '\0')
            die("fuzz: a fault without a place\n");
    }
    disclosed_free(d);
    return 0;
}

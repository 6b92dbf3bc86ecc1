/* Fuzzes json/profile.c: what is read is in the profile, and its canonical form reads back as
 * itself. */
#include "json/profile.h"

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct json_limits limits = {1 << 16, JSON_DEPTH};
    struct buf canonical = {0}, indented = {0};
    json_t *tree, *again;

    if (fault_is(json_read(bytes_of(data, size), limits, &tree)))
        return 0;
    if (fault_is(json_check(tree)))
        die("what was read is not in the profile\n");
    json_canonical(tree, &canonical);
    json_indented(tree, &indented);
    if (fault_is(
            json_read_canonical(buf_view(&canonical), (struct json_limits){SIZE_MAX, 16}, &again)))
        die("the canonical form does not read back\n");
    json_decref(again);
    again = NULL; /* it knows its own dump without dumping: by the other way it must be the same */
    if (fault_is(json_read_canonical(bytes_of(data, size), limits, &again)) ==
        bytes_equal(bytes_of(data, size), buf_view(&canonical)))
        die("what is canonical is not what its dump says\n");
    json_decref(again);
    if (fault_is(
            json_read_indented(buf_view(&indented), (struct json_limits){SIZE_MAX, 16}, &again)))
        die("the indented form does not read back\n");
    if (!json_equal(tree, again))
        die("the indented form is another value\n");
    json_decref(again);
    json_decref(tree);
    buf_done(&canonical);
    buf_done(&indented);
    return 0;
}

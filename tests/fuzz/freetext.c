/* Fuzzes what looks at words of people: markings, plain text, personal data, registry. */
#include "base/memory.h"
#include "model/marking.h"
#include "release/personal.h"
#include "release/registry.h"
#include "statement/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct registry *r;
    size_t at = 0;

    if (tlp_read(text) == TLP_NONE || pap_read(text) == PAP_NONE)
        die("fuzz: no marking\n");
    if (text_not_plain(text) > size)
        die("fuzz: a place outside the text\n");
    if (personal_find(text, &at) != PERSONAL_NONE && at >= size)
        die("fuzz: a place outside the text\n");
    if (!fault_is(registry_parse(text, &r))) {
        struct buf again = {0};

        registry_write(r, &again);
        registry_free(r);
        if (!bytes_equal(buf_view(&again), text))
            die("fuzz: another registry\n");
        buf_done(&again);
    }
    return 0;
}

/* Fuzzes what a TAXII client writes into a request: exchange/filter.c, media.c, page.c. */
#include "exchange/filter.h"
#include "exchange/media.h"
#include "exchange/page.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A `next` that is read is one that we would have written. */
static void page(struct bytes text)
{
    static const uint8_t key[PAGE_KEY] = {7};
    char given[PAGE_TEXT + 8], again[PAGE_TEXT];
    struct instant after;

    if (!bytes_to_text(text, given, sizeof given) || fault_is(page_parse(key, 3, given, &after)))
        return;
    page_write(key, 3, after, again);
    if (strcmp(given, again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct filter f;
    struct bytes text = bytes_of(data + 1, size > 0 ? size - 1 : 0);

    if (size == 0)
        return 0;
    if (data[0] == 0)
        page(text);
    else if (data[0] == 1)
        (void)(media_accepts(text) + media_is_taxii(text));
    else if (!fault_is(filter_parse(text, data[0], &f)) &&
             (f.limit == 0 || f.limit > FILTER_MOST || f.time_count > FILTER_VALUES ||
              f.wait > FILTER_LONGEST))
        abort();
    return 0;
}

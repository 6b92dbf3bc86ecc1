/* Lists of indicators, of whatever format: the first byte says which, the second in what pieces
 * they come. What is told is of one form: read again from its own writing it is the same. */
#include <stdlib.h>

#include "indicator/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void entry(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    uint8_t room[INDICATOR_KEY];
    struct indicator_value again;
    struct buf text = {0};

    if (a->until.us <= a->from.us || a->id.len > INDICATOR_ID)
        abort();
    ++*(size_t *)with;
    indicator_write(v, &text);
    if (text.len < INDICATOR_URL_MAX &&
        (fault_is(indicator_read(v->kind, buf_view(&text), room, &again)) ||
         !bytes_equal(v->text, again.text)))
        abort();
    buf_done(&text);
}

static bool text(void *with, struct bytes t, bool is_regex)
{
    (void)with;
    (void)is_regex;
    return t.len % 2 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t told = 0, step;
    const struct import_sink sink = {entry, NULL, NULL, text, &told};
    struct import in;
    struct fault f;

    if (size < 2)
        return 0;
    import_init(&in, (enum import_format)(data[0] % (IMPORT_WARNING + 1)), indicator_about_none(),
                sink);
    step = data[1] + 1u;
    for (size_t at = 2; at < size; at += step)
        import_feed(&in, bytes_of(data + at, size - at < step ? size - at : step));
    f = import_end(&in);
    if (told != in.n.taken || (in.json && fault_is(f) && told != 0))
        abort();
    import_done(&in);
    return 0;
}

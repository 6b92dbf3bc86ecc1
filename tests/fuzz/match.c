/* Fuzzes stix/observed.c, match.c and sequence.c: a line of pattern, then JSON. The answer is the
 * same when asked again, and a budget that is spent is said in a time that is bounded. */
#include "stix/match.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decide(const struct pattern *p, const json_t *input)
{
    struct observed_error error = {0, NULL};
    struct observed *o = NULL;
    bool once = false, again = false;
    struct fault f;

    if (fault_is(observed_read(input, &o, &error))) {
        if (o != NULL || error.why == NULL)
            abort();
        return;
    }
    f = match_decide(p, o, &once);
    if (f.kind != match_decide(p, o, &again).kind || once != again)
        abort();
    observed_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    struct pattern *p = NULL;
    json_t *input;

    if (end == NULL ||
        fault_is(pattern_read(bytes_of(data, (size_t)(end - data)), NULL, 0, &p, NULL)))
        return 0;
    input = json_loadb((const char *)end + 1, size - (size_t)(end + 1 - data),
                       JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (input != NULL)
        decide(p, input);
    json_decref(input);
    pattern_free(p);
    return 0;
}

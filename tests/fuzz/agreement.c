/* Fuzzes pact/agreement.c: what is read as a file is read from its canonical form too, with the
 * same digest. The input is taken as it is, and once more written in the form of files, so that
 * a mutation need not hit the spaces. */
#include "pact/agreement.h"
#include "base/memory.h"
#include "json/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(struct bytes text)
{
    struct agreement *a = NULL, *again = NULL;
    struct agreement_error error;

    if (fault_is(agreement_parse(text, false, &a, &error))) {
        if (memchr(error.member, 0, sizeof error.member) == NULL || error.why[0] == '\0')
            die("a fault without words\n");
        return;
    }
    if (fault_is(agreement_parse(a->canonical, true, &again, NULL)))
        die("the canonical form does not read back\n");
    if (memcmp(a->digest, again->digest, sizeof a->digest) != 0)
        die("the canonical form has another digest\n");
    agreement_free(a);
    agreement_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = {0};
    json_t *tree;

    read_file(bytes_of(data, size));
    if (fault_is(json_read(bytes_of(data, size), (struct json_limits){AGREEMENT_MAX, JSON_DEPTH},
                           &tree)))
        return 0;
    json_indented(tree, &b);
    read_file(buf_view(&b));
    json_decref(tree);
    buf_done(&b);
    return 0;
}

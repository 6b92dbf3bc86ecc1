/* Fuzzes proof/: whatever the bytes, a verdict with words and a report that can be printed. What
 * reads as a bundle is written back to the same bytes. The input is taken as it is, and once more
 * in canonical form, so that a mutation need not hit the order of members. */
#include "proof/bundle.h"
#include "base/memory.h"
#include "proof/verify.h"
#include "json/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct report *r)
{
    size_t bad = 0;

    for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++) {
        bad += r->checks[c].state == CHECK_BAD || r->checks[c].state == CHECK_UNKNOWN;
        if (r->checks[c].state != CHECK_NOT_MADE && r->checks[c].found[0] == '\0')
            die("a check without words\n");
    }
    if (r->verdict == VERDICT_NONE || (r->verdict == VERDICT_VERIFIED) != (bad == 0))
        die("a verdict that its checks do not bear\n");
    if (r->verdict == VERDICT_VERIFIED && r->statement_count == 0)
        die("verified, and nothing was said\n");
}

static void verify(struct bytes text)
{
    struct report r;
    struct bundle *b = NULL;
    struct buf again = {0};

    bundle_verify(text, &r);
    look(&r);
    report_done(&r);
    if (fault_is(bundle_parse(text, &b, NULL)))
        return;
    bundle_write(b, &again);
    if (!bytes_equal(text, buf_view(&again)))
        die("a bundle is not written as it was read\n");
    bundle_free(b);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = {0};
    json_t *tree;

    verify(bytes_of(data, size));
    if (fault_is(
            json_read(bytes_of(data, size), (struct json_limits){BUNDLE_MAX, JSON_DEPTH}, &tree)))
        return 0;
    json_canonical(tree, &b);
    verify(buf_view(&b));
    json_decref(tree);
    buf_done(&b);
    return 0;
}

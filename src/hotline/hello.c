#include "hotline/hello.h"

void hello_bytes(const uint8_t *exporter, enum hello_side side, struct bytes said, struct buf *out)
{
    buf_add(out, exporter, HELLO_EXPORTER);
    buf_text(out, side == HELLO_DIALLER ? "dialler" : "listener");
    buf_bytes(out, said);
}

struct fault hello_check(const struct frame_hello *hello, const struct agreement *a,
                         const char *party)
{
    struct bytes digest = bytes_of(a->digest, sizeof a->digest);

    if (!bytes_is(hello->agreement, a->id))
        return fault_make(FAULT_MISMATCH, 0, "HELLO: another agreement");
    if (!bytes_is(hello->party, party))
        return fault_make(FAULT_MISMATCH, 0, "HELLO: not the party whose channel key this is");
    if (hello->version == a->version && !bytes_equal(hello->agreement_digest, digest))
        return fault_make(FAULT_MISMATCH, 0, "HELLO: another text of the same version");
    return fault_none();
}

struct fault hello_verify(const struct frame_hello *hello, const uint8_t *exporter,
                          enum hello_side side, const struct several_key *keys, size_t count)
{
    struct buf bytes = {0};
    struct fault f;

    hello_bytes(exporter, side, hello->said, &bytes);
    f = several_verify(keys, count, DOMAIN_HELLO, hello->agreement, buf_view(&bytes), hello->suite,
                       hello->signature);
    buf_done(&bytes);
    return f;
}

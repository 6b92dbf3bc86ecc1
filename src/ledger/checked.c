#include "ledger/checked.h"

#include "crypto/digest.h"

static _Thread_local struct digest kept[CHECKED_KEPT]; /* all zero: free, and no hash */
static _Thread_local size_t next;

static void add_part(struct digest_stream *to, struct bytes part)
{
    uint64_t len = part.len;

    digest_add(to, bytes_of(&len, sizeof len));
    digest_add(to, part);
}

static struct digest hash_of(const struct suite *s, struct bytes key, struct bytes message,
                             struct bytes signature)
{
    struct digest_stream all;

    digest_begin(&all);
    add_part(&all, bytes_text(suite_name(s)));
    add_part(&all, key);
    add_part(&all, message);
    add_part(&all, signature);
    return digest_end(&all);
}

struct fault checked_verify(const struct suite *s, struct bytes key, struct bytes message,
                            struct bytes signature)
{
    struct digest hash = hash_of(s, key, message, signature);
    struct fault f;

    for (size_t i = 0; i < CHECKED_KEPT; i++)
        if (digest_equal(&kept[i], &hash))
            return fault_none();
    f = suite_verify(s, key, message, signature);
    if (!fault_is(f)) {
        kept[next] = hash;
        next = (next + 1) % CHECKED_KEPT;
    }
    return f;
}

#include "hotline/post.h"

#include "crypto/digest.h"

/* RFC 6962 section 2.1: a leaf is hashed behind a zero byte. */
static struct digest leaf_of(struct bytes entry)
{
    static const uint8_t zero[1] = {0};

    return digest_of_two(bytes_of(zero, sizeof zero), entry);
}

static bool permit_fits(const struct permit *permit, const struct entry *e)
{
    if (permit_kind_of(permit) != e->permit_kind)
        return false;
    return e->permit_kind != PERMIT_DIGEST || digest_equal(permit_digest(permit), &e->permit);
}

struct fault hotline_post(struct conversation *c, struct bytes entry, struct bytes disclosed,
                          const struct permit *permit, const struct stored *stored)
{
    struct digest leaf = leaf_of(entry), hash = digest_of(disclosed);
    struct entry e;
    struct fault f = entry_parse(entry, &e);

    if (fault_is(f))
        return f;
    if (!digest_equal(&leaf, stored_leaf(stored)))
        return fault_make(FAULT_MISMATCH, 0, "hotline_post: not the entry that is stored");
    if (!digest_equal(&hash, &e.disclosed) || disclosed.len != e.disclosed_length)
        return fault_make(FAULT_MISMATCH, 0, "hotline_post: not the document of the entry");
    if (!digest_equal(&hash, permit_disclosed(permit)) || !permit_fits(permit, &e))
        return fault_make(FAULT_MISMATCH, 0, "hotline_post: the permit is for other bytes");
    if (!bytes_is(bytes_text(c->partner), permit_to(permit)))
        return fault_make(FAULT_MISMATCH, 0, "hotline_post: the permit is for another recipient");
    if (stored_index(stored) > c->posted)
        return fault_make(FAULT_ORDER, 0, "hotline_post: an entry before it was not posted");
    if (stored_index(stored) == c->posted)
        c->posted++;
    return fault_none();
}

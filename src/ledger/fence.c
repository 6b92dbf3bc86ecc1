#include "ledger/fence.h"

static const char *const words[] = {
    [FENCE_NONE] = "",
    [FENCE_OK] = "log and keeper agree",
    [FENCE_TRUNCATE_TAIL] =
        "the log has entries that no head covers: let keeper sign them, or cut them off",
    [FENCE_BEHIND] = "heads were signed that this log does not reach, as after restoring a backup: "
                     "refill it from the partner's mirror before anything is signed",
    [FENCE_CATCH_UP] = "keeper's record is older than a head that it signed: bring it forward by "
                       "the entries in between before anything is signed",
    [FENCE_DAMAGED] = "the log, keeper's record and a head that we signed contradict each other: "
                      "sign nothing, keep all three, and compare with the partner's mirror",
};

static struct fence_verdict verdict(enum fence what, uint64_t size)
{
    return (struct fence_verdict){what, size, words[what]};
}

/* Is the root that of the log, as far as the log reaches? */
static bool agrees(const struct ledger *log, uint64_t size, const struct digest *root)
{
    struct digest ours;

    if (size > ledger_size(log))
        return true; /* nothing to compare; being behind is another question */
    return !fault_is(ledger_root_at(log, size, &ours)) && digest_equal(&ours, root);
}

struct fence_verdict fence_decide(const struct ledger *log, const struct keeping_log *kept,
                                  const struct checkpoint *signed_head)
{
    struct digest kept_root = kept == NULL ? tree_empty_root() : tree_root(&kept->tree);
    uint64_t kept_size = kept == NULL ? 0 : kept->tree.size, size = ledger_size(log);
    uint64_t head_size = signed_head == NULL ? 0 : signed_head->size;
    uint64_t need = kept_size > head_size ? kept_size : head_size;

    if (!agrees(log, kept_size, &kept_root) ||
        (signed_head != NULL && !agrees(log, head_size, &signed_head->root)) ||
        (signed_head != NULL && head_size == kept_size &&
         !digest_equal(&kept_root, &signed_head->root)))
        return verdict(FENCE_DAMAGED, need);
    if (size < need)
        return verdict(FENCE_BEHIND, need);
    if (kept_size < head_size)
        return verdict(FENCE_CATCH_UP, head_size);
    return size > need ? verdict(FENCE_TRUNCATE_TAIL, need) : verdict(FENCE_OK, need);
}

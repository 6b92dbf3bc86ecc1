#include "ledger/evidence.h"

static const char *const names[] = {"none", "split view", "not an extension", "an entry replaced",
                                    "two geneses"};

const char *evidence_name(enum evidence e)
{
    return names[e];
}

struct fault evidence_decide(struct bytes a, struct bytes b, const struct note_signer *author,
                             const struct tree_path *proof, enum evidence *out)
{
    struct checkpoint one, two, swap;
    struct fault f = note_verify_checkpoint(a, bytes_text(author->name), author, &one, NULL);

    if (!fault_is(f))
        f = note_verify_checkpoint(b, bytes_text(author->name), author, &two, NULL);
    if (fault_is(f))
        return f;
    *out = EVIDENCE_NONE;
    if (one.size == two.size) {
        *out = digest_equal(&one.root, &two.root) ? EVIDENCE_NONE : EVIDENCE_SPLIT;
        return f;
    }
    if (one.size > two.size) {
        swap = one;
        one = two;
        two = swap;
    }
    if (proof != NULL &&
        fault_is(tree_check_consistency(one.size, &one.root, two.size, &two.root, proof)))
        *out = EVIDENCE_NO_EXTENSION;
    return f;
}

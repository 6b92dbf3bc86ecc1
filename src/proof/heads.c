#include "proof/heads.h"

#include <inttypes.h>

#include "ledger/growth.h"

struct shown {
    struct growth growth; /* its note is the head; no path where a note came alone */
    bool has_growth;
    struct note note;
    struct checkpoint head;
    bool cosigned;
};

static struct fault read_one(struct bytes text, struct shown *out)
{
    struct fault f;

    *out = (struct shown){.has_growth = text.len > 4 && memcmp(text.data, "old ", 4) == 0};
    out->growth.note = text;
    f = out->has_growth ? growth_parse(text, &out->growth) : fault_none();
    if (!fault_is(f))
        f = note_parse(out->growth.note, &out->note);
    if (!fault_is(f))
        f = checkpoint_parse(out->note.text, &out->head);
    return f;
}

static bool read_both(struct bytes a, struct bytes b, struct shown s[2], struct findings *out)
{
    for (size_t i = 0; i < 2; i++) {
        struct fault f = read_one(i == 0 ? a : b, &s[i]);

        if (fault_is(f)) {
            findings_add(out, "form", CHECK_BAD, "the %s is no head: %s at byte %zu, %s",
                         i == 0 ? "first" : "second", fault_word(f.kind), f.at, f.rule);
            return false;
        }
    }
    if (!bytes_equal(s[0].head.origin, s[1].head.origin)) {
        findings_add(out, "form", CHECK_BAD, "they are heads of two logs, not of one");
        return false;
    }
    findings_add(out, "form", CHECK_OK, "two heads of one log, of sizes %" PRIu64 " and %" PRIu64,
                 s[0].head.size, s[1].head.size);
    return true;
}

static bool check_signatures(struct shown s[2], const struct trust *t, struct findings *out)
{
    size_t side, cosigned = 0;

    if (t == NULL || !trust_side(t, s[0].head.origin, &side)) {
        findings_add(out, "signatures", CHECK_UNKNOWN,
                     t == NULL ? "nobody's keys are known: --keys BUNDLE brings them"
                               : "a log of neither party");
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        struct fault f = note_verify(&s[i].note, &t->author[side], NULL);

        if (fault_is(f)) {
            findings_add(out, "signatures", f.kind == FAULT_UNKNOWN ? CHECK_UNKNOWN : CHECK_BAD,
                         "the %s is not signed by %s: %s, %s", i == 0 ? "first" : "second",
                         t->parties[side].id, fault_word(f.kind), f.rule);
            return false;
        }
        if (!trust_counts(t, side, &s[i].note)) {
            findings_add(out, "keys", CHECK_UNKNOWN,
                         "the %s stands under a log key that %s revoked, and %s never cosigned it: "
                         "whoever stole the key can have made it",
                         i == 0 ? "first" : "second", t->parties[side].id, t->parties[1 - side].id);
            return false;
        }
        s[i].cosigned = !fault_is(note_verify(&s[i].note, &t->cosigner[1 - side], NULL));
        cosigned += s[i].cosigned;
    }
    findings_add(out, "signatures", CHECK_OK, "both by all log keys of %s", t->parties[side].id);
    findings_add(out, "cosignatures", cosigned == 2 ? CHECK_OK : CHECK_NOTED,
                 "%zu of 2 cosigned by %s", cosigned, t->parties[1 - side].id);
    return true;
}

/* The proof from the smaller to the larger, if one came with the larger. */
static const struct tree_path *proof_of(const struct shown s[2])
{
    size_t larger = s[0].head.size > s[1].head.size ? 0 : 1;

    return s[larger].has_growth && s[larger].growth.old == s[1 - larger].head.size
               ? &s[larger].growth.path
               : NULL;
}

static void check_history(const struct shown s[2], struct findings *out, enum evidence *evidence)
{
    const struct checkpoint *a = &s[0].head, *b = &s[1].head;
    const struct checkpoint *small = a->size < b->size ? a : b, *large = small == a ? b : a;
    const struct tree_path *proof = proof_of(s);

    if (a->size == b->size && !digest_equal(&a->root, &b->root)) {
        *evidence = EVIDENCE_SPLIT;
        findings_add(out, "history", CHECK_BAD,
                     "split view: its author signed two roots of one size");
        out->verdict = VERDICT_CONTRADICTION;
    } else if (a->size == b->size) {
        findings_add(out, "history", CHECK_OK, "the same size and root");
    } else if (proof == NULL) {
        findings_add(out, "history", CHECK_UNKNOWN,
                     "no proof that the larger extends the smaller is here: its author owes one "
                     "(parley ledger prove --from); a copy of the log decides too");
    } else if (fault_is(tree_check_consistency(small->size, &small->root, large->size, &large->root,
                                               proof))) {
        findings_add(out, "history", CHECK_UNKNOWN,
                     "the proof that came along fails; nobody signed that proof, so it convicts "
                     "nobody: ask the author for one, or check a copy of the log");
    } else {
        findings_add(out, "history", CHECK_OK, "the larger extends the smaller");
    }
}

void heads_verify(struct bytes a, struct bytes b, const struct trust *t, struct findings *out,
                  enum evidence *evidence)
{
    struct shown s[2];

    *evidence = EVIDENCE_NONE;
    if (read_both(a, b, s, out) && check_signatures(s, t, out))
        check_history(s, out, evidence);
}

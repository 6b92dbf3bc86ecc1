#include "proof/alone.h"

#include <inttypes.h>

#include "statement/document.h"

struct read {
    struct proof proof;
    struct note note;
    struct checkpoint head;
    struct digest leaf;
    bool held; /* everything up to inclusion holds, under known keys */
};

static bool read_proof(const struct alone *a, struct read *r, struct findings *out)
{
    struct fault f = proof_parse(a->proof, &r->proof);

    if (!fault_is(f))
        f = note_parse(r->proof.note, &r->note);
    if (!fault_is(f))
        f = checkpoint_parse(r->note.text, &r->head);
    if (fault_is(f)) {
        findings_add(out, "form", CHECK_BAD, "no tlog-proof: %s at byte %zu, %s",
                     fault_word(f.kind), f.at, f.rule);
        return false;
    }
    findings_add(out, "form", CHECK_OK, "a tlog-proof of entry %" PRIu64 " of %" PRIu64,
                 r->proof.index, r->head.size);
    return true;
}

static bool check_signatures(const struct read *r, const struct trust *t, size_t *side,
                             struct findings *out)
{
    struct instant time;
    struct fault f;

    if (t == NULL || !trust_side(t, r->head.origin, side)) {
        findings_add(out, "signatures", CHECK_UNKNOWN,
                     t == NULL ? "nobody's keys are known: --keys BUNDLE brings them"
                               : "a log of neither party");
        return true; /* whether it is in the tree can be said all the same */
    }
    f = note_verify(&r->note, &t->author[*side], NULL);
    if (fault_is(f)) {
        findings_add(out, "signatures", f.kind == FAULT_UNKNOWN ? CHECK_UNKNOWN : CHECK_BAD,
                     "the head is not signed by %s: %s, %s", t->parties[*side].id,
                     fault_word(f.kind), f.rule);
        return false;
    }
    findings_add(out, "signatures", CHECK_OK, "the head, by all log keys of %s",
                 t->parties[*side].id);
    if (!trust_counts(t, *side, &r->note)) {
        findings_add(out, "keys", CHECK_UNKNOWN,
                     "that log key was revoked, and %s never cosigned this head: whoever stole the "
                     "key can have made it",
                     t->parties[1 - *side].id);
        return false;
    }
    f = note_verify(&r->note, &t->cosigner[1 - *side], &time);
    if (fault_is(f) && f.kind != FAULT_MISSING) {
        findings_add(out, "cosignatures", CHECK_BAD, "%s: %s, %s", t->parties[1 - *side].id,
                     fault_word(f.kind), f.rule);
        return false;
    }
    if (fault_is(f))
        findings_add(out, "cosignatures", CHECK_UNKNOWN, "%s has not cosigned: stored, not binding",
                     t->parties[1 - *side].id);
    else {
        char text[INSTANT_TEXT + 1];

        instant_write(time, text);
        findings_add(out, "cosignatures", CHECK_OK, "%s held it at %s", t->parties[1 - *side].id,
                     text);
    }
    return true;
}

static bool check_inclusion(const struct alone *a, struct read *r, struct findings *out)
{
    struct fault f;

    if (a->entry.len == 0) {
        findings_add(out, "inclusion", CHECK_UNKNOWN,
                     "the entry's bytes are not here: put them beside the proof");
        return false;
    }
    r->leaf = tree_leaf(a->entry);
    f = tree_check_inclusion(&r->leaf, r->proof.index, r->head.size, &r->head.root, &r->proof.path);
    if (fault_is(f)) {
        findings_add(out, "inclusion", CHECK_BAD, "these bytes do not lie at %" PRIu64 ": %s",
                     r->proof.index, f.rule);
        return false;
    }
    findings_add(out, "inclusion", CHECK_OK, "these %zu bytes lie at %" PRIu64, a->entry.len,
                 r->proof.index);
    return true;
}

static void check_document(const struct alone *a, const struct entry *e, struct findings *out)
{
    struct digest digest = digest_of(a->document);
    struct disclosed *d = NULL;
    struct fault f;

    if (a->document.len == 0) {
        findings_add(out, "document", CHECK_NOTED,
                     "not here: its digest alone is shown (erased, refused, or left at home)");
        return;
    }
    if (a->document.len != e->disclosed_length || !digest_equal(&digest, &e->disclosed))
        f = fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: disclosed");
    else
        f = disclosed_parse(a->document, &d);
    if (!fault_is(f))
        f = disclosed_matches(d, a->document, e);
    if (fault_is(f))
        findings_add(out, "document", CHECK_BAD, "not the entry's: %s, %s", fault_word(f.kind),
                     f.rule);
    else
        findings_add(out, "document", CHECK_OK, "as committed");
    disclosed_free(d);
}

static void check_entry(const struct alone *a, const struct trust *t, size_t side,
                        struct findings *out)
{
    struct entry e;
    struct fault f = entry_parse(a->entry, &e);
    char time[INSTANT_TEXT + 1];

    if (fault_is(f)) {
        findings_add(out, "entry", f.kind == FAULT_UNKNOWN ? CHECK_UNKNOWN : CHECK_BAD,
                     "%s at byte %zu, %s", fault_word(f.kind), f.at, f.rule);
        return;
    }
    if (side < BUNDLE_LOGS && strcmp(e.from, t->parties[side].id) != 0) {
        findings_add(out, "entry", CHECK_BAD, "of %s, in the log of %s", e.from,
                     t->parties[side].id);
        return;
    }
    instant_write(e.time, time);
    findings_add(out, "entry", CHECK_OK, "%s of %s, said at %s%s%s", kind_name(e.kind), e.from,
                 time, e.case_id[0] == '\0' ? "" : ", case ", e.case_id);
    check_document(a, &e, out);
}

static void verify(const struct alone *a, const struct trust *t, struct read *r,
                   struct findings *out)
{
    size_t side = BUNDLE_LOGS;

    *r = (struct read){.held = false};
    if (!read_proof(a, r, out) || !check_signatures(r, t, &side, out) ||
        !check_inclusion(a, r, out))
        return;
    r->held = side < BUNDLE_LOGS;
    check_entry(a, t, side, out);
}

void alone_verify(const struct alone *a, const struct trust *t, struct findings *out)
{
    struct read r;

    verify(a, t, &r, out);
}

void alone_compare(const struct alone *a, const struct alone *b, const struct trust *t,
                   struct findings *out, enum evidence *evidence)
{
    struct findings second;
    struct read one, two;

    *evidence = EVIDENCE_NONE;
    findings_init(&second);
    verify(a, t, &one, out);
    verify(b, t, &two, &second);
    for (size_t i = 0; i < second.count; i++)
        if (second.row[i].state == CHECK_BAD || second.row[i].state == CHECK_UNKNOWN)
            findings_add(out, second.row[i].name, second.row[i].state, "second: %s",
                         second.row[i].found);
    if (!one.held || !two.held) {
        findings_add(out, "place", CHECK_UNKNOWN, "two proofs that hold are needed to compare");
    } else if (!bytes_equal(one.head.origin, two.head.origin) ||
               one.proof.index != two.proof.index || digest_equal(&one.leaf, &two.leaf)) {
        findings_add(out, "place", CHECK_OK, "they do not contradict each other");
    } else {
        *evidence = EVIDENCE_REPLACED;
        findings_add(out, "place", CHECK_BAD,
                     "an entry replaced: its author signed two entries at %" PRIu64,
                     one.proof.index);
        out->verdict = VERDICT_CONTRADICTION;
    }
}

#include "proof/trust.h"

#include "base/memory.h"
#include "proof/verifying.h"

static struct fault take_keys(struct verifying *v, struct report *r, enum check *at)
{
    struct fault f = verifying_agreement(v, r);

    *at = CHECK_AGREEMENT;
    if (fault_is(f))
        return f;
    *at = CHECK_GENESIS;
    return verifying_genesis(v, r);
}

static void fill(struct verifying *v, const struct report *r, struct trust *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->agreement, sizeof out->agreement, "%s", r->agreement);
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        out->parties[i] = r->parties[i];
        out->author[i] = v->logs[i].author;
        out->cosigner[i] = v->logs[i].cosigner;
        out->keys[i] = v->logs[i].keys;
        v->logs[i].keys.count = 0; /* transferred */
    }
}

struct fault trust_read(struct bytes bundle, struct trust *out, struct findings *f)
{
    struct verifying v = {.bundle = NULL};
    struct report *r = memory_zeroed(1, sizeof *r);
    enum check at = CHECK_FORM;
    struct fault why = bundle_parse(bundle, &v.bundle, NULL);

    if (!fault_is(why))
        why = take_keys(&v, r, &at);
    if (fault_is(why))
        findings_add(f, "keys", why.kind == FAULT_UNKNOWN ? CHECK_UNKNOWN : CHECK_BAD,
                     "the bundle that should bring the keys: %s: %s, %s", check_name(at),
                     fault_word(why.kind), why.rule);
    else {
        fill(&v, r, out);
        findings_add(f, "keys", CHECK_OK, "of %s and %s, from their root keys by the agreement",
                     r->parties[0].id, r->parties[1].id);
    }
    if (v.bundle != NULL)
        verifying_done(&v);
    report_done(r);
    free(r);
    return why;
}

void trust_done(struct trust *t)
{
    for (size_t i = 0; t != NULL && i < BUNDLE_LOGS; i++)
        tenure_done(&t->keys[i]);
}

bool trust_counts(const struct trust *t, size_t side, const struct note *n)
{
    return !note_signer_of(n, &t->author[side])->revoked ||
           !fault_is(note_verify(n, &t->cosigner[1 - side], NULL));
}

bool trust_side(const struct trust *t, struct bytes origin, size_t *out)
{
    for (size_t i = 0; i < BUNDLE_LOGS; i++)
        if (bytes_is(origin, t->author[i].name)) {
            *out = i;
            return true;
        }
    return false;
}

static bool same_roots(const struct report_party *a, const struct report_party *b)
{
    if (strcmp(a->id, b->id) != 0 || a->root_count != b->root_count)
        return false;
    for (size_t i = 0; i < a->root_count; i++)
        if (strcmp(a->roots[i].suite, b->roots[i].suite) != 0 ||
            strcmp(a->roots[i].fingerprint, b->roots[i].fingerprint) != 0)
            return false;
    return true;
}

static bool same_keys(const struct note_signer *a, const struct note_signer *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->key[i].suite != b->key[i].suite ||
            !bytes_equal(bytes_of(a->key[i].key, a->key[i].len),
                         bytes_of(b->key[i].key, b->key[i].len)))
            return false;
    return true;
}

/* Did the root keys name other keys for one time? Who names none yet has an older bundle. */
static bool same_tenure(const struct tenure *a, const struct tenure *b)
{
    size_t both = a->count < b->count ? a->count : b->count;

    for (size_t i = 0; i < both; i++)
        if (!same_keys(&a->keys[i]->author, &b->keys[i]->author) ||
            !same_keys(&a->keys[i]->cosigner, &b->keys[i]->cosigner))
            return false;
    return true;
}

static void compare(const struct trust *a, const struct trust *b, struct findings *out,
                    enum evidence *evidence)
{
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        if (strcmp(a->agreement, b->agreement) != 0 ||
            !same_roots(&a->parties[i], &b->parties[i])) {
            findings_add(out, "genesis", CHECK_UNKNOWN,
                         "they are of two agreements, or of other root keys");
            return;
        }
        if (same_tenure(&a->keys[i], &b->keys[i]))
            continue;
        *evidence = EVIDENCE_TWO_GENESES;
        findings_add(out, "genesis", CHECK_BAD,
                     "two geneses: the root keys of %s signed two sets of keys", a->parties[i].id);
        out->verdict = VERDICT_CONTRADICTION;
        return;
    }
    findings_add(out, "genesis", CHECK_OK, "both name the same keys of both parties");
}

void trust_compare(struct bytes one, struct bytes two, struct findings *out,
                   enum evidence *evidence)
{
    struct trust *t = memory_zeroed(2, sizeof *t);

    *evidence = EVIDENCE_NONE;
    if (!fault_is(trust_read(one, &t[0], out)) && !fault_is(trust_read(two, &t[1], out)))
        compare(&t[0], &t[1], out, evidence);
    trust_done(&t[0]);
    trust_done(&t[1]);
    free(t);
}

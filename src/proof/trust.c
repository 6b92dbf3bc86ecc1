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

static void fill(const struct verifying *v, const struct report *r, struct trust *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->agreement, sizeof out->agreement, "%s", r->agreement);
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        out->parties[i] = r->parties[i];
        out->author[i] = v->logs[i].author;
        out->cosigner[i] = v->logs[i].cosigner;
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

bool trust_side(const struct trust *t, struct bytes origin, size_t *out)
{
    for (size_t i = 0; i < BUNDLE_LOGS; i++)
        if (bytes_is(origin, t->author[i].name)) {
            *out = i;
            return true;
        }
    return false;
}

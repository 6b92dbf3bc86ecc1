#include "proc/pacts.h"

#include "pact/signed.h"

static struct fault verify(const struct agreement *a, struct bytes text)
{
    struct signatures *s;
    struct fault f = signatures_parse(text, &s, NULL);

    if (fault_is(f))
        return f;
    f = agreement_signatures_verify(a, s, NULL);
    signatures_free(s);
    return f;
}

static struct fault read_one(const struct setup_agreement *from, struct pacts *p)
{
    struct agreement *a;
    const struct agreement *before;
    struct fault f = agreement_parse(from->canonical, true, &a, NULL);

    if (fault_is(f))
        return f;
    f = verify(a, from->signatures);
    before = pacts_newest(p, bytes_text(a->id));
    if (!fault_is(f) && agreement_party(a, p->party) == NULL)
        f = fault_make(FAULT_MISSING, 0, "setup: we are no party to an agreement");
    if (!fault_is(f) && before != NULL)
        f = agreement_follows(before, a);
    if (fault_is(f))
        agreement_free(a);
    else
        p->agreement[p->count++] = a;
    return f;
}

struct fault pacts_read(const struct setup *setup, struct pacts *out)
{
    struct fault f = fault_none();

    if (!bytes_to_text(setup->party, out->party, sizeof out->party))
        return fault_make(FAULT_LIMIT, 0, "setup: our own id");
    for (size_t i = 0; i < setup->agreement_count && !fault_is(f); i++)
        f = read_one(&setup->agreements[i], out);
    if (!fault_is(f) && out->count == 0)
        f = fault_make(FAULT_MISSING, 0, "setup: no agreement");
    if (fault_is(f))
        pacts_done(out);
    return f;
}

void pacts_done(struct pacts *p)
{
    for (size_t i = 0; i < p->count; i++)
        agreement_free(p->agreement[i]);
    *p = (struct pacts){0};
}

const struct agreement *pacts_newest(const struct pacts *p, struct bytes id)
{
    const struct agreement *found = NULL;

    for (size_t i = 0; i < p->count; i++)
        if (bytes_is(id, p->agreement[i]->id) &&
            (found == NULL || p->agreement[i]->version > found->version))
            found = p->agreement[i];
    return found;
}

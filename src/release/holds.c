#include "release/holds.h"

#include "base/memory.h"
#include "release/terms.h"
#include "statement/fields.h"
#include "statement/type.h"

#define RULE "PROTOCOL.ledger section 5: "

static struct fault refuse(enum fault_kind kind, const char *rule)
{
    return fault_make(kind, 0, rule);
}

/* Articles on harmful information or interference carry a CONSULT and nothing else (mission 5.3,
 * R3); the others never one. */
static struct fault article_carries(enum kind kind, const struct article *article)
{
    bool consult = article != NULL && article->carries == ARTICLE_CONSULT;

    if (consult && kind != KIND_CONSULT)
        return refuse(FAULT_REFUSED, "DESIGN section 8: a content article carries CONSULT alone");
    if (article != NULL && article->carries == ARTICLE_CHECK && kind != KIND_CHECK)
        return refuse(FAULT_REFUSED, "PROTOCOL.agreement section 2: carries CHECK alone");
    if (kind == KIND_NOTICE && (article == NULL || article->carries != ARTICLE_NOTICE))
        return refuse(FAULT_REFUSED, "PROTOCOL.agreement section 2: a NOTICE needs its article");
    return fault_none();
}

struct fault release_officers(enum kind kind, const struct article *article, unsigned *out)
{
    const struct type *type = type_find(kind);
    struct fault f = article_carries(kind, article);
    unsigned by_article = article == NULL ? 0 : article->officers;

    if (fault_is(f))
        return f;
    if (type == NULL || !type->in_case || kind == KIND_RECEIPT)
        return refuse(FAULT_REFUSED, "docs/STATEMENTS: no statement that officers release");
    if (!type->available)
        return refuse(FAULT_REFUSED, "docs/STATEMENTS: not yet available");
    if (type->officers == OFFICERS_ARTICLE && article == NULL)
        return refuse(FAULT_REFUSED, "docs/STATEMENTS: its article says how many release it");
    if (type->officers == OFFICERS_ARTICLE)
        *out = by_article;
    else if (type->officers == OFFICERS_TWO)
        *out = by_article > 2 ? by_article : 2;
    else
        *out = 1;
    return fault_none();
}

bool release_role_is_named(const struct article *article, enum officer_role role)
{
    if (article == NULL)
        return role != OFFICER_NONE;
    for (size_t i = 0; i < article->role_count; i++)
        if (strcmp(article->roles[i], officer_role_name(role)) == 0)
            return true;
    return false;
}

static struct instant later(struct instant t, int64_t seconds)
{
    return (struct instant){t.us + seconds * 1000000};
}

/* The moment of a decision lies in the permit's life, and not in the future. */
static struct fault time_holds(const struct agreement *a, const struct permit_text *permit,
                               struct instant when, struct instant now)
{
    struct instant from = later(permit->expires, -(int64_t)PERMIT_SECONDS - a->skew);

    if (when.us > permit->expires.us || when.us < from.us || when.us > later(now, a->skew).us)
        return refuse(FAULT_CLOCK, RULE "a decision outside the permit's life");
    return fault_none();
}

static struct fault officer_may(const struct registry *r, const struct article *article,
                                const struct decision *d, const struct contact **out)
{
    const struct contact *officer = registry_find(r, d->officer);

    if (officer == NULL)
        return refuse(FAULT_UNKNOWN, RULE "an officer who is not enrolled");
    if (!officer->appointed)
        return refuse(FAULT_REFUSED, RULE "an officer who was withdrawn");
    if ((officer->roles & d->role) == 0)
        return refuse(FAULT_REFUSED, RULE "an officer who is not enrolled in this role");
    if (!release_role_is_named(article, d->role))
        return refuse(FAULT_REFUSED, RULE "a role that the article does not name");
    *out = officer;
    return fault_none();
}

static const struct article *article_of(const struct agreement *a, const struct permit_text *p)
{
    return p->article[0] == '\0' ? NULL : agreement_article(a, p->article);
}

/* By every key that he has: one for each suite of the agreement. */
static struct fault signed_by(const struct contact *officer, const struct agreement *a,
                              const struct decision_given *given)
{
    struct several_key keys[SEVERAL_MAX];
    size_t count = contact_several(officer, keys);

    return decision_verify(given->text, bytes_text(a->id), keys, count, given->suite,
                           given->signature);
}

struct fault decision_holds(const struct agreement *a, const struct registry *r, struct bytes text,
                            const struct permit_text *permit, const struct decision_given *given,
                            struct instant now, struct decision *out)
{
    const struct contact *officer = NULL;
    struct digest digest = digest_of(text);
    struct decision d;
    struct fault f = decision_parse(given->text, &d);

    if (!fault_is(f) && !digest_equal(&d.permit, &digest))
        f = refuse(FAULT_MISMATCH, RULE "a decision on another permit");
    if (!fault_is(f) && permit->officers == 1 && d.role != OFFICER_RELEASER)
        f = refuse(FAULT_REFUSED, RULE "the one decision is a releaser's");
    if (!fault_is(f))
        f = officer_may(r, article_of(a, permit), &d, &officer);
    if (!fault_is(f))
        f = time_holds(a, permit, d.time, now);
    if (!fault_is(f))
        f = signed_by(officer, a, given);
    if (!fault_is(f))
        *out = d;
    return f;
}

/* N different officers, one of them the drafter if N is more than 1. */
static struct fault together(const struct decision *d, size_t count)
{
    size_t drafters = 0;

    for (size_t i = 0; i < count; i++) {
        drafters += d[i].role == OFFICER_DRAFTER;
        for (size_t k = 0; k < i; k++)
            if (strcmp(d[i].officer, d[k].officer) == 0)
                return refuse(FAULT_DUPLICATE, RULE "one officer twice");
    }
    if (drafters != (count > 1))
        return refuse(FAULT_REFUSED, RULE "exactly one drafter, the rest releasers");
    return fault_none();
}

struct fault decisions_hold(const struct agreement *a, const struct registry *r, struct bytes text,
                            const struct permit_text *permit,
                            const struct decision_given *decisions, size_t count,
                            struct instant now)
{
    struct decision d[PERMIT_OFFICERS];

    if (count > permit->officers)
        return refuse(FAULT_EXTRA, RULE "more decisions than officers");
    for (size_t i = 0; i < count; i++) {
        struct fault f = decision_holds(a, r, text, permit, &decisions[i], now, &d[i]);

        if (fault_is(f))
            return f;
    }
    if (count < permit->officers)
        return refuse(FAULT_MISSING, RULE "not enough decisions");
    return together(d, count);
}

static struct fault entry_is_ours(const struct holds *in)
{
    const struct entry *e = in->entry;
    const struct agreement *a = in->agreement;

    if (strcmp(e->agreement, a->id) != 0 || e->version != a->version ||
        memcmp(e->agreement_digest.byte, a->digest, sizeof a->digest) != 0)
        return refuse(FAULT_MISMATCH, "PROTOCOL.ledger section 3: another agreement");
    if (strcmp(e->from, in->own->id) != 0)
        return refuse(FAULT_MISMATCH, "PROTOCOL.ledger section 3: from another party");
    return fault_none();
}

/* Reads the document and holds it against the entry. */
static struct fault document_of(const struct holds *in, struct disclosed **out)
{
    struct disclosed *d;
    struct fault f = disclosed_parse(in->disclosed, &d);

    if (fault_is(f))
        return f;
    f = disclosed_matches(d, in->disclosed, in->entry);
    if (fault_is(f))
        disclosed_free(d);
    else
        *out = d;
    return f;
}

/* GENESIS and KEYS are read to their end by who needs the keys (ledger/roles.h); CONTACT here. */
static struct fault rooted_content(const struct holds *in, const struct disclosed *d)
{
    struct contact *c;
    struct fault f;

    if (strcmp(disclosed_text(d, "agreement"), in->agreement->id) != 0 ||
        strcmp(disclosed_text(d, "party"), in->own->id) != 0)
        return refuse(FAULT_MISMATCH, "docs/STATEMENTS: agreement, party");
    if (in->entry->kind != KIND_CONTACT)
        return fault_none();
    c = memory_zeroed(1, sizeof *c);
    f = contact_read(d, c);
    free(c);
    return f;
}

static struct fault root_holds(const struct holds *in)
{
    struct disclosed *d;
    struct fault f;

    if (!type_is_rooted(in->entry->kind))
        return refuse(FAULT_REFUSED, RULE "root signatures for a kind that has none");
    f = document_of(in, &d);
    if (fault_is(f))
        return f;
    f = roots_signed(in->agreement, in->own, d);
    if (!fault_is(f))
        f = rooted_content(in, d);
    disclosed_free(d);
    return f;
}

static struct fault automatic_holds(const struct holds *in)
{
    if (!type_is_automatic(in->entry->kind, in->entry->has_answers))
        return refuse(FAULT_REFUSED, RULE "automatic for a kind that officers release");
    return fault_none();
}

/* What the document says of itself is what the permit says of it: else an officer would sign for
 * one article, and the other side read another. */
static struct fault document_says(const struct permit_text *p, const struct holds *in,
                                  const struct disclosed *d)
{
    const struct {
        const char *path, *want;
    } same[] = {
        {"agreement", p->agreement},
        {"from", in->own->id},
        {"to", p->to},
        {"class", class_name(p->class)},
        {"article", p->article[0] == '\0' ? "-" : p->article},
    };

    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(disclosed_text(d, same[i].path), same[i].want) != 0)
            return refuse(FAULT_MISMATCH, RULE "document and permit say different things");
    return fault_none();
}

static struct fault permit_is_for(const struct holds *in, const struct permit_text *p)
{
    const struct article *article = article_of(in->agreement, p);
    struct digest digest = digest_of(in->permit);
    unsigned officers = 0;
    struct fault f;

    if (!digest_equal(&digest, &in->entry->permit))
        return refuse(FAULT_MISMATCH, RULE "the entry names another permit");
    f = permit_text_equals(p, in->entry);
    if (fault_is(f))
        return f;
    if (strcmp(p->to, agreement_other(in->agreement, in->own)->id) != 0)
        return refuse(FAULT_MISMATCH, RULE "to somebody else");
    if (p->rules != RELEASE_RULES)
        return refuse(FAULT_MISMATCH, RULE "made by another rule set");
    if (p->article[0] != '\0' && article == NULL)
        return refuse(FAULT_UNKNOWN, RULE "an article that the agreement has not");
    if (p->expires.us <= in->now.us)
        return refuse(FAULT_CLOCK, RULE "expired");
    if (p->expires.us > later(in->now, (int64_t)PERMIT_SECONDS + in->agreement->skew).us)
        return refuse(FAULT_CLOCK, RULE "expires later than 7 days from now");
    f = release_officers(p->kind, article, &officers);
    if (!fault_is(f) && officers != p->officers)
        f = refuse(FAULT_MISMATCH, RULE "another number of officers than the article says");
    return f;
}

static struct fault officers_hold(const struct holds *in, struct permit_text *out)
{
    struct disclosed *d;
    struct permit_text p;
    struct fault f;

    if (type_is_rooted(in->entry->kind))
        return refuse(FAULT_REFUSED, RULE "officers for a kind that the root keys sign");
    f = permit_text_parse(in->permit, &p);
    if (!fault_is(f))
        f = permit_is_for(in, &p);
    if (!fault_is(f))
        f = decisions_hold(in->agreement, in->registry, in->permit, &p, in->decisions,
                           in->decision_count, in->now);
    if (fault_is(f))
        return f;
    f = document_of(in, &d);
    if (fault_is(f))
        return f;
    f = document_says(&p, in, d);
    if (!fault_is(f))
        f = disclosed_check(p.kind, p.has_answers, d, NULL);
    if (!fault_is(f) && p.kind == KIND_AGREEMENT) {
        struct terms terms = terms_of_disclosed(d);

        f = terms_check(&terms, p.agreement);
    }
    disclosed_free(d);
    if (!fault_is(f) && out != NULL)
        *out = p;
    return f;
}

struct fault release_holds(const struct holds *in, struct permit_text *out)
{
    bool alone = in->permit.len == 0 && in->decision_count == 0;
    struct fault f = entry_is_ours(in);

    if (fault_is(f))
        return f;
    if (in->entry->permit_kind == PERMIT_DIGEST)
        return officers_hold(in, out);
    if (!alone)
        return refuse(FAULT_EXTRA, RULE "a permit where none belongs");
    if (in->entry->permit_kind == PERMIT_ROOT)
        return root_holds(in);
    if (in->entry->permit_kind == PERMIT_AUTOMATIC)
        return automatic_holds(in);
    return refuse(FAULT_REFUSED, RULE "an entry without a permit");
}

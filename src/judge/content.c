#include "judge/content.h"

#include "ledger/roles.h"
#include "release/terms.h"
#include "statement/document.h"
#include "statement/fields.h"
#include "statement/type.h"

static struct judgement good(void)
{
    return (struct judgement){GROUND_NONE, ""};
}

static struct judgement refuse(enum ground ground, const char *rule)
{
    return (struct judgement){ground, rule};
}

/* GENESIS, KEYS and EVIDENCE are no types, yet stand in every log. */
static bool is_taken(enum kind kind)
{
    const struct type *type = type_find(kind);

    return kind == KIND_GENESIS || kind == KIND_EVIDENCE || kind == KIND_KEYS ||
           (type != NULL && type->available);
}

static struct judgement judge_signatures(const struct agreement *a, const struct party *from,
                                         const struct entry *e, const struct disclosed *d)
{
    struct fault f;

    if (!type_is_rooted(e->kind)) {
        if (disclosed_signature_count(d) != 0)
            return refuse(GROUND_FORM,
                          "PROTOCOL.ledger 4: signatures for GENESIS, KEYS and CONTACT only");
        return good();
    }
    f = roots_verify(a, from, d);
    return fault_is(f) ? refuse(GROUND_SIGNATURE, f.rule) : good();
}

/* What a statement of a case says of itself must be what its entry says. */
static struct judgement judge_envelope(const struct agreement *a, const struct party *from,
                                       const struct entry *e, const struct disclosed *d)
{
    const struct {
        const char *path, *want;
    } field[] = {
        {"agreement", a->id},
        {"from", from->id},
        {"to", agreement_other(a, from)->id},
        {"class", class_name(e->class)},
    };

    if (e->case_id[0] == '\0')
        return good();
    for (size_t i = 0; i < sizeof field / sizeof field[0]; i++)
        if (strcmp(disclosed_text(d, field[i].path), field[i].want) != 0)
            return refuse(GROUND_FORM,
                          "PROTOCOL.ledger 4: agreement, from, to and class are the entry's");
    return good();
}

/* What an UPDATE opens must itself be a field that can be said. Whether it is what was committed to
 * is desk's to see: nothing is remembered here. */
static struct fault check_opening(const struct disclosed *d)
{
    const char *text = disclosed_text(d, "opening");
    struct opening o;
    struct fault f;

    if (disclosed_value(d, "opening") == NULL)
        return fault_none();
    f = opening_parse(bytes_text(text), &o);
    if (fault_is(f))
        return fault_make(f.kind, 0, "PROTOCOL.ledger section 4: the form of an opening");
    if (opening_field(&o) == NULL)
        f = fault_make(FAULT_REFUSED, 0, "docs/STATEMENTS: no type has the field that it opens");
    opening_done(&o);
    return f;
}

/* What its type may carry, and nothing else: mission 5.3, R1 to R4. */
static struct judgement judge_fields(const struct entry *e, const struct disclosed *d)
{
    struct fault f = disclosed_check(e->kind, e->has_answers, d, NULL);

    if (!fault_is(f) && e->kind == KIND_UPDATE)
        f = check_opening(d);
    if (!fault_is(f) && e->kind == KIND_AGREEMENT) {
        struct terms terms = terms_of_disclosed(d);

        f = terms_check(&terms, e->agreement);
    }
    return fault_is(f) ? refuse(GROUND_CONTENT, f.rule) : good();
}

static struct judgement judge_document(const struct agreement *a, const struct party *from,
                                       const struct entry *e, const struct disclosed *d,
                                       struct bytes text)
{
    struct fault f = disclosed_matches(d, text, e);
    struct judgement j;

    if (fault_is(f))
        return refuse(GROUND_FORM, f.rule);
    j = judge_signatures(a, from, e, d);
    if (j.ground == GROUND_NONE)
        j = judge_envelope(a, from, e, d);
    return j.ground == GROUND_NONE ? judge_fields(e, d) : j;
}

struct judgement content_judge(const struct agreement *a, const struct party *from,
                               const struct entry *e, struct bytes document)
{
    struct disclosed *d;
    struct judgement j;
    struct fault f;

    if (!is_taken(e->kind))
        return refuse(GROUND_TYPE, "docs/STATEMENTS: this type is not yet taken here");
    f = disclosed_parse(document, &d);
    if (fault_is(f))
        return refuse(GROUND_FORM, f.rule);
    j = judge_document(a, from, e, d, document);
    disclosed_free(d);
    return j;
}

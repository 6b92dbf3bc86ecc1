#include "release/release.h"

#include "base/memory.h"
#include "model/permit_make.h"
#include "release/personal.h"
#include "release/terms.h"
#include "statement/type.h"
#include "json/profile.h"

/* A decision being made. */
struct deciding {
    const struct release_ask *ask;
    struct release_verdict *v;
};

static void forbid(struct deciding *d, const char *path, const char *rule)
{
    if (!d->v->allowed)
        return;
    d->v->allowed = false;
    d->v->rule = rule;
    snprintf(d->v->path, sizeof d->v->path, "%s", path);
}

static const char *text_at(const struct release_ask *ask, const char *path)
{
    const char *text = json_string_value(json_object_get(ask->fields, path));

    return text == NULL ? "" : text;
}

static bool is_rooted_or_automatic(const struct release_ask *ask)
{
    return type_is_rooted(ask->kind) || type_is_automatic(ask->kind, ask->answers);
}

/* ---- rules on the whole statement ---- */

static void rule_type(struct deciding *d)
{
    const struct type *type = type_find(d->ask->kind);

    if (d->ask->kind == KIND_GENESIS || d->ask->kind == KIND_EVIDENCE)
        return;
    if (type == NULL || !type->available)
        forbid(d, "", "type.not-yet-available");
}

static void rule_article(struct deciding *d)
{
    const char *id = text_at(d->ask, "article");
    struct fault f;

    if (type_is_rooted(d->ask->kind) || d->ask->kind == KIND_EVIDENCE)
        return;
    if (id[0] != '\0' && strcmp(id, "-") != 0) {
        d->v->article = agreement_article(d->ask->agreement, id);
        if (d->v->article == NULL)
            forbid(d, "article", "agreement.no-such-article");
    }
    if (is_rooted_or_automatic(d->ask))
        return;
    f = release_officers(d->ask->kind, d->v->article, &d->v->officers);
    if (fault_is(f))
        forbid(d, "article", f.rule);
}

static void rule_envelope(struct deciding *d)
{
    const struct release_ask *ask = d->ask;
    const struct {
        const char *path, *want;
    } same[] = {
        {"agreement", ask->agreement->id},
        {"from", ask->own->id},
        {"to", agreement_other(ask->agreement, ask->own)->id},
        {"class", class_name(ask->class)},
    };

    if (type_is_rooted(ask->kind) || ask->kind == KIND_EVIDENCE)
        return;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(text_at(ask, same[i].path), same[i].want) != 0)
            forbid(d, same[i].path, "envelope.mismatch");
}

/* The ceiling is the agreement's; RED never leaves; derived material is as strict as the strictest
 * of what it was made from. */
static void rule_marking(struct deciding *d)
{
    enum tlp tlp, ceiling = tlp_read(bytes_text(d->ask->agreement->tlp));

    if (type_is_rooted(d->ask->kind) || d->ask->kind == KIND_EVIDENCE)
        return;
    tlp = tlp_read(bytes_text(text_at(d->ask, "tlp")));
    if (tlp == TLP_RED || d->ask->parents == TLP_RED)
        forbid(d, "tlp", "marking.red-never-leaves");
    else if (tlp > ceiling)
        forbid(d, "tlp", "marking.above-agreement");
    else if (tlp < d->ask->parents)
        forbid(d, "tlp", "marking.below-its-source");
}

static void rule_language(struct deciding *d)
{
    const struct agreement *a = d->ask->agreement;
    const char *language = text_at(d->ask, "language");

    if (language[0] == '\0' || a->language_count == 0)
        return;
    for (size_t i = 0; i < a->language_count; i++)
        if (strcmp(a->languages[i], language) == 0)
            return;
    forbid(d, "language", "agreement.language");
}

static void rule_fields(struct deciding *d)
{
    struct field_place place = {""};
    struct fault f = fields_check(d->ask->kind, d->ask->answers, d->ask->fields, &place);

    if (fault_is(f))
        forbid(d, place.path, f.rule);
}

static void rule_terms(struct deciding *d)
{
    struct terms terms = terms_of_fields(d->ask->fields);

    if (d->ask->kind == KIND_AGREEMENT && d->v->allowed &&
        fault_is(terms_check(&terms, d->ask->agreement->id)))
        forbid(d, "terms.text", "terms.not-an-agreement");
}

/* ---- rules on one field ---- */

static bool named(const char *path, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], path) == 0)
            return true;
    return false;
}

/* The rule by which it is withheld, or NULL. What the agreement withholds no officer opens. */
static const char *withheld_by(const struct release_ask *ask, const struct field *f,
                               const char *path)
{
    const struct agreement *a = ask->agreement;

    if (f->withheld != NULL && !named(path, ask->disclose, ask->disclose_count))
        return f->withheld;
    if (named(path, a->withhold, a->withhold_count))
        return "agreement.withhold";
    return named(path, ask->withhold, ask->withhold_count) ? "own.withhold" : NULL;
}

/* The first personal data in a text or a list of texts. */
static const char *personal_in(const struct field *f, const json_t *value, size_t *at)
{
    enum personal_kind kind = PERSONAL_NONE;

    if (f->form == FIELD_FREE || f->form == FIELD_LINE)
        kind = personal_find(bytes_of(json_string_value(value), json_string_length(value)), at);
    for (size_t i = 0; f->form == FIELD_LINES && i < json_array_size(value) && kind == 0; i++) {
        const json_t *line = json_array_get(value, i);

        kind = personal_find(bytes_of(json_string_value(line), json_string_length(line)), at);
    }
    return kind == PERSONAL_NONE ? NULL : personal_rule(kind);
}

/* What an UPDATE opens must itself be a field that can be said, and not personal. */
static const char *opening_refused(const char *path, const json_t *value)
{
    const struct field *f;
    struct opening o;
    size_t at;

    if (strcmp(path, "opening") != 0)
        return NULL;
    if (fault_is(opening_parse(bytes_of(json_string_value(value), json_string_length(value)), &o)))
        return "opening.form";
    f = opening_field(&o);
    if (f == NULL) {
        opening_done(&o);
        return "opening.no-such-field";
    }
    const char *rule = personal_in(f, o.value, &at);
    opening_done(&o);
    return rule;
}

static void decide_field(struct deciding *d, const char *path, const json_t *value,
                         struct release_field *out)
{
    const struct field *f = field_find(d->ask->kind, path);
    const char *rule = f == NULL ? "field.unlisted" : NULL;

    snprintf(out->path, sizeof out->path, "%s", path);
    out->word = RELEASE_REFUSE;
    if (rule == NULL && fault_is(field_check(f, value)))
        rule = "field.form";
    if (rule == NULL)
        rule = opening_refused(path, value);
    if (rule == NULL && (rule = withheld_by(d->ask, f, path)) != NULL && !f->open) {
        out->word = RELEASE_WITHHOLD;
        out->rule = rule;
        return;
    }
    if (rule != NULL && f != NULL && f->open && withheld_by(d->ask, f, path) == rule)
        rule = "withhold.must-be-open";
    if (rule == NULL)
        rule = personal_in(f, value, &out->at);
    out->rule = rule == NULL ? "" : rule;
    if (rule == NULL)
        out->word = RELEASE_SEND;
    else
        forbid(d, path, rule);
}

static int field_order(const void *a, const void *b)
{
    return strcmp(((const struct release_field *)a)->path, ((const struct release_field *)b)->path);
}

static void decide_fields(struct deciding *d)
{
    struct release_verdict *v = d->v;
    const char *path;
    json_t *value;

    v->fields = memory_zeroed(json_object_size(d->ask->fields) + 1, sizeof *v->fields);
    json_object_foreach((json_t *)(uintptr_t)d->ask->fields, path, value)
    {
        decide_field(d, path, value, &v->fields[v->count++]);
    }
    qsort(v->fields, v->count, sizeof *v->fields, field_order);
    v->withheld = memory_zeroed(v->count + 1, sizeof *v->withheld);
    for (size_t i = 0; i < v->count; i++)
        if (v->fields[i].word == RELEASE_WITHHOLD)
            v->withheld[v->withheld_count++] =
                (struct withheld){v->fields[i].path, v->fields[i].rule};
}

void release_decide(const struct release_ask *ask, struct release_verdict *out)
{
    struct deciding d = {ask, out};

    *out = (struct release_verdict){.allowed = true, .rule = ""};
    if (json_object_size(ask->fields) > RELEASE_FIELDS || fault_is(json_check(ask->fields))) {
        forbid(&d, "", "document.form");
        return;
    }
    rule_type(&d);
    rule_article(&d);
    rule_envelope(&d);
    rule_marking(&d);
    rule_language(&d);
    decide_fields(&d);
    rule_fields(&d);
    rule_terms(&d);
}

void release_verdict_done(struct release_verdict *v)
{
    free(v->fields);
    free(v->withheld);
    *v = (struct release_verdict){.allowed = false};
}

/* ---- permits ---- */

static struct fault refuse(const char *rule)
{
    return fault_make(FAULT_REFUSED, 0, rule);
}

static void copy(char *out, size_t size, const char *text)
{
    if (!bytes_to_text(bytes_text(text), out, size))
        die("parley: a name longer than its limit\n");
}

static void permit_fill(const struct release_ask *ask, const struct release_verdict *v,
                        const struct release_for *what, struct permit_text *p)
{
    const struct agreement *a = ask->agreement;

    *p = (struct permit_text){.version = a->version,
                              .rules = RELEASE_RULES,
                              .kind = ask->kind,
                              .class = ask->class,
                              .has_answers = what->has_answers,
                              .answers = what->answers,
                              .document = what->document,
                              .leaves = what->leaves,
                              .disclosed = digest_of(what->disclosed),
                              .disclosed_length = (uint32_t)what->disclosed.len,
                              .officers = v->officers,
                              .expires = instant_of_seconds(instant_seconds(what->expires))};
    memcpy(p->id, what->id, sizeof p->id);
    memcpy(p->agreement_digest.byte, a->digest, sizeof a->digest);
    copy(p->agreement, sizeof p->agreement, a->id);
    copy(p->to, sizeof p->to, agreement_other(a, ask->own)->id);
    copy(p->case_id, sizeof p->case_id, what->case_id);
    copy(p->article, sizeof p->article, v->article == NULL ? "" : v->article->id);
}

struct fault release_permit_prepare(const struct release_ask *ask,
                                    const struct release_verdict *verdict,
                                    const struct release_for *what, struct buf *out)
{
    struct permit_text p;

    if (!verdict->allowed)
        return refuse(verdict->rule);
    if (verdict->officers == 0)
        return refuse("PROTOCOL.ledger section 5: officers do not release this kind");
    if (what->expires.us <= what->now.us ||
        what->expires.us - what->now.us > (int64_t)PERMIT_SECONDS * 1000000)
        return fault_make(FAULT_RANGE, 0, "PROTOCOL.ledger section 5: expires");
    permit_fill(ask, verdict, what, &p);
    permit_text_write(&p, out);
    return fault_none();
}

static struct fault grant_holds(const struct agreement *a, const struct party *own,
                                const struct permit_text *p, struct instant now)
{
    const struct article *article = p->article[0] == '\0' ? NULL : agreement_article(a, p->article);
    unsigned officers = 0;
    struct fault f;

    if (strcmp(p->agreement, a->id) != 0 || p->version != a->version ||
        memcmp(p->agreement_digest.byte, a->digest, sizeof a->digest) != 0 ||
        p->rules != RELEASE_RULES || strcmp(p->to, agreement_other(a, own)->id) != 0 ||
        (p->article[0] != '\0' && article == NULL))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 5: not of this agreement");
    if (p->expires.us <= now.us)
        return fault_make(FAULT_CLOCK, 0, "PROTOCOL.ledger section 5: expired");
    f = release_officers(p->kind, article, &officers);
    if (!fault_is(f) && officers != p->officers)
        f = fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 5: number of officers");
    return f;
}

struct fault release_permit_grant(const struct agreement *a, const struct party *own,
                                  const struct registry *r, struct bytes text,
                                  const struct decision_given *decisions, size_t count,
                                  struct instant now, struct permit **out)
{
    struct permit_text p;
    struct fault f = permit_text_parse(text, &p);

    if (!fault_is(f))
        f = grant_holds(a, own, &p, now);
    if (!fault_is(f))
        f = decisions_hold(a, r, text, &p, decisions, count, now);
    if (!fault_is(f))
        *out = permit_new(PERMIT_DIGEST, text, digest_of(text), p.disclosed, p.to);
    return f;
}

static struct permit *permit_bare(enum permit_kind kind, struct bytes disclosed, const char *to)
{
    return permit_new(kind, bytes_text(""), (struct digest){{0}}, digest_of(disclosed), to);
}

struct fault release_permit_automatic(const struct agreement *a, const struct party *own,
                                      enum kind kind, bool answers, struct bytes disclosed,
                                      struct permit **out)
{
    if (!type_is_automatic(kind, answers))
        return refuse("PROTOCOL.ledger section 3: no automatic kind");
    *out = permit_bare(PERMIT_AUTOMATIC, disclosed, agreement_other(a, own)->id);
    return fault_none();
}

struct fault release_permit_root(const struct agreement *a, const struct party *own, enum kind kind,
                                 struct bytes disclosed, struct permit **out)
{
    struct disclosed *d;
    struct fault f;

    if (!type_is_rooted(kind))
        return refuse("PROTOCOL.ledger section 3: no kind that the root keys sign");
    f = disclosed_parse(disclosed, &d);
    if (fault_is(f))
        return f;
    f = roots_signed(a, own, d);
    disclosed_free(d);
    if (!fault_is(f))
        *out = permit_bare(PERMIT_ROOT, disclosed, agreement_other(a, own)->id);
    return f;
}

static struct fault again_by_officers(const struct entry *e, struct bytes text,
                                      struct bytes disclosed, const char *to, struct permit **out)
{
    struct digest digest = digest_of(text);
    struct permit_text p;
    struct fault f = permit_text_parse(text, &p);

    if (!fault_is(f))
        f = permit_text_equals(&p, e);
    if (!fault_is(f) && (!digest_equal(&digest, &e->permit) || strcmp(p.to, to) != 0))
        f = fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 5: another permit");
    if (!fault_is(f))
        *out = permit_new(PERMIT_DIGEST, text, digest, digest_of(disclosed), to);
    return f;
}

struct fault release_permit_again(const struct stored *stored, const struct entry *entry,
                                  struct bytes permit_text, struct bytes disclosed, const char *to,
                                  struct permit **out)
{
    struct buf text = {0};
    uint8_t zero = 0;
    struct digest hash = digest_of(disclosed), leaf;

    entry_write(entry, &text);
    leaf = digest_of_two(bytes_of(&zero, 1), buf_view(&text));
    buf_done(&text);
    if (!digest_equal(&leaf, stored_leaf(stored)))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: not the entry stored");
    if (!digest_equal(&hash, &entry->disclosed))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: disclosed");
    if (entry->permit_kind == PERMIT_DIGEST)
        return again_by_officers(entry, permit_text, disclosed, to, out);
    *out = permit_bare(entry->permit_kind, disclosed, to);
    return fault_none();
}

#include "release/terms.h"

#include "base/text.h"
#include "pact/signed.h"
#include "statement/fields.h"
#include "json/profile.h"

static const char rule[] = "docs/STATEMENTS: AGREEMENT: terms";

struct terms terms_of_fields(const json_t *fields)
{
    return (struct terms){
        json_object_get(fields, "terms.version"), json_object_get(fields, "terms.digest"),
        json_object_get(fields, "terms.text"), json_object_get(fields, "terms.signatures")};
}

struct terms terms_of_disclosed(const struct disclosed *d)
{
    return (struct terms){disclosed_value(d, "terms.version"), disclosed_value(d, "terms.digest"),
                          disclosed_value(d, "terms.text"), disclosed_value(d, "terms.signatures")};
}

static struct bytes text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

static struct fault same(bool equal)
{
    return equal ? fault_none() : fault_make(FAULT_MISMATCH, 0, rule);
}

static struct fault check_text(const struct terms *t, const char *agreement, const uint8_t *digest)
{
    struct agreement *a;
    struct fault f = agreement_parse(text_of(t->text), true, &a, NULL);

    if (fault_is(f))
        return f;
    f = same(strcmp(a->id, agreement) == 0 &&
             json_integer_value(t->version) == (json_int_t)a->version &&
             memcmp(a->digest, digest, sizeof a->digest) == 0);
    agreement_free(a);
    return f;
}

/* The .sig travels compact; its reader takes the indented form of files. */
static struct fault check_signatures(const struct terms *t, const uint8_t *digest)
{
    struct json_limits limits = {FIELD_SIGNATURES_MAX, JSON_DEPTH};
    struct buf indented = {0};
    struct signatures *s;
    json_t *tree;
    struct fault f = json_read_canonical(text_of(t->signatures), limits, &tree);

    if (fault_is(f))
        return f;
    json_indented(tree, &indented);
    json_decref(tree);
    f = signatures_parse(buf_view(&indented), &s, NULL);
    buf_done(&indented);
    if (fault_is(f))
        return f;
    f = same(memcmp(s->digest, digest, sizeof s->digest) == 0);
    signatures_free(s);
    return f;
}

struct fault terms_check(const struct terms *t, const char *agreement)
{
    struct fault f = fault_none();
    uint8_t digest[32];

    if (!base64_read(text_of(t->digest), digest, sizeof digest))
        return fault_make(FAULT_SYNTAX, 0, rule);
    if (t->text != NULL)
        f = check_text(t, agreement, digest);
    if (!fault_is(f) && t->signatures != NULL)
        f = check_signatures(t, digest);
    return f;
}

#include "pact/signed.h"

#include "base/memory.h"
#include "base/text.h"
#include "crypto/domain.h"
#include "json/member.h"
#include "json/profile.h"

static const char rule_form[] = "PROTOCOL.agreement section 3: FILE.sig";
static const char rule_all[] = "PROTOCOL.agreement section 3: all suites of all parties sign";
static const char rule_key[] = "PROTOCOL.agreement section 3: the party's root key signs";
static const char rule_other[] = "PROTOCOL.agreement section 3: signatures for this agreement";
static const char rule_next[] = "PROTOCOL.agreement section 4: succession";

struct signatures *signatures_new(const struct agreement *a)
{
    struct signatures *s = memory_zeroed(1, sizeof *s);

    memcpy(s->digest, a->digest, sizeof s->digest);
    return s;
}

void signatures_free(struct signatures *s)
{
    free(s);
}

static int compare(const struct signature *s, const char *party, const char *suite)
{
    int order = strcmp(s->party, party);

    return order != 0 ? order : strcmp(s->suite, suite);
}

/* Base64 of 1 to SUITE_SIGNATURE_MAX bytes. */
static void bytes_parse(const struct member *m, struct signature *out)
{
    const char *text = as_text(m, base64_length(SUITE_SIGNATURE_MAX));
    size_t len = 0;

    if (reader_ok(m->in) &&
        (!base64_size(bytes_text(text), &len) || len == 0 || len > sizeof out->byte))
        member_fail(m, FAULT_SYNTAX, "this is not base64 of a signature");
    as_base64(m, out->byte, len);
    out->len = len;
}

static void signature_parse(const struct member *m, struct signature *out)
{
    struct member party = member_get(m, "party"), suite = member_get(m, "suite"),
                  signature = member_get(m, "signature");
    const char *id = as_text(&party, AGREEMENT_ID), *name = as_text(&suite, SUITE_NAME - 1);

    if (reader_ok(m->in) && !name_is_safe(bytes_text(id)))
        member_fail(&party, FAULT_SYNTAX, "this is not the id of a party");
    if (reader_ok(m->in) && !name_is_safe(bytes_text(name)))
        member_fail(&suite, FAULT_SYNTAX, "this is not the name of a suite");
    snprintf(out->party, sizeof out->party, "%s", id);
    snprintf(out->suite, sizeof out->suite, "%s", name);
    bytes_parse(&signature, out);
    member_only(m, "party", "signature", "suite", NULL);
}

static void members_parse(const struct member *root, struct signatures *s)
{
    struct member v = member_get(root, "v"), list;

    if (as_integer(&v, -JSON_INTEGER_MAX, JSON_INTEGER_MAX) != 1)
        member_fail(&v, FAULT_UNKNOWN, "this program reads version 1 of the format only");
    member_base64(root, "agreement", s->digest, sizeof s->digest);
    list = member_array(root, "signatures", 0, SIGNATURES_COUNT);
    s->count = member_count(&list);
    for (size_t i = 0; i < s->count; i++) {
        struct member m = member_item(&list, i);

        signature_parse(&m, &s->item[i]);
        if (i > 0 && compare(&s->item[i - 1], s->item[i].party, s->item[i].suite) >= 0)
            member_fail(&m, FAULT_ORDER, "signatures are sorted by party, then suite, each once");
    }
    member_only(root, "agreement", "signatures", "v", NULL);
}

struct fault signatures_parse(struct bytes text, struct signatures **out,
                              struct agreement_error *error)
{
    json_t *tree = NULL;
    struct signatures *s;
    struct reader in = {
        .fault = json_read_indented(text, (struct json_limits){SIGNATURES_MAX, 4}, &tree)};
    struct member root;

    if (!reader_ok(&in)) {
        if (error != NULL) {
            *error = (struct agreement_error){.line = text_line(text, in.fault.at)};
            snprintf(error->why, sizeof error->why, "%s", in.fault.rule);
        }
        return in.fault;
    }
    s = memory_zeroed(1, sizeof *s);
    in = reader_over(tree, rule_form);
    root = member_root(&in);
    members_parse(&root, s);
    json_decref(tree);
    if (reader_ok(&in)) {
        *out = s;
        return in.fault;
    }
    if (error != NULL) {
        *error = (struct agreement_error){.line = in.line};
        memcpy(error->member, in.path, sizeof error->member);
        memcpy(error->why, in.why, sizeof error->why);
    }
    signatures_free(s);
    return in.fault;
}

static json_t *json_of_base64(const uint8_t *data, size_t len)
{
    char text[(SUITE_SIGNATURE_MAX + 2) / 3 * 4 + 1];

    base64_write(data, len, text);
    return json_string(text);
}

void signatures_write(const struct signatures *s, struct buf *out)
{
    json_t *list = json_array(), *tree;

    for (size_t i = 0; i < s->count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:s}", "party", s->item[i].party, "signature",
                                        json_of_base64(s->item[i].byte, s->item[i].len), "suite",
                                        s->item[i].suite));
    tree = json_pack("{s:o, s:o, s:i}", "agreement", json_of_base64(s->digest, sizeof s->digest),
                     "signatures", list, "v", 1);
    json_indented(tree, out);
    json_decref(tree);
}

static bool is_for(const struct agreement *a, const struct signatures *s)
{
    return memcmp(a->digest, s->digest, sizeof a->digest) == 0;
}

static const struct root_key *root_of(const struct party *p, const char *suite)
{
    for (size_t i = 0; i < p->root_count; i++)
        if (strcmp(p->roots[i].suite, suite) == 0)
            return &p->roots[i];
    return NULL;
}

/* The place of (party, suite), made free for it if it was not there. */
static struct signature *place_for(struct signatures *s, const char *party, const char *suite)
{
    size_t i = 0;

    while (i < s->count && compare(&s->item[i], party, suite) < 0)
        i++;
    if (i == s->count || compare(&s->item[i], party, suite) != 0) {
        if (s->count == SIGNATURES_COUNT) /* full of somebody else's: verify would refuse them */
            return NULL;
        memmove(&s->item[i + 1], &s->item[i], (s->count - i) * sizeof s->item[0]);
        s->count++;
    }
    return &s->item[i];
}

struct fault agreement_sign(const struct agreement *a, const char *party, struct secret *root,
                            struct signatures *s)
{
    const struct party *p = agreement_party(a, party);
    const char *suite = suite_name(secret_suite(root));
    const struct root_key *key = p == NULL ? NULL : root_of(p, suite);
    struct buf made = {0};
    struct signature *to;

    if (p == NULL)
        return fault_make(FAULT_UNKNOWN, 0, rule_all);
    if (key == NULL || !bytes_equal(secret_public(root), bytes_of(key->key, key->key_len)))
        return fault_make(FAULT_REFUSED, 0, rule_key);
    if (!is_for(a, s))
        return fault_make(FAULT_MISMATCH, 0, rule_other);
    to = place_for(s, party, suite);
    if (to == NULL)
        return fault_make(FAULT_LIMIT, 0, rule_form);
    domain_sign(root, DOMAIN_AGREEMENT, bytes_text(a->id), a->canonical, &made);
    *to = (struct signature){.len = made.len};
    snprintf(to->party, sizeof to->party, "%s", party);
    snprintf(to->suite, sizeof to->suite, "%s", suite);
    memcpy(to->byte, made.data, made.len);
    buf_done(&made);
    return fault_none();
}

struct fault agreement_signature_check(const struct agreement *a, const struct signatures *s,
                                       const struct party *party, const char *suite)
{
    const struct root_key *key = root_of(party, suite);
    const struct suite *how = suite_find(bytes_text(suite));

    if (!is_for(a, s))
        return fault_make(FAULT_MISMATCH, 0, rule_other);
    if (key == NULL || how == NULL)
        return fault_make(FAULT_UNKNOWN, 0, rule_key);
    for (size_t i = 0; i < s->count; i++)
        if (compare(&s->item[i], party->id, suite) == 0) {
            struct fault f = domain_verify(how, bytes_of(key->key, key->key_len), DOMAIN_AGREEMENT,
                                           bytes_text(a->id), a->canonical,
                                           bytes_of(s->item[i].byte, s->item[i].len));

            /* a signature of the wrong length is no less forged */
            return f.kind == FAULT_RANGE ? fault_make(FAULT_FORGED, 0, rule_key) : f;
        }
    return fault_make(FAULT_MISSING, 0, rule_all);
}

static struct fault say_which(struct fault f, const char *party, const char *suite,
                              struct agreement_error *error)
{
    const char *why = f.kind == FAULT_MISSING    ? "this signature is missing"
                      : f.kind == FAULT_FORGED   ? "this signature does not hold"
                      : f.kind == FAULT_MISMATCH ? "the signatures are for another agreement"
                      : f.kind == FAULT_EXTRA    ? "the agreement does not name this signer"
                                                 : "this suite is not available here";

    if (error == NULL || !fault_is(f))
        return f;
    *error = (struct agreement_error){0};
    snprintf(error->member, sizeof error->member, "%s %s", party, suite);
    snprintf(error->why, sizeof error->why, "%s", why);
    return f;
}

struct fault agreement_signatures_verify(const struct agreement *a, const struct signatures *s,
                                         struct agreement_error *error)
{
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++)
        for (size_t j = 0; j < a->suite_count; j++) {
            const struct party *p = &a->parties[i];
            struct fault f = agreement_signature_check(a, s, p, a->suites[j]);

            if (fault_is(f))
                return say_which(f, p->id, a->suites[j], error);
        }
    for (size_t i = 0; i < s->count; i++) {
        const struct party *p = agreement_party(a, s->item[i].party);

        if (p == NULL || root_of(p, s->item[i].suite) == NULL)
            return say_which(fault_make(FAULT_EXTRA, 0, rule_all), s->item[i].party,
                             s->item[i].suite, error);
    }
    return fault_none();
}

static bool same_party(const struct party *a, const struct party *b)
{
    bool same = strcmp(a->id, b->id) == 0 && a->root_count == b->root_count;

    for (size_t i = 0; same && i < a->root_count; i++)
        same = strcmp(a->roots[i].suite, b->roots[i].suite) == 0 &&
               bytes_equal(bytes_of(a->roots[i].key, a->roots[i].key_len),
                           bytes_of(b->roots[i].key, b->roots[i].key_len));
    return same;
}

struct fault agreement_follows(const struct agreement *now, const struct agreement *next)
{
    if (strcmp(now->id, next->id) != 0)
        return fault_make(FAULT_MISMATCH, 0, rule_next);
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++)
        if (!same_party(&now->parties[i], &next->parties[i]))
            return fault_make(FAULT_MISMATCH, 0, rule_next);
    if (next->version != now->version + 1)
        return fault_make(FAULT_ORDER, 0, rule_next);
    return fault_none();
}

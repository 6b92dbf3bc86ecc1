#include "pact/agreement.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "crypto/suite.h"
#include "pact/parse.h"
#include "json/profile.h"

static const char rule[] = "PROTOCOL.agreement section 2";

enum { NOTES = 64, NOTE_MAX = 4096, PATH_MAX_BYTES = 64, SKEW_MAX = 86400 };

const char *clock_name(enum clock_kind kind)
{
    static const char *const names[CLOCK_KINDS] = {
        "none",   "receipt", "ack-immediate", "ack-priority", "ack-routine",
        "answer", "inquiry", "close",         "check",
    };

    return names[kind];
}

static void head_parse(const struct member *root, struct agreement *a)
{
    struct member v = member_get(root, "v"), until = member_if(root, "valid-until");

    if (as_integer(&v, -JSON_INTEGER_MAX, JSON_INTEGER_MAX) != 1)
        member_fail(&v, FAULT_UNKNOWN, "this program reads version 1 of the format only");
    a->id = member_id(root, "id");
    a->version = (uint32_t)member_integer(root, "version", 1, INT32_MAX);
    a->title = title_parse(root);
    a->valid_from = member_time(root, "valid-from");
    a->valid_until.us = INT64_MAX;
    if (until.value == NULL)
        return;
    a->valid_until = as_time(&until);
    if (a->valid_until.us <= a->valid_from.us)
        member_fail(&until, FAULT_RANGE, "valid-until must be after valid-from");
}

static void notes_parse(const struct member *root)
{
    struct member notes;

    if (!member_has(root, "notes"))
        return;
    notes = member_array(root, "notes", 0, NOTES);
    for (size_t i = 0; i < member_count(&notes); i++) {
        struct member m = member_item(&notes, i);

        as_text(&m, NOTE_MAX);
    }
}

static void suites_parse(const struct member *root, struct agreement *a)
{
    struct member list = member_array(root, "suites", 1, AGREEMENT_SUITES);

    a->suite_count = member_count(&list);
    for (size_t i = 0; i < a->suite_count; i++) {
        struct member m = member_item(&list, i);
        const struct suite *suite;

        a->suites[i] = as_line(&m, SUITE_NAME - 1);
        suite = suite_find(bytes_text(a->suites[i]));
        if (suite == NULL || !suite_is_available(suite))
            member_fail(&m, FAULT_UNKNOWN, "this signature suite is not available here");
        for (size_t j = 0; j < i && reader_ok(m.in); j++)
            if (strcmp(a->suites[i], a->suites[j]) == 0)
                member_fail(&m, FAULT_DUPLICATE, "this suite is listed twice");
    }
}

static void evidence_parse(const struct member *root, struct agreement *a)
{
    struct member evidence = member_object(root, "evidence");

    a->evidence_period = (uint32_t)member_integer(&evidence, "period", 60, 604800);
    a->evidence_slots = (uint32_t)member_integer(&evidence, "slots", 1, AGREEMENT_SLOTS);
    member_only(&evidence, "period", "slots", NULL);
}

static void withhold_parse(struct keep *k, const struct member *release, struct agreement *a)
{
    struct member list = member_array(release, "withhold", 0, AGREEMENT_WITHHOLD);
    size_t n = member_count(&list);
    const char **paths = keep_block(k, n, sizeof *paths);

    for (size_t i = 0; i < n; i++) {
        struct member m = member_item(&list, i);

        paths[i] = as_made_of(&m, PATH_MAX_BYTES, "abcdefghijklmnopqrstuvwxyz0123456789.-");
        for (size_t j = 0; j < i && reader_ok(m.in); j++)
            if (strcmp(paths[i], paths[j]) == 0)
                member_fail(&m, FAULT_DUPLICATE, "this field is listed twice");
    }
    a->withhold = paths;
    a->withhold_count = n;
}

static void release_parse(struct keep *k, const struct member *root, struct agreement *a)
{
    static const char *const markings[] = {"clear", "green", "amber", "amber+strict", NULL};
    struct member release = member_object(root, "release");

    withhold_parse(k, &release, a);
    a->tlp = markings[member_word(&release, "tlp", markings)];
    languages_parse(k, &release, &a->languages, &a->language_count);
    member_only(&release, "languages", "tlp", "withhold", NULL);
}

static void quota_parse(const struct member *root, struct agreement *a)
{
    struct member quota = member_object(root, "quota");

    a->quota_entries = (uint64_t)member_integer(&quota, "entries", 1, UINT32_MAX);
    a->quota_bytes = (uint64_t)member_integer(&quota, "bytes", 1, JSON_INTEGER_MAX);
    member_only(&quota, "bytes", "entries", NULL);
}

static void members_parse(struct keep *k, const struct member *root, struct agreement *a)
{
    struct member clocks;

    head_parse(root, a);
    notes_parse(root);
    suites_parse(root, a);
    clocks = member_object(root, "clocks");
    clocks_parse(&clocks, true, a->clocks);
    parties_parse(k, root, a);
    articles_parse(root, a);
    a->skew = (uint32_t)member_integer(root, "skew", 1, SKEW_MAX);
    evidence_parse(root, a);
    release_parse(k, root, a);
    quota_parse(root, a);
    outside_parse(root, a);
    member_only(root, "articles", "clocks", "evidence", "id", "notes", "outside", "parties",
                "quota", "release", "skew", "suites", "title", "v", "valid-from", "valid-until",
                "version", NULL);
}

/* Offset of the first byte of a 1-based line that is not its indentation. */
static size_t line_start(struct bytes text, size_t line)
{
    size_t at = 0;

    for (size_t n = 1; n < line && at < text.len; at++)
        n += text.data[at] == '\n';
    while (at < text.len && text.data[at] == ' ')
        at++;
    return at;
}

static struct fault fault_of_member(struct bytes text, const struct reader *in,
                                    struct agreement_error *error)
{
    bool one_line = text.len != 0 && text.data[text.len - 1] != '\n';
    struct fault f = in->fault;

    f.at = one_line ? 0 : line_start(text, in->line);
    if (error != NULL) {
        *error = (struct agreement_error){.line = one_line ? 1 : in->line};
        memcpy(error->member, in->path, sizeof error->member);
        memcpy(error->why, in->why, sizeof error->why);
    }
    return f;
}

static struct fault fault_of_form(struct bytes text, struct fault f, struct agreement_error *error)
{
    const char *why = f.kind == FAULT_MISMATCH
                          ? "the file is not written sorted, indented by one, one member a line"
                      : f.kind == FAULT_LIMIT ? "the file is too long or too deep"
                                              : f.rule;

    if (error != NULL) {
        *error = (struct agreement_error){.line = text_line(text, f.at)};
        snprintf(error->why, sizeof error->why, "%s", why);
    }
    return f;
}

static struct agreement *agreement_over(json_t *tree)
{
    struct agreement *a = memory_zeroed(1, sizeof *a);
    struct keep *k = memory_zeroed(1, sizeof *k);
    struct digest d;

    k->tree = tree;
    json_canonical(tree, &k->bytes);
    a->canonical = buf_view(&k->bytes);
    d = digest_of(a->canonical);
    memcpy(a->digest, d.byte, sizeof a->digest);
    a->owned = k;
    return a;
}

struct fault agreement_parse(struct bytes text, bool canonical, struct agreement **out,
                             struct agreement_error *error)
{
    const struct json_limits limits = {AGREEMENT_MAX, JSON_DEPTH};
    json_t *tree = NULL;
    struct fault f = canonical ? json_read_canonical(text, limits, &tree)
                               : json_read_indented(text, limits, &tree);
    struct agreement *a;
    struct reader in;
    struct member root;

    if (fault_is(f))
        return fault_of_form(text, f, error);
    a = agreement_over(tree);
    in = reader_over(tree, rule);
    root = member_root(&in);
    members_parse(a->owned, &root, a);
    if (!reader_ok(&in)) {
        f = fault_of_member(text, &in, error);
        agreement_free(a);
        return f;
    }
    *out = a;
    return fault_none();
}

void agreement_free(struct agreement *a)
{
    if (a == NULL)
        return;
    keep_free(a->owned);
    free(a);
}

const struct party *agreement_party(const struct agreement *a, const char *id)
{
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++)
        if (strcmp(a->parties[i].id, id) == 0)
            return &a->parties[i];
    return NULL;
}

const struct party *agreement_other(const struct agreement *a, const struct party *p)
{
    return p == &a->parties[0] ? &a->parties[1] : &a->parties[0];
}

const struct article *agreement_article(const struct agreement *a, const char *id)
{
    for (size_t i = 0; i < a->article_count; i++)
        if (strcmp(a->articles[i].id, id) == 0)
            return &a->articles[i];
    return NULL;
}

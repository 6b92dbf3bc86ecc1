#include "pact/parse.h"

enum { ARTICLE_ID = 16 };

/* Reads the next run of digits; false if there is none. Saturates: no article has that number. */
static bool next_number(const char **text, unsigned *out)
{
    *text += strcspn(*text, "0123456789");
    if (**text == '\0')
        return false;
    for (*out = 0; **text >= '0' && **text <= '9'; (*text)++)
        *out = *out > 1000 ? *out : *out * 10 + (unsigned)(**text - '0');
    return true;
}

/*
 * Is this 2(5) or 2(6), or a part of one, however it is spelled? These are about content and
 * opinion (DESIGN section 8); the mission study's rule R3 wants them closed in the parser, where
 * no setting reaches.
 */
static bool is_about_content(const char *id)
{
    unsigned first, second;

    return next_number(&id, &first) && next_number(&id, &second) && first == 2 &&
           (second == 5 || second == 6);
}

static unsigned group_parse(const struct member *article)
{
    static const char *const words[] = {"source", "as", "service", NULL};
    struct member list = member_array(article, "group", 1, 3);
    unsigned group = 0;

    for (size_t i = 0; i < member_count(&list); i++) {
        struct member m = member_item(&list, i);
        unsigned bit = 1U << as_word(&m, words);

        if ((group & bit) != 0)
            member_fail(&m, FAULT_DUPLICATE, "this key is listed twice");
        group |= bit;
    }
    return group;
}

static bool has_role(const struct article *a, const char *role)
{
    for (size_t i = 0; i < a->role_count; i++)
        if (strcmp(a->roles[i], role) == 0)
            return true;
    return false;
}

/* An article whose release no set of officers could ever give is a trap for those who signed. */
static void roles_suffice(const struct member *release, const struct article *a)
{
    struct member roles = member_if(release, "roles");

    if (!has_role(a, "releaser"))
        member_fail(&roles, FAULT_MISSING, "no release can be given without the role \"releaser\"");
    if (a->officers > 1 && !has_role(a, "drafter"))
        member_fail(&roles, FAULT_MISSING,
                    "a release by %u officers needs the role \"drafter\" too", a->officers);
}

static void release_parse(const struct member *article, struct article *out)
{
    static const char *const words[] = {"drafter", "releaser", NULL};
    struct member release = member_object(article, "release");
    struct member roles = member_array(&release, "roles", 1, 2);
    struct member officers = member_get(&release, "officers");

    out->officers = (unsigned)as_integer(&officers, 1, AGREEMENT_OFFICERS);
    if (out->carries == ARTICLE_CONSULT && out->officers < 2)
        member_fail(&officers, FAULT_RANGE, "a CONSULT needs the signatures of two officers");
    for (size_t i = 0; i < member_count(&roles); i++) {
        struct member m = member_item(&roles, i);
        const char *role = words[as_word(&m, words)];

        if (has_role(out, role))
            member_fail(&m, FAULT_DUPLICATE, "this role is listed twice");
        else
            out->roles[out->role_count++] = role;
    }
    if (reader_ok(article->in))
        roles_suffice(&release, out);
    member_only(&release, "officers", "roles", NULL);
}

static void threshold_parse(const struct member *article, struct article *out)
{
    struct member threshold = member_object(article, "threshold");

    out->threshold_count = (uint32_t)member_integer(&threshold, "count", 1, AGREEMENT_COUNT);
    out->threshold_within = (uint32_t)member_integer(&threshold, "within", 1, AGREEMENT_WITHIN);
    member_only(&threshold, "count", "within", NULL);
}

static void notice_parse(const struct member *m, struct article *out)
{
    out->covers = member_text(m, "covers", AGREEMENT_PATTERN);
    out->group = group_parse(m);
    threshold_parse(m, out);
    out->gap = (uint32_t)member_integer(m, "gap", 1, AGREEMENT_WITHIN);
    member_only(m, "carries", "clocks", "covers", "gap", "group", "id", "release", "threshold",
                "title", "unverified", NULL);
}

/* CONSULT and CHECK: nothing that a machine would match may stand beside them. */
static void quiet_parse(const struct member *m)
{
    static const char *const matching[] = {"covers", "gap", "group", "threshold"};

    for (size_t i = 0; i < sizeof matching / sizeof *matching; i++) {
        struct member bad = member_if(m, matching[i]);

        if (bad.value != NULL)
            member_fail(&bad, FAULT_REFUSED, "only an article that carries NOTICE matches events");
    }
    member_only(m, "carries", "clocks", "id", "release", "title", "unverified", NULL);
}

static void article_parse(const struct member *m, const struct agreement *a, struct article *out)
{
    static const char *const words[] = {"NOTICE", "CONSULT", "CHECK", NULL};
    static const enum article_carries carries[] = {ARTICLE_NOTICE, ARTICLE_CONSULT, ARTICLE_CHECK};
    struct member id = member_get(m, "id"), kind = member_if(m, "carries"),
                  clocks = member_if(m, "clocks"), unverified = member_if(m, "unverified");

    out->id = as_made_of(&id, ARTICLE_ID,
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789().-");
    out->title = title_parse(m);
    out->carries = carries[member_word(m, "carries", words)];
    if (out->carries != ARTICLE_CONSULT && is_about_content(out->id))
        member_fail(&kind, FAULT_REFUSED,
                    "articles 2(5) and 2(6) are about content; they can carry only CONSULT");
    if (reader_ok(m->in) && out->carries == ARTICLE_NOTICE)
        notice_parse(m, out);
    else if (reader_ok(m->in))
        quiet_parse(m);
    release_parse(m, out);
    memcpy(out->clocks, a->clocks, sizeof out->clocks);
    if (clocks.value != NULL)
        clocks_parse(&clocks, false, out->clocks);
    out->unverified = unverified.value != NULL && as_flag(&unverified);
}

void articles_parse(const struct member *root, struct agreement *a)
{
    struct member list = member_array(root, "articles", 1, AGREEMENT_ARTICLES);

    a->article_count = member_count(&list);
    for (size_t i = 0; i < a->article_count; i++) {
        struct member m = member_item(&list, i), id = member_if(&m, "id");

        article_parse(&m, a, &a->articles[i]);
        for (size_t j = 0; j < i && reader_ok(m.in); j++)
            if (strcmp(a->articles[i].id, a->articles[j].id) == 0)
                member_fail(&id, FAULT_DUPLICATE, "another article has this id");
    }
}

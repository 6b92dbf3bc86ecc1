/* agreement_show.c - parley agreement show */
#include <stdlib.h>

#include "base/text.h"
#include "cmd/agreement.h"
#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/run.h"
#include "crypto/digest.h"
#include "json/profile.h"

enum { PREFIXES_SHOWN = 8 };

static void row(struct say *s, const char *head, const char *text)
{
    char *safe = say_outside(s, text);

    say_data(s, "  %-10s %s\n", head, safe);
    free(safe);
}

static void show_roots(struct say *s, const struct party *p)
{
    for (size_t i = 0; i < p->root_count; i++) {
        struct bytes key = bytes_of(p->roots[i].key, p->roots[i].key_len);
        struct buf b = {0};
        char print[FINGERPRINT_TEXT];

        fingerprint_write(suite_key_id(suite_find(bytes_text(p->roots[i].suite)), key), print);
        buf_print(&b, "%s  (%s)", print, p->roots[i].suite);
        row(s, "root key", buf_str(&b));
        buf_done(&b);
    }
}

static void show_prefixes(struct say *s, const struct party *p)
{
    struct buf b = {0};
    char text[PREFIX_TEXT];

    for (size_t i = 0; i < p->prefix_count && i < PREFIXES_SHOWN; i++) {
        prefix_write(p->prefixes[i], text);
        buf_print(&b, "%s%s", i == 0 ? "" : ", ", text);
    }
    if (p->prefix_count > PREFIXES_SHOWN)
        buf_print(&b, " and %zu more", p->prefix_count - PREFIXES_SHOWN);
    for (size_t i = 0; i < p->as_count && i < PREFIXES_SHOWN; i++)
        buf_print(&b, "%sAS%u", b.len == 0 ? "" : ", ", p->as_numbers[i]);
    if (p->as_count > PREFIXES_SHOWN)
        buf_print(&b, " and %zu more AS numbers", p->as_count - PREFIXES_SHOWN);
    if (b.len != 0)
        row(s, "territory", buf_str(&b));
    buf_done(&b);
}

static void show_tables(struct say *s, const struct party *p)
{
    for (size_t i = 0; i < p->table_count; i++) {
        const struct territory_table *t = &p->tables[i];
        struct buf b = {0};
        char from[INSTANT_TEXT + 1], until[INSTANT_TEXT + 1] = "further notice";

        instant_write(t->valid_from, from);
        if (t->valid_until.us != INT64_MAX)
            instant_write(t->valid_until, until);
        buf_print(&b, "%s, code %s, from %s until %s", t->file, t->code, from, until);
        row(s, "table", buf_str(&b));
        buf_done(&b);
    }
}

static void show_party(struct say *s, const struct party *p)
{
    struct buf b = {0};

    buf_print(&b, "%s", p->name);
    say_data(s, "\n%s%s%s\n", say_style(s, STYLE_BOLD), p->id, say_style(s, STYLE_NONE));
    row(s, "name", buf_str(&b));
    show_roots(s, p);
    for (size_t i = 0; i < p->node_count; i++)
        row(s, "node", p->nodes[i]);
    show_prefixes(s, p);
    show_tables(s, p);
    for (size_t i = 0; i < p->office_count; i++) {
        buf_clear(&b);
        buf_print(&b, "%s: %s, %s", p->offices[i].id, p->offices[i].name, p->offices[i].hours);
        row(s, "office", buf_str(&b));
    }
    buf_done(&b);
}

static const char *carries(const struct article *a)
{
    return a->carries == ARTICLE_NOTICE    ? "NOTICE"
           : a->carries == ARTICLE_CONSULT ? "CONSULT"
                                           : "CHECK";
}

static void show_articles(struct say *s, const struct agreement *a)
{
    struct columns c = {
        .heading = {"ARTICLE", "CARRIES", "OPENS AT", "GAP", "OFFICERS", "ANSWER", "TITLE"}};
    char text[DURATION_TEXT], opens[2 * DURATION_TEXT];

    for (size_t i = 0; i < a->article_count; i++) {
        const struct article *r = &a->articles[i];
        bool notice = r->carries == ARTICLE_NOTICE;

        agreement_duration(notice ? r->threshold_within : 1, text);
        snprintf(opens, sizeof opens, "%u in %s", r->threshold_count, text);
        columns_add(&c, s, r->id);
        columns_add(&c, s, carries(r));
        columns_add(&c, s, notice ? opens : "-");
        agreement_duration(notice ? r->gap : 1, text);
        columns_add(&c, s, notice ? text : "-");
        columns_add_number(&c, r->officers);
        agreement_duration(r->clocks[CLOCK_ANSWER], text);
        columns_add(&c, s, text);
        snprintf(opens, sizeof opens, "%s", r->unverified ? "(unverified) " : "");
        struct buf title = {0};
        buf_print(&title, "%s%s", opens, r->title);
        columns_add(&c, s, buf_str(&title));
        buf_done(&title);
    }
    say_data(s, "\n");
    columns_print(&c, s);
}

/* Whom both take at their word for the time of a head. */
static void show_outside(struct say *s, const struct agreement *a)
{
    for (size_t i = 0; i < a->authority_count; i++) {
        uint8_t der[AGREEMENT_CERTIFICATE];
        struct digest d = digest_of(outside_certificate(&a->authorities[i], der));
        struct buf b = {0};

        buf_print(&b, "%s, SHA-256 of its certificate ", a->authorities[i].name);
        buf_hex(&b, d.byte, sizeof d.byte);
        row(s, "stamps by", buf_str(&b));
        buf_done(&b);
    }
    for (size_t i = 0; i < a->witness_count; i++)
        row(s, "witness", a->witnesses[i].name);
}

static void show_rules(struct say *s, const struct agreement *a)
{
    struct buf b = {0};
    char text[DURATION_TEXT];

    say_data(s, "\n");
    for (int i = CLOCK_NONE + 1; i < CLOCK_KINDS; i++) {
        agreement_duration(a->clocks[i], text);
        buf_print(&b, "%s%s %s", i == 1 ? "" : ", ", clock_name((enum clock_kind)i), text);
    }
    row(s, "clocks", buf_str(&b));
    buf_clear(&b);
    buf_print(&b, "up to TLP:%s", a->tlp);
    for (size_t i = 0; i < a->withhold_count; i++)
        buf_print(&b, "%s%s", i == 0 ? "; withheld by default: " : ", ", a->withhold[i]);
    row(s, "leaves", buf_str(&b));
    buf_done(&b);
    show_outside(s, a);
}

static void show(struct say *s, const struct agreement *a)
{
    struct buf b = {0};
    char from[INSTANT_TEXT + 1], until[INSTANT_TEXT + 1] = "further notice";
    char *title = say_outside(s, a->title);

    instant_write(a->valid_from, from);
    if (a->valid_until.us != INT64_MAX)
        instant_write(a->valid_until, until);
    buf_base64(&b, a->digest, sizeof a->digest);
    say_data(s, "%s%s%s version %u\n%s\n", say_style(s, STYLE_BOLD), a->id,
             say_style(s, STYLE_NONE), a->version, title);
    row(s, "digest", buf_str(&b));
    buf_clear(&b);
    buf_print(&b, "from %s until %s", from, until);
    row(s, "valid", buf_str(&b));
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++)
        show_party(s, &a->parties[i]);
    show_articles(s, a);
    show_rules(s, a);
    free(title);
    buf_done(&b);
}

static json_t *as_json(const struct agreement *a)
{
    json_t *tree = NULL, *out;
    struct buf digest = {0};

    if (fault_is(json_read_canonical(a->canonical,
                                     (struct json_limits){a->canonical.len, JSON_DEPTH}, &tree)))
        tree = json_object(); /* cannot be: the agreement wrote it */
    buf_base64(&digest, a->digest, sizeof a->digest);
    out = json_pack("{s:o, s:s}", "agreement", tree, "digest", buf_str(&digest));
    buf_done(&digest);
    return out;
}

enum exit_code run_agreement_show(const struct call *call)
{
    enum exit_code code = EXIT_DONE;
    struct agreement *a = agreement_file_read(call->say, call->args->word[0], &code);

    if (a == NULL)
        return code;
    if (call->say->json)
        say_json(call->say, as_json(a));
    else
        show(call->say, a);
    agreement_free(a);
    return EXIT_DONE;
}

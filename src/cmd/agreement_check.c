/* agreement_check.c - parley agreement check, format */
#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/agreement.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "crypto/stamp.h"
#include "stix/event.h"
#include "json/profile.h"

enum verdict { VERDICT_GOOD, VERDICT_WAITS, VERDICT_BAD };

/* The checks made so far, in order, and the worst of them. */
struct checks {
    struct say *say;
    json_t *list; /* owned: { name, state, found } */
    enum exit_code exit;
    bool waits;
    bool is_signed; /* no signature is missing or wrong */
};

static void add_check(struct checks *c, enum verdict v, enum exit_code exit, const char *name,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

static void add_check(struct checks *c, enum verdict v, enum exit_code exit, const char *name,
                      const char *format, ...)
{
    static const char *const states[] = {"ok", "waits", "fail"};
    char found[512];
    va_list args;

    va_start(args, format);
    vsnprintf(found, sizeof found, format, args);
    va_end(args);
    json_array_append_new(
        c->list, json_pack("{s:s, s:s, s:s}", "name", name, "state", states[v], "found", found));
    c->waits = c->waits || v == VERDICT_WAITS;
    if (v == VERDICT_BAD && (c->exit == EXIT_DONE || exit == EXIT_FORGED))
        c->exit = exit;
}

static void check_form(struct checks *c, const struct agreement *a)
{
    size_t unverified = 0;

    for (size_t i = 0; i < a->article_count; i++)
        unverified += a->articles[i].unverified;
    add_check(c, VERDICT_GOOD, EXIT_DONE, "form", "every member known and within its bounds");
    add_check(c, VERDICT_GOOD, EXIT_DONE, "articles",
              "%zu, each can be released by the officers it names; %zu marked unverified",
              a->article_count, unverified);
    add_check(c, VERDICT_GOOD, EXIT_DONE, "territory", "%zu and %zu prefixes, none declared twice",
              a->parties[0].prefix_count, a->parties[1].prefix_count);
}

/* The certificates are read here, by a person, and not by the node. */
static void check_outside(struct checks *c, const struct agreement *a)
{
    char found[400] = "";

    for (size_t i = 0; i < a->authority_count; i++) {
        uint8_t der[AGREEMENT_CERTIFICATE];
        char subject[STAMP_AUTHORITY];
        size_t used = strlen(found);

        if (fault_is(stamp_authority_read(outside_certificate(&a->authorities[i], der), subject))) {
            add_check(c, VERDICT_BAD, EXIT_FAILED, "outside", "%s: this is no certificate",
                      a->authorities[i].name);
            return;
        }
        snprintf(found + used, sizeof found - used, "%s%s (%s)", used == 0 ? "" : ", ",
                 a->authorities[i].name, subject);
    }
    if (a->authority_count + a->witness_count != 0)
        add_check(c, VERDICT_GOOD, EXIT_DONE, "outside",
                  "%zu authorities for time stamps%s%s, %zu witnesses", a->authority_count,
                  found[0] == '\0' ? "" : ": ", found, a->witness_count);
}

/* The line of the `n`th "covers", from 1: the file has one member a line. 0 if it has not so many.
 */
static size_t line_of_covers(const char *path, size_t n)
{
    static const char member[] = "\"covers\": ";
    struct buf text = {0};
    size_t line = 0, found = 0;

    if (fault_is(disk_read(path, AGREEMENT_MAX, &text)))
        return 0;
    for (const char *at = buf_str(&text); at != NULL && found < n; line++) {
        const char *end = strchr(at, '\n');

        at += strspn(at, " ");
        found += strncmp(at, member, strlen(member)) == 0;
        at = end == NULL ? NULL : end + 1;
    }
    buf_done(&text);
    return found == n ? line : 0;
}

/* Every article that can carry a NOTICE says in STIX what it covers. */
static void check_patterns(struct checks *c, const struct agreement *a, const char *path)
{
    size_t good = 0, seen = 0;

    for (size_t i = 0; i < a->article_count; i++) {
        struct pattern *pattern = NULL;
        struct pattern_error error = {0, ""};
        struct fault f;

        if (a->articles[i].covers == NULL)
            continue;
        seen++;
        f = pattern_parse(bytes_text(a->articles[i].covers), &event_vocabulary, &pattern, &error);
        pattern_free(pattern);
        good += !fault_is(f);
        if (fault_is(f))
            add_check(c, VERDICT_BAD, EXIT_FAILED, "covers",
                      "line %zu: article %s, column %zu of the pattern: expected %s (%s)",
                      line_of_covers(path, seen), a->articles[i].id, error.column, error.expected,
                      f.rule);
    }
    if (good == seen)
        add_check(c, VERDICT_GOOD, EXIT_DONE, "covers", "%zu pattern%s, as watch reads them", good,
                  good == 1 ? "" : "s");
}

static void check_table(struct checks *c, const char *folder, const struct territory_table *t)
{
    struct buf path = {0}, content = {0};
    struct fault f;
    struct digest d;

    buf_print(&path, "%s/%s", folder, t->file);
    f = disk_read(buf_str(&path), TABLE_FILE_MAX, &content);
    if (f.kind == FAULT_IO && f.at == ENOENT) {
        add_check(c, VERDICT_WAITS, EXIT_DONE, "table", "%s is not beside the agreement", t->file);
    } else if (fault_is(f)) {
        add_check(c, VERDICT_BAD, EXIT_FAILED, "table", "%s cannot be read", t->file);
    } else {
        d = digest_of(buf_view(&content));
        if (memcmp(d.byte, t->sha256, sizeof t->sha256) == 0)
            add_check(c, VERDICT_GOOD, EXIT_DONE, "table", "%s, code %s: digest as agreed", t->file,
                      t->code);
        else
            add_check(c, VERDICT_BAD, EXIT_FORGED, "table", "%s: another digest than agreed",
                      t->file);
    }
    buf_done(&path);
    buf_done(&content);
}

static void check_tables(struct checks *c, const struct agreement *a, const char *path)
{
    char *copy = memory_text(path, strlen(path));
    const char *folder = dirname(copy);

    for (size_t i = 0; i < AGREEMENT_PARTIES; i++)
        for (size_t j = 0; j < a->parties[i].table_count; j++)
            check_table(c, folder, &a->parties[i].tables[j]);
    free(copy);
}

static void check_signature(struct checks *c, const struct agreement *a, const struct signatures *s,
                            const struct party *p, const struct root_key *root)
{
    struct fault f = s == NULL ? fault_make(FAULT_MISSING, 0, NULL)
                               : agreement_signature_check(a, s, p, root->suite);
    char print[FINGERPRINT_TEXT];

    fingerprint_write(
        suite_key_id(suite_find(bytes_text(root->suite)), bytes_of(root->key, root->key_len)),
        print);
    c->is_signed = c->is_signed && !fault_is(f);
    if (!fault_is(f))
        add_check(c, VERDICT_GOOD, EXIT_DONE, "signature", "%s, %s, root key %s", p->id,
                  root->suite, print);
    else if (f.kind == FAULT_MISSING)
        add_check(c, VERDICT_WAITS, EXIT_DONE, "signature", "%s, %s, has not signed yet", p->id,
                  root->suite);
    else if (f.kind == FAULT_MISMATCH)
        add_check(c, VERDICT_BAD, EXIT_FORGED, "signature", "%s, %s: it is for another text", p->id,
                  root->suite);
    else
        add_check(c, VERDICT_BAD, agreement_exit(f), "signature", "%s, %s: does not hold", p->id,
                  root->suite);
}

static void check_signatures(struct checks *c, const struct agreement *a,
                             const struct signatures *s)
{
    struct agreement_error error = {0};

    c->is_signed = true;
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++)
        for (size_t j = 0; j < a->parties[i].root_count; j++)
            check_signature(c, a, s, &a->parties[i], &a->parties[i].roots[j]);
    if (s != NULL && agreement_signatures_verify(a, s, &error).kind == FAULT_EXTRA) {
        c->is_signed = false;
        add_check(c, VERDICT_BAD, EXIT_FORGED, "signature",
                  "%s: the agreement does not name this signer", error.member);
    }
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void print_checks(struct checks *c, const struct agreement *a, const char *digest)
{
    struct say *s = c->say;
    char *title = say_outside(s, a->title);
    size_t i;
    json_t *row;

    say_data(s, "agreement   %s version %u \"%s\"\n", a->id, a->version, title);
    say_data(s, "digest      %s\n", digest);
    json_array_foreach(c->list, i, row)
    {
        const char *state = text_of(row, "state");
        bool good = strcmp(state, "ok") == 0, waits = strcmp(state, "waits") == 0;
        char *found = say_outside(s, text_of(row, "found"));

        say_data(s, "%-11s %s%s%s %s: %s\n", i == 0 ? "checked" : "",
                 say_style(s, good    ? STYLE_GOOD
                              : waits ? STYLE_WARN
                                      : STYLE_BAD),
                 waits ? "-" : say_mark(s, good), say_style(s, STYLE_NONE), text_of(row, "name"),
                 found);
        free(found);
    }
    say_data(s, "%s\n",
             c->is_signed           ? "SIGNED      by both parties"
             : c->exit == EXIT_DONE ? "NOT YET     a node accepts it when both parties have signed"
                                    : "NOT VALID   a node refuses it");
    free(title);
}

static void answer(struct checks *c, const struct agreement *a)
{
    struct buf digest = {0};

    buf_base64(&digest, a->digest, sizeof a->digest);
    if (c->say->json)
        say_json(c->say, json_pack("{s:s, s:i, s:s, s:o, s:b, s:b}", "agreement", a->id, "version",
                                   (int)a->version, "digest", buf_str(&digest), "checks", c->list,
                                   "signed", c->is_signed, "good", c->exit == EXIT_DONE));
    else {
        print_checks(c, a, buf_str(&digest));
        json_decref(c->list);
    }
    buf_done(&digest);
}

enum exit_code run_agreement_check(const struct call *call)
{
    const char *path = call->args->word[0];
    enum exit_code exit = EXIT_DONE;
    struct signatures *s = NULL;
    struct agreement *a = agreement_file_read(call->say, path, &exit);
    struct checks c = {.say = call->say};

    if (a == NULL)
        return exit;
    if (!agreement_file_signatures(call->say, path, &s, &exit)) {
        agreement_free(a);
        return exit;
    }
    c.list = json_array();
    check_form(&c, a);
    check_patterns(&c, a, path);
    check_tables(&c, a, path);
    check_outside(&c, a);
    check_signatures(&c, a, s);
    answer(&c, a);
    signatures_free(s);
    agreement_free(a);
    if (c.exit == EXIT_DONE && c.waits && args_has(call->args, "--check"))
        return EXIT_NEEDS_YOU;
    return c.exit;
}

enum exit_code run_agreement_format(const struct call *call)
{
    const char *path = call->args->word[0];
    struct buf text = {0}, out = {0};
    struct fault f = disk_read(path, AGREEMENT_MAX, &text);
    json_t *tree = NULL;

    if (fault_is(f))
        return disk_error(call->say, f, path);
    f = json_read(buf_view(&text), (struct json_limits){AGREEMENT_MAX, JSON_DEPTH}, &tree);
    if (fault_is(f)) {
        size_t line = text_line(buf_view(&text), f.at);

        buf_done(&text);
        return say_error(call->say, EXIT_FAILED, fault_word(f.kind), f.rule, NULL,
                         "%s line %zu: not in the signed profile", path, line);
    }
    json_indented(tree, &out);
    fwrite(out.data, 1, out.len, call->say->out);
    json_decref(tree);
    buf_done(&text);
    buf_done(&out);
    return EXIT_DONE;
}

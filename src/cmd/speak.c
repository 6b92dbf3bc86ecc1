#include "cmd/speak.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/keyfile.h"
#include "cmd/outside.h"
#include "cmd/run.h"
#include "cmd/suggest.h"
#include "statement/decision.h"
#include "statement/document.h"
#include "statement/fields.h"
#include "statement/permit_text.h"

/* ---- checking what would be signed ---- */

/* Does the permit give leave for exactly this disclosed form? */
static struct fault permit_fits(const struct permit_text *p, struct bytes form,
                                const struct disclosed *d)
{
    struct digest sent = digest_of(form), root = disclosed_root(d);

    if (!digest_equal(&sent, &p->disclosed) || form.len != p->disclosed_length)
        return fault_make(FAULT_MISMATCH, 0, "the permit is for other bytes than those shown");
    if (!digest_equal(&root, &p->document) || disclosed_leaves(d) != p->leaves)
        return fault_make(FAULT_MISMATCH, 0, "the permit is for another document");
    return fault_none();
}

/* A draft that was read and found to fit together. */
struct reading {
    const json_t *draft; /* the node's answer */
    struct permit_text permit;
    struct digest digest;   /* of the permit's text */
    struct disclosed *form; /* owned */
};

static enum exit_code reading_take(const struct call *call, const json_t *draft,
                                   struct reading *out)
{
    struct bytes permit = bytes_text(answer_text(draft, "permit"));
    struct bytes form = bytes_text(answer_text(draft, "document"));
    struct reading r = {.draft = draft, .digest = digest_of(permit)};
    struct fault f = permit_text_parse(permit, &r.permit);

    if (!fault_is(f))
        f = disclosed_parse(form, &r.form);
    if (!fault_is(f))
        f = permit_fits(&r.permit, form, r.form);
    if (!fault_is(f)) {
        *out = r;
        return EXIT_DONE;
    }
    disclosed_free(r.form);
    return say_error(call->say, EXIT_FORGED, "draft-mismatch", f.rule,
                     "sign nothing on this node; parley doctor",
                     "what the node shows is not what it wants signed");
}

/* ---- showing ---- */

static void print_head(struct say *s, const struct reading *r)
{
    const struct permit_text *p = &r->permit;
    char until[INSTANT_TEXT + 1];
    struct buf line = {0};

    buf_print(&line, "%s of class %s to %s%s%s%s%s", kind_name(p->kind), class_name(p->class),
              p->to, p->case_id[0] != '\0' ? ", case " : "", p->case_id,
              p->article[0] != '\0' ? ", article " : "", p->article);
    answer_row(s, "statement", buf_str(&line));
    instant_write(p->expires, until);
    buf_clear(&line);
    buf_print(&line, "%u bytes, sha256 ", p->disclosed_length);
    buf_hex(&line, p->disclosed.byte, 8);
    buf_print(&line, ".., %u officer%s, until %s", p->officers, p->officers == 1 ? "" : "s", until);
    answer_row(s, "permit", buf_str(&line));
    buf_done(&line);
}

/* The form's own fields: what the other side will read. */
static void print_sent(struct say *s, const struct disclosed *form)
{
    struct disclosed_leaf leaf;

    for (size_t i = 0; disclosed_leaf_at(form, i, &leaf); i++) {
        struct buf value = {0};
        char *text = NULL;
        if (leaf.path == NULL)
            continue;
        if (leaf.value != NULL && !json_is_string(leaf.value))
            text = json_dumps(leaf.value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        if (leaf.value != NULL)
            outside_text(bytes_text(text != NULL ? text : json_string_value(leaf.value)), s->utf8,
                         34, &value);
        else
            outside_line(bytes_text(leaf.rule), s->utf8, &value);
        say_data(s, "  %s%-8s%s %-22s  %s\n",
                 say_style(s, leaf.value != NULL ? STYLE_GOOD : STYLE_WARN),
                 leaf.value != NULL ? "sent" : "withheld", say_style(s, STYLE_NONE), leaf.path,
                 buf_str(&value));
        free(text);
        buf_done(&value);
    }
}

/* What the node holds and does not send, with the value for the officer's eyes. */
static void print_held(struct say *s, const json_t *draft)
{
    size_t i;
    json_t *item;

    json_array_foreach(answer_list(draft, "held"), i, item)
    {
        const char *verdict = answer_text(item, "verdict");
        json_t *value = json_object_get(item, "v");
        char *text, *safe_path, *safe, *rule;
        if (strcmp(verdict, "sent") == 0)
            continue;
        text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        safe_path = say_outside(s, answer_text(item, "p"));
        safe = say_outside(s, text != NULL ? text : "");
        rule = say_outside(s, answer_text(item, "r"));
        say_data(s, "  %-8s %-22s  held as %s: %s\n", verdict[0] == 'd' ? "dropped" : "withheld",
                 safe_path, safe, rule);
        free(text);
        free(safe_path);
        free(safe);
        free(rule);
    }
}

static void print_signed(struct say *s, const json_t *draft)
{
    size_t i;
    json_t *item;

    json_array_foreach(answer_list(draft, "signed"), i, item)
    {
        struct buf line = {0};
        buf_print(&line, "%s as %s", answer_text(item, "officer"), answer_text(item, "role"));
        answer_row(s, "signed by", buf_str(&line));
        buf_done(&line);
    }
    answer_row(s, "needs", answer_text(draft, "needs"));
}

static void print_draft(struct say *s, const struct reading *r)
{
    answer_row(s, "draft", answer_text(r->draft, "draft"));
    print_head(s, r);
    print_sent(s, r->form);
    print_held(s, r->draft);
    print_signed(s, r->draft);
}

/* --dry-run: the exact bytes, between lines of ours; escaped where a terminal would obey them. */
static void print_exact(struct say *s, const json_t *draft)
{
    struct buf form = {0};

    if (isatty(STDOUT_FILENO))
        outside_line(bytes_text(answer_text(draft, "document")), s->utf8, &form);
    else
        buf_text(&form, answer_text(draft, "document"));
    say_data(s, "-- permit text --\n%s-- disclosed form --\n%s\n", answer_text(draft, "permit"),
             buf_str(&form));
    buf_done(&form);
}

static void print_refused(struct say *s, const json_t *draft)
{
    size_t i;
    json_t *item;

    json_array_foreach(answer_list(draft, "refused"), i, item)
    {
        struct buf line = {0};
        buf_print(&line, "%s: %s", answer_text(item, "p"), answer_text(item, "r"));
        answer_row(s, "REFUSED", buf_str(&line));
        buf_done(&line);
    }
}

/* ---- signing ---- */

struct officer {
    const char *name, *key_path;
};

static bool officer_of(const struct call *call, struct officer *out, enum exit_code *exit)
{
    *out = (struct officer){args_or_env(call->args, "--officer", "PARLEY_OFFICER"),
                            args_or_env(call->args, "--key", "PARLEY_KEY")};
    if (out->name != NULL && !name_is_safe(bytes_text(out->name))) {
        *exit = say_error(call->say, EXIT_USAGE, "usage", "a name is [a-z0-9] and then [a-z0-9.-]",
                          "parley officer list", "%s is no name of an officer", out->name);
        return false;
    }
    if (out->name != NULL && out->key_path != NULL)
        return true;
    *exit = say_error(call->say, EXIT_USAGE, "usage",
                      "a statement is signed by an officer with a key of his own",
                      "add --officer NAME --key FILE, or set PARLEY_OFFICER and PARLEY_KEY",
                      "no officer%s is given", out->name != NULL ? "'s key" : "");
    return false;
}

/* Without a terminal nobody can be asked: then --yes must have been said before anything is. */
static bool may_go_on(const struct call *call, enum exit_code *exit)
{
    if (args_has(call->args, "--yes") || args_has(call->args, "--dry-run") || call->say->asked)
        return true;
    *exit = say_error(call->say, EXIT_USAGE, "needs-yes",
                      "there is no terminal to ask on, and a statement cannot be taken back",
                      "add --yes, or --dry-run to see it first", "nothing was said");
    return false;
}

static struct decision decision_of(const struct reading *r, const char *officer)
{
    const char *needs = answer_text(r->draft, "needs");
    struct decision d = {.permit = r->digest, .role = OFFICER_RELEASER};

    if (strcmp(needs, officer_role_name(OFFICER_DRAFTER)) == 0)
        d.role = OFFICER_DRAFTER;
    snprintf(d.officer, sizeof d.officer, "%s", officer);
    d.time = instant_of_seconds(instant_seconds(instant_now()));
    return d;
}

static json_t *decide_ask(const struct reading *r, const struct keyring *keys, const char *officer)
{
    struct decision decision = decision_of(r, officer);
    struct buf text = {0}, suites = {0}, signature = {0}, base64 = {0};
    json_t *ask;

    decision_write(&decision, &text);
    decision_sign(buf_view(&text), bytes_text(r->permit.agreement), keys->key, keys->count, &suites,
                  &signature);
    buf_base64(&base64, signature.data, signature.len);
    ask = json_pack("{ss,ss,ss,ss}", "draft", answer_text(r->draft, "draft"), "decision",
                    buf_str(&text), "suite", buf_str(&suites), "signature", buf_str(&base64));
    buf_done(&text);
    buf_done(&suites);
    buf_done(&signature);
    buf_done(&base64);
    return ask;
}

static void print_released(struct say *s, const json_t *a)
{
    const json_t *kept = json_object_get(a, "kept");
    struct buf line = {0};

    buf_print(&line, "#%lld  %s of case %s, %s", answer_number(a, "index"), answer_text(a, "kind"),
              answer_text(a, "case"), answer_text(a, "time"));
    answer_row(s, "signed", buf_str(&line));
    if (json_is_object(kept)) {
        buf_clear(&line);
        buf_print(&line, "%s was due %s: kept", answer_text(kept, "clock"),
                  answer_text(kept, "due"));
        answer_row(s, "deadline", buf_str(&line));
    }
    buf_done(&line);
}

/* Says what became of a decision; takes over the answer. */
static enum exit_code report(const struct call *call, const struct reading *r, json_t *a)
{
    const char *draft = answer_text(r->draft, "draft");
    const json_t *link = json_object_get(a, "link");
    bool released = strcmp(answer_text(a, "state"), "released") == 0;
    bool queued = released && link != NULL && strcmp(answer_text(link, "state"), "up") != 0;

    if (json_object_get(a, "draft") == NULL)
        json_object_set_new(a, "draft", json_string(draft));
    if (call->say->json) {
        say_json(call->say, a);
        return queued ? EXIT_QUEUED : EXIT_DONE;
    }
    if (answer_flag(a, "already"))
        say_note(call->say, "already done\n");
    if (released) {
        print_released(call->say, a);
        if (queued)
            say_note(call->say, "queued: the other side is not reachable; it goes when it is\n");
    } else {
        answer_row(call->say, "draft", draft);
        answer_row(call->say, "waits for", answer_text(a, "needs"));
        say_note(call->say, "another officer: parley release approve %s\n", draft);
    }
    json_decref(a);
    return queued ? EXIT_QUEUED : EXIT_DONE;
}

static enum exit_code sign(const struct call *call, const struct reading *r,
                           const struct officer *officer)
{
    enum exit_code code = EXIT_FAILED;
    struct keyring keys;
    json_t *a;

    if (!keyring_open(call, "--key", "PARLEY_KEY", &keys, &code))
        return code;
    a = ask_node(call, "decide", decide_ask(r, &keys, officer->name), &code);
    keyring_done(&keys);
    return a != NULL ? report(call, r, a) : code;
}

/* He looked and did not want it: it was kept for him only, so it goes. */
static enum exit_code drop(const struct call *call, const struct reading *r, bool ours)
{
    struct ask_answer a;

    if (ours) {
        ask_put(call, "release.refuse",
                json_pack("{ss,ss}", "draft", answer_text(r->draft, "draft"), "reason", "not sent"),
                &a);
        ask_done(&a);
    }
    return say_error(call->say, EXIT_FAILED, "not-sent", NULL, NULL, "nothing was said");
}

/* Shows a draft, asks, signs. `ours`: this call made it. */
static enum exit_code decide(const struct call *call, const json_t *draft, bool ours,
                             const struct officer *officer)
{
    bool dry = args_has(call->args, "--dry-run");
    struct reading r;
    enum exit_code code = reading_take(call, draft, &r);
    struct say *s = call->say;

    if (code != EXIT_DONE)
        return code;
    if (!s->json)
        print_draft(s, &r);
    if (dry && s->json)
        say_json(s, json_deep_copy(draft));
    else if (dry)
        print_exact(s, draft);
    else if (!args_has(call->args, "--yes") &&
             !say_ask(s, "It is signed in your name and cannot be taken back. Sign?"))
        code = drop(call, &r, ours);
    else
        code = sign(call, &r, officer);
    disclosed_free(r.form);
    return code;
}

/* ---- drafting ---- */

/* As the type's field wants it: a number, a list at its commas, else a text. */
static json_t *value_of(const struct field *f, const char *text)
{
    uint64_t number;
    json_t *list;

    switch (f->form) {
    case FIELD_NUMBER:
        if (decimal_read(bytes_text(text), f->max, &number))
            return json_integer((json_int_t)number);
        return json_string(text);
    case FIELD_WORD_LIST:
    case FIELD_DIGESTS:
    case FIELD_ADDRESSES:
    case FIELD_LINES:
        list = json_array();
        for (size_t n; *text != '\0'; text += n + (text[n] == ',')) {
            n = strcspn(text, ",");
            json_array_append_new(list, json_stringn(text, n));
        }
        return list;
    default:
        return json_string(text);
    }
}

static enum exit_code no_field(struct say *s, enum kind kind, const char *path)
{
    struct suggest near = {.typed = path};
    struct buf all = {0}, why = {0};
    enum exit_code code;

    for (size_t i = 0; field_at(kind, i) != NULL; i++) {
        suggest_try(&near, field_at(kind, i)->path);
        buf_print(&all, "%s%s", i == 0 ? "" : ", ", field_at(kind, i)->path);
    }
    if (near.best != NULL)
        buf_print(&why, "did you mean %s?", near.best);
    else
        buf_print(&why, "its fields are %s", buf_str(&all));
    code = say_error(s, EXIT_USAGE, "usage", buf_str(&why), "--field PATH=VALUE",
                     "a statement of kind %s has no field %s", kind_name(kind), path);
    buf_done(&all);
    buf_done(&why);
    return code;
}

static bool add_field(const struct call *call, enum kind kind, json_t *fields, const char *pair,
                      enum exit_code *exit)
{
    const char *equals = strchr(pair, '=');
    char path[DOCUMENT_PATH + 2];
    const struct field *field;
    json_t *value;
    struct fault f;

    snprintf(path, sizeof path, "%.*s", (int)strcspn(pair, "="), pair);
    field = equals != NULL ? field_find(kind, path) : NULL;
    if (field == NULL) {
        *exit = no_field(call->say, kind, path);
        return false;
    }
    value = value_of(field, equals + 1);
    f = field_check(field, value);
    if (!fault_is(f)) {
        json_object_set_new(fields, path, value);
        return true;
    }
    json_decref(value);
    *exit = say_error(call->say, EXIT_USAGE, fault_word(f.kind),
                      field->words != NULL ? field->words : field->what, "--field PATH=VALUE",
                      "the value of %s is not of its form", path);
    return false;
}

static bool add_fields(const struct call *call, enum kind kind, json_t *fields,
                       enum exit_code *exit)
{
    const char *text = args_value(call->args, "--text"), *pair;

    if (text != NULL)
        json_object_set_new(fields, "text", json_string(text));
    for (size_t i = 0; (pair = args_many(call->args, "--field", i)) != NULL; i++)
        if (!add_field(call, kind, fields, pair, exit))
            return false;
    return true;
}

/* The members that flags of WITH_FIELDS stand for. */
static bool add_wishes(const struct call *call, json_t *members, enum exit_code *exit)
{
    static const struct {
        const char *flag, *member;
    } texts[] = {{"--class", "class"}, {"--urgency", "urgency"}, {"--tlp", "tlp"}};
    json_t *fields = json_object_get(members, "fields"), *withhold = json_array();
    const char *value;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if ((value = args_value(call->args, texts[i].flag)) != NULL)
            json_object_set_new(members, texts[i].member, json_string(value));
    for (size_t i = 0; (value = args_many(call->args, "--withhold", i)) != NULL; i++)
        json_array_append_new(withhold, json_string(value));
    if (json_array_size(withhold) > 0)
        json_object_set(members, "withhold", withhold);
    json_decref(withhold);
    if (fields == NULL) {
        fields = json_object();
        json_object_set_new(members, "fields", fields);
    }
    return add_fields(call, kind_parse(bytes_text(answer_text(members, "kind"))), fields, exit);
}

static enum exit_code already(const struct call *call, const json_t *a)
{
    json_t *done = json_object_get(a, "done");

    if (call->say->json) {
        json_t *out = json_deep_copy(done);
        json_object_set_new(out, "already", json_true());
        json_object_set_new(out, "state", json_string("released"));
        say_json(call->say, out);
    } else {
        say_data(call->say, "already done: #%lld\n", answer_number(done, "index"));
        answer_row(call->say, "time", answer_text(done, "time"));
    }
    return EXIT_DONE;
}

static enum exit_code drafted(const struct call *call, const json_t *a,
                              const struct officer *officer)
{
    if (json_is_object(json_object_get(a, "done")))
        return already(call, a);
    if (json_array_size(answer_list(a, "refused")) > 0) {
        if (!call->say->json)
            print_refused(call->say, a);
        return say_error(call->say, EXIT_REFUSED, "refused", "a rule stands against it",
                         "withhold the fields named: --withhold PATH",
                         "release control refuses this statement");
    }
    return decide(call, a, true, officer);
}

enum exit_code speak_draft(const struct call *call, json_t *members, const char *case_id)
{
    bool dry = args_has(call->args, "--dry-run");
    struct officer officer = {0};
    struct ask_answer a;
    enum exit_code code;

    if (!may_go_on(call, &code) || (!dry && !officer_of(call, &officer, &code)) ||
        !add_wishes(call, members, &code)) {
        json_decref(members);
        return code;
    }
    if (dry)
        json_object_set_new(members, "dry", json_true());
    if (officer.name != NULL)
        json_object_set_new(members, "officer", json_string(officer.name));
    ask_put(call, "draft", members, &a);
    if (a.tree == NULL)
        return case_id != NULL ? case_error(call, &a, case_id) : ask_error(call->say, &a);
    code = drafted(call, a.tree, &officer);
    ask_done(&a);
    return code;
}

enum exit_code speak_propose(const struct call *call, json_t *members, char *draft, size_t size)
{
    enum exit_code code = EXIT_DONE;
    json_t *a = ask_node(call, "draft", members, &code);

    if (a != NULL)
        snprintf(draft, size, "%s", answer_text(a, "draft"));
    json_decref(a);
    return code;
}

enum exit_code speak_release(const struct call *call, const char *draft)
{
    bool dry = args_has(call->args, "--dry-run");
    struct officer officer = {0};
    enum exit_code code;
    json_t *a;

    if (!may_go_on(call, &code) || (!dry && !officer_of(call, &officer, &code)))
        return code;
    a = ask_node(call, "release.show", json_pack("{ss}", "draft", draft), &code);
    if (a == NULL)
        return code;
    code = json_is_object(json_object_get(a, "done")) ? already(call, a)
                                                      : decide(call, a, false, &officer);
    json_decref(a);
    return code;
}

enum exit_code speak_show(const struct call *call, const char *draft)
{
    enum exit_code code;
    json_t *a = ask_node(call, "release.show", json_pack("{ss}", "draft", draft), &code);
    struct reading r;

    if (a == NULL)
        return code;
    code = reading_take(call, a, &r);
    if (code == EXIT_DONE) {
        if (call->say->json)
            say_json(call->say, json_incref(a));
        else
            print_draft(call->say, &r);
        disclosed_free(r.form);
    }
    json_decref(a);
    return code;
}

/* officer.c - parley officer add, remove: a CONTACT that the root keys sign (decision 0004) */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/keyfile.h"
#include "cmd/rooted.h"
#include "cmd/run.h"
#include "statement/rooted.h"

/* ---- what the document says: statement/rooted.h ---- */

/* "drafter,releaser" as bits; OFFICER_NONE if it is anything else. */
static unsigned roles_of(const char *text)
{
    unsigned roles = OFFICER_NONE;

    for (size_t n; *text != '\0'; text += n + (text[n] == ',')) {
        enum officer_role role;
        n = strcspn(text, ",");
        role = officer_role_parse(bytes_of(text, n));
        if (role == OFFICER_NONE || (roles & role) != 0)
            return OFFICER_NONE;
        roles |= role;
    }
    return roles;
}

static void contact_begin(struct contact *c, const char *officer)
{
    *c = (struct contact){.roles = OFFICER_NONE};
    snprintf(c->officer, sizeof c->officer, "%s", officer);
    c->issued = instant_of_seconds(instant_seconds(instant_now()));
}

/* ---- the agreement the node obeys ---- */

/* Only from the node itself: it says which version is current, the root key which party we are. */
static struct agreement *current(const struct call *call, enum exit_code *exit)
{
    json_t *a = ask_node(call, "agreement.show", NULL, exit), *item;
    struct agreement *agreement = NULL;
    struct fault f = fault_make(FAULT_MISSING, 0, "the node names no current agreement");
    size_t i;

    if (a == NULL)
        return NULL;
    json_array_foreach(answer_list(a, "agreements"), i,
                       item) if (agreement == NULL &&
                                 strcmp(answer_text(item, "state"), "current") == 0) f =
        agreement_parse(bytes_text(answer_text(item, "text")), true, &agreement, NULL);
    json_decref(a);
    if (agreement == NULL)
        *exit = say_error(call->say, EXIT_FAILED, "bad-answer", f.rule, "parley doctor",
                          "the node's agreement cannot be read");
    return agreement;
}

/* Whose root key is it? Opening it once more below holds it to all suites. */
static const struct party *party_of(const struct call *call, const struct agreement *a,
                                    enum exit_code *exit)
{
    json_t *status = ask_node(call, "status", NULL, exit);
    const struct party *party;

    if (status == NULL)
        return NULL;
    party = agreement_party(a, answer_text(status, "party"));
    json_decref(status);
    if (party == NULL)
        *exit = say_error(call->say, EXIT_FAILED, "bad-answer", NULL, "parley doctor",
                          "the node is no party of its agreement");
    return party;
}

/* ---- handing it over ---- */

static bool confirm(const struct call *call, const json_t *fields, enum exit_code *exit)
{
    struct say *s = call->say;
    char *roles = answer_joined(answer_list(fields, "role"));

    if (!s->json || !args_has(call->args, "--yes")) {
        answer_row(s, "officer", answer_text(fields, "officer"));
        answer_row(s, "roles", roles);
        answer_row(s, "key", answer_text(fields, "key"));
        answer_row(s, "state", answer_text(fields, "state"));
    }
    free(roles);
    return args_has(call->args, "--yes") || args_has(call->args, "--dry-run") ||
           say_confirm(s, "The root keys sign this, and it goes into the ledger. Sign?", "not-sent",
                       "nothing was said", exit);
}

static enum exit_code hand_over(const struct call *call, const char *document)
{
    enum exit_code code;
    json_t *a;

    if (args_has(call->args, "--dry-run")) {
        say_data(call->say, "%s\n", document);
        return EXIT_DONE;
    }
    a = ask_node(call, "officer.add", json_pack("{ss}", "document", document), &code);
    if (a == NULL)
        return code;
    if (call->say->json) {
        say_json(call->say, a);
        return code;
    }
    if (answer_flag(a, "already"))
        say_note(call->say, "already done\n");
    say_data(call->say, "%-11s #%lld\n", "entry", answer_number(a, "index"));
    answer_row(call->say, "state", answer_text(a, "state"));
    json_decref(a);
    return code;
}

static enum exit_code sign_and_send(const struct call *call, const struct agreement *a,
                                    const struct party *party, const json_t *fields)
{
    struct roots roots;
    struct buf document = {0};
    enum exit_code code = EXIT_DONE;
    struct fault f;

    if (!confirm(call, fields, &code) || !roots_open(call, party, &roots, &code))
        return code;
    f = rooted_write(&roots, bytes_text(a->id), fields, &document);
    if (fault_is(f))
        code = say_error(call->say, EXIT_USAGE, fault_word(f.kind), f.rule, NULL,
                         "no document can be made of this");
    else
        code = hand_over(call, buf_str(&document));
    buf_done(&document);
    roots_done(&roots);
    return code;
}

static enum exit_code sign_contact(const struct call *call, struct contact *c)
{
    enum exit_code code = EXIT_FAILED;
    struct agreement *a = current(call, &code);
    const struct party *party = a != NULL ? party_of(call, a, &code) : NULL;
    json_t *fields = NULL;

    if (party != NULL) {
        snprintf(c->agreement, sizeof c->agreement, "%s", a->id);
        snprintf(c->party, sizeof c->party, "%s", party->id);
        fields = contact_fields(c);
        code = sign_and_send(call, a, party, fields);
    }
    json_decref(fields);
    agreement_free(a);
    return code;
}

/* "SUITE,SUITE" and "KEY,KEY" as the node lists them. */
static bool take_keys(struct bytes suites, struct bytes keys, struct contact *out)
{
    while (suites.len != 0) {
        const struct suite *suite = suite_find(several_next(&suites));
        struct bytes text = several_next(&keys);
        uint8_t key[SUITE_KEY_MAX];
        size_t len;

        if (suite == NULL || !base64_size(text, &len) || len > sizeof key ||
            !base64_read(text, key, len) ||
            fault_is(contact_add_key(out, suite, bytes_of(key, len))))
            return false;
    }
    return out->keys != 0;
}

/* The roles and keys of an officer as the node has them now, so that the withdrawal names the same
 * ones. */
static bool contact_of(const json_t *item, struct contact *out)
{
    char *roles = answer_joined(answer_list(item, "role"));
    struct buf plain = {0};
    bool good;

    for (const char *at = roles; *at != '\0'; at++) /* answer_joined puts a space behind */
        if (*at != ' ')
            buf_byte(&plain, (uint8_t)*at);
    out->roles = roles_of(buf_str(&plain));
    good = out->roles != OFFICER_NONE && take_keys(bytes_text(answer_text(item, "suite")),
                                                   bytes_text(answer_text(item, "key")), out);
    buf_done(&plain);
    free(roles);
    return good;
}

/* Is he appointed with just this key and these roles? Then nothing new is said. */
static bool is_appointed_so(const struct call *call, const struct contact *c)
{
    struct ask_answer a;
    struct contact known = {.roles = OFFICER_NONE};
    size_t i;
    json_t *item;
    bool same = false;

    ask_put(call, "officer.list", NULL, &a);
    json_array_foreach(answer_list(a.tree, "officers"), i,
                       item) if (strcmp(answer_text(item, "officer"), c->officer) == 0) same =
        strcmp(answer_text(item, "state"), "appointed") == 0 && contact_of(item, &known) &&
        known.roles == c->roles && contact_same_keys(&known, c);
    ask_done(&a);
    return same;
}

static enum exit_code already(struct say *s, const char *officer)
{
    if (s->json)
        say_json(s,
                 json_pack("{ss,ss,sb}", "officer", officer, "state", "appointed", "already", 1));
    else
        say_data(s, "already done: %s is appointed with this key and these roles\n", officer);
    return EXIT_DONE;
}

/* ---- the two commands ---- */

static enum exit_code missing(const struct call *call, const char *flag)
{
    return say_error(call->say, EXIT_USAGE, "usage", NULL, "parley officer add --help",
                     "%s is missing", flag);
}

static bool take_key_file(const struct call *call, const char *path, struct contact *c,
                          enum exit_code *exit)
{
    struct keyfile k;
    struct fault f;

    if (!keyfile_read(call->say, path, args_value(call->args, "--passphrase-file"), &k, exit))
        return false;
    if (k.kind == KEYFILE_CERTIFICATE) {
        *exit = say_error(call->say, EXIT_USAGE, "usage", NULL, "parley key new FILE",
                          "%s is a channel key", path);
        return false;
    }
    f = contact_add_key(c, k.suite, bytes_of(k.key, k.key_len));
    if (fault_is(f))
        *exit = say_error(call->say, EXIT_USAGE, "usage", f.rule, "one --key FILE for each suite",
                          "%s cannot be an officer's key beside the others", path);
    return !fault_is(f);
}

static int by_suite(const void *a, const void *b)
{
    const struct contact_key *x = a, *y = b;

    return strcmp(suite_name(x->suite), suite_name(y->suite));
}

/* The agreement's first suite comes first, the others as their names sort: one way to say it. */
static void sort_keys(struct contact *c, const char *first)
{
    for (size_t i = 1; i < c->keys; i++)
        if (strcmp(suite_name(c->key[i].suite), first) == 0) {
            struct contact_key moved = c->key[i];

            c->key[i] = c->key[0];
            c->key[0] = moved;
        }
    if (c->keys > 1)
        qsort(c->key + 1, c->keys - 1, sizeof c->key[0], by_suite);
}

static bool take_key_files(const struct call *call, struct contact *c, enum exit_code *exit)
{
    struct agreement *a;
    const char *path;

    for (size_t i = 0; (path = args_many(call->args, "--key", i)) != NULL; i++)
        if (!take_key_file(call, path, c, exit))
            return false;
    a = current(call, exit);
    if (a == NULL)
        return false;
    sort_keys(c, a->suites[0]);
    if (c->keys != a->suite_count || strcmp(suite_name(c->key[0].suite), a->suites[0]) != 0)
        *exit = say_error(call->say, EXIT_USAGE, "usage",
                          "the agreement lists its suites, and an officer signs by each of them",
                          "--key FILE for each suite", "%zu of the %zu suites have a key", c->keys,
                          a->suite_count);
    else
        *exit = EXIT_DONE;
    agreement_free(a);
    return *exit == EXIT_DONE;
}

enum exit_code officer_add(const struct call *call)
{
    const char *name = call->args->word[0], *role = args_value(call->args, "--role");
    const char *path = args_value(call->args, "--key");
    struct contact c;
    enum exit_code code = EXIT_DONE;

    if (!name_is_safe(bytes_text(name)))
        return say_error(call->say, EXIT_USAGE, "usage", "a name is [a-z0-9] and then [a-z0-9.-]",
                         NULL, "%s is no name of an officer", name);
    if (path == NULL || role == NULL || args_value(call->args, "--root-key") == NULL)
        return missing(call, path == NULL ? "--key" : role == NULL ? "--role" : "--root-key");
    contact_begin(&c, name);
    c.appointed = true;
    c.roles = roles_of(role);
    if (c.roles == OFFICER_NONE)
        return say_error(call->say, EXIT_USAGE, "usage", "roles are drafter and releaser",
                         "--role drafter,releaser", "no roles: %s", role);
    if (!take_key_files(call, &c, &code))
        return code;
    if (is_appointed_so(call, &c))
        return already(call->say, c.officer);
    return sign_contact(call, &c);
}

static bool find_officer(const struct call *call, const char *name, struct contact *out,
                         enum exit_code *exit)
{
    json_t *a = ask_node(call, "officer.list", NULL, exit), *item;
    bool found = false;
    size_t i;

    if (a == NULL)
        return false;
    json_array_foreach(answer_list(a, "officers"), i,
                       item) if (strcmp(answer_text(item, "officer"), name) == 0 &&
                                 strcmp(answer_text(item, "state"), "withdrawn") != 0) found =
        contact_of(item, out);
    json_decref(a);
    if (!found)
        *exit = say_error(call->say, EXIT_NOT_FOUND, "not-found", NULL, "parley officer list",
                          "no officer %s is appointed", name);
    return found;
}

enum exit_code officer_remove(const struct call *call)
{
    enum exit_code code = EXIT_FAILED;
    struct contact c;

    if (args_value(call->args, "--root-key") == NULL)
        return missing(call, "--root-key");
    if (!name_is_safe(bytes_text(call->args->word[0])))
        return say_error(call->say, EXIT_USAGE, "usage", NULL, "parley officer list",
                         "%s is no name of an officer", call->args->word[0]);
    contact_begin(&c, call->args->word[0]);
    return find_officer(call, c.officer, &c, &code) ? sign_contact(call, &c) : code;
}

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

/* ---- what the document says: PROTOCOL.ledger section 5 ---- */

static json_t *roles_of(const char *text)
{
    json_t *list = json_array();

    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        json_array_append_new(list, json_stringn(text, n));
        text += n + (text[n] == ',');
    }
    return list;
}

static bool roles_are_good(const json_t *list)
{
    const char *first = json_string_value(json_array_get(list, 0));
    const char *second = json_string_value(json_array_get(list, 1));
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n; i++) {
        const char *role = json_string_value(json_array_get(list, i));
        if (role == NULL || (strcmp(role, "drafter") != 0 && strcmp(role, "releaser") != 0))
            return false;
    }
    return n == 1 || (n == 2 && strcmp(first, second) != 0);
}

static json_t *fields_of(const char *officer, json_t *roles, const char *suite, struct bytes key,
                         const char *state)
{
    struct buf text = {0};
    json_t *fields;

    buf_base64(&text, key.data, key.len);
    fields = json_pack("{ss,so,ss,ss,ss}", "officer", officer, "role", roles, "suite", suite, "key",
                       buf_str(&text), "state", state);
    buf_done(&text);
    return fields;
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
    if (args_has(call->args, "--yes") || args_has(call->args, "--dry-run") ||
        say_ask(s, "The root keys sign this, and it goes into the ledger. Sign?"))
        return true;
    *exit = s->asked ? say_error(s, EXIT_FAILED, "not-sent", NULL, NULL, "nothing was said")
                     : say_error(s, EXIT_USAGE, "needs-yes", "there is no terminal to ask on",
                                 "add --yes", "nothing was said");
    return false;
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

static enum exit_code with_fields(const struct call *call, json_t *fields)
{
    enum exit_code code = EXIT_FAILED;
    struct agreement *a = current(call, &code);
    const struct party *party = a != NULL ? party_of(call, a, &code) : NULL;

    if (party != NULL)
        code = sign_and_send(call, a, party, fields);
    agreement_free(a);
    json_decref(fields);
    return code;
}

/* ---- the two commands ---- */

static enum exit_code missing(const struct call *call, const char *flag)
{
    return say_error(call->say, EXIT_USAGE, "usage", NULL, "parley officer add --help",
                     "%s is missing", flag);
}

enum exit_code officer_add(const struct call *call)
{
    const char *name = call->args->word[0], *role = args_value(call->args, "--role");
    const char *path = args_value(call->args, "--key");
    json_t *roles;
    struct keyfile k;
    enum exit_code code = EXIT_DONE;

    if (!name_is_safe(bytes_text(name)))
        return say_error(call->say, EXIT_USAGE, "usage", "a name is [a-z0-9] and then [a-z0-9.-]",
                         NULL, "%s is no name of an officer", name);
    if (path == NULL || role == NULL || args_value(call->args, "--root-key") == NULL)
        return missing(call, path == NULL ? "--key" : role == NULL ? "--role" : "--root-key");
    roles = roles_of(role);
    if (!roles_are_good(roles)) {
        json_decref(roles);
        return say_error(call->say, EXIT_USAGE, "usage", "roles are drafter and releaser",
                         "--role drafter,releaser", "no roles: %s", role);
    }
    if (!keyfile_read(call->say, path, args_value(call->args, "--passphrase-file"), &k, &code) ||
        k.kind == KEYFILE_CERTIFICATE) {
        json_decref(roles);
        return code != EXIT_DONE ? code
                                 : say_error(call->say, EXIT_USAGE, "usage", NULL,
                                             "parley key new FILE", "%s is a channel key", path);
    }
    return with_fields(
        call, fields_of(name, roles, suite_name(k.suite), bytes_of(k.key, k.key_len), "appointed"));
}

/* What the node says of an officer now, so that the withdrawal names the same key. */
static json_t *withdrawal(const struct call *call, const char *name, enum exit_code *exit)
{
    json_t *a = ask_node(call, "officer.list", NULL, exit), *item, *fields = NULL;
    size_t i;

    if (a == NULL)
        return NULL;
    json_array_foreach(answer_list(a, "officers"), i,
                       item) if (strcmp(answer_text(item, "officer"), name) == 0 &&
                                 strcmp(answer_text(item, "state"), "withdrawn") != 0)
    {
        json_decref(fields);
        fields = json_pack("{ss,sO,ss,ss,ss}", "officer", name, "role",
                           json_object_get(item, "role"), "suite", answer_text(item, "suite"),
                           "key", answer_text(item, "key"), "state", "withdrawn");
    }
    json_decref(a);
    if (fields == NULL)
        *exit = say_error(call->say, EXIT_NOT_FOUND, "not-found", NULL, "parley officer list",
                          "no officer %s is appointed", name);
    return fields;
}

enum exit_code officer_remove(const struct call *call)
{
    enum exit_code code = EXIT_FAILED;
    json_t *fields;

    if (args_value(call->args, "--root-key") == NULL)
        return missing(call, "--root-key");
    fields = withdrawal(call, call->args->word[0], &code);
    return fields != NULL ? with_fields(call, fields) : code;
}
